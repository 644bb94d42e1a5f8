"""The add-on's preferences: which Python runs the engine."""

import os
import sys
from pathlib import Path

import bpy

PACKAGE = __name__.rsplit(".", 2)[0]  # bl_ext.<repository>.chromastrip: Blender's name for this add-on


class Preferences(bpy.types.AddonPreferences):
    """Edit > Preferences > Add-ons > Chromastrip."""

    bl_idname = PACKAGE

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="The Python program in which the engine is installed. Empty: the one in your user data folder",
        subtype="FILE_PATH",
    )

    def draw(self, _context: bpy.types.Context) -> None:
        """Show the engine's Python, and whether it is there."""
        self.layout.use_property_split = True
        self.layout.prop(self, "engine_python", placeholder=str(default_engine_python()))
        if not engine_python().is_file():
            self.layout.label(text=f"There is no Python at {engine_python()}", icon="ERROR")


def engine_python() -> Path:
    """Give the Python that runs the engine: the user's choice, or the default place."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    chosen = addon.preferences.engine_python if addon else ""
    return Path(bpy.path.abspath(chosen)) if chosen else default_engine_python()


def default_engine_python() -> Path:
    """Give the place in the user's data folder, shared by all Blender versions."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "chromastrip" / "engine" / "Scripts" / "python.exe"
    data = Path.home() / "Library/Application Support" if sys.platform == "darwin" else Path.home() / ".local/share"
    return Path(os.environ.get("XDG_DATA_HOME") or data) / "chromastrip" / "engine" / "bin" / "python"
