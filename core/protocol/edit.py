"""The edit that is handed to other editors: tracks of clips, free of Blender's and of any file format's words.

`addon.timeline` reads it off the sequencer; the worker turns it into OpenTimelineIO. Everything counts in frames of the timeline's rate.
Standard library only: Blender's Python imports it.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class FrameSequence:
    """Numbered picture files: `folder`/`prefix`NNNNNN`suffix`, the first one numbered `first_number`."""

    folder: str
    prefix: str
    suffix: str
    first_number: int
    digits: int
    frame_count: int

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
    """

    name: str
    media: FrameSequence | MediaFile
    source_start: Fraction
    frame_count: int
    enabled: bool = True
    metadata: str = ""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Nothing, for `frame_count` frames."""

    frame_count: int


@dataclass(frozen=True, kw_only=True)
class Track:
    """Clips and gaps in a row, starting at the timeline's first frame."""

    name: str
    kind: Literal["video", "audio"]
    items: tuple[Clip | Gap, ...]


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A timeline: its tracks from bottom to top, at `fps` frames a second."""

    name: str
    fps: Fraction
    tracks: tuple[Track, ...]
