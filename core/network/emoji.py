"""The embedded model, Emoji: a small BigGAN-deep trained by ourselves, whose weights lie beside this file.

In: `emoji.safetensors`, float16, by the published names; its metadata holds the configuration. Out: the network, folded, ready to draw; and
what its noise means, for it was trained so: `noise_units`, float32 [units, 128], and the units' names in the metadata.

It was trained on pictures of Noto Color Emoji (Google; drawings under the Apache License 2.0, the font under the SIL Open Font License 1.1)
by `tools/train_embedded.py`. The file holds the network's weights, none of the pictures.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .architecture import Architecture, read_architecture
from .directions import of_units

if TYPE_CHECKING:
    from .folding import Folded

WEIGHTS = Path(__file__).with_name("emoji.safetensors")
CONFIG_KEY, UNITS_KEY = "config", "units"
NOISE_UNITS = "noise_units"


@cache
def emoji_digest() -> str:
    """Digest of the model's file: 32 hexadecimal digits."""
    return hashlib.blake2b(WEIGHTS.read_bytes(), digest_size=16).hexdigest()


def load_emoji(weights: Path = WEIGHTS) -> "Folded":
    """Load the model.

    Parameters
    ----------
    weights
        The file, as `tools/ship_embedded.py` writes it.

    Returns
    -------
    Folded
        float32, on the CPU.
    """
    import torch  # here, so that a film that is all there needs no network

    from .folding import fold

    tensors, architecture = read_emoji(weights)
    return fold({name: tensor.to(torch.float32) for name, tensor in tensors.items()}, architecture)


def read_emoji(weights: Path = WEIGHTS) -> tuple[dict, Architecture]:
    """Read tensors by their published names, float16, and what they make up."""
    from safetensors import safe_open

    with safe_open(str(weights), framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys() if name != NOISE_UNITS}  # noqa: SIM118 (no mapping)
        config = (file.metadata() or {})[CONFIG_KEY]
    return tensors, read_architecture(config, source=weights.name)


@cache
def emoji_directions(weights: Path = WEIGHTS) -> np.ndarray:
    """Give the model's directions, float32 [6, 128], see `directions.of_units`."""
    from safetensors import safe_open

    with safe_open(str(weights), framework="np") as file:
        return of_units(file.get_tensor(NOISE_UNITS), json.loads(file.metadata()[UNITS_KEY]))
