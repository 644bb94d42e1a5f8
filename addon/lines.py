"""Sentences in Blender's interface, whose labels know only one line; and having it drawn again."""

import textwrap
from collections.abc import Iterable

import bpy

CHARACTERS_IN_A_PIXEL = 1 / 6.5  # of the interface's font, on average
MARGIN_PIXELS = 60
FEWEST_CHARACTERS = 20


def draw_lines(layout: bpy.types.UILayout, context: bpy.types.Context, sentences: Iterable[str], *, icon: str = "BLANK1") -> None:
    """Break sentences into as many labels as the region's width asks for."""
    _draw_rows(layout, textwrap.wrap(" ".join(sentences), _width(context)), icon)


def draw_in_rows(layout: bpy.types.UILayout, context: bpy.types.Context, sentences: Iterable[str], *, rows: int, icon: str) -> bool:
    """Break sentences into just so many labels, so that nothing below them moves; say whether all of them found room."""
    text = " ".join(sentences)
    lines = textwrap.wrap(text, _width(context), max_lines=rows, placeholder=" …")
    _draw_rows(layout, lines + [""] * (rows - len(lines)), icon if text else "NONE")
    return len(textwrap.wrap(text, _width(context))) <= rows


def _width(context: bpy.types.Context) -> int:
    pixels = context.region.width / context.preferences.system.ui_scale - MARGIN_PIXELS
    return max(FEWEST_CHARACTERS, int(pixels * CHARACTERS_IN_A_PIXEL))


def _draw_rows(layout: bpy.types.UILayout, lines: Iterable[str], icon: str) -> None:
    column = layout.column(align=True)
    for line in lines:
        column.label(text=line, icon=icon)
        icon = "BLANK1"


def counted(count: int, what: str, verb: str = "") -> str:
    """Say how many, with the right end, and a verb that agrees: 1 film lies, 2 films lie."""
    number = f"{count} {what}{'' if count == 1 else 's'}"
    return f"{number} {verb}{'s' if count == 1 else ''}" if verb else number


def redraw_sidebars() -> None:
    """Have panel, preferences and status bar drawn again, and no more: waveforms and thumbnails cost time that the worker could use."""
    for window in bpy.context.window_manager.windows:
        _redraw_status_bar(window)
        for area in window.screen.areas:
            if area.type == "SEQUENCE_EDITOR":
                next(region for region in area.regions if region.type == "UI").tag_redraw()
            elif area.type == "PREFERENCES":
                area.tag_redraw()


def _redraw_status_bar(window: bpy.types.Window) -> None:
    """Have it drawn by Blender's only means, which takes away what a running tool has written there: so not then."""
    if not window.modal_operators:
        with bpy.context.temp_override(window=window):
            window.workspace.status_text_set_internal(None)
