"""Keeps drawn pictures: encoded, finished and stored by other threads while the next ones are drawn.

In: pictures with their cache keys, as they are drawn. Out: the keys with their files, in the same order.
"""

import os
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np

from . import pictures
from .cache import FrameCache
from .finishing import FinishedCache, Step
from .protocol import PictureFormat, RenderRequest
from .working import Cancelled

MOST_WAITING = 64
"""How many drawn pictures may wait to be encoded: bounds the memory."""

Drawn = Generator[tuple[str, np.ndarray]]
Stored = Generator[tuple[str, Path]]


def open_cache(request: RenderRequest, steps: tuple[Step, ...], cancelled: Cancelled) -> FinishedCache:
    """Give the cache of a request's pictures."""
    return FinishedCache(FrameCache(Path(request.cache_folder) / "pictures"), steps, request.picture_format, cancelled)


def stored(drawn: Drawn, cache: FinishedCache, kind: PictureFormat, *, cancelled: Callable[[], bool]) -> Stored:
    """Store pictures as they are drawn.

    Parameters
    ----------
    drawn
        Cache keys and pictures, uint8 [height, width, 3]. However this ends, it is closed: what still waits to be drawn is forgotten.
    cache
        Takes them.
    kind
        What files they become.
    cancelled
        Asked before each picture is taken. If it says so, what was taken is stored, and nothing else.

    Yields
    ------
    tuple of str and Path
        A key and its file, as soon as it is there.
    """
    encoding: deque[Future[tuple[str, Path]]] = deque()

    def keep(key: str, picture: np.ndarray) -> tuple[str, Path]:
        return key, cache.store(key, pictures.encode(picture, kind), suffix=kind.suffix)

    with (
        closing(drawn),
        ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
    ):  # encoders let other threads run: encoding overlaps drawing
        while not cancelled() and (one := next(drawn, None)) is not None:
            encoding.append(pool.submit(keep, *one))
            while encoding and (len(encoding) > MOST_WAITING or encoding[0].done()):
                yield encoding.popleft().result()
        while encoding:
            yield encoding.popleft().result()
