"""Scenes that are found again though they were renamed: a film is drawn for minutes, and the user goes on working."""

import bpy

from ..core.protocol import UserError

_uids: dict[str, int] = {}  # by the name that a scene had when it was noted


def noted_name(scene: bpy.types.Scene) -> str:
    """Give a scene's name, to `find` the scene by until Blender ends."""
    _uids[scene.name] = scene.session_uid
    return scene.name


def find(name: str) -> bpy.types.Scene | None:
    """Find the scene that was noted under a name; in a file that was opened since, the one that has it."""
    uid = _uids.get(name)
    noted = (scene for scene in bpy.data.scenes if scene.session_uid == uid)
    return next(noted, None) or bpy.data.scenes.get(name)


def find_strip(scene_name: str, strip_name: str) -> bpy.types.Strip | None:
    """Find a strip by its name, after however long a wait."""
    scene = find(scene_name)
    return scene.sequence_editor.strips_all.get(strip_name) if scene is not None and scene.sequence_editor is not None else None


def check_own(scene: bpy.types.Scene) -> None:
    """Refuse a scene of another file, in which nothing can be kept.

    Raises
    ------
    UserError
        If the scene is linked.
    """
    if scene.library is not None:
        raise UserError(f"This scene is linked from {scene.library.filepath}.", "Open that file to draw for it.")


def why_not_own(scene: bpy.types.Scene) -> str:
    """Say the same for a greyed button; empty: it is this file's own."""
    try:
        check_own(scene)
    except UserError as error:
        return f"{error.cause} {error.cure}".rstrip(".")
    return ""
