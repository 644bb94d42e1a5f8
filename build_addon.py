#!/usr/bin/env python3
"""The add-on's zip, built reproducibly: the same sources give the same bytes on every machine.

In: the repository. Out: `dist/chromastrip-VERSION.zip`, which mirrors the repository: a generated root `__init__.py`, the manifest,
`addon/`, `core/`, `otio_adapters/` and the licence. Never puts tests, tools or caches in.
"""

import argparse
import os
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
MANIFEST = ROOT / "addon" / "blender_manifest.toml"
PACKAGES = ("addon", "core", "otio_adapters")

ROOT_MODULE = '''"""Chromastrip: sound in the Video Sequencer becomes a synced strip of BigGAN pictures."""
from .addon import register, unregister
'''

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
REGULAR_FILE = 0o100644 << 16  # Unix mode, in the upper half of a zip entry's attributes


def main() -> None:
    """Build the zip and print its path."""
    parser = argparse.ArgumentParser(description="Build the add-on's zip.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the zip (default: dist)")
    print(build(parser.parse_args().out))


def build(out: Path) -> Path:
    """Build the zip.

    Parameters
    ----------
    out : Path
        Folder for the zip; made if it is missing.

    Returns
    -------
    Path
        The zip, `chromastrip-VERSION.zip`. An older one of the same name is replaced in one step.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"chromastrip-{version()}.zip"
    unfinished = out / f".{path.name}.{os.getpid()}"
    try:
        _write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def version() -> str:
    """Read the version from the manifest, its one home."""
    return tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["version"]


def contents() -> dict[str, bytes]:
    """Collect what the zip holds.

    Returns
    -------
    dict of str to bytes
        Names inside the zip, with forward slashes and sorted, and the bytes of each file.
    """
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in _sources()}
    files["blender_manifest.toml"] = MANIFEST.read_bytes()
    files["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    files["__init__.py"] = ROOT_MODULE.encode()
    return dict(sorted(files.items()))


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path != MANIFEST and not _is_debris(path.relative_to(ROOT)):
                yield path


def _is_debris(path: Path) -> bool:
    return path.suffix in {".pyc", ".pyo"} or any(part == "__pycache__" or part.startswith(".") for part in path.parts)


def _write(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents().items():
            entry = zipfile.ZipInfo(name, date_time=ZIP_EPOCH)
            entry.create_system = 3  # Unix, whatever the machine: Windows would write 0
            entry.external_attr = REGULAR_FILE
            archive.writestr(entry, data, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)


if __name__ == "__main__":
    main()
