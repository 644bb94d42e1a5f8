"""Files that are there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from core import files
from core.protocol import UserError


def below_a_file(tmp_path):
    (tmp_path / "file").write_text("in the way")
    return tmp_path / "file" / "film.bin"


def nothing_but(tmp_path, *names):
    return sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_file_is_written_and_its_folders_made(tmp_path):
    files.write_whole(tmp_path / "a" / "b" / "c.bin", b"content")
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"content"
    assert nothing_but(tmp_path / "a" / "b", "c.bin")


def test_a_file_is_replaced_at_the_end_only(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with files.whole_file(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
        assert temporary.suffix == ".txt"
        assert temporary.name.startswith(files.TEMPORARY_PREFIX)
    assert target.read_text() == "new"
    assert nothing_but(tmp_path, "a.txt")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
def test_an_error_leaves_the_old_file_and_no_other(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail():
        with files.whole_file(target) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert nothing_but(tmp_path, "a.txt")


def test_a_place_where_nothing_can_be_written_is_named(tmp_path):
    path = below_a_file(tmp_path)
    with pytest.raises(UserError) as refusal:
        files.write_whole(path, b"")
    assert str(path.parent) in refusal.value.cause
    with pytest.raises(UserError):
        files.check_writable(path.parent)


def test_a_folder_that_can_be_written_to_stays_empty(tmp_path):
    files.check_writable(tmp_path / "new" / "folder")
    assert nothing_but(tmp_path / "new" / "folder")


@pytest.mark.parametrize(
    ("number", "word"),
    [(errno.ENOSPC, "full"), (errno.EDQUOT, "full"), (errno.EACCES, "cannot be written"), (errno.EROFS, "cannot be written")],
)
def test_disk_errors_are_explained(tmp_path, number, word):
    def fail():
        with files.disk_errors_explained(tmp_path):
            raise OSError(number, os.strerror(number))

    with pytest.raises(UserError, match=word):
        fail()


def test_other_errors_pass(tmp_path):
    def fail():
        with files.disk_errors_explained(tmp_path):
            raise OSError(errno.EDOM, "no disk's fault")

    with pytest.raises(OSError, match="no disk's"):
        fail()


@pytest.mark.parametrize("number", files.GONE_PLACES)
def test_a_disk_that_does_not_answer_is_named(tmp_path, number):
    def fail():
        with files.disk_errors_explained(tmp_path):
            raise OSError(number, os.strerror(number))

    with pytest.raises(UserError, match="does not answer"):
        fail()


# Links ----------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.png"
    path.write_bytes(b"picture")
    return path


def test_a_link_costs_no_space(tmp_path, source):
    target = tmp_path / "frame.png"
    files.link_or_copy(source, target)
    assert target.samefile(source)
    files.link_or_copy(source, target)
    assert nothing_but(tmp_path, "frame.png", "source.png")


def test_a_link_replaces_what_was_there(tmp_path, source):
    target = tmp_path / "frame.png"
    target.write_bytes(b"painted over")
    files.link_or_copy(source, target)
    assert target.read_bytes() == b"picture"
    assert nothing_but(tmp_path, "frame.png", "source.png")


@pytest.mark.parametrize("number", [errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP])
def test_where_links_are_impossible_the_picture_is_copied(tmp_path, source, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "frame.png"
    for _ in range(2):
        files.link_or_copy(source, target)
        assert target.read_bytes() == b"picture"
        assert not target.samefile(source)
        assert nothing_but(tmp_path, "frame.png", "source.png")


def test_a_file_that_somebody_reads_is_replaced_as_soon_as_that_is_over(tmp_path, source, monkeypatch):
    """As on Windows, where a file that is open keeps its name."""
    target, tries, replace = tmp_path / "frame.png", [], Path.replace
    target.write_bytes(b"old")

    def read_by_somebody(self, other):
        tries.append(other)
        if len(tries) <= 3:
            raise PermissionError(errno.EACCES, "in use")
        return replace(self, other)

    monkeypatch.setattr(Path, "replace", read_by_somebody)
    monkeypatch.setattr(files, "READER_SECONDS", 0)
    files.link_or_copy(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert len(tries) == 4


def test_a_link_to_a_place_where_nothing_can_be_written_is_refused(tmp_path, source):
    with pytest.raises(UserError, match="cannot be written"):
        files.link_or_copy(source, below_a_file(tmp_path))
