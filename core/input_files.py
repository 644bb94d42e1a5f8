"""Files that people choose: told apart from folders and pipes before anybody waits for them, and read errors as sentences."""

import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from .protocol import UserError

NO_FILES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe, which only gives what another program writes",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_is_file(path: Path, *, cure: str) -> None:
    """Make sure that a path names a file.

    Parameters
    ----------
    path
        What somebody chose.
    cure
        What they may do if it is none: “Choose a sound file.”

    Raises
    ------
    UserError
        If nothing is there, or something else than a file.
    """
    with read_errors_explained(path, cure=cure):
        try:
            kind = stat.S_IFMT(path.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: its name holds a zero byte
            raise UserError(f"There is no file {path}.", f"Put it back, or: {cure[0].lower()}{cure[1:]}") from error
    if kind in NO_FILES:
        raise UserError(f"{path} cannot be read: it is {NO_FILES[kind]}.", cure)


@contextmanager
def read_errors_explained(path: Path, *, cure: str) -> Generator[None]:
    """Turn what the system says about a file that cannot be read into a sentence.

    Raises
    ------
    UserError
        If it cannot.
    """
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.", cure) from error


def read_bytes(path: Path, *, cure: str) -> bytes:
    """Read a whole file.

    Raises
    ------
    UserError
        If it is none, or cannot be read.
    """
    check_is_file(path, cure=cure)
    with read_errors_explained(path, cure=cure):
        return path.read_bytes()
