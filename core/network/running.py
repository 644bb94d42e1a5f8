"""Chooses how a network is run, and names the choice for cache keys before PyTorch is imported.

In: the names of a device and a precision, perhaps "auto". Out: a `Way`, and from it a runner.
"""

import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import write_whole
from ..protocol import AUTO, UserError
from .devices import card_model, find_device, processor_name

if TYPE_CHECKING:
    from .folding import Folded
    from .runners import Runner

PRECISIONS = {"cpu": ("float32", "bfloat16"), "cuda": ("float16", "float32", "bfloat16"), "mps": ("float16", "float32")}
"""What each kind of device can draw in; a graphics card's default first."""

FUSED_MACHINES = {"x86_64", "amd64"}
"""Processors that `processor` is made for; others draw by `reference`."""
WORTHWHILE_GAIN = 1.3
TRIED_CHANNELS, TRIED_SIZE, TRIES = 64, 64, 7


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a network is run on this machine.

    Parameters
    ----------
    device
        "cpu", "cpu:1" (one core), "mps", "cuda", or "cuda:1".
    precision
        "float32", "bfloat16" or "float16".
    model
        What the graphics card is called; empty: it is none.
    """

    device: str
    precision: str
    model: str = ""

    @property
    def name(self) -> str:
        """Name the kernels, as "cpu fused float32": pictures of two ways differ in what was rounded, so this belongs into cache keys."""
        kind = self.device.partition(":")[0]
        is_fused = kind == "cpu" and platform.machine().lower() in FUSED_MACHINES
        words = (kind, "fused" if is_fused else "plain", self.precision, self.model)  # another card's kernels round otherwise
        return " ".join(word for word in words if word)


def find_way(*, device: str, precision: str, cache_folder: Path) -> Way:
    """Say how a network is run, without importing PyTorch where that is known already.

    Parameters
    ----------
    device
        "auto", "cpu", "cpu:1", "mps", "cuda", or "cuda:1".
    precision
        "auto", "float32", "bfloat16" or "float16".
    cache_folder
        Remembers what this processor is faster in: measured twice, it might be another one, and so would the pictures.

    Raises
    ------
    UserError
        If the device cannot draw in that precision.
    """
    device = find_device() if device == AUTO else device
    kind = device.partition(":")[0]
    if precision == AUTO:
        precision = faster_precision(cache_folder) if kind == "cpu" else PRECISIONS[kind][0]
    if precision not in PRECISIONS[kind]:
        raise UserError(f"Precision is {precision}, which {kind} cannot draw in.", f"Set Precision to {' or '.join(PRECISIONS[kind])}.")
    return Way(device=device, precision=precision, model=card_model(device))


def open_runner(folded: "Folded", way: Way) -> "Runner":
    """Give what draws with a network.

    Parameters
    ----------
    folded
        float32, on the CPU.
    way
        From `find_way`.

    Raises
    ------
    UserError
        If the device is not there, or has no memory for one picture.
    """
    import torch

    from .card import DeviceRunner
    from .runners import CpuRunner

    dtype = getattr(torch, way.precision)
    kind, _, core = way.device.partition(":")
    if kind == "cpu":
        return CpuRunner(folded, dtype=dtype, cores=1 if core else None)
    return DeviceRunner(folded, device=way.device, dtype=dtype)


# What this machine has ------------------------------------------------------------------------------------------------------------------


def faster_precision(cache_folder: Path) -> str:
    """Say what this processor draws faster in, "float32" or "bfloat16": measured once, then remembered."""
    note = cache_folder / "processor.json"
    known = {"processor": processor_name(), "torch": version("torch")}
    try:
        remembered = json.loads(note.read_text(encoding="utf-8"))
        if {name: remembered[name] for name in known} == known and remembered["precision"] in PRECISIONS["cpu"]:
            return remembered["precision"]
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or a damaged one
        pass
    precision = measure_precision()
    write_whole(note, json.dumps({**known, "precision": precision}).encode())
    return precision


def measure_precision() -> str:
    """Try what this processor convolves faster in: "float32" or "bfloat16" (0.1 s, and importing PyTorch).

    That it has instructions for bfloat16 does not tell: with AMX they are many times as fast as float32, on a Xeon without it half as fast.
    """
    import torch

    rng = torch.Generator().manual_seed(0)
    x = torch.randn(1, TRIED_CHANNELS, TRIED_SIZE, TRIED_SIZE, generator=rng)
    weight = torch.randn(TRIED_CHANNELS, TRIED_CHANNELS, 3, 3, generator=rng)

    def convolver(dtype: torch.dtype) -> Callable[[], object]:
        own_x, own_weight = (values.to(dtype, memory_format=torch.channels_last) for values in (x, weight))
        return lambda: torch.nn.functional.conv2d(own_x, own_weight, padding=1)

    with torch.inference_mode():
        float32, bfloat16 = _least_seconds(convolver(torch.float32), convolver(torch.bfloat16))
    return "bfloat16" if float32 / bfloat16 > WORTHWHILE_GAIN else "float32"


def _least_seconds(*contenders: Callable[[], object]) -> list[float]:
    """Time each, in turns, and give its shortest: what else the machine does only makes things longer."""
    taken: list[list[float]] = [[] for _ in contenders]
    for _ in range(TRIES):
        for work, own in zip(contenders, taken, strict=True):
            started = time.perf_counter()
            work()
            own.append(time.perf_counter() - started)
    return [min(own) for own in taken]
