"""Drawing a film for a sound, or a draft of it, putting it on the timeline, ending it."""

import bpy

from ...core.protocol import EMBEDDED_MODELS, PUBLISHED_SIZES, Model, UserError
from .. import compat, jobs, live
from ..asking import may
from ..importing import blender_otio
from ..job_list import ListedFilm
from ..sections import Piece, show_piece
from ..strips import placement, render_request, source_strip, why_no_sound


class CHROMASTRIP_OT_generate(bpy.types.Operator):
    """Draw a film for the selected sound strip, or for the mix of several."""

    bl_idname = "chromastrip.generate"
    bl_label = "Generate"
    bl_description = (
        "Draw a film for the selected sound strip, or for the mix of several, on the timeline above. It shows up at once, and fills with"
        " pictures as they are drawn. While another film is drawn, it waits for its turn"
    )
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, jobs.why_not_draw() or why_no_sound(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand the film to the worker."""
        return _ask_for_film(self, context, as_draft=False)


class CHROMASTRIP_OT_preview(bpy.types.Operator):
    """Draw a draft of the film for the selected sound strip."""

    bl_idname = "chromastrip.preview"
    bl_label = "Preview"
    bl_description = (
        "Draw a draft of the film: the same motion in small pictures, by BigGAN-deep at 128 px where it is installed, else by the model"
        " Emoji. Render then replaces it in place by the final film, with the settings that you chose"
    )
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, jobs.why_not_draw() or why_no_sound(context) or _why_no_draft(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand the film to the worker."""
        return _ask_for_film(self, context, as_draft=True)


def _why_no_draft(context: bpy.types.Context) -> str:
    settings = source_strip(compat.edited_scene(context)).chromastrip
    is_small = settings.model in EMBEDDED_MODELS or (settings.model != Model.OWN and int(settings.size) == min(PUBLISHED_SIZES))
    return "These settings draw as fast as a draft already. Press Generate" if is_small else ""


def _ask_for_film(operator: bpy.types.Operator, context: bpy.types.Context, *, as_draft: bool) -> set[str]:
    scene = compat.edited_scene(context)
    try:
        strip = source_strip(scene)
        film = ListedFilm(request=render_request(scene, strip), placement=placement(scene, strip), as_draft=as_draft)
        if not jobs.start_films([film]):
            operator.report({"INFO"}, "This film is being drawn already")
    except UserError as error:
        return jobs.refuse(operator, error)
    return {"FINISHED"}


class CHROMASTRIP_OT_insert_strip(bpy.types.Operator):
    """Put the film that is drawn on the timeline"""

    bl_idname = "chromastrip.insert_strip"
    bl_label = "Insert Film"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when a film waits."""
        return jobs.state.finished is not None or jobs.state.begun

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Insert it, with the settings that it was drawn with."""
        finished, job = jobs.state.finished, jobs.state.job
        jobs.state.finished, jobs.state.begun = None, False
        try:
            if finished is not None:
                _show_finished(context, finished)
            elif isinstance(job, jobs.RenderJob):
                _show_begun(context, job)
        except UserError as error:
            jobs.show_error(error)  # no report: the timer calls this, and nobody would catch what it raises
            return {"CANCELLED"}
        return {"FINISHED"}


def _show_finished(context: bpy.types.Context, film: jobs.FinishedFilm) -> None:
    job, there = film.job, live.marked_strips(film.job.mark)
    live.finish(there, film.drawn)
    if isinstance(job.placement, Piece):
        blender_otio.note(show_piece(job.placement, film.drawn.frames, film=film.drawn.digest))
    elif not live.is_in_its_scene(there, job.placement) and not jobs.is_gone(job):
        live.insert(context, job.placement, film.drawn, request=job.request, as_draft=job.film.as_draft)


def _show_begun(context: bpy.types.Context, job: jobs.RenderJob) -> None:
    assert job.film.begun is not None  # `jobs.state.begun`
    assert not isinstance(job.placement, Piece)
    live.insert(context, job.placement, job.film.begun, request=job.request, as_draft=job.film.as_draft)
    jobs.note_shown(job.film)


class CHROMASTRIP_OT_cancel(bpy.types.Operator):
    """Stop drawing this film. Finished frames are kept: Render goes on from there. Films that wait are drawn next"""

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


class CHROMASTRIP_OT_cancel_waiting(bpy.types.Operator):
    """Do not draw this film"""

    bl_idname = "chromastrip.cancel_waiting"
    bl_label = "Remove from Queue"
    bl_options = {"INTERNAL"}

    job_id: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Take it off the queue."""
        jobs.cancel_waiting(self.job_id)
        return {"FINISHED"}


class CHROMASTRIP_OT_cancel_all(bpy.types.Operator):
    """Stop drawing, and empty the queue. Finished frames are kept"""

    bl_idname = "chromastrip.cancel_all"
    bl_label = "Cancel All"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is something to cancel."""
        return jobs.state.busy

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ask the worker to stop."""
        jobs.cancel_waiting()
        jobs.cancel()
        return {"FINISHED"}
