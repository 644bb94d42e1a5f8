"""How long a film will take, said before it is drawn: by what the worker noted when such pictures were last drawn here.

The file is read when the add-on starts and when a film is done; drawing a panel reads none.
"""

import bpy

from ..core.protocol import AUTO, Model, UserError
from ..core.protocol.pace import duration_told, pace_key, read_paces
from ..core.protocol.shape import Widening
from . import engine, folders, shapes, strips

_paces: dict[str, float] = {}


def read() -> None:
    """Read what is known."""
    _paces.clear()
    _paces.update(read_paces(folders.user_cache_folder()))


def expected(scene: bpy.types.Scene, strip: bpy.types.Strip) -> str:
    """Say how long a sound's film may take on this machine; empty where no such pictures were drawn here, or nothing can be."""
    group = strip.chromastrip
    try:
        first, end = strips.heard_span(scene, strip)
        key = pace_key(
            model=Model(group.model),
            size=int(group.size),
            own_model=group.own_model,
            aspect=shapes.aspect_of(group),
            widening=None if group.widening == AUTO else Widening(group.widening),
            machine=engine.machine(),
            **shapes.upscaling_of(group),
        )
    except (UserError, ZeroDivisionError):
        return ""
    return f"{end - first} pictures: {duration_told((end - first) * _paces[key])} on this machine" if key in _paces else ""
