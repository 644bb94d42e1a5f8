"""Drawn pictures, kept under the digest of what they were drawn from, each written once.

An entry's file name holds its cache key and the digest of its own content, so that a damaged or painted-over picture is noticed when it is
read, and simply drawn again. Several processes may share one folder.
"""

import contextlib
import hashlib
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from .files import TEMPORARY_PREFIX, write_whole
from .protocol import UserError

SHELF_LETTERS = 2  # entries lie in folders named by the first letters of their keys: file managers dislike 100 000 files in one


class FrameCache:
    """A folder of pictures by cache key.

    Parameters
    ----------
    folder
        Made when the first picture is stored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._disk: int | None = None  # the one that the first picture was stored on

    def find(self, keys: Iterable[str], *, suffix: str = ".png") -> dict[str, Path]:
        """Find the entries of some keys, leaving out those that are missing or damaged.

        Damaged entries are removed.

        Parameters
        ----------
        keys
            Cache keys: 32 hexadecimal digits each.
        suffix
            The wanted files' ending, such as ".png".

        Returns
        -------
        dict[str, Path]
            The intact entries' files.
        """
        found: dict[str, Path] = {}
        for key, path in self._named(keys, suffix):
            if key not in found and _is_intact(path):
                _note_use(path)
                found[key] = path
        return found

    def names(self, keys: Iterable[str], *, suffix: str = ".png") -> set[str]:
        """Say which of some keys have an entry, by the files' names: `find` reads them, too."""
        return {key for key, _ in self._named(keys, suffix)}

    def _named(self, keys: Iterable[str], suffix: str) -> Iterator[tuple[str, Path]]:
        shelves: dict[str, set[str]] = defaultdict(set)
        for key in keys:
            shelves[key[:SHELF_LETTERS]].add(key)
        for shelf, wanted in shelves.items():
            for path in self._entries(shelf):
                key = path.name.partition("-")[0]
                if key in wanted and path.suffix == suffix:
                    yield key, path

    def store(self, key: str, content: bytes, *, suffix: str = ".png") -> Path:
        """Keep an encoded picture and give its file, which is there whole or not at all."""
        path = self.folder / key[:SHELF_LETTERS] / f"{key}-{content_digest(content)}{suffix}"
        if not path.is_file():
            self._check_disk()
            write_whole(path, content)
        return path

    def _check_disk(self) -> None:
        """Notice that a disk has gone: its folder would be made anew, on the disk that it was mounted on."""
        disk = next(parent for parent in (self.folder, *self.folder.parents) if parent.exists()).stat().st_dev
        if self._disk not in (None, disk):
            raise UserError(f"The disk of {self.folder} has gone.", "Connect it again and start again: what it holds is kept.")
        self._disk = disk

    def _entries(self, shelf: str) -> list[Path]:
        try:
            return sorted(path for path in (self.folder / shelf).iterdir() if not path.name.startswith(TEMPORARY_PREFIX))
        except OSError:  # nothing was stored yet; or no folder can be there, which `store` explains
            return []


def content_digest(content: bytes) -> str:
    """Digest an encoded picture: 16 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def holds(path: Path, entry: Path) -> bool:
    """Say whether a file holds what an entry's name says; a name without a digest says nothing."""
    told = entry.stem.partition("-")[2]
    return not told or told == content_digest(path.read_bytes())


def _note_use(path: Path) -> None:
    """Note that an entry was used now, for `keeping.keep_within`: not every file system does so itself."""
    with contextlib.suppress(OSError):  # another user's entry
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def _is_intact(path: Path) -> bool:
    try:
        intact = path.stem.partition("-")[2] == content_digest(path.read_bytes())
        if not intact:
            path.unlink()
    except OSError:  # another process removed it, or it may not be read
        return False
    return intact
