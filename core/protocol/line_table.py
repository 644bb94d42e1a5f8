"""The table of lyrics and things: line -> class, as text to be kept, and as cues to be drawn. Standard library only.

In: rows, as the worker chose them or as somebody changed them. Out: one short line of JSON and back, and the cues of the lines that have
times. A strip in Blender carries the text; so does the metadata of its clip in other editors.
"""

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from . import class_names
from .choosing import LineThings, Thing
from .errors import UserError
from .exact import read_exact
from .settings import Cue

LAST_LINE_SECONDS = Fraction(4)
"""How long a line is shown whose end is not known, and after which nothing comes."""
MOST_LINES = 10_000
MOST_THINGS = 100


def cues(rows: Sequence[LineThings]) -> tuple[Cue, ...]:
    """Let the timed lines show their classes while they are sung.

    Parameters
    ----------
    rows
        Of the table; those without times count for nothing.

    Returns
    -------
    tuple of Cue
        By their beginnings. A line whose end is not known shows until the next one begins.
    """
    timed = sorted((row for row in rows if row.start_seconds is not None), key=lambda row: row.start_seconds or 0)
    nexts = [after.start_seconds for _, after in pairwise(timed)] + [None] if timed else []
    return tuple(
        Cue(start_seconds=start, end_seconds=end, classes=tuple(thing.class_id for thing in row.things), mood=row.mood, part=row.part)
        for row, following in zip(timed, nexts, strict=True)
        if (start := row.start_seconds) is not None and (end := _end(row, following) or start + LAST_LINE_SECONDS) > start
    )


def _end(row: LineThings, following: Fraction | None) -> Fraction | None:
    """Say until when a row shows: a cue sheet's never longer than until the next one begins; lines that are sung may overlap."""
    known = [seconds for seconds in (row.end_seconds, following) if seconds is not None]
    return (min(known) if row.part else known[0]) if known else None


def of_cues(shown: Iterable[Cue]) -> tuple[LineThings, ...]:
    """Give a table that shows what cues show; its lines have no words.

    A cue sheet's line has an end only where no other follows it at once: so moving a boundary is one change.
    """
    cues = tuple(shown)
    begins = {cue.start_seconds for cue in cues}
    return tuple(
        LineThings(
            number=number,
            text="",
            verse=0,
            things=tuple(_thing(class_id) for class_id in cue.classes),
            start_seconds=cue.start_seconds,
            end_seconds=None if cue.part and cue.end_seconds in begins else cue.end_seconds,
            mood=cue.mood,
            part=cue.part,
        )
        for number, cue in enumerate(cues, 1)
    )


def pack(rows: Iterable[LineThings]) -> str:
    """Write a table as one line of JSON. Similarities and what was read in a line's place are left out; no rows are an empty text."""
    packed = [_packed(row) for row in rows]
    return json.dumps(packed, ensure_ascii=False, separators=(",", ":"), allow_nan=False) if packed else ""


def unpack(text: str) -> tuple[LineThings, ...]:
    """Read what `pack` wrote; empty: no rows.

    Raises
    ------
    UserError
        If the text is no such table.
    """
    try:
        packed = json.loads(text) if text else []
        return tuple(_unpacked(row, number) for number, row in enumerate(_checked(packed), 1))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise UserError("The strip's table of lyrics and things cannot be read.", "Find the things again, or clear the table.") from error


def _checked(packed: Any) -> list[Any]:
    if not isinstance(packed, list) or len(packed) > MOST_LINES:
        raise ValueError("no rows, or too many")
    return packed


# One row --------------------------------------------------------------------------------------------------------------------------------


def _packed(row: LineThings) -> dict[str, Any]:
    """Name only what is not as usual: most lines have words, classes and a beginning."""
    record: dict[str, Any] = {"words": row.text, "classes": [thing.class_id for thing in row.things]}
    if row.start_seconds is not None:
        record["begin"] = str(row.start_seconds)
    if row.end_seconds is not None:
        record["end"] = str(row.end_seconds)
    usual = {"mood": 0.0, "verse": 0, "pinned": False, "part": ""}
    values = {"mood": row.mood, "verse": row.verse, "pinned": row.is_pinned, "part": row.part}
    return record | {name: value for name, value in values.items() if value != usual[name]}


def _unpacked(record: dict[str, Any], number: int) -> LineThings:
    things = tuple(_thing(class_id) for class_id in dict.fromkeys(record["classes"][:MOST_THINGS]))
    if not things or not isinstance(record["words"], str):
        raise ValueError(f"line {number} shows nothing")
    return LineThings(
        number=number,
        text=record["words"],
        verse=int(record.get("verse", 0)),
        things=things,
        start_seconds=_seconds(record.get("begin")),
        end_seconds=_seconds(record.get("end")),
        is_pinned=bool(record.get("pinned", False)),
        mood=max(-1.0, min(1.0, float(record.get("mood", 0.0)))),
        part=str(record.get("part", "")),
    )


def _thing(class_id: Any) -> Thing:
    if type(class_id) is not int or not 0 <= class_id < class_names.CLASS_COUNT:
        raise ValueError(f"there is no class {class_id}")
    return Thing(class_id=class_id, name=class_names.name(class_id), similarity=0.0)


def _seconds(text: Any) -> Fraction | None:
    if text is None:
        return None
    return read_exact(text)
