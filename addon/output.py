"""What a scene says about the files of its films: in which folder they go, and of what kind they are."""

import os
from pathlib import Path

import bpy

from ..core.protocol import PictureFormat

AS_PREFERENCES = "preferences"


class SceneOutput(bpy.types.PropertyGroup):
    """Where the films of a scene go. Counts for those that are drawn from now on."""

    folder: bpy.props.StringProperty(
        name="Folder",
        description="Where frames go, each film into a folder of its own. Empty: the folder chromastrip beside the .blend",
        subtype="DIR_PATH",
        options={"PATH_SUPPORTS_BLEND_RELATIVE"},
    )
    picture_format: bpy.props.EnumProperty(
        name="Frames",
        description="What files the frames of the next films are; a piece that is drawn again has those of its film",
        items=(
            (AS_PREFERENCES, "As in Preferences", "What the add-on's preferences say"),
            (PictureFormat.PNG.value, "PNG", "Without loss: for editing"),
            (PictureFormat.JPEG.value, "JPEG", "A third of the size, with a loss that is hardly seen"),
            (PictureFormat.WEBP.value, "WebP", "Without loss and smaller, but few other editors read it"),
        ),
        default=AS_PREFERENCES,
        options=set(),
    )


def chosen_folder(scene: bpy.types.Scene | None) -> Path | None:
    """Give the folder that the user has chosen for a scene; None: the one beside the .blend."""
    if scene is None or not scene.chromastrip.folder.strip():
        return None
    return Path(os.path.normpath(bpy.path.abspath(scene.chromastrip.folder, library=scene.library)))


def register() -> None:
    """Give every scene its settings."""
    bpy.types.Scene.chromastrip = bpy.props.PointerProperty(type=SceneOutput)


def unregister() -> None:
    """Take them back."""
    del bpy.types.Scene.chromastrip
