"""What is selected: a sound, or a film of ours."""

import bpy

from ...core.protocol import UserError
from .. import compat, jobs, scene_range, sources
from ..lines import draw_lines
from ..sections import State, is_out_of_sync, is_whole, noted_state, shown_frames
from ..sound_shift import frames_late
from ..strips import drawn_fps, heard_with, scene_fps, source_strip

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


def draw_film(layout: bpy.types.UILayout, context: bpy.types.Context, strip: bpy.types.ImageStrip) -> None:
    """Draw how a film of ours stands."""
    row = layout.row()
    row.label(text=strip.name, icon="FILE_IMAGE")
    _draw_copy_buttons(row)
    state = noted_state(strip)
    first, end = shown_frames(strip)
    frames = "the whole film" if is_whole(strip) else f"frames {first} ... {end - 1} of the film"
    words = _drawing_words(strip) or state.value
    draw_lines(layout, context, (f"{words}; {frames}",), icon=STATE_ICONS[state])
    scene = compat.edited_scene(context)
    if is_out_of_sync(scene, strip):
        drawn, now = (f"{float(fps):.5g} fps" for fps in (drawn_fps(strip), scene_fps(scene)))
        words = (f"Drawn for {drawn}; the scene has {now} now.", "Render draws it again, in sync with its sound.")
        draw_lines(layout, context, words, icon="ERROR")
    if state == State.UNFITTED:
        layout.operator("chromastrip.apply_fit", icon="FULLSCREEN_ENTER")
    if late := frames_late(strip):
        where = f"{abs(late)} {'frame' if abs(late) == 1 else 'frames'} {'after' if late > 0 else 'before'}"
        words = (f"It lies {where} its sound, and no longer fits it.", "Move it back, or press Generate with the sound selected.")
        draw_lines(layout, context, words, icon="ERROR")


def draw_range(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Say that the scene ends before the film, where it has the range that Blender gave it, and offer the film's."""
    scene = compat.edited_scene(context)
    if scene is not None and (reason := scene_range.why_cut_off(scene)):
        draw_lines(layout, context, (reason,), icon="INFO")
        layout.operator("chromastrip.set_scene_range", icon="PREVIEW_RANGE")


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
    """Draw which sound is meant, and what should be known about it."""
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
    row.label(text=f"{end - first} frames")
    _draw_copy_buttons(row)
    if len(heard) > 1:
        draw_lines(layout, context, (f"The settings are those of “{strip.name}”.",))
    _draw_cautions(layout, context, strip)


def _draw_cautions(layout: bpy.types.UILayout, context: bpy.types.Context, strip: bpy.types.Strip) -> None:
    if strip.mute:
        draw_lines(
            layout, context, (f"“{strip.name}” is muted. The film follows it all the same; to hear it, unmute it (Alt H).",), icon="INFO"
        )
    if not bpy.data.is_saved:
        draw_lines(
            layout, context, ("Not saved yet: frames go to your cache folder. Save first to keep them beside the .blend.",), icon="INFO"
        )
    if compat.edited_scene(context).view_settings.view_transform not in ("Standard", "Raw"):
        box = layout.box()
        draw_lines(box, context, ("This scene's view transform changes the pictures' colours.",), icon="ERROR")
        box.operator("chromastrip.use_standard_view")
