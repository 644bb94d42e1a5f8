"""Notes how long pictures take on this machine, and says before a film is drawn how long it may take."""

import contextlib
import json
from pathlib import Path

from .files import write_whole
from .protocol import RenderRequest, UserError
from .protocol.pace import PACE_FILE, duration_told, pace_key, read_paces

FEWEST_PICTURES = 24
"""Fewer say little: the first ones wait for caches and clocks."""
MOST_KEPT = 200


def note_pace(request: RenderRequest, *, picture_count: int, seconds: float) -> None:
    """Keep how long each of so many pictures took, if they are enough."""
    if picture_count < FEWEST_PICTURES or seconds <= 0:
        return
    folder, key = Path(request.lasting_cache), key_of(request)
    paces = read_paces(folder)
    paces.pop(key, None)  # so that it becomes the last one: the oldest go first
    latest = [*paces.items(), (key, seconds / picture_count)][-MOST_KEPT:]
    with contextlib.suppress(UserError):  # the film is there; on a full disk nothing is noted
        write_whole(folder / PACE_FILE, json.dumps(dict(latest)).encode())


def expected(request: RenderRequest) -> str:
    """Say how long a film may take, if none of its pictures is there yet; empty where no such ones were drawn here."""
    pace = read_paces(Path(request.lasting_cache)).get(key_of(request))
    return f"{request.frame_count} pictures: {duration_told(request.frame_count * pace)} on this machine." if pace else ""


def key_of(request: RenderRequest) -> str:
    """Name what decides how long a request's pictures take."""
    drawn = request.settings
    return pace_key(
        model=drawn.model,
        size=drawn.size,
        own_model=drawn.own_model,
        aspect=drawn.aspect,
        widening=drawn.widening,
        machine=request.machine,
        upscale=request.upscale,
        upscaler=request.upscaler,
    )
