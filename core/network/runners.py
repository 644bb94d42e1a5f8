"""Runs the network: a picture on each core of a processor, or batches of one shape on a graphics card.

In: arrays of latents. Out: arrays of pictures. Which pictures come together, how many cores there are and how much memory is free changes
no pixel on a processor. On a card, batches have one shape as long as memory allows that; see `DeviceRunner`.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..protocol import UserError
from . import processor, reference
from .folding import Folded

NOT_A_NUMBER = UserError(
    "The network's numbers left their range, so there is no picture to show.",
    "Set Precision to float32. If it is that already, the model's weights are damaged: add or download them again.",
)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What to draw, one row for each of B pictures.

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

    def tensors(self, first: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Give ``count`` rows from ``first`` on; past the end, the last one again."""
        here = np.minimum(np.arange(first, first + count), len(self) - 1)
        noise, class_vectors, truncations = (torch.from_numpy(rows[here]) for rows in (self.noise, self.class_vectors, self.truncations))
        return noise, class_vectors, truncations


class Runner(Protocol):
    """Draws with one network."""

    @property
    def batch_size(self) -> int:
        """How many rows to ask for at once: enough to keep the machine busy."""
        ...

    def draw(self, rows: Rows) -> np.ndarray:
        """Draw: uint8 [B, size, size, 3].

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
        float32, or bfloat16, which is faster on some processors and slower on others: `bfloat16_gain` tells.
    cores
        How many pictures at once; None: as many as this process may use.
    """

    def __init__(self, folded: Folded, *, dtype: torch.dtype = torch.float32, cores: int | None = None) -> None:
        cores = cores or usable_cores()
        self.batch_size = 2 * cores  # two rounds: who ends a round early begins the next
        self._size = folded.architecture.output_dim
        self._thread = threading.local()
        self._pool = ThreadPoolExecutor(cores, thread_name_prefix="draw", initializer=self._begin_thread)
        self._network = self._pool.submit(_prepare, folded, dtype).result()  # there: on one core

    def draw(self, rows: Rows) -> np.ndarray:
        """Draw. See `Runner`."""
        pictures = np.empty((len(rows), self._size, self._size, 3), np.uint8)
        for row, picture in enumerate(self._pool.map(lambda row: self._draw_one(rows, row), range(len(rows)))):
            pictures[row] = picture
        return pictures

    def _begin_thread(self) -> None:
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)  # attention's smallest weights would cost a hundred times as much
        self._thread.buffers = processor.Buffers()

    def _draw_one(self, rows: Rows, row: int) -> np.ndarray:
        inputs = rows.tensors(row, 1)
        with torch.inference_mode():
            return checked(*self._drawn(inputs)).numpy()[0]

    def _drawn(self, inputs: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        if isinstance(self._network, Folded):
            return reference.draw(self._network, *inputs)
        return processor.draw(self._network, *inputs, self._thread.buffers)


def _prepare(folded: Folded, dtype: torch.dtype) -> Folded | processor.CpuNetwork:
    if processor.is_possible():
        return processor.prepare_cpu(folded, dtype=dtype)
    return reference.prepare(folded, dtype=dtype)


def usable_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def checked(pictures: Tensor, means: Tensor) -> Tensor:
    """Give the pictures if all their numbers are numbers.

    Raises
    ------
    UserError
        Otherwise: what is left of them is no picture.
    """
    if not torch.isfinite(means).all():
        raise NOT_A_NUMBER
    return pictures
