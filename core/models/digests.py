"""SHA-256 of large files, computed once as long as a file stays as it was.

In: a file. Out: 64 hexadecimal digits. Never trusts a time stamp that could hide a change.
"""

import hashlib
import json
import os
import time
from pathlib import Path

from ..files import read_checked, write_checked
from ..protocol import UserError
from ..working import Cancelled, ReportBytes, end_if, never, report_nothing

CHUNK_BYTES = 1 << 20
SETTLED_SECONDS = 2.0
"""A file that was changed so short a time ago may change again within one tick of its clock (FAT's is 2 s), unseen."""


def sha256(file: Path, *, report: ReportBytes = report_nothing, cancelled: Cancelled = never) -> str:
    """Digest a file (0.15 s for 235 MB where the processor has SHA instructions).

    Parameters
    ----------
    file
        What to read.
    report, cancelled
        Called after each MB.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    OSError
        If the file cannot be read.
    CancelledError
        If `cancelled` says so.
    """
    digest, done = hashlib.sha256(), 0
    with file.open("rb") as source:
        total = os.fstat(source.fileno()).st_size
        while chunk := source.read(CHUNK_BYTES):
            end_if(cancelled)
            digest.update(chunk)
            done += len(chunk)
            report(done, total)
    return digest.hexdigest()


class DigestMemory:
    """Remembers files' digests beside what the file system says about them: size, inode, times of change of content and of the entry.

    Parameters
    ----------
    folder
        Where the notes lie, one small file for each path. Without rights there, every digest is computed anew.
    settled_seconds
        How long a file must have been left alone for its digest to be remembered.
    """

    def __init__(self, folder: Path, *, settled_seconds: float = SETTLED_SECONDS) -> None:
        self._folder = folder
        self._settled_seconds = settled_seconds

    def sha256(self, file: Path) -> str:
        """Digest a file, or remember its digest if nothing about it has changed since.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        remembered = _read_note(self._note(file))
        if remembered.get("state") == _state(file) and "sha256" in remembered:
            return str(remembered["sha256"])
        return self.sha256_anew(file)

    def sha256_anew(self, file: Path, *, report: ReportBytes = report_nothing, cancelled: Cancelled = never) -> str:
        """Digest a file whatever is remembered: a disk that forgets changes nothing that the file system knows of.

        Raises
        ------
        OSError
            If the file cannot be read.
        CancelledError
            If `cancelled` says so.
        """
        before = _state(file)
        note = self._note(file)
        digest = sha256(file, report=report, cancelled=cancelled)
        if _state(file) == before and self._is_settled(file):
            self._remember(note, {"file": str(file.absolute()), "state": before, "sha256": digest})
        return digest

    def _is_settled(self, file: Path) -> bool:
        entry = file.stat()
        return max(entry.st_mtime, entry.st_ctime) <= time.time() - self._settled_seconds

    def _note(self, file: Path) -> Path:
        return self._folder / f"{hashlib.blake2b(os.fsencode(file.absolute()), digest_size=16).hexdigest()}.json"

    def _remember(self, note: Path, content: dict[str, object]) -> None:
        try:
            write_checked(note, json.dumps(content).encode())
        except UserError:  # a full or forbidden cache costs time, nothing else
            return


def _state(file: Path) -> list[int]:
    entry = file.stat()
    return [entry.st_size, entry.st_ino, entry.st_mtime_ns, entry.st_ctime_ns]


def _read_note(note: Path) -> dict[str, object]:
    try:
        content = json.loads(read_checked(note))
    except (OSError, ValueError):  # none yet, or damaged
        return {}
    return content if isinstance(content, dict) else {}
