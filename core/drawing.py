"""Finds a film's pictures in the cache and draws those that are missing: encoded by other threads while the next ones are drawn.

Latents and their cache keys come in; where the pictures lie comes out. Numbers no frames, and judges no picture.
"""

import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np

from . import pictures
from .backends import Backend
from .cache import FrameCache
from .filling import Filling, coarse_first
from .finishing import FinishedCache, Step, sizes
from .protocol import RenderRequest, Stage, UserError
from .walk.latent_rows import Latents
from .working import CancelledError

MOST_WAITING = 64
"""How many drawn pictures may wait to be encoded: bounds the memory."""

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
        steps: Sequence[Step] = (),
    ) -> None:
        self.backend = backend
        self.pictures: dict[str, Path] = {}  # where each cache key's picture lies, so far
        self.drawn_count = 0
        self._format = request.picture_format
        self._steps = steps
        self._cache = FinishedCache(FrameCache(Path(request.cache_folder) / "pictures"), steps, request.picture_format, cancelled)
        self._report, self._cancelled = report, cancelled
        self._batch_size = batch_size
        self._filling = filling
        self._waiting: Counter[str] = (
            Counter()
        )  # how many frames wait for each missing picture: where the music stands still, they share one

    def draw(self, latents: Latents, keys: Sequence[str], *, stage: Stage = Stage.DRAWING) -> None:
        """Have all of some latents' pictures in `pictures`.

        Parameters
        ----------
        latents
            N rows.
        keys
            Their N cache keys.
        stage
            What to call it in reports.

        Raises
        ------
        UserError
            If the disk or the model stands in the way.
        CancelledError
            If `cancelled` said so.
        """
        wanted = set(keys).difference(self.pictures)
        if not wanted:
            return
        self.pictures |= self._cache.find(wanted, suffix=self._format.suffix)
        self._waiting = Counter(key for key in keys if key not in self.pictures)
        for key, picture in self._cache.finish([*self._waiting], suffix=self._format.suffix):
            self.pictures[key] = picture
            del self._waiting[key]
            self._tell(stage, keys)
        if self._waiting:
            kept = {*sizes(self._steps, (self.backend.width, self.backend.height))}
            picture_bytes = 3 * sum(width * height for width, height in kept)
            _check_disk(self._cache.folder, picture_count=len(self._waiting), picture_bytes=picture_bytes)
            self._tell(Stage.LOADING, keys)
            self.backend.load()
            if self._filling is not None:
                self._filling.follow(keys, self.pictures)
            self._draw_missing(latents, keys, stage)
        self._tell(stage, keys)

    def _tell(self, stage: Stage, keys: Sequence[str]) -> None:
        self._report(stage, len(keys) - self._waiting.total(), len(keys))

    def _draw_missing(self, latents: Latents, keys: Sequence[str], stage: Stage) -> None:
        encoding: deque[Future[tuple[str, Path]]] = deque()  # what is drawn

        def finish_oldest() -> None:
            self._finish(*encoding.popleft().result())
            self._tell(stage, keys)

        with (
            closing(self._drawn(latents, keys)) as drawn,  # however this ends, what still waits to be drawn is forgotten
            ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,  # encoders let other threads run: encoding overlaps drawing
        ):
            while not self._cancelled() and (one := next(drawn, None)) is not None:
                encoding.append(pool.submit(self._keep, keys[one[0]], one[1]))
                while encoding and (len(encoding) > MOST_WAITING or encoding[0].done()):
                    finish_oldest()
            while encoding:
                finish_oldest()
        if self._filling is not None:
            self._filling.show()
        if self._waiting:
            raise CancelledError

    def _drawn(self, latents: Latents, keys: Sequence[str]) -> Generator[tuple[int, np.ndarray]]:
        """Give each missing picture with its row."""
        for batch in self._batches(keys):
            with closing(self.backend.draw(latents, batch)) as pictures:
                yield from zip(batch, pictures, strict=True)

    def _batches(self, keys: Sequence[str]) -> Iterable[Sequence[int]]:
        """Give one row for each missing picture, in order or coarse to fine, in batches."""
        rows = range(len(keys)) if self._filling is None else coarse_first(len(keys))
        first_rows: dict[str, int] = {}
        for row in rows:
            if keys[row] in self._waiting:
                first_rows.setdefault(keys[row], row)
        missing = [*first_rows.values()]
        step = self._batch_size or len(missing)
        return [missing[first : first + step] for first in range(0, len(missing), step)]

    def _keep(self, key: str, picture: np.ndarray) -> tuple[str, Path]:
        return key, self._cache.store(key, pictures.encode(picture, self._format), suffix=self._format.suffix)

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
