"""What draws, and how."""

import bpy

from ...core.protocol import Model
from .. import model_list, models, shapes
from ..presets import draw_embedded_models
from ..properties import SIZED, StripSettings
from ..sections import is_film, is_whole
from .base import StripPanel
from .subjects import draw_excluded


class CHROMASTRIP_PT_look(StripPanel, bpy.types.Panel):
    """What draws, and how"""

    bl_label = "Look"

    def draw_settings(self, context: bpy.types.Context, strip: bpy.types.Strip, /) -> None:
        """Draw the network's settings, and what else decides how pictures look."""
        settings = strip.chromastrip
        column = self.layout.column()
        network = column.column()
        network.enabled = not is_of_its_film(strip)
        draw_embedded_models(network, settings)
        network.prop(settings, "model")
        if settings.model in SIZED:
            network.prop(settings, "size")
        if settings.model == Model.OWN:
            network.prop(settings, "own_model")
        model_list.draw_absent(column, context, models.network_of(settings))
        if settings.model != Model.SYNC_CARD and shapes.is_widened(settings):
            network.prop(settings, "widening")
        column.prop(settings, "look")
        row = column.row()
        row.enabled = not is_of_its_film(strip)
        row.prop(settings, "loop")
        row = column.row()
        row.active = not settings.classes  # as many as are chosen
        row.prop(settings, "class_count")
        column.prop(settings, "limit_flashes")
        draw_excluded(self.layout, settings)


def is_of_its_film(strip: bpy.types.Strip) -> bool:
    """Say whether a strip is a piece, which has its film's network and shape."""
    return is_film(strip) and not is_whole(strip)


def draw_shape(layout: bpy.types.UILayout, settings: StripSettings) -> None:
    """Draw in what shape pictures are drawn."""
    if not settings.film:
        layout.prop(settings, "shape")
    if settings.film or settings.shape == shapes.OTHER:
        layout.prop(settings, "aspect")
