"""Disks that are full or may only be read, mounted for a test (only root can; elsewhere such tests are skipped), and forbidden places."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@contextlib.contextmanager
def small(folder: Path, *, size: int) -> Iterator[Path]:
    """Mount a disk of so many bytes on a folder, which is made."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # lazy: a file of it may still be mapped


def pull(folder: Path) -> None:
    """Take the disk away that is mounted on a folder, as a cable does."""
    subprocess.run(["umount", "--lazy", folder], check=True)


def push(folder: Path) -> None:
    """Mount another disk, an empty one."""
    _mount("-t", "tmpfs", "tmpfs", str(folder))


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """Let nobody change what is below a folder, root included."""
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextlib.contextmanager
def forbidden(place: Path) -> Iterator[Path]:
    """Take all rights to a file or folder away; root, who has them anyway, becomes nobody meanwhile."""
    rights = place.stat().st_mode
    place.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield place
    finally:
        os.seteuid(user)
        place.chmod(rights)


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a disk can only be mounted by root: {done.stderr.strip()}")
