"""What is to be told, in a place of fixed height: nothing below it moves while a film is drawn or when a notice comes.

The box shows how the job goes, else the first message, in so many rows; all messages, whole and with all their buttons, are one click away.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import bpy

from ...core.protocol import PUBLISHED_MODELS, SENTENCE_MODEL, UserError
from .. import compat, job_list, jobs, model_list, pace, scene_range, shapes
from ..keeping import moving
from ..lines import counted, draw_in_rows, draw_lines
from ..sections import State, is_film, is_out_of_sync, noted_state, shown_strip
from ..sound_shift import frames_late
from ..strips import drawn_fps, heard_with, scene_fps, source_strip
from .progress import draw_job, draw_queue

ROWS = 3
"""Of text, above one row of buttons."""
WIDTH = 20  # of the pop-over, in Blender's units


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is told.

    Parameters
    ----------
    sentences
        In full.
    icon
        How it is marked.
    draw_buttons
        Draws what can be done about it, into one row.
    """

    sentences: tuple[str, ...]
    icon: str = "INFO"
    draw_buttons: Callable[[bpy.types.UILayout], None] | None = None


class CHROMASTRIP_PT_messages(bpy.types.Panel):
    """All that is to be told, and the films that wait"""

    bl_label = "Messages"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "HEADER"
    bl_options = {"INSTANCED"}
    bl_ui_units_x = WIDTH

    def draw(self, context: bpy.types.Context) -> None:
        """Draw them in full."""
        draw_queue(self.layout)
        for message in messages(context):
            box = self.layout.box()
            draw_lines(box, context, message.sentences, icon=message.icon)
            if message.draw_buttons is not None:
                message.draw_buttons(box.row(align=True))


def draw_status(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the box: three rows of text and one of buttons, whatever there is to tell."""
    told = messages(context)
    column = layout.box().column(align=True)
    if jobs.state.busy:
        draw_job(column, rows=ROWS)
        buttons = column.row(align=True)
        buttons.operator("chromastrip.cancel", icon="CANCEL", text="Cancelling" if jobs.state.cancelling else "Cancel")
        if jobs.state.waiting:
            buttons.operator("chromastrip.cancel_all")
        hidden = bool(told or jobs.state.waiting)
    else:
        coming = _what_comes(context)
        first = told[0] if told else Message(sentences=coming[:1])
        fits = draw_in_rows(column, context, first.sentences, rows=ROWS, icon=first.icon)
        buttons = column.row(align=True)
        (first.draw_buttons or partial(_draw_words, coming[-1]))(buttons)
        hidden = len(told) > 1 or not fits
    if hidden:
        buttons.popover("CHROMASTRIP_PT_messages", text="", icon="DOWNARROW_HLT")


def _draw_words(words: str, row: bpy.types.UILayout) -> None:
    row.label(text=words)


def _what_comes(context: bpy.types.Context) -> tuple[str, str]:
    """Say how large pictures will be, and how long a sound's film may take."""
    scene = compat.edited_scene(context)
    strip = shown_strip(scene)
    if scene is None or strip is None:
        return "", ""
    return shapes.described(strip.chromastrip), "" if is_film(strip) else pace.expected(scene, strip)


# What is told ---------------------------------------------------------------------------------------------------------------------------


def messages(context: bpy.types.Context) -> list[Message]:
    """Give all that is to be told, the most urgent first."""
    scene = compat.edited_scene(context)
    strip = shown_strip(scene)
    of_strip = _of_film(scene, strip) if strip is not None and is_film(strip) else _of_source(scene)
    return [*_of_jobs(context), *of_strip, *_of_range(scene), *_of_files()]


def _of_jobs(context: bpy.types.Context) -> Iterator[Message]:
    state, films = jobs.state, job_list.state.offered
    if (error := jobs.shown_error()) is not None:
        yield Message(sentences=(error.cause, error.cure), icon="ERROR", draw_buttons=partial(_draw_error_buttons, context, error))
    if state.notes:
        yield Message(sentences=state.notes, draw_buttons=_draw_dismiss)
    if films:
        more = f" and {len(films) - 1} more" if len(films) > 1 else ""
        yield Message(sentences=(f"Not drawn to the end: “{films[0].request.name}”{more}",), draw_buttons=_draw_unfinished)


def _of_film(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> Iterator[Message]:
    if is_out_of_sync(scene, strip):
        drawn, now = (f"{float(fps):.5g} fps" for fps in (drawn_fps(strip), scene_fps(scene)))
        words = (f"Drawn for {drawn}; the scene has {now} now.", "Render draws it again, in sync with its sound.")
        yield Message(sentences=words, icon="ERROR")
    if late := frames_late(strip):
        where = f"{counted(abs(late), 'frame')} {'after' if late > 0 else 'before'}"
        words = (f"It lies {where} its sound, and no longer fits it.", "Move it back, or press Generate with the sound selected.")
        yield Message(sentences=words, icon="ERROR")
    if noted_state(strip) == State.UNFITTED:
        yield Message(sentences=(f"{State.UNFITTED.value}.",), icon="FULLSCREEN_ENTER", draw_buttons=_draw_apply_fit)


def _of_range(scene: bpy.types.Scene | None) -> Iterator[Message]:
    """Say that the scene ends before the film, where it has the range that Blender gave it, and offer the film's."""
    if scene is not None and (reason := scene_range.why_cut_off(scene)):
        yield Message(sentences=(reason,), draw_buttons=_draw_set_range)


def _of_source(scene: bpy.types.Scene) -> Iterator[Message]:
    try:
        strip = source_strip(scene)
    except UserError:
        return  # said above, in the sound's place
    if scene.view_settings.view_transform not in ("Standard", "Raw"):
        words = "This scene's view transform changes the pictures' colours."
        yield Message(sentences=(words,), icon="ERROR", draw_buttons=_draw_standard_view)
    if len(heard_with(scene, strip)) > 1:
        yield Message(sentences=(f"The settings are those of “{strip.name}”.",))
    if strip.mute:
        yield Message(sentences=(f"“{strip.name}” is muted. The film follows it all the same; to hear it, unmute it (Alt H).",))


def _of_files() -> Iterator[Message]:
    if bpy.data.is_saved and moving.state.elsewhere:
        words = f"{counted(len(moving.state.elsewhere), 'film', 'of this file lie')} in another folder."
        yield Message(sentences=(words,), draw_buttons=_draw_elsewhere)
    if not bpy.data.is_saved:
        yield Message(sentences=("Not saved yet: frames go to your cache folder. Save first to keep them beside the .blend.",))


# What can be done about it --------------------------------------------------------------------------------------------------------------


def _draw_error_buttons(context: bpy.types.Context, error: UserError, row: bpy.types.UILayout) -> None:
    if error.missing == SENTENCE_MODEL:
        row.operator("chromastrip.download_sentence_model", icon="IMPORT")
    elif error.missing in PUBLISHED_MODELS:
        model_list.draw_download(row, context, error.missing)
    elif job_list.state.offered:
        row.operator("chromastrip.go_on_drawing", icon="PLAY")
    row.operator("chromastrip.copy_error", icon="COPYDOWN")
    _draw_dismiss(row)


def _draw_dismiss(row: bpy.types.UILayout) -> None:
    row.operator("chromastrip.dismiss", text="" if jobs.shown_error() else "Dismiss", icon="X")


def _draw_apply_fit(row: bpy.types.UILayout) -> None:
    row.operator("chromastrip.apply_fit", icon="FULLSCREEN_ENTER")


def _draw_set_range(row: bpy.types.UILayout) -> None:
    row.operator("chromastrip.set_scene_range", icon="PREVIEW_RANGE")


def _draw_standard_view(row: bpy.types.UILayout) -> None:
    row.operator("chromastrip.use_standard_view")


def _draw_unfinished(row: bpy.types.UILayout) -> None:
    row.operator("chromastrip.go_on_drawing", icon="PLAY")
    row.operator("chromastrip.insert_finished_frames", text="Insert Finished", icon="FILE_IMAGE")
    row.operator("chromastrip.dismiss_unfinished", text="", icon="X")


def _draw_elsewhere(row: bpy.types.UILayout) -> None:
    row.operator("chromastrip.move_frames_here", text="Move Frames Here", icon="FILE_PARENT")
    row.operator("chromastrip.copy_frames_here", text="Copy Frames Here", icon="COPYDOWN")
