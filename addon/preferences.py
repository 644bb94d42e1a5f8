"""The add-on's preferences: which Python runs the engine."""

from pathlib import Path

import bpy

from ..core.protocol import UserError

PACKAGE = __name__.rsplit(".", 2)[0]  # bl_ext.<repository>.chromastrip: Blender's name for this add-on


class Preferences(bpy.types.AddonPreferences):
    """Edit > Preferences > Add-ons > Chromastrip."""

    bl_idname = PACKAGE

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="The Python program in which the engine's packages are installed",
        subtype="FILE_PATH",
    )

    def draw(self, _context: bpy.types.Context) -> None:
        """Show the engine's Python."""
        self.layout.use_property_split = True
        self.layout.prop(self, "engine_python", placeholder=".venv/worker/bin/python")


def engine_python() -> Path:
    """Give the Python that runs the engine.

    Raises
    ------
    UserError
        If the user has not chosen one.
    """
    addon = bpy.context.preferences.addons.get(PACKAGE)
    chosen = addon.preferences.engine_python if addon else ""
    if not chosen:
        raise UserError(
            "The engine is not set up.",
            "Set Engine Python in Edit > Preferences > Add-ons > Chromastrip (`python3 dev.py setup` makes one).",
        )
    return Path(bpy.path.abspath(chosen))
