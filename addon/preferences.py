"""The add-on's preferences: which Python runs the engine, and the models on this machine."""

import bpy

from . import model_list
from .engine import PACKAGE


class Preferences(bpy.types.AddonPreferences):
    """Edit > Preferences > Add-ons > Chromastrip."""

    bl_idname = PACKAGE

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="The Python program in which the engine's packages are installed",
        subtype="FILE_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Show the engine's Python, and the models."""
        column = self.layout.column()
        column.use_property_split = True
        column.prop(self, "engine_python", placeholder=".venv/worker/bin/python")
        model_list.draw(self.layout, context, engine_is_set=bool(self.engine_python))
