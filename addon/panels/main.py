"""The tab itself: what is selected, the button, and what became of it."""

import bpy

from .. import compat, engine_buttons, jobs
from ..presets import CHROMASTRIP_PT_presets, draw_styles
from ..sections import is_film, shown_strip
from .base import SequencerPanel
from .keeping import draw_elsewhere
from .progress import draw_news, draw_progress, draw_unfinished
from .source import draw_film, draw_range, draw_source


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
        is_drawn = strip is not None and is_film(strip)
        if is_drawn:
            draw_film(layout, context, strip)
        else:
            draw_source(layout, context)
        draw_range(layout, context)
        if strip is not None and strip == context.active_strip:
            header, body = layout.panel("chromastrip_styles", default_closed=False)
            header.label(text="Style")
            if body is not None:
                draw_styles(body)
        row = layout.row(align=True)
        row.scale_y = 1.5
        if is_drawn:
            row.operator("chromastrip.render", icon="RENDER_ANIMATION")
            row = layout.row(align=True)
            row.operator("chromastrip.render_stale", icon="FILE_REFRESH")
            row.operator("chromastrip.redo", icon="LOOP_BACK")
        else:
            row.operator("chromastrip.generate", icon="RENDER_ANIMATION")
            row.operator("chromastrip.preview", icon="FILE_MOVIE")
        if jobs.state.busy:
            draw_progress(layout)
        draw_unfinished(layout, context)
        draw_elsewhere(layout, context)
        draw_news(layout, context)
