"""Numbers of a strip that change over time: keyframes and drivers on the strip, read into a request's curves.

Blender finds the way to a strip's own properties, but not to those of a group on it. So each number that may change over time is shown
to Blender once more, as a property of the strip itself: `chromastrip_jitter` reads and writes `chromastrip.jitter`, is what the panel
shows, and what keyframes and drivers are put on. They lie on the scene, at its frames; Blender moves, renames, splits and copies them
with their strip. Here they become curves in the sound's own time, and plain values to be kept or given to another strip.
"""

import contextlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import bpy

from ..core.protocol import PARAMETERS, Curve, ProtocolError, RenderRequest, Settings, UserError, decode, encode
from . import compat, drivers
from .properties import NUMBERS, number_property

ANIMATABLE = tuple(name for name in NUMBERS if PARAMETERS[name].animatable)
PREFIX = "chromastrip_"
FARTHEST = 1e7  # what a key of Blender's may stand at


@dataclass(frozen=True, kw_only=True)
class Key:
    """A keyframe, with all that Blender lets it have; frames count from the film's first one."""

    frame: float
    value: float
    interpolation: str = "LINEAR"
    left: tuple[float, float] = (0.0, 0.0)
    right: tuple[float, float] = (0.0, 0.0)
    left_type: str = "AUTO_CLAMPED"
    right_type: str = "AUTO_CLAMPED"
    easing: str = "AUTO"
    back: float = 0.0
    amplitude: float = 0.0
    period: float = 0.0


@dataclass(frozen=True, kw_only=True)
class KeyedNumber:
    """A number with keyframes: plain data, to be given to another strip, or to the same after undo.

    Parameters
    ----------
    name
        One of `ANIMATABLE`.
    keys
        In order.
    goes_on
        Whether the curve goes on straight beyond its ends, rather than stay.
    """

    name: str
    keys: tuple[Key, ...]
    goes_on: bool = False


# What moves ---------------------------------------------------------------------------------------------------------------------------


def data_path(strip: bpy.types.Strip, name: str) -> str:
    """Say where keyframes and drivers of a strip's number lie, seen from its scene."""
    return f"{strip.path_from_id()}.{PREFIX}{name}"


def moving(strip: bpy.types.Strip) -> dict[str, bpy.types.FCurve]:
    """Give the curves or drivers (`curve.driver`) that move a strip's numbers, by the numbers' names; a driver goes before keyframes."""
    data = strip.id_data.animation_data
    if data is None:
        return {}
    start = data_path(strip, "")
    found = {curve.data_path: curve for curve in (*compat.curves(strip.id_data), *data.drivers) if curve.data_path.startswith(start)}
    return {name: found[start + name] for name in ANIMATABLE if start + name in found and compat.moves(found[start + name])}


def described(strip: bpy.types.Strip, *, origin: int) -> dict[str, Any]:
    """Give all that a strip's moving numbers follow as plain values, by name: the same while they do the same.

    Parameters
    ----------
    strip
        The strip.
    origin
        The scene's frame on which the film's first frame lies.
    """
    return {name: _described(curve, strip.id_data, origin) for name, curve in moving(strip).items()}


def _described(curve: bpy.types.FCurve, scene: bpy.types.Scene, origin: int) -> str | list[object]:
    if curve.driver is None:
        return drivers.curve_digest(curve, origin)
    return [origin, *drivers.structure(curve, scene)]  # what drives does not move with the strip


def refusals(strip: bpy.types.Strip, names: Collection[str] = ANIMATABLE) -> Iterator[UserError]:
    """Say which of the drivers of a strip's numbers cannot be followed."""
    for name, curve in moving(strip).items():
        if curve.driver is not None and name in names:
            try:
                drivers.sampler(curve, strip.id_data)(float(strip.id_data.frame_current))
            except UserError as error:
                yield _named(error, name)


def _named(error: UserError, name: str) -> UserError:
    return UserError(f"{PARAMETERS[name].label}: {error.cause}", error.cure)


# Into a request -------------------------------------------------------------------------------------------------------------------------


def with_curves(settings: Settings, strip: bpy.types.Strip, film: RenderRequest, *, origin: int) -> Settings:
    """Add the curves of what moves on a strip to its settings.

    Parameters
    ----------
    settings
        The strip's, as they are on the scene's current frame.
    strip
        A sound, or a piece of the film.
    film
        What the curves reach over, in its sound's time.
    origin
        The scene's frame on which the film's first frame lies.

    Returns
    -------
    Settings
        The same whatever the current frame is: a number that moves has its first value beside its curve; one that rests has no curve.

    Raises
    ------
    UserError
        If a driver cannot be followed.
    """
    sampled = {name: _sampled(name, curve, strip.id_data, origin, film.frame_count) for name, curve in moving(strip).items()}
    curves = tuple(
        Curve(parameter=name, values=tuple(values.values()), seconds=tuple(film.source_start_seconds + at / film.fps for at in values))
        for name, values in sampled.items()
        if len(values) > 1
    )
    firsts = {name: type(getattr(settings, name))(next(iter(values.values()))) for name, values in sampled.items()}
    return replace(settings, curves=curves, **firsts)


def _sampled(name: str, curve: bpy.types.FCurve, scene: bpy.types.Scene, origin: int, frame_count: int) -> dict[Fraction, float]:
    """Give a number's values by the film's frames, as far as they must be known: straight lines run between them."""
    try:
        value = curve.evaluate if curve.driver is None else drivers.sampler(curve, scene)
        frames = _corners(curve, origin, frame_count) if _is_straight(curve) else [Fraction(n) for n in range(frame_count)]
        return _without_repeats({at: _clamped(name, value(float(origin + at))) for at in frames})
    except UserError as error:
        raise _named(error, name) from error


def _is_straight(curve: bpy.types.FCurve) -> bool:
    """Say whether a curve runs straight from key to key."""
    keys = curve.keyframe_points
    is_plain = curve.driver is None and not len(curve.modifiers) and len(keys) > 0
    return is_plain and all(key.interpolation == "LINEAR" for key in keys) and isinstance(_default(curve), float)


def _default(curve: bpy.types.FCurve) -> float:
    return getattr(Settings(), curve.data_path.rpartition(PREFIX)[2])


def _corners(curve: bpy.types.FCurve, origin: int, frame_count: int) -> list[Fraction]:
    """Give the film's first and last frame, and the keys between; between two frames a key may lie, to a thousandth."""
    keys = {Fraction(round(1000 * key.co[0]), 1000) - origin for key in curve.keyframe_points}
    last = Fraction(frame_count - 1)
    return sorted({Fraction(0), last, *(at for at in keys if 0 < at < last)})


def _clamped(name: str, value: float) -> float:
    """Keep a value in its range; Blender's float32 0.1 is 0.1 again."""
    return min(max(float(f"{value:.6g}"), PARAMETERS[name].minimum), PARAMETERS[name].maximum)


def _without_repeats(values: dict[Fraction, float]) -> dict[Fraction, float]:
    """Leave out what lies in the middle of a rest; one value if nothing moves at all."""
    places = list(values)
    if len(set(values.values())) == 1:
        return {places[0]: values[places[0]]}
    last = len(places) - 1
    needed = (at for n, at in enumerate(places) if n in (0, last) or not values[places[n - 1]] == values[at] == values[places[n + 1]])
    return {at: values[at] for at in needed}


# From strip to strip --------------------------------------------------------------------------------------------------------------------


def read_keys(strip: bpy.types.Strip, *, origin: int, frame_count: int) -> tuple[KeyedNumber, ...]:
    """Give a strip's keyframes as plain data.

    Parameters
    ----------
    strip
        The strip.
    origin
        The scene's frame on which the film's first frame lies.
    frame_count
        The film's length: what is driven, or has modifiers, becomes a key where its value turns, frame by frame.

    Raises
    ------
    UserError
        If a driver cannot be followed.
    """
    return tuple(_keyed(name, curve, strip.id_data, origin, frame_count) for name, curve in moving(strip).items())


def _keyed(name: str, curve: bpy.types.FCurve, scene: bpy.types.Scene, origin: int, frame_count: int) -> KeyedNumber:
    if curve.driver is None and not len(curve.modifiers) and len(curve.keyframe_points):
        keys = tuple(_key(point, origin) for point in curve.keyframe_points)
        return KeyedNumber(name=name, keys=keys, goes_on=curve.extrapolation == "LINEAR")
    values = _sampled(name, curve, scene, origin, frame_count)
    return KeyedNumber(name=name, keys=tuple(Key(frame=float(at), value=value) for at, value in values.items()))


def _key(point: bpy.types.Keyframe, origin: int) -> Key:
    return Key(
        frame=point.co[0] - origin,
        value=point.co[1],
        interpolation=point.interpolation,
        left=(point.handle_left[0] - point.co[0], point.handle_left[1]),
        right=(point.handle_right[0] - point.co[0], point.handle_right[1]),
        left_type=point.handle_left_type,
        right_type=point.handle_right_type,
        easing=point.easing,
        back=point.back,
        amplitude=point.amplitude,
        period=point.period,
    )


def write_keys(strip: bpy.types.Strip, numbers: tuple[KeyedNumber, ...], *, origin: int) -> None:
    """Give a strip keyframes in the place of all that it has: see `read_keys`."""
    remove_keys(strip)
    for number in numbers:
        strip.keyframe_insert(PREFIX + number.name, frame=origin + number.keys[0].frame)
        curve = next(one for one in compat.curves(strip.id_data) if one.data_path == data_path(strip, number.name))
        curve.extrapolation = "LINEAR" if number.goes_on else "CONSTANT"
        curve.keyframe_points.add(len(number.keys) - len(curve.keyframe_points))
        _set_keys(curve.keyframe_points, number.keys, origin)
        curve.update()
        setattr(strip, PREFIX + number.name, curve.evaluate(strip.id_data.frame_current))


def _set_keys(points: bpy.types.FCurveKeyframePoints, keys: tuple[Key, ...], origin: int) -> None:
    """Set all keys at once: one by one, Blender sorts them all after each."""
    places = [origin + key.frame for key in keys]
    points.foreach_set("co", [part for place, key in zip(places, keys, strict=True) for part in (place, key.value)])
    for side in ("left", "right"):
        handles = [(place, getattr(key, side)) for place, key in zip(places, keys, strict=True)]
        points.foreach_set(f"handle_{side}", [part for place, (frame, value) in handles for part in (place + frame, value)])
        points.foreach_set(f"handle_{side}_type", _numbered([getattr(key, f"{side}_type") for key in keys], f"handle_{side}_type"))
    for name in ("interpolation", "easing"):
        points.foreach_set(name, _numbered([getattr(key, name) for key in keys], name))
    for name in ("back", "amplitude", "period"):
        points.foreach_set(name, [getattr(key, name) for key in keys])


def _numbered(words: list[str], name: str) -> list[int]:
    """Give an enumeration's items as Blender numbers them."""
    items = bpy.types.Keyframe.bl_rna.properties[name].enum_items
    return [items[word].value for word in words]


def packed(numbers: tuple[KeyedNumber, ...]) -> list[dict[str, Any]]:
    """Give keyframes as plain JSON values, for a clip's metadata."""
    return [json.loads(encode(number)) for number in numbers]


def unpacked(value: object) -> tuple[KeyedNumber, ...]:
    """Read what `packed` gave, and some program may have changed since; what is no keyframe of ours is left out."""
    found = {}
    for one in value if isinstance(value, list) else ():
        with contextlib.suppress(ProtocolError, ValueError, RecursionError):
            number = decode(json.dumps(one), KeyedNumber)
            if number.name in ANIMATABLE and number.keys and all(_is_key(key) for key in number.keys):
                found[number.name] = replace(number, keys=tuple(sorted(number.keys, key=lambda key: key.frame)))
    return tuple(found.values())


def _is_key(key: Key) -> bool:
    """Say whether Blender would take a key."""
    known, numbers = (
        bpy.types.Keyframe.bl_rna.properties,
        (key.frame, key.value, key.back, key.amplitude, key.period, *key.left, *key.right),
    )
    words = {
        "interpolation": key.interpolation,
        "easing": key.easing,
        "handle_left_type": key.left_type,
        "handle_right_type": key.right_type,
    }
    is_small = all(abs(number) < FARTHEST for number in numbers)
    return is_small and len(key.left) == len(key.right) == 2 and all(word in known[name].enum_items for name, word in words.items())  # noqa: PLR2004


def remove_keys(strip: bpy.types.Strip) -> None:
    """Take a strip's keyframes and drivers away; its numbers stay as they are now."""
    paths = {data_path(strip, name) for name in ANIMATABLE}
    compat.remove_curves(strip.id_data, paths)


# Coming and going -----------------------------------------------------------------------------------------------------------------------


def _shown_number(name: str) -> object:
    """Make the property of the strip itself that shows Blender a number of its group."""

    def read(strip: bpy.types.Strip) -> float:
        return getattr(strip.chromastrip, name)

    def write(strip: bpy.types.Strip, value: float) -> None:
        setattr(strip.chromastrip, name, value)

    return number_property(name, options={"ANIMATABLE"}, get=read, set=write)


def register() -> None:
    """Give every strip the numbers that may change over time."""
    for name in ANIMATABLE:
        setattr(bpy.types.Strip, PREFIX + name, _shown_number(name))


def unregister() -> None:
    """Take them back; keyframes stay in the .blend."""
    for name in ANIMATABLE:
        delattr(bpy.types.Strip, PREFIX + name)
