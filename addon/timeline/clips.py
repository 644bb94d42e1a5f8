"""One strip as clips: its media, where it begins in them, how fast it runs, how loud it is.

A strip of pictures that are not numbered in a row becomes several clips, all else one. Strips that no clip can stand for give none.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import bpy

from ...core.protocol import Clip, Colour, FrameSequence, MediaFile, Still, Text, UserError
from .. import compat, folders, keyframes
from ..properties import settings_json
from ..sections import film_length, film_origin
from ..strips import exact, scene_fps, sound_path, unpacked_sound
from .look import check_look
from .losses import Losses
from .shown import Shown
from .speeds import effect_speed, media_frame_count, movie_path, movie_rate, pace_at, plays_in_its_own_time

NUMBERED_NAME = re.compile(r"(?P<prefix>.*?)(?P<number>\d+)(?P<suffix>\.[^.]+)")


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A clip, and the frame of the timeline on which it begins."""

    first: int
    clip: Clip

    @property
    def end(self) -> int:
        """The frame after its last one."""
        return self.first + self.clip.frame_count


def clips_of(scene: bpy.types.Scene, shown: Shown, animated: set[str], losses: Losses) -> list[Placed]:
    """Turn a strip into clips.

    Parameters
    ----------
    scene
        The strip's scene.
    shown
        The strip, as far as it shows.
    animated
        Names of those of its properties that are keyframed.
    losses
        Takes what the clips cannot say.

    Returns
    -------
    list[Placed]
        In order; empty for a strip that no clip can stand for.
    """
    make = MAKERS.get(shown.strip.type)
    if make is None or (shown.strip.type == "SOUND" and shown.strip.sound is None):
        losses.left_out(_kind(shown.strip), shown.strip.name)
        return []
    check_look(scene, shown.strip, animated, losses)
    return list(make(scene, shown, losses))


def sped_up(scene: bpy.types.Scene, effect: Shown, source: Shown, placed: Placed, animated: set[str], losses: Losses) -> Placed | None:
    """Give the clip that a Speed effect makes of its source's clip; None if no clip can stand for it."""
    speed = effect_speed(effect.strip, source.strip, animated="speed_factor" in animated)
    if speed is None:
        losses.left_out("a Speed effect that changes, stands still or runs back", effect.strip.name)
        return None
    check_look(scene, effect.strip, animated, losses)
    begin = placed.clip.source_start - (placed.first - compat.left_handle(source.strip)) * placed.clip.speed
    skipped = (effect.first - compat.left_handle(effect.strip)) * speed
    clip = replace(
        placed.clip,
        name=effect.strip.name,
        source_start=begin + skipped * placed.clip.speed,
        frame_count=effect.end - effect.first,
        speed=placed.clip.speed * speed,
        enabled=effect.enabled,
    )
    return Placed(first=effect.first, clip=clip)


def _kind(strip: bpy.types.Strip) -> str:
    return f"{strip.bl_rna.properties['type'].enum_items[strip.type].name} strip"


# One function a kind --------------------------------------------------------------------------------------------------------------------


def _placed(shown: Shown, **what: Any) -> Placed:
    clip = Clip(name=shown.strip.name, frame_count=shown.end - shown.first, enabled=shown.enabled, **what)
    return Placed(first=shown.first, clip=clip)


def _sound(scene: bpy.types.Scene, shown: Shown, losses: Losses) -> Iterator[Placed]:
    strip, fps = shown.strip, scene_fps(scene)
    path = unpacked_sound(strip, folders.base_folder()) if strip.sound.packed_file else sound_path(strip)
    pace = pace_at(scene, strip, shown.first, shown.end, losses)
    trim = compat.content_trim_start(strip)
    start = pace.position + trim + exact(strip.sound_offset, per=fps)
    content = compat.content_frame_count(strip) if pace.speed == 1 else media_frame_count(scene, strip)
    whole = content + trim + compat.content_trim_end(strip)
    yield _placed(
        shown,
        media=_file(path, Fraction(whole), shown, start, pace.speed),
        source_start=start,
        speed=pace.speed,
        volume=_plain(strip.volume * shown.gain),
    )


def _movie(scene: bpy.types.Scene, shown: Shown, losses: Losses) -> Iterator[Placed]:
    strip, rate = shown.strip, movie_rate(scene, shown.strip)
    pace = pace_at(scene, strip, shown.first, shown.end, losses)
    if len(strip.retiming_keys) == 0 and plays_in_its_own_time(scene, strip):
        position, speed, content = pace.position, pace.speed, Fraction(compat.content_frame_count(strip))
    else:  # the retiming keys count the movie's own frames
        own = media_frame_count(scene, strip) if len(strip.retiming_keys) else compat.content_frame_count(strip)
        position, speed, content = pace.position * rate, pace.speed * rate, own * rate
    trims = compat.content_trim_start(strip), compat.content_trim_end(strip)
    start, whole = position + trims[0] * rate, content + sum(trims) * rate
    yield _placed(shown, media=_file(movie_path(strip), whole, shown, start, speed), source_start=start, speed=speed)


def _file(path: str, whole: Fraction, shown: Shown, start: Fraction, speed: Fraction) -> MediaFile:
    """Give a file and its length; one that is missing, which Blender takes to be one frame long, is as long as it is needed."""
    needed = start + speed * (shown.end - shown.first)
    return MediaFile(path=path, frame_count=ceil(whole if Path(path).is_file() else max(whole, needed)))


def _pictures(scene: bpy.types.Scene, shown: Shown, losses: Losses) -> Iterator[Placed]:
    strip = shown.strip
    folder = os.path.normpath(bpy.path.abspath(strip.directory, library=scene.library))
    names = [element.filename for element in strip.elements]
    metadata = film_metadata(strip) if strip.chromastrip.film else ""
    if len(names) == 1 and not metadata:
        yield _placed(shown, media=Still(path=str(Path(folder) / names[0])), source_start=Fraction(0))
        return
    pace = pace_at(scene, strip, shown.first, shown.end, losses)
    start = pace.position + compat.content_trim_start(strip)
    if (frames := _numbered(folder, names)) is not None:
        yield _placed(shown, media=frames, source_start=start, speed=pace.speed, metadata=metadata)
    else:
        losses.note("Pictures that are not numbered in a row are several clips: {}.", strip.name)
        yield from _pieces(shown, folder, names, start, pace.speed)


def film_metadata(strip: bpy.types.ImageStrip) -> str:
    """Give what a film is made with, keyframes too, as a clip's metadata."""
    return settings_json(strip.chromastrip, keyed=_keyed(strip))


def _keyed(strip: bpy.types.ImageStrip) -> list[dict[str, Any]]:
    """Give a film's keyframes for its metadata; none if a driver cannot be followed."""
    try:
        return keyframes.packed(keyframes.read_keys(strip, origin=film_origin(strip), frame_count=film_length(strip)))
    except UserError:
        return []


def _numbered(folder: str, names: list[str]) -> FrameSequence | None:
    """Give a sequence that consists of these names in this order, if there is one."""
    match = NUMBERED_NAME.fullmatch(names[0]) if names else None
    if match is None:
        return None
    frames = FrameSequence(
        folder=folder,
        prefix=match["prefix"],
        suffix=match["suffix"],
        first_number=int(match["number"]),
        digits=len(match["number"]),
        frame_count=len(names),
    )
    return frames if frames.file_names() == names else None


def _pieces(shown: Shown, folder: str, names: list[str], start: Fraction, speed: Fraction) -> Iterator[Placed]:
    """Cut a strip where another picture than the next in a row follows; what shows of each piece becomes a clip."""
    runs = _runs(names)
    for begin, end in runs:
        first = shown.first if begin == 0 else max(shown.first, shown.first + ceil((begin - start) / speed))
        last = shown.end if end == len(names) else min(shown.end, shown.first + ceil((end - start) / speed))
        if first >= last:
            continue
        piece = replace(shown, first=first, end=last)
        frames = _numbered(folder, names[begin:end]) if end - begin > 1 else None
        if frames is None:
            yield _placed(piece, media=Still(path=str(Path(folder) / names[begin])), source_start=Fraction(0))
        else:
            yield _placed(piece, media=frames, source_start=start + (first - shown.first) * speed - begin, speed=speed)


def _runs(names: list[str]) -> list[tuple[int, int]]:
    """Find the longest runs of names that are numbered in a row, as half-open ranges."""
    cuts = [index for index, pair in enumerate(pairwise(names), 1) if _numbered("", list(pair)) is None]
    return list(pairwise([0, *cuts, len(names)]))


def _colour(_scene: bpy.types.Scene, shown: Shown, _losses: Losses) -> Iterator[Placed]:
    red, green, blue = (_plain(part) for part in shown.strip.color)
    yield _placed(shown, media=Colour(red=red, green=green, blue=blue), source_start=Fraction(0))


def _text(_scene: bpy.types.Scene, shown: Shown, _losses: Losses) -> Iterator[Placed]:
    yield _placed(shown, media=Text(words=shown.strip.text), source_start=Fraction(0))


MAKERS = {"SOUND": _sound, "MOVIE": _movie, "IMAGE": _pictures, "COLOR": _colour, "TEXT": _text}


def _plain(value: float) -> float:
    return float(f"{value:.7g}")  # Blender's floats have seven digits
