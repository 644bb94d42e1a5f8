"""Weights in users' folders: found under the names that the world gives them, each with a name for its model."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from .checkpoint import WEIGHTS_NAME

LONGEST_NAME = 64


def weights_in(source: Path) -> list[tuple[str, Path]]:
    """Find files of weights.

    Parameters
    ----------
    source
        A file; a folder with `pytorch_model.bin`; one with files as they are published (`biggan-deep-256-pytorch_model.bin`); or the one in
        which `pytorch_pretrained_biggan` keeps what it downloaded.

    Returns
    -------
    list[tuple[str, Path]]
        Each with a name for its model. Empty: there are none.
    """
    if source.is_file():
        return [(_name_of(source.name, source.absolute().parent.name), source)]
    if (source / WEIGHTS_NAME).is_file():
        return [(_tidy(source.absolute().name), source / WEIGHTS_NAME)]
    if not source.is_dir():
        return []
    published = [(_name_of(path.name, source.absolute().name), path) for path in sorted(source.glob(f"*-{WEIGHTS_NAME}"))]
    return published or list(_weights_in_package_cache(source))


def _weights_in_package_cache(folder: Path) -> Iterator[tuple[str, Path]]:
    """Find what `pytorch_pretrained_biggan` downloaded: files named by digests, each beside a note of where it came from."""
    for note in sorted(folder.glob("*.json")):
        try:
            url = str(json.loads(note.read_bytes())["url"])
        except (ValueError, KeyError, TypeError):
            continue
        weights = note.with_suffix("")
        if url.endswith(WEIGHTS_NAME) and weights.is_file():
            yield _name_of(url.rpartition("/")[2], folder.name), weights


def _name_of(file_name: str, folder_name: str) -> str:
    """Make a model's name of `<name>-pytorch_model.bin`, of any other file's name, or of the folder's."""
    if file_name == WEIGHTS_NAME:
        return _tidy(folder_name)
    return _tidy(file_name.removesuffix(f"-{WEIGHTS_NAME}").removesuffix(".bin").removesuffix(".pt").removesuffix(".pth"))


def _tidy(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:LONGEST_NAME] or "model"
