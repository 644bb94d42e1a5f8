"""Which films something in this .blend shows, and noting so in their folders.

`blends.json` in a film's folder lists the .blend files that show it: written when a film is shown for the first time and whenever the
.blend is saved, read before anything is removed.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import bpy

from ...core.protocol import FILM_FILE, UNFINISHED_FILE, Keeper, note_blend
from .. import folders

REQUEST_FILES = (FILM_FILE, UNFINISHED_FILE)

_seen: set[Path] = set()  # folders of films that something has shown since the .blend was opened


def shown_folders() -> set[Path]:
    """Give the folders of all pictures that this .blend shows: in strips of all scenes and metas, as images, as movie clips."""
    strips = {(strip.directory, scene.library) for scene in bpy.data.scenes for strip in image_strips(scene)}
    found = {bpy.path.abspath(directory, library=library) for directory, library in strips}
    for block in (*bpy.data.images, *bpy.data.movieclips):
        if block.filepath:
            found.add(os.path.dirname(bpy.path.abspath(block.filepath, library=block.library)))  # noqa: PTH120 (thousands of them)
    return {Path(os.path.normpath(path)) for path in found}


def image_strips(scene: bpy.types.Scene) -> list[bpy.types.ImageStrip]:
    """Give all image strips of a scene, those in meta strips too."""
    return [strip for strip in scene.sequence_editor.strips_all if strip.type == "IMAGE"] if scene.sequence_editor else []


def look() -> set[Path]:
    """See which films are shown now, and note this .blend with those that were not before; give their folders."""
    shown = shown_folders()
    _note(shown - _seen, _blend_path())
    _seen.update(shown)
    return shown


def keeper(scene: bpy.types.Scene) -> Keeper:
    """Say of a scene's folder which of its films are shown, and which Undo may bring back."""
    base, shown = folders.base_folder(scene), look()
    return Keeper(folder=str(base), blend=_blend_path(), shown=_names_in(base, shown), undoable=_names_in(base, _seen - shown))


def _names_in(base: Path, films: Iterable[Path]) -> tuple[str, ...]:
    """Name those of the folders that lie in the base folder, whatever way leads there."""
    real = os.path.realpath(base)
    return tuple(sorted(film.name for film in films if film.parent == base or os.path.realpath(film.parent) == real))


def _blend_path() -> str:
    return os.path.normpath(bpy.data.filepath) if bpy.data.filepath else ""


def _note(films: Iterable[Path], blend: str) -> None:
    for film in films if blend else ():
        if is_film_folder(film):
            note_blend(film, Path(os.path.normpath(blend)))


def is_film_folder(folder: Path) -> bool:
    """Say whether a folder is one that a film of ours was drawn to."""
    return any((folder / name).is_file() for name in REQUEST_FILES)


def note_all(blend: str) -> None:
    """Note a .blend with all films that are shown: this one was saved as that."""
    _note(shown_folders(), blend)


def forget() -> None:
    """Another .blend was opened: Undo ends here."""
    _seen.clear()
    _seen.update(shown_folders())
