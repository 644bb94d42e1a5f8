"""What is looked at now and then, and when the .blend is saved or another one is opened. A look takes well under a millisecond."""

import bpy

from .. import jobs
from ..importing import blender_otio
from . import cleaning, films_here, memory, moving, tags

LOOK_SECONDS = 1.0


def look() -> float:
    """See what has changed; Blender's timer calls it."""
    films_here.look()
    moving.look()
    moving.turn_if_may()
    moving.let_go_if_may()
    memory.look()
    if jobs.may_insert():
        blender_otio.look()
        tags.look()
    return LOOK_SECONDS


@bpy.app.handlers.persistent
def _take_saved(*saved: object) -> None:
    films_here.note_all(str(saved[0]) if saved and isinstance(saved[0], str) else bpy.data.filepath)  # a copy keeps the open file's name
    moving.look()
    moving.note_saved()


@bpy.app.handlers.persistent
def _take_opened(*_: object) -> None:
    cleaning.forget()
    films_here.forget()
    moving.forget()
    blender_otio.forget()
    moving.look()


@bpy.app.handlers.persistent
def _take_undone(*_: object) -> None:
    blender_otio.forget()


def register() -> None:
    """Start looking."""
    bpy.app.timers.register(look, first_interval=LOOK_SECONDS, persistent=True)
    bpy.app.handlers.save_post.append(_take_saved)
    bpy.app.handlers.load_post.append(_take_opened)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.append(_take_undone)


def unregister() -> None:
    """Stop looking, and forget what was seen."""
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        handlers.remove(_take_undone)
    bpy.app.handlers.load_post.remove(_take_opened)
    bpy.app.handlers.save_post.remove(_take_saved)
    if bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)
    memory.forget()
