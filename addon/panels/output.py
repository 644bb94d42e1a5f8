"""How the pictures fill the frame, what files they are and where they lie."""

import bpy

from .. import compat, farm, fitting
from ..lines import draw_lines
from ..sections import is_film
from ..strips import frames_folder
from .base import StripPanel


class CHROMASTRIP_PT_output(StripPanel, bpy.types.Panel):
    """How the pictures fill the frame, what files they are and where they lie"""

    bl_label = "Output"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_settings(self, context: bpy.types.Context, strip: bpy.types.Strip, /) -> None:
        """Draw what counts for this strip, then what counts for the scene's next films."""
        scene = compat.edited_scene(context)
        self.layout.prop(strip.chromastrip, "fit")
        self.layout.prop(strip.chromastrip, "upscale")
        if strip.chromastrip.upscale != "1":
            self.layout.prop(strip.chromastrip, "upscaler", placeholder="Lanczos")
        if is_film(strip):
            self._draw_film(context, scene, strip)
        else:
            column = self.layout.column()
            column.prop(scene.chromastrip, "picture_format")
            column.prop(scene.chromastrip, "folder", placeholder="Beside the .blend")
            self.layout.operator("chromastrip.render_on_farm", icon="EXPORT")
            if folder := farm.written.get(strip.name):
                draw_folder(self.layout, folder)

    def _draw_film(self, context: bpy.types.Context, scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> None:
        if fitting.is_for_another_frame(scene, strip):
            draw_lines(self.layout, context, ("The scene's resolution has changed since the pictures were fitted.",), icon="INFO")
        self.layout.operator("chromastrip.apply_fit", icon="FULLSCREEN_ENTER")
        self.layout.operator("chromastrip.set_scene_range", icon="PREVIEW_RANGE")
        draw_folder(self.layout, strip.directory, opened=str(frames_folder(strip)))


def draw_folder(layout: bpy.types.UILayout, folder: str, *, opened: str = "") -> None:
    """Name a folder, with a button that opens it."""
    row = layout.row()
    row.label(text=folder)
    row.operator("wm.path_open", text="", icon="FILE_FOLDER").filepath = opened or folder
