"""Which Python runs the engine: what the user has chosen in the add-on's preferences."""

from pathlib import Path

import bpy

from ..core.protocol import UserError

PACKAGE = __name__.rsplit(".", 2)[0]  # bl_ext.<repository>.chromastrip: Blender's name for this add-on


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
