"""How far the job is, and what became of the last one."""

import bpy

from ...core.protocol import Progress
from .. import jobs
from ..lines import draw_lines


def draw_progress(layout: bpy.types.UILayout) -> None:
    """Draw how far the job is, and its Cancel."""
    state = jobs.state
    column = layout.column(align=True)
    if state.is_done:
        column.label(text="Finished. Stop playback to insert it", icon="CHECKMARK")
    else:
        factor, text = _progress_words(state.progress)
        column.progress(factor=factor, text=text)
    if state.waiting:
        column.label(text=f"{len(state.waiting)} more after this one")
    row = column.row(align=True)
    row.scale_y = 1.2
    row.operator("chromastrip.cancel", icon="CANCEL", text="Cancelling" if state.cancelling else "Cancel")


def _progress_words(progress: Progress | None) -> tuple[float, str]:
    if progress is None:
        return 0.0, "Starting Engine"
    factor = progress.done / max(progress.total, 1)
    if not progress.frames_per_second:
        return factor, f"{progress.stage}  {progress.done} / {progress.total}"
    left = f"{int(progress.seconds_left) // 60}:{int(progress.seconds_left) % 60:02d} left"
    return factor, f"{progress.done} / {progress.total}   {progress.frames_per_second:.1f} fps   {left}"


def draw_news(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw what went wrong, and what was said of the last job."""
    if (error := jobs.state.error) is not None:
        box = layout.box()
        draw_lines(box, context, (error.cause,), icon="ERROR")
        draw_lines(box, context, (error.cure,))
        box.operator("chromastrip.copy_error", icon="COPYDOWN")
    for note in jobs.state.notes:
        draw_lines(layout, context, (note,), icon="INFO")
