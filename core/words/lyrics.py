"""Lyrics files to lines: plain text, LRC and subtitles, in any encoding.

In: a file, or text. Out: `LyricLine`s in the order in which they are sung, each with the number of its verse and, where the file says so,
exact times. Headers such as ``[Chorus]`` are dropped; blank lines, headers and long pauses part the verses. Never guesses times. What is
left out is noted.
"""

import bisect
import re
import statistics
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, groupby, pairwise
from pathlib import Path

from ..handover.noting import Notes
from ..input_files import check_is_file, read_bytes
from ..protocol import UserError
from . import lyrics_sites, subtitles
from .text_encodings import decode

MOST_BYTES = 1_000_000
MOST_LINES = 5_000
"""An opera has 2000."""
LONGEST_LINE = 10_000
"""Letters: a song of 20 minutes in one line."""
PAUSE_SECONDS = 4
"""A pause as long as this parts two verses in a file with times."""
CURE = "Choose the song's lyrics file."

HEADER_WORDS = "intro|outro|verse|chorus|pre-?chorus|post-?chorus|refrain|bridge|hook|interlude|instrumental"
HEADER = re.compile(
    rf"\[[^\]]*\]|【[^】]*】|\W{{0,20}}({HEADER_WORDS})\s{{0,9}}\d{{0,9}}\s{{0,9}}(x\s{{0,9}}\d{{1,9}})?\W{{0,20}}", re.IGNORECASE
)
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")  # what steers bidirectional text, and marks of byte order
NOTES = "♪♫♩♬#*"


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


def read(path: Path, *, encoding: str = "", notes: Notes | None = None) -> tuple[LyricLine, ...]:
    """Read a lyrics file.

    Parameters
    ----------
    path
        A text file: plain words, LRC, SRT, WebVTT or other subtitles; what is inside counts, not the name.
    encoding
        Its encoding, such as "shift_jis". Empty: found out.
    notes
        Takes what was left out.

    Raises
    ------
    UserError
        If it cannot be read, is no text, is larger than 1 MB, holds no lyrics, or is a document of another kind.
    """
    check_is_file(path, cure=CURE)
    if (size := path.stat().st_size) > MOST_BYTES:
        raise UserError(f"“{path.name}” is too large for lyrics: {size / 1e6:.1f} MB, where 1 MB is the most.", CURE)
    return parse(decode(read_bytes(path, cure=CURE), encoding, name=path.name), name=path.name, notes=notes)


def parse(text: str, *, name: str = "The text", notes: Notes | None = None) -> tuple[LyricLine, ...]:
    """Read lyrics from text in any of the formats.

    Parameters
    ----------
    text
        The lyrics.
    name
        What errors call it.
    notes
        Takes what was left out.

    Raises
    ------
    UserError
        If it holds no lyrics, too many, or is a document of another kind.
    """
    notes = Notes() if notes is None else notes
    text = unicodedata.normalize("NFC", text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")).removeprefix("\ufeff")
    if len(text) > MOST_BYTES:
        raise UserError(f"“{name}” is too long for lyrics: {len(text)} letters, where {MOST_BYTES} are the most.", CURE)
    if any(len(line) > LONGEST_LINE for line in text.split("\n")):
        raise UserError(f"“{name}” has a line of more than {LONGEST_LINE} letters.", CURE)
    lines = tuple(_lines(text, name, notes))
    if not lines:
        raise UserError(f"“{name}” holds no lyrics.", "Choose a file with the song's words, one line of the song on each line.")
    if len(lines) > MOST_LINES:
        raise UserError(f"“{name}” has {len(lines)} lines; lyrics have {MOST_LINES} at the most.", CURE)
    return lines


def _lines(text: str, name: str, notes: Notes) -> Iterator[LyricLine]:
    kind = "" if LRC_LINE.search(text) else subtitles.kind_of(text)
    if kind:
        yield from _subtitles(kind, text, name, notes)
    elif LRC_LINE.search(text):
        yield from _lrc(text, name, notes)
    elif _is_transcript(text):
        yield from _lrc(TRANSCRIPT.sub(_as_stamp, text), name, notes)
    else:
        yield from _plain(lyrics_sites.without_glue(text, notes, name=name), name, notes)


# Plain text -----------------------------------------------------------------------------------------------------------------------------


def _plain(text: str, name: str, notes: Notes) -> Iterator[LyricLine]:
    """Give each line; blank lines and headers part the verses."""
    lines = (line for line in map(_clean, text.split("\n")) if not _is_boilerplate(line, name, notes))
    stanzas = groupby(lines, key=_is_sung)
    for verse, stanza in enumerate(lines for sung, lines in stanzas if sung):
        yield from (LyricLine(text=line, verse=verse) for line in stanza)


def _is_boilerplate(line: str, name: str, notes: Notes) -> bool:
    found = bool(line) and lyrics_sites.is_boilerplate(line)
    if found:
        notes.add(f"Left out of “{name}”, since it is not sung", line)
    return found


def _clean(text: str) -> str:
    return " ".join(INVISIBLE.sub("", text).split()).strip(f"{NOTES} ")


def _is_sung(line: str) -> bool:
    return bool(line) and HEADER.fullmatch(line) is None


# LRC ------------------------------------------------------------------------------------------------------------------------------------

LRC_LINE = re.compile(r"^[^\S\n]*\[\d{1,4}:\d", re.MULTILINE)
LRC_TAG = re.compile(r"\[([a-z#]\w{0,30}):([^\]]*)\]", re.IGNORECASE)
LRC_BRACKET = re.compile(r"\[([^\]]{0,40})\]\s*")
LRC_TIME = re.compile(r"(?:(\d+):(?=\d+:\d+[.,]))?(\d+):([0-5]?\d)(?:[.,:](\d{1,6}))?")
WORD_STAMP = re.compile(r"[<\[][^\S\n]?(\d{1,4}:\d[\d:.,]{0,12})[^\S\n]?[>\]]")
CLOCK = r"\d{1,3}:\d\d(?::\d\d(?:\.\d{1,3})?|\.\d{1,3})?"
TRANSCRIPT = re.compile(rf"^[^\S\n]*[(\[]?({CLOCK})[)\]]?(?:[^\S\n]+[-\u2013][^\S\n])?(?=[^\S\n]|$)\n?", re.MULTILINE)
VOICE = re.compile(r"(?:v\d|[MFD]):\s?(?=\S)")
"""Who sings, before a line of several voices, as players' own extension has it."""
LONGEST_PAUSE = 2
"""A line without a known end is sung for at most so many times the usual distance of two lines."""


def _is_transcript(text: str) -> bool:
    """Say whether every other line, at least, begins with a time, as a video's transcript has them."""
    lines = sum(bool(line.strip()) for line in text.split("\n"))
    return 2 * sum(1 for _ in TRANSCRIPT.finditer(text)) >= max(lines, 2)


def _as_stamp(time: re.Match[str]) -> str:
    """Give a transcript's time as LRC has it, in which hours need a fraction of seconds."""
    return f"[{time[1]}.0]" if time[1].count(":") > 1 and "." not in time[1] else f"[{time[1]}]"


def _lrc(text: str, name: str, notes: Notes) -> Iterator[LyricLine]:
    """Give the stamped lines by time, a line as often as it has stamps.

    Each ends at its own end's stamp, else where the next one, or a stamp without words, begins. A line without a stamp goes on with the one
    before it. The offset is in milliseconds, and brings lines forward when positive.
    """
    offset, entries, odd = Fraction(0), list[tuple[list[Fraction], list[str], Fraction | None]](), list[tuple[int, str]]()
    for number, line in enumerate(text.split("\n"), 1):
        if tag := LRC_TAG.fullmatch(line.strip()):
            offset = _offset(tag[2], f"Line {number} of “{name}”", notes) if tag[1].lower() == "offset" else offset
            continue
        times, wrong, rest = _stamps(line)
        if wrong and not times:
            odd.append((number, wrong))
            notes.add(f"Left out of “{name}”, since a stamp is no time", f"line {number}: {line.strip()}")
            continue
        words, end = _sung_words(VOICE.sub("", rest, count=1) if VOICE.match(rest) else rest)
        if words and _is_boilerplate(words, name, notes):
            continue
        if times:
            entries.append((times, [words], end if len(times) == 1 else None))
        elif entries and _is_sung(words):
            entries[-1][1].append(words)
    if odd and not entries:
        raise UserError(
            f"Line {odd[0][0]} of “{name}” has a stamp that is no time: [{odd[0][1]}].",
            "Write it as [minutes:seconds], such as [01:23.45].",
        )
    stamped = [
        (max(Fraction(0), time - offset), " ".join(words), end if end is None else end - offset)
        for times, words, end in entries
        for time in times
    ]
    yield from _between_stamps(sorted(stamped, key=lambda entry: entry[0]))


def _stamps(line: str) -> tuple[list[Fraction], str, str]:
    """Part a line's stamps from the rest: those that are times, and the last one that should be and is none."""
    times, wrong, line = [], "", line.strip()
    while bracket := LRC_BRACKET.match(line):
        stamp, rest = bracket[1].strip(), line[bracket.end() :]
        if (time := _lrc_seconds(stamp)) is not None:
            times.append(time)
        elif ":" in stamp and (stamp[0] in "0123456789.,+-" or (" " not in stamp and rest)):
            wrong = stamp
        else:
            break
        line = rest
    return times, wrong, line


def _sung_words(text: str) -> tuple[str, Fraction | None]:
    """Take the stamps of single words out of a line; one at its end says where the line ends."""
    stamps = [stamp for stamp in WORD_STAMP.finditer(text) if _lrc_seconds(stamp[1]) is not None]
    ends = bool(stamps) and stamps[-1].end() == len(text.rstrip()) and bool(text[: stamps[-1].start()].strip())
    pieces, place = [], 0
    for stamp in stamps:
        pieces.append(text[place : stamp.start()])
        place = stamp.end()
    return _clean("".join([*pieces, text[place:]])), _lrc_seconds(stamps[-1][1]) if ends else None


def _lrc_seconds(stamp: str) -> Fraction | None:
    """Read ``mm:ss``, ``mm:ss.xx``, ``mm:ss:xx`` or ``hh:mm:ss.xx``; None: it is no time."""
    time = LRC_TIME.fullmatch(stamp)
    if time is None:
        return None
    hours, minutes, seconds, decimals = time.groups()
    return (int(hours or 0) * 60 + int(minutes)) * 60 + Fraction(f"{seconds}.{decimals or 0}")


def _offset(value: str, where: str, notes: Notes) -> Fraction:
    """Read milliseconds, 0 if there is nothing."""
    number = re.fullmatch(r"([+-]?) ?(\d{1,9}(?:\.\d{1,3})?) ?(ms|s)?", value.strip(), re.IGNORECASE)
    if number:
        return Fraction(f"{number[1]}{number[2]}") / (1 if (number[3] or "").lower() == "s" else 1000)
    if value.strip():
        notes.add(f"{where} has an offset that is no number, and was taken for 0", value.strip())
    return Fraction(0)


def _between_stamps(stamped: Sequence[tuple[Fraction, str, Fraction | None]]) -> Iterator[LyricLine]:
    """End each line at its own end, or where something else begins."""
    times = [time for time, *_ in stamped]
    usual = _usual_distance(times)
    lines, sung_until = [], []
    for start, words, own_end in stamped:
        later = bisect.bisect_right(times, start)
        end = own_end if own_end is not None and own_end > start else times[later] if later < len(times) else None
        if _is_sung(words):
            lines.append(LyricLine(text=words, verse=0, start_seconds=start, end_seconds=end))
            sung_until.append(min(end or start, start + LONGEST_PAUSE * usual))
    yield from _in_verses(lines, sung_until)


def _usual_distance(times: Sequence[Fraction]) -> Fraction:
    distances = [after - before for before, after in pairwise(times) if after > before]
    return statistics.median_low(distances) if distances else Fraction(0)


# Subtitles ------------------------------------------------------------------------------------------------------------------------------


def _subtitles(kind: str, text: str, name: str, notes: Notes) -> Iterator[LyricLine]:
    """Give each subtitle as a line, by time."""
    lines = []
    for cue in subtitles.cues(kind, text, name=name, notes=notes):
        words = _clean(" ".join(line for line in map(_clean, cue.lines) if line))
        if _is_sung(words) and not _is_boilerplate(words, name, notes):
            lines.append(LyricLine(text=words, verse=0, start_seconds=cue.start, end_seconds=cue.end if cue.end > cue.start else None))
    yield from _in_verses(lines, [line.end_seconds or _start(line) for line in lines])


# Verses of what has times ---------------------------------------------------------------------------------------------------------------


def _in_verses(lines: Sequence[LyricLine], sung_until: Sequence[Fraction]) -> Iterator[LyricLine]:
    """Give each line the number of its verse: a new one begins after each long pause."""
    breaks = [_start(line) - end >= PAUSE_SECONDS for line, end in zip(lines[1:], sung_until, strict=False)]
    verses = accumulate(breaks, initial=0)
    yield from (replace(line, verse=verse) for line, verse in zip(lines, verses, strict=False))


def _start(line: LyricLine) -> Fraction:
    assert line.start_seconds is not None, "only lines with times come here"
    return line.start_seconds
