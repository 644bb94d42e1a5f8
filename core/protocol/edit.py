"""The edit that is handed to other editors: tracks of clips, free of Blender's and of any file format's words.

`addon.timeline` reads it off the sequencer; the worker turns it into OpenTimelineIO. Everything counts in frames of the timeline's rate.
Standard library only: Blender's Python imports it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

MarkerColour = Literal["RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "PINK", "BLACK", "WHITE"]
"""OpenTimelineIO's names."""


@dataclass(frozen=True, kw_only=True)
class FrameSequence:
    """Numbered picture files: `folder`/`prefix`NNNNNN`suffix`, the first one numbered `first_number`.

    `movie` is a movie file that shows the same frames from first to last, for programs that read no numbered pictures; empty without one.
    """

    folder: str
    prefix: str
    suffix: str
    first_number: int
    digits: int
    frame_count: int
    movie: str = ""

    def file_names(self) -> list[str]:
        """Give all names within `folder`, in order."""
        numbers = range(self.first_number, self.first_number + self.frame_count)
        return [f"{self.prefix}{number:0{self.digits}d}{self.suffix}" for number in numbers]


@dataclass(frozen=True, kw_only=True)
class MediaFile:
    """One sound or movie file of `frame_count` frames (rounded up) at the timeline's rate."""

    path: str
    frame_count: int


@dataclass(frozen=True, kw_only=True)
class Still:
    """One picture file that stands for as long as its clip."""

    path: str


@dataclass(frozen=True, kw_only=True)
class Colour:
    """One colour all over, sRGB, each part 0 ... 1."""

    red: float
    green: float
    blue: float


@dataclass(frozen=True, kw_only=True)
class Text:
    """Words in the middle of an otherwise transparent picture: white, their height a tenth of the picture's."""

    words: str


@dataclass(frozen=True, kw_only=True)
class VolumePoint:
    """How loud a clip is at a frame, counted from its first one; it may lie outside the clip, whose sound was longer once."""

    frame: int
    volume: float


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A piece of media on a track.

    Parameters
    ----------
    name
        What the editor calls it.
    media
        Where the pictures or the sound come from.
    source_start
        First media frame shown, counted from the media's beginning. Sound may begin between two frames: exact.
    frame_count
        Length on the timeline.
    enabled
        Whether it is seen or heard: not if it is muted.
    metadata
        JSON text of our own: what made this clip (settings, digests). Empty for clips that we did not make.
    speed
        Media frames that go by in one frame of the timeline, above 0: 2 is twice as fast, and uses `2 * frame_count` media frames.
    volume
        What the sound is multiplied with, 0 or more; where it changes, the mean of what is heard.
    volume_points
        Where it changes, in order of time: straight between two of them, and held before the first and after the last. Empty: it does not.
    """

    name: str
    media: FrameSequence | MediaFile | Still | Colour | Text
    source_start: Fraction
    frame_count: int
    enabled: bool = True
    metadata: str = ""
    speed: Fraction = Fraction(1)
    volume: float = 1.0
    volume_points: tuple[VolumePoint, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Nothing, for `frame_count` frames."""

    frame_count: int


@dataclass(frozen=True, kw_only=True)
class Crossfade:
    """A fade from the clip before to the clip after; it takes no room on the track.

    It begins `in_frames` before the cut, where the later clip shows media from before its own start, and ends `out_frames` after the
    cut, until where the earlier clip goes on.
    """

    in_frames: int
    out_frames: int


@dataclass(frozen=True, kw_only=True)
class Track:
    """Clips and gaps in a row, starting at the timeline's first frame; cross-fades stand between two clips that touch."""

    name: str
    kind: Literal["video", "audio"]
    items: tuple[Clip | Gap | Crossfade, ...]


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A note at a place of the timeline: from frame `start` on, for `frame_count` frames; 0 marks the frame itself."""

    name: str
    start: int
    frame_count: int = 0
    colour: MarkerColour = "GREEN"
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A timeline: its tracks from bottom to top, at `fps` frames a second.

    `width` and `height` are the picture's in pixels; 0 takes those of the lowest picture.
    """

    name: str
    fps: Fraction
    tracks: tuple[Track, ...]
    markers: tuple[Marker, ...] = ()
    width: int = 0
    height: int = 0


def volume_at(points: Sequence[VolumePoint], frame: int) -> float:
    """Give how loud a clip is at a frame, counted from its first one."""
    after = bisect_right(points, frame, key=lambda point: point.frame)
    if after in (0, len(points)):
        return points[max(0, after - 1)].volume
    low, high = points[after - 1], points[after]
    return low.volume + (high.volume - low.volume) * (frame - low.frame) / (high.frame - low.frame)


def mean_volume(points: Sequence[VolumePoint], frame_count: int) -> float:
    """Give the mean of what is heard of a clip whose volume changes, silence left out; 0 if nothing is."""
    edges = {0, frame_count, *(point.frame for point in points if 0 < point.frame < frame_count)}
    lines = [(end - begin, volume_at(points, begin) + volume_at(points, end)) for begin, end in pairwise(sorted(edges))]
    heard = sum(frames for frames, both in lines if both > 0)
    return sum(frames * both / 2 for frames, both in lines) / heard if heard else 0.0


def later_volume(clip: Clip, frames: int) -> tuple[VolumePoint, ...]:
    """Give a clip's points of volume as they are if it begins so many frames later."""
    return tuple(replace(point, frame=point.frame - frames) for point in clip.volume_points)


def crossfaded(earlier: Clip, later: Clip, *, overlap_frames: int) -> tuple[Clip, Crossfade, Clip]:
    """Put two clips that overlap, one fading into the other, in a row.

    Parameters
    ----------
    earlier, later
        Both as long as they are seen, the overlap included.
    overlap_frames
        How long both are seen: 1 ... the length of the shorter one.

    Returns
    -------
    tuple[Clip, Crossfade, Clip]
        What fills the same place on one track: the clips cut in the fade's middle (an odd frame goes to the later half).
    """
    in_frames = overlap_frames // 2
    out_frames = overlap_frames - in_frames
    first = replace(earlier, frame_count=earlier.frame_count - out_frames)
    start = later.source_start + in_frames * later.speed
    points = later_volume(later, in_frames)
    second = replace(later, source_start=start, frame_count=later.frame_count - in_frames, volume_points=points)
    return first, Crossfade(in_frames=in_frames, out_frames=out_frames), second
