"""The note in a film's folder that says which .blend files show it. Standard library only: the add-on writes it, the engine reads it."""

import contextlib
import json
import os
import uuid
from pathlib import Path

from .places import host_of, read_small

NOTE_FILE = "blends.json"


def blends_of(film: Path) -> tuple[Path, ...]:
    """Give the absolute paths of the .blend files that are noted in a film's folder; none if there is no note, or no readable one."""
    try:
        names = json.loads(read_small(film / NOTE_FILE))
        return tuple(Path(name if host_of(name) else os.path.normpath(film / name)) for name in names)
    except (OSError, ValueError, TypeError, RecursionError):
        return ()


def note_blend(film: Path, blend: Path) -> None:
    """Note that a .blend shows a film, if that is not noted yet. Where nothing can be written, nothing is noted.

    Paths are noted from the film's folder on, so that they hold when the whole project is moved.
    """
    known = blends_of(film)
    if blend in known or not film.is_dir():
        return
    names = sorted(_name_from(film, one) for one in (*known, blend))
    temporary = film / f".writing-{uuid.uuid4().hex}"
    with contextlib.suppress(OSError):
        try:
            temporary.write_text(json.dumps(names), encoding="utf-8")
            temporary.replace(film / NOTE_FILE)
        finally:
            temporary.unlink(missing_ok=True)


def _name_from(film: Path, blend: Path) -> str:
    try:
        return Path(os.path.relpath(blend, film)).as_posix()
    except ValueError:  # another drive
        return str(blend)
