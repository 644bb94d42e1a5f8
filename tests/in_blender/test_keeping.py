"""What is kept: memory that is given back, and colours that stay."""

import os
import time
from pathlib import Path

import bpy
import pytest


@pytest.fixture
def song(click_track):
    return click_track(seconds=1, clicks=[0.3, 0.7])


@pytest.fixture
def film(saved_film, add_sound, song, wait, films):
    """Give a film of sync cards; it is selected, and its sound is not."""
    sound = add_sound(song)
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (strip,) = films()
    sound.select, strip.select = False, True
    saved_film.editor.active_strip = strip
    return strip


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition, *, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


# Memory ---------------------------------------------------------------------------------------------------------------------------------


def test_released_memory_is_given_back_with_the_whole_process(addon, film):
    pid = addon.jobs.worker_pid()
    assert is_alive(pid)
    assert bpy.ops.chromastrip.release_memory() == {"FINISHED"}
    assert addon.jobs.worker_pid() is None
    until(lambda: not is_alive(pid))


def test_after_releasing_memory_the_next_film_is_drawn_as_before(addon, saved_film, film, wait, films):
    bpy.ops.chromastrip.release_memory()
    film.select, saved_film.editor.strips[film.chromastrip.sound_name].select = False, True
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None
    assert len(films()) == 2


def test_memory_is_not_released_when_there_is_none_or_a_film_is_drawn(addon, saved_film, add_sound, song, wait, fault):
    assert "not running" in addon.keeping.memory.why_not()
    assert not bpy.ops.chromastrip.release_memory.poll()
    fault("slow@0.05")
    add_sound(song)
    bpy.ops.chromastrip.generate()
    wait(until=lambda: addon.jobs.state.progress is not None)
    assert not bpy.ops.chromastrip.release_memory.poll()
    assert "being drawn" in addon.keeping.memory.why_not()
    bpy.ops.chromastrip.cancel()
    wait()
    assert bpy.ops.chromastrip.release_memory.poll()


def test_an_idle_engine_gives_its_memory_back_in_time(addon, film):
    release = addon.keeping.memory.release_if_idle
    assert not release(now=1000, after_seconds=600)
    assert not release(now=1599, after_seconds=600)
    assert not release(now=9999, after_seconds=0)
    assert addon.jobs.worker_pid() is not None
    assert release(now=1600, after_seconds=600)
    assert addon.jobs.worker_pid() is None
