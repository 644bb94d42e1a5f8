"""How far the job is, which ones wait, and what became of the last ones."""

import bpy

from ...core.protocol import Progress, Stage
from .. import job_list, jobs, model_list
from ..lines import draw_lines

MOST_LINES = 8
"""So many films that wait are listed."""
OF_FRAMES = {Stage.DRAWING, Stage.CALMING, Stage.ENCODING}
"""What else is counted are no frames: megabytes, files, steps."""


def draw_progress(layout: bpy.types.UILayout) -> None:
    """Draw how far the job is, and its Cancel."""
    state = jobs.state
    column = layout.column(align=True)
    if isinstance(state.job, jobs.RenderJob):
        column.label(text=state.job.name, icon="RENDER_ANIMATION")
    if state.is_done:
        column.label(text="Finished. Stop playback to insert it", icon="CHECKMARK")
    else:
        factor, text = progress_words(state.progress)
        column.progress(factor=factor, text=text)
    if state.begun:
        column.label(text="Stop playback to see what is drawn")
    row = column.row(align=True)
    row.scale_y = 1.2
    row.operator("chromastrip.cancel", icon="CANCEL", text="Cancelling" if state.cancelling else "Cancel")
    if state.waiting:
        row.operator("chromastrip.cancel_all")
        _draw_queue(layout)


def _draw_queue(layout: bpy.types.UILayout) -> None:
    """Draw the films that wait for their turn."""
    column = layout.column(align=True)
    for job in jobs.state.waiting[:MOST_LINES]:
        row = column.row(align=True)
        row.label(text=f"{job.name}   {job.request.frame_count} frames", icon="TIME")
        row.operator("chromastrip.cancel_waiting", text="", icon="X", emboss=False).job_id = job.job_id
    if len(jobs.state.waiting) > MOST_LINES:
        column.label(text=f"{len(jobs.state.waiting) - MOST_LINES} more")


def draw_unfinished(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw which films were not drawn to their end, and what can be done about it."""
    films = job_list.state.offered
    if not films:
        return
    box = layout.box()
    row = box.row()
    more = f" and {len(films) - 1} more" if len(films) > 1 else ""
    draw_lines(row.column(), context, (f"Not drawn to the end: “{films[0].request.name}”{more}",), icon="INFO")
    row.operator("chromastrip.dismiss_unfinished", text="", icon="X", emboss=False)
    column = box.column(align=True)
    column.operator("chromastrip.go_on_drawing", icon="PLAY")
    column.operator("chromastrip.insert_finished_frames", icon="FILE_IMAGE")


def progress_words(progress: Progress | None) -> tuple[float, str]:
    """Say how far a job is: 0 ... 1, and in words."""
    if progress is None:
        return 0.0, "Starting Engine"
    factor = progress.done / max(progress.total, 1)
    if not progress.frames_per_second or progress.stage not in OF_FRAMES:
        return factor, f"{progress.stage}  {progress.done} / {progress.total}"
    left = f"{int(progress.seconds_left) // 60}:{int(progress.seconds_left) % 60:02d} left"
    return factor, f"{progress.done} / {progress.total}   {progress.frames_per_second:.1f} fps   {left}"


def draw_news(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw what went wrong, and what was said of the last job."""
    if (error := jobs.shown_error()) is not None:
        box = layout.box()
        draw_lines(box, context, (error.cause,), icon="ERROR")
        draw_lines(box, context, (error.cure,))
        model_list.draw_download(box, context, error.missing)
        box.operator("chromastrip.copy_error", icon="COPYDOWN")
    for note in jobs.state.notes:
        draw_lines(layout, context, (note,), icon="INFO")
