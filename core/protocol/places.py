r"""Whether something is there, asked without telling another computer who asks. Standard library only: the add-on asks here, too.

A path in a stranger's file may name a share (``\\host\share``, ``//host/share``, ``/net/host``). A mere look whether something is there
tells that host who asks, and on Windows sends it a digest of the user's password. So what a file names is looked up by these functions
alone, and no host is asked but those on which the user has chosen something himself.
"""

import errno
import os
import re
from pathlib import Path

from .errors import UserError

SHARE = re.compile(r"[\\/]{2,}(?:[?.][\\/]+UNC[\\/]+)?(?P<host>[^\\/]*)|/(?:net|Network/Servers)/(?P<mounted>[^/]+)", re.IGNORECASE)
LOCAL_DEVICE = re.compile(r"[\\/]{2}\?[\\/][A-Za-z]:[\\/]")  # how Windows writes long paths

LARGEST_NOTE = 64_000_000  # bytes

Place = str | os.PathLike[str]

_trusted: set[str] = set()


def trust(*chosen: Place) -> None:
    """Let the hosts be asked on which these lie: the user chose them, in a file browser or on the command line."""
    _trusted.update(host for path in chosen if (host := host_of(path)) not in ("?", "."))


def host_of(path: Place) -> str:
    """Give the other computer that a path names, in small letters; empty: it is on this one."""
    text = os.fspath(path)
    if LOCAL_DEVICE.match(text):
        return ""
    match = SHARE.match(text) or SHARE.match(os.path.normpath(text))  # "/a/../net/host" too
    return (match["host"] or match["mounted"] or "?").casefold() if match else ""


def may_ask(path: Place) -> bool:
    """Say whether a look at a path tells nobody else of it; one with a null byte names nothing."""
    return "\0" not in os.fspath(path) and host_of(path) in {"", *_trusted}


def check(*paths: Place) -> None:
    """Refuse to read what lies on another computer that the user has not chosen.

    Raises
    ------
    UserError
        Names the first of them.
    """
    for path in (path for path in paths if not may_ask(path)):
        raise UserError(f"{path} lies on another computer, which was not asked.", "Copy the file to this one, and choose it there.")


def exists(path: Place) -> bool:
    """Say whether something is there, as far as may be asked."""
    try:
        return may_ask(path) and Path(path).exists()
    except (OSError, ValueError):
        return False


def is_file(path: Place) -> bool:
    """Say whether a file is there, as far as may be asked."""
    try:
        return may_ask(path) and Path(path).is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Place) -> bool:
    """Say whether a folder is there, as far as may be asked."""
    try:
        return may_ask(path) and Path(path).is_dir()
    except (OSError, ValueError):
        return False


def read_small(path: Place) -> bytes:
    """Read a note of ours, such as a film's request: a plain file of at most so many bytes as such may have.

    Raises
    ------
    OSError
        If it is not there, may not be asked for, or is no such file: a pipe would never end, and a huge one fill the memory.
    """
    if not is_file(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    with Path(path).open("rb") as file:
        content = file.read(LARGEST_NOTE + 1)
    if len(content) > LARGEST_NOTE:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), os.fspath(path))
    return content


def names_in(folder: Place) -> set[str]:
    """Give what lies in a folder, by name; nothing where none is, or none may be asked for."""
    try:
        return set(os.listdir(folder)) if may_ask(folder) else set()  # noqa: PTH208 (100 000 frames: names are enough)
    except (OSError, ValueError):
        return set()
