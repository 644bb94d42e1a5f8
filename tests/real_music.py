"""Freely licensed music of one of Debian's game packages, fetched once into the user's cache folder."""

from pathlib import Path

from tools import debian

PACKAGE = "extremetuxracer-data"  # 40 MB; its copyright file names each track's author and licence
FOLDER = "usr/share/games/etr/music"
TRACKS = {"calm": "calmrace-ks", "race": "race1-jt", "credits": "credits1-cp"}


def tracks() -> dict[str, Path]:
    """Give paths by name: `calm` (114 s, piano and strings), `race` (54 s, drums), `credits` (83 s, a song).

    Raises
    ------
    NoPackageError
        If they are not here and cannot be fetched, see `debian.unpacked`.
    """
    folder = debian.unpacked(PACKAGE) / FOLDER
    return {name: folder / f"{track}.ogg" for name, track in TRACKS.items()}
