"""Make a checkpoint with random weights, in the very format of the published ones.

In: size, seed, layout (`python -m tools.make_checkpoint --size 512 --out FOLDER`). Out: `pytorch_model.bin`, `config.json`. For tests and
benchmarks: real weights are large, and not ours to hand out.

The numbers are those of `tools/published.py`; here they become a file whose tensors have the published ones' names, order and places in
memory.
"""

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor

from core.models.checkpoint import CONFIG_NAME, WEIGHTS_NAME, build_network, check_tensors
from core.network.architecture import ARCHITECTURES, Architecture
from tools.published import random_state

SIZES = (128, 256, 512)
LAYOUTS = ("old", "new")


def main(arguments: list[str]) -> int:
    """Write what the command line asks for."""
    options = _parser().parse_args(arguments)
    architecture = ARCHITECTURES[f"biggan-deep-{options.size}"]
    tensors = checkpoint_tensors(architecture, seed=options.seed)
    path = write_checkpoint(options.out, tensors, architecture, layout=options.layout)
    print(f"{path}: {len(tensors)} tensors, {path.stat().st_size} bytes")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.make_checkpoint", description="A checkpoint with random weights.")
    parser.add_argument("--size", type=int, choices=SIZES, default=512, help="pixels (512)")
    parser.add_argument("--layout", choices=LAYOUTS, default="old", help="as published, or zip as torch.save writes today (old)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    return parser


def checkpoint_tensors(architecture: Architecture, *, seed: int = 0) -> dict[str, Tensor]:
    """Make the state dict of a network with random weights.

    Parameters
    ----------
    architecture
        The network.
    seed
        The same seed gives the same numbers on one machine.

    Returns
    -------
    dict[str, Tensor]
        float32: ordered, and with the modules' versions, as the package's own state dict, and laid out as in the published files.
    """
    tensors = random_state(architecture, seed=seed)
    check_tensors(tensors, architecture, source="The made checkpoint")
    state = build_network(tensors, architecture).state_dict()
    for name in state:
        state[name] = _by_columns(tensors[name])
    return state


def _by_columns(tensor: Tensor) -> Tensor:
    """Lay weights out as TensorFlow does, outputs last: the published files were converted from there."""
    if tensor.dim() == 4:  # noqa: PLR2004 (a convolution, TensorFlow's [height, width, in, out])
        return tensor.permute(2, 3, 1, 0).contiguous().permute(3, 2, 0, 1)
    return tensor.T.contiguous().T if tensor.dim() == 2 else tensor  # noqa: PLR2004 (a matrix)


def write_checkpoint(folder: Path, tensors: dict[str, Tensor], architecture: Architecture, *, layout: str = "old") -> Path:
    """Write weights and configuration; give the weights' path.

    Parameters
    ----------
    folder
        Made if need be.
    tensors
        The state dict.
    architecture
        The network.
    layout
        ``old``: a row of pickles, as PyTorch 1.0 wrote and the networks are published. ``new``: zip, since PyTorch 1.6.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(tensors, folder / WEIGHTS_NAME, _use_new_zipfile_serialization=layout == "new")
    (folder / CONFIG_NAME).write_text(architecture.to_json(), encoding="utf-8", newline="\n")
    return folder / WEIGHTS_NAME


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
