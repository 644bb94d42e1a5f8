"""A film's folder while the film is drawn: every frame is there early, and shows the nearest picture that is drawn so far.

In: which pictures have come. Out: frame files, replaced whole, each by a better one. Never changes a picture, and never a frame that
somebody else has put there. Pictures that come coarse to fine, in the order of `coarse_first`, fill a film evenly.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from .files import link_or_copy
from .frame_folder import FrameFolder

WIDEST_STRIDE = 256
"""How many frames may share one picture at first. Windows allows 1023 names for one file."""

FIRST_PICTURES = 4
"""A short film shows up when about so many pictures are there."""

SHOW_SECONDS = 0.5
REST = 9  # times as long as it took to show the last ones: showing takes a tenth of the time at most
MISSING, UNKNOWN = -1, -2  # no file; a file that is none of the film's pictures as far as they are drawn


def first_stride(frame_count: int) -> int:
    """Give the distance of a film's first pictures: a power of two."""
    return 1 << (max(1, min(WIDEST_STRIDE, frame_count // FIRST_PICTURES)).bit_length() - 1)


def coarse_first(frame_count: int) -> list[int]:
    """Order a film's frames coarse to fine: every 256th, then those halfway between them, and so on."""
    stride = first_stride(frame_count)
    order = [*range(0, frame_count, stride)]
    while stride > 1:
        order += range(stride // 2, frame_count, stride)
        stride //= 2
    return order


class Filling:
    """Fills the folder of the first film that it is told of.

    Parameters
    ----------
    open_folder
        Gives the folder of a film, by its frames' cache keys.
    begun
        Called once, when all frames are there: each is its own picture or the nearest one.
    clock
        Seconds that only rise.
    """

    def __init__(
        self,
        open_folder: Callable[[Sequence[str]], FrameFolder],
        begun: Callable[[FrameFolder], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_folder, self._begun, self._clock = open_folder, begun, clock
        self._keys: Sequence[str] = ()
        self._pictures: Mapping[str, Path] = {}
        self._rows: dict[str, list[int]] = {}
        self._is_there = np.zeros(0, bool)
        self._folder: FrameFolder | None = None
        self._names: Sequence[str] = ()
        self._shown = np.zeros(0, np.int64)  # the row whose picture each frame shows, MISSING or UNKNOWN
        self._next_show = 0.0

    def follow(self, keys: Sequence[str], pictures: Mapping[str, Path]) -> None:
        """Take the film that is drawn now, and the pictures that are there. A film after the first one is not followed.

        Parameters
        ----------
        keys
            The film's cache keys.
        pictures
            Where pictures lie; looked at again each time that one has come.
        """
        if len(self._keys):
            return
        self._keys, self._pictures, self._rows = keys, pictures, _rows_of(keys)
        self._is_there = np.array([key in pictures for key in keys], bool)
        self._show_if_due()

    def came(self, key: str) -> None:
        """Take note that a picture has come; show it, and others with it, when it is time."""
        if rows := self._rows.get(key):
            self._is_there[rows] = True
            self._show_if_due()

    def show(self) -> None:
        """Let each frame show its own picture or the nearest one, now."""
        if self._folder is None:
            return
        nearest = nearest_rows(self._is_there)
        for row in np.flatnonzero(nearest != self._shown):
            self._put(int(row), int(nearest[row]), self._folder.path / self._names[row])

    def _show_if_due(self) -> None:
        began = self._clock()
        if self._folder is None:
            if not self._is_there[:: first_stride(len(self._keys))].all():
                return
            self._open()
        elif began < self._next_show:
            return
        self.show()
        now = self._clock()
        self._next_show = now + max(SHOW_SECONDS, REST * (now - began))

    def _open(self) -> None:
        """Make the folder, and tell of it once all its frames are there."""
        self._folder = self._open_folder(self._keys)
        self._names = self._folder.sequence.file_names()
        self._folder.begin()
        self._shown = self._look()
        self.show()
        self._begun(self._folder)

    def _look(self) -> np.ndarray:
        """See what a folder shows that somebody has begun to fill before: files are told apart by their numbers, not read."""
        assert self._folder is not None
        owners = {_file_id(self._pictures[key]): key for key in self._rows if key in self._pictures}
        shown = np.full(len(self._keys), MISSING, np.int64)
        for row, name in enumerate(self._names):
            if (found := _file_id(self._folder.path / name)) is not None:
                key = owners.get(found)
                shown[row] = row if key == self._keys[row] else UNKNOWN if key is None else self._rows[key][0]
        return shown

    def _put(self, row: int, nearest: int, file: Path) -> None:
        shown = int(self._shown[row])
        if nearest != row and not (shown == MISSING or (shown >= 0 and self._is_stand_in(row, shown, file))):
            return  # it may be right already: another process draws the same film, or the picture has left the cache
        link_or_copy(self._pictures[self._keys[nearest]], file)
        self._shown[row] = nearest

    def _is_stand_in(self, row: int, shown: int, file: Path) -> bool:
        """Say whether a frame still is the file of another frame's picture that it was when this process last looked."""
        return self._keys[shown] != self._keys[row] and _file_id(file) == _file_id(self._pictures[self._keys[shown]])


def nearest_rows(is_there: np.ndarray) -> np.ndarray:
    """Give for each row the nearest one that is there, the earlier of two: int64 [N].

    Parameters
    ----------
    is_there
        bool [N], at least one of them True.
    """
    there = np.flatnonzero(is_there)
    rows = np.arange(len(is_there))
    after = np.searchsorted(there, rows)
    right, left = there[np.minimum(after, len(there) - 1)], there[np.maximum(after - 1, 0)]
    return np.where(np.abs(right - rows) < np.abs(rows - left), right, left)


def _rows_of(keys: Sequence[str]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        rows[key].append(row)
    return dict(rows)


def _file_id(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
