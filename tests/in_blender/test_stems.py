"""Other sounds that drive parts of a film: they are heard where they lie on the timeline."""

from fractions import Fraction
from pathlib import Path

import bpy
import pytest


@pytest.fixture
def song(add_sound, click_track):
    return add_sound(click_track(seconds=4, clicks=[0.5]), frame_start=25)


@pytest.fixture
def drums(song, add_sound, click_track, saved_film):
    strip = add_sound(click_track(seconds=4, clicks=[1.5], name="drums.wav"), frame_start=13, channel=2)
    strip.select, song.select = False, True
    saved_film.editor.active_strip = song
    return strip


def request_for(addon, saved_film, strip):
    return addon.strips.render_request(saved_film.scene, strip)


def test_a_strip_is_heard_where_it_lies(addon, saved_film, song, drums, handles):
    song.chromastrip.motion_stem = "drums"
    request = request_for(addon, saved_film, song)
    assert Path(request.motion_stem.sound_path).name == "drums.wav"
    assert request.motion_stem.source_start_seconds == Fraction(12, 24)
    assert request.class_stem is None
    handles.set_left(song, 37)
    handles.set_left(drums, 31)  # trimmed, not moved
    request = request_for(addon, saved_film, song)
    assert (request.source_start_seconds, request.motion_stem.source_start_seconds) == (Fraction(1, 2), 1)


def test_a_file_begins_when_the_sounds_file_does(addon, saved_film, song, drums, handles, tmp_path):
    handles.set_left(song, 37)
    assert bpy.ops.chromastrip.choose_stem_file(stem="class_stem", filepath=str(tmp_path / "drums.wav")) == {"FINISHED"}
    assert song.chromastrip.class_stem.startswith("//")
    request = request_for(addon, saved_film, song)
    assert Path(request.class_stem.sound_path).samefile(tmp_path / "drums.wav")
    assert request.class_stem.source_start_seconds == request.source_start_seconds == Fraction(1, 2)


def test_what_is_not_there_is_told_with_a_cure(addon, saved_film, song, drums):
    song.chromastrip.motion_stem = "flute"
    with pytest.raises(addon.strips.UserError, match="no sound strip and no file “flute”"):
        request_for(addon, saved_film, song)
    meta = saved_film.editor.strips.new_meta("Meta", channel=5, frame_start=1)
    song.chromastrip.motion_stem = meta.name
    with pytest.raises(addon.strips.UserError, match="cannot drive"):
        request_for(addon, saved_film, song)


def test_a_film_carries_its_stems_to_a_redo(addon, saved_film, song, drums, wait, films, tmp_path):
    song.chromastrip.motion_stem = "drums"
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    (film,) = films()
    assert film.chromastrip.motion_stem == "drums"
    assert addon.sections.state(film) == addon.sections.State.FRESH
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    drums.sound.filepath = str((tmp_path / "drums.wav").rename(moved / "drums.wav"))
    assert Path(addon.sections.film_request(saved_film.scene, film).motion_stem.sound_path) == moved / "drums.wav"
    song.chromastrip.motion_stem = ""
    song.select, film.select = False, True
    saved_film.editor.active_strip = film
    assert bpy.ops.chromastrip.redo() == {"FINISHED"}
    assert song.chromastrip.motion_stem == "drums"


def test_pasting_onto_pictures_leaves_them_what_they_were_drawn_from(addon, saved_film, song, drums, wait, films):
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (film,) = films()
    song.chromastrip.motion_stem = "drums"
    assert bpy.ops.chromastrip.copy_settings() == {"FINISHED"}
    song.select, film.select = False, True
    saved_film.editor.active_strip = film
    assert bpy.ops.chromastrip.paste_settings() == {"FINISHED"}
    assert film.chromastrip.motion_stem == ""
    assert addon.sections.state(film) == addon.sections.State.FRESH
