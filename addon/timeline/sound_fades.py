"""Cross-fades of sound, which Blender's Crossfade Sounds and our import make of volume keyframes: one falls while the other rises."""

from dataclasses import dataclass

import bpy

from .. import compat
from .fades import Fade
from .shown import Shown

Range = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class SoundFades:
    """What the volume keyframes of some sounds say: fades, and how loud these sounds are between them, by strips' names."""

    fades: tuple[Fade, ...]
    loudness: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class _Ramps:
    loud: float
    rising: Range | None
    falling: Range | None


def sound_fades(scene: bpy.types.Scene, shown: list[Shown], animated: dict[str, set[str]]) -> SoundFades:
    """Find the sounds whose keyframes do nothing but fade to or from another sound."""
    whole = [one for one in shown if animated.get(one.strip.name) == {"volume"} and _is_whole(one)]
    ramps = {one.strip.name: found for one in whole if (found := _ramps(scene, one)) is not None}
    rising = {found.rising: name for name, found in ramps.items() if found.rising is not None}
    pairs = {name: rising[found.falling] for name, found in ramps.items() if found.falling in rising}
    while lone := [name for name, found in ramps.items() if not _is_explained(name, found, pairs)]:
        ramps = {name: found for name, found in ramps.items() if name not in lone}
        pairs = {earlier: later for earlier, later in pairs.items() if not {earlier, later} & set(lone)}
    fades = [_fade(earlier, later, ramps[later]) for earlier, later in pairs.items()]
    return SoundFades(fades=tuple(fades), loudness={name: found.loud for name, found in ramps.items()})


def _is_whole(shown: Shown) -> bool:
    edges = compat.left_handle(shown.strip), compat.right_handle(shown.strip)
    return shown.strip.type == "SOUND" and (shown.first, shown.end) == edges


def _is_explained(name: str, ramps: _Ramps, pairs: dict[str, str]) -> bool:
    """Say whether each of a sound's ramps belongs to a fade."""
    return (ramps.falling is None or name in pairs) and (ramps.rising is None or name in pairs.values())


def _fade(earlier: str, later: str, ramps: _Ramps) -> Fade:
    assert ramps.rising is not None  # it is what they were paired by
    first, end = ramps.rising
    return Fade(name=f"{earlier} to {later}", earlier=earlier, later=later, first=first, end=end)


def _ramps(scene: bpy.types.Scene, shown: Shown) -> _Ramps | None:
    """Read keyframes that rise from silence at the strip's beginning, fall to silence at its end, or both."""
    path = f"{shown.strip.path_from_id()}.volume"
    keys = [key for curve in compat.curves(scene) if curve.data_path == path for key in curve.keyframe_points]
    points = [(round(key.co[0]), key.co[1]) for key in keys]
    loud = max((volume for _, volume in points), default=0.0)
    rises = len(points) > 1 and points[0] == (shown.first, 0) and points[1][1] == loud
    falls = len(points) > 1 and points[-1] == (shown.end, 0) and points[-2][1] == loud
    inner = points[rises : len(points) - falls]
    if loud <= 0 or any(volume != loud for _, volume in inner) or any(key.interpolation == "CONSTANT" for key in keys[:-1]):
        return None
    return _Ramps(
        loud=loud,
        rising=(points[0][0], points[1][0]) if rises else None,
        falling=(points[-2][0], points[-1][0]) if falls else None,
    )
