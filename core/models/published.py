"""The networks that anyone can download: how they look, how their files are known, where they are, and where users keep them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..network.architecture import ARCHITECTURES, Architecture
from .checkpoint import WEIGHTS_NAME

MODELS_VARIABLE = "CHROMASTRIP_MODELS"
MIRRORS_VARIABLE = "CHROMASTRIP_MIRRORS"
SOURCE = "https://s3.amazonaws.com/models.huggingface.co/biggan"
"""Where the networks are published: the folder that `pytorch_pretrained_biggan` itself downloads from."""

PICKLE_BYTES = 1 << 20  # names and shapes beside the numbers: 0.13 MB at 512 px


@dataclass(frozen=True, kw_only=True)
class PublishedModel:
    """A network that anyone can download.

    Parameters
    ----------
    name
        What it is called, and the beginning of its file's name there.
    architecture
        What it looks like.
    size
        Bytes of its file; 0: not known.
    addresses
        Where else it lies, asked after `SOURCE`.
    sha256
        Its digest; empty: not known, then names and shapes of the tensors are checked, and the first download's digest is kept.
    """

    name: str
    architecture: Architecture
    size: int = 0
    sha256: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def about_bytes(self) -> int:
        """Tell how large its file is, or about how large."""
        return self.size or self.architecture.tensor_bytes()

    @property
    def largest_bytes(self) -> int:
        """Tell how large its file may be."""
        return self.size or self.architecture.tensor_bytes() + PICKLE_BYTES


PUBLISHED = (
    PublishedModel(
        name="biggan-deep-128",
        architecture=ARCHITECTURES["biggan-deep-128"],
        sha256="b86146a8cfcde4cda135adba4b2806f78b3abe2dac9d0fd090cc3ab318604ad9",
        addresses=("https://huggingface.co/osanseviero/BigGAN-deep-128/resolve/main/pytorch_model.bin",),
    ),
    PublishedModel(
        name="biggan-deep-256",
        architecture=ARCHITECTURES["biggan-deep-256"],
        size=234_411_737,
        sha256="5900ef4065047e3aa0d1b66197b7f2664dceb59b27080e414ad57e203c485bc5",
    ),
    PublishedModel(name="biggan-deep-512", architecture=ARCHITECTURES["biggan-deep-512"]),
)


def models_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the user's folder of models: CHROMASTRIP_MODELS, or where this system keeps users' data."""
    if environ.get(MODELS_VARIABLE):
        return Path(environ[MODELS_VARIABLE]).expanduser().absolute()
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home()) / "chromastrip" / "models"
    data = Path.home() / ("Library/Application Support" if sys.platform == "darwin" else ".local/share")
    return Path(environ.get("XDG_DATA_HOME") or data) / "chromastrip" / "models"


def mirrors(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """List the user's mirrors: the words of CHROMASTRIP_MIRRORS."""
    return tuple(environ.get(MIRRORS_VARIABLE, "").split())


def address(mirror: str, name: str) -> str:
    """Give the address of a model's weights at a mirror.

    Parameters
    ----------
    mirror
        A folder that holds the files as they are published, `<name>-pytorch_model.bin`; or an address with ``{name}``, ``{file}`` or both
        in it, such as ``https://example.org/{name}/{file}``.
    name
        The model.
    """
    if "{" in mirror:
        return mirror.replace("{name}", name).replace("{file}", WEIGHTS_NAME)
    return f"{mirror.rstrip('/')}/{name}-{WEIGHTS_NAME}"
