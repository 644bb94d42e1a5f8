"""Blender's prefetching, kept out of the way of what the timer changes.

A thread of Blender's reads frames ahead of the playhead, and whatever changes a strip waits until it has ended its frame: 0.4 s on two busy
cores. Switched off a little before, it has ended by then, and the change takes a fraction of a millisecond. The switch is the user's: it is
set back before anything is changed, saved or made an undo step by us, and after an undo that brings our setting.
"""

import time
from collections.abc import Callable
from typing import Any

import bpy

REST_SECONDS = 0.5
"""So long after it is switched off, the thread has ended its frame."""
FORGET_SECONDS = 2.0
"""So long after nobody has asked any more, it goes on."""

_began: float | None = None
_asked = 0.0
_switched: frozenset[int] = frozenset()  # scenes where it was switched off here last, by their session's numbers


def is_out_of_the_way() -> bool:
    """Say whether strips can be changed now without waiting. If not, they can be a little later: ask again."""
    global _began, _asked, _switched  # noqa: PLW0603 (one pause for all scenes)
    _asked = time.monotonic()
    if _began is None:
        scenes = [scene for scene in _own_scenes() if scene.sequence_editor.use_prefetch]
        if not scenes or not _is_at_work():
            return True
        for scene in scenes:
            scene.sequence_editor.use_prefetch = False
        _began, _switched = _asked, frozenset(scene.session_uid for scene in scenes)
        bpy.app.timers.register(_forget, first_interval=FORGET_SECONDS, persistent=True)
        return False
    if _asked - _began < REST_SECONDS:
        return False
    go_on()
    return True


def go_on() -> None:
    """Switch it on again where it was switched off: it goes on when a frame is shown next."""
    global _began  # noqa: PLW0603
    _began = None
    for scene in _own_scenes():
        if scene.session_uid in _switched:
            scene.sequence_editor.use_prefetch = True
    if bpy.app.timers.is_registered(_forget):
        bpy.app.timers.unregister(_forget)


def _is_at_work() -> bool:
    return not bpy.app.background


def _own_scenes() -> list[bpy.types.Scene]:
    return [scene for scene in bpy.data.scenes if scene.library is None and scene.sequence_editor is not None]


def _forget() -> float | None:
    """Go on if what was to be changed has gone; called by a timer."""
    if time.monotonic() - _asked < FORGET_SECONDS:
        return FORGET_SECONDS
    go_on()
    return None


@bpy.app.handlers.persistent
def _end_pause(*_: object) -> None:
    """Before a .blend is saved."""
    if _began is not None:
        go_on()


@bpy.app.handlers.persistent
def _set_back(*_: object) -> None:
    """After an undo, to what may be from a pause."""
    go_on()


@bpy.app.handlers.persistent
def _drop(*_: object) -> None:
    """Before another .blend is opened, whose scenes are others."""
    global _switched  # noqa: PLW0603
    _end_pause()
    _switched = frozenset()


def _handlers() -> list[tuple[list[Any], Callable[..., None]]]:
    names = bpy.app.handlers
    return [(names.save_pre, _end_pause), (names.undo_post, _set_back), (names.redo_post, _set_back), (names.load_pre, _drop)]


def register() -> None:
    """Watch for what would keep our setting."""
    for handlers, function in _handlers():
        handlers.append(function)


def unregister() -> None:
    """Set all back."""
    _drop()
    for handlers, function in _handlers():
        handlers.remove(function)
