"""The tab itself: what is selected, what a first film needs, the button, and what became of it."""

import bpy

from .. import compat, engine_buttons
from ..presets import CHROMASTRIP_PT_presets, draw_styles
from ..sections import is_film, shown_strip
from .base import SequencerPanel
from .look import draw_shape, is_of_its_film
from .lyrics import draw_lyrics_source
from .source import draw_film, draw_source
from .status import draw_status
from .subjects import draw_subjects, summary


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
            engine_buttons.draw_in_sidebar(layout, context)
        strip = shown_strip(compat.edited_scene(context))
        if strip is not None and is_film(strip):
            draw_film(layout, strip)
        else:
            draw_source(layout, context)
        if strip is not None:
            _draw_choices(layout, context, strip)
        _draw_buttons(layout, strip)
        draw_status(layout, context)


def _draw_choices(layout: bpy.types.UILayout, context: bpy.types.Context, strip: bpy.types.Strip) -> None:
    """Draw what a first film needs: style, subjects, lyrics, seed, shape."""
    settings = strip.chromastrip
    header, body = layout.panel("chromastrip_styles", default_closed=False)
    header.label(text="Style")
    if body is not None:
        body.enabled = strip == context.active_strip  # presets are executed for that one
        draw_styles(body)
    header, body = layout.panel("chromastrip_subjects", default_closed=True)  # else Generate is off a small screen
    header.label(text=summary(settings))
    if body is not None:
        draw_subjects(body, settings)
    column = layout.column()
    draw_lyrics_source(column, settings)
    column.prop(settings, "seed")
    network = column.column()
    network.enabled = not is_of_its_film(strip)
    draw_shape(network, settings)


def _draw_buttons(layout: bpy.types.UILayout, strip: bpy.types.Strip | None) -> None:
    row = layout.row(align=True)
    row.scale_y = 1.5
    if strip is None or not is_film(strip):
        row.operator("chromastrip.generate", icon="RENDER_ANIMATION")
        row.operator("chromastrip.preview", icon="FILE_MOVIE")
        return
    row.operator("chromastrip.render", icon="RENDER_ANIMATION")
    row = layout.row(align=True)
    row.operator("chromastrip.render_stale", icon="FILE_REFRESH")
    row.operator("chromastrip.redo", icon="LOOP_BACK")
