"""How far the job is, and which films wait."""

import bpy

from ...core.protocol import Progress, Stage
from .. import jobs
from ..lines import counted

MOST_LINES = 8
"""So many films that wait are listed."""
OF_FRAMES = {Stage.DRAWING, Stage.CALMING, Stage.ENCODING}
"""What else is counted are no frames: megabytes, files, steps."""


def draw_job(layout: bpy.types.UILayout, *, rows: int) -> None:
    """Draw how far the job is, in so many rows."""
    state = jobs.state
    name = state.job.name if isinstance(state.job, jobs.RenderJob) else ""
    waiting = f"   {len(state.waiting)} more" if state.waiting else ""
    layout.label(text=f"{name}{waiting}", icon="RENDER_ANIMATION" if name else "NONE")
    if state.is_done:
        layout.label(text="Finished. Stop playback to insert it", icon="CHECKMARK")
    else:
        factor, text = progress_words(state.progress)
        layout.progress(factor=factor, text=text)
    layout.label(text="Stop playback to see what is drawn" if state.begun else "")
    for _ in range(rows - 3):
        layout.label(text="")


def draw_queue(layout: bpy.types.UILayout) -> None:
    """Draw the films that wait for their turn."""
    column = layout.column(align=True)
    for job in jobs.state.waiting[:MOST_LINES]:
        row = column.row(align=True)
        row.label(text=f"{job.name}   {counted(job.request.frame_count, 'frame')}", icon="TIME")
        row.operator("chromastrip.cancel_waiting", text="", icon="X", emboss=False).job_id = job.job_id
    if len(jobs.state.waiting) > MOST_LINES:
        column.label(text=f"{len(jobs.state.waiting) - MOST_LINES} more")


def progress_words(progress: Progress | None) -> tuple[float, str]:
    """Say how far a job is: 0 ... 1, and in words."""
    if progress is None:
        return 0.0, "Starting Engine"
    factor = progress.done / max(progress.total, 1)
    if not progress.frames_per_second or progress.stage not in OF_FRAMES:
        return factor, f"{progress.stage}  {progress.done} / {progress.total}"
    left = f"{int(progress.seconds_left) // 60}:{int(progress.seconds_left) % 60:02d} left"
    return factor, f"{progress.done} / {progress.total}   {progress.frames_per_second:.1f} fps   {left}"
