"""Finds a film's pictures in the cache and has those drawn that are missing, here or by several cards.

Latents and their cache keys come in; where the pictures lie comes out. Numbers no frames, and judges no picture.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from .backends import Backend, Storer, Telling
from .filling import Filling, coarse_first
from .finishing import Step, sizes
from .protocol import RenderRequest, Stage, UserError
from .storing import Drawn, Stored, open_cache, stored
from .walk.latent_rows import Latents
from .working import CancelledError

SPARE_BYTES = 50_000_000

Report = Callable[[Stage, int, int], None]
"""Called with the stage, and how many of how many frames are done."""


class Drawing:
    """The pictures of one request.

    Parameters
    ----------
    request
        Says where the cache is, and what files pictures become.
    backend
        What draws.
    report
        Told of progress.
    cancelled
        Asked before each picture is taken.
    batch_size
        So many frames are asked for at once; by default all, so that the backend never waits.
    steps
        What becomes of the pictures.
    filling
        Told of the pictures as they come, coarse to fine; without it, they come in order.
    """

    def __init__(
        self,
        request: RenderRequest,
        backend: Backend,
        *,
        report: Report,
        cancelled: Callable[[], bool],
        batch_size: int | None,
        filling: Filling | None = None,
        steps: tuple[Step, ...] = (),
    ) -> None:
        self.backend = backend
        self.pictures: dict[str, Path] = {}  # where each cache key's picture lies, so far
        self.drawn_count, self.drawing_seconds = 0, 0.0
        self._request, self._format = request, request.picture_format
        self._steps = steps
        self._cache = open_cache(request, steps, cancelled)
        self._report, self._cancelled = report, cancelled
        self._batch_size = batch_size
        self._filling = filling
        self._waiting: Counter[str] = (
            Counter()
        )  # how many frames wait for each missing picture: where the music stands still, they share one

    @property
    def notes(self) -> Sequence[str]:
        """What there is to tell about what draws: sentences for people."""
        return self.backend.notes if isinstance(self.backend, Telling) else ()

    def missing(self, keys: Sequence[str], rows: range) -> set[str]:
        """Say which of some rows' pictures must be drawn, by the names of the cache's files: they are not read."""
        wanted = {keys[row] for row in rows}
        return wanted - self._cache.names(wanted, suffix=self._format.suffix)

    def draw(self, latents: Latents, keys: Sequence[str], *, rows: range | None = None, stage: Stage = Stage.DRAWING) -> None:
        """Have all of some latents' pictures in `pictures`, or those of some rows.

        Parameters
        ----------
        latents
            N rows.
        keys
            Their N cache keys.
        rows
            Which of the N rows are wanted; None: all.
        stage
            What to call it in reports.

        Raises
        ------
        UserError
            If the disk or the model stands in the way.
        CancelledError
            If `cancelled` said so.
        """
        rows = range(len(keys)) if rows is None else rows
        wanted = {keys[row] for row in rows}.difference(self.pictures)
        if not wanted:
            return
        self.pictures |= self._cache.find(wanted, suffix=self._format.suffix)
        self._waiting = Counter(keys[row] for row in rows if keys[row] not in self.pictures)
        for key, picture in self._cache.finish([*self._waiting], suffix=self._format.suffix):
            self.pictures[key] = picture
            del self._waiting[key]
            self._tell(stage, len(rows))
        if self._waiting:
            kept = {*sizes(self._steps, (self.backend.width, self.backend.height))}
            picture_bytes = 3 * sum(width * height for width, height in kept)
            _check_disk(self._cache.folder, picture_count=len(self._waiting), picture_bytes=picture_bytes)
            self._tell(Stage.LOADING, len(rows))
            self.backend.load()
            if self._filling is not None:
                self._filling.follow(keys, self.pictures)
            started = time.monotonic()
            self._draw_missing(latents, keys, rows, stage)
            self.drawing_seconds += time.monotonic() - started
        self._tell(stage, len(rows))

    def _tell(self, stage: Stage, total: int) -> None:
        self._report(stage, total - self._waiting.total(), total)

    def _draw_missing(self, latents: Latents, keys: Sequence[str], rows: range, stage: Stage) -> None:
        with closing(self._stored(latents, keys, rows)) as come:
            for key, picture in come:
                self._finish(key, picture)
                self._tell(stage, len(rows))
        if self._filling is not None:
            self._filling.show()
        if self._waiting:
            raise CancelledError

    def _stored(self, latents: Latents, keys: Sequence[str], rows: range) -> Stored:
        """Give each missing picture's key and file, as they come."""
        batches = self._batches(keys, rows)
        if isinstance(self.backend, Storer):
            missing = [row for batch in batches for row in batch]
            return self.backend.store_drawn(self._request, latents, missing, keys, cancelled=self._cancelled)
        return stored(self._drawn(latents, keys, batches), self._cache, self._format, cancelled=self._cancelled)

    def _drawn(self, latents: Latents, keys: Sequence[str], batches: Iterable[Sequence[int]]) -> Drawn:
        for batch in batches:
            with closing(self.backend.draw(latents, batch)) as pictures:
                for row, picture in zip(batch, pictures, strict=True):
                    yield keys[row], picture

    def _batches(self, keys: Sequence[str], rows: range) -> Iterable[Sequence[int]]:
        """Give one row for each missing picture, in order or (a whole film) coarse to fine, in batches."""
        first_rows: dict[str, int] = {}
        for row in rows if self._filling is None else coarse_first(len(keys)):
            if keys[row] in self._waiting:
                first_rows.setdefault(keys[row], row)
        missing = [*first_rows.values()]
        step = self._batch_size or len(missing)
        return [missing[first : first + step] for first in range(0, len(missing), step)]

    def _finish(self, key: str, picture: Path) -> None:
        self.pictures[key] = picture
        self.drawn_count += 1
        del self._waiting[key]
        if self._filling is not None:
            self._filling.came(key)


def _check_disk(folder: Path, *, picture_count: int, picture_bytes: int) -> None:
    needed = picture_count * picture_bytes + SPARE_BYTES
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise UserError(
            f"The disk of {folder} has {free / 1e6:.0f} MB free; {picture_count} pictures may need {needed / 1e6:.0f} MB.",
            "Free some space, or choose another folder.",
        )
