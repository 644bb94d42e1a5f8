"""Bringing films into another folder, beside a .blend that was saved elsewhere: all of them or none.

Where the file system can, frames there are the same files (hard links) and take no space. Each film comes whole: it is gathered under a
temporary name, and renamed at the end. Its pictures come into the cache there too, so that a piece of it that is drawn again does not cost
the whole film.
"""

import shutil
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from .cache import content_digest
from .files import TEMPORARY_PREFIX, check_writable, disk_errors_explained, link_or_copy
from .keeping import Cleaned, FileId, cached_pictures, frame_files, is_film, is_plain_file, name_count, remove, remove_film
from .protocol import FILM_FILE, UNFINISHED_FILE, Stage, UserError
from .protocol.film_curves import CURVES_FILE
from .working import end_if, never

Report = Callable[[Stage, int, int], None]


def gather(
    films: Sequence[Path], folder: Path, *, report: Report = lambda *_: None, cancelled: Callable[[], bool] = never
) -> tuple[Path, ...]:
    """Bring films into a folder, and their pictures into the cache in it.

    Parameters
    ----------
    films
        Folders of films.
    folder
        Where they shall be.
    report
        Told of how many frames of how many are there.
    cancelled
        Asked before each frame.

    Returns
    -------
    tuple[Path, ...]
        Their new folders, in the same order.

    Raises
    ------
    UserError
        If a film is gone, or the folder cannot be written to: nothing has come then.
    CancelledError
        If `cancelled` said so: nothing has come then.
    """
    check_writable(folder)
    frames = {film: _frames_of(film) for film in films}
    total, done = sum(map(len, frames.values())), 0
    half_made = {film: folder / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}" for film in films}
    try:
        for film, place in half_made.items():
            place.mkdir()
            cached = CachedNames(film.parent / "cache")
            for frame in frames[film]:
                end_if(cancelled)
                _bring(frame, place / frame.name, cached=cached, cache=folder / "cache")
                done += 1
                report(Stage.COPYING, done, total)
            _bring_request(film, place)
        return tuple(_settle(place, folder / film.name) for film, place in half_made.items())
    finally:
        for place in half_made.values():
            shutil.rmtree(place, ignore_errors=True)


def let_go(films: Sequence[tuple[Path, Path]], *, cancelled: Callable[[], bool] = never) -> Cleaned:
    """Remove films that have been gathered elsewhere, and what the cache beside them kept for them alone.

    Parameters
    ----------
    films
        Their old and new folders. A film of which the new one does not hold every frame stays.
    cancelled
        Asked before each film.

    Raises
    ------
    CancelledError
        If `cancelled` said so; what has gone by then is gone.
    """
    freed = film_count = picture_count = 0
    for film, gathered in films:
        end_if(cancelled)
        frames = [*frame_files(film)]
        if not is_film(film) or not is_film(gathered) or film.samefile(gathered):
            continue
        if all((gathered / frame.name).is_file() for frame in frames):
            cache = film.parent / "cache"
            cached = CachedNames(cache)
            names = {cached.name_of(frame) for frame in frames} - {""}
            freed += remove_film(film)
            removed = [remove(path) for path in (cache / "pictures" / name[:2] / name for name in names) if name_count(path) == 1]
            freed, picture_count, film_count = freed + sum(removed), picture_count + len(removed), film_count + 1
    return Cleaned(film_count=film_count, picture_count=picture_count, freed_bytes=freed)


class CachedNames:
    """Under what names a cache keeps pictures: found by what they are on the disk, else by their content.

    Parameters
    ----------
    cache
        The cache folder of those that drew them.
    """

    def __init__(self, cache: Path) -> None:
        self._by_file: dict[FileId, str] = {}
        self._by_content: dict[str, str] = {}
        for path in cached_pictures(cache):
            found = path.stat()
            self._by_file[found.st_dev, found.st_ino] = path.name
            self._by_content[path.name.partition("-")[2]] = path.name

    def name_of(self, frame: Path) -> str:
        """Give the name of a frame's picture; empty: it has left the cache."""
        found = frame.stat()
        if name := self._by_file.get((found.st_dev, found.st_ino)):
            return name
        return self._by_content.get(content_digest(frame.read_bytes()) + frame.suffix, "") if self._by_content else ""


def _frames_of(film: Path) -> list[Path]:
    frames = [*frame_files(film)] if is_film(film) else []
    if not frames:
        raise UserError(f"The frames of {film} are gone.", "Draw that film again: Render Stale Strips.")
    return frames


def _bring(frame: Path, target: Path, *, cached: CachedNames, cache: Path) -> None:
    link_or_copy(frame, target)
    if name := cached.name_of(frame):
        entry = cache / "pictures" / name[:2] / name
        if not entry.exists():
            with disk_errors_explained(entry.parent):
                entry.parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(target, entry)


def _bring_request(film: Path, place: Path) -> None:
    for name in (CURVES_FILE, UNFINISHED_FILE, FILM_FILE):
        if is_plain_file(film / name):
            with disk_errors_explained(place):
                shutil.copyfile(film / name, place / name)


def _settle(place: Path, target: Path) -> Path:
    """Give a gathered film its name. One of that name is the same film: it gets the frames that it lacks."""
    if not target.exists() and not target.is_symlink():
        with disk_errors_explained(target):
            place.rename(target)
        return target
    if not is_film(target):
        raise UserError(f"{target} is in the way, and no film's folder.", "Rename it, then try again.")
    for path in sorted(place.iterdir()):
        if not (target / path.name).exists():
            link_or_copy(path, target / path.name)
    return target
