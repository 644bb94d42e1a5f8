"""A sequencer to run Blender's operators in, which do in a moment what takes a second from Python: one on the screen, else one lent."""

import contextlib
from collections.abc import Generator
from typing import Any

import bpy

from . import compat

Override = dict[str, Any]


def sequencer_of(context: bpy.types.Context, scene: bpy.types.Scene) -> Override | None:
    """Give what an operator of the sequencer must be told to run in one that edits this scene; None if there is none on the screen."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "SEQUENCE_EDITOR" and area.spaces.active.view_type != "PREVIEW" and compat.scene_in(window) == scene:
                return _override(window, area, scene)
    return None


@contextlib.contextmanager
def lent(context: bpy.types.Context, scene: bpy.types.Scene) -> Generator[Override | None]:
    """Give one that is on the screen, else let an area be one until the end of the block; None where no area can be had.

    Nothing is drawn meanwhile. A window in which a tool is at work is left alone: the tool may hold on to its area.
    """
    found = sequencer_of(context, scene)
    window = next((window for window in context.window_manager.windows if not window.modal_operators and window.screen.areas), None)
    if found is not None or window is None:
        yield found
        return
    area = min(window.screen.areas, key=lambda area: area.width * area.height)
    kind, edited = area.ui_type, compat.scene_in(window)
    area.type = "SEQUENCE_EDITOR"
    view, area.spaces.active.view_type = area.spaces.active.view_type, "SEQUENCER"
    compat.edit_in(window, scene)
    try:
        yield _override(window, area, scene)
    finally:
        compat.edit_in(window, edited)
        area.spaces.active.view_type = view
        area.ui_type = kind


def _override(window: bpy.types.Window, area: bpy.types.Area, scene: bpy.types.Scene) -> Override:
    region = next(region for region in area.regions if region.type == "WINDOW")
    return {"window": window, "area": area, "region": region, "scene": scene}


def only_known(operator: Any, **options: object) -> dict[str, object]:
    """Leave out the options that this Blender's operator does not have yet."""
    known = operator.get_rna_type().properties.keys()
    return {name: value for name, value in options.items() if name in known}


def not_moving(operator: Any) -> dict[str, bool]:
    """Give the option that keeps an operator from handing the strips that it has added to the mouse.

    Without a window that handing over ends Blender. The option is `move_strips` in 5.0, `move_strips_after_add` since 5.3: it is looked
    up by its beginning, since an option that is left out under a new name would be on.
    """
    known = operator.get_rna_type().properties.keys()
    return {name: False for name in known if name.startswith("move_strips")}
