"""Sound files that hold more, or less, than their headers say: recordings that nobody closed, files cut off, or strung together.

A path comes in, what its header says goes out. Only headers are read: nothing is decoded.
"""

import io
import os
import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

MOST_CHUNKS = 1000
LEAST_BYTES = 4096
"""What follows a WAV file's samples and is no chunk, but shorter than this, is some program's padding or tag."""
STREAMED_BYTES = 0x7FFF_0000
"""A WAV file that claims this much or more was written to a pipe: nobody knew its length."""
LONGEST_BYTES = 1 << 62
"""What claims more never had its length written."""
AU_HEADER = struct.Struct(">4sII")
AU_UNKNOWN = 0xFFFF_FFFF
OGG_HEADER = struct.Struct("<4sBBqIIIB")
FIRST_PAGE = 2
"""The bit of a page's flags that begins a stream."""
FLAC_HEADER_BYTES = 26


def has_wrong_length(path: Path) -> bool:
    """Say whether a WAV, RF64 or AU file's samples go on after the end that its header gives."""
    with path.open("rb") as file:
        if (size := _au_size(file)) is None:
            size = next((size for name, size in _chunks(file) if name == b"data"), None)
        return size is not None and (size > LONGEST_BYTES or not _ends_or_chunk_follows(file, size))


@contextmanager
def opened(path: Path) -> "Generator[str | Mended]":
    """Give what FFmpeg reads of a file that `has_wrong_length`, to its end when told to ignore lengths: the file, its header mended."""
    with path.open("rb") as file:
        head = file.read(AU_HEADER.size)
    if head[:4] in (b"RF64", b"BW64"):
        head = b"RIFF" + head[4:]
    elif head[:4] == b".snd":
        head = head[:8] + AU_UNKNOWN.to_bytes(4, "big")
    else:
        yield str(path)
        return
    with Mended(path, head) as mended:
        yield mended


class Mended(io.FileIO):
    """A file that reads as if it began with other bytes."""

    def __init__(self, path: Path, head: bytes) -> None:
        super().__init__(path)
        self._head = head

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on."""
        begin = self.tell()
        data = super().read(-1 if size is None else size) or b""
        head = self._head[begin : begin + len(data)]
        return head + data[len(head) :]


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
    """Give the name and size of each of a WAV or RF64 file's chunks; the file stands at its content then."""
    file.seek(0)
    riff, long_size = file.read(12), None
    if riff[:4] not in (b"RIFF", b"RF64", b"BW64") or riff[8:] != b"WAVE":
        return
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004 (name and size)
            return
        name, size = struct.unpack("<4sI", head)
        begin = file.tell()
        if name == b"ds64" and riff[:4] != b"RIFF":  # here are the sizes of more than 4 GB
            long_size = int.from_bytes(file.read(16)[8:], "little")
            file.seek(begin)
        if name == b"data" and long_size is not None and size in (0, 0xFFFF_FFFF):
            size = long_size
        yield name, size
        file.seek(begin + size + size % 2)


def _au_size(file: BinaryIO) -> int | None:
    """Give how many bytes of samples an AU file claims, None if it says that it does not know; the file stands at the first one then."""
    head = file.read(AU_HEADER.size)
    if len(head) < AU_HEADER.size or head[:4] != b".snd":
        return None
    _, begin, size = AU_HEADER.unpack(head)
    file.seek(begin)
    return None if size == AU_UNKNOWN else size


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
