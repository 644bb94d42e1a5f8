"""Freely licensed music of one of Debian's game packages, fetched once into the user's cache folder."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGE = "extremetuxracer-data"  # 40 MB; its copyright file names each track's author and licence
TRACKS = {"calm": "calmrace-ks", "race": "race1-jt", "credits": "credits1-cp"}


class NoMusicError(Exception):
    """Why the music cannot be had."""


def tracks() -> dict[str, Path]:
    """Give paths by name: `calm` (114 s, piano and strings), `race` (54 s, drums), `credits` (83 s, a song).

    Raises
    ------
    NoMusicError
        If they are not here and cannot be fetched.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chromastrip" / "music" / PACKAGE
    if not folder.exists():
        _fetch(folder)
    return {name: folder / f"{track}.ogg" for name, track in TRACKS.items()}


def _fetch(folder: Path) -> None:
    """Put the package's music into a folder, whole or not at all."""
    if not shutil.which("apt-get"):
        raise NoMusicError(f"the music is in Debian's package {PACKAGE}, and there is no apt-get to fetch it")
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)  # apt gives up its rights before it downloads
        _download(Path(temporary))
        (package,) = Path(temporary).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, Path(temporary) / "content"], check=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        half = folder.with_name(f".{folder.name}-{os.getpid()}")
        shutil.copytree(Path(temporary) / "content/usr/share/games/etr/music", half)
        half.rename(folder)


def _download(folder: Path) -> None:
    download = ["apt-get", "download", "-qq", PACKAGE]
    if subprocess.run(download, cwd=folder, capture_output=True, check=False).returncode == 0:
        return
    subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False)
    done = subprocess.run(download, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoMusicError(f"Debian's package {PACKAGE} cannot be fetched: {done.stderr.strip()}")
