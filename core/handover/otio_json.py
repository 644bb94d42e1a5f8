"""OpenTimelineIO's JSON from strangers, made safe for OpenTimelineIO's own reader.

That reader ends the process at deep nesting, and refuses a whole timeline for one object of a kind or a version that it does not know.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import opentimelineio as otio

from .noting import Notes

SCHEMA = "OTIO_SCHEMA"
METADATA = "metadata"
"""Holds whatever it likes: OpenTimelineIO takes unknown objects there."""
PLACES = {"children": "Item", "media_reference": "MediaReference", "media_references": "MediaReference", "tracks": "Item"}
OLD_NAMES = {"Sequence": 1, "Filler": 1, "SerializeableCollection": 1}
"""OpenTimelineIO knows them, although it does not say so."""
LOST = {"Item": "Clip.1", "MediaReference": "MissingReference.1"}
"""What stands in an unknown object's place; effects and markers are left out."""

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
    known = {**otio.core.type_version_map(), **OLD_NAMES}
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
    for name, inner in value.items():
        if name in ("effects", "markers") and isinstance(inner, list):
            kept = [one for one in inner if not _is_unknown(one, known)]
            for one in inner:
                if _is_unknown(one, known):
                    notes.add(f"What is of the unknown kind “{_kind(one)}” is left out", str(value.get("name") or ""))
                    yield
            value[name] = kept
        elif name in PLACES:
            yield from _replaced(inner, LOST[PLACES[name]], known, notes)
        if name != METADATA:
            yield from _repairs(value[name], known, notes)


def _older(value: dict[str, Any], known: dict[str, int], notes: Notes) -> Iterator[None]:
    """Call an object of a newer version the newest that we know: what is new in it is not read."""
    kind, _, version = str(value.get(SCHEMA, "")).rpartition(".")
    if kind in known and version.isdigit() and int(version) > known[kind]:
        notes.add(f"What is of a newer kind, “{value[SCHEMA]}”, was read as “{kind}.{known[kind]}”", str(value.get("name") or ""))
        value[SCHEMA] = f"{kind}.{known[kind]}"
        yield


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
