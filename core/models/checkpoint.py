"""A checkpoint of a BigGAN-deep on disk: found, judged by size, names and shapes, read, and loaded into the published classes.

In: a folder or a file. Out: tensors, or a `pytorch_pretrained_biggan.BigGAN` ready to draw. Never asks the network, and never runs what a
file may hold beside tensors: PyTorch's weights-only reader refuses it, and we say what was refused.
"""

import pickle
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..network.architecture import ARCHITECTURES, Architecture, read_architecture
from ..protocol import UserError

if TYPE_CHECKING:
    from pytorch_pretrained_biggan import BigGAN
    from torch import Tensor

WEIGHTS_NAME = "pytorch_model.bin"
CONFIG_NAME = "config.json"
SMALLEST_VALUE_BYTES = 2  # float16
LARGEST_CONFIG_BYTES = 1 << 20
UNTRUSTED = "Nothing of it was run. Get the weights from someone whom you trust, as a dictionary of tensors."
BROKEN = "Download it again, or copy it again from where it came."


@dataclass(frozen=True, kw_only=True)
class CheckpointFiles:
    """Where a checkpoint lies, and what its configuration says.

    Parameters
    ----------
    weights
        The file of its tensors.
    architecture
        None: there is no configuration beside the weights.
    """

    weights: Path
    architecture: Architecture | None


def load_published(folder_or_file: Path) -> "BigGAN":
    """Load a checkpoint into the published classes, strictly.

    Parameters
    ----------
    folder_or_file
        A folder with `pytorch_model.bin`, or such a file under any name. `config.json` lies beside it; without one, the file must hold
        one of the three published networks.

    Returns
    -------
    BigGAN
        float32, on the CPU, in evaluation mode, without gradients.

    Raises
    ------
    UserError
        If the weights are missing, cut short, damaged, of another network than the configuration says, or more than tensors.
    """
    files = find_checkpoint(folder_or_file)
    tensors = read_tensors(files.weights)
    architecture = files.architecture or recognised(tensors, files.weights)
    check_tensors(tensors, architecture, source=files.weights)
    return build_network(tensors, architecture)


def find_checkpoint(folder_or_file: Path) -> CheckpointFiles:
    """Find the files of a checkpoint, and read its configuration.

    Raises
    ------
    UserError
        If there are no weights, they cannot be read or are too short, or the configuration is wrong.
    """
    try:
        weights = folder_or_file / WEIGHTS_NAME if folder_or_file.is_dir() else folder_or_file
        if not weights.is_file():
            raise UserError(f"There are no weights {weights}.", f"Name a folder that holds {WEIGHTS_NAME} and {CONFIG_NAME}.")
        architecture = _architecture_beside(weights)
        _check_length(weights, architecture)
    except OSError as error:
        raise unreadable(Path(error.filename or folder_or_file), error) from error
    return CheckpointFiles(weights=weights, architecture=architecture)


def _architecture_beside(weights: Path) -> Architecture | None:
    """Read `config.json`, or `x-config.json` beside `x-pytorch_model.bin`: so the files are named where they are published."""
    names = {weights.name.replace(WEIGHTS_NAME, CONFIG_NAME), CONFIG_NAME} - {weights.name}
    for name in sorted(names, key=len, reverse=True):
        config = weights.with_name(name)
        if config.is_file():
            with config.open("rb") as file:
                return read_architecture(file.read(LARGEST_CONFIG_BYTES), source=str(config))
    return None


def unreadable(file: Path, error: OSError) -> UserError:
    """Explain that a file cannot be read."""
    return UserError(f"{file} cannot be read: {error.strerror or error}.", "Give yourself the right to read it, or choose another copy.")


def _check_length(weights: Path, architecture: Architecture | None) -> None:
    length = weights.stat().st_size
    least = (architecture.tensor_bytes() if architecture else 0) * SMALLEST_VALUE_BYTES // 4
    if length == 0:
        raise UserError(f"{weights} is empty.", BROKEN)
    if length < least:
        raise UserError(f"{weights} is cut short: {length} bytes, where its tensors alone take {least} or more.", BROKEN)


# Reading --------------------------------------------------------------------------------------------------------------------------------


def read_tensors(weights: Path, *, source: str = "") -> "dict[str, Tensor]":
    """Read a checkpoint, in the old `torch.save` layout (a row of pickles, as published) or the new one (zip).

    Parameters
    ----------
    weights
        A file that `torch.save` made of a state dict.
    source
        What to call it in messages; empty: by its path.

    Returns
    -------
    dict[str, Tensor]
        Dense tensors of floating-point numbers on the CPU, as they were saved.

    Raises
    ------
    UserError
        If the file cannot be read, or holds anything else.
    """
    import torch

    source = source or str(weights)
    try:
        content = torch.load(weights, map_location="cpu", weights_only=True)
    except OSError as error:
        raise unreadable(weights, error) from error
    except pickle.UnpicklingError as error:
        raise _unfit_pickle(source, str(error)) from error
    except Exception as error:  # a stranger's bytes may break the reader in any way; all of them mean the same
        raise UserError(f"{source} is no checkpoint that PyTorch can read ({type(error).__name__}).", BROKEN) from error
    return _tensors_only(content, source)


def _unfit_pickle(source: str, reason: str) -> UserError:
    asked = re.search(r"GLOBAL ([\w.]+)", reason)
    if asked:
        return UserError(f"{source} holds more than tensors: it asks for “{asked[1]}”.", UNTRUSTED)
    return UserError(f"{source} is no checkpoint that PyTorch can read: damaged, or a pickle of something else.", BROKEN)


def _tensors_only(content: object, source: str) -> "dict[str, Tensor]":
    import torch

    if not isinstance(content, Mapping):
        raise UserError(f"{source} holds a {type(content).__name__}, not a dictionary of tensors.", UNTRUSTED)
    tensors: dict[str, Tensor] = {}
    for name, value in content.items():
        if not isinstance(name, str) or type(value) not in {torch.Tensor, torch.nn.Parameter}:
            raise UserError(f"{source} holds more than tensors: “{name}” is a {type(value).__name__}.", UNTRUSTED)
        if value.layout != torch.strided or value.device.type != "cpu" or not value.is_floating_point():
            raise UserError(f"{source}: “{name}” is no dense tensor of floating-point numbers.", UNTRUSTED)
        tensors[name] = value.detach()
    return tensors


# Judging --------------------------------------------------------------------------------------------------------------------------------


def check_tensors(tensors: "Mapping[str, Tensor]", architecture: Architecture, *, source: Path | str) -> None:
    """Check that tensors are those of a network: every name, every shape, every number finite.

    Raises
    ------
    UserError
        Names the first one that is not, and the published network that the file holds instead, if any.
    """
    import numpy as np

    found, wanted = _shapes(tensors), architecture.shapes()
    if found != wanted:
        raise UserError(f"{source} does not fit its configuration: {_difference(found, wanted)}.", _cure_for(found))
    for name, tensor in tensors.items():
        if not np.isfinite(tensor.float().numpy()).all():
            raise UserError(f"{source} is damaged: “{name}” holds values that are no finite numbers.", BROKEN)


def recognised(tensors: "Mapping[str, Tensor]", source: Path) -> Architecture:
    """Tell which published network tensors belong to.

    Raises
    ------
    UserError
        If to none.
    """
    name = recognised_name(tensors)
    if not name:
        raise UserError(
            f"{source} holds none of the published networks, and there is no {CONFIG_NAME} beside it.",
            f"Put the {CONFIG_NAME} there that belongs to these weights.",
        )
    return ARCHITECTURES[name]


def recognised_name(tensors: "Mapping[str, Tensor]") -> str:
    """Name the published network that tensors have the names and shapes of; empty: none."""
    return _published_with(_shapes(tensors))


def _published_with(found: Mapping[str, tuple[int, ...]]) -> str:
    return next((name for name, architecture in ARCHITECTURES.items() if architecture.shapes() == found), "")


def _shapes(tensors: "Mapping[str, Tensor]") -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def _difference(found: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]) -> str:
    missing = [name for name in wanted if name not in found]
    if missing:
        return f"{len(missing)} of {len(wanted)} tensors are missing, such as “{missing[0]}”"
    strangers = [name for name in found if name not in wanted]
    if strangers:
        return f"{len(strangers)} tensors are too many, such as “{strangers[0]}”"
    name = next(name for name in wanted if found[name] != wanted[name])
    return f"“{name}” has the shape {_by(found[name])}, not {_by(wanted[name])}"


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "of a single number"


def _cure_for(found: Mapping[str, tuple[int, ...]]) -> str:
    if name := _published_with(found):
        return f"These are the weights of {name}: use them under that name."
    return f"Put weights and {CONFIG_NAME} of the same network there."


# Building -------------------------------------------------------------------------------------------------------------------------------


def build_network(tensors: "Mapping[str, Tensor]", architecture: Architecture) -> "BigGAN":
    """Put tensors that `check_tensors` has passed into the published classes.

    Returns
    -------
    BigGAN
        float32, on the CPU, in evaluation mode, without gradients. torch's global random state stays as it was.
    """
    import torch
    from pytorch_pretrained_biggan import BigGAN

    with torch.random.fork_rng(devices=[]):
        network = BigGAN(package_config(architecture))
    network.load_state_dict(dict(tensors), strict=True)  # copies: to float32, in rows, wherever it lay (published files hold columns)
    return network.eval().requires_grad_(False)


def package_config(architecture: Architecture) -> object:
    """Give the package's own configuration object."""
    from pytorch_pretrained_biggan import BigGANConfig

    values = asdict(architecture)
    return BigGANConfig(**values | {"layers": [list(layer) for layer in architecture.layers]})
