"""Drawing a film for a sound, putting it on the timeline, ending it."""

import bpy

from ...core.protocol import UserError
from .. import compat, jobs
from ..properties import write_settings
from ..sections import Piece, mark_as_drawn, settings_digest, show_piece
from ..strips import Placement, insert_film, placement, render_request, source_strip


class CHROMASTRIP_OT_generate(bpy.types.Operator):
    """Draw a film for the selected sound strip, and put it on the timeline above it"""

    bl_idname = "chromastrip.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        if reason := jobs.why_busy():
            cls.poll_message_set(reason)
            return False
        try:
            source_strip(compat.edited_scene(context))
        except UserError as error:
            cls.poll_message_set(f"{error.cause} {error.cure}".rstrip("."))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand the film to the worker."""
        scene = compat.edited_scene(context)
        try:
            strip = source_strip(scene)
            jobs.start_render(render_request(scene, strip), placement(scene, strip))
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_insert_strip(bpy.types.Operator):
    """Put the drawn film on the timeline"""

    bl_idname = "chromastrip.insert_strip"
    bl_label = "Insert Film"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when a film waits."""
        return jobs.state.finished is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Insert it, with the settings that it was drawn with."""
        film = jobs.state.finished
        assert film is not None  # `poll`
        jobs.state.finished = None
        try:
            if isinstance(film.job.placement, Piece):
                show_piece(film.job.placement, film.drawn.frames, film=film.drawn.digest)
            else:
                _insert(context, film, film.job.placement)
        except UserError as error:
            jobs.show_error(error)  # no report: the timer calls this, and nobody would catch what it raises
            return {"CANCELLED"}
        return {"FINISHED"}


def _insert(context: bpy.types.Context, film: jobs.FinishedFilm, where: Placement) -> None:
    settings = insert_film(context, where, film.drawn.frames).chromastrip
    write_settings(settings, film.settings)
    settings.limit_flashes = film.job.request.limit_flashes
    settings.sound_name = where.sound_strip_name
    mark_as_drawn(
        settings,
        film=film.drawn.digest,
        drawn=settings_digest(settings),
        fps=film.job.request.fps,
        first_frame=0,
        end_frame=film.drawn.frames.frame_count,
    )


class CHROMASTRIP_OT_cancel(bpy.types.Operator):
    """Stop drawing. Finished frames are kept: generating again draws only the rest"""

    bl_idname = "chromastrip.cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is something to cancel."""
        return jobs.state.busy and not jobs.state.cancelling

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ask the worker to stop."""
        jobs.cancel()
        return {"FINISHED"}
