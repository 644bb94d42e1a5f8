"""Freely licensed music of Debian's game packages, fetched once into the user's cache folder."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PACKAGE = "extremetuxracer-data"  # 40 MB; its copyright file names each track's author and licence


@pytest.fixture(scope="session")
def tracks():
    """Paths by name: `calm` (114 s, piano and strings), `race` (54 s, drums), `credits` (83 s, a song)."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chromastrip" / "music" / PACKAGE
    if not folder.exists():
        if not shutil.which("apt-get"):
            pytest.skip(f"the music is in Debian's package {PACKAGE}, and there is no apt-get to fetch it")
        fetch(folder)
    return {name: folder / f"{track}.ogg" for name, track in {"calm": "calmrace-ks", "race": "race1-jt", "credits": "credits1-cp"}.items()}


def fetch(folder):
    """Put the package's music into a folder, whole or not at all."""
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary).chmod(0o755)  # apt gives up its rights before it downloads
        download = ["apt-get", "download", "-qq", PACKAGE]
        if subprocess.run(download, cwd=temporary, capture_output=True, check=False).returncode:
            subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False)
            done = subprocess.run(download, cwd=temporary, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"Debian's package {PACKAGE} cannot be fetched: {done.stderr.strip()}")
        (package,) = Path(temporary).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, Path(temporary) / "content"], check=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        half = folder.with_name(f".{folder.name}-{os.getpid()}")
        shutil.copytree(Path(temporary) / "content/usr/share/games/etr/music", half)
        half.rename(folder)
