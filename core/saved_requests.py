"""Requests as files, to be rendered elsewhere: their paths are mapped to the other machine's, and must be there.

In: a file, and which paths are called otherwise here. Out: the request as this machine shall render it.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .files import write_whole
from .input_files import read_bytes
from .protocol import ProtocolError, RenderRequest, UserError, decode, encode

SUFFIX = ".json"
FILES = ("sound_path", "features_path", "vectors_path")
"""Fields of a request that name files which are read, or nothing."""
PathMap = tuple[str, str]
"""What a path begins with elsewhere, and here."""


def save(file: Path, request: RenderRequest) -> None:
    """Write a request, and make the folders that it names: that they are there tells another machine that it sees the same disk."""
    for folder in (request.cache_folder, request.frames_folder):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"The folder {folder} cannot be made: {error.strerror or error}.", "Choose another one.") from error
    write_whole(file, encode(request).encode())


def load(file: Path, *, maps: Sequence[PathMap] = (), cache_folder: str = "", lasting_cache: str = "") -> RenderRequest:
    """Read a request that may have been saved elsewhere.

    Parameters
    ----------
    file
        As `save` writes it; a film's film.json is one, too.
    maps
        Tried in this order; the first that fits counts.
    cache_folder
        Where drawn pictures are kept, if not where the request says.
    lasting_cache
        Where this machine remembers what it knows of itself: the other one's folder is not here.

    Raises
    ------
    UserError
        If the file is no request, or names what this machine does not have.
    """
    try:
        request = decode(read_bytes(file, cure="Name a saved request."), RenderRequest)
    except ProtocolError as error:
        raise UserError(f"{file} is no request that this version can read: {error}.", "Save it anew, with the same version.") from error
    here = mapped(request, maps)
    here = replace(here, cache_folder=cache_folder or here.cache_folder, machine=replace(here.machine, cache_folder=lasting_cache))
    check_here(here)
    return here


def mapped(request: RenderRequest, maps: Sequence[PathMap]) -> RenderRequest:
    """Give a request with its paths as they are called here."""

    def moved(path: str) -> str:
        return next((there for there in (_moved(path, *one) for one in maps) if there is not None), path)

    stems = {
        name: stem and replace(stem, sound_path=moved(stem.sound_path))
        for name, stem in (("motion_stem", request.motion_stem), ("class_stem", request.class_stem))
    }
    paths = {name: moved(getattr(request, name)) for name in (*FILES, "frames_folder", "cache_folder")}
    mix = request.mix and replace(request.mix, blend_path=moved(request.mix.blend_path))
    return replace(request, **paths, **stems, mix=mix)


def check_here(request: RenderRequest) -> None:
    """Make sure that this machine has what a request names.

    Raises
    ------
    UserError
        Names the first path that it does not have: a folder is not made, for it would be one that nobody shares.
    """
    stems = (stem.sound_path for stem in (request.motion_stem, request.class_stem) if stem is not None)
    files = [path for path in (*(getattr(request, name) for name in FILES), *stems) if path]
    for path in (*files, request.cache_folder, request.frames_folder):
        if not Path(path).exists():
            raise UserError(
                f"The request names {path}, which this machine does not have.",
                "Connect the disk that it lies on, or say what it is called here: --map FROM=TO.",
            )


def _moved(path: str, start: str, there: str) -> str | None:
    """Give a path that begins with `start` as it is called there; separators may be Windows' on either side."""
    plain, begin = path.replace("\\", "/"), start.replace("\\", "/").rstrip("/")
    if plain != begin and not plain.startswith(f"{begin}/"):
        return None
    return f"{there.rstrip('/')}{plain[len(begin) :]}" or "/"
