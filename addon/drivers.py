"""Drivers, followed without playing: a driver's value on any frame, from the numbers that it names.

Blender itself knows a driver's value only on the frame that it shows, and going there draws the whole scene. So what can be known from
keyframes and numbers is computed here: single properties, keyframed or not, themselves driven or not, summed up or put into a formula.
A formula may hold what Blender calls a simple expression: numbers, `frame`, the driver's variables and a few functions. Nothing else is
ever executed.
"""

import hashlib
import json
import re
from array import array
from collections.abc import Callable
from typing import Any

import bpy

from ..core.protocol import UserError
from . import compat, formulas
from .formulas import Sampler

DEEPEST = 8  # drivers of drivers of drivers: deeper ones go round in circles
INDEXED = re.compile(r"^(.*)\[(\d+)\]$")
LETTERED = re.compile(r"^(.*)\.([xyzwrgba])$")
LETTERS = {**{letter: index for index, letter in enumerate("xyzw")}, **{letter: index for index, letter in enumerate("rgba")}}


def sampler(curve: bpy.types.FCurve, scene: bpy.types.Scene, *, depth: int = 0) -> Sampler:
    """Follow a driver.

    Parameters
    ----------
    curve
        Of the scene's `animation_data.drivers`, or of another data-block's.
    scene
        What “Active Scene” means.
    depth
        How many drivers depend on this one.

    Raises
    ------
    UserError
        If it depends on what is only known while Blender plays.
    """
    driver = curve.driver
    if depth > DEEPEST:
        raise _refusal("drivers that depend on each other in a circle")
    variables = {one.name: _variable(one, scene, depth) for one in driver.variables}
    value = _formula(driver, variables) if driver.type == "SCRIPTED" else _combined(driver.type, tuple(variables.values()))
    return lambda frame: curve.evaluate(value(frame))


def structure(curve: bpy.types.FCurve, scene: bpy.types.Scene, *, depth: int = 0) -> list[object]:
    """Give all that a driver's values follow, as plain values: another list, other values."""
    driver = curve.driver
    words = driver.expression if driver.type == "SCRIPTED" else ""
    parts: list[object] = [driver.type, words, curve_digest(curve, 0.0)]
    for variable in driver.variables:
        target = variable.targets[0]
        id_data = _data_block(variable, scene)
        parts.append([variable.name, variable.type, id_data.name if id_data is not None else "", target.data_path])
        if id_data is not None and variable.type in ("SINGLE_PROP", "CONTEXT_PROP") and depth <= DEEPEST:
            parts.append(_target_structure(id_data, target.data_path, scene, depth))
    return parts


def curve_digest(curve: bpy.types.FCurve, origin: float) -> str:
    """Digest what a curve's values follow, see `plain_curve`: panels ask for it with each drawing."""
    shortcut = _shortcut(curve, origin)
    if shortcut in _digests:
        return _digests[shortcut]
    digest = hashlib.blake2b(json.dumps(plain_curve(curve, origin)).encode(), digest_size=8).hexdigest()
    if shortcut is not None:
        if len(_digests) >= MOST_DIGESTS:
            _digests.clear()
        _digests[shortcut] = digest
    return digest


MANY_KEYS, MOST_DIGESTS = 200, 64
_digests: dict[object, str] = {}  # of long curves: 10 000 keys take 15 ms to be read one by one, 2 ms to be compared


def _shortcut(curve: bpy.types.FCurve, origin: float) -> object:
    """Give all of a long, plain curve as bytes, which is fast; None for others."""
    points = curve.keyframe_points
    if len(points) < MANY_KEYS or len(curve.modifiers):
        return None
    names = ("interpolation", *(f"handle_{side}_type" for side in SIDES))
    ways, *kinds = (_read(points, name) for name in names)
    if not PLAIN.issuperset(ways) or not FREE.isdisjoint((*kinds[0], *kinds[1])):
        return None
    places = array("f", bytes(8 * len(points)))
    points.foreach_get("co", places)
    return curve.extrapolation, origin, places.tobytes(), bytes(ways), bytes(kinds[0]), bytes(kinds[1])


def plain_curve(curve: bpy.types.FCurve, origin: float = 0.0) -> list[object]:
    """Give what a curve's values follow as plain values, its keys counted from the frame `origin`.

    Handles that Blender computes from the keys are left out, and frames rounded: moving a strip back and forth changes their last digits.
    """
    ways = _read(curve.keyframe_points, "interpolation")
    kinds = {side: _read(curve.keyframe_points, f"handle_{side}_type") for side in SIDES}
    parts: list[object] = [curve.extrapolation, _places(curve.keyframe_points, "co", origin), ways, kinds["left"], kinds["right"]]
    if not FREE.isdisjoint((*kinds["left"], *kinds["right"])):
        parts += [_places(curve.keyframe_points, f"handle_{side}", origin) for side in SIDES]
    if not PLAIN.issuperset(ways):
        parts += [_read(curve.keyframe_points, name) for name in ("easing", "back", "amplitude", "period")]
    samples = [[round(point.co[0] - origin, 1), round(point.co[1], 6)] for point in curve.sampled_points]
    return [*parts, samples, [_modifier(one) for one in curve.modifiers if not one.mute]]


SIDES = ("left", "right")
KEY = bpy.types.Keyframe.bl_rna.properties
PLAIN = {KEY["interpolation"].enum_items[name].value for name in ("BEZIER", "LINEAR", "CONSTANT")}
FREE = {KEY["handle_left_type"].enum_items[name].value for name in ("FREE", "ALIGNED")}


def _read(points: bpy.types.FCurveKeyframePoints, name: str) -> list[Any]:
    values: list[Any] = [0] * len(points) if KEY[name].type == "ENUM" else [0.0] * len(points)
    points.foreach_get(name, values)
    return values


def _places(points: bpy.types.FCurveKeyframePoints, name: str, origin: float) -> list[list[float]]:
    """Read places of keys or handles: frames to a tenth, values to six digits."""
    flat = [0.0] * (2 * len(points))
    points.foreach_get(name, flat)
    return [[round(frame - origin, 1) for frame in flat[::2]], [round(value, 6) for value in flat[1::2]]]


def _modifier(modifier: bpy.types.FModifier) -> list[object]:
    names = [one.identifier for one in modifier.bl_rna.properties if one.type in ("FLOAT", "INT", "BOOLEAN", "ENUM", "STRING")]
    return [[name, _plain(getattr(modifier, name))] for name in names if name not in ("show_expanded", "active")]


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float) else repr(value)


def _seven(number: float) -> float:
    return float(f"{number:.6g}")


# What it depends on ---------------------------------------------------------------------------------------------------------------------


def _variable(variable: bpy.types.DriverVariable, scene: bpy.types.Scene, depth: int) -> Sampler:
    data = _data_block(variable, scene)
    if variable.type not in ("SINGLE_PROP", "CONTEXT_PROP"):
        raise _refusal(f"a place in space (its variable “{variable.name}”)")
    if data is None:
        raise _refusal(f"something that is gone (its variable “{variable.name}”)")
    return _property(data, variable.targets[0].data_path, scene, depth)


def _data_block(variable: bpy.types.DriverVariable, scene: bpy.types.Scene) -> bpy.types.ID | None:
    target = variable.targets[0]
    if variable.type == "CONTEXT_PROP":
        return scene if target.context_property == "ACTIVE_SCENE" else None
    return target.id


def _property(data: bpy.types.ID, path: str, scene: bpy.types.Scene, depth: int) -> Sampler:
    """Follow a property of a data-block: driven, keyframed, or as it is."""
    driver, keys = _animation(data, path)
    if driver is not None:
        return sampler(driver, scene, depth=depth + 1)
    if keys is not None:
        return keys.evaluate
    if path == "frame_current" and isinstance(data, bpy.types.Scene):
        return float
    if data.animation_data is not None and any(not track.mute and len(track.strips) for track in data.animation_data.nla_tracks):
        raise _refusal(f"“{data.name}”, which the Nonlinear Animation editor moves")
    value = _number(data, path)
    return lambda _frame: value


def _target_structure(data: bpy.types.ID, path: str, scene: bpy.types.Scene, depth: int) -> object:
    driver, keys = _animation(data, path)
    if driver is not None:
        return structure(driver, scene, depth=depth + 1)
    if keys is not None:
        return curve_digest(keys, 0.0)
    if path == "frame_current":
        return path
    try:
        return _seven(_number(data, path))
    except UserError:
        return None


def _animation(data: bpy.types.ID, path: str) -> tuple[bpy.types.FCurve | None, bpy.types.FCurve | None]:
    """Find what moves a property: a driver, keyframes, or neither."""
    if data.animation_data is None:
        return None, None
    names = {(path, 0), *_element(path)}
    driver = next((one for one in data.animation_data.drivers if (one.data_path, one.array_index) in names and not one.mute), None)
    keys = next((one for one in compat.curves(data) if (one.data_path, one.array_index) in names and compat.moves(one)), None)
    return driver, keys


def _element(path: str) -> list[tuple[str, int]]:
    """Read `location[1]` and `location.y` as curves name them: ("location", 1)."""
    if found := INDEXED.match(path):
        return [(found[1], int(found[2]))]
    if found := LETTERED.match(path):
        return [(found[1], LETTERS[found[2]])]
    return []


def _number(data: bpy.types.ID, path: str) -> float:
    try:
        return float(data.path_resolve(path))
    except (TypeError, ValueError) as error:
        raise _refusal(f"“{path}” of “{data.name}”, which is no number") from error


def _refusal(what: str) -> UserError:
    return UserError(
        f"A driver depends on {what}: that is known only while Blender plays.", "Drive it by single properties, or give it keyframes."
    )


# What it makes of them ------------------------------------------------------------------------------------------------------------------


def _combined(kind: str, parts: tuple[Sampler, ...]) -> Sampler:
    if not parts:
        return lambda _frame: 0.0
    combine: dict[str, Callable[[list[float]], float]] = {
        "SUM": sum,
        "AVERAGE": lambda values: sum(values) / len(values),
        "MIN": min,
        "MAX": max,
    }
    return lambda frame: combine[kind]([part(frame) for part in parts])


def _formula(driver: bpy.types.Driver, variables: dict[str, Sampler]) -> Sampler:
    if driver.use_self:
        raise _refusal("“self”")
    return formulas.sampler(driver.expression, {**variables, "frame": float})
