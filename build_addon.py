#!/usr/bin/env python3
"""The add-on's zip, built reproducibly: the same sources give the same bytes on every machine; and the list that Blender updates from.

In: the repository. Out: `dist/chromastrip-VERSION.zip`, which mirrors the repository: a generated root `__init__.py`, the manifest,
`addon/`, `core/`, `otio_adapters/` and the licence, never tests, tools or caches; and beside it `index.json`. Put both on any web server,
and Blender installs and updates from there (Preferences > Get Extensions > Repositories > Add Remote Repository: the address of that list).
"""

import argparse
import hashlib
import json
import os
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
MANIFEST = ROOT / "addon" / "blender_manifest.toml"
INDEX = "index.json"
PACKAGES = ("addon", "core", "otio_adapters")

ROOT_MODULE = '''"""Chromastrip: sound in the Video Sequencer becomes a synced strip of BigGAN pictures."""
from .addon import register, unregister
'''

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
REGULAR_FILE = 0o100644 << 16  # Unix mode, in the upper half of a zip entry's attributes


def main() -> None:
    """Build the zip and the list, and print the zip's path."""
    parser = argparse.ArgumentParser(description="Build the add-on's zip.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder for the zip (default: dist)")
    print(build(parser.parse_args().out))


def build(out: Path) -> Path:
    """Build the zip, and the list that names it.

    Parameters
    ----------
    out : Path
        Folder for both; made if it is missing.

    Returns
    -------
    Path
        The zip, `chromastrip-VERSION.zip`. An older one of the same name is replaced in one step.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"chromastrip-{version()}.zip"
    _replace(path, _zipped)
    _replace(out / INDEX, lambda unfinished: unfinished.write_text(index(path), encoding="utf-8", newline="\n"))
    return path


def version() -> str:
    """Read the version from the manifest, its one home."""
    return _manifest()["version"]


def index(archive: Path) -> str:
    """List the zip as Blender's static repositories do (format v1, in the words of `blender --command extension server-generate`)."""
    content = archive.read_bytes()
    where = {
        "archive_url": f"./{archive.name}",
        "archive_size": len(content),
        "archive_hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
    }
    return json.dumps({"version": "v1", "blocklist": [], "data": [_manifest() | where]}, indent=2, ensure_ascii=False) + "\n"


def _manifest() -> dict[str, Any]:
    return tomllib.loads(MANIFEST.read_text(encoding="utf-8"))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


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


def _zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents().items():
            entry = zipfile.ZipInfo(name, date_time=ZIP_EPOCH)
            entry.create_system = 3  # Unix, whatever the machine: Windows would write 0
            entry.external_attr = REGULAR_FILE
            archive.writestr(entry, data, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)


if __name__ == "__main__":
    main()
