"""Pictures of Fluent Emoji 3D: rounded, lit figures (Microsoft, MIT licence).

In: the npm package `@lobehub/fluent-emoji-3d`, fetched once by npm into the user's cache folder. Out: an emoji's picture with its opacity.
The package stays packed, and its digest is checked whenever it is opened: whoever trains, trains on these pictures and no others.
"""

import functools
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from core.commands.asking import cache_folder
from core.protocol import UserError
from tools.things.emoji import Emoji

PACKAGE = "@lobehub/fluent-emoji-3d"
VERSION = "1.1.0"
FILE_NAME = f"lobehub-fluent-emoji-3d-{VERSION}.tgz"
SHA256 = "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58"
PICTURE_SIZE = 256


def picture(emoji: Emoji) -> np.ndarray:
    """Give an emoji's picture as the package has it; most figures touch 224 of the 256 pixels.

    Returns
    -------
    np.ndarray
        uint8 [256, 256, 4], red, green, blue and opacity (not premultiplied).

    Raises
    ------
    UserError
        If the package has no picture of it, cannot be fetched, or is not the one that was published.
    """
    packed = _packed(archive()).get(file_stem(emoji.text))
    if packed is None:
        raise UserError(f"{PACKAGE} has no picture of “{emoji.name}”.", "Tie its classes to another emoji in tools/things/classes.tsv.")
    drawn = Image.open(io.BytesIO(packed)).convert("RGBA")
    # One picture is higher than the others (“ringed planet”, 264 pixels, its margins empty).
    left, top = (drawn.width - PICTURE_SIZE) // 2, (drawn.height - PICTURE_SIZE) // 2
    return np.array(drawn.crop((left, top, left + PICTURE_SIZE, top + PICTURE_SIZE)))


def file_stem(text: str) -> str:
    """Name an emoji's file: its code points in hexadecimal digits, such as ``1f43b-200d-2744-fe0f``."""
    return "-".join(f"{ord(character):x}" for character in text)


def archive() -> Path:
    """Give the package's file in the cache folder, fetched if it is not there.

    Raises
    ------
    UserError
        If it cannot be fetched.
    """
    path = cache_folder() / "npm" / FILE_NAME
    if not path.exists():
        _fetch(path)
    return path


def read_archive(path: Path) -> dict[str, bytes]:
    """Read the packed pictures by `file_stem`.

    Raises
    ------
    UserError
        If the file is not the published one.
    """
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise UserError(f"{path} is damaged, or not version {VERSION} of {PACKAGE}.", "Delete it; it is fetched again when it is needed.")
    with tarfile.open(fileobj=io.BytesIO(content)) as files:
        members = ((PurePosixPath(member.name), files.extractfile(member)) for member in files)
        return {name.stem: file.read() for name, file in members if file and name.suffix == ".webp"}


_packed = functools.cache(read_archive)


def _fetch(path: Path) -> None:
    """Let npm fetch the file, whole or not at all."""
    npm = shutil.which("npm")
    if not npm:
        raise UserError(
            "npm, which fetches the pictures of Fluent Emoji, is not installed.", f"Install Node.js, or put {FILE_NAME} into {path.parent}."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
        pack = [npm, "pack", f"{PACKAGE}@{VERSION}", "--loglevel=error", "--pack-destination", temporary]
        done = subprocess.run(pack, cwd=temporary, capture_output=True, text=True, check=False)
        fetched = Path(temporary) / FILE_NAME
        if done.returncode or not fetched.exists():
            reason = (done.stderr.strip() or done.stdout.strip() or f"npm ended with {done.returncode}").splitlines()[
                0
            ]  # such as “npm error code ECONNREFUSED”
            raise UserError(f"{PACKAGE} cannot be fetched: {reason}.", f"Connect to the internet, or put {FILE_NAME} into {path.parent}.")
        read_archive(fetched)
        fetched.replace(path)
