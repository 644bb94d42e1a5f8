"""Digests, and what is remembered of them."""

import hashlib
import os

import numpy as np
import pytest

from core.files import read_checked, write_checked
from core.models.digests import DigestMemory, sha256
from core.working import CancelledError
from tests.waiting import until

CONTENT = np.random.default_rng(0).bytes(3_000_000)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def memory(tmp_path):
    return DigestMemory(tmp_path / "notes", settled_seconds=-60)  # as if files were of yesterday: nobody can set a ctime


def written_now(file):
    file.write_bytes(b"")
    return file.stat()


def notes(tmp_path):
    return sorted((tmp_path / "notes").glob("*")) if (tmp_path / "notes").exists() else []


def test_a_digest_is_the_worlds(file):
    assert sha256(file) == hashlib.sha256(CONTENT).hexdigest()


def test_progress_rises_to_the_end(file):
    reports = []
    sha256(file, report=lambda done, total: reports.append((done, total)))
    assert reports == sorted(reports)
    assert reports[-1] == (len(CONTENT), len(CONTENT))


def test_cancel(file):
    with pytest.raises(CancelledError):
        sha256(file, cancelled=lambda: True)


def test_what_did_not_change_is_not_read_again(file, memory, tmp_path):
    digest = memory.sha256(file)
    (note,) = notes(tmp_path)
    write_checked(note, read_checked(note).replace(digest.encode(), b"what was remembered"))
    assert memory.sha256(file) == "what was remembered"


@pytest.mark.parametrize("change", ["content", "same length and time", "replaced", "appended"])
def test_every_change_is_noticed(file, memory, change):
    memory.sha256(file)
    before = file.stat()
    until(lambda: written_now(file.with_name("clock")).st_mtime_ns > before.st_mtime_ns)  # a file system's clock ticks a few ms apart
    other = CONTENT[::-1]
    if change == "replaced":
        (file.parent / "new").write_bytes(other)
        os.utime(file.parent / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
        (file.parent / "new").replace(file)
    else:
        file.write_bytes(other + b"!" * (change == "appended"))
    if change == "same length and time":
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # the ctime tells
    assert memory.sha256(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_file_that_was_changed_just_now_is_not_remembered(file, tmp_path):
    memory = DigestMemory(tmp_path / "notes", settled_seconds=3600)
    assert memory.sha256(file) == sha256(file)
    assert notes(tmp_path) == []


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"7", b'{"state": []}', b'{"sha256": "x"}', b"\xff"])
def test_a_damaged_note_costs_time_and_nothing_else(file, memory, tmp_path, damage):
    memory.sha256(file)
    (note,) = notes(tmp_path)
    note.write_bytes(damage)
    assert memory.sha256(file) == sha256(file)


def test_without_a_place_for_notes_it_works_too(file):
    assert DigestMemory(file / "below a file", settled_seconds=-60).sha256(file) == sha256(file)


def test_two_files_have_two_notes(file, memory, tmp_path):
    (tmp_path / "other.bin").write_bytes(b"other")
    assert memory.sha256(file) != memory.sha256(tmp_path / "other.bin")
    assert len(notes(tmp_path)) == 2


def test_a_missing_file_is_an_error(memory, tmp_path):
    with pytest.raises(FileNotFoundError):
        memory.sha256(tmp_path / "nowhere")
