"""Bundles (``.otioz``), unpacked safely: nothing is written outside the chosen folder, nothing larger than it says, nothing half.

No file that is there is replaced, and nothing but media is unpacked. A bundle comes in, the timeline's text goes out, and its media lie in
a folder.
"""

import os
import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath

from ..files import whole_file
from ..protocol import UserError
from ..working import Cancelled, CancelledError, end_if
from .media import check_space, removed_upon_failure

CONTENT, MEDIA = "content.otio", "media"
LOCAL_HEADER_BYTES = 30  # at least; the name and more follow
MOST_FILES = 500_000
HIGHEST_RATIO = 200
"""Movies and pictures hardly shrink: what grows more than so is a bomb."""
SMALL_BYTES = 50_000_000
"""Below that anything may shrink as it likes: silence and black frames do."""
BLOCK_BYTES = 1 << 20
WINDOWS_NAMES = {"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10))}


def unpack(path: Path, folders: Iterable[Path], *, largest_text: int, cancelled: Cancelled) -> tuple[bytes, Path]:
    """Unpack a bundle's media.

    Parameters
    ----------
    path
        The bundle.
    folders
        Where its media may go, under the names that the timeline gives them: into the first in which no other files have these names.
        Files that are there already, the same, stay.
    largest_text
        The most bytes that the timeline itself may have.
    cancelled
        Whether to end.

    Returns
    -------
    tuple of bytes and Path
        The timeline, and the folder of its media.

    Raises
    ------
    UserError
        If the bundle is damaged, a bomb, or names files outside of it; or if no folder can be written to. Then nothing was written.
    CancelledError
        If `cancelled` says so.
    """
    try:
        with zipfile.ZipFile(path) as bundle:
            members = _members(path, bundle)
            text = _content(path, bundle, largest_text)
            folder = _free_folder(members, folders)
            _extract(bundle, members, folder, cancelled)
            return text, folder
    except (UserError, CancelledError):
        raise
    except FileNotFoundError as error:
        raise UserError(f"{path} is not there.", "Choose a file that is there.") from error
    except Exception as error:  # a stranger's bytes may break zipfile in any way; all of them mean the same
        raise UserError(f"{path.name} is no bundle, or damaged: {error}.", "Export it again.") from error


def _members(path: Path, bundle: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """List the media, after a look at every name and size."""
    files = [one for one in bundle.infolist() if not one.is_dir()]
    for one in files:
        if not _is_safe(one):
            raise UserError(f"{path.name} names a file outside of it: “{one.filename}”.", "Do not open it, or ask who made it.")
    members = [one for one in files if _is_medium(one)]
    if _overlap(bundle) or len({unicodedata.normalize("NFC", one.filename).casefold() for one in members}) < len(members):
        raise UserError(f"{path.name} holds files that lie over each other.", "Do not open it, or ask who made it.")
    total, packed = sum(one.file_size for one in members), path.stat().st_size  # what the members say of themselves may be a lie
    if len(members) > MOST_FILES or (total > SMALL_BYTES and total > HIGHEST_RATIO * max(1, packed)):
        raise UserError(
            f"{path.name} would grow from {packed / 1e6:.1f} MB to {total / 1e6:.0f} MB in {len(members)} files.",
            "Do not open it, or ask who made it.",
        )
    return members


def _is_safe(one: zipfile.ZipInfo) -> bool:
    """Say whether a member is a plain file that stays within its folder, on every system."""
    name = one.filename
    parts = PurePosixPath(name).parts
    if stat.S_ISLNK(one.external_attr >> 16) or name.startswith("/") or "\\" in name or ":" in name or "\0" in name:
        return False
    return bool(parts) and ".." not in parts and not any(part.partition(".")[0].lower() in WINDOWS_NAMES for part in parts)


def _is_medium(one: zipfile.ZipInfo) -> bool:
    """Say whether a member is one of the media; what else there is, hidden files of other programs above all, stays packed."""
    folder, *parts = PurePosixPath(one.filename).parts
    return folder == MEDIA and bool(parts) and not any(part.startswith(".") for part in parts)


def _overlap(bundle: zipfile.ZipFile) -> bool:
    """Say whether some members share their bytes: so a small file could hold a huge one thousands of times."""
    begins = sorted((one.header_offset, one.compress_size + LOCAL_HEADER_BYTES + len(one.filename)) for one in bundle.infolist())
    return any(begin + size > after for (begin, size), (after, _) in pairwise([*begins, (bundle.start_dir, 0)]))


def _free_folder(members: Sequence[zipfile.ZipInfo], folders: Iterable[Path]) -> Path:
    """Give the first folder in which unpacking replaces nothing."""
    taken = ""
    for folder in folders:
        targets = ((one, folder / one.filename) for one in members)
        taken = next((str(target) for one, target in targets if os.path.lexists(target) and not _is_there(one, target)), "")
        if not taken:
            return folder
    raise UserError(f"{taken} is there already, and is another file.", "Choose an empty folder for the media, or rename that file.")


def _content(path: Path, bundle: zipfile.ZipFile, largest: int) -> bytes:
    """Read the timeline itself, never more than so many bytes whatever the bundle says about them."""
    try:
        with bundle.open(CONTENT) as file:
            text = file.read(largest + 1)
    except KeyError as error:
        raise UserError(f"{path.name} holds no {CONTENT}.", "Choose an .otioz file.") from error
    if len(text) > largest:
        raise UserError(f"The timeline in {path.name} has more than {largest / 1e6:.0f} MB.", "Export it again with fewer clips.")
    return text


def _extract(bundle: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], folder: Path, cancelled: Cancelled) -> None:
    wanted = [one for one in members if not _is_there(one, folder / one.filename)]
    if not wanted:
        return
    check_space(folder, sum(one.file_size for one in wanted))
    with removed_upon_failure(folder) as made:
        for one in wanted:
            end_if(cancelled)
            target = folder / one.filename
            if not target.parent.resolve().is_relative_to(folder.resolve()):  # a link that lay there before
                raise UserError(f"{target} leads out of {folder}.", "Choose an empty folder.")
            with bundle.open(one) as source, whole_file(target) as temporary, temporary.open("wb") as sink:
                shutil.copyfileobj(source, sink, BLOCK_BYTES)  # zipfile itself ends at the size that the bundle names
            made.append(target)


def _is_there(one: zipfile.ZipInfo, target: Path) -> bool:
    """Judge by size and checksum whether a member was unpacked before."""
    try:
        if target.is_symlink() or not target.is_file() or target.stat().st_size != one.file_size:
            return False
        checksum = 0
        with target.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                checksum = zlib.crc32(block, checksum)
    except OSError:
        return False
    return checksum == one.CRC
