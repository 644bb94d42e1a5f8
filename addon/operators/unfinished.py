"""Films that were not drawn to their end, by a crash or by Blender's end: going on with them, showing what there is of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import bpy

from ...core.protocol import UserError
from .. import engine, folders, job_list, jobs, live, models, scenes
from ..asking import may
from ..job_list import ListedFilm
from ..strips import Placement


class CHROMASTRIP_OT_go_on_drawing(bpy.types.Operator):
    """Draw what is missing of the films that were not drawn to their end. Finished frames show up at once"""

    bl_idname = "chromastrip.go_on_drawing"
    bl_label = "Go On Drawing"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = "" if job_list.state.offered else "All films were drawn to their end"
        return may(cls, jobs.why_not_draw() or reason or _why_no_network(job_list.state.offered))

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Hand them to the worker, one after another."""
        try:
            jobs.start_films([_with_todays_places(film) for film in job_list.state.offered])
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_insert_finished_frames(bpy.types.Operator):
    """Put what is drawn of these films on the timeline."""

    bl_idname = "chromastrip.insert_finished_frames"
    bl_label = "Insert Finished Frames"
    bl_description = (
        "Put what is drawn of these films on the timeline, and draw nothing. Frames that are missing show their neighbours; select the"
        " strip and press Render to have them drawn"
    )
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, "" if any(map(_can_be_shown, job_list.state.offered)) else _why_none(job_list.state.offered))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Insert them where they belong; those that are there already stay."""
        films = job_list.state.offered
        try:
            for film in filter(_can_be_shown, films):
                _insert(context, film)
        except UserError as error:
            return jobs.refuse(self, error)
        job_list.state.offered = tuple(film for film in films if not _can_be_shown(film))
        jobs.note_films()
        return {"FINISHED"}


class CHROMASTRIP_OT_dismiss_unfinished(bpy.types.Operator):
    """Forget that these films were not drawn to their end. Their finished frames are kept"""

    bl_idname = "chromastrip.dismiss_unfinished"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Forget them."""
        job_list.state.offered = ()
        jobs.note_films()
        return {"FINISHED"}


def _why_no_network(films: Sequence[ListedFilm]) -> str:
    """Say which film cannot be gone on with, since what draws it is not here. Drafts are drawn by what there is."""
    for film in films:
        if not film.as_draft and (reason := models.why_absent(models.network_of(film.request.settings))):
            return f"{reason}: “{film.request.name}” is drawn by it. Download it first"
    return ""


def _with_todays_places(film: ListedFilm) -> ListedFilm:
    """Let a film go to where this .blend's files lie now, drawn by what the preferences say now."""
    base, drawn = folders.base_folder(scenes.find(film.placement.scene_name)), Path(film.request.cache_folder)
    cache = drawn if drawn.is_dir() else base / "cache"
    return replace(film, request=replace(film.request, frames_folder=str(base), cache_folder=str(cache), machine=engine.machine()))


def _why_none(films: Sequence[ListedFilm]) -> str:
    if any(not isinstance(film.placement, Placement) for film in films):
        return "A strip that is drawn again keeps its pictures until all new ones are there. Press Go On Drawing"
    return "No frames of them were finished"


def _can_be_shown(film: ListedFilm) -> bool:
    return film.begun is not None and isinstance(film.placement, Placement)


def _insert(context: bpy.types.Context, film: ListedFilm) -> None:
    assert film.begun is not None  # `_can_be_shown`
    assert isinstance(film.placement, Placement)
    if live.is_in_its_scene(live.marked_strips(live.mark_of(film.request, as_draft=film.as_draft)), film.placement):
        return
    frames = film.begun.frames
    if not (Path(frames.folder) / frames.file_names()[0]).is_file():
        raise UserError(f"The frames of “{film.request.name}” are gone: {frames.folder}.", "Press Go On Drawing.")
    live.insert(context, film.placement, film.begun, request=film.request, as_draft=film.as_draft)
