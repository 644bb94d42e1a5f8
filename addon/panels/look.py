"""What draws, and what shows."""

import bpy

from ...core.protocol import Model
from ..properties import SIZED
from ..sections import is_film, is_whole
from .base import StripPanel


class CHROMASTRIP_PT_look(StripPanel, bpy.types.Panel):
    """What draws, and what shows"""

    bl_label = "Look"

    def draw_settings(self, _context: bpy.types.Context, strip: bpy.types.Strip, /) -> None:
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
        column.prop(settings, "look")
        column.prop(settings, "classes")
        row = column.row()
        row.active = not settings.classes  # as many as are chosen
        row.prop(settings, "class_count")
        column.prop(settings, "seed")
        column.prop(settings, "limit_flashes")
