"""Volume that changes over a strip: its curve, sampled, as the few points that an edit holds."""

from collections.abc import Sequence

import bpy

from ...core.protocol import VolumePoint
from .. import compat
from .shown import Shown

STRAIGHT = 0.002
"""Of the loudest: so much a point may lie beside the straight line that stands for it."""


def changing_volumes(scene: bpy.types.Scene, shown: list[Shown], animated: dict[str, set[str]]) -> dict[str, tuple[VolumePoint, ...]]:
    """Give the points of each sound whose volume is keyframed, by the strip's name; a driven one has none.

    Never what the frame shows that is current: a sound that fades in is silent there, and loud later.
    """
    curves = {curve.data_path: curve for curve in compat.curves(scene) if compat.moves(curve)}
    found = {}
    for one in shown:
        if one.strip.type == "SOUND" and "volume" in animated.get(one.strip.name, ()):
            curve = curves.get(f"{one.strip.path_from_id()}.volume")
            if curve is not None:
                found[one.strip.name] = _points(curve, one)
    return found


def _points(curve: bpy.types.FCurve, shown: Shown) -> tuple[VolumePoint, ...]:
    volumes = [max(0.0, curve.evaluate(frame)) * shown.gain for frame in range(shown.first, shown.end + 1)]
    kept = straight_lines(volumes, tolerance=STRAIGHT * max(volumes))
    return tuple(VolumePoint(frame=frame, volume=float(f"{volumes[frame]:.6g}")) for frame in kept)


def straight_lines(values: Sequence[float], *, tolerance: float) -> list[int]:
    """Choose few places between which straight lines follow all values (Ramer, Douglas and Peucker's way), the two ends among them."""
    kept, waiting = {0, len(values) - 1}, [(0, len(values) - 1)]
    while waiting:
        begin, end = waiting.pop()
        rise = (values[end] - values[begin]) / max(1, end - begin)
        off = [(abs(values[place] - values[begin] - rise * (place - begin)), place) for place in range(begin + 1, end)]
        farthest, place = max(off, default=(0.0, begin))
        if farthest > tolerance:
            kept.add(place)
            waiting += [(begin, place), (place, end)]
    return sorted(kept)
