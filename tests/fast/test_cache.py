"""Drawn pictures: each written once, whole or not at all, and never believed when damaged."""

import multiprocessing
import os
import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.cache import FrameCache
from core.keys import picture_key
from tests.films import files_below

KEYS = [picture_key(bytes([i])) for i in range(40)]


@pytest.fixture
def cache(tmp_path):
    return FrameCache(tmp_path / "cache")


def test_what_was_stored_is_found_by_its_key(cache):
    stored = {key: cache.store(key, key.encode()) for key in KEYS}
    assert cache.find(KEYS) == stored
    assert cache.find(KEYS[:3]) == {key: stored[key] for key in KEYS[:3]}
    assert all(path.read_bytes() == key.encode() for key, path in stored.items())


def test_what_was_not_stored_is_not_found(cache):
    assert cache.find(KEYS) == {}
    cache.store(KEYS[0], b"a")
    assert cache.find(KEYS[1:]) == {}


def test_keys_on_one_shelf_are_told_apart(cache):
    alike = ["ab" + digit * 30 for digit in string.hexdigits[:16]]
    for key in alike[::2]:
        cache.store(key, key.encode())
    assert sorted(cache.find(alike)) == alike[::2]


def test_an_entry_is_written_once(cache):
    first = cache.store(KEYS[0], b"picture")
    before = first.stat()
    assert cache.store(KEYS[0], b"picture") == first
    assert first.stat().st_mtime_ns == before.st_mtime_ns
    assert first.stat().st_ino == before.st_ino


@given(st.binary(min_size=1, max_size=50), st.data())
@hypothesis_settings(max_examples=50)
def test_any_damage_is_noticed_and_mended_by_storing_again(content, data):
    damages = st.one_of(st.binary(max_size=60), st.just(content[:-1]), st.just(content + b"\0"))
    with tempfile.TemporaryDirectory() as folder:
        cache = FrameCache(Path(folder))
        path = cache.store(KEYS[0], content)
        path.write_bytes(data.draw(damages.filter(lambda damaged: damaged != content)))
        assert cache.find([KEYS[0]]) == {}
        assert not path.exists()
        cache.store(KEYS[0], content)
        assert cache.find([KEYS[0]]) == {KEYS[0]: path}


def test_one_damaged_entry_does_not_touch_the_others(cache):
    stored = {key: cache.store(key, key.encode()) for key in KEYS}
    stored.pop(KEYS[5]).write_bytes(b"painted over")
    assert cache.find(KEYS) == stored


def test_other_files_are_left_alone(cache):
    stored = {key: cache.store(key, key.encode()) for key in KEYS[:2]}
    shelf = stored[KEYS[0]].parent
    others = [shelf / name for name in (".writing-abc.png", "notes.txt", ".DS_Store", "Thumbs.db", f"{KEYS[2]}.png", KEYS[3])]
    for other in others:
        other.write_bytes(b"not ours")
    (shelf / "folder").mkdir()
    (cache.folder / "README").write_text("hello")
    assert cache.find(KEYS) == stored
    assert all(other.exists() for other in others)


def test_a_folder_in_an_entrys_place_is_no_entry(cache):
    path = cache.store(KEYS[0], b"a")
    path.unlink()
    path.mkdir()
    assert cache.find(KEYS) == {}


def test_a_file_in_the_folders_place_holds_no_entries(tmp_path):
    (tmp_path / "file").write_text("")
    assert FrameCache(tmp_path / "file").find(KEYS) == {}
    assert FrameCache(tmp_path / "file" / "below").find(KEYS) == {}


def store_all(folder, barrier):
    barrier.wait()
    cache = FrameCache(folder)
    for key in KEYS:
        cache.store(key, key.encode() * 1000)


def test_processes_may_store_the_same_pictures_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    processes = [context.Process(target=store_all, args=(tmp_path, barrier)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    found = FrameCache(tmp_path).find(KEYS)
    assert {key: path.read_bytes() for key, path in found.items()} == {key: key.encode() * 1000 for key in KEYS}
    assert files_below(tmp_path) == sorted(found.values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals as Unix has them")
def test_an_entry_whose_writer_died_is_not_there(cache, monkeypatch):
    def die_half_way(path, content):
        path.open("wb").write(content[:3])
        os._exit(0)

    if (child := os.fork()) == 0:
        monkeypatch.setattr("pathlib.Path.write_bytes", die_half_way)
        cache.store(KEYS[0], b"a whole picture")
    os.waitpid(child, 0)
    assert len(files_below(cache.folder)) == 1  # the half
    assert cache.find(KEYS) == {}
    path = cache.store(KEYS[0], b"a whole picture")
    assert cache.find(KEYS) == {KEYS[0]: path}
