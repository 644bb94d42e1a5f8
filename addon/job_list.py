"""The films that are asked for and not finished, on the disk: after a crash, or in the next session, they can be gone on with.

Each Blender keeps one small file for each .blend, in the user's cache folder. Beside them it holds a lock for as long as it lives, which
the system takes back however it ends: what a living Blender draws, no other one is offered. Nothing here draws or inserts.
"""

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import bpy

from ..core.protocol import Begun, ProtocolError, RenderRequest, UserError, decode, encode
from . import folders
from .sections import Piece
from .strips import Placement

if os.name == "nt":
    import msvcrt
else:
    import fcntl

SUFFIX, LOCK_SUFFIX = ".json", ".lock"


@dataclass(frozen=True, kw_only=True)
class ListedFilm:
    """A film that was asked for.

    Parameters
    ----------
    request, placement
        The film, and where it belongs.
    as_draft
        Whether it is a draft.
    begun
        Its frames, once there are some.
    """

    request: RenderRequest
    placement: Placement | Piece
    as_draft: bool = False
    begun: Begun | None = None


@dataclass(frozen=True, kw_only=True)
class FilmList:
    """What one Blender has not finished in one .blend; an unsaved one has no path."""

    blend: str
    films: tuple[ListedFilm, ...]


@dataclass
class State:
    """What the panel shows and the buttons ask: films of the open .blend that nobody draws any more."""

    offered: tuple[ListedFilm, ...] = ()


state = State()
_session = uuid.uuid4().hex
_lock: IO[bytes] | None = None
_noted: tuple[str, tuple[ListedFilm, ...]] = ("", ())  # which .blend's list was last written, and what is in it


def note(running: Sequence[ListedFilm]) -> None:
    """Keep what is drawn or waits, beside what is offered: written whole, removed when there is nothing.

    A disk that cannot be written to costs the list, not the film.
    """
    global _noted  # noqa: PLW0603 (one list for each Blender)
    blend, films = bpy.data.filepath, (*state.offered, *running)
    if (blend, films) == _noted:
        return
    with contextlib.suppress(OSError, UserError):
        if _noted[1] and _noted[0] != blend:  # saved under another name
            _file(_session, _noted[0]).unlink(missing_ok=True)
        if films:
            _take_lock()
            folders.write_whole(_file(_session, blend), encode(FilmList(blend=blend, films=films)).encode())
        else:
            _file(_session, blend).unlink(missing_ok=True)
        _noted = (blend, films)


def look() -> None:
    """Offer what was not finished in the open .blend: by this Blender, or by one that has ended. No other Blender is offered it now."""
    global _noted  # noqa: PLW0603
    _noted = (bpy.data.filepath, ())
    own = _file(_session, bpy.data.filepath)
    found = [(path, [film for film in _read(path).films if _fits(film)]) for path in _lists(bpy.data.filepath)]
    state.offered = tuple(film for path, films in found if films and (path == own or _claim(path)) for film in films)
    note(())


def forget() -> None:
    """Leave the list as it lies: the .blend goes away."""
    global _noted
    state.offered, _noted = (), ("", ())


def release() -> None:
    """Let others have what this Blender has not finished."""
    global _lock  # noqa: PLW0603
    forget()
    if _lock is not None:
        _lock.close()
        _lock = None
        with contextlib.suppress(OSError):
            _lock_file(_session).unlink()


def _claim(path: Path) -> bool:
    """Take over the list of a Blender that has ended: of two that try, one gets it."""
    if _is_alive(path.name.partition("-")[0]):
        return False
    try:
        path.unlink()
    except OSError:  # another one was faster
        return False
    return True


def _fits(film: ListedFilm) -> bool:
    """Say whether a film belongs into what is open: all unsaved files have one list."""
    scene = bpy.data.scenes.get(film.placement.scene_name)
    if scene is None or scene.sequence_editor is None:
        return False
    name = film.placement.sound_strip_name if isinstance(film.placement, Placement) else film.placement.strip_name
    return bool(bpy.data.filepath) or name in scene.sequence_editor.strips_all


# Files ----------------------------------------------------------------------------------------------------------------------------------


def _folder() -> Path:
    return folders.user_cache_folder() / "jobs"


def _file(session: str, blend: str) -> Path:
    return _folder() / f"{session}-{_place(blend)}{SUFFIX}"


def _lock_file(session: str) -> Path:
    return _folder() / f"{session}{LOCK_SUFFIX}"


def _place(blend: str) -> str:
    """Name a .blend by its path."""
    return hashlib.blake2b(os.path.normcase(blend).encode(errors="surrogateescape"), digest_size=8).hexdigest()


def _lists(blend: str) -> Iterator[Path]:
    try:
        yield from sorted(_folder().glob(f"*-{_place(blend)}{SUFFIX}"))
    except OSError:
        return


def _read(path: Path) -> FilmList:
    try:
        return decode(path.read_bytes(), FilmList)
    except (OSError, ProtocolError):  # gone, damaged, or of another version
        return FilmList(blend="", films=())


# Who lives ------------------------------------------------------------------------------------------------------------------------------


def _take_lock() -> None:
    """Hold this Blender's lock from now on."""
    global _lock  # noqa: PLW0603
    if _lock is None:
        _folder().mkdir(parents=True, exist_ok=True)
        _lock = _lock_file(_session).open("wb")
        _try_to_lock(_lock)


def _is_alive(session: str) -> bool:
    """Say whether a Blender still holds its lock; removes the lock of one that does not."""
    path = _lock_file(session)
    try:
        with path.open("r+b") as file:
            if not _try_to_lock(file):
                return True
        path.unlink()
    except OSError:  # no lock is there, or none that may be touched
        return path.exists()
    return False


def _try_to_lock(file: IO[bytes]) -> bool:
    try:
        if os.name == "nt":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
