"""Edits as every other editor can take them: no clip goes beyond its media, no cross-fade beyond its clips.

An edit comes in, and an edit that looks and sounds the same goes out, with sentences about what could not stay as it was. Reads no files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor, inf
from pathlib import Path

from ..protocol import Clip, Crossfade, Edit, FrameSequence, Gap, MediaFile, Still, Track, UserError, later_volume

Item = Clip | Gap | Crossfade
LOWEST_FPS, HIGHEST_FPS = 1, 1000
ENDLESS = 10**9  # frames


def fit(edit: Edit) -> tuple[Edit, tuple[str, ...]]:
    """Make an edit safe for other editors.

    A strip of pictures that is longer than its pictures holds the last one (and the first one before its beginning): that becomes a
    still of its own. A sound or a movie that is over leaves a gap. Cross-fades become as short as clips and media allow.

    Returns
    -------
    edit
        With the same lengths.
    warnings
        Sentences for people.

    Raises
    ------
    UserError
        If the rate, a length or a speed is none that a timeline can have.
    """
    _check(edit)
    warnings: list[str] = []
    tracks = tuple(replace(track, items=tuple(_fitted(track, warnings))) for track in edit.tracks)
    return replace(edit, tracks=tracks), tuple(warnings)


def _check(edit: Edit) -> None:
    if not LOWEST_FPS <= edit.fps <= HIGHEST_FPS:
        raise UserError(
            f"A timeline cannot have {float(edit.fps):g} frames a second.",
            f"Choose a rate of {LOWEST_FPS} to {HIGHEST_FPS} frames a second.",
        )
    for track in edit.tracks:
        for item in track.items:
            if isinstance(item, Clip | Gap) and item.frame_count < (0 if isinstance(item, Gap) else 1):
                raise UserError(
                    f"“{getattr(item, 'name', track.name)}” is {item.frame_count} frames long.", "Delete it, or make it longer."
                )
            if isinstance(item, Clip) and (item.speed <= 0 or not 0 <= item.volume < inf):
                raise UserError(
                    f"“{item.name}” has the speed {float(item.speed):g} and the volume {item.volume:g}.",
                    "Choose a speed above 0, and a volume of 0 or more.",
                )


def _fitted(track: Track, warnings: list[str]) -> list[Item]:
    fades = list(_possible_fades(track, warnings))
    items = [part for index, item in enumerate(fades) for part in (_within_media(item, fades, index) if isinstance(item, Clip) else [item])]
    return list(_gaps_joined(items))


# Cross-fades ----------------------------------------------------------------------------------------------------------------------------


def _possible_fades(track: Track, warnings: list[str]) -> Iterator[Item]:
    """Shorten cross-fades to what their clips hold; leave out those that hold nothing, or stand between something else."""
    taken, taken_at = 0, -1  # how many of a clip's frames belong to the fade before it, and which clip's
    for index, item in enumerate(track.items):
        if not isinstance(item, Crossfade):
            yield item
            continue
        earlier, later = (track.items[side] if 0 <= side < len(track.items) else None for side in (index - 1, index + 1))
        if not isinstance(earlier, Clip) or not isinstance(later, Clip):
            warnings.append(f"A cross-fade on “{track.name}” has no clip on both sides, and is left out.")
            continue
        fade = _shortened(item, earlier, later, taken=taken if taken_at == index - 1 else 0)
        if fade != item:
            lengths = (one.in_frames + one.out_frames for one in (item, fade))
            warnings.append(
                "The cross-fade from “{}” to “{}” takes {} frames; clips and media have {}.".format(earlier.name, later.name, *lengths)
            )
        if fade.in_frames + fade.out_frames > 0:
            yield fade
            taken, taken_at = fade.out_frames, index + 1


def _shortened(fade: Crossfade, earlier: Clip, later: Clip, *, taken: int) -> Crossfade:
    before, after = _spare_before(later), _spare_after(earlier)
    if before < 0 or after < 0 or 0 in (_parts(earlier)[1], _parts(later)[1]):  # at the cut a picture is held, or nothing is there
        return Crossfade(in_frames=0, out_frames=0)
    in_frames, out_frames = (max(0, frames) for frames in (fade.in_frames, fade.out_frames))
    return Crossfade(
        in_frames=min(in_frames, _parts(earlier)[1] - taken, before),
        out_frames=min(out_frames, _parts(later)[1], after),
    )


def _spare_before(clip: Clip) -> int:
    """Count the timeline's frames that a clip could begin earlier; below 0 it begins before its media does."""
    return ENDLESS if _media_frames(clip) is None else floor(clip.source_start / clip.speed)


def _spare_after(clip: Clip) -> int:
    """Count the timeline's frames that a clip could end later; below 0 it ends after its media does."""
    frames = _media_frames(clip)
    return ENDLESS if frames is None else floor((frames - clip.source_start) / clip.speed) - clip.frame_count


def _media_frames(clip: Clip) -> int | None:
    """Give the length of a clip's media, None if it is endless."""
    return clip.media.frame_count if isinstance(clip.media, FrameSequence | MediaFile) else None


# Beyond the media -----------------------------------------------------------------------------------------------------------------------


def _within_media(clip: Clip, around: Sequence[Item], index: int) -> list[Item]:
    """Cut a clip where its media begin and end, and say what is seen there instead."""
    if _media_frames(clip) is None:
        return [_after_fade(clip, around[index - 1] if index > 0 else None)]
    before, inside, after = _parts(clip)
    if before == after == 0:
        return [clip]
    start, points = clip.source_start + before * clip.speed, later_volume(clip, before)
    middle = replace(clip, source_start=start, frame_count=inside, volume_points=points)
    return [*_held(clip, before, first=True), *([middle] if inside else []), *_held(clip, after, first=False)]


def _parts(clip: Clip) -> tuple[int, int, int]:
    """Count a clip's frames before its media begin, within them, and after their end."""
    frames = _media_frames(clip)
    if frames is None:
        return 0, clip.frame_count, 0
    before = min(clip.frame_count, max(0, ceil(-clip.source_start / clip.speed)))
    inside = min(clip.frame_count - before, max(0, ceil((frames - clip.source_start) / clip.speed) - before))
    return before, inside, clip.frame_count - before - inside


def _held(clip: Clip, frame_count: int, *, first: bool) -> list[Item]:
    if frame_count == 0:
        return []
    if isinstance(clip.media, FrameSequence) and clip.media.frame_count > 0:
        still = Still(path=str(Path(clip.media.folder) / _frame_name(clip.media, 0 if first else clip.media.frame_count - 1)))
        return [replace(clip, media=still, source_start=Fraction(0), frame_count=frame_count, speed=Fraction(1), metadata="")]
    return [Gap(frame_count=frame_count)]


def _frame_name(frames: FrameSequence, index: int) -> str:
    return f"{frames.prefix}{frames.first_number + index:0{frames.digits}d}{frames.suffix}"


def _after_fade(clip: Clip, fade: Item | None) -> Clip:
    """Let what has no beginning of its own start late enough for the fade before it."""
    room = Fraction(fade.in_frames) if isinstance(fade, Crossfade) else Fraction(0)
    return replace(clip, source_start=max(clip.source_start, room), speed=Fraction(1))


def _gaps_joined(items: Sequence[Item]) -> Iterator[Item]:
    """Let gaps that touch be one, and leave out empty ones."""
    waiting = 0
    for item in items:
        if isinstance(item, Gap):
            waiting += item.frame_count
            continue
        if waiting:
            yield Gap(frame_count=waiting)
        waiting = 0
        yield item
    if waiting:
        yield Gap(frame_count=waiting)
