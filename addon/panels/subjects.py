"""What shows: the lists of chosen and of excluded subjects."""

import bpy

from ...core.protocol import Model
from .. import thing_pictures, things
from ..lines import counted
from ..properties import StripSettings

ROWS = 3
NAMED = 2


class CHROMASTRIP_UL_things(bpy.types.UIList):
    """Things by name and kind, with pins"""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: things.ThingItem,
        _icon: int,
        _active_data: object,
        _active_property: str,
    ) -> None:
        """Draw a line."""
        known = things.known(item.name)
        _draw_name(layout, known, icon="NONE", kind=known.kind if known.classes else "Unknown")
        layout.prop(item, "is_pinned", text="", icon="PINNED" if item.is_pinned else "UNPINNED", emboss=False)


class CHROMASTRIP_UL_excluded_things(bpy.types.UIList):
    """Excluded things and kinds"""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: things.ThingItem,
        _icon: int,
        _active_data: object,
        _active_property: str,
    ) -> None:
        """Draw a line."""
        known = things.known(item.name, as_group=True)
        count = len(known.classes)
        _draw_name(layout, known, icon="CANCEL", kind=known.kind or (counted(count, "thing") if count else "Unknown"))


def _draw_name(layout: bpy.types.UILayout, known: things.Known, *, icon: str, kind: str) -> None:
    """Draw a name behind an icon; without one, behind the thing's picture."""
    row = layout.split(factor=0.6)
    picture = thing_pictures.icon(min(known.classes)) if icon == "NONE" and known.classes else 0
    row.label(text=known.label, icon=icon if known.classes else "ERROR", icon_value=picture)
    row = row.row(align=True)
    row.active = False
    row.label(text=kind)


class CHROMASTRIP_MT_things(bpy.types.Menu):
    """Order the list, exclude from it, empty it"""

    bl_label = "Subjects"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the rarer buttons."""
        layout = self.layout
        layout.operator("chromastrip.move_thing", text="Move Up", icon="TRIA_UP").step = -1
        layout.operator("chromastrip.move_thing", text="Move Down", icon="TRIA_DOWN").step = 1
        layout.separator()
        layout.operator("chromastrip.exclude_thing", icon="CANCEL")
        layout.operator("chromastrip.clear_things", icon="TRASH")


def summary(settings: StripSettings) -> str:
    """Say what shows, in the few words that a closed list has room for."""
    names = [item.name for item in settings.things]
    if not names:
        return "Subjects: as the song goes"
    return f"Subjects: {', '.join(names[:NAMED])}{f' and {len(names) - NAMED} more' if len(names) > NAMED else ''}"


def draw_subjects(layout: bpy.types.UILayout, settings: StripSettings) -> None:
    """Draw the chosen things, in as many rows whether some are chosen or none."""
    column = layout.column()
    column.active = settings.model != Model.SYNC_CARD
    row = column.row()
    row.template_list("CHROMASTRIP_UL_things", "", settings, "things", settings, "thing", rows=ROWS, maxrows=ROWS)
    buttons = row.column(align=True)
    _draw_add_and_remove(buttons, "classes")
    buttons.menu("CHROMASTRIP_MT_things", text="", icon="DOWNARROW_HLT")
    if len(settings.things) > things.MOST:
        column.label(text=f"{len(settings.things)} things: a film takes {things.MOST} at the most", icon="ERROR")
    row = column.row(align=True)
    row.operator("chromastrip.shuffle_things", icon="FILE_REFRESH")
    row.operator("chromastrip.fill_things", icon="PRESET")


def draw_excluded(layout: bpy.types.UILayout, settings: StripSettings) -> None:
    """Draw the excluded things, folded."""
    header, body = layout.panel("chromastrip_excluded", default_closed=True)
    header.label(text=f"Excluded: {len(settings.excluded_things)}" if settings.excluded else "Excluded")
    if body is None:
        return
    row = body.row()
    row.template_list(
        "CHROMASTRIP_UL_excluded_things", "", settings, "excluded_things", settings, "excluded_thing", rows=ROWS, maxrows=ROWS
    )
    _draw_add_and_remove(row.column(align=True), "excluded")


def _draw_add_and_remove(column: bpy.types.UILayout, which: str) -> None:
    column.operator("chromastrip.add_thing", text="", icon="ADD").list = which
    column.operator("chromastrip.remove_thing", text="", icon="REMOVE").list = which
