"""Finds a film's pictures in the cache and draws those that are missing: encoded by other threads while the next batch is drawn.

Latents and their cache keys come in; where the pictures lie comes out. Numbers no frames, and judges no picture.
"""

import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from . import pictures
from .backends import Backend
from .cache import FrameCache
from .protocol import RenderRequest, Stage, UserError
from .walk.latent_rows import Latents
from .working import CancelledError

BATCHES_IN_FLIGHT = 4
"""How many drawn batches may wait to be encoded: bounds the memory."""

SPARE_BYTES = 50_000_000

Report = Callable[[Stage, int, int], None]
"""Called with the stage, and how many of how many frames are done."""


class Drawing:
    """The pictures of one request.

    Parameters
    ----------
    request
        Says where the cache is, and the pictures' size.
    backend
        What draws.
    report
        Told of progress.
    cancelled
        Asked between batches.
    batch_size
        Frames drawn between two questions; by default what the backend likes best.
    """

    def __init__(
        self,
        request: RenderRequest,
        backend: Backend,
        *,
        report: Report,
        cancelled: Callable[[], bool],
        batch_size: int | None,
    ) -> None:
        self.backend = backend
        self.pictures: dict[str, Path] = {}  # where each cache key's picture lies, so far
        self.drawn_count = 0
        self._size = request.settings.size
        self._cache = FrameCache(Path(request.cache_folder) / "pictures")
        self._report, self._cancelled = report, cancelled
        self._batch_size = batch_size or backend.batch_size
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
        self.pictures |= self._cache.find(wanted)
        self._waiting = Counter(key for key in keys if key not in self.pictures)
        if self._waiting:
            _check_disk(self._cache.folder, picture_count=len(self._waiting), size=self._size)
            self._tell(Stage.LOADING, keys)
            self.backend.load()
            self._draw_missing(latents, keys, stage)
        self._tell(stage, keys)

    def _tell(self, stage: Stage, keys: Sequence[str]) -> None:
        self._report(stage, len(keys) - self._waiting.total(), len(keys))

    def _draw_missing(self, latents: Latents, keys: Sequence[str], stage: Stage) -> None:
        encoding: deque[list[Future[tuple[str, Path]]]] = deque()  # batches that are drawn

        def finish_oldest() -> None:
            for future in encoding.popleft():
                self._finish(*future.result())
            self._tell(stage, keys)

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:  # zlib lets other threads run: encoding overlaps drawing
            for batch in self._batches(keys):
                if self._cancelled():
                    break
                drawn = zip(batch, self.backend.draw(latents, batch), strict=True)
                encoding.append([pool.submit(self._keep, keys[row], picture) for row, picture in drawn])
                while len(encoding) > BATCHES_IN_FLIGHT or all(future.done() for future in encoding[0]):
                    finish_oldest()
                    if not encoding:
                        break
            while encoding:
                finish_oldest()
        if self._waiting:
            raise CancelledError

    def _batches(self, keys: Sequence[str]) -> Iterable[Sequence[int]]:
        """Give one row for each missing picture, in order, in batches."""
        first_rows = {key: row for row, key in reversed([*enumerate(keys)]) if key in self._waiting}
        missing = sorted(first_rows.values())
        return [missing[first : first + self._batch_size] for first in range(0, len(missing), self._batch_size)]

    def _keep(self, key: str, picture: np.ndarray) -> tuple[str, Path]:
        return key, self._cache.store(key, pictures.encode_png(picture))

    def _finish(self, key: str, picture: Path) -> None:
        self.pictures[key] = picture
        self.drawn_count += 1
        del self._waiting[key]


def _check_disk(folder: Path, *, picture_count: int, size: int) -> None:
    needed = picture_count * size * size * 3 + SPARE_BYTES
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise UserError(
            f"The disk of {folder} has {free / 1e6:.0f} MB free; {picture_count} pictures may need {needed / 1e6:.0f} MB.",
            "Free some space, or choose another folder.",
        )
