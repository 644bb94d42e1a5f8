"""What is kept: memory that is given back, and colours that stay."""

import os
import time
from functools import partial
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


def test_released_memory_is_given_back_with_the_whole_process_and_the_next_film_is_drawn_as_before(addon, saved_film, film, wait, films):
    pid = addon.jobs.worker_pid()
    assert is_alive(pid)
    assert bpy.ops.chromastrip.release_memory() == {"FINISHED"}
    assert addon.jobs.worker_pid() is None
    until(lambda: not is_alive(pid))
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


# Colour tags ----------------------------------------------------------------------------------------------------------------------------

FRESH, TO_RENDER, MISSING = "COLOR_05", "COLOR_03", "COLOR_01"


def test_the_colour_tag_follows_the_state(addon, saved_film, film, set_fps):
    look = partial(look_at_all, addon)
    look()
    assert film.color_tag == FRESH
    film.chromastrip.seed += 1
    look()
    assert film.color_tag == TO_RENDER
    film.chromastrip.seed -= 1
    look()
    assert film.color_tag == FRESH
    set_fps(saved_film.scene, 60)
    look()
    assert film.color_tag == TO_RENDER
    folder = Path(bpy.path.abspath(film.directory))
    folder.rename(folder.with_name("away"))
    look()
    assert film.color_tag == MISSING


def test_a_tag_of_the_users_own_is_left_alone(addon, film):
    look = partial(look_at_all, addon)
    film.color_tag = "COLOR_07"
    film.chromastrip.seed += 1
    look()
    assert film.color_tag == "COLOR_07"
    film.color_tag = "NONE"
    look()
    assert film.color_tag == "NONE"
    film.color_tag = FRESH  # back to what was set here
    look()
    assert film.color_tag == TO_RENDER


def test_setting_tags_makes_no_undo_step_and_undo_sets_them_right(addon, saved_film, film):
    look, name = partial(look_at_all, addon), film.name
    bpy.ops.ed.undo_push(message="Before")
    film.chromastrip.seed += 1
    bpy.ops.ed.undo_push(message="Seed")
    look()
    assert film.color_tag == TO_RENDER
    bpy.ops.ed.undo()
    film = bpy.context.scene.sequence_editor.strips[name]
    look()
    assert (film.chromastrip.seed, film.color_tag) == (0, FRESH)
    bpy.ops.ed.redo()
    film = bpy.context.scene.sequence_editor.strips[name]
    look()
    assert (film.chromastrip.seed, film.color_tag) == (1, TO_RENDER)


def test_tags_are_set_a_few_at_a_time_until_all_are(addon, saved_film, film):
    pieces = [film]
    for frame in range(5, 21, 4):
        pieces.append(pieces[-1].split(frame=frame, split_method="SOFT"))
    for piece in pieces:
        piece.chromastrip.seed += 1
    for _ in range(2 + len(pieces)):
        addon.keeping.tags.look(most_seconds=0.0)
    assert {piece.color_tag for piece in pieces} == {TO_RENDER}


# Colours --------------------------------------------------------------------------------------------------------------------------------


def test_after_the_button_a_frame_shows_its_colours_under_agx_too(addon, saved_film, add_sound, song, wait, films, handles, tmp_path):
    """A frame before and after it was put on the timeline: to a level."""
    sound = add_sound(song, model="abstract")
    handles.set_right(sound, 4)
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (film,) = films()
    saved_film.scene.view_settings.view_transform = "AgX"
    drawn = Path(bpy.path.abspath(film.directory)) / film.elements[1].filename
    assert largest_difference(drawn, still(saved_film.scene, 2, tmp_path / "agx.png")) > 8 / 255
    assert bpy.ops.chromastrip.use_standard_view() == {"FINISHED"}
    assert largest_difference(drawn, still(saved_film.scene, 2, tmp_path / "standard.png")) <= 1.01 / 255


def still(scene, frame, path):
    """Render one frame by the sequencer."""
    scene.frame_current = frame
    scene.render.filepath = str(path)
    if hasattr(scene.render.image_settings, "media_type"):
        scene.render.image_settings.media_type = "IMAGE"
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGB"
    bpy.ops.render.render(write_still=True)
    return path


def largest_difference(one, other):
    first, second = (bpy.data.images.load(str(path)) for path in (one, other))
    assert tuple(first.size) == tuple(second.size)
    return max(abs(a - b) for a, b in zip(first.pixels[:], second.pixels[:], strict=True))


def look_at_all(addon):
    """Set the tags of all strips: the end of what waits, then all."""
    for _ in range(2):
        addon.keeping.tags.look(most_seconds=60)
