"""Chooses how a network is run, and names the choice for cache keys before PyTorch is imported.

In: the names of a device and a precision. Out: a name, or a runner.
"""

import platform
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..protocol import UserError

if TYPE_CHECKING:
    from .folding import Folded
    from .runners import Runner

PRECISIONS = {"cpu": ("float32", "bfloat16"), "cuda": ("float16", "float32", "bfloat16"), "mps": ("float16", "float32")}
"""What each kind of device can draw in, its default first."""

FUSED_MACHINES = {"x86_64", "amd64"}
"""Processors that `processor` is made for; others draw by `reference`."""
WORTHWHILE_GAIN = 1.3
TRIED_CHANNELS, TRIED_SIZE, TRIES = 64, 64, 7


def way(*, device: str, precision: str) -> str:
    """Name the kernels that draw: pictures of two ways differ in what was rounded, so the name belongs into their cache keys.

    Parameters
    ----------
    device
        "cpu", "mps", "cuda", or "cuda:1".
    precision
        "float32", "bfloat16" or "float16".

    Returns
    -------
    str
        Such as "cpu fused float32". One card's number is no part of it.

    Raises
    ------
    UserError
        If the device cannot draw in that precision.
    """
    kind = device.partition(":")[0]
    if precision not in PRECISIONS[kind]:
        raise UserError(f"Precision is {precision}, which {kind} cannot draw in.", f"Set Precision to {' or '.join(PRECISIONS[kind])}.")
    is_fused = kind == "cpu" and platform.machine().lower() in FUSED_MACHINES
    return f"{kind} {'fused' if is_fused else 'plain'} {precision}"


def open_runner(folded: "Folded", *, device: str, precision: str) -> "Runner":
    """Give what draws with a network.

    Parameters
    ----------
    folded
        float32, on the CPU.
    device, precision
        As for `way`.

    Raises
    ------
    UserError
        If the device is not there, cannot draw in that precision, or has no memory for one picture.
    """
    import torch

    from .card import DeviceRunner
    from .runners import CpuRunner

    way(device=device, precision=precision)
    dtype = getattr(torch, precision)
    return CpuRunner(folded, dtype=dtype) if device == "cpu" else DeviceRunner(folded, device=device, dtype=dtype)


def fastest_on_the_processor() -> str:
    """Try what this processor convolves faster in: "float32" or "bfloat16" (0.1 s).

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
