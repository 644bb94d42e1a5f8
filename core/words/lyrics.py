"""Lyrics files to lines: plain text, LRC, SRT and WebVTT, in any encoding.

In: a file, or text. Out: `LyricLine`s in the order in which they are sung, each with the number of its verse and, where the file says so,
exact times. Headers such as ``[Chorus]`` are dropped; blank lines, headers and long pauses part the verses. Never guesses times.
"""

import bisect
import html
import re
import statistics
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ..protocol import UserError

if TYPE_CHECKING:
    from pysubs2 import SSAEvent

MOST_BYTES = 1_000_000
MOST_LINES = 5_000
"""An opera has 2000."""
PAUSE_SECONDS = 4
"""A pause as long as this parts two verses in a file with times."""

HEADER_WORDS = "intro|outro|verse|chorus|pre-?chorus|post-?chorus|refrain|bridge|hook|interlude|instrumental"
HEADER = re.compile(rf"\[[^\]]*\]|【[^】]*】|\W*({HEADER_WORDS})\s*\d*\s*(x\s*\d+)?\W*", re.IGNORECASE)
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")  # what steers bidirectional text, and marks of byte order
NOTES = "♪♫♩♬#*"
ARROW = "-->"


@dataclass(frozen=True, kw_only=True)
class LyricLine:
    """A line that is sung.

    Parameters
    ----------
    text
        Its words, without stamps and marks.
    verse
        Number of the verse that it belongs to, 0 the first.
    start_seconds, end_seconds
        When it is sung, in the sound's own time; None: the file does not say. Half-open.
    """

    text: str
    verse: int
    start_seconds: Fraction | None = None
    end_seconds: Fraction | None = None


def read(path: Path, *, encoding: str = "") -> tuple[LyricLine, ...]:
    """Read a lyrics file.

    Parameters
    ----------
    path
        A text, .lrc, .srt or .vtt file; what is inside counts, not the name.
    encoding
        Its encoding, such as "shift_jis". Empty: found out.

    Raises
    ------
    UserError
        If it cannot be read, is no text, is larger than 1 MB, holds no lyrics, or a stamp in it is wrong.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UserError(
                f"“{path.name}” is too large for lyrics: {size / 1e6:.1f} MB, where 1 MB is the most.", "Choose the song's lyrics file."
            )
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"“{path.name}” cannot be read: {error.strerror}.", "Choose a lyrics file that is there.") from error
    return parse(_decode(data, encoding, name=path.name), name=path.name)


def parse(text: str, *, name: str = "The text") -> tuple[LyricLine, ...]:
    """Read lyrics from text in any of the formats.

    Parameters
    ----------
    text
        The lyrics.
    name
        What errors call it.

    Raises
    ------
    UserError
        If it holds no lyrics, too many, or a wrong stamp.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).removeprefix("\ufeff")
    lines = tuple(_format_of(text)(text, name))
    if not lines:
        raise UserError(f"“{name}” holds no lyrics.", "Choose a file with the song's words, one line of the song on each line.")
    if len(lines) > MOST_LINES:
        raise UserError(f"“{name}” has {len(lines)} lines; lyrics have {MOST_LINES} at the most.", "Choose the song's lyrics file.")
    return lines


def _format_of(text: str) -> Callable[[str, str], Iterator[LyricLine]]:
    if text.startswith("WEBVTT") or ARROW in text:
        return _subtitles
    return _lrc if LRC_LINE.search(text) else _plain


# Bytes to text --------------------------------------------------------------------------------------------------------------------------


def _decode(data: bytes, encoding: str, *, name: str) -> str:
    try:
        return data.decode(encoding or _detected(data, name=name))
    except LookupError as error:
        raise UserError(f"There is no encoding “{encoding}”.", "Name one such as utf-8, cp1252 or shift_jis, or none.") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"“{name}” is not written in {error.encoding}: byte {error.start + 1} means nothing there.",
            "Save it as UTF-8.",
        ) from error


def _detected(data: bytes, *, name: str) -> str:
    """Find out how bytes are written; UTF-8 is recognised by itself, the older encodings by their languages."""
    from chardet import EncodingEra, detect

    if not data.strip():
        return "utf-8"
    found = detect(data, encoding_era=EncodingEra.MODERN_WEB | EncodingEra.LEGACY_ISO)["encoding"]
    if found is None:
        raise UserError(f"“{name}” is no text file.", "Choose a text, LRC, SRT or VTT file with the song's words.")
    return found


# Plain text -----------------------------------------------------------------------------------------------------------------------------


def _plain(text: str, _name: str) -> Iterator[LyricLine]:
    """Give each line; blank lines and headers part the verses."""
    stanzas = groupby(map(_clean, text.split("\n")), key=_is_sung)
    for verse, stanza in enumerate(lines for sung, lines in stanzas if sung):
        yield from (LyricLine(text=line, verse=verse) for line in stanza)


def _clean(text: str) -> str:
    return " ".join(INVISIBLE.sub("", text).split()).strip(f"{NOTES} ")


def _is_sung(line: str) -> bool:
    return bool(line) and HEADER.fullmatch(line) is None


# LRC ------------------------------------------------------------------------------------------------------------------------------------

LRC_LINE = re.compile(r"^\s*\[\d+:\d", re.MULTILINE)
LRC_TAG = re.compile(r"\s*\[([a-z#]\w*):([^\]]*)\]\s*", re.IGNORECASE)
LRC_STAMP = re.compile(r"\s*\[\s*([\d.,+-][^\]]*:[^\]]*|[^\]\s]*:[^\]\s]*(?=\]\s*\S))\]")
LRC_TIME = re.compile(r"(?:(\d+):(?=\d+:\d+\.))?(\d+):([0-5]?\d)(?:[.:](\d{1,6}))?")
WORD_STAMP = re.compile(r"<\s*\d+:\d[\d:.]*\s*>")
LONGEST_LINE = 2
"""A line without a known end is sung for at most so many times the usual distance of two lines."""


def _lrc(text: str, name: str) -> Iterator[LyricLine]:
    """Give the stamped lines by time, a line as often as it has stamps; each ends where the next one, or a stamp without words, begins.

    A line without a stamp goes on with the one before it. The offset is in milliseconds, and brings lines forward when positive.
    """
    offset, entries = Fraction(0), list[tuple[list[Fraction], list[str]]]()
    for number, line in enumerate(text.split("\n"), 1):
        where = f"Line {number} of “{name}”"
        if tag := LRC_TAG.fullmatch(line):
            offset = _offset(tag[2], where=where) if tag[1].lower() == "offset" else offset
            continue
        times, words = _stamps(line, where=where)
        if times:
            entries.append((times, [words]))
        elif entries and _is_sung(words):
            entries[-1][1].append(words)
    stamped = [(max(Fraction(0), time - offset), " ".join(words)) for times, words in entries for time in times]
    yield from _between_stamps(sorted(stamped, key=lambda pair: pair[0]))


def _stamps(line: str, *, where: str) -> tuple[list[Fraction], str]:
    """Part a line's stamps from its words."""
    times = []
    while stamp := LRC_STAMP.match(line):
        times.append(_lrc_seconds(stamp[1].strip(), where=where))
        line = line[stamp.end() :]
    return times, _clean(WORD_STAMP.sub("", line))


def _lrc_seconds(stamp: str, *, where: str) -> Fraction:
    """Read ``mm:ss``, ``mm:ss.xx``, ``mm:ss:xx`` or ``hh:mm:ss.xx``."""
    time = LRC_TIME.fullmatch(stamp)
    if time is None:
        raise UserError(f"{where} has a stamp that is no time: [{stamp}].", "Write it as [minutes:seconds], such as [01:23.45].")
    hours, minutes, seconds, decimals = time.groups()
    return (int(hours or 0) * 60 + int(minutes)) * 60 + Fraction(f"{seconds}.{decimals or 0}")


def _offset(value: str, *, where: str) -> Fraction:
    try:
        return Fraction(int(value), 1000)
    except ValueError as error:
        raise UserError(f"{where} has an offset that is no number: “{value}”.", "Write it in milliseconds, as [offset:+250].") from error


def _between_stamps(stamped: Sequence[tuple[Fraction, str]]) -> Iterator[LyricLine]:
    """End each line where something else begins."""
    times = [time for time, _ in stamped]
    usual = _usual_distance(times)
    lines, sung_until = [], []
    for start, words in stamped:
        later = bisect.bisect_right(times, start)
        end = times[later] if later < len(times) else None
        if _is_sung(words):
            lines.append(LyricLine(text=words, verse=0, start_seconds=start, end_seconds=end))
            sung_until.append(min(end or start, start + LONGEST_LINE * usual))
    yield from _in_verses(lines, sung_until)


def _usual_distance(times: Sequence[Fraction]) -> Fraction:
    distances = [after - before for before, after in pairwise(times) if after > before]
    return statistics.median_low(distances) if distances else Fraction(0)


# SRT and WebVTT -------------------------------------------------------------------------------------------------------------------------


SRT_TIME = r"\d{1,2}:[0-5]?\d:[0-5]?\d[.,]\d{1,3}"
VTT_TIME = r"(?:\d{1,4}:)?[0-5]\d:[0-5]\d\.\d{3}"


def _subtitles(text: str, name: str) -> Iterator[LyricLine]:
    """Give each subtitle as a line, by time."""
    import pysubs2

    kind, time = ("vtt", VTT_TIME) if text.startswith("WEBVTT") else ("srt", SRT_TIME)
    times = re.compile(rf"\s*{time}\s*-->\s*{time}(\s.*)?")
    for number, line in enumerate(text.split("\n"), 1):
        if ARROW in line and times.fullmatch(line) is None:
            cure = "Write it as 00:01:02,500 --> 00:01:05,000, in WebVTT with points instead of commas."
            raise UserError(f"Line {number} of “{name}” says no times: “{line.strip()}”.", cure)
    subtitles = pysubs2.SSAFile.from_string(_cues_only(text), format_=kind)
    lines = [_subtitle(event) for event in sorted(subtitles, key=lambda event: event.start)]
    sung = [line for line in lines if _is_sung(line.text)]
    yield from _in_verses(sung, [line.end_seconds or _start(line) for line in sung])


def _cues_only(text: str) -> str:
    """Drop notes, styles and the subtitles' own names: pysubs2 takes them for words of the subtitle before."""
    blocks = (block for block in re.split(r"\n\s*\n", text) if ARROW in block)
    return "\n\n".join(block[block.rfind("\n", 0, block.index(ARROW)) + 1 :] for block in blocks)


def _subtitle(event: "SSAEvent") -> LyricLine:
    start, end = Fraction(max(0, event.start), 1000), Fraction(event.end, 1000)
    text = _clean(html.unescape(event.plaintext))
    return LyricLine(text=text, verse=0, start_seconds=start, end_seconds=end if end > start else None)


# Verses of what has times ---------------------------------------------------------------------------------------------------------------


def _in_verses(lines: Sequence[LyricLine], sung_until: Sequence[Fraction]) -> Iterator[LyricLine]:
    """Give each line the number of its verse: a new one begins after each long pause."""
    breaks = [_start(line) - end >= PAUSE_SECONDS for line, end in zip(lines[1:], sung_until, strict=False)]
    verses = accumulate(breaks, initial=0)
    yield from (replace(line, verse=verse) for line, verse in zip(lines, verses, strict=False))


def _start(line: LyricLine) -> Fraction:
    assert line.start_seconds is not None, "only lines with times come here"
    return line.start_seconds
