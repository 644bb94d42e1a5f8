"""Latents to pictures: the BigGAN-deep network, run in fixed batches so that a picture never depends on its company.

Until the network is first needed, torch is not even imported: making a `Generator` and naming its pictures is cheap.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .keys import picture_key
from .latents import Latents

if TYPE_CHECKING:
    import torch
    from pytorch_pretrained_biggan import BigGAN

PRECISION = "float32"
DRAWING_VERSION = 1
"""Part of every picture's name: raise it when this file draws other pictures."""

BATCH_SHAPE = 4
"""The network always draws so many pictures at once, the last ones blank if need be: kernels for other shapes may round differently."""


class Generator:
    """The backend that draws with the embedded model “Abstract”."""

    SIZE = 128
    follows_latents = True

    def __init__(self) -> None:
        cores = os.cpu_count() or 1
        self.batch_size = 2 * BATCH_SHAPE * cores  # two rounds: who ends a round early begins the next
        self._pool = ThreadPoolExecutor(cores, thread_name_prefix="draw", initializer=_stay_on_one_core)
        self._network: BigGAN | None = None
        self._statistics: Statistics | None = None

    def cache_keys(self, latents: Latents) -> list[str]:
        """Name each row's picture by its latents and the model, 32 hexadecimal digits."""
        model = f"{_abstract_digest()} {self.SIZE} {PRECISION} {DRAWING_VERSION}".encode()
        return [
            picture_key(
                model,
                latents.noise[row].tobytes(),
                latents.class_vectors([row]).tobytes(),  # whole, so that neither the classes' order nor an unused one counts
                latents.truncation[row].tobytes(),
            )
            for row in range(len(latents))
        ]

    def load(self) -> None:
        """Load the network."""
        if self._network is None:
            from .network.abstract import build_abstract

            self._network = self._pool.submit(build_abstract).result()  # there: on one core, so that sums come in one order
            self._statistics = Statistics(self._network)

    def draw(self, latents: Latents, rows: Sequence[int]) -> np.ndarray:
        """Draw some rows: uint8 [len(rows), 128, 128, 3]. The same row gives the same bytes in any company."""
        self.load()
        assert self._statistics is not None
        pictures = np.empty((len(rows), self.SIZE, self.SIZE, 3), np.uint8)
        truncations = latents.truncation[list(rows)]
        for truncation in np.unique(truncations):  # the published network takes one truncation at a time
            self._statistics.set_truncation(float(truncation))
            places = np.flatnonzero(truncations == truncation)
            batches = [places[first : first + BATCH_SHAPE] for first in range(0, len(places), BATCH_SHAPE)]
            drawn = self._pool.map(lambda batch: self._draw_batch(latents, [rows[place] for place in batch]), batches)
            for batch, images in zip(batches, drawn, strict=True):
                pictures[batch] = images
        return pictures

    def _draw_batch(self, latents: Latents, rows: Sequence[int]) -> np.ndarray:
        import torch

        assert self._network is not None
        noise = torch.zeros(BATCH_SHAPE, latents.noise.shape[1])
        class_vectors = torch.zeros(BATCH_SHAPE, self._network.config.num_classes)
        noise[: len(rows)] = torch.from_numpy(latents.noise[list(rows)])
        class_vectors[: len(rows)] = torch.from_numpy(latents.class_vectors(rows))
        with torch.inference_mode():
            # Any truncation would do here: `Statistics` has made all of them the wanted one.
            images = self._network(noise, class_vectors, 1.0)  # [BATCH_SHAPE, 3, 128, 128], -1 ... 1
        return to_8_bits(images[: len(rows)])


class Statistics:
    """Correct batch statistics for any truncation, in a published BigGAN.

    The published network holds 51 rows of them, for truncations 0.00, 0.02 ... 1.00, but interpolates with the weights swapped and picks
    wrong rows by rounding. So the right row is interpolated here and put in the place of all 51.
    """

    def __init__(self, network: "BigGAN") -> None:
        self._means = {name: buffer.clone() for name, buffer in network.named_buffers() if name.endswith("running_means")}
        self._vars = {name: buffer.clone() for name, buffer in network.named_buffers() if name.endswith("running_vars")}
        self._buffers = dict(network.named_buffers())
        self._truncation = -1.0

    def set_truncation(self, truncation: float) -> None:
        """Make the network draw with `truncation`, 0 ... 1."""
        if truncation == self._truncation:
            return
        for name, table in (self._means | self._vars).items():
            self._buffers[name][:] = _interpolate(table, truncation)
        self._truncation = truncation


def _stay_on_one_core() -> None:
    """Let this thread draw its batches alone.

    Threads that share one batch wait for each other at each layer. Beside two busy programs they drew 4 pictures a second, where a batch
    for each thread draws 13; and a sum over shared parts may round differently with another number of threads.
    """
    import torch

    torch.set_num_threads(1)


def to_8_bits(images: "torch.Tensor") -> np.ndarray:
    """Map -1 ... 1 to 0 ... 255, the same way for every picture: [B, 3, H, W] to uint8 [B, H, W, 3]."""
    import torch

    levels = images.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.movedim(1, -1).contiguous().numpy()


def _interpolate(table: "torch.Tensor", truncation: float) -> "torch.Tensor":
    position = truncation * (len(table) - 1)
    row = min(int(position), len(table) - 2)
    share = position - row
    return table[row] * (1 - share) + table[row + 1] * share


def _abstract_digest() -> str:
    """Digest of the recipe that the embedded model's weights are made by."""
    recipe = (Path(__file__).parent / "network" / "abstract.py").read_text(encoding="utf-8")  # text: line ends do not matter
    return hashlib.blake2b(recipe.encode(), digest_size=16).hexdigest()
