"""Texts with times in the forms of subtitles to cues: SRT, WebVTT, SBV, SubViewer, ASS, MicroDVD, MPL2, TMPlayer, SAMI, TTML and labels.

A text comes in, cues go out, by time. One odd line costs its own cue, with a note. Other forms of timed text and documents are named, so
that they can be refused.
"""

import bisect
import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from ..handover.noting import Notes
from ..protocol import UserError

MICRODVD_FPS = 25
MICRODVD_RATE = re.compile(r"\d{1,3}[.,]\d{1,6}")
SHORTEST_CUE_SECONDS = Fraction(1, 20)
"""Rolling captions hold still for less than this between two lines."""
TIME = r"\d{1,4}(?: ?: ?\d{1,2}){1,2}(?: ?[.,:] ?\d{1,6})?"
ARROW = r"(?:-{1,2}|[\u2013\u2014]|- -) ?(?:>|&gt;)"
STAMPS = re.compile(rf"({TIME})\s?\s?(?:{ARROW}|,)\s?\s?({TIME})(?:\s.*)?")
LOOKS_LIKE_STAMPS = re.compile(r".{0,40}-->.{0,200}")
CLOCK = re.compile(r"(\d+):(\d{1,2})(?::(\d{1,2}))?(?:[.,:](\d{1,6}))?")
TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}\n]{0,200}\}")
BESIDES = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
LABEL = re.compile(r"(\d{1,6}\.\d{1,6})\t(\d{1,6}\.\d{1,6})\t(.*)")


@dataclass(frozen=True, kw_only=True)
class Cue:
    """Lines that are shown together. Seconds; half-open."""

    start: Fraction
    end: Fraction
    lines: tuple[str, ...]


def cues(kind: str, text: str, *, name: str, notes: Notes) -> list[Cue]:
    """Read a text's cues.

    Parameters
    ----------
    kind
        What `kind_of` says.
    text
        The text, its lines ended by line feeds.
    name
        What errors call it.
    notes
        Takes what was left out.

    Returns
    -------
    list[Cue]
        By time; what rolling captions repeat is there once.

    Raises
    ------
    UserError
        If nothing can be read since its stamps say no times, or its form is one that is not read.
    """
    if kind in REFUSED:
        raise UserError(
            f"“{name}” is {REFUSED[kind]}, which is not read as lyrics.", "Save it as plain text, LRC or SRT, or paste the song's words."
        )
    found = READERS[kind](text, name, notes)
    return _once(sorted((cue for cue in found if cue.lines), key=lambda cue: cue.start))


def kind_of(text: str) -> str:
    """Say which form of timed text, or which kind of document, a text is; empty: none of these."""
    head = text.lstrip("\ufeff \t\n")[:2000]
    for kind, sign in HEADS.items():
        if sign.match(head):
            return kind
    return next((kind for kind, sign in LINES.items() if sign.search(text)), "")


HEADS = {
    "vtt": re.compile(r"webvtt", re.IGNORECASE),
    "ass": re.compile(r"\[script info\]|\[v4\+? styles\]|\[events\]", re.IGNORECASE),
    "sami": re.compile(r"<sami", re.IGNORECASE),
    "ttml": re.compile(r"(?:<\?xml[^>]{0,200}\?>\s{0,20})?(?:<!--[^<>]{0,500}-->\s{0,20})?<(?:\w{1,10}:)?tt[\s>]"),
    "rtf": re.compile(r"\{\\rtf"),
    "html": re.compile(r"<!doctype html|<html", re.IGNORECASE),
    "xml": re.compile(r"<\?xml|<[a-zA-Z][\w:.-]{0,40}\sxmlns|<(?:USFSubtitles|window|transcript|timedtext|score-partwise)[\s>]"),
    "json": re.compile(r"[\[{]\s{0,20}(?:\{\s{0,20})?\"[\w ]{1,40}\"\s{0,5}:"),
    "pdf": re.compile(r"%PDF-"),
    "scc": re.compile(r"Scenarist_SCC", re.IGNORECASE),
    "ultrastar": re.compile(r"#(?:TITLE|ARTIST|VERSION|MP3|AUDIO|BPM):", re.IGNORECASE),
    "karaoke": re.compile(r"krc1"),
    "vobsub": re.compile(r"# VobSub index"),
    "spruce": re.compile(r"(?://[^\n]{0,200}\n\s{0,20}){0,20}\$\w{1,40}\s{0,5}=|\d\d:\d\d:\d\d[:;]\d\d ?, ?\d\d:\d\d:\d\d[:;]\d\d ?,"),
    "jacosub": re.compile(r"#(?:T|TIMERES|SHIFT) -?\d|\d{1,2}:\d\d:\d\d\.\d\d \d{1,2}:\d\d:\d\d\.\d\d [A-Z{]"),
    "phoenix": re.compile(r"\d{1,8}, {0,10}\d{1,8}, ?\""),
    "chords": re.compile(
        r"(?:#[^\n]{0,200}\n\s{0,20}){0,20}\{(?:title|t|subtitle|st|artist|composer|key|capo|comment|c|soc|sov|start_of_\w{1,20})(?:: ?|\})"
    ),
    "table": re.compile(r"(?:\"?\w{1,20}\"?[\t,;]){0,3}\"?start\w{0,10}\"?[\t,;]\"?end", re.IGNORECASE),
    "lilypond": re.compile(r"\\version \"|%%MusiXTeX"),
}
"""How a text of a kind begins."""
LINES = {
    "srt": re.compile(rf"^[^\S\n]*(?:-->|\d[\d:., ]{{3,20}}\s?{ARROW})|-->[^\S\n]*\d", re.MULTILINE),
    "sbv": re.compile(r"^\d{1,2}:\d\d:\d\d[.,]\d{2,3},\d{1,2}:\d\d:\d\d[.,]\d{2,3}[^\S\n]*$", re.MULTILINE),
    "ass": re.compile(r"^Dialogue: \w{1,10}[=\w]{0,10},\d", re.MULTILINE),
    "microdvd": re.compile(r"^\{\d{1,8}\}\{\d{0,8}\}", re.MULTILINE),
    "mpl2": re.compile(r"^\[\d{1,8}\]\[\d{0,8}\]", re.MULTILINE),
    "tmp": re.compile(r"\A\s{0,20}\d{1,2}:\d\d:\d\d[:=,]\S"),
    "karaoke": re.compile(r"^\[\d{1,8},\d{1,8}\]", re.MULTILINE),
    "labels": re.compile(r"\A\s{0,20}\d{1,6}\.\d{1,6}\t\d{1,6}\.\d{1,6}\t"),
}
"""A line that only a text of a kind has."""
REFUSED = {
    "rtf": "a word processor's document (RTF)",
    "html": "a web page (HTML)",
    "xml": "an XML document",
    "json": "data for a program (JSON)",
    "pdf": "a PDF document",
    "vobsub": "the index of subtitles that are pictures (VobSub)",
    "spruce": "a Spruce subtitle file (STL)",
    "jacosub": "a JACOsub script",
    "phoenix": "a Phoenix Japanimation Society subtitle file (PJS)",
    "chords": "a song sheet with chords (ChordPro)",
    "table": "a table with times",
    "scc": "a Scenarist caption file (SCC)",
    "ultrastar": "an UltraStar song, whose times are beats",
    "lilypond": "sheet music",
    "karaoke": "a karaoke file (KRC, QRC or YRC)",
}
"""Kinds that are not read, by the names that people know."""


# Cues with a line of stamps -------------------------------------------------------------------------------------------------------------


def _stamped(text: str, name: str, notes: Notes) -> Iterator[Cue]:
    """Read what has its times in a line of their own, before the words: SRT, WebVTT, SBV, SubViewer."""
    lines = text.split("\n")
    places, odd = [], []
    for number, line in enumerate(lines):
        if match := STAMPS.fullmatch(line.strip()):
            start, end = (clock_seconds(match[side].replace(" ", "")) for side in (1, 2))
            if start is not None and end is not None:
                places.append((number, start, end))
                continue
        if match or LOOKS_LIKE_STAMPS.fullmatch(line):
            odd.append(number)
    if odd and not places:
        cure = "Write it as 00:01:02,500 --> 00:01:05,000."
        raise UserError(f"Line {odd[0] + 1} of “{name}” says no times: “{lines[odd[0]].strip()}”.", cure)
    for number in odd:
        notes.add(f"Left out of “{name}”, since a line says no times", f"line {number + 1}: {lines[number].strip()}")
    ends = sorted([*(number for number, *_ in places), *odd, len(lines)])
    for number, start, end in places:
        following = ends[bisect.bisect_right(ends, number)]
        yield Cue(start=start, end=end, lines=tuple(_words(lines[number + 1 : following], last=following == len(lines))))


def _words(lines: Sequence[str], *, last: bool) -> Iterator[str]:
    """Give a cue's own words: not the name of the cue after it, nor notes and styles."""
    kept = list(lines)
    if not last and kept and (kept[-1].strip().isdigit() or (len(kept) > 1 and not kept[-2].strip() and kept[-1].strip())):
        kept.pop()
    is_besides, before = False, "words"
    for line in kept:
        if not line.strip():
            is_besides = False
        elif not before.strip() and BESIDES.match(line):
            is_besides = True
        if not is_besides and (words := " ".join(html.unescape(TAG.sub("", line.replace("[br]", " "))).split())):
            yield words
        before = line


def clock_seconds(text: str) -> Fraction | None:
    """Read ``hh:mm:ss.fff``, ``hh:mm:ss`` or ``mm:ss.fff``, with a point, comma or colon; None: it is no time."""
    match = CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = (0, match[1], match[2]) if match[3] is None else match.group(1, 2, 3)
    if int(seconds) > 59 or (hours and int(minutes) > 59):  # noqa: PLR2004 (seconds in a minute)
        return None
    return (int(hours) * 60 + int(minutes)) * 60 + Fraction(f"{seconds}.{match[4] or 0}")


def _once(found: list[Cue]) -> list[Cue]:
    """Leave out what rolling captions show again: each line counts where it is first heard.

    As YouTube writes them: every cue begins with the last line of the cue before, or is nothing but that line, for a hundredth of a
    second. What is sung twice is left alone: most cues must be such before any counts as one.
    """
    carried = [0, *(_carried(before, cue) for before, cue in pairwise(found))]
    if 2 * sum(count > 0 for count in carried) < max(2, len(found) - 1):
        return found
    new = (Cue(start=cue.start, end=cue.end, lines=cue.lines[count:]) for cue, count in zip(found, carried, strict=True))
    return [cue for cue in new if cue.lines]


def _carried(before: Cue, cue: Cue) -> int:
    """Count the lines that a cue has only because the one before it, which it follows at once, ends with them."""
    if cue.start - before.end > SHORTEST_CUE_SECONDS:
        return 0
    count = next((count for count in range(len(cue.lines), 0, -1) if before.lines[-count:] == cue.lines[:count]), 0)
    is_brief = cue.end - cue.start <= SHORTEST_CUE_SECONDS
    return count if count < len(cue.lines) or is_brief else 0


# Others ---------------------------------------------------------------------------------------------------------------------------------


def _with_pysubs2(form: str) -> Callable[[str, str, Notes], Iterator[Cue]]:
    def read(text: str, name: str, notes: Notes) -> Iterator[Cue]:
        import pysubs2

        if "<!ENTITY" in text:  # can make a small file fill the memory
            raise UserError(f"“{name}” declares XML entities, which no lyrics need.", "Save it as plain text, LRC or SRT.")
        fps = _microdvd_fps(text, name, notes) if form == "microdvd" else None
        try:
            events = pysubs2.SSAFile.from_string(text, format_=form, fps=fps)
        except Exception as error:  # whatever a stranger's file makes it stumble over
            raise UserError(
                f"“{name}” looks like {form.upper()} and cannot be read: {error}.", "Save it as plain text, LRC or SRT."
            ) from error
        for event in events:
            if not event.is_comment and not event.is_drawing and not (form == "microdvd" and MICRODVD_RATE.fullmatch(event.plaintext)):
                lines = (" ".join(html.unescape(TAG.sub("", line)).split()) for line in event.plaintext.split("\n"))
                start, end = Fraction(max(0, event.start), 1000), Fraction(event.end, 1000)
                yield Cue(start=start, end=end, lines=tuple(line for line in lines if line))

    return read


def _microdvd_fps(text: str, name: str, notes: Notes) -> float:
    """Give the frames a second that a MicroDVD file names in its first line, as ``{1}{1}23.976``; else the usual ones."""
    rate = re.match(r"\s{0,20}\{[01]\}\{[01]\}(\d{1,3}[.,]?\d{0,6})\s", text)
    if rate and float(rate[1].replace(",", ".")) >= 1:
        return float(rate[1].replace(",", "."))
    notes.add(f"“{name}” counts frames and does not say how many make a second: {MICRODVD_FPS} were taken")
    return MICRODVD_FPS


def _ass(text: str, name: str, notes: Notes) -> Iterator[Cue]:
    """Read ASS or SSA, with or without its heading."""
    has_events = re.search(r"^\[events\]", text, re.IGNORECASE | re.MULTILINE)
    form = "ass" if re.search(r"^\[v4\+ styles\]|v4\.00\+", text, re.IGNORECASE | re.MULTILINE) or not has_events else "ssa"
    heading = "" if has_events else "[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
    yield from _with_pysubs2(form)(heading + text, name, notes)


def _labels(text: str, name: str, notes: Notes) -> Iterator[Cue]:
    """Read a sound editor's labels: begin, end and words, parted by tabs."""
    for number, line in enumerate(text.split("\n"), 1):
        if match := LABEL.fullmatch(line.strip()):
            yield Cue(start=Fraction(match[1]), end=Fraction(match[2]), lines=(match[3].strip(),) if match[3].strip() else ())
        elif line.strip() and not line.startswith("\\"):
            notes.add(f"Left out of “{name}”, since a line says no times", f"line {number}: {line.strip()}")


READERS: dict[str, Callable[[str, str, Notes], Iterator[Cue]]] = {
    **dict.fromkeys(("srt", "vtt", "sbv"), _stamped),
    "ass": _ass,
    "microdvd": _with_pysubs2("microdvd"),
    "mpl2": _with_pysubs2("mpl2"),
    "tmp": _with_pysubs2("tmp"),
    "sami": _with_pysubs2("sami"),
    "ttml": _with_pysubs2("ttml"),
    "labels": _labels,
}
