"""How far a film lies from the sound that it was drawn for: moved alone, it no longer fits, though its pictures are up to date.

A film notes which second of each sound's file is heard with its first frame. Reads no files.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import bpy

from ..core.protocol import read_exact
from .sections import film_origin, is_out_of_sync
from .strips import file_second, scene_fps


def frames_late(strip: bpy.types.ImageStrip) -> int:
    """Say how many frames a film lies after its sound, before it where negative; 0: on it, or nobody knows.

    A sound that was split, or that lies there twice, fits by any of its strips.
    """
    if is_out_of_sync(strip.id_data, strip):  # which is said, and has frames of another length
        return 0
    shifts = [min(_shifts(strip, name, noted), key=abs, default=0) for name, noted in _noted(strip)]
    return max(shifts, key=abs, default=0)


def _noted(strip: bpy.types.ImageStrip) -> Iterator[tuple[str, Fraction]]:
    """Give the names of the sounds that a film was drawn for, and which second of each is heard with the film's first frame."""
    settings = strip.chromastrip
    names = settings.mixed_names.split("\n") if settings.mixed_names else [settings.sound_name]
    try:
        yield from zip(names, map(read_exact, settings.sound_starts.split("\n")), strict=True)
    except ValueError:  # an older version has noted nothing; or a stranger something else
        return


def _shifts(film: bpy.types.ImageStrip, name: str, noted: Fraction) -> Iterator[int]:
    scene, origin = film.id_data, film_origin(film)
    for sound in _strips_of(scene.sequence_editor.strips_all, name):
        yield round((file_second(scene, sound, origin) - noted) * scene_fps(scene))


def _strips_of(strips: Iterable[bpy.types.Strip], name: str) -> Iterator[bpy.types.Strip]:
    """Give the strip of a name, and all that play the same file."""
    every = list(strips)
    named = next((strip for strip in every if strip.name == name), None)
    if named is None:
        return
    yield named
    if named.type == "SOUND" and named.sound is not None:
        others = (strip for strip in every if strip.type == "SOUND" and strip.sound is not None and strip != named)
        yield from (strip for strip in others if strip.sound.filepath == named.sound.filepath)
