"""The lyrics of a strip: which line shows which thing, and when. Rules about the table; the buttons are in `operators.lyrics`.

The strip keeps the table as one text (`StripSettings.words`, see `core.protocol.line_table`), so that it goes wherever settings go.
Times are the sound's own, so moving or trimming strips moves the words along. The list that the panel shows has a line for each row.
"""

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, groupby
from typing import Any

import bpy

from ..core.protocol import Cue, LineThings, Strategy, Thing, UserError, class_names, line_table
from . import scenes

LONGEST_SECONDS = 24 * 60 * 60
STRATEGIES = (
    (Strategy.CONTEXT.value, "In Context", "Each line is read with its verse: in a song about money, dough is money"),
    (
        Strategy.BEST.value,
        "Best Votes",
        "Each line votes for a thing by its words alone, as the original visualizer does; the best votes win",
    ),
    (Strategy.RANDOM.value, "Any Votes", "The same, but the film's own things are drawn by lot from what was voted for"),
)
SOURCES = (
    ("FILE", "File", "A text, .lrc, .srt, .vtt or other subtitle file. All but plain text say when each line is sung", "FILE", 0),
    ("TEXT", "Text", "A text of Blender's Text Editor, such as pasted lyrics", "TEXT", 1),
)


AGAIN_SECONDS = 0.5
_chosen = ("", "")  # the scene and the strip whose lyrics are to be read

OF_SELECTED_LINE = ("line_start", "line_end", "line_mood")
"""Properties that show a part of the table: to set them changes the selected line."""


class LineItem(bpy.types.PropertyGroup):
    """A line of the list: its name is the line's words, so that the list can be filtered by them."""


# Reading --------------------------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def rows(words: str) -> tuple[LineThings, ...]:
    """Give the rows of a strip's table; none if it cannot be read."""
    try:
        return line_table.unpack(words)
    except UserError:
        return ()


@functools.lru_cache(maxsize=64)
def cues(words: str) -> tuple[Cue, ...]:
    """Give what a strip's table shows while it is sung.

    Raises
    ------
    UserError
        If the table cannot be read.
    """
    return line_table.cues(line_table.unpack(words))


@functools.lru_cache(maxsize=64)
def shown(words: str) -> str:
    """Say all of a table that a film shows: nothing of lines without times."""
    told = [
        [str(cue.start_seconds), str(cue.end_seconds), *cue.classes, cue.mood, *([cue.part] if cue.part else [])]
        for cue in line_table.cues(rows(words))
    ]
    return json.dumps(told) if told else ""


def text_with(words: str, shown_cues: tuple[Cue, ...]) -> str:
    """Give a table that shows these cues: the same one if it does."""
    return words if shown(words) == shown(of := line_table.pack(line_table.of_cues(shown_cues))) else of


def read_soon(group: Any, _context: bpy.types.Context) -> None:
    """Have a file or text read that has just been chosen; called by Blender, in which nothing may be asked for just then."""
    global _chosen  # noqa: PLW0603 (one file is chosen at a time)
    scene = group.id_data
    strip = next((strip for strip in scene.sequence_editor.strips_all if strip.chromastrip == group), None)
    if strip is not None and (group.lyrics_path if group.lyrics_source == "FILE" else group.lyrics_text):
        _chosen = (scenes.noted_name(scene), strip.name)
        if not bpy.app.timers.is_registered(read_chosen):
            bpy.app.timers.register(read_chosen, first_interval=0.0)


def read_chosen() -> float | None:
    """Read it as soon as the engine is free; called by a timer."""
    if not bpy.ops.chromastrip.read_lyrics.poll():
        return AGAIN_SECONDS
    scene_name, strip_name = _chosen
    bpy.ops.chromastrip.read_lyrics("EXEC_DEFAULT", scene_name=scene_name, strip_name=strip_name)
    return None


def follow(group: Any, _context: bpy.types.Context | None = None) -> None:
    """Have the list that the panel shows be as long as the table."""
    texts = [label(row) for row in rows(group.words)]
    if [item.name for item in group.lines] == texts:
        return
    group.lines.clear()
    for text in texts:
        group.lines.add().name = text


def label(row: LineThings) -> str:
    """Name a row: by its words, or, of a cue sheet, by the song's part."""
    return f"Part {row.part}" if row.part else row.text or "(no words)"


def end_seconds(table: Sequence[LineThings], index: int) -> Fraction | None:
    """Say until when a row shows; None: it has no time."""
    row = table[index]
    if row.start_seconds is None:
        return None
    starts = sorted(other.start_seconds for other in table if other.start_seconds is not None)
    later = next((start for start in starts if start > row.start_seconds), None)
    return row.end_seconds or later or row.start_seconds + line_table.LAST_LINE_SECONDS


def clock(seconds: Fraction | None) -> str:
    """Write a time as lyrics files do: 1:23.4."""
    if seconds is None:
        return ""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


# Changing -------------------------------------------------------------------------------------------------------------------------------


def change(group: Any, index: int, make: Callable[[LineThings], LineThings]) -> None:
    """Put another row in the place of one."""
    table = rows(group.words)
    if 0 <= index < len(table):
        group.words = line_table.pack((*table[:index], make(table[index]), *table[index + 1 :]))


def with_thing(row: LineThings, class_id: int) -> LineThings:
    """Let a row show a class first, by hand; what else it shows stays."""
    thing = Thing(class_id=class_id, name=class_names.name(class_id), similarity=0.0)
    others = (other for other in row.things if other.class_id != class_id)
    return replace(row, things=(thing, *others), is_pinned=True)


def with_exchanged_thing(row: LineThings, class_id: int) -> LineThings:
    """Let a row show a class in the place of its first one."""
    return with_thing(replace(row, things=row.things[1:] or row.things), class_id)


def starting(row: LineThings, start: Fraction | None) -> LineThings:
    """Let a row begin at a time, or never; its end stays if it still comes after that."""
    end = row.end_seconds
    return replace(row, start_seconds=start, end_seconds=end if start is not None and end is not None and end > start else None)


def ending(row: LineThings, end: Fraction | None) -> LineThings:
    """Let a row end at a time; before its beginning, and None: when the next one begins."""
    start = row.start_seconds
    return replace(row, end_seconds=end if start is not None and end is not None and end > start else None)


def spread(table: Sequence[LineThings], begin: Fraction, end: Fraction) -> tuple[LineThings, ...]:
    """Give the rows without times some: evenly between those before and after them that have times, else from `begin` to `end`."""
    made = list(table)
    for first, last in _untimed_runs(table):
        before = next((row.start_seconds for row in reversed(table[:first]) if row.start_seconds is not None), None)
        after = next((row.start_seconds for row in table[last:] if row.start_seconds is not None), end)
        start, parts = (begin, last - first) if before is None else (before, last - first + 1)
        step = max(after - start, Fraction(0)) / parts
        for place in range(first, last):
            number = place - first + (before is not None)
            made[place] = replace(table[place], start_seconds=start + number * step, end_seconds=None)
    return tuple(made)


def _untimed_runs(table: Sequence[LineThings]) -> list[tuple[int, int]]:
    """Find the stretches of rows without times, half-open."""
    groups = (
        list(group) for is_untimed, group in groupby(range(len(table)), key=lambda index: table[index].start_seconds is None) if is_untimed
    )
    return [(group[0], group[-1] + 1) for group in groups]


def merged(found: Sequence[LineThings], before: Sequence[LineThings], *, excluded: Iterable[int]) -> tuple[LineThings, ...]:
    """Keep what was done by hand to lines that are still there: pinned things, and times where the lyrics say none.

    Parameters
    ----------
    found
        What the worker has chosen.
    before
        The table as it was.
    excluded
        Classes that are not kept, even if they are pinned.
    """
    known: dict[str, list[LineThings]] = {}
    for row in before:
        if not row.part:
            known.setdefault(row.text, []).append(row)
    return tuple(_as_before(row, known[row.text].pop(0), set(excluded)) if known.get(row.text) else row for row in found)


def _as_before(row: LineThings, old: LineThings, excluded: set[int]) -> LineThings:
    if row.start_seconds is None:
        row = replace(row, start_seconds=old.start_seconds, end_seconds=old.end_seconds)
    first = old.things[0].class_id
    return with_thing(row, first) if old.is_pinned and first not in excluded else row


def sung(table: Sequence[LineThings]) -> tuple[LineThings, ...]:
    """Give the rows that have words, not those of a cue sheet."""
    return tuple(row for row in table if not row.part)


def with_sheet(written: Sequence[LineThings], before: Sequence[LineThings]) -> tuple[LineThings, ...]:
    """Put a cue sheet in the place of the one before, among the lines that are sung. What is pinned stays, each in its place of its part.

    Parameters
    ----------
    written
        The sheet's rows, by their beginnings.
    before
        The table as it was.
    """
    pinned = {key: row for key, row in _by_part(before) if row.is_pinned}
    sheet = [replace(row, things=pinned[key].things, is_pinned=True) if key in pinned else row for key, row in _by_part(written)]
    lines = sung(before)
    until = accumulate((row.start_seconds or Fraction(0) for row in lines), max)  # lines without times stay where they stand
    timed = [*zip(until, lines, strict=True), *((row.start_seconds or Fraction(0), row) for row in sheet)]
    return tuple(row for _, row in sorted(timed, key=lambda one: one[0]))


def _by_part(table: Sequence[LineThings]) -> Iterator[tuple[tuple[str, int], LineThings]]:
    """Give a cue sheet's rows, each with its part and its place among all of that part."""
    counts: dict[str, int] = {}
    for row in table:
        if row.part:
            counts[row.part] = counts.get(row.part, 0) + 1
            yield (row.part, counts[row.part]), row


def exchanged_in_part(table: Sequence[LineThings], index: int, class_id: int) -> tuple[LineThings, ...]:
    """Let a part show another class in the place of the one that leads in a row, wherever the part comes; where it leads, it is pinned."""
    part, old = table[index].part, table[index].things[0].class_id
    new = Thing(class_id=class_id, name=class_names.name(class_id), similarity=0.0)

    def exchanged(row: LineThings) -> LineThings:
        if row.part != part or old not in [thing.class_id for thing in row.things]:
            return row
        things = {thing.class_id: thing for thing in (new if thing.class_id == old else thing for thing in row.things)}
        return replace(row, things=tuple(things.values()), is_pinned=row.is_pinned or row.things[0].class_id == old)

    return tuple(map(exchanged, table))


def from_markers(marks: Sequence[tuple[Fraction, str]], before: Sequence[LineThings]) -> tuple[LineThings, ...]:
    """Write a cue sheet as markers stand: when each cue begins, and what leads.

    Parameters
    ----------
    marks
        Times in the sound's own and names of classes, rising.
    before
        The table as it was: guests, parts and pins are taken from it.

    Raises
    ------
    UserError
        If a marker names no class.
    """
    old = [row for row in before if row.part and row.start_seconds is not None]
    end = next((row.end_seconds for row in reversed(old) if row.end_seconds is not None), None)
    made = [_as_marked(seconds, class_names.resolve(name), old) for seconds, name in marks]
    if made and end is not None and end > (made[-1].start_seconds or 0):
        made[-1] = replace(made[-1], end_seconds=end)
    return tuple(made)


def _as_marked(seconds: Fraction, class_id: int, old: Sequence[LineThings]) -> LineThings:
    """Give the row of the nearest cue that shows the class first, at another time; or one of its own, in the part that shows then."""
    alike = [row for row in old if row.things[0].class_id == class_id]
    if alike:
        nearest = min(alike, key=lambda row: abs((row.start_seconds or 0) - seconds))
        return replace(nearest, start_seconds=seconds, end_seconds=None)
    part = next((row.part for row in reversed(old) if (row.start_seconds or 0) <= seconds), "A")
    thing = Thing(class_id=class_id, name=class_names.name(class_id), similarity=0.0)
    return LineThings(number=0, text="", verse=0, things=(thing,), start_seconds=seconds, part=part, is_pinned=True)


# The selected line, as the panel edits it -----------------------------------------------------------------------------------------------


def selected(group: Any) -> LineThings | None:
    """Give the row that is selected in the list."""
    table = rows(group.words)
    return table[group.line] if 0 <= group.line < len(table) else None


def get_start(group: Any) -> float:
    """Give the selected row's beginning, in seconds."""
    row = selected(group)
    return float(row.start_seconds or 0) if row is not None else 0.0


def set_start(group: Any, seconds: float) -> None:
    """Set it."""
    change(group, group.line, lambda row: starting(row, to_milliseconds(seconds)))


def get_end(group: Any) -> float:
    """Give the selected row's end, in seconds: its own, or the next one's beginning."""
    return float(end_seconds(rows(group.words), group.line) or 0) if selected(group) is not None else 0.0


def set_end(group: Any, seconds: float) -> None:
    """Set it; before the beginning: when the next one begins."""
    change(group, group.line, lambda row: ending(row, to_milliseconds(seconds)))


def get_mood(group: Any) -> float:
    """Give the selected row's mood."""
    row = selected(group)
    return row.mood if row is not None else 0.0


def set_mood(group: Any, mood: float) -> None:
    """Set it."""
    change(group, group.line, lambda row: replace(row, mood=round(mood, 2)))


def to_milliseconds(seconds: float) -> Fraction:
    """Give the exact time that somebody has typed, to the millisecond."""
    return Fraction(round(seconds * 1000), 1000)
