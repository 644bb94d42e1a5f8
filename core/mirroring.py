"""Square pictures made wide or tall by their own mirror images, so that they fill a frame without being stretched or cut.

A picture goes in, a larger one comes out with the picture itself in its middle, byte for byte. Frames that are wide already are right in
every editor, whatever it makes of scales and crops.
"""

import math
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np

from . import pictures
from .cache import FrameCache
from .keys import picture_key
from .protocol import PictureFormat, RenderRequest
from .working import Cancelled, end_if, never


def open_cache(request: RenderRequest, *, cancelled: Cancelled = never) -> "FrameCache | MirroredCache":
    """Open the cache of a request's frames: of the pictures themselves, or of what they become; `cancelled` ends making those."""
    cache = FrameCache(Path(request.cache_folder) / "pictures")
    return cache if request.frame_aspect is None else MirroredCache(cache, request.frame_aspect, request.picture_format, cancelled)


class MirroredCache:
    """A cache of pictures that finds and stores each one by its own key, but gives the files of the larger pictures.

    The pictures themselves are kept as well: whoever wants them as they are, or in another shape, draws nothing again.

    Parameters
    ----------
    cache
        Keeps both.
    aspect
        The frames' width by height.
    kind
        What kind of files they are.
    cancelled
        Asked before each larger picture is made.
    """

    def __init__(self, cache: FrameCache, aspect: Fraction, kind: PictureFormat, cancelled: Cancelled) -> None:
        self.folder = cache.folder
        self._cache, self._aspect, self._kind, self._cancelled = cache, aspect, kind, cancelled

    def find(self, keys: Iterable[str], *, suffix: str) -> dict[str, Path]:
        """Find the larger pictures of some keys; where only the picture itself is there, the larger one is made from it (10 ms each).

        Raises
        ------
        CancelledError
            If nobody wants them any more.
        """
        own = {self._key(key): key for key in keys}
        found = {own[key]: path for key, path in self._cache.find(own, suffix=suffix).items()}
        plain = self._cache.find((key for key in own.values() if key not in found), suffix=suffix)
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            return found | dict(zip(plain, pool.map(self._made, plain, plain.values()), strict=True))

    def store(self, key: str, content: bytes, *, suffix: str) -> Path:
        """Keep an encoded picture and the larger one, and give the larger one's file."""
        return self._store_mirrored(key, self._cache.store(key, content, suffix=suffix))

    def _made(self, key: str, picture: Path) -> Path:
        end_if(self._cancelled)
        return self._store_mirrored(key, picture)

    def _store_mirrored(self, key: str, picture: Path) -> Path:
        larger = mirrored(pictures.read_picture(picture), self._aspect)
        return self._cache.store(self._key(key), pictures.encode(larger, self._kind), suffix=picture.suffix)

    def _key(self, key: str) -> str:
        return picture_key(key.encode(), b"mirrored", str(self._aspect).encode())


def mirrored(picture: np.ndarray, aspect: Fraction) -> np.ndarray:
    """Lay a picture's mirror images beside it, or above and below.

    Parameters
    ----------
    picture
        uint8 [height, width, 3].
    aspect
        The wanted width by height, above 0.

    Returns
    -------
    np.ndarray
        uint8 [at least height, at least width, 3]: of that shape to within a pixel, sides even as movies want them, the picture in the
        middle. At its edges each row or column stands twice, so nothing jumps.
    """
    height, width = picture.shape[:2]
    wide, tall = mirrored_size(width, height, aspect)
    rows, columns = tall - height, wide - width
    return np.pad(picture, ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2), (0, 0)), mode="symmetric")


def mirrored_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Give width and height of a mirrored picture: one side stays, the other is the next even number from the exact one up."""
    if aspect > Fraction(width, height):
        return 2 * math.ceil(aspect * height / 2), height
    return width, 2 * math.ceil(width / aspect / 2)
