"""Sound files that hold more, or less, than their headers say: recordings that nobody closed, files cut off, or strung together.

A path comes in, what its header says goes out. Only headers are read: nothing is decoded.
"""

import os
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

MOST_CHUNKS = 1000
LEAST_BYTES = 4096
"""What follows a WAV file's samples and is no chunk, but shorter than this, is some program's padding or tag."""
STREAMED_BYTES = 0x7FFF_0000
"""A WAV file that claims this much or more was written to a pipe: nobody knew its length."""
OGG_HEADER = struct.Struct("<4sBBqIIIB")
FIRST_PAGE = 2
"""The bit of a page's flags that begins a stream."""
FLAC_HEADER_BYTES = 26


def has_wrong_length(path: Path) -> bool:
    """Say whether a WAV file's samples go on after the end that its header gives."""
    with path.open("rb") as file:
        size = next((size for name, size in _chunks(file) if name == b"data"), None)
        return size is not None and not _ends_or_chunk_follows(file, size)


def promised_seconds(path: Path) -> Fraction | None:
    """Give how long a WAV or FLAC file's header says that it is; None: it does not say, or is another format's."""
    with path.open("rb") as file:
        return _flac_seconds(file) if file.read(4) == b"fLaC" else _wav_seconds(file)


def ogg_streams(path: Path) -> tuple[int, int]:
    """Count an Ogg file's streams: those beside each other at its beginning, and those that begin later, after others; (0, 0): no Ogg."""
    beside, later, pages = 0, 0, 0
    with path.open("rb") as file:
        while len(head := file.read(OGG_HEADER.size)) == OGG_HEADER.size:
            mark, _, flags, *_, segments = OGG_HEADER.unpack(head)
            if mark != b"OggS":
                break
            is_first = bool(flags & FIRST_PAGE)
            pages += not is_first
            beside, later = beside + (is_first and not pages), later + (is_first and pages > 0)
            file.seek(sum(file.read(segments)), os.SEEK_CUR)
    return beside, later


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Give the name and size of each of a WAV file's chunks; the file stands at its content then."""
    file.seek(0)
    riff = file.read(12)
    if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
        return
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004 (name and size)
            return
        name, size = struct.unpack("<4sI", head)
        begin = file.tell()
        yield name, size
        file.seek(begin + size + size % 2)


def _ends_or_chunk_follows(file: BinaryIO, size: int) -> bool:
    end, length = file.tell() + size, os.fstat(file.fileno()).st_size
    if length - end < (LEAST_BYTES if size else 8):
        return True
    for begin in (end, end + size % 2):  # some forget to pad
        file.seek(begin)
        name, following = struct.unpack("<4sI", file.read(8))
        if all(32 <= letter < 127 for letter in name) and begin + 8 + following <= length + 1:  # noqa: PLR2004 (ASCII)
            return True
    return False


def _wav_seconds(file: BinaryIO) -> Fraction | None:
    rate = 0  # bytes a second
    for name, size in _chunks(file):
        if name == b"fmt ":
            rate = int.from_bytes(file.read(16)[8:12], "little")
        if name == b"data":
            return Fraction(size, rate) if rate and size < STREAMED_BYTES else None
    return None


def _flac_seconds(file: BinaryIO) -> Fraction | None:
    file.seek(0)
    header = file.read(FLAC_HEADER_BYTES)
    rate = int.from_bytes(header[18:21], "big") >> 4  # 20 bits; of the total, 36
    total = int.from_bytes(header[21:26], "big") & 0xF_FFFF_FFFF
    return Fraction(total, rate) if rate and total else None
