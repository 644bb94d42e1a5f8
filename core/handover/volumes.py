"""Volume that changes: what several effects say about one clip, joined to one line of points.

Our adapters note a clip's volume in its effects' metadata, under ``chromastrip``: ``volume``, and ``volume_points`` where it changes.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

import opentimelineio as otio

from ..protocol import VolumePoint

METADATA_KEY = "chromastrip"
MOST_POINTS = 100_000
LONGEST = 10**9
"""Frames."""
Points = list[tuple[int, float]]


def joined_points(effects: Iterable[otio.schema.Effect]) -> tuple[VolumePoint, ...]:
    """Multiply what a clip's effects say about its volume; empty if none of them changes."""
    told = [effect.metadata.get(METADATA_KEY, {}) for effect in effects]
    lines = [line for one in told if (line := _points(one.get("volume_points")))]
    if not lines:
        return ()
    steady = math.prod(one["volume"] for one in told if _is_volume(one.get("volume")) and not _points(one.get("volume_points")))
    frames = sorted({frame for line in lines for frame, _ in line})
    return tuple(VolumePoint(frame=frame, volume=steady * math.prod(at(line, frame) for line in lines)) for frame in frames)


def at(line: Points, frame: float) -> float:
    """Give the volume at a frame: straight between two points, held outside."""
    index = bisect_right(line, frame, key=lambda point: point[0])
    if index in (0, len(line)):
        return line[max(0, index - 1)][1]
    (begin, low), (end, high) = line[index - 1 : index + 1]
    return low + (high - low) * (frame - begin) / (end - begin)


def _points(told: Any) -> Points:
    """Read points that rise in time; whatever else stands there says nothing."""
    try:
        found = [(int(frame), float(volume)) for frame, volume in list(told or [])[:MOST_POINTS]]
    except (TypeError, ValueError, OverflowError):
        return []
    return sorted(dict(point for point in found if abs(point[0]) <= LONGEST and _is_volume(point[1])).items())


def _is_volume(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value >= 0
