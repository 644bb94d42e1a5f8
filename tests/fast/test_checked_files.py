"""Damage is noticed in what is kept and decides pictures: notes of flashes, digests of networks, directions (`test_directions`)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.files import CHECK_MARK, read_checked, write_checked
from core.models.digests import DigestMemory

CONTENT = b'{"failing": [{"first_frame": 10, "end_frame": 20}]}'


@given(st.data())
def test_one_changed_byte_anywhere_is_noticed_or_changes_nothing(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "note"
    write_checked(path, CONTENT)
    whole = path.read_bytes()
    at, byte = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 255))
    path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
    try:
        assert read_checked(path)[: len(CONTENT)] == CONTENT
    except ValueError:
        assert path.read_bytes() != whole


def test_a_file_from_before_the_checksum_is_read(tmp_path):
    path = tmp_path / "note"
    path.write_bytes(CONTENT)
    assert read_checked(path) == CONTENT


def test_content_that_holds_a_mark_comes_back(tmp_path):
    path = tmp_path / "note"
    write_checked(path, CONTENT + CHECK_MARK + b"x")
    assert read_checked(path) == CONTENT + CHECK_MARK + b"x"


@pytest.mark.parametrize("place", ["sha256", "state"])
def test_a_damaged_note_never_says_that_a_whole_network_is_another_one(tmp_path, place):
    file = tmp_path / "weights"
    file.write_bytes(b"weights")
    memory = DigestMemory(tmp_path / "digests", settled_seconds=0)
    digest = memory.sha256(file)
    (note,) = (tmp_path / "digests").iterdir()
    content = note.read_bytes()
    at = content.index(digest.encode()) + 5 if place == "sha256" else content.index(b'"state"') + 11
    note.write_bytes(content[:at] + (b"1" if content[at : at + 1] == b"0" else b"0") + content[at + 1 :])
    assert memory.sha256(file) == digest
