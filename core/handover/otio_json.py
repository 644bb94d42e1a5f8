"""OpenTimelineIO's JSON from strangers, made safe for OpenTimelineIO's own reader.

That reader ends the process at deep nesting, and refuses a whole timeline for one object of a kind or a version that it does not know.
"""

import functools
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import opentimelineio as otio

from .noting import Notes

SCHEMA = "OTIO_SCHEMA"
METADATA = "metadata"
"""Holds whatever it likes: OpenTimelineIO takes unknown objects there."""
PLACES = {"children": "Item", "media_reference": "MediaReference", "media_references": "MediaReference", "tracks": "Item"}
RANGES = {"marked_range", "source_range", "available_range"}
"""OpenTimelineIO's reader ends the process where some of them hold another object."""
OLD_NAMES = {"Sequence": 1, "Filler": 1, "SerializeableCollection": 1}
"""OpenTimelineIO knows them, although it does not say so."""
LOST = {"Item": "Clip.1", "MediaReference": "MissingReference.1"}
"""What stands in an unknown object's place; effects and markers are left out."""
VALUES = {"RationalTime": 1, "TimeRange": 1, "TimeTransform": 1, "V2d": 1, "Box2d": 1, "Color": 1}
"""Objects that OpenTimelineIO reads, although it does not list them all as schemas."""
COLOURS = {  # red, green, blue
    "RED": (1, 0, 0),
    "ORANGE": (1, 0.5, 0),
    "YELLOW": (1, 1, 0),
    "GREEN": (0, 1, 0),
    "CYAN": (0, 1, 1),
    "BLUE": (0, 0, 1),
    "PURPLE": (0.5, 0, 0.5),
    "MAGENTA": (1, 0, 1),
    "PINK": (1, 0.75, 0.8),
    "BLACK": (0, 0, 0),
    "WHITE": (1, 1, 1),
}
ONLY_MEDIUM = "DEFAULT_MEDIA"
"""What OpenTimelineIO calls a clip's medium, where it has one."""
NEWER = "newer"
"""Where in an object's metadata those of its fields are kept that have another form than we know."""

BARE_INFINITY = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|\bInf\b', re.DOTALL)
"""Texts, which stay (unended ones, too: each is looked at once), and infinity as OpenTimelineIO's reader takes it and Python's not."""


def checked(text: bytes, notes: Notes) -> str:
    """Give a timeline's JSON as OpenTimelineIO can read it.

    Parameters
    ----------
    text
        A file's bytes, UTF-8.
    notes
        Takes what is of an unknown kind, or of a newer version.

    Raises
    ------
    ValueError, RecursionError
        If it is no JSON object, or nested deeper than Python's reader allows.
    """
    decoded = BARE_INFINITY.sub(lambda match: match[0] if match[0].startswith('"') else f"{match[0]}inity", text.decode("utf-8-sig"))
    found = json.loads(decoded)
    if not isinstance(found, dict) or not isinstance(found.get(SCHEMA), str):
        raise ValueError(f"it is no object with an {SCHEMA}")  # noqa: TRY004 (about a file, not an argument)
    known = {**VALUES, **otio.core.type_version_map(), **OLD_NAMES}
    changed = list(_repairs(found, known, notes))
    return json.dumps(found) if changed else decoded


def _repairs(value: Any, known: dict[str, int], notes: Notes) -> Iterator[None]:
    """Repair an object in place; yield once for each change."""
    if isinstance(value, list):
        for one in value:
            yield from _repairs(one, known, notes)
        return
    if not isinstance(value, dict):
        return
    yield from _older(value, known, notes)
    for name, inner in list(value.items()):
        yield from _field_repairs(value, name, inner, known, notes)
        if name != METADATA:
            yield from _repairs(value[name], known, notes)


def _field_repairs(value: dict[str, Any], name: str, inner: Any, known: dict[str, int], notes: Notes) -> Iterator[None]:
    """Put something known, or nothing, where a field holds what is of an unknown kind."""
    whom = str(value.get("name") or "")
    if name in ("effects", "markers") and isinstance(inner, list):
        for one in inner:
            if _is_unknown(one, known):
                notes.add(f"What is of the unknown kind “{_kind(one)}” is left out", whom)
                yield
        value[name] = [one for one in inner if not _is_unknown(one, known)]
    elif name in PLACES:
        yield from _replaced(inner, LOST[PLACES[name]], known, notes)
    elif name in RANGES and inner is not None and not (isinstance(inner, dict) and _kind(inner) == "TimeRange"):
        notes.add("What should say when something is, and does not, is left out", whom)
        value[name] = None
        yield
    elif name != METADATA and _is_unknown(inner, known):
        notes.add(f"What is of the unknown kind “{_kind(inner)}” is left out", whom)
        value[name] = None
        yield


def _older(value: dict[str, Any], known: dict[str, int], notes: Notes) -> Iterator[None]:
    """Call an object of a newer version the newest that we know; what has another form there is kept among its metadata."""
    kind, _, version = str(value.get(SCHEMA, "")).rpartition(".")
    if kind == "Marker" and isinstance(value.get("color"), dict):  # since Marker.3
        value["color"] = _colour(value["color"])
        yield
    if (kind, version) == ("Clip", "1"):
        _to_clip_2(value)
        yield
    if kind in known and version.isdigit() and int(version) > known[kind]:
        notes.add(f"What is of a newer kind, “{value[SCHEMA]}”, was read as “{kind}.{known[kind]}”", str(value.get("name") or ""))
        value[SCHEMA] = f"{kind}.{known[kind]}"
        _set_aside(value, kind)
        yield


def _to_clip_2(value: dict[str, Any]) -> None:
    """Write a clip as it is written today: OpenTimelineIO's own upgrade ends the process where no `media_reference` is an object."""
    medium = value.pop("media_reference", None)
    value[SCHEMA] = "Clip.2"
    if not isinstance(value.get("media_references"), dict):
        is_medium = isinstance(medium, dict) and SCHEMA in medium
        value["media_references"] = {ONLY_MEDIUM: medium if is_medium else {SCHEMA: LOST["MediaReference"]}}
        value["active_media_reference_key"] = ONLY_MEDIUM


def _set_aside(value: dict[str, Any], kind: str) -> None:
    """Keep fields whose JSON is of another type than OpenTimelineIO writes among the metadata."""
    strange = {name: inner for name, inner in value.items() if name in _fields(kind) and not _is_like(inner, _fields(kind)[name])}
    for name in strange:
        del value[name]
    if not isinstance(value.get(METADATA), dict) and METADATA in _fields(kind):
        value[METADATA] = {}
    if strange and METADATA in _fields(kind):
        value[METADATA][NEWER] = strange


@functools.cache
def _fields(kind: str) -> dict[str, Any]:
    """Give an object's fields as OpenTimelineIO writes them; none for what it makes no objects of."""
    make = getattr(otio.schema, kind, None)
    return {} if make is None else json.loads(otio.core.serialize_json_to_string(make()))


def _is_like(value: Any, usual: Any) -> bool:
    """Say whether a value may stand where OpenTimelineIO writes another: of no JSON type, or of the same."""
    if value is None or usual is None:
        return value is None or isinstance(value, dict)  # what may be empty holds objects
    number = int, float
    return isinstance(value, number) == isinstance(usual, number) and (isinstance(usual, number) or isinstance(value, type(usual)))


def _colour(colour: dict[str, Any]) -> str:
    """Give the name of a colour object: its own if markers know it, else that of the nearest one."""
    name = str(colour.get("name") or "").upper()
    parts = [part if isinstance(part := colour.get(letter), int | float) and math.isfinite(part) else 0 for letter in "rgb"]
    return name if name in COLOURS else min(COLOURS, key=lambda one: math.dist(COLOURS[one], parts))


def _replaced(inner: Any, schema: str, known: dict[str, int], notes: Notes) -> Iterator[None]:
    places = inner if isinstance(inner, list) else list(inner.values()) if isinstance(inner, dict) and SCHEMA not in inner else [inner]
    for one in places:
        if _is_unknown(one, known):
            notes.add(f"What is of the unknown kind “{_kind(one)}” came in without its content", str(one.get("name") or ""))
            kept = {name: one[name] for name in ("name", "source_range", "available_range") if one.get(name) is not None}
            one.clear()
            one.update({SCHEMA: schema, **kept})
            yield


def _is_unknown(one: Any, known: dict[str, int]) -> bool:
    return isinstance(one, dict) and SCHEMA in one and _kind(one) not in known


def _kind(one: dict[str, Any]) -> str:
    return str(one.get(SCHEMA, "")).rpartition(".")[0]
