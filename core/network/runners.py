"""Runs the network: a picture on each core of a processor, or batches of one shape on a graphics card.

In: rows of latents. Out: a stream of pictures, the next ones already being drawn while one is taken. Which pictures come together, how many
cores there are and how much memory is free changes no pixel on a processor. On a card, batches have one shape as long as memory allows
that; see `card.DeviceRunner`.
"""

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..pictures import Pictures
from ..protocol import UserError
from . import memory, processor, reference
from .cores import usable_cores
from .folding import Folded

SMALLEST_PUBLISHED = 128


class NotANumberError(UserError):
    """What was drawn is no picture."""

    def __init__(self) -> None:
        super().__init__(
            "The network's numbers left their range, so there is no picture to show.",
            "Set Precision to float32. If it is that already, the model's weights are damaged: add or download them again.",
        )


PICTURES_AHEAD = 2
"""For each core: one that is drawn, and one that waits for the core to be free."""

Inputs = tuple[Tensor, Tensor, Tensor]
"""Noise, class vectors and truncations of some pictures, as in `Rows`."""


class RowSource(Protocol):
    """What to draw, row by row; asked for rows only when they are drawn."""

    def __len__(self) -> int: ...

    def tensors(self, first: int, count: int) -> Inputs:
        """Give ``count`` rows from ``first`` on; past the end, the last one again."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What to draw, one row for each of B pictures: the plainest `RowSource`.

    Parameters
    ----------
    noise
        float32 [B, 128].
    class_vectors
        float32 [B, classes].
    truncations
        float32 [B], 0 ... 1.
    """

    noise: np.ndarray
    class_vectors: np.ndarray
    truncations: np.ndarray

    def __len__(self) -> int:
        return len(self.noise)

    def tensors(self, first: int, count: int) -> Inputs:
        """Give some rows, see `RowSource`."""
        here = up_to_the_last(first, count, len(self))
        noise, class_vectors, truncations = (torch.from_numpy(rows[here]) for rows in (self.noise, self.class_vectors, self.truncations))
        return noise, class_vectors, truncations


def up_to_the_last(first: int, count: int, total: int) -> np.ndarray:
    """Give the numbers of ``count`` rows from ``first`` on; past the end of ``total`` rows, the last one again."""
    return np.minimum(np.arange(first, first + count), total - 1)


class Runner(Protocol):
    """Draws with one network."""

    @property
    def at_once(self) -> int:
        """How many pictures keep it busy."""
        ...

    def draw(self, rows: RowSource) -> Pictures:
        """Draw: give uint8 [height, width, 3] for each row, in order. Who closes the iterator early waits for what is being drawn only.

        Raises
        ------
        UserError
            If the network gave no numbers, or memory ran out even for one picture.
        """
        ...


class CpuRunner:
    """Draws one picture on each core.

    Threads that share one picture wait for each other at each layer, and one that has to wait for its core keeps all waiting. And a sum
    over parts rounds differently with another number of threads; so, the number of cores changes nothing.

    Parameters
    ----------
    folded
        float32, on the CPU; may be memory-mapped.
    dtype
        float32, or bfloat16, which is faster on some processors and slower on others: `running.faster_precision` tells.
    cores
        How many pictures at once; None: as many as this process may use. Fewer where memory suffices for no more.
    """

    def __init__(self, folded: Folded, *, dtype: torch.dtype = torch.float32, cores: int | None = None) -> None:
        self._picture_size = folded.first_map.picture_size(folded.architecture.output_dim)
        self.cores = min(cores or usable_cores(), self._most_at_once(folded))
        self._ahead = PICTURES_AHEAD * self.cores
        self._thread = threading.local()
        self._pool = ThreadPoolExecutor(self.cores, thread_name_prefix="draw", initializer=self._begin_thread)
        self._network = self._pool.submit(_prepare, folded, dtype).result()  # there: on one core

    @property
    def at_once(self) -> int:
        """One on each core."""
        return self.cores

    def _most_at_once(self, folded: Folded) -> int:
        """Say how many pictures there is memory for, before any is begun: a system that runs out of it may end programs."""
        free, needed = memory.free_bytes(), memory.picture_bytes(folded)
        if free < needed:
            raise too_large("this computer", self._picture_size, fitting=memory.largest_that_fits(folded, free))
        return free // needed

    def draw(self, rows: RowSource) -> Pictures:
        """Draw. See `Runner`."""
        started: deque[Future[np.ndarray]] = deque()
        try:
            for row in range(len(rows)):
                started.append(self._pool.submit(self._draw_one, rows, row))
                if len(started) > self._ahead:
                    yield started.popleft().result()
            while started:
                yield started.popleft().result()
        finally:
            for future in started:
                future.cancel()

    def _begin_thread(self) -> None:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)  # attention's smallest weights would cost a hundred times as much
        self._thread.buffers = processor.Buffers()

    def _draw_one(self, rows: RowSource, row: int) -> np.ndarray:
        try:
            with torch.inference_mode():
                return checked(*self._drawn(rows.tensors(row, 1))).numpy()[0]
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                raise too_large("this computer", self._picture_size) from error
            raise

    def _drawn(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        if isinstance(self._network, Folded):
            return reference.draw(self._network, *inputs)
        return processor.draw(self._network, *inputs, self._thread.buffers)


def _prepare(folded: Folded, dtype: torch.dtype) -> Folded | processor.CpuNetwork:
    if processor.is_possible():
        return processor.prepare_cpu(folded, dtype=dtype)
    return reference.prepare(folded, dtype=dtype)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether PyTorch wanted more memory than there is: only CUDA has an error of its own for that."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    if known or "out of memory" in str(error) or "can't allocate memory" in str(error):
        return True
    before = error.__context__  # where memory ends while a graph is recorded, ending the recording may fail, too
    return isinstance(before, RuntimeError | MemoryError) and is_out_of_memory(before)


def too_large(place: str, picture_size: tuple[int, int], *, fitting: tuple[int, int] | None = None) -> UserError:
    """Say that memory does not suffice for one picture, and what would fit.

    Parameters
    ----------
    place
        Whose memory.
    picture_size
        Width and height in pixels.
    fitting
        The same of the longest one that would fit, if that is known.
    """
    elsewhere = "" if place == "this computer" else "or draw on the processor"
    cures = ", ".join(part for part in ("Close other programs that use it", _what_fits(picture_size, fitting), elsewhere) if part)
    return UserError(f"The memory of {place} does not suffice for one picture of {_pixels(picture_size)}.", f"{cures}.")


def _what_fits(picture_size: tuple[int, int], fitting: tuple[int, int] | None) -> str:
    if fitting is not None:
        return f"choose a shape of at most {_pixels(fitting)}"
    size = min(picture_size)
    return f"choose {size // 2} px" if size > SMALLEST_PUBLISHED else ""


def _pixels(picture_size: tuple[int, int]) -> str:
    width, height = picture_size
    return f"{width} px" if width == height else f"{width} x {height} px"


def checked(pictures: Tensor, means: Tensor) -> Tensor:
    """Give the pictures if all their numbers are numbers.

    Raises
    ------
    UserError
        Otherwise: what is left of them is no picture.
    """
    if not torch.isfinite(means).all():
        raise NotANumberError
    return pictures
