"""Where files live: in the folder that the scene names, beside the .blend, or in the user's cache folder while it is unsaved."""

import contextlib
import os
import sys
import uuid
from pathlib import Path

import bpy

from ..core.protocol import UserError
from . import compat, output


def base_folder(scene: bpy.types.Scene | None = None) -> Path:
    """Give the folder that holds all of the add-on's files for a scene of the open .blend; without one, for the scene that is edited."""
    if (chosen := output.chosen_folder(scene or compat.edited_scene(bpy.context))) is not None:
        return chosen
    if bpy.data.is_saved:
        return Path(bpy.path.abspath("//")) / "chromastrip"
    return user_cache_folder() / "unsaved"


def user_cache_folder() -> Path:
    """Give the user's cache folder for this add-on."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "chromastrip" / "cache"
    cache = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or cache) / "chromastrip"


def of_project(scene: bpy.types.Scene) -> tuple[str, ...]:
    """Give the folders whose files belong to the project: the .blend's, that of the scene's films, and the user's cache."""
    blend = (bpy.path.abspath("//"),) if bpy.data.is_saved else ()
    return (*blend, str(base_folder(scene)), str(user_cache_folder()))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    temporary = path.with_name(f".writing-{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.", "Save the .blend in a folder that you may write to.") from error
    finally:
        with contextlib.suppress(OSError):  # a disk that may only be read says so even of a file that is not there
            temporary.unlink()
