"""How fast a strip shows its media, and where it begins in them: retiming keys, rates of movies, Speed effects.

Blender tells where on the timeline the keys of a retimed strip stand, but not which media frames they show. The first and the last key show
the media's first and last frame; of the stretches between, all but the one that is seen are taken to run at normal speed, as they do when
a trimmed strip gets a speed. For numbered pictures Blender says which one is seen, and that decides.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from ...core.protocol import MovieMeasure
from .. import compat, folders
from ..strips import exact, scene_fps, sound_path, unpacked_sound
from .losses import Losses

OWN_RATE_TOLERANCE = 0.01  # frames a second: 29.97 and 30000/1001 are the same


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Where in its content a strip is at some frame, and how many frames of its content go by in one of the timeline."""

    position: Fraction
    speed: Fraction


def pace_at(scene: bpy.types.Scene, strip: bpy.types.Strip, first: int, end: int, losses: Losses) -> Pace:
    """Say how a strip runs through its content while the timeline goes from `first` to `end`; its own trims are not counted.

    A strip whose speed changes meanwhile gets its average speed, and is told.
    """
    keys = _key_frames(strip)
    if len(keys) < 2:  # noqa: PLR2004 (a stretch has two ends)
        return Pace(position=first - exact(compat.content_start(strip)), speed=Fraction(1))
    if strip.type != "IMAGE" and not Path(_path(strip)).is_file():
        losses.note("The file is missing, so the speed is unknown: {} has normal speed in the file.", strip.name)
        return Pace(position=first - exact(compat.content_start(strip)), speed=Fraction(1))
    total = compat.retimed_frames(media_frame_count(scene, strip))
    pace = _stretch(keys, total, first, end)
    if strip.type == "IMAGE":
        return _checked(strip, pace, first, end, losses)
    if pace is None:
        losses.note("The speed changes: {} has its average speed in the file.", strip.name)
        return _average(keys, total, first)
    if len(keys) > 2:  # noqa: PLR2004
        losses.note("Only a part is retimed: check the speed and place of {}.", strip.name)
    return pace


def _key_frames(strip: bpy.types.Strip) -> list[int]:
    """Say where a strip's retiming keys stand.

    Where there are several strips, Blender (4.5 to 5.2) gives the keys' frames as if they were another strip's: only how they lie to each
    other is right. The first one stands where the content begins, the last one where it ends.
    """
    told = [key.timeline_frame for key in strip.retiming_keys]
    if len(told) < 2 or told[-1] == told[0]:  # noqa: PLR2004
        return []
    start, length = round(compat.content_start(strip)), compat.retimed_frames(compat.content_frame_count(strip))
    return [start + round(Fraction((frame - told[0]) * length, told[-1] - told[0])) for frame in told]


def _stretch(keys: list[int], total: int, first: int, end: int) -> Pace | None:
    """Say how the stretch that is seen runs if all others run at normal speed; None if several are seen."""
    inner = keys[1:-1]
    index = sum(key <= first for key in inner)
    if any(first < key < end for key in inner):
        return None
    before, after = keys[index] - keys[0], keys[-1] - keys[index + 1]
    speed = Fraction(total - before - after, keys[index + 1] - keys[index])
    return Pace(position=before + (first - keys[index]) * speed, speed=speed) if speed > 0 else None


def _average(keys: list[int], total: int, first: int) -> Pace:
    speed = Fraction(total, keys[-1] - keys[0])
    return Pace(position=(first - keys[0]) * speed, speed=speed)


def _checked(strip: bpy.types.ImageStrip, pace: Pace | None, first: int, end: int, losses: Losses) -> Pace:
    """Compare what is expected with the pictures that Blender shows."""
    numbers = {element.filename: number for number, element in enumerate(strip.elements)}
    shown = [numbers[strip.strip_elem_from_frame(frame).filename] - compat.content_trim_start(strip) for frame in range(first, end)]
    last = len(numbers) - 1 - compat.content_trim_start(strip) - compat.content_trim_end(strip)
    if pace is not None and _fits(pace, shown, last):
        return pace
    steps = max(1, len(shown) - 1)
    pace = Pace(position=Fraction(shown[0]), speed=Fraction(shown[-1] - shown[0], steps) or Fraction(1, 1000))
    if not _fits(pace, shown, last):
        losses.note("The speed changes: {} has its average speed in the file.", strip.name)
    return pace


def _fits(pace: Pace, shown: list[int], last: int) -> bool:
    expected = (min(max(pace.position + step * pace.speed, 0), last) for step in range(len(shown)))
    return all(abs(number - one) <= 1 for number, one in zip(shown, expected, strict=True))


# What Blender does not tell -------------------------------------------------------------------------------------------------------------


def media_frame_count(scene: bpy.types.Scene, strip: bpy.types.Strip) -> int:
    """Count a strip's media frames between its own trims, as if it were not retimed."""
    trims = compat.content_trim_start(strip) + compat.content_trim_end(strip)
    if strip.type == "IMAGE":
        return len(strip.elements) - trims
    version = *_version(_path(strip)), strip.type, scene_fps(scene)
    if version not in _frame_counts:
        with _anew(scene, strip) as same:
            _frame_counts[version] = compat.content_frame_count(same)
    return max(2, _frame_counts[version] - trims)


_frame_counts: dict[tuple[Any, ...], int] = {}
_rates: dict[tuple[Any, ...], float] = {}
_lengths: dict[tuple[Any, ...], int] = {}
"""What Blender opens a file for: kept by the file's version, since a timeline may show hundreds of movies, each in many strips."""


def unknown_movies(scene: bpy.types.Scene) -> list[str]:
    """List the movies of a scene that would have to be opened to be read: absolute paths, each once."""
    paths = {movie_path(strip) for strip in scene.sequence_editor.strips_all if strip.type == "MOVIE"}
    return sorted(path for path in paths if _version(path) not in _rates and Path(path).is_file())


def remember(movies: Sequence[MovieMeasure]) -> None:
    """Take what the worker has measured in Blender's stead."""
    for movie in movies:
        if movie.fps > 0:
            _rates[_version(movie.path)] = float(movie.fps)
            _lengths[_version(movie.path)] = movie.frame_count


def _version(path: str) -> tuple[str, int, int]:
    """Tell a file from what it was before; one that is not there has no version."""
    try:
        found = Path(path).stat()
    except OSError:
        return path, 0, 0
    return path, found.st_mtime_ns, found.st_size


def _own_rate(strip: bpy.types.MovieStrip) -> float:
    """Give a movie's own frames a second, 0 if it is missing."""
    version = _version(movie_path(strip))
    if version not in _rates:
        _rates[version] = strip.fps
    return _rates[version]


@contextmanager
def _anew(scene: bpy.types.Scene, strip: bpy.types.Strip) -> Generator[bpy.types.Strip]:
    """Load a movie or a sound a second time, in a scene that is gone afterwards."""
    sounds = set(bpy.data.sounds)
    other = bpy.data.scenes.new("Chromastrip")
    try:
        other.render.fps, other.render.fps_base = scene.render.fps, scene.render.fps_base
        strips = other.sequence_editor_create().strips
        if strip.type == "SOUND":
            yield strips.new_sound(name="", filepath=_path(strip), channel=1, frame_start=1)
        else:
            yield strips.new_movie(name="", filepath=_path(strip), channel=1, frame_start=1)
    finally:
        bpy.data.scenes.remove(other)
        for sound in set(bpy.data.sounds) - sounds:
            bpy.data.sounds.remove(sound)


def _path(strip: bpy.types.Strip) -> str:
    if strip.type == "MOVIE":
        return movie_path(strip)
    return unpacked_sound(strip, folders.base_folder()) if strip.sound.packed_file else sound_path(strip)


def movie_path(strip: bpy.types.MovieStrip) -> str:
    """Give the absolute path of a movie strip's file."""
    return os.path.normpath(bpy.path.abspath(strip.filepath))


def movie_rate(scene: bpy.types.Scene, strip: bpy.types.MovieStrip) -> Fraction:
    """Give how many frames of the timeline one frame of the movie lasts in the movie's own time: 1/2 for 50 at 25 frames a second."""
    own = _own_rate(strip)
    if own <= 0 or abs(own - scene_fps(scene)) < OWN_RATE_TOLERANCE:  # 0: the file is missing
        return Fraction(1)
    ntsc = Fraction(round(own * 1001 / 1000) * 1000, 1001)
    rate = ntsc if abs(own - ntsc) < OWN_RATE_TOLERANCE / 10 else Fraction(own).limit_denominator(1000)
    return scene_fps(scene) / rate


def plays_in_its_own_time(scene: bpy.types.Scene, strip: bpy.types.MovieStrip) -> bool:
    """Say whether Blender keeps a movie's own rate on a timeline of another: if so, it takes as many seconds, else as many frames."""
    rate = movie_rate(scene, strip)
    if rate == 1:
        return True
    whole = compat.content_frame_count(strip) + compat.content_trim_start(strip) + compat.content_trim_end(strip)
    frames = _lengths.get(_version(movie_path(strip)), 0)  # about: enough to tell one from the other
    frames = frames or media_frame_count(scene, strip) + compat.content_trim_start(strip) + compat.content_trim_end(strip)
    return abs(whole - frames * rate) < abs(whole - frames)


# Speed effects --------------------------------------------------------------------------------------------------------------------------


def effect_speed(effect: bpy.types.SpeedControlStrip, source: bpy.types.Strip, *, animated: bool) -> Fraction | None:
    """Say how many frames of its source a Speed effect shows in one of the timeline; None if that changes, is 0 or runs back."""
    if effect.speed_control == "STRETCH":
        end = exact(compat.content_start(source)) + compat.content_frame_count(source)
        speed = (end - compat.left_handle(source)) / compat.frame_count(effect)
    elif effect.speed_control == "MULTIPLY" and not animated:
        speed = exact(effect.speed_factor)
    else:
        return None
    return speed if speed > 0 else None
