"""Weights of a network that makes pictures larger, read safely and recognised by `spandrel`, the library of ComfyUI and chaiNNer.

In: a file, `.safetensors` or `.pth`. Out: an `Upscaler`, or a `UserError` that says why it is none. Nothing in a file is ever run: a `.pth`
is a pickle, of which torch's own safe loader takes tensors only.

Imported whole, spandrel wants torchvision for two networks that repair photographs, and torchvision fits one build of PyTorch only. So its
networks are imported one by one, past its `__init__`.
"""

import importlib
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..protocol import UserError
from .store import SUFFIXES

ARCHITECTURES = ("Compact", "ESRGAN")
"""Real-ESRGAN's small and large network: what the most weights are made for, and convolutions alone."""
SCALES = (2, 4)
COLOURS = 3
CURE = "Choose weights of an ESRGAN or a Real-ESRGAN (also Compact) that makes pictures 2 or 4 times larger, as .safetensors or .pth."


@dataclass(frozen=True, kw_only=True)
class Upscaler:
    """A network that makes pictures larger.

    Parameters
    ----------
    module
        From [B, 3, height, width], 0 ... 1, to the same, `scale` times as large; float32, on the CPU, in evaluation mode.
    scale
        2 or 4.
    architecture
        Its name for people.
    """

    module: torch.nn.Module
    scale: int
    architecture: str


def read_upscaler(file: Path) -> Upscaler:
    """Read a file of weights.

    Raises
    ------
    UserError
        If it cannot be read, holds code, or is no upscaler.
    """
    tensors = _canonical(_read_tensors(file))
    found = next((known for known in _known_architectures() if known.detect(tensors)), None)
    if found is None:
        raise UserError(f"{file.name} is no upscaler: its tensors belong to no network that we know.", CURE)
    try:
        loaded = found.load(tensors)  # strictly: a tensor that is missing, left over or of another shape is an error
    except Exception as error:
        raise UserError(f"{file.name} looks like a {found.name}, but does not fit one: {_first_line(error)}.", CURE) from error
    if loaded.scale not in SCALES or (loaded.input_channels, loaded.output_channels) != (COLOURS, COLOURS):
        raise UserError(
            f"{file.name} makes pictures of {loaded.input_channels} channels {loaded.scale} times larger, with {loaded.output_channels}.",
            CURE,
        )
    return Upscaler(module=loaded.model.eval().float().requires_grad_(False), scale=loaded.scale, architecture=found.name)


def _read_tensors(file: Path) -> dict[str, Any]:
    if file.suffix not in SUFFIXES:
        raise UserError(f"{file.name} is no file of an upscaler's weights.", CURE)
    try:
        read = _read_safetensors(file) if file.suffix == ".safetensors" else torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(f"{file.name} holds more than tensors, perhaps code, and was not read.", CURE) from error
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}.", CURE) from error
    except Exception as error:
        raise UserError(f"{file.name} cannot be read: {_first_line(error)}.", CURE) from error
    if not isinstance(read, Mapping):
        raise UserError(f"{file.name} holds no weights.", CURE)
    return dict(read)


def _read_safetensors(file: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(file)


def _canonical(read: dict[str, Any]) -> dict[str, Tensor]:
    """Take the tensors out of what trainers wrap them in."""
    canonical = _spandrel("__helpers.canonicalize").canonicalize_state_dict(read)
    return {name: tensor for name, tensor in canonical.items() if isinstance(tensor, Tensor)}


def _known_architectures() -> list[Any]:
    return [getattr(_spandrel(f"architectures.{name}"), f"{name}Arch")() for name in ARCHITECTURES]


def _spandrel(module: str) -> Any:
    """Import a module of spandrel past its `__init__`, which imports all networks."""
    spec = find_spec("spandrel") if "spandrel" not in sys.modules else sys.modules["spandrel"].__spec__
    if spec is None:
        raise UserError("The engine lacks “spandrel”, which reads upscalers.", "Set up the engine again, or choose Lanczos.")
    sys.modules.setdefault("spandrel", module_from_spec(spec))  # a package with a path, whose `__init__` has not run
    return importlib.import_module(f"spandrel.{module}")


def _first_line(error: BaseException) -> str:
    return (str(error).strip().partition("\n")[0] or type(error).__name__).rstrip(".:")
