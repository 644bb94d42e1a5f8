"""Volume that changes: what several effects say about one clip, joined to one line of points, and that of the nests around it.

Our adapters note a clip's volume in its effects' metadata, under ``chromastrip``: ``volume``, and ``volume_points`` where it changes.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from ..protocol import VolumePoint, volume_at

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


def placed(points: Sequence[VolumePoint], origin: Fraction, speed: Fraction) -> tuple[VolumePoint, ...]:
    """Count points from elsewhere: their first frame lies at `origin`, and so many of theirs go by in one of ours."""
    if not points:
        return ()
    found = {round(origin + point.frame / speed): point.volume for point in points}
    return tuple(VolumePoint(frame=frame, volume=volume) for frame, volume in found.items())


def within(points: Sequence[VolumePoint], begin: int, end: int) -> tuple[VolumePoint, ...]:
    """Cut points to the frames from `begin` to `end`, which get points of their own. Many clips may lie under one line."""
    if not points:
        return ()
    inner = points[bisect_right(points, begin, key=_frame) : bisect_left(points, end, key=_frame)]
    edges = (VolumePoint(frame=frame, volume=volume_at(points, frame)) for frame in (begin, end))
    return next(edges), *inner, next(edges)


def multiplied(around: Sequence[VolumePoint], volume: float, own: Sequence[VolumePoint], own_volume: float) -> tuple[VolumePoint, ...]:
    """Give the points of what is heard through both; where one has none, its volume stays the same."""
    if not around and not own:
        return ()
    if not around:
        return tuple(own) if volume == 1 else tuple(replace(point, volume=point.volume * volume) for point in own)
    frames = sorted({point.frame for point in (*around, *own)})
    own = own or (VolumePoint(frame=0, volume=own_volume),)
    return tuple(VolumePoint(frame=frame, volume=volume_at(around, frame) * volume_at(own, frame)) for frame in frames)


def _frame(point: VolumePoint) -> int:
    return point.frame


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
