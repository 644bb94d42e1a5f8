"""Which devices a machine draws on: one, or several cards of one kind.

In: what the user says, as "auto", "cuda:*" or "cuda:0,cuda:1". Out: the devices one by one, and what their cards are called. A processor's
cores count as cards where several are asked for, "cpu:0,cpu:1": a process for each.
"""

import ctypes
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ..bootstrap import DRIVER_LIBRARIES, cuda_of_torch, driver_cuda
from ..protocol import AUTO, UserError
from .cores import usable_cores

ALL = "*"
NAME_BYTES = 256


@dataclass(frozen=True, kw_only=True)
class Devices:
    """What draws a film.

    Parameters
    ----------
    names
        One for each process, at least one: "cpu", "cuda", or several as "cuda:0", "cuda:1".
    notes
        Sentences for people: which cards stay idle, and why.
    """

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_devices(said: str) -> Devices:
    """Say which devices draw.

    Parameters
    ----------
    said
        See `protocol.Machine.device`; must have no `problems`.

    Raises
    ------
    UserError
        If one is named twice, is not there, or is of another kind than the others: their pictures would differ in what was rounded, and
        a film must not mix them.
    """
    if said == AUTO:
        said = "cuda:*" if find_device() == "cuda" else find_device()
    words = [word.strip() for word in said.split(",")]
    kinds = {word.partition(":")[0] for word in words}
    if len(kinds) > 1:
        raise UserError(f"{' and '.join(sorted(kinds))} would draw one film: their pictures differ.", "Name devices of one kind.")
    if len(words) == 1 and not words[0].endswith(ALL):
        _check_there(words)
        return Devices(names=(words[0],))
    (kind,) = kinds
    return _all_alike(kind) if f"{kind}:{ALL}" in words else _named(words)


def find_device() -> str:
    """Say what this machine draws fastest on: "cuda", "mps" or "cpu"; asks the driver, for importing PyTorch takes seconds."""
    if sys.platform == "darwin":
        return "mps" if platform.machine() == "arm64" else "cpu"
    wanted = _cuda_of_torch()
    return "cuda" if wanted is not None and driver_cuda() >= wanted else "cpu"


def card_model(device: str) -> str:
    """Name a graphics card's model, as the driver does: empty for other devices, and where the driver does not answer."""
    kind, _, number = device.partition(":")
    models = cards(kind) if kind == "cuda" else ()
    return models[int(number or 0)] if int(number or 0) < len(models) else ""


def driver(device: str) -> str:
    """Name what lies between PyTorch and a device, and may change how it rounds: a card's driver, or the processor's own name."""
    kind = device.partition(":")[0]
    if kind != "cuda":
        return processor_name() if kind == "cpu" else platform.mac_ver()[0]
    try:
        lines = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    return " ".join((f"CUDA {driver_cuda()}", *lines[:1]))


def processor_name() -> str:
    """Name this processor and what instructions it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
        return " ".join(line.partition(":")[2].strip() for line in lines if line.startswith(("vendor_id", "model", "flags")))
    except OSError:  # not Linux
        return f"{platform.machine()} {platform.processor()}"


@cache
def cards(kind: str) -> tuple[str, ...]:
    """Give the models of this machine's cards, by number; of a processor its cores, which are all alike."""
    return _driver_cards() if kind == "cuda" else ("core",) * usable_cores()


def _driver_cards() -> tuple[str, ...]:
    if not driver_cuda():
        return ()
    driver, count = ctypes.CDLL(DRIVER_LIBRARIES[sys.platform]), ctypes.c_int()
    driver.cuDeviceGetCount(ctypes.byref(count))
    return tuple(_driver_name(driver, number) for number in range(count.value))


def _driver_name(driver: ctypes.CDLL, number: int) -> str:
    device, name = ctypes.c_int(), ctypes.create_string_buffer(NAME_BYTES)
    failed = driver.cuDeviceGet(ctypes.byref(device), number) or driver.cuDeviceGetName(name, NAME_BYTES, device)
    return "" if failed else name.value.decode(errors="replace")


def _all_alike(kind: str) -> Devices:
    """Give all cards of the first one's model."""
    models = cards(kind)
    if not models:
        return Devices(names=(kind,))  # whoever opens it says why there is none
    alike = [f"{kind}:{number}" for number, model in enumerate(models) if model == models[0]]
    others = [f"{kind}:{number} ({model})" for number, model in enumerate(models) if model != models[0]]
    note = f"Only the cards like {kind}:0 ({models[0]}) draw: another model rounds otherwise. Idle: {', '.join(others)}."
    return Devices(names=tuple(alike) if len(alike) > 1 else (kind,), notes=(note,) if others else ())


def _named(words: Sequence[str]) -> Devices:
    names = [word if ":" in word else f"{word}:0" for word in words]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{', '.join(twice)} is named twice.", "Name each device once.")
    _check_there(names)
    models = {name: card_model(name) for name in names}
    if len({*models.values()}) > 1:
        told = ", ".join(f"{name} ({model})" for name, model in models.items())
        raise UserError(f"These cards are not of one model: {told}. Their pictures would differ.", "Name cards of one model.")
    return Devices(names=tuple(names))


def _check_there(names: Iterable[str]) -> None:
    for name in names:
        kind, _, number = name.partition(":")
        there = [f"{kind}:{place}" for place in range(len(cards(kind)))]
        if number and name not in there:
            raise UserError(f"There is no {name}: this machine has {', '.join(there) or 'none'}.", "Name one that there is.")


def _cuda_of_torch() -> int | None:
    """Give the major version of CUDA that PyTorch was built for; None: for none."""
    torch = find_spec("torch")
    if torch is None or torch.origin is None:
        return None
    return cuda_of_torch(Path(torch.origin).parent)
