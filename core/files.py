"""Files that are there whole or not at all: written under a temporary name, then renamed. Safe with several processes."""

import contextlib
import errno
import hashlib
import os
import re
import tempfile
import time
import uuid
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .protocol import UserError

if TYPE_CHECKING:
    import numpy as np

TEMPORARY_PREFIX = ".writing-"
TEMPORARY = re.compile(re.escape(TEMPORARY_PREFIX) + r"[0-9a-f]{32}(\.[^.]*)?")
"""What we write under until it is whole; a file that merely begins so is somebody else's."""
CHECK_MARK = b"\nblake2b:"
LARGEST_ARRAYS = 1_000_000_000
"""The features of six hours of sound take 100 MB."""
READER_SECONDS, READER_PATIENCE = 0.05, 40
UNFIT_PLACES = (
    *(errno.EACCES, errno.EROFS, errno.EPERM),
    *(errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENOENT, errno.ENAMETOOLONG, errno.ELOOP),
)
GONE_PLACES = (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH)
"""What a disk says that was pulled out, or whose server does not answer."""


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path`, making its folder if need be.

    Raises
    ------
    UserError
        If the folder cannot be written to, or the disk is full. Nothing is left behind.
    """
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_checked(path: Path, content: bytes) -> None:
    """Write as `write_whole`, with a checksum behind the content.

    Raises
    ------
    UserError
        As `write_whole`.
    """
    write_whole(path, content + CHECK_MARK + _checksum(content))


def read_checked(path: Path) -> bytes:
    """Read what `write_checked` wrote, or a file from before it, which has no checksum.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is damaged.
    """
    whole = path.read_bytes()
    content, mark, told = whole.rpartition(CHECK_MARK)
    if not mark:
        return whole
    if told != _checksum(content):
        raise ValueError("it is damaged")
    return content


def _checksum(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).hexdigest().encode()


@contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """Lend a temporary path beside `path`, renamed to it at the end, removed upon any error.

    Yields
    ------
    Path
        A name with `path`'s suffix, for the caller to write to.
    """
    with disk_errors_explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary_beside(path)
        try:
            yield temporary
            _replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def link_or_copy(source: Path, target: Path) -> None:
    """Let `target` be the same file as `source` if the file system can, else a copy of it. Replaces what was there."""
    with disk_errors_explained(target.parent):
        if target.exists() and target.samefile(source):
            return
        temporary = _temporary_beside(target)
        try:
            os.link(source, temporary)
            _replace(temporary, target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EACCES, errno.EROFS):
                raise
            write_whole(target, source.read_bytes())


def is_temporary(name: str) -> bool:
    """Say whether a file's name is one that we write under until it is whole."""
    return TEMPORARY.fullmatch(name) is not None


def checked_arrays(file: IO[bytes]) -> IO[bytes]:
    """Give an open .npz file back, if its arrays are no larger than ours are: packed, a few megabytes of nothing could fill the memory.

    Raises
    ------
    ValueError
        If they are, or it is no such file.
    """
    try:
        with zipfile.ZipFile(file) as arrays:
            total = sum(one.file_size for one in arrays.infolist())
    except Exception as error:  # as `read_arrays`
        raise ValueError("it is no .npz file") from error
    if total > LARGEST_ARRAYS:
        raise ValueError(f"its arrays have {total} bytes")
    file.seek(0)
    return file


def read_arrays(path: Path) -> "dict[str, np.ndarray]":
    """Read all of an .npz file, of whoever's making.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is damaged, or no such file.
    """
    import numpy as np

    with path.open("rb") as file:
        checked = checked_arrays(file)
        try:
            with np.load(checked, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays}
        except Exception as error:  # a stranger's bytes may break numpy, zipfile and zlib in any way; all of them mean the same
            raise ValueError(f"its arrays cannot be read ({type(error).__name__})") from error


def check_writable(folder: Path) -> None:
    """Make a folder, and find out early whether files can be written there.

    Raises
    ------
    UserError
        If not.
    """
    with disk_errors_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()


@contextmanager
def disk_errors_explained(folder: Path) -> Generator[None]:
    """Turn a full disk, a forbidden folder and a disk that has gone into a `UserError`; other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                f"The disk of {folder} is full.", "Free some space and start again: finished frames are kept, only the rest is drawn."
            ) from error
        if error.errno in UNFIT_PLACES:
            raise UserError(
                f"{folder} cannot be written to: {error.strerror}.", "Choose another place, one that you may write to."
            ) from error
        if error.errno in GONE_PLACES:
            raise UserError(
                f"The disk of {folder} does not answer: {error.strerror}.", "Connect it again and start again: what it holds is kept."
            ) from error
        raise


def _replace(temporary: Path, target: Path) -> None:
    """Rename a file to another one's name. On Windows that fails as long as somebody reads that one, as Blender does while it plays.

    An empty folder that has its name gives way.
    """
    with contextlib.suppress(OSError):  # a file, or nothing, or somebody's folder, which the renaming then names
        target.rmdir()
    for _ in range(READER_PATIENCE):
        try:
            temporary.replace(target)
        except PermissionError:
            if not target.is_file():
                raise
            time.sleep(READER_SECONDS)
        else:
            return
    temporary.replace(target)


def _temporary_beside(path: Path) -> Path:
    return path.with_name(f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}{path.suffix}")
