"""Sentences in Blender's interface, whose labels know only one line; and having it drawn again."""

import textwrap
from collections.abc import Iterable

import bpy

CHARACTERS_IN_A_PIXEL = 1 / 6.5  # of the interface's font, on average
MARGIN_PIXELS = 60
FEWEST_CHARACTERS = 20


def draw_lines(layout: bpy.types.UILayout, context: bpy.types.Context, sentences: Iterable[str], *, icon: str = "BLANK1") -> None:
    """Break sentences into as many labels as the region's width asks for."""
    pixels = context.region.width / context.preferences.system.ui_scale - MARGIN_PIXELS
    column = layout.column(align=True)
    for line in textwrap.wrap(" ".join(sentences), max(FEWEST_CHARACTERS, int(pixels * CHARACTERS_IN_A_PIXEL))):
        column.label(text=line, icon=icon)
        icon = "BLANK1"


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
