"""What draws, and what shows."""

import bpy

from ...core.protocol import Model
from .. import model_list, models, shapes, things
from ..properties import SIZED, StripSettings
from ..sections import is_film, is_whole
from .base import StripPanel

ROWS = 4
FEWEST_ROWS = 3


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
        row = layout.split(factor=0.6)
        row.label(text=known.label, icon="BLANK1" if known.classes else "ERROR")
        row = row.row(align=True)
        row.active = False
        row.label(text=known.kind if known.classes else "Unknown")
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
        row = layout.split(factor=0.6)
        row.label(text=known.label, icon="CANCEL" if known.classes else "ERROR")
        row = row.row()
        row.active = False
        count = len(known.classes)
        row.label(text=known.kind or (f"{count} things" if count else "Unknown"))


class CHROMASTRIP_PT_look(StripPanel, bpy.types.Panel):
    """What draws, and what shows"""

    bl_label = "Look"

    def draw_settings(self, context: bpy.types.Context, strip: bpy.types.Strip, /) -> None:
        """Draw the network's settings and the classes'."""
        settings = strip.chromastrip
        column = self.layout.column()
        network = column.column()
        network.enabled = not is_film(strip) or is_whole(strip)  # a piece has those of its film
        network.prop(settings, "model")
        if settings.model in SIZED:
            network.prop(settings, "size")
        if settings.model == Model.OWN:
            network.prop(settings, "own_model")
        model_list.draw_absent(column, context, models.network_of(settings))
        _draw_shape(network, settings)
        column.prop(settings, "look")
        column.prop(settings, "seed")
        row = column.row()
        row.active = not settings.classes  # as many as are chosen
        row.prop(settings, "class_count")
        _draw_things(self.layout, settings)
        self.layout.prop(settings, "limit_flashes")


def _draw_shape(layout: bpy.types.UILayout, settings: StripSettings) -> None:
    """Draw in what shape pictures are drawn, and how large that makes them."""
    if not settings.film:
        layout.prop(settings, "shape")
    if settings.film or settings.shape == shapes.OTHER:
        layout.prop(settings, "aspect")
    if settings.model != Model.SYNC_CARD and shapes.is_widened(settings):
        layout.prop(settings, "widening")
    if size := shapes.described(settings):
        layout.label(text=size)


def _draw_things(layout: bpy.types.UILayout, settings: StripSettings) -> None:
    """Draw the chosen things, and, folded, the excluded ones."""
    column = layout.column()
    column.active = settings.model != Model.SYNC_CARD
    row = column.row()
    row.template_list("CHROMASTRIP_UL_things", "", settings, "things", settings, "thing", rows=ROWS if settings.classes else FEWEST_ROWS)
    _draw_list_buttons(row.column(align=True))
    if not settings.classes:
        column.label(text="None chosen: the seed chooses", icon="INFO")
    elif len(settings.things) > things.MOST:
        column.label(text=f"{len(settings.things)} things: a film takes {things.MOST} at the most", icon="ERROR")
    row = column.row(align=True)
    row.operator("chromastrip.shuffle_things", icon="FILE_REFRESH")
    row.operator("chromastrip.fill_things", icon="PRESET")
    header, body = column.panel("chromastrip_excluded", default_closed=True)
    header.label(text=f"Excluded: {len(settings.excluded_things)}" if settings.excluded else "Excluded")
    if body is not None:
        _draw_excluded(body, settings)


def _draw_list_buttons(column: bpy.types.UILayout) -> None:
    column.operator("chromastrip.add_thing", text="", icon="ADD").list = "classes"
    column.operator("chromastrip.remove_thing", text="", icon="REMOVE").list = "classes"
    column.separator()
    column.operator("chromastrip.move_thing", text="", icon="TRIA_UP").step = -1
    column.operator("chromastrip.move_thing", text="", icon="TRIA_DOWN").step = 1
    column.separator()
    column.operator("chromastrip.exclude_thing", text="", icon="CANCEL")
    column.operator("chromastrip.clear_things", text="", icon="TRASH")


def _draw_excluded(layout: bpy.types.UILayout, settings: StripSettings) -> None:
    row = layout.row()
    row.template_list("CHROMASTRIP_UL_excluded_things", "", settings, "excluded_things", settings, "excluded_thing", rows=FEWEST_ROWS)
    column = row.column(align=True)
    column.operator("chromastrip.add_thing", text="", icon="ADD").list = "excluded"
    column.operator("chromastrip.remove_thing", text="", icon="REMOVE").list = "excluded"
