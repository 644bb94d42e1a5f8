"""Giving back the engine's memory, and the graphics card's: by ending the worker, which the next film starts anew.

A model that is dropped within a running worker gives back little. Measured with the embedded model: of 844 MB stay 844, or 609 after
`malloc_trim`; on a graphics card CUDA keeps its context besides. Starting anew costs the next film a few seconds.
"""

import time

import bpy

from .. import jobs, models
from ..engine import PACKAGE
from ..lines import redraw_sidebars

_idle_since: float | None = None


def why_not() -> str:
    """Say why nothing can be given back now; empty: it can."""
    if jobs.worker_pid() is None:
        return "The engine is not running: it holds no memory"
    if models.state.job is not None:
        return "A model is being downloaded or checked. Wait for it, or cancel it in the add-on's preferences"
    return jobs.why_busy()


def release() -> None:
    """End the worker, and with it all that it holds."""
    jobs.end_worker()
    redraw_sidebars()


def release_if_idle(*, now: float, after_seconds: float) -> bool:
    """Give the memory back if nothing has been asked of the engine for so long; called now and then.

    Parameters
    ----------
    now
        Seconds that only rise.
    after_seconds
        0: never.

    Returns
    -------
    bool
        Whether it was given back.
    """
    global _idle_since  # noqa: PLW0603 (one worker for each Blender)
    if why_not():
        _idle_since = None
        return False
    _idle_since = now if _idle_since is None else _idle_since
    if not after_seconds or now - _idle_since < after_seconds:
        return False
    release()
    _idle_since = None
    return True


def look() -> None:
    """Look whether the engine has been idle for as long as the preferences say."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    if addon is not None:
        release_if_idle(now=time.monotonic(), after_seconds=60 * addon.preferences.release_minutes)


def forget() -> None:
    """Forget since when it is idle."""
    global _idle_since  # noqa: PLW0603
    _idle_since = None
