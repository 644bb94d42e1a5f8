"""How a button says why it is greyed, and how it asks for a file."""

import os
from pathlib import Path

import bpy


def may(operator: type[bpy.types.Operator], reason: str) -> bool:
    """Answer a poll: a reason greys the button, and says why."""
    if reason:
        operator.poll_message_set(reason)
    return not reason


def why_not_online() -> str:
    """Say why nothing can be downloaded; empty: it can."""
    return "" if bpy.app.online_access else "Blender may not go online. Turn on Allow Online Access in Preferences > System > Network"


def choose_file(operator: bpy.types.Operator, context: bpy.types.Context, *, near: str = "") -> set[str]:
    """Let the user choose a file for `operator.filepath`; give what its `invoke` returns.

    Parameters
    ----------
    operator
        With a property `filepath`.
    context
        Where it was pressed.
    near
        A file or folder beside which to look first; empty: the .blend. No name is offered: Blender would offer the .blend's.
    """
    place = Path(bpy.path.abspath(near or bpy.data.filepath or "//"))
    folder = place if near.endswith(os.sep) else place.parent
    operator.filepath = str(folder) + os.sep if place.is_absolute() else ""
    context.window_manager.fileselect_add(operator)
    return {"RUNNING_MODAL"}
