"""Runs an upscaler over pictures: in tiles of one size, so that memory does not grow with the picture.

In: a picture in 8 bits. Out: a larger one. The same picture gives the same bytes in any company: on a processor each is drawn on one core.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from ..network.card import check_device, steady_kernels
from ..network.cores import usable_cores
from ..network.memory import free_bytes
from ..network.runners import is_out_of_memory
from ..protocol import UserError
from ..working import Cancelled, end_if
from .networks import COLOURS, Upscaler

TILE = 128
"""Pixels of the picture that a tile gives."""
OVERLAP = 16
"""Pixels around it that it is drawn with: what is further away hardly shows."""
TILE_BYTES = 600_000_000
"""What the largest known network takes for a tile, at most, in float32."""


class Enlarger:
    """Makes pictures larger, several at once on a processor, one after the other on a graphics card.

    Parameters
    ----------
    upscaler
        The network.
    device
        Such as "cpu" or "cuda".
    cancelled
        Asked before each tile.
    """

    def __init__(self, upscaler: Upscaler, *, device: str, cancelled: Cancelled) -> None:
        check_device(device)
        self.scale = upscaler.scale
        self._device, self._cancelled = torch.device(device), cancelled
        self._module = upscaler.module.to(self._device)
        on_processor = self._device.type == "cpu"
        at_once = max(1, min(usable_cores(), free_bytes() // TILE_BYTES)) if on_processor else 1
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="enlarge", initializer=torch.set_num_threads, initargs=(1,))

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """Make uint8 [height, width, 3] as many times as large as the network does; waits for it.

        Raises
        ------
        UserError
            If memory does not suffice for a tile.
        CancelledError
            If nobody wants it any more.
        """
        return self._pool.submit(self._enlarged, picture).result()

    def _enlarged(self, picture: np.ndarray) -> np.ndarray:
        height, width, _ = picture.shape
        larger = np.empty((height * self.scale, width * self.scale, COLOURS), np.uint8)
        try:
            for rows, seen_rows in _tiles(height):
                for columns, seen_columns in _tiles(width):
                    end_if(self._cancelled)
                    drawn = self._drawn(picture[seen_rows, seen_columns])
                    larger[_times(rows, self.scale), _times(columns, self.scale)] = drawn[
                        _within(rows, seen_rows, self.scale), _within(columns, seen_columns, self.scale)
                    ]
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                cure = "Close other programs that use it, or set Upscale to Off."
                raise UserError(f"The memory does not suffice for upscaling {TILE} x {TILE} px at once.", cure) from error
            raise
        return larger

    def _drawn(self, tile: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), steady_kernels():
            values = torch.from_numpy(tile.copy()).to(self._device).permute(2, 0, 1)[None].float() / 255  # [1, 3, h, w]
            drawn = self._module(values)[0].clamp(0, 1).mul(255).round().to(torch.uint8)
            return drawn.permute(1, 2, 0).cpu().numpy()


def _tiles(extent: int) -> Iterator[tuple[slice, slice]]:
    """Cut a side into tiles: what each gives, and what it sees for that."""
    for begin in range(0, extent, TILE):
        end = min(begin + TILE, extent)
        yield slice(begin, end), slice(max(begin - OVERLAP, 0), min(end + OVERLAP, extent))


def _times(pixels: slice, scale: int) -> slice:
    return slice(pixels.start * scale, pixels.stop * scale)


def _within(pixels: slice, seen: slice, scale: int) -> slice:
    return slice((pixels.start - seen.start) * scale, (pixels.stop - seen.start) * scale)
