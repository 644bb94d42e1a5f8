"""What is selected: a sound, or a film of ours. In rows of fixed number: what else should be known is told in the status."""

import bpy

from ...core.protocol import UserError
from .. import compat, jobs, sources
from ..lines import counted, draw_lines
from ..sections import State, is_whole, noted_state, shown_frames
from ..strips import heard_with, source_strip

STATE_ICONS = {
    State.FRESH: "CHECKMARK",
    State.STALE: "FILE_REFRESH",
    State.LONGER: "FILE_REFRESH",
    State.MISSING: "ERROR",
    State.PARTLY: "TIME",
    State.DRAFT: "FILE_MOVIE",
    State.OUT_OF_SYNC: "ERROR",
    State.EDGES: "FILE_REFRESH",
    State.OTHER_FRAME: "FILE_REFRESH",
    State.UNFITTED: "FULLSCREEN_ENTER",
}


def draw_film(layout: bpy.types.UILayout, strip: bpy.types.ImageStrip) -> None:
    """Draw how a film of ours stands, in two rows."""
    first, end = shown_frames(strip)
    row = layout.row()
    row.label(text=strip.name if is_whole(strip) else f"{strip.name}, frames {first} ... {end - 1}", icon="FILE_IMAGE")
    _draw_copy_buttons(row)
    state = noted_state(strip)
    layout.label(text=_drawing_words(strip) or state.value, icon=STATE_ICONS[state])


def _drawing_words(strip: bpy.types.ImageStrip) -> str:
    """Say how far a strip is that is drawn or waits for it; empty: it does not."""
    mark, job, progress = strip.chromastrip.unfinished, jobs.state.job, jobs.state.progress
    if mark and isinstance(job, jobs.RenderJob) and job.mark == mark:
        return f"Being drawn, {100 * progress.done // max(progress.total, 1)} %" if progress is not None else "Being drawn"
    return "Waits to be drawn" if mark and any(job.mark == mark for job in jobs.state.waiting) else ""


def _draw_copy_buttons(row: bpy.types.UILayout) -> None:
    row = row.row(align=True)
    row.operator("chromastrip.copy_settings", text="", icon="COPYDOWN")
    row.operator("chromastrip.paste_settings", text="", icon="PASTEDOWN")


def draw_source(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw which sound is meant."""
    try:
        scene = compat.edited_scene(context)
        strip = source_strip(scene)
    except UserError as error:
        draw_lines(layout, context, (error.cause, error.cure), icon="INFO")
        return
    row = layout.row()
    heard = heard_with(scene, strip)
    first, end = sources.span(heard)
    row.label(text=strip.name if len(heard) == 1 else f"Mix of {len(heard)} Sounds", icon="SOUND")
    row.label(text=counted(end - first, "frame"))
    _draw_copy_buttons(row)
