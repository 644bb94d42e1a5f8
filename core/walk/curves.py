"""Numbers that change over time: a setting as a curve at the control rate, and filters whose width follows such a curve."""

from collections.abc import Callable

import numpy as np

from ..protocol import Settings
from ..sound.features import CONTROL_RATE

KNOTS = 8
"""A filter whose width changes is mixed from filters of so many fixed widths."""


def over_time(settings: Settings, name: str, *, control_frames: int) -> np.ndarray:
    """Give a setting's value in each control frame.

    Parameters
    ----------
    settings
        With or without a curve for it.
    name
        One of `PARAMETERS`.
    control_frames
        F.

    Returns
    -------
    np.ndarray
        float64 [F]; where the setting is a single number, a view of that one number.
    """
    curve = next((curve for curve in settings.curves if curve.parameter == name), None)
    if curve is None:
        return np.broadcast_to(np.float64(getattr(settings, name)), control_frames)
    places = [float(second * CONTROL_RATE) for second in curve.seconds] or range(len(curve.values))
    return np.interp(np.arange(control_frames), places, curve.values)


def mixed_over(curve: np.ndarray, make: Callable[[float], np.ndarray]) -> np.ndarray:
    """Follow a curve between rows that are made for fixed values.

    Zero-lag filters look both ways over the whole sound, so their width cannot change on the way; but their outputs can be mixed.

    Parameters
    ----------
    curve
        float64 [F], the wanted value in each control frame.
    make
        Gives float64 [F, n] for one value.

    Returns
    -------
    np.ndarray
        float64 [F, n]; exactly ``make(value)`` where the curve is one value.
    """
    lowest, highest = curve.min(), curve.max()
    if lowest == highest:
        return make(float(lowest))
    knots = np.linspace(lowest, highest, KNOTS)
    place = (curve - lowest) / (highest - lowest) * (KNOTS - 1)
    return sum(np.clip(1 - np.abs(place - k), 0, 1)[:, None] * make(float(knot)) for k, knot in enumerate(knots))
