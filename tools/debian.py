"""Files of Debian's packages, fetched once into the user's cache folder, without installing anything.

In: a package's name. Out: the folder of its content. Needs `apt-get` and `dpkg-deb`.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from core.commands.asking import cache_folder


class NoPackageError(Exception):
    """Why a package cannot be had."""


def unpacked(package: str) -> Path:
    """Give the folder with a package's files, as they would lie below `/`.

    Parameters
    ----------
    package
        Its name in Debian, such as ``fonts-noto-color-emoji``.

    Raises
    ------
    NoPackageError
        If it is not here and cannot be fetched.
    """
    folder = cache_folder() / "debian" / package
    if not folder.exists():
        _fetch(package, folder)
    return folder


def _fetch(package: str, folder: Path) -> None:
    """Unpack the package into a folder, whole or not at all."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise NoPackageError(f"{folder.name} is a package of Debian, and there is no apt-get and dpkg-deb to fetch it")
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)  # apt gives up its rights before it downloads
        _download(package, Path(temporary))
        (archive,) = Path(temporary).glob("*.deb")
        folder.parent.mkdir(parents=True, exist_ok=True)
        half = folder.with_name(f".{folder.name}-{os.getpid()}")
        subprocess.run(["dpkg-deb", "-x", archive, half], check=True)
        try:
            half.rename(folder)
        except OSError:
            shutil.rmtree(half)
            if not folder.exists():  # no other process was faster
                raise


def _download(package: str, folder: Path) -> None:
    download = ["apt-get", "download", "-qq", package]
    if subprocess.run(download, cwd=folder, capture_output=True, check=False).returncode == 0:
        return
    subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False)
    done = subprocess.run(download, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPackageError(f"Debian's package {package} cannot be fetched: {done.stderr.strip()}")
