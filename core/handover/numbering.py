"""Numbered pictures as other programs name them, to our own description of them.

Understood are ``a.[0001-0100].png`` and ``a.{0001..0100}.png`` (Resolve, Nuke), ``a_%04d.png?begin=5`` (MLT, Kdenlive), ``a.####.png``,
and the name of the first picture alone (Premiere), if the others lie beside it.
"""

import re
from pathlib import Path
from urllib.parse import unquote

from ..protocol import FrameSequence, places
from ..protocol.limits import MOST_PICTURES

SPAN = re.compile(r"\[(?P<a>\d{1,18}+)-(?P<b>\d{1,18}+)\]|\{(?P<c>\d{1,18}+)\.\.(?P<d>\d{1,18}+)\}")
PATTERN = re.compile(  # each part ends where the next one begins, so that nothing is tried twice: strangers' names are long
    r"(?P<before>(?:[^/\\]*+[/\\])*+(?:(?!%0?\d{0,4}+d|#)[^/\\])*+)(?:%0?(?P<digits>\d{0,4}+)d|(?P<hashes>#++))(?P<suffix>[^/\\?]*+)"
    r"(?:\?begin(?:=|:)(?P<begin>\d{1,18}+))?"
)
PICTURES = re.compile(r"\.(png|jpe?g|exr|tiff?|bmp|dpx|tga|webp|hdr|jp2)\Z", re.IGNORECASE)
DIGITS = "0123456789"
LONGEST_PATH = 10_000


def numbered_in(path: str, count: int) -> FrameSequence | None:
    """Read a path that stands for numbered pictures; None if it stands for one file.

    Parameters
    ----------
    path
        As a file names it.
    count
        How many pictures there are, where the path does not say it.

    Returns
    -------
    FrameSequence or None
        Its folder as the path has it; its first number -1 where only a look into the folder can tell.
    """
    if len(path) > LONGEST_PATH:
        return None
    plain = unquote(path) if "%5B" in path or "%5b" in path else path
    *_, match = [None, *SPAN.finditer(plain)]
    if match is not None and _is_suffix(plain[match.end() :]):
        first, last = match["a"] or match["c"], match["b"] or match["d"]
        if 0 <= int(last) - int(first) < MOST_PICTURES:
            return _made(plain[: match.start()], plain[match.end() :], int(first), len(first), int(last) - int(first) + 1)
    if (match := PATTERN.fullmatch(plain)) and PICTURES.search(match["suffix"]):
        digits = len(match["hashes"]) if match["hashes"] else int(match["digits"] or 1)
        return _made(match["before"], match["suffix"], -1 if match["begin"] is None else int(match["begin"]), digits, count)
    return None


def _is_suffix(text: str) -> bool:
    """Say whether this may follow a picture's number: it stays in the folder, and names a kind of picture."""
    return "/" not in text and "\\" not in text and PICTURES.search(text) is not None


def _made(before: str, suffix: str, first: int, digits: int, count: int) -> FrameSequence:
    folder, slash, prefix = before.rpartition("/") if "/" in before else before.rpartition("\\")
    return FrameSequence(
        folder=folder or slash, prefix=prefix, suffix=suffix, first_number=first, digits=min(digits, 32), frame_count=max(0, count)
    )


def sequence_on_disk(path: str, count: int) -> FrameSequence | None:
    """Take a picture for the first of a sequence, if the next number lies beside it and at least half of `count` pictures are there.

    Returns
    -------
    FrameSequence or None
        All pictures from that one on without a hole; None if it stands alone.
    """
    place = Path(path)
    stem, suffix = place.stem, place.suffix
    prefix = stem.rstrip(DIGITS)
    number = stem[len(prefix) :]
    if not number or not suffix or count <= 1:
        return None
    first, digits = int(number), len(number)
    names, length = places.names_in(place.parent), 0
    while length < count and f"{prefix}{first + length:0{digits}d}{suffix}" in names:
        length += 1
    if length <= 1 or 2 * length < count:  # a still's length is whatever the program likes: hours
        return None
    return FrameSequence(folder=str(place.parent), prefix=prefix, suffix=suffix, first_number=first, digits=digits, frame_count=length)


def first_number_on_disk(frames: FrameSequence) -> int:
    """Find the lowest number of a sequence whose beginning nobody named: 0 if nothing lies there."""
    numbered = re.compile(f"{re.escape(frames.prefix)}([0-9]{{1,18}}){re.escape(frames.suffix)}")
    found = [int(match[1]) for name in places.names_in(frames.folder) if (match := numbered.fullmatch(name))]
    return min(found, default=0)
