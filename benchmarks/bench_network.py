"""How many seconds does a picture take on this processor, beside the published network and beside what its convolutions alone would take?

Random weights of full size: what a picture costs does not depend on what it shows. The contenders of one size take turns, each in a process
of its own: the published module as the original visualizers call it (float32, a batch on all threads), our network in float32 and in
bfloat16, and bare convolutions of the kind that the network is made of, one on each core, whose speed sets the floor.
"""

import functools
import statistics
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig
from torch.nn import functional

from benchmarks.costs import multiply_adds
from benchmarks.measure import Figure, interleave, lone_process, seconds, write_results
from core.network.architecture import ARCHITECTURES, Architecture
from core.network.folding import fold
from core.network.runners import CpuRunner, Rows, usable_cores
from tools import published

REPEATS = 9
PUBLISHED_BATCH = {128: 16, 256: 4, 512: 2}  # the originals' 20 or 30 would need 10 GB and more at 512 px
OUR_PICTURES = {128: 16, 256: 8, 512: 4}
BARS = {(512, "float32"): 5.0, (512, "bfloat16"): 8.4}
FLOOR_CHANNELS, FLOOR_SIZE, FLOOR_CONVOLUTIONS = 128, 128, 12
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main() -> None:
    figures = []
    for size, architecture in ARCHITECTURES_BY_SIZE.items():
        with ExitStack() as stack:
            weights = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "weights"
            torch.save(published.random_state(architecture), weights)
            work = {
                "published": functools.partial(published_network, size, weights),
                **{f"ours {dtype}": functools.partial(our_network, size, weights, dtype) for dtype in DTYPES},
                **{f"floor {dtype}": functools.partial(convolutions, size, dtype) for dtype in DTYPES},
            }
            figures += _figures(size, interleave({name: _alone(stack, one) for name, one in work.items()}, repeats=REPEATS))
    write_results(
        "network",
        question=__doc__,
        figures=figures,
        remarks="The published network in evaluation mode,"
        f" {', '.join(f'{count} pictures at once at {size} px' for size, count in PUBLISHED_BATCH.items())};"
        f" ours ends with pictures in 8 bits. The floor: the folded network's multiply-adds at the speed of 3 x 3 convolutions of"
        f" {FLOOR_CHANNELS} channels at {FLOOR_SIZE} px.",
    )


ARCHITECTURES_BY_SIZE: dict[int, Architecture] = {architecture.output_dim: architecture for architecture in ARCHITECTURES.values()}


def _alone(stack: ExitStack, work: Callable[[], float]) -> Callable[[], float]:
    process: ProcessPoolExecutor = stack.enter_context(lone_process())
    return lambda: process.submit(work).result()


def _figures(size: int, measured: Mapping[str, list[float]]) -> list[Figure]:
    figures = [Figure(name=f"{size} px: the published network", unit="s/picture", values=measured["published"])]
    for dtype in DTYPES:
        ours, floor = measured[f"ours {dtype}"], measured[f"floor {dtype}"]
        gains = [them / us for them, us in zip(measured["published"], ours, strict=True)]
        shares = [100 * least / us for least, us in zip(floor, ours, strict=True)]
        figures += [
            Figure(name=f"{size} px: ours, {dtype}", unit="s/picture", values=ours),
            _gain(size, dtype, gains),
            Figure(name=f"{size} px: our speed, of that of the convolutions alone, {dtype}", unit="%", values=shares),
        ]
    return figures


def _gain(size: int, dtype: str, gains: list[float]) -> Figure:
    least = BARS.get((size, dtype))
    bar, kept = (f"at least {least}", statistics.median(gains) >= least) if least else ("", None)
    return Figure(name=f"{size} px: published / ours, {dtype}", unit="x", values=gains, bar=bar, kept=kept)


# Contenders: each runs in its own process, and returns seconds a picture ---------------------------------------------------------------


def published_network(size: int, weights: Path) -> float:
    network, count = _published(size, weights), PUBLISHED_BATCH[size]
    noise, class_vectors = published.random_inputs(ARCHITECTURES_BY_SIZE[size], count)

    def draw() -> None:
        with torch.no_grad():
            network(noise, class_vectors, 1.0).cpu().data.numpy()

    return seconds(draw) / count


def our_network(size: int, weights: Path, dtype: str) -> float:
    runner, count = _runner(size, weights, dtype), OUR_PICTURES[size]
    noise, class_vectors = published.random_inputs(ARCHITECTURES_BY_SIZE[size], count)
    rows = Rows(noise=noise.numpy(), class_vectors=class_vectors.numpy(), truncations=np.ones(count, np.float32))
    return seconds(lambda: [*runner.draw(rows)]) / count


def convolutions(size: int, dtype: str) -> float:
    """Give the seconds that a picture would take at the speed of its convolutions alone."""
    x, weight = _convolution(dtype)
    done = 2 * usable_cores() * FLOOR_CONVOLUTIONS * weight.numel() * FLOOR_SIZE**2

    def convolve(_: int) -> None:
        for _ in range(FLOOR_CONVOLUTIONS):
            functional.conv2d(x, weight, padding=1)

    took = seconds(lambda: [*_pool().map(convolve, range(2 * usable_cores()))])
    return took * multiply_adds(ARCHITECTURES_BY_SIZE[size]) / done


# What each process makes once -----------------------------------------------------------------------------------------------------------


@functools.cache
def _published(size: int, weights: Path) -> BigGAN:
    network = BigGAN(BigGANConfig(**vars(ARCHITECTURES_BY_SIZE[size])))
    network.load_state_dict(torch.load(weights), strict=True)
    return network.eval()


@functools.cache
def _runner(size: int, weights: Path, dtype: str) -> CpuRunner:
    return CpuRunner(fold(torch.load(weights), ARCHITECTURES_BY_SIZE[size]), dtype=DTYPES[dtype])


@functools.cache
def _convolution(dtype: str) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(1, FLOOR_CHANNELS, FLOOR_SIZE, FLOOR_SIZE, generator=rng).to(DTYPES[dtype], memory_format=torch.channels_last)
    weight = torch.randn(FLOOR_CHANNELS, FLOOR_CHANNELS, 3, 3, generator=rng).to(DTYPES[dtype], memory_format=torch.channels_last)
    return x, weight


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(usable_cores(), initializer=torch.set_num_threads, initargs=(1,))


if __name__ == "__main__":
    main()
