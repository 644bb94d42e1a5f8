"""The words of the song: which line shows which thing, and when."""

import bpy

from ...core.protocol import LineThings
from .. import lyrics, thing_pictures
from ..lines import draw_lines
from ..properties import StripSettings
from .base import NumbersPanel

ROWS = 6


class CHROMASTRIP_UL_lines(bpy.types.UIList):
    """Lines of the song with their times and things"""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: StripSettings,
        _item: lyrics.LineItem,
        _icon: int,
        _active_data: object,
        _active_property: str,
        index: int = 0,
        _flags: int = 0,
    ) -> None:
        """Draw a line."""
        table = lyrics.rows(data.words)
        if index >= len(table):
            return
        row = table[index]
        parts = layout.split(factor=0.16)
        time = parts.row()
        time.active = False
        time.label(text=lyrics.clock(row.start_seconds) or "-")
        parts = parts.split(factor=0.58)
        parts.label(text=lyrics.label(row))
        parts.active = row.start_seconds is not None
        picture = 0 if row.is_pinned else thing_pictures.icon(row.things[0].class_id)
        parts.label(text=row.things[0].name, icon="PINNED" if row.is_pinned else "NONE", icon_value=picture)


class CHROMASTRIP_PT_lyrics(NumbersPanel, bpy.types.Panel):
    """What the words of the song show, and what leads where nobody sings"""

    bl_label = "Lyrics and Cues"
    bl_options = {"DEFAULT_CLOSED"}
    numbers = ("word_fade_seconds", "mood")

    def draw_settings(self, context: bpy.types.Context, strip: bpy.types.Strip, /) -> None:
        """Draw how the words become things, the table, and the selected line."""
        settings = strip.chromastrip
        column = self.layout.column()
        column.prop(settings, "lyrics_strategy")
        column.operator("chromastrip.find_words", icon="VIEWZOOM")
        _draw_sheet(self.layout)
        if settings.words:
            _draw_table(self.layout, context, settings)
        super().draw_settings(context, strip)


def draw_lyrics_source(layout: bpy.types.UILayout, settings: StripSettings) -> None:
    """Draw where the words come from, in one row."""
    row = layout.row(align=True)
    if settings.lyrics_source == "FILE":
        row.prop(settings, "lyrics_path", text="Lyrics", placeholder="None")
        row.operator("chromastrip.choose_lyrics", text="", icon="FILEBROWSER")
    else:
        row.prop_search(settings, "lyrics_text", bpy.data, "texts", text="Lyrics", icon="TEXT")
        row.operator("chromastrip.paste_lyrics", text="", icon="PASTEDOWN")
    row.prop(settings, "lyrics_source", text="", icon_only=True)


def _draw_sheet(layout: bpy.types.UILayout) -> None:
    """Draw the buttons of what the song itself directs."""
    column = layout.column(align=True)
    column.operator("chromastrip.direct", icon="SOUND")
    row = column.row(align=True)
    row.operator("chromastrip.cues_to_markers", icon="MARKER")
    row.operator("chromastrip.cues_from_markers", icon="MARKER_HLT")


def _draw_table(layout: bpy.types.UILayout, context: bpy.types.Context, settings: StripSettings) -> None:
    row = layout.row()
    row.template_list("CHROMASTRIP_UL_lines", "", settings, "lines", settings, "line", rows=ROWS)
    column = row.column(align=True)
    column.operator("chromastrip.remove_line", text="", icon="REMOVE")
    column.operator("chromastrip.pin_line", text="", icon="PINNED")
    column.separator()
    column.operator("chromastrip.go_to_line", text="", icon="NEXT_KEYFRAME")
    column.operator("chromastrip.untime_line", text="", icon="X")
    column.separator()
    column.operator("chromastrip.clear_words", text="", icon="TRASH")
    if any(one.start_seconds is None for one in lyrics.rows(settings.words)):
        draw_lines(layout, context, ("Some lines have no time: they show nothing yet.",), icon="INFO")
        layout.operator("chromastrip.spread_lines", icon="ALIGN_JUSTIFY")
    if (line := lyrics.selected(settings)) is not None:
        _draw_line(layout.box(), context, settings, line)


def _draw_line(layout: bpy.types.UILayout, context: bpy.types.Context, settings: StripSettings, line: LineThings) -> None:
    draw_lines(layout, context, (lyrics.label(line),), icon="SOUND" if line.part else "OUTLINER_OB_FONT")
    first, *others = line.things
    column = layout.column(align=True)
    column.operator("chromastrip.choose_line_thing", text=first.name, icon_value=thing_pictures.icon(first.class_id))
    if others:
        row = column.row(align=True)
        for thing in others:
            row.operator(
                "chromastrip.use_line_thing", text=thing.name, icon_value=thing_pictures.icon(thing.class_id)
            ).class_id = thing.class_id
    column = layout.column()
    column.operator("chromastrip.time_line", icon="TIME")
    if line.start_seconds is not None:
        column.prop(settings, "line_start", text="Begins")
        column.prop(settings, "line_end", text="Ends")
    column.prop(settings, "line_mood")
