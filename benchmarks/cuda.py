"""Is our network right on this graphics card, and how fast, beside the published one and beside what the card can do at the most?

    python -m benchmarks.cuda [--device cuda] [--sizes 512 256 128] [--minutes 7.5] [--out cuda.json]

In under 8 minutes of one machine's time, with PyTorch 2.11 or later, numpy and Pillow, and nothing else; weights are made on the spot. It
says what it does, prints a short table last, and writes all numbers as JSON. On a processor, `--device cpu --sizes 128 --channel-width 16`
proves that it runs.

What does not fit into the time is left out, and said to be.
"""

import argparse
import dataclasses
import itertools
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.costs import least_values, multiply_adds
from core.network.architecture import ARCHITECTURES, Architecture
from core.network.card import DeviceRunner, can_compile, is_out_of_memory, steady_kernels
from core.network.folding import Folded, fold
from core.network.reference import Doubling, draw_values, make_conditions, prepare, to_8_bits
from core.network.runners import Rows, RowSource, usable_cores
from core.pictures import encode_png
from tools import published

REPEATS = 5
WARM_UPS = 2
ORIGINAL_BATCHES = {128: 30, 256: 30, 512: 20}  # the two visualizers' defaults
CHECKED_PICTURES = 2
DISK_SECONDS = 6.0
KERNELS_SHOWN = 12
TIMED_BATCHES = 4
KEPT_ON_DISK = 1000
MOST_WAITING = 64  # as in core/drawing
PLAIN_SECONDS, COMPILED_SECONDS, PUBLISHED_SECONDS = 8, 75, 15  # about as long as these steps take
ERRORS = {torch.float32: 1e-5, torch.float16: 2e-2, torch.bfloat16: 2e-2}
SHARE_WITHIN_2_LEVELS = 0.99


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A way to draw."""

    dtype: torch.dtype
    doubling: Doubling = Doubling.TRANSPOSED
    compiled: bool = False

    def __str__(self) -> str:
        return f"{str(self.dtype).removeprefix('torch.')} {self.doubling} {'compiled' if self.compiled else 'plain'}"


PLAIN_VARIANTS = (
    Variant(dtype=torch.float32),
    Variant(dtype=torch.float16),
    Variant(dtype=torch.float16, doubling=Doubling.NEAREST),
    Variant(dtype=torch.bfloat16),
)
COMPILED_VARIANTS = (
    Variant(dtype=torch.float16, compiled=True),
    Variant(dtype=torch.float16, doubling=Doubling.NEAREST, compiled=True),
)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all steps share."""

    device: torch.device
    deadline: float
    results: dict[str, Any] = field(default_factory=dict)

    def step(self, name: str, seconds: float, work: Callable[[], Any]) -> Any:
        """Do a step of about so many seconds, or leave it out; None: left out, or no memory for it."""
        if time.monotonic() + seconds > self.deadline:
            self.results.setdefault("left_out", []).append(name)
            print(f"{name}: no time", flush=True)
            return None
        started = time.monotonic()
        print(f"{name} ...", end=" ", flush=True)
        try:
            return work()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            self.results.setdefault("without_memory", []).append(name)
            return None
        finally:
            print(f"{time.monotonic() - started:.1f} s", flush=True)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    bench = Bench(device=torch.device(options.device), deadline=time.monotonic() + 60 * options.minutes)
    bench.results.update(machine=machine(bench.device), channel_width=options.channel_width, sizes={})
    try:
        bench.results["ceilings"] = bench.step("What the device can do", 0, lambda: ceilings(bench.device))
        for size in options.sizes:
            architecture = next(one for one in ARCHITECTURES.values() if one.output_dim == size)
            measure_size(bench, dataclasses.replace(architecture, channel_width=options.channel_width))
    finally:  # what was measured is kept, whatever happens
        bench.results["failed"] = [*failures(bench.results["sizes"])]
        options.out.write_text(json.dumps(bench.results, indent=2) + "\n", encoding="utf-8")
    print("", *table(bench.results), f"All numbers: {options.out}", sep="\n")
    return 1 if bench.results["failed"] else 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cuda", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 256, 128], choices=[128, 256, 512])
    parser.add_argument("--channel-width", type=int, default=128, help="less than 128: a small network, to see whether all runs")
    parser.add_argument("--minutes", type=float, default=7.5, help="what does not fit is left out")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", ".")) / "cuda.json")
    return parser.parse_args(arguments)


def machine(device: torch.device) -> dict[str, Any]:
    """Say what is measured."""
    card = torch.cuda.get_device_properties(device) if device.type == "cuda" else None
    return {
        "device": card.name if card else f"{device} {platform.machine()}",
        "memory_gb": card and round(card.total_memory / 1e9, 1),
        "cores": usable_cores(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": card and torch.backends.cudnn.version(),
    }


# Ceilings -------------------------------------------------------------------------------------------------------------------------------


def ceilings(device: torch.device) -> dict[str, float]:
    """Measure TFLOP/s of a large matrix product, and GB/s, read and written, of a large copy."""
    side, values = (8192, 1 << 29) if device.type == "cuda" else (768, 1 << 24)
    source = torch.rand(values, device=device)
    target = torch.empty_like(source)
    copied = 2 * source.element_size() * values / median_seconds(device, lambda: target.copy_(source))
    return {"copy_gb_s": copied / 1e9} | {str(dtype): product_tflops(device, side, dtype) for dtype in ERRORS}


def product_tflops(device: torch.device, side: int, dtype: torch.dtype) -> float:
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2 * side**3 / median_seconds(device, lambda: left @ right) / 1e12


def floor_seconds(found: dict[str, float], architecture: Architecture, dtype: torch.dtype) -> dict[str, float]:
    """Give the seconds a picture that its arithmetic alone, and its bytes alone, would take at the ceilings."""
    return {
        "arithmetic": 2 * multiply_adds(architecture) / (1e12 * found[str(dtype)]),
        "bytes": dtype.itemsize * least_values(architecture) / (1e9 * found["copy_gb_s"]),
    }


def median_seconds(device: torch.device, work: Callable[[], object]) -> float:
    """Time some work, from an idle device to an idle device."""
    taken = []
    for _ in range(WARM_UPS + REPEATS):
        synchronize(device)
        started = time.perf_counter()
        work()
        synchronize(device)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[WARM_UPS:])


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# One size -------------------------------------------------------------------------------------------------------------------------------


def measure_size(bench: Bench, architecture: Architecture) -> None:
    """Check and time all at one size, what matters most first."""
    size, device = architecture.output_dim, bench.device
    found: dict[str, Any] = {"floor": floor_seconds(bench.results["ceilings"], architecture, torch.float16), "variants": {}}
    bench.results["sizes"][size] = found
    state = bench.step(f"{size} px: weights", 15, lambda: published.random_state(architecture, device=str(device)))
    if state is None:
        return
    folded = fold(state, architecture)
    truth = bench.step(f"{size} px: the right pictures, in float64", 10, lambda: true_values(state, architecture, device))
    for variant in PLAIN_VARIANTS:
        try_variant(bench, folded, variant, truth, found)
    found["published"] = bench.step(
        f"{size} px: the published network", PUBLISHED_SECONDS, lambda: published_loop(state, architecture, device)
    )
    if device.type == "cuda" and can_compile(str(device)):
        for variant in COMPILED_VARIANTS:
            try_variant(bench, folded, variant, truth, found)
    best = fastest(found)
    if best is not None:
        runner = bench.step(
            f"{size} px: {best} once more", COMPILED_SECONDS if best.compiled else PLAIN_SECONDS, lambda: run(folded, best, device)
        )
        if runner is not None:
            rows = random_rows(architecture, TIMED_BATCHES * runner.batch_shape)
            found["kernels"] = bench.step(f"{size} px: its kernels", 5, lambda: slowest_kernels(runner, rows, device))
            found["disk"] = bench.step(f"{size} px: to disk", 2 * DISK_SECONDS, lambda: to_disk(runner, rows))


def true_values(state: dict[str, Tensor], architecture: Architecture, device: torch.device) -> Tensor:
    """Draw what the published network draws in float64."""
    noise, class_vectors = published.random_inputs(architecture, CHECKED_PICTURES)
    double = {name: tensor.double() for name, tensor in state.items()}
    with torch.inference_mode():
        return published.draw(double, architecture, noise.double().to(device), class_vectors.double().to(device), 1.0).cpu()


def published_loop(state: dict[str, Tensor], architecture: Architecture, device: torch.device) -> dict[str, Any]:
    """Time the published network as the visualizers call it: float32, its own batches, each copied to the processor."""
    count = ORIGINAL_BATCHES[architecture.output_dim] if device.type == "cuda" else CHECKED_PICTURES
    noise, class_vectors = (values.to(device) for values in published.random_inputs(architecture, count))

    def draw() -> None:
        with torch.no_grad():
            published.draw(state, architecture, noise, class_vectors, 1.0).cpu().numpy()

    return {"batch": count, "seconds": median_seconds(device, draw) / count}


# Variants -------------------------------------------------------------------------------------------------------------------------------


def try_variant(bench: Bench, folded: Folded, variant: Variant, truth: Tensor | None, found: dict[str, Any]) -> None:
    size, about = folded.architecture.output_dim, COMPILED_SECONDS if variant.compiled else PLAIN_SECONDS
    outcome = bench.step(f"{size} px: {variant}", about, lambda: check_and_time(folded, variant, truth, bench.device))
    if outcome is not None:
        found["variants"][str(variant)] = outcome


def check_and_time(folded: Folded, variant: Variant, truth: Tensor | None, device: torch.device) -> dict[str, Any]:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    started = time.perf_counter()
    runner = run(folded, variant, device)
    checked = random_rows(folded.architecture, CHECKED_PICTURES)
    pictures = drawn(runner, checked)
    first = time.perf_counter() - started
    rows = random_rows(folded.architecture, TIMED_BATCHES * runner.batch_shape)
    return {
        "seconds": median_seconds(device, lambda: drawn(runner, rows)) / len(rows),
        "first_picture_seconds": first,
        "batch": runner.batch_shape,
        "peak_memory_gb": torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else None,
        **steadiness(runner, rows),
        **closeness(folded, variant, truth, pictures, device),
    }


def run(folded: Folded, variant: Variant, device: torch.device) -> DeviceRunner:
    return DeviceRunner(folded, device=str(device), dtype=variant.dtype, doubling=variant.doubling, compiled=variant.compiled)


def drawn(runner: DeviceRunner, rows: RowSource) -> np.ndarray:
    return np.stack([*runner.draw(rows)])


def random_rows(architecture: Architecture, count: int) -> Rows:
    noise, class_vectors = published.random_inputs(architecture, count)
    return Rows(noise=noise.numpy(), class_vectors=class_vectors.numpy(), truncations=np.ones(count, np.float32))


def steadiness(runner: DeviceRunner, rows: Rows) -> dict[str, bool]:
    """Draw again, and in other company."""
    pictures, order = drawn(runner, rows), np.arange(len(rows))[::-1][: len(rows) - 1]
    turned = Rows(noise=rows.noise[order], class_vectors=rows.class_vectors[order], truncations=rows.truncations[order])
    return {
        "same_again": np.array_equal(pictures, drawn(runner, rows)),
        "same_in_other_company": np.array_equal(pictures[order], drawn(runner, turned)),
    }


def closeness(folded: Folded, variant: Variant, truth: Tensor | None, pictures: np.ndarray, device: torch.device) -> dict[str, float]:
    """Hold pictures, and their values before 8 bits (these without the compiler), against the right ones."""
    if truth is None:
        return {}
    noise, class_vectors = (values.to(device) for values in published.random_inputs(folded.architecture, CHECKED_PICTURES))
    weights = prepare(folded, dtype=variant.dtype, device=device, doubling=variant.doubling)
    with torch.inference_mode(), steady_kernels():
        conditions = make_conditions(weights, noise, class_vectors, torch.ones(CHECKED_PICTURES, device=device))
        values = draw_values(weights, conditions).cpu().double()
    levels = np.abs(pictures.astype(int) - to_8_bits(truth)[0].numpy())
    return {"error": float((values - truth).norm() / truth.norm()), "within_2_levels": float((levels <= 2).mean())}  # noqa: PLR2004 (as named)


def fastest(found: dict[str, Any]) -> Variant | None:
    """Choose the fastest of two bytes a value."""
    tried = [one for one in (*PLAIN_VARIANTS, *COMPILED_VARIANTS) if str(one) in found["variants"] and one.dtype != torch.float32]
    return min(tried, key=lambda one: found["variants"][str(one)]["seconds"], default=None)


def slowest_kernels(runner: DeviceRunner, rows: Rows, device: torch.device) -> list[dict[str, Any]]:
    """Name what takes the most time."""
    kind = torch.profiler.ProfilerActivity.CUDA if device.type == "cuda" else torch.profiler.ProfilerActivity.CPU
    with torch.profiler.profile(activities=[kind]) as profile:
        drawn(runner, rows)
    attribute = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"
    events = sorted(profile.key_averages(), key=lambda event: -getattr(event, attribute))[:KERNELS_SHOWN]
    microseconds = [getattr(event, attribute) / len(rows) for event in events]
    return [
        {"name": event.key[:100], "us_per_picture": taken, "calls": event.count} for event, taken in zip(events, microseconds, strict=True)
    ]


# To disk --------------------------------------------------------------------------------------------------------------------------------


def to_disk(runner: DeviceRunner, rows: Rows) -> dict[str, float]:
    """Draw, encode on all cores, and write, for some seconds: pictures a second; and the same without drawing."""
    pictures = drawn(runner, rows)
    endless = Repeated(rows)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(usable_cores()) as pool:
        return {
            "pictures_per_second": written_per_second(lambda: runner.draw(endless), Path(folder), pool),
            "encoding_alone_per_second": written_per_second(lambda: itertools.cycle(pictures), Path(folder), pool),
        }


def written_per_second(draw: Callable[[], Iterator[np.ndarray]], folder: Path, pool: ThreadPoolExecutor) -> float:
    """Write what is drawn as `core.drawing` does: encoded by other threads, some pictures behind."""
    started, written = time.perf_counter(), 0
    waiting: deque[Future[int]] = deque()
    for number, picture in enumerate(draw()):
        waiting.append(pool.submit(_write, folder / f"{number % KEPT_ON_DISK}.png", picture))
        while len(waiting) > MOST_WAITING or waiting[0].done():
            written += waiting.popleft().result() > 0
            if not waiting:
                break
        if time.perf_counter() > started + DISK_SECONDS:
            break
    written += sum(future.result() > 0 for future in waiting)
    return written / (time.perf_counter() - started)


def _write(path: Path, picture: np.ndarray) -> int:
    return path.write_bytes(encode_png(picture))


class Repeated:
    """Some rows, again and again."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return 1 << 40

    def tensors(self, first: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Give some rows, see `RowSource`."""
        return self._rows.tensors(first % (len(self._rows) - count + 1), count)


# What it means --------------------------------------------------------------------------------------------------------------------------


def failures(sizes: dict[int, dict[str, Any]]) -> Iterator[str]:
    """Name what is wrong."""
    for size, found in sizes.items():
        for variant in (*PLAIN_VARIANTS, *COMPILED_VARIANTS):
            outcome = found["variants"].get(str(variant), {})
            if outcome.get("error", 0.0) > ERRORS[variant.dtype]:
                yield f"{size} px, {variant}: relative error {outcome['error']:.1e}"
            if variant.dtype == torch.float16 and outcome.get("within_2_levels", 1.0) < SHARE_WITHIN_2_LEVELS:
                yield f"{size} px, {variant}: {outcome['within_2_levels']:.2%} within 2 levels"
            yield from (
                f"{size} px, {variant}: not the {name}" for name in ("same_again", "same_in_other_company") if outcome.get(name) is False
            )


def table(results: dict[str, Any]) -> Iterator[str]:
    """Sum up in a few lines."""
    about = results["machine"]
    yield f"{about['device']}, {about['cores']} cores, PyTorch {about['torch']}; ceilings: " + ", ".join(
        f"{name.removeprefix('torch.')} {value:.4g}" for name, value in results["ceilings"].items()
    )
    yield "px | published ms | ours ms | x | floor ms (arithmetic, bytes) | % of floor | batch | error | on disk /s (encoding alone) | way"
    for size, found in results["sizes"].items():
        best = fastest(found)
        if best is not None:
            yield _line(size, found, best)
    for name, outcome in ((f"{size} {name}", one) for size, found in results["sizes"].items() for name, one in found["variants"].items()):
        yield f"  {name}: {1000 * outcome['seconds']:.3f} ms, first after {outcome['first_picture_seconds']:.1f} s"
    yield from (f"FAILED: {failure}" for failure in results["failed"])
    yield from (f"left out: {name}" for name in results.get("left_out", []))
    yield from (f"no memory: {name}" for name in results.get("without_memory", []))


def _line(size: int, found: dict[str, Any], best: Variant) -> str:
    ours, floor = found["variants"][str(best)], found["floor"]
    theirs, disk = found.get("published") or {"seconds": float("nan")}, found.get("disk") or {}
    return (
        f"{size} | {1000 * theirs['seconds']:.2f} | {1000 * ours['seconds']:.3f} | {theirs['seconds'] / ours['seconds']:.1f}"
        f" | {1000 * floor['arithmetic']:.3f}, {1000 * floor['bytes']:.3f} | {100 * max(floor.values()) / ours['seconds']:.0f}"
        f" | {ours['batch']} | {ours.get('error', float('nan')):.1e}"
        f" | {disk.get('pictures_per_second', 0):.0f} ({disk.get('encoding_alone_per_second', 0):.0f}) | {best}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
