"""Folded weights, kept as safetensors beside the checkpoint that they were made from, and mapped into memory from there.

In: any named tensors. Out: the same tensors, at once, as long as checkpoint and folding are the same; nothing of the file is read before it
is used, and several processes share one copy. Without a place to keep them, they are simply made anew each time.

A file's name holds the digest of its content, so damage is noticed; it is computed once as long as the file stays as it was.
"""

import contextlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import TEMPORARY_PREFIX, disk_errors_explained
from ..protocol import UserError
from .digests import DigestMemory, sha256

if TYPE_CHECKING:
    from torch import Tensor

PREFIX = "folded-"
SUFFIX = ".safetensors"
CACHE_SUBFOLDER = "folded"
KEY_DIGITS = 16
OWN_RIGHTS, READING_RIGHTS = 0o600, 0o444


@dataclass(frozen=True, kw_only=True)
class KeptTensors:
    """Folded weights, from a file or made just now.

    Parameters
    ----------
    tensors
        By name; not to be written to, for they may be mapped from a file.
    metadata
        What goes with them.
    """

    tensors: "dict[str, Tensor]"
    metadata: dict[str, str]


class FoldedCache:
    """The folded weights of one checkpoint.

    Parameters
    ----------
    weights
        The checkpoint's file; folded weights are kept in its folder.
    checkpoint_sha256
        Its digest.
    version
        Of the folding, and of all else that decides it: letters, digits and dots.
    cache_folder
        The user's cache folder, for where the checkpoint's is read-only.
    """

    def __init__(self, weights: Path, checkpoint_sha256: str, *, version: str, cache_folder: Path) -> None:
        if not re.fullmatch(r"[A-Za-z0-9.]+", version):
            raise ValueError(f"a version of letters, digits and dots is wanted, not {version!r}")
        self._weights = weights
        self._folders = (weights.parent, cache_folder / CACHE_SUBFOLDER)
        self._checkpoint = checkpoint_sha256
        self._version = version
        self._memory = DigestMemory(cache_folder / "digests")

    def get(self, fold: "Callable[[], tuple[Mapping[str, Tensor], Mapping[str, str]]]") -> KeptTensors:
        """Give the folded weights, from a file if there is one, else from `fold`, whose outcome is kept.

        Parameters
        ----------
        fold
            Makes the tensors, and short texts to keep with them.
        """
        found = self._load()
        if found is None:
            tensors, metadata = fold()
            self._store(tensors, metadata)
            # From the file again: were the first start's tensors others than the second's, pictures might differ.
            found = self._load() or KeptTensors(tensors=dict(tensors), metadata=dict(metadata))
        return found

    def _load(self) -> KeptTensors | None:
        for file in self._files(f"{PREFIX}{self._key}-{self._version}-*{SUFFIX}"):
            folded = self._read(file)
            if folded is not None:
                return folded
        return None

    def _read(self, file: Path) -> KeptTensors | None:
        """Map a file; remove it if it is damaged. At any moment another process may remove it, too: then it is not there."""
        try:
            is_whole = self._memory.sha256(file)[:KEY_DIGITS] == _content_digits(file)
        except OSError:  # it is gone, or may not be read
            return None
        if not is_whole:
            _remove_quietly(file)
            return None
        folded = _map(file)
        if folded is None:
            return None
        said = dict(folded.metadata)
        its_own = (said.pop("checkpoint", ""), said.pop("folding", "")) == (self._checkpoint, self._version)
        return KeptTensors(tensors=folded.tensors, metadata=said) if its_own else None

    def _store(self, tensors: "Mapping[str, Tensor]", metadata: Mapping[str, str]) -> None:
        said = dict(metadata) | {"checkpoint": self._checkpoint, "folding": self._version}
        for folder in self._folders:
            if self._write(folder, tensors, said):
                self._remove_other_versions(folder)
                return

    def _write(self, folder: Path, tensors: "Mapping[str, Tensor]", metadata: dict[str, str]) -> bool:
        """Write a file that is there whole or not at all; say whether it is there."""
        from safetensors import SafetensorError
        from safetensors.torch import save_file

        temporary = folder / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}{SUFFIX}"
        try:
            with disk_errors_explained(folder):
                folder.mkdir(parents=True, exist_ok=True)
                save_file(_independent(tensors), temporary, metadata)
                temporary.chmod(self._rights())
                content = sha256(temporary)[:KEY_DIGITS]
                temporary.replace(folder / f"{PREFIX}{self._key}-{self._version}-{content}{SUFFIX}")
        except (UserError, SafetensorError, OSError):  # forbidden or full: the next start folds again, nothing else is lost
            return False
        finally:
            _remove_quietly(temporary)
        return True

    def _rights(self) -> int:
        """Let those read what was folded who may read the weights; safetensors would keep it for this user alone."""
        try:
            return OWN_RIGHTS | (self._weights.stat().st_mode & READING_RIGHTS)
        except OSError:
            return OWN_RIGHTS

    def _remove_other_versions(self, folder: Path) -> None:
        for file in _sorted_glob(folder, f"{PREFIX}{self._key}-*{SUFFIX}"):
            if not file.name.startswith(f"{PREFIX}{self._key}-{self._version}-"):
                _remove_quietly(file)

    @property
    def _key(self) -> str:
        return self._checkpoint[:KEY_DIGITS]

    def _files(self, pattern: str) -> Iterator[Path]:
        return (file for folder in self._folders for file in _sorted_glob(folder, pattern))


def is_folded(file: Path) -> bool:
    """Say whether a file holds folded weights."""
    return file.name.startswith(PREFIX) and file.suffix == SUFFIX


def remove_folded(cache_folder: Path, checkpoint_sha256: str) -> int:
    """Remove a checkpoint's folded weights from the user's cache folder; give the bytes that became free."""
    freed = 0
    for file in _sorted_glob(cache_folder / CACHE_SUBFOLDER, f"{PREFIX}{checkpoint_sha256[:KEY_DIGITS]}-*{SUFFIX}"):
        with contextlib.suppress(OSError):  # another process was quicker
            size = file.stat().st_size
            file.unlink()
            freed += size
    return freed


def _map(file: Path) -> KeptTensors | None:
    """Map a file whose digest is right; None if it cannot be opened."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (no dictionary)
            return KeptTensors(tensors=tensors, metadata=dict(opened.metadata() or {}))
    except (OSError, RuntimeError, SafetensorError):  # the file is opened twice: the second time by torch, which has errors of its own
        return None


def _content_digits(file: Path) -> str:
    return file.stem.rpartition("-")[2]


def _independent(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Lay tensors out in rows, none sharing memory with another: safetensors keeps no more than that."""
    seen: set[int] = set()
    laid: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        plain = tensor.detach().cpu().contiguous()
        place = plain.untyped_storage().data_ptr()
        laid[name] = plain.clone() if place in seen else plain
        seen.add(place)
    return laid


def _sorted_glob(folder: Path, pattern: str) -> Sequence[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def _remove_quietly(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError:  # read-only, or Windows keeps what is mapped: it stays, and is never used
        return
