"""The sidebar's tab. Draws what is known already; does no work."""

from fractions import Fraction
from typing import TYPE_CHECKING

import bpy

from ..core.protocol import BANDS, PARAMETERS, WITHOUT_EFFECT, Look, Model, Progress, UserError
from . import compat, engine_buttons, jobs
from .engine import PACKAGE
from .lines import draw_lines
from .markers import KINDS
from .presets import CHROMASTRIP_PT_presets
from .properties import SIZED
from .sections import State, is_film, is_out_of_sync, is_whole, noted_state, shown_frames, shown_strip
from .strips import beat_frames, source_strip

STATE_ICONS = {State.FRESH: "CHECKMARK", State.STALE: "FILE_REFRESH", State.LONGER: "FILE_REFRESH", State.MISSING: "ERROR"}


class SequencerPanel:
    """Where all our panels are: the sequencer's sidebar, in a tab of their own."""

    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Chromastrip"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not beside the preview alone."""
        return context.space_data.view_type != "PREVIEW"


class CHROMASTRIP_PT_main(SequencerPanel, bpy.types.Panel):
    """The sound, the look, and the button"""

    bl_label = "Chromastrip"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the presets' button, for the strip that they are executed for: the active one."""
        strip = shown_strip(compat.edited_scene(context))
        if strip is not None and strip == context.active_strip:
            CHROMASTRIP_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the panel."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        if engine_buttons.is_missing():
            box = layout.box()
            draw_lines(box, context, ("The engine that listens and draws is not set up yet.",), icon="INFO")
            box.operator("preferences.addon_show", text="Set Up Engine", icon="PREFERENCES").module = PACKAGE
        strip = shown_strip(compat.edited_scene(context))
        is_drawn = strip is not None and is_film(strip)
        strip = _draw_film(layout, context, strip) if is_drawn else _draw_source(layout, context)
        if strip is not None:
            _draw_settings(layout, strip)
        if jobs.state.busy:
            _draw_progress(layout)
        else:
            row = layout.row()
            row.scale_y = 1.5
            row.operator("chromastrip.render" if is_drawn else "chromastrip.generate", icon="RENDER_ANIMATION")
            if is_drawn:
                row = layout.row(align=True)
                row.operator("chromastrip.render_stale", icon="FILE_REFRESH")
                row.operator("chromastrip.redo", icon="LOOP_BACK")
        _draw_news(layout, context)


def _draw_settings(layout: bpy.types.UILayout, strip: bpy.types.Strip) -> None:
    settings = strip.chromastrip
    column = layout.column()
    network = column.column()
    network.enabled = not is_film(strip) or is_whole(strip)  # a piece has those of its film
    network.prop(settings, "model")
    if settings.model in SIZED:
        network.prop(settings, "size")
    if settings.model == Model.OWN:
        network.prop(settings, "own_model")
    column.prop(settings, "look")
    column.prop(settings, "classes")
    row = column.row()
    row.active = not settings.classes  # as many as are chosen
    row.prop(settings, "class_count")
    column.prop(settings, "seed")
    column.prop(settings, "limit_flashes")


class NumbersPanel(SequencerPanel):
    """A sub-panel of numbers of the chosen sound strip."""

    bl_parent_id = "CHROMASTRIP_PT_main"
    numbers: tuple[str, ...] = ()
    if TYPE_CHECKING:
        layout: bpy.types.UILayout  # every panel has one

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only for a sound, or pictures of ours."""
        return super().poll(context) and shown_strip(compat.edited_scene(context)) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the numbers, pale where they do nothing."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        strip = shown_strip(compat.edited_scene(context))
        assert strip is not None  # `poll`
        settings = strip.chromastrip
        for name in self.numbers:
            row = layout.row()
            row.active = settings.model != Model.SYNC_CARD and name not in WITHOUT_EFFECT[Look(settings.look)]
            row.prop(settings, name)


class CHROMASTRIP_PT_motion(NumbersPanel, bpy.types.Panel):
    """How the picture follows the music"""

    bl_label = "Motion"
    numbers = ("tempo_sensitivity", "pitch_sensitivity", "smooth_factor", "jitter", "truncation", "depth")


class CHROMASTRIP_PT_listening(NumbersPanel, bpy.types.Panel):
    """What in the sound drives what"""

    bl_label = "Listening"
    bl_options = {"DEFAULT_CLOSED"}
    numbers = ("split", "loud_notes", "beat", *(name for name in PARAMETERS if name.startswith(tuple(f"{band}_to_" for band in BANDS))))


class CHROMASTRIP_PT_markers(SequencerPanel, bpy.types.Panel):
    """What is heard, as markers"""

    bl_label = "Markers"
    bl_parent_id = "CHROMASTRIP_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the buttons, and say which markers count."""
        column = self.layout.column(align=True)
        column.operator("chromastrip.add_markers", text="Add Beats, Bars and Parts", icon="MARKER_HLT").kinds = set(KINDS)
        row = column.row(align=True)
        for kind, (label, _) in KINDS.items():
            row.operator("chromastrip.add_markers", text=label).kinds = {kind}
        column.operator("chromastrip.remove_markers", icon="X")
        scene = compat.edited_scene(context)
        strip = shown_strip(scene)
        if strip is not None and strip.type == "SOUND" and (count := len(beat_frames(scene, strip))):
            draw_lines(self.layout, context, (f"{count} markers are the beats of the next film.",), icon="INFO")


class CHROMASTRIP_PT_hand_over(SequencerPanel, bpy.types.Panel):
    """The edit, for other editors"""

    bl_label = "Hand-over"
    bl_parent_id = "CHROMASTRIP_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the buttons."""
        column = self.layout.column(align=True)
        column.operator("chromastrip.export", icon="EXPORT")
        column.operator("chromastrip.import_timeline", icon="IMPORT")


def _draw_film(layout: bpy.types.UILayout, context: bpy.types.Context, strip: bpy.types.ImageStrip) -> bpy.types.ImageStrip:
    row = layout.row()
    row.label(text=strip.name, icon="FILE_IMAGE")
    _draw_copy_buttons(row)
    state = noted_state(strip)
    first, end = shown_frames(strip)
    frames = "the whole film" if is_whole(strip) else f"frames {first} ... {end - 1} of the film"
    draw_lines(layout, context, (f"{state.value}; {frames}",), icon=STATE_ICONS[state])
    scene = compat.edited_scene(context)
    if is_out_of_sync(scene, strip):
        words = (f"Drawn for {float(Fraction(strip.chromastrip.fps)):.5g} fps: out of sync.", "Select its sound, and press Generate.")
        draw_lines(layout, context, words, icon="ERROR")
    return strip


def _draw_copy_buttons(row: bpy.types.UILayout) -> None:
    row = row.row(align=True)
    row.operator("chromastrip.copy_settings", text="", icon="COPYDOWN")
    row.operator("chromastrip.paste_settings", text="", icon="PASTEDOWN")


def _draw_source(layout: bpy.types.UILayout, context: bpy.types.Context) -> bpy.types.SoundStrip | None:
    try:
        strip = source_strip(compat.edited_scene(context))
    except UserError as error:
        draw_lines(layout, context, (error.cause, error.cure), icon="INFO")
        return None
    row = layout.row()
    row.label(text=strip.name, icon="SOUND")
    row.label(text=f"{compat.frame_count(strip)} frames")
    _draw_copy_buttons(row)
    _draw_cautions(layout, context, strip)
    return strip


def _draw_cautions(layout: bpy.types.UILayout, context: bpy.types.Context, strip: bpy.types.SoundStrip) -> None:
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


def _draw_progress(layout: bpy.types.UILayout) -> None:
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


def _draw_news(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    if (error := jobs.state.error) is not None:
        box = layout.box()
        draw_lines(box, context, (error.cause,), icon="ERROR")
        draw_lines(box, context, (error.cure,))
        box.operator("chromastrip.copy_error", icon="COPYDOWN")
    for note in jobs.state.notes:
        draw_lines(layout, context, (note,), icon="INFO")
