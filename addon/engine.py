"""How the engine runs: what the user has chosen in the add-on's preferences."""

from pathlib import Path

import bpy

from ..core.protocol import Machine, PictureFormat, Precision, UserError
from . import folders

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


def machine() -> Machine:
    """Give what shall draw."""
    chosen = bpy.context.preferences.addons[PACKAGE].preferences
    return Machine(device=chosen.device, precision=Precision(chosen.precision), cache_folder=str(folders.user_cache_folder()))


def picture_format() -> PictureFormat:
    """Give what files frames shall be."""
    return PictureFormat(bpy.context.preferences.addons[PACKAGE].preferences.picture_format)
