"""What a folder of films holds, what of it nobody needs any more, and removing that.

In: a folder, and what is known of who shows what. Out: counts and bytes; fewer files. Never touches a file that was not made here: films
are folders named as films are and with a request in them, frames and cached pictures are named as we name them, and all else is left alone.

A picture in the cache and the frames that show it are one file with several names (hard links): removing one name frees nothing. So bytes
are counted by file, and freed bytes only where the last name goes.
"""

import contextlib
import mmap
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .files import is_temporary
from .protocol import FILM_FILE, UNFINISHED_FILE, places
from .protocol.film_curves import CURVES_FILE
from .protocol.film_notes import NOTE_FILE, blends_of
from .protocol.keeping import Amount, Keeper, KeptFilm, Stock, Use
from .working import end_if, never

HOUR, DAY, WEEK = 3600.0, 86_400.0, 604_800.0  # seconds
DIGEST_LETTERS = 12
FILM_FOLDER = re.compile(rf".+_[0-9a-f]{{{DIGEST_LETTERS}}}")
FRAME = re.compile(r"_\d{6}\.(png|jpg|webp)")
GATHERED_FRAME = re.compile(FILM_FOLDER.pattern + FRAME.pattern)
CACHED_PICTURE = re.compile(r"[0-9a-f]{32}-[0-9a-f]{16}\.(png|jpg|webp)")
READABLE_BLEND = b"BLENDER"  # how a .blend begins that is not compressed
TIMELINES = frozenset({".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml", ".edl"})
"""What names frames in text; an .aaf names movies, and an .otioz holds its own."""
FileId = tuple[int, int]


@dataclass(kw_only=True)
class Files:
    """Files by what they are on the disk, however many names they have.

    Parameters
    ----------
    sizes
        Bytes by file.
    all_names
        How many names each has anywhere.
    names
        How many of those were counted here.
    """

    sizes: dict[FileId, int] = field(default_factory=dict)
    all_names: dict[FileId, int] = field(default_factory=dict)
    names: Counter[FileId] = field(default_factory=Counter)

    def add(self, path: Path) -> None:
        """Count one name; a file that has gone meanwhile is none."""
        with contextlib.suppress(OSError):
            found = path.lstat()
            file = (found.st_dev, found.st_ino)
            self.sizes[file], self.all_names[file] = found.st_size, found.st_nlink
            self.names[file] += 1

    @property
    def amount(self) -> Amount:
        """How many files there are, and their bytes."""
        return Amount(count=len(self.sizes), bytes=sum(self.sizes.values()))

    @property
    def freed_bytes(self) -> int:
        """The bytes of those of which all names were counted here."""
        return sum(size for file, size in self.sizes.items() if self.names[file] >= self.all_names[file])

    def without_other_names(self) -> Amount:
        """Count those with only one name anywhere."""
        alone = [size for file, size in self.sizes.items() if self.all_names[file] == 1]
        return Amount(count=len(alone), bytes=sum(alone))


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What has gone: films, pictures of the cache, and bytes of the disk."""

    film_count: int
    picture_count: int
    freed_bytes: int


# Looking --------------------------------------------------------------------------------------------------------------------------------


def take_stock(keeper: Keeper, *, now: float | None = None, cancelled: Callable[[], bool] = never) -> Stock:
    """Say what a folder holds, and what of it may go.

    Parameters
    ----------
    keeper
        The folder, and what its .blend shows.
    now
        Seconds since 1970; by default the clock's.
    cancelled
        Asked between films and shelves.

    Raises
    ------
    CancelledError
        If `cancelled` said so.
    """
    now, folder = time.time() if now is None else now, Path(keeper.folder)
    going, films = Files(), []
    for film in film_folders(folder):
        end_if(cancelled)
        frames, use = Files(), film_use(film, keeper, now=now)
        for path in frame_files(film):
            frames.add(path)
        for path in own_files(film) if use == Use.NONE else ():
            going.add(path)
        films.append(KeptFilm(name=film.name, frames=frames.amount, use=use))
    cached = Files()
    for path in cached_pictures(folder / "cache"):
        cached.add(path)
        if _since_written(path, now=now) > HOUR:
            going.add(path)
    leftovers = _counted(broken_writings(folder, now=now))
    return Stock(
        films=tuple(films),
        cached=cached.amount,
        unshown=cached.without_other_names(),
        sounds=_counted(_files_in(folder / "sounds")).amount,
        features=_counted(_files_in(folder / "cache" / "sounds")).amount,
        leftovers=leftovers.amount,
        freed_bytes=going.freed_bytes + leftovers.freed_bytes,
    )


def film_use(film: Path, keeper: Keeper, *, now: float) -> Use:
    """Say whether a film may go: only one that this .blend alone has shown, shows no more, and that Undo cannot bring back.

    A film of a .blend that was never saved may go after a week: until then that .blend may come back from an automatic save.
    """
    if film.name in keeper.shown:
        return Use.SHOWN
    if film.name in keeper.undoable:
        return Use.UNDO
    if now - _last_change(film) < (HOUR if keeper.blend else WEEK):
        return Use.RECENT
    noted = blends_of(film)
    if bool(noted) != bool(keeper.blend):
        return Use.ELSEWHERE if noted else Use.UNKNOWN
    others = [blend for blend in noted if blend != Path(keeper.blend)]
    if any(places.exists(blend) or not places.exists(blend.parent) for blend in others) or _is_named_beside(film, keeper):
        return Use.ELSEWHERE
    return Use.NONE


def _last_change(film: Path) -> float:
    """Say when a film was asked for, or a frame of it was last put there: another Blender may be drawing it."""
    times = [0.0]
    for path in (film, film / FILM_FILE, film / UNFINISHED_FILE):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)


def _is_named_beside(film: Path, keeper: Keeper) -> bool:
    """Say whether another file beside the .blend names a film: a timeline that was exported, or a .blend saved while the add-on was off."""
    if not keeper.blend:
        return False
    beside = (path for path in _entries(Path(keeper.blend).parent) if path.suffix.lower() in {".blend", *TIMELINES})
    digest = film.name[-DIGEST_LETTERS:]  # a timeline may write the rest in any way: %C3%A9, &#233;
    return any(_holds(path, digest.encode()) for path in beside if path != Path(keeper.blend))


def _holds(document: Path, name: bytes) -> bool:
    """Look for a name in a timeline, or in a .blend that is not compressed."""
    try:
        with document.open("rb") as file:
            begin = file.read(len(READABLE_BLEND))
            if not begin or (document.suffix == ".blend" and begin != READABLE_BLEND):
                return False
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return content.find(name) >= 0
    except OSError:  # it cannot be read: then it may well name it
        return True


# What is ours ---------------------------------------------------------------------------------------------------------------------------


def film_folders(folder: Path) -> list[Path]:
    """Give the folders of films in a folder: named as films are, with the request that they were drawn from."""
    return [path for path in _entries(folder) if is_film(path)]


def is_film(folder: Path) -> bool:
    """Say whether a folder is a film's: named so, with its request in it; no link to either, which leads who knows where."""
    requests = (folder / name for name in (FILM_FILE, UNFINISHED_FILE))
    return bool(FILM_FOLDER.fullmatch(folder.name)) and not folder.is_symlink() and any(map(is_plain_file, requests))


def is_plain_file(path: Path) -> bool:
    """Say whether a file is there, and no link."""
    return path.is_file() and not path.is_symlink()


def frame_files(film: Path) -> Iterator[Path]:
    """Give the frames in a film's folder."""
    named = (path for path in _entries(film) if path.name.startswith(film.name) and FRAME.fullmatch(path.name[len(film.name) :]))
    return (path for path in named if not path.is_symlink())


def own_files(film: Path) -> Iterator[Path]:
    """Give all that is ours in a film's folder; its request, which makes it a film, last."""
    yield from frame_files(film)
    yield from (path for path in _entries(film) if is_temporary(path.name))
    yield from (film / name for name in (NOTE_FILE, CURVES_FILE, UNFINISHED_FILE, FILM_FILE))


def cached_pictures(cache: Path) -> Iterator[Path]:
    """Give the pictures in a cache."""
    for shelf in _entries(cache / "pictures"):
        yield from (path for path in _entries(shelf) if CACHED_PICTURE.fullmatch(path.name) and path.name.startswith(shelf.name))


def broken_writings(folder: Path, *, now: float) -> Iterator[Path]:
    """Give what writing has left behind that was broken off more than a day ago: files, and those in half-made folders."""
    cache = folder / "cache"
    half_made = half_made_folders(folder)
    places = (folder, folder / "sounds", *film_folders(folder), cache / "sounds", *_entries(cache / "pictures"), *half_made)
    for place in places:
        for path in _entries(place):
            ours = is_temporary(path.name) or (place in half_made and _is_gathered(path.name))
            if ours and not path.is_dir() and _since_written(path, now=now) > DAY:
                yield path


def _is_gathered(name: str) -> bool:
    """Say whether a file in a half-made folder is what gathering brings there."""
    return name in (FILM_FILE, UNFINISHED_FILE, CURVES_FILE) or GATHERED_FRAME.fullmatch(name) is not None


def half_made_folders(folder: Path) -> list[Path]:
    """Give the folders in which films were being gathered."""
    return [path for path in _entries(folder) if is_temporary(path.name) and path.is_dir() and not path.is_symlink()]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # there is none
        return []


def _files_in(folder: Path) -> Iterator[Path]:
    return (path for path in _entries(folder) if path.is_file() and not is_temporary(path.name))


def _counted(paths: Iterable[Path]) -> Files:
    files = Files()
    for path in paths:
        files.add(path)
    return files


def _since_written(path: Path, *, now: float) -> float:
    """Say how long ago a file was written, seconds; 0 for one that has gone."""
    try:
        return now - path.lstat().st_mtime
    except OSError:
        return 0.0


# Removing -------------------------------------------------------------------------------------------------------------------------------


def clean_up(keeper: Keeper, films: Iterable[str], *, now: float | None = None, cancelled: Callable[[], bool] = never) -> Cleaned:
    """Remove films that still may go, then pictures of the cache that no film shows, and what broken writing has left behind.

    Parameters
    ----------
    keeper, now, cancelled
        As for `take_stock`.
    films
        Names of the films' folders.

    Raises
    ------
    CancelledError
        If `cancelled` said so; what has gone by then is gone.
    """
    now, folder, wanted = time.time() if now is None else now, Path(keeper.folder), set(films)
    freed = film_count = picture_count = 0
    for film in film_folders(folder):
        end_if(cancelled)
        if film.name in wanted and film_use(film, keeper, now=now) == Use.NONE:
            freed += remove_film(film)
            film_count += 1
    for path in cached_pictures(folder / "cache"):
        if name_count(path) == 1 and _since_written(path, now=now) > HOUR:  # a younger one may be about to be shown
            end_if(cancelled)
            freed += remove(path)
            picture_count += 1
    freed += sum(remove(path) for path in [*broken_writings(folder, now=now)])
    for half_made in half_made_folders(folder):
        _remove_empty(half_made)
    return Cleaned(film_count=film_count, picture_count=picture_count, freed_bytes=freed)


def remove_film(film: Path) -> int:
    """Remove what is ours in a film's folder, and the folder if nothing else is left in it; give the bytes that became free."""
    freed = sum(remove(path) for path in own_files(film))
    _remove_empty(film)
    return freed


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # something else is left in it
        folder.rmdir()


def keep_within(cache: Path, *, most_bytes: int, now: float | None = None) -> int:
    """Remove pictures of a cache that no film shows, those first that were not used for the longest time, until the others fit.

    Pictures that were used within a day stay: another Blender may draw a film with them.

    Parameters
    ----------
    cache
        A request's cache folder.
    most_bytes
        So many bytes of pictures that no film shows may stay; those that films show cost nothing.

    Returns
    -------
    int
        How many bytes became free.
    """
    now = time.time() if now is None else now
    alone = []
    for path in cached_pictures(cache):
        with contextlib.suppress(OSError):
            found = path.stat()
            if found.st_nlink == 1:
                alone.append((max(found.st_atime, found.st_mtime), found.st_size, path))
    too_much, freed = sum(size for _, size, _ in alone) - most_bytes, 0
    for used, _, path in sorted(alone):
        if freed >= too_much or now - used < DAY:
            break
        freed += remove(path)
    return freed


def name_count(path: Path) -> int:
    """Say how many names a file has; 0: it has gone."""
    try:
        return path.stat().st_nlink
    except OSError:
        return 0


def remove(path: Path) -> int:
    """Remove a name, if it is there; give the bytes that became free."""
    try:
        found = path.lstat()
        path.unlink()
    except OSError:
        return 0
    return found.st_size if found.st_nlink == 1 else 0
