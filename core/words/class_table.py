"""The table of lyrics and classes as a file: for a spreadsheet or a text editor, and back.

Comma-separated (.csv) or tab-separated (.tsv), UTF-8. One row for each line of the lyrics, and one, marked "film", for each of the film's
own classes. To change what shows, write another name or number into the column "class", or empty it; rows may go, and rows may come.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from ..files import write_whole
from ..input_files import read_bytes
from ..protocol import LineThings, Thing, UserError, class_names, read_exact

COLUMNS = ("line", "begin", "end", "class", "similarity", "also", "mood", "words", "verse", "part", "sound")
FILM = "film"
SEPARATORS = {".csv": ",", ".tsv": "\t"}
BETWEEN_NAMES = "; "
TIME_DECIMALS = 6
FORMULA, AS_TEXT = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"), "'"
"""What begins a formula, in full width too; and what spreadsheets write before words."""


@dataclass(frozen=True, kw_only=True)
class ClassTable:
    """What a table file says: rows for the lines, and the film's own classes.

    `sound` is the digest of the sound that a cue sheet was written for; empty: any.
    """

    rows: tuple[LineThings, ...]
    things: tuple[Thing, ...]
    sound: str = ""


def write_table(path: Path, table: ClassTable) -> None:
    """Write a table, whole or not at all; the suffix names the format.

    Raises
    ------
    UserError
        If the suffix is neither .csv nor .tsv, or the file cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, delimiter=_separator(path), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_film_record(thing) for thing in table.things)
    writer.writerows(_line_record(row) | {"sound": table.sound} for row in table.rows)
    write_whole(path, text.getvalue().encode("utf-8-sig"))  # with the mark by which spreadsheets recognise UTF-8


def read_table(path: Path) -> ClassTable:
    """Read a table, as it was written or as somebody edited it. Only the column "class" must be there.

    Raises
    ------
    UserError
        If it cannot be read, names the row in which a class, a time or a number is wrong, or two cues that would show at once.
    """
    rows, things, sounds = list[LineThings](), list[Thing](), set[str]()
    for place, record in _records(path):
        if not (record["class"] or "").strip():  # emptied by hand: this line shows nothing of its own
            continue
        try:
            thing = _thing(record["class"], record.get("similarity"))
            if (record.get("line") or "").strip().lower() == FILM:
                things.append(thing)
            else:
                rows.append(_line(record, thing, number=len(rows) + 1))
                sounds.add(record.get("sound") or "")
        except UserError as error:
            raise UserError(f"{place}: {error.cause}", error.cure) from error
        except (ValueError, OverflowError) as error:
            raise UserError(f"{place} cannot be read: {error}.", "Write times in seconds, and similarity and mood as numbers.") from error
    if not rows and not things:
        raise UserError(f"“{path.name}” holds no classes.", "Write one with --table.")
    _check_sheet([row for row in rows if row.part], path)
    return ClassTable(rows=tuple(rows), things=_without_repeats(things), sound=max(sounds, default=""))


# Writing --------------------------------------------------------------------------------------------------------------------------------


def _film_record(thing: Thing) -> dict[str, str]:
    return {"line": FILM, "class": thing.name, "similarity": f"{thing.similarity:.2f}"}


def _line_record(row: LineThings) -> dict[str, str]:
    first, *others = row.things
    return {
        "line": str(row.number),
        "begin": _seconds_text(row.start_seconds),
        "end": _seconds_text(row.end_seconds),
        "class": first.name,
        "similarity": f"{first.similarity:.2f}",
        "also": BETWEEN_NAMES.join(thing.name for thing in others),
        "mood": f"{row.mood:g}",
        "words": _no_formula(row.text),
        "verse": str(row.verse + 1),
        "part": row.part,
    }


def _no_formula(text: str) -> str:
    """Let a spreadsheet take words for words: what begins so is a formula to it, which may send the table elsewhere."""
    return f"{AS_TEXT}{text}" if text.lstrip(" ").startswith(FORMULA) or text.startswith(AS_TEXT) else text


def _words(text: str) -> str:
    """Take that back; a spreadsheet may have done so already."""
    return text.removeprefix(AS_TEXT)


def _seconds_text(seconds: Fraction | None) -> str:
    return "" if seconds is None else f"{float(seconds):.{TIME_DECIMALS}f}".rstrip("0").rstrip(".")


# Reading --------------------------------------------------------------------------------------------------------------------------------


def _records(path: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Give each row with its place in words."""
    try:
        text = read_bytes(path, cure="Choose a table that is there.").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"“{path.name}” is not written in UTF-8.", "Save it as CSV with the encoding UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=_separator(path), strict=True)
    try:
        if "class" not in (reader.fieldnames or ()):
            raise UserError(f"“{path.name}” has no column “class”.", "Keep the table's first row as it was written.")
        yield from ((f"Row {reader.line_num} of “{path.name}”", record) for record in reader if any(record.values()))
    except csv.Error as error:
        raise UserError(f"“{path.name}” is no table: {error}.", "Save it as CSV from the spreadsheet.") from error


def _separator(path: Path) -> str:
    separator = SEPARATORS.get(path.suffix.lower())
    if separator is None:
        raise UserError(f"“{path.name}” is no name for a table.", f"Choose a name that ends in {' or '.join(SEPARATORS)}.")
    return separator


def _line(record: Mapping[str, str], thing: Thing, *, number: int) -> LineThings:
    others = [_thing(name) for name in (record.get("also") or "").split(BETWEEN_NAMES.strip()) if name.strip()]
    return LineThings(
        number=int(record.get("line") or number),
        text=_words(record.get("words") or ""),
        verse=int(record.get("verse") or 1) - 1,
        things=_without_repeats([thing, *others]),
        start_seconds=_seconds(record.get("begin")),
        end_seconds=_seconds(record.get("end")),
        mood=max(-1.0, min(1.0, float(record.get("mood") or 0))),
        part=(record.get("part") or "").strip(),
    )


def _check_sheet(rows: list[LineThings], path: Path) -> None:
    timed = sorted((row for row in rows if row.start_seconds is not None), key=lambda row: row.start_seconds or 0)
    for before, after in pairwise(timed):
        end, begin = before.end_seconds or before.start_seconds or 0, after.start_seconds or 0
        if end > begin:
            raise UserError(
                f"In “{path.name}”, lines {before.number} and {after.number} overlap: {float(end):g} s, and {float(begin):g} s.",
                "A cue sheet shows one at a time: let one end before the next begins, or leave the ends empty.",
            )


def _thing(text: str, similarity: str | None = None) -> Thing:
    class_id = class_names.resolve(text)
    return Thing(class_id=class_id, name=class_names.name(class_id), similarity=float(similarity or 0))


def _seconds(text: str | None) -> Fraction | None:
    return read_exact(text) if text and text.strip() else None


def _without_repeats(things: Iterable[Thing]) -> tuple[Thing, ...]:
    first: dict[int, Thing] = {}
    for thing in things:
        first.setdefault(thing.class_id, thing)
    return tuple(first.values())
