"""What becomes of drawn pictures before they are frames: made larger, mirrored, brought to an exact size.

A request comes in, and steps come out, each from a picture to a picture; and a cache that gives the finished pictures by the drawn ones'
keys. The drawn pictures are kept as well: whoever wants them as they are, or finished otherwise, draws nothing again.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from . import pictures
from .cache import FrameCache
from .keys import picture_key
from .mirroring import mirrored, mirrored_size
from .protocol import PictureFormat, RenderRequest
from .working import Cancelled, end_if, never

if TYPE_CHECKING:
    from .upscaling.enlarging import Enlarger

Size = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that is made of each picture.

    Parameters
    ----------
    words
        All that decides what it makes, for cache keys and films' digests.
    make
        From uint8 [height, width, 3] to another one.
    size
        From a picture's width and height to the other one's.
    """

    words: tuple[str, ...]
    make: Callable[[np.ndarray], np.ndarray]
    size: Callable[[Size], Size]


def steps_of(request: RenderRequest, *, cancelled: Cancelled = never) -> tuple[Step, ...]:
    """Say what becomes of a request's pictures; loads no network.

    Raises
    ------
    UserError
        If there is no such upscaler.
    """
    steps = []
    if request.upscale > 1:
        steps.append(_upscaling(request, cancelled))
    if (aspect := request.frame_aspect) is not None:
        steps.append(_mirroring(aspect))
    if (size := request.frame_size) is not None:
        steps.append(Step(words=("sized", f"{size[0]}x{size[1]}"), make=lambda picture: resized(picture, size), size=lambda _: size))
    return tuple(steps)


def _mirroring(aspect: Fraction) -> Step:
    return Step(
        words=("mirrored", str(aspect)), make=lambda picture: mirrored(picture, aspect), size=lambda size: mirrored_size(*size, aspect)
    )


def _upscaling(request: RenderRequest, cancelled: Cancelled) -> Step:
    factor = request.upscale

    def size(before: Size) -> Size:
        return before[0] * factor, before[1] * factor

    def lanczos(picture: np.ndarray) -> np.ndarray:
        return resized(picture, size((picture.shape[1], picture.shape[0])))

    if not request.upscaler:
        return Step(words=("upscaled", str(factor), "lanczos"), make=lanczos, size=size)
    from .models.published import models_folder
    from .network.devices import card_model, find_devices
    from .upscaling.store import Upscalers

    store = Upscalers(folder=models_folder(), cache_folder=Path(request.lasting_cache))
    device = find_devices(request.machine.device).names[0]
    file = store.file(request.upscaler)

    @cache
    def enlarger() -> "Enlarger":
        from .upscaling.enlarging import Enlarger
        from .upscaling.networks import read_upscaler

        return Enlarger(read_upscaler(file), device=device, cancelled=cancelled)

    def by_network(picture: np.ndarray) -> np.ndarray:
        return resized(enlarger()(picture), size((picture.shape[1], picture.shape[0])))

    kind = f"{device.partition(':')[0]} {card_model(device)}".rstrip()
    words = ("upscaled", str(factor), store.sha256(request.upscaler), kind)
    return Step(words=words, make=by_network, size=size)


def resized(picture: np.ndarray, size: Size) -> np.ndarray:
    """Bring a picture to width and height by Lanczos' filter; one that has them stays as it is."""
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def sizes(steps: Sequence[Step], drawn: Size) -> list[Size]:
    """Give width and height of the drawn pictures and after each step."""
    found = [drawn]
    for step in steps:
        found.append(step.size(found[-1]))
    return found


class FinishedCache:
    """A cache of pictures that finds and stores each one by its own key, but gives the files of what becomes of them.

    Parameters
    ----------
    cache
        Keeps both.
    steps
        What becomes of them; none: the pictures themselves are given.
    kind
        What kind of files they are.
    cancelled
        Asked before each picture is finished.
    """

    def __init__(self, cache: FrameCache, steps: Sequence[Step], kind: PictureFormat, cancelled: Cancelled = never) -> None:
        self.folder = cache.folder
        self._cache, self._steps, self._kind, self._cancelled = cache, steps, kind, cancelled

    def find(self, keys: Iterable[str], *, suffix: str) -> dict[str, Path]:
        """Find the finished pictures of some keys."""
        own = {self._key(key): key for key in keys}
        return {own[key]: path for key, path in self._cache.find(own, suffix=suffix).items()}

    def names(self, keys: Iterable[str], *, suffix: str) -> set[str]:
        """Say which of some pictures are drawn, finished or not, by their files' names: fast, and damage is not noticed."""
        wanted = {*keys}
        own = {self._key(key): key for key in wanted}
        there = self._cache.names({*own, *wanted}, suffix=suffix)
        return {own.get(key, key) for key in there}

    def finish(self, keys: Iterable[str], *, suffix: str) -> Iterator[tuple[str, Path]]:
        """Finish those of some pictures that are drawn and were not finished, and give each with its key.

        Raises
        ------
        CancelledError
            If nobody wants them any more.
        """
        drawn = self._cache.find(keys, suffix=suffix) if self._steps else {}
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            yield from zip(drawn, pool.map(self._finished, drawn, drawn.values()), strict=True)

    def store(self, key: str, content: bytes, *, suffix: str) -> Path:
        """Keep an encoded picture and what becomes of it, and give the latter's file."""
        drawn = self._cache.store(key, content, suffix=suffix)
        return self._finished(key, drawn) if self._steps else drawn

    def _finished(self, key: str, drawn: Path) -> Path:
        end_if(self._cancelled)
        picture = pictures.read_picture(drawn)
        for step in self._steps:
            picture = step.make(picture)
        return self._cache.store(self._key(key), pictures.encode(picture, self._kind), suffix=drawn.suffix)

    def _key(self, key: str) -> str:
        for step in self._steps:
            key = picture_key(key.encode(), *(word.encode() for word in step.words))
        return key
