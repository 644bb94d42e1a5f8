"""Beats, bars and parts as markers, and films that follow the user's own."""

from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import bpy
import pytest

BEAT = 0.5  # seconds


@pytest.fixture
def song(click_track):
    return click_track(seconds=20, clicks=[0.5 + BEAT * number for number in range(38)])


@pytest.fixture
def sound(saved_film, add_sound, song):
    return add_sound(song, frame_start=11)


@pytest.fixture
def add(wait, addon):
    def press(**options):
        assert bpy.ops.chromastrip.add_markers(**options) == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None, addon.jobs.state.error

    return press


def frames(scene, word):
    return sorted(marker.frame for marker in scene.timeline_markers if marker.name.split()[0] == word)


def test_one_click_marks_beats_bars_and_parts_where_they_sound(saved_film, sound, add):
    add()
    scene = saved_film.scene
    beats, bars, parts = (frames(scene, word) for word in ("Beat", "Bar", "Part"))
    fps = scene.render.fps / scene.render.fps_base
    heard = sorted({*beats, *bars})
    assert len(heard) > 30
    for frame in heard:
        seconds = (frame - 11) / fps
        assert abs(seconds - BEAT * round(seconds / BEAT)) < 2 / fps
    steps = {after - before for before, after in pairwise(bars)}
    assert {round(step / fps / BEAT) for step in steps} == {4}
    assert not set(beats) & set(bars)
    assert parts[0] == 11


def test_a_scene_that_is_renamed_meanwhile_gets_its_markers(addon, saved_film, sound, wait):
    bpy.ops.chromastrip.add_markers()
    saved_film.scene.name = "Neuer Schnitt"
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    assert len(saved_film.scene.timeline_markers) > 30


def test_marking_again_replaces_and_removing_leaves_others(saved_film, sound, add):
    scene = saved_film.scene
    scene.timeline_markers.new("Mine", frame=20)
    scene.timeline_markers.new("Beat", frame=5)  # not along the sound
    add()
    once = sorted((marker.frame, marker.name) for marker in scene.timeline_markers)
    add()
    assert sorted((marker.frame, marker.name) for marker in scene.timeline_markers) == once
    assert bpy.ops.chromastrip.remove_markers() == {"FINISHED"}
    assert sorted(marker.name for marker in scene.timeline_markers) == ["Beat", "Mine"]


def test_markers_are_one_step_of_undo(saved_film, sound, add):
    bpy.ops.ed.undo_push(message="Before")
    add(kinds={"BARS"})
    assert frames(bpy.context.scene, "Bar")
    assert not frames(bpy.context.scene, "Beat")
    bpy.ops.ed.undo()
    assert len(bpy.context.scene.timeline_markers) == 0


def test_beat_markers_win_over_what_is_heard(addon, saved_film, sound, add):
    scene = saved_film.scene
    request = addon.strips.render_request
    assert request(scene, sound).beats_seconds == ()
    scene.timeline_markers.new("Bar 1", frame=11)
    assert request(scene, sound).beats_seconds == ()  # bars alone are no beats
    for frame in (23, 47, 35, 5000, 3):
        scene.timeline_markers.new("Beat", frame=frame)
    fps = addon.strips.scene_fps(scene)
    assert request(scene, sound).beats_seconds == tuple(Fraction(step) / fps for step in (0, 12, 24, 36))


def test_a_trimmed_sound_is_marked_where_it_shows(addon, saved_film, sound, add, handles):
    handles.set_left(sound, 40)
    handles.set_right(sound, 120)
    add()
    marked = [marker.frame for marker in saved_film.scene.timeline_markers]
    assert 40 in frames(saved_film.scene, "Part")
    assert min(marked) >= 40
    assert max(marked) < 120


def test_a_film_is_drawn_with_marked_beats_and_its_pieces_keep_them(addon, saved_film, sound, wait, films, handles):
    handles.set_right(sound, 31)
    sound.chromastrip.model, sound.chromastrip.beat = "abstract", 1.0
    for frame in (13, 20, 27):
        saved_film.scene.timeline_markers.new("Beat", frame=frame)
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (film,) = films()
    fps = addon.strips.scene_fps(saved_film.scene)
    saved_film.scene.timeline_markers.clear()
    request = addon.sections.film_request(saved_film.scene, film)
    assert request.beats_seconds == tuple(Fraction(step) / fps for step in (2, 9, 16))


def test_a_sound_that_is_gone_is_told(addon, saved_film, sound, wait):
    bpy.ops.chromastrip.add_markers()
    saved_film.editor.strips.remove(sound)
    wait()
    assert "is gone" in addon.jobs.state.error.cause


def test_bars_are_counted_from_the_beat_that_begins_one(addon, saved_film, sound):
    heard = SimpleNamespace(beats_seconds=tuple(BEAT * n for n in range(12)), first_bar=2, parts=())
    assert addon.markers.put(saved_film.scene, addon.markers.stretch_of(saved_film.scene, sound, None), heard, frozenset({"BARS"})) == 3
    names = sorted((marker.frame, marker.name) for marker in saved_film.scene.timeline_markers)
    assert names == [(11 + 24, "Bar 1"), (11 + 72, "Bar 2"), (11 + 120, "Bar 3")]
