"""Where the clips of an edit go: frames, channels, and what overlaps for a cross-fade. Pure: knows no strips.

In an edit a cross-fade takes no room; Blender wants both strips as long as they are seen, on channels of their own. Sound fades by volume.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from ...core.protocol import Clip, Crossfade, Edit, FrameSequence, Gap, MediaFile, Track, UserError, later_volume

CHANNEL_NAME = re.compile(r"Channel (\d{1,3})")
Range = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Laid:
    """A clip as long as it is seen, the frame of the scene on which it begins, and its channel."""

    clip: Clip
    first: int
    channel: int

    @property
    def end(self) -> int:
        """The frame after its last one."""
        return self.first + self.clip.frame_count


@dataclass(frozen=True, kw_only=True)
class LaidFade:
    """A cross-fade over the frames first ... end - 1 between two of a track's clips, by number, and its channel."""

    earlier: int
    later: int
    first: int
    end: int
    channel: int


@dataclass(frozen=True, kw_only=True)
class LaidTrack:
    """A track's clips and fades."""

    track: Track
    channel: int
    clips: tuple[Laid, ...]
    fades: tuple[LaidFade, ...]


def plan(edit: Edit, *, origin: int, below: int, channel_count: int) -> list[LaidTrack]:
    """Find a place for everything.

    Parameters
    ----------
    edit
        What is to be laid out.
    origin
        The scene's frame on which its first one falls.
    below
        The highest channel that is taken already; 0: none.
    channel_count
        How many channels there are, less the one that strips are made on.

    Returns
    -------
    list[LaidTrack]
        In the edit's order: a later video track lies above an earlier one. A track named “Channel 3” goes to the third channel above
        `below`, if it can.

    Raises
    ------
    UserError
        If there are too few channels.
    """
    taken: dict[int, list[Range]] = defaultdict(list)
    laid, least = [], below + 1
    for track in edit.tracks:
        spread = _spread(track, origin)
        wanted = CHANNEL_NAME.fullmatch(track.name)
        if track.kind == "audio" and wanted is None:
            least = max([below, *taken]) + 1  # sound of other programs: above all else, out of the pictures' way
        channel = max(below + int(wanted[1]) if wanted else 0, below + 1 if track.kind == "audio" and wanted else least)
        while any(_overlap(taken[channel + lane], ranges) for lane, ranges in _lanes(spread).items()):
            channel += 1
        for lane, ranges in _lanes(spread).items():
            taken[channel + lane].extend(ranges)
        laid.append(_moved_up(spread, channel))
        least = max(least, channel + 1)
    highest = max((channel for channel, ranges in taken.items() if ranges), default=0)
    if highest > channel_count:
        raise UserError(
            f"The timeline needs the channels up to {highest}; Blender has {channel_count}.", "Import it into an empty scene, or free some."
        )
    return laid


def _spread(track: Track, origin: int) -> LaidTrack:
    """Lay a track out on channels 0 and 1, its fades on 2: clips as long as they are seen, each other one of a chain on channel 1."""
    clips: list[Laid] = []
    fades: list[LaidFade] = []
    position, waiting = origin, None
    for item in track.items:
        if isinstance(item, Crossfade):
            waiting = item if clips and clips[-1].end == position and item.in_frames + item.out_frames > 0 else None
            continue
        if isinstance(item, Clip):
            if waiting is None:
                clips.append(Laid(clip=item, first=position, channel=0))
            else:
                clips[-1:], fade = _faded(clips[-1], item, waiting, position, number=len(clips))
                fades.append(fade)
        position += item.frame_count
        waiting = None
    return LaidTrack(track=track, channel=0, clips=tuple(clips), fades=tuple(fades))


def _faded(earlier: Laid, later: Clip, fade: Crossfade, cut: int, *, number: int) -> tuple[list[Laid], LaidFade]:
    """Undo `core.protocol.crossfaded`: both clips as long as they are seen."""
    longer = replace(earlier.clip, frame_count=earlier.clip.frame_count + fade.out_frames)
    start = later.source_start - fade.in_frames * later.speed if isinstance(later.media, FrameSequence | MediaFile) else later.source_start
    points = later_volume(later, -fade.in_frames)
    second = replace(later, source_start=start, frame_count=later.frame_count + fade.in_frames, volume_points=points)
    pair = [replace(earlier, clip=longer), Laid(clip=second, first=cut - fade.in_frames, channel=1 - earlier.channel)]
    return pair, LaidFade(earlier=number - 1, later=number, first=cut - fade.in_frames, end=cut + fade.out_frames, channel=2)


def _lanes(laid: LaidTrack) -> dict[int, list[Range]]:
    ranges: dict[int, list[Range]] = defaultdict(list)
    for clip in laid.clips:
        ranges[clip.channel].append((clip.first, clip.end))
    if laid.track.kind == "video":  # sounds fade without a strip of their own
        for fade in laid.fades:
            ranges[fade.channel].append((fade.first, fade.end))
    return ranges


def _overlap(some: Iterable[Range], others: Iterable[Range]) -> bool:
    """Say whether two sets of ranges, each without overlaps within, overlap anywhere."""
    edges = sorted([*some, *others])
    return any(one[1] > other[0] for one, other in pairwise(edges))


def _moved_up(laid: LaidTrack, channel: int) -> LaidTrack:
    return replace(
        laid,
        channel=channel,
        clips=tuple(replace(clip, channel=clip.channel + channel) for clip in laid.clips),
        fades=tuple(replace(fade, channel=fade.channel + channel) for fade in laid.fades),
    )


def frame_count(track: Track) -> int:
    """Give a track's length."""
    return sum(item.frame_count for item in track.items if isinstance(item, Clip | Gap))
