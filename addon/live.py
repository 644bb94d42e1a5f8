"""Strips of films that are still being drawn: they show what is there, are made to look again as more comes, and are finished in the end.

Such a strip carries the mark of what it is drawn for (`StripSettings.unfinished`), through splits, copies, undo and saving. All strips with
one mark become one film.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import bpy

from ..core.protocol import FILM_FILE, UNFINISHED_FILE, Begun, Drawn, Machine, RenderRequest, encode
from ..core.protocol.shape import aspect_text
from . import scenes
from .importing import blender_otio
from .properties import write_settings
from .sections import Piece, all_films, find_piece, mark_as_drawn, mark_beside, settings_digest, turn
from .strips import Placement, insert_film


def mark_of(request: RenderRequest, *, as_draft: bool) -> str:
    """Name what a film is drawn for, wherever its files lie and whatever draws it: 16 hexadecimal digits."""
    bare = replace(request, frames_folder="", cache_folder="", machine=Machine())
    return hashlib.blake2b(f"{encode(bare)}{as_draft}".encode(), digest_size=8).hexdigest()


def marked_strips(mark: str) -> list[bpy.types.ImageStrip]:
    """Give the strips of all of this file's scenes that a film is drawn for."""
    return [strip for scene in _own_scenes() for strip in all_films(scene) if strip.chromastrip.unfinished == mark]


def is_in_its_scene(strips: Iterable[bpy.types.ImageStrip], place: Placement | Piece) -> bool:
    """Say whether one of some strips is in the scene that a film is for: a scene may have been copied meanwhile."""
    scene = scenes.find(place.scene_name)
    return any(strip.id_data == scene for strip in strips)


def _own_scenes() -> list[bpy.types.Scene]:
    return [scene for scene in bpy.data.scenes if scene.library is None]


def insert(
    context: bpy.types.Context, where: Placement, film: Begun | Drawn, *, request: RenderRequest, as_draft: bool
) -> bpy.types.ImageStrip:
    """Put a film on the timeline, finished or not, with the settings that it is drawn with.

    Raises
    ------
    UserError
        If the scene has gone, or has no room.
    """
    strip = insert_film(context, where, film.frames)
    settings = strip.chromastrip
    write_settings(settings, request.settings)
    settings.limit_flashes = request.limit_flashes
    settings.upscale, settings.upscaler = str(request.upscale), request.upscaler
    settings.sound_name = where.sound_strip_name
    mark_as_drawn(
        settings,
        film=film.digest,
        drawn=settings_digest(strip),
        fps=request.fps,
        first_frame=0,
        end_frame=film.frames.frame_count,
        unfinished=mark_of(request, as_draft=as_draft) if isinstance(film, Begun) else "",
        draft=as_draft,
    )
    mark_beside(settings, base=film.digest, frames_aspect=aspect_text(request.frame_aspect or request.settings.aspect))
    blender_otio.note(strip)
    return strip


def adopt(strips: Iterable[bpy.types.ImageStrip], begun: Begun) -> None:
    """Let strips that are there already, of an earlier try, show a film that has begun."""
    for strip in strips:
        _show(strip, begun)
        blender_otio.note(strip)


def is_settled(strips: Iterable[bpy.types.ImageStrip], drawn: Drawn, place: Placement | Piece) -> bool:
    """Say whether a finished film is where it belongs already, so that nothing of the timeline changes by it."""
    there = [strip for strip in strips if Path(bpy.path.abspath(strip.directory)) == Path(drawn.frames.folder)]
    if isinstance(place, Piece):
        return find_piece(place) in there
    return is_in_its_scene(there, place)


def finish(strips: Iterable[bpy.types.ImageStrip], drawn: Drawn) -> None:
    """Let strips show the finished film: another one than they began with, if that flashed too often."""
    for strip in strips:
        _show(strip, drawn)
        strip.chromastrip.unfinished = ""
        blender_otio.note(strip)


def _show(strip: bpy.types.ImageStrip, film: Begun | Drawn) -> None:
    if Path(bpy.path.abspath(strip.directory)) != Path(film.frames.folder):
        turn(strip, film.frames)
        strip.chromastrip.film = film.digest
    strip.invalidate_cache("RAW")


def look_again(strips: Iterable[bpy.types.ImageStrip]) -> None:
    """Have Blender read the frames anew that it shows, and show them."""
    for strip in strips:
        strip.invalidate_cache("RAW")
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "SEQUENCE_EDITOR":
                area.tag_redraw()


def finish_by_disk() -> None:
    """Take the mark off strips whose film is finished: undo brings it back, and a .blend may have been saved before the end."""
    for scene in _own_scenes():
        for strip in all_films(scene):
            if strip.chromastrip.unfinished and _is_finished(Path(bpy.path.abspath(strip.directory))):
                strip.chromastrip.unfinished = ""


def _is_finished(folder: Path) -> bool:
    return (folder / FILM_FILE).is_file() and not (folder / UNFINISHED_FILE).exists()
