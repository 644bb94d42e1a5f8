"""The upscalers on this machine: files of weights in the folder of models, added, listed, verified and removed by name.

Their names begin with `upscaler/`, which no network's does: so one list and one button serve both.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING

from ..files import check_writable, whole_file
from ..models.digests import DigestMemory
from ..protocol import UserError
from ..protocol.models import UPSCALER_PREFIX, ModelEntry, ModelState

if TYPE_CHECKING:
    from .networks import Upscaler

SUFFIXES = (".safetensors", ".pth")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Upscalers:
    """The upscalers of one folder.

    Parameters
    ----------
    folder
        The folder of models; theirs is one in it, made when the first one comes.
    cache_folder
        Digests are remembered there.
    """

    folder: Path
    cache_folder: Path

    def entries(self) -> list[ModelEntry]:
        """List them by name; reads none."""
        there = sorted(path for path in self._own.glob("*") if path.suffix in SUFFIXES and NAME.fullmatch(path.stem))
        return [self._entry(path) for path in there]

    def add(self, source: Path, *, name: str = "") -> str:
        """Copy a file of weights, once it has been read, and say so.

        Raises
        ------
        UserError
            If it is no upscaler, or another one has that name.
        """
        from .networks import read_upscaler

        read = read_upscaler(source)
        plain = name.removeprefix(UPSCALER_PREFIX) or re.sub(r"[^A-Za-z0-9._-]+", "-", source.stem).strip("-._")[:64] or "upscaler"
        if not NAME.fullmatch(plain):
            raise UserError(f"“{name}” is no name of an upscaler.", "Use letters, digits, dots, hyphens and underscores, at most 64.")
        target = self._own / f"{plain}{source.suffix}"
        if any(path.stem == plain and path.read_bytes() != source.read_bytes() for path in self._own.glob("*") if path.suffix in SUFFIXES):
            raise UserError(f"There is another upscaler “{plain}” already.", "Choose another name, or remove that one first.")
        check_writable(self.folder)
        with whole_file(target) as temporary:
            copyfile(source, temporary)
        return _whole(plain, read)

    def file(self, name: str) -> Path:
        """Find the file of an upscaler.

        Raises
        ------
        UserError
            If there is none of that name.
        """
        plain = name.removeprefix(UPSCALER_PREFIX)
        found = [path for suffix in SUFFIXES if NAME.fullmatch(plain) and (path := self._own / f"{plain}{suffix}").is_file()]
        if not found:
            there = ", ".join(entry.name.removeprefix(UPSCALER_PREFIX) for entry in self.entries())
            cure = f"Choose one of {there}, or none for Lanczos." if there else "Add its weights first, or choose none for Lanczos."
            raise UserError(f"There is no upscaler “{plain}”.", cure)
        return found[0]

    def sha256(self, name: str) -> str:
        """Digest an upscaler's file, or remember it."""
        return DigestMemory(self.cache_folder / "digests").sha256(self.file(name))

    def verify(self, name: str) -> str:
        """Read an upscaler again, and say what it is.

        Raises
        ------
        UserError
            If it is none any more.
        """
        from .networks import read_upscaler

        return _whole(self.file(name).stem, read_upscaler(self.file(name)))

    def remove(self, name: str) -> int:
        """Remove an upscaler, and say how many bytes became free."""
        file = self.file(name)
        freed = file.stat().st_size
        file.unlink()
        return freed

    @property
    def _own(self) -> Path:
        return self.folder / "upscalers"

    def _entry(self, path: Path) -> ModelEntry:
        size = path.stat().st_size
        return ModelEntry(
            name=f"{UPSCALER_PREFIX}{path.stem}",
            state=ModelState.READY,
            size_px=0,
            class_count=0,
            bytes_here=size,
            bytes_total=size,
            folder=str(path.parent),
        )


def _whole(plain: str, read: "Upscaler") -> str:
    return f"{UPSCALER_PREFIX}{plain} is here and whole ({read.scale}x, {read.architecture})."
