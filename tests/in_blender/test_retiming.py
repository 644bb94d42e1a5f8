"""A scene's frame rate changes: films drawn for the old one are out of sync, and Render draws them again where their sound is now."""

import itertools
from fractions import Fraction
from pathlib import Path

import bpy
import pytest

CLICKS = [0.25, 0.75, 1.5]
SECONDS = 2


@pytest.fixture
def sound(saved_film, add_sound, click_track, set_fps):
    set_fps(saved_film.scene, 24)
    return add_sound(click_track(seconds=SECONDS, clicks=CLICKS), frame_start=11)


@pytest.fixture
def film(sound, wait, films):
    """Give a film of sync cards: each shows its frame's number."""
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (strip,) = films()
    return strip


@pytest.fixture
def render_stale(addon, wait):
    def press():
        assert bpy.ops.chromastrip.render_stale() == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None, addon.jobs.state.error

    return press


@pytest.fixture
def cards(saved_film, handles):
    """Give a function that says which frame of which film a strip shows on each of its frames."""

    def read(strip):
        names = [strip.strip_elem_from_frame(frame).filename for frame in range(handles.left(strip), handles.right(strip))]
        folder = Path(bpy.path.abspath(strip.directory))
        assert all((folder / name).is_file() for name in names)
        return [int(Path(name).stem[-6:]) for name in names]

    return read


def states(addon, films):
    return {addon.sections.state(strip) for strip in films()}


@pytest.mark.parametrize(("fps", "in_window"), [(Fraction(30), False), (Fraction(30000, 1001), True), (Fraction(12), True)], ids=str)
def test_a_whole_film_is_drawn_again_for_the_new_rate_and_as_long_as_its_sound(
    addon, saved_film, sound, film, films, set_fps, render_stale, handles, cards, fps, in_window, request
):
    if in_window:
        request.getfixturevalue("sequencer")
    set_fps(saved_film.scene, fps)
    assert addon.sections.state(film) == addon.sections.State.OUT_OF_SYNC
    render_stale()
    (film,) = films()
    assert (handles.left(film), handles.right(film)) == (handles.left(sound), handles.right(sound))
    assert cards(film) == list(range(handles.right(sound) - handles.left(sound)))
    assert film.channel == 2
    assert addon.sections.state_with_files(film) == addon.sections.State.FRESH
    assert addon.sections.film_request(saved_film.scene, film).fps == fps
    assert not list(addon.sections.outdated(saved_film.scene))


@pytest.mark.parametrize("fps", [30, 20])
def test_pieces_stay_side_by_side_on_their_moments_of_the_music(
    addon, saved_film, sound, film, films, set_fps, render_stale, handles, cards, fps
):
    middle = film.split(frame=23, split_method="SOFT")
    middle.split(frame=35, split_method="SOFT")
    set_fps(saved_film.scene, fps)
    render_stale()
    pieces = sorted(films(), key=handles.left)
    cuts = [round(Fraction(frame, 24) * fps) for frame in (0, 12, 24, 48)]
    assert [(handles.left(piece) - 11, handles.right(piece) - 11) for piece in pieces] == list(itertools.pairwise(cuts))
    assert [number for piece in pieces for number in cards(piece)] == list(range(cuts[-1]))
    assert {piece.channel for piece in pieces} == {2}
    assert states(addon, films) == {addon.sections.State.FRESH}


def test_a_section_with_settings_of_its_own_keeps_them_on_its_moment(
    addon, saved_film, sound, film, films, set_fps, wait, render_stale, handles
):
    middle = film.split(frame=23, split_method="SOFT")
    middle.chromastrip.seed = 5
    render_stale()
    set_fps(saved_film.scene, 30)
    render_stale()
    assert states(addon, films) == {addon.sections.State.FRESH}
    request = addon.sections.film_request(saved_film.scene, max(films(), key=handles.left))
    assert [(one.first_frame, one.end_frame, one.settings.seed) for one in request.sections] == [(15, 60, 5)]


def test_a_piece_that_was_moved_elsewhere_stays_where_it_begins(addon, saved_film, film, films, set_fps, render_stale, handles, cards):
    piece = film.split(frame=23, split_method="SOFT")
    name = "content_start" if hasattr(piece, "content_start") else "frame_start"
    setattr(piece, name, getattr(piece, name) + 200)
    left = handles.left(piece)
    set_fps(saved_film.scene, 30)
    render_stale()
    piece = max(films(), key=handles.left)
    assert (handles.left(piece), handles.right(piece)) == (left, left + 45)
    assert cards(piece) == list(range(15, 60))


def test_without_its_sound_a_film_keeps_its_beginning_and_its_time(addon, saved_film, sound, film, films, set_fps, render_stale, handles):
    saved_film.editor.strips.remove(sound)
    set_fps(saved_film.scene, 12)
    render_stale()
    (film,) = films()
    assert (handles.left(film), handles.right(film)) == (11, 11 + 24)


def test_the_rate_set_back_makes_strips_fresh_and_so_does_undo(addon, saved_film, film, films, set_fps):
    bpy.ops.ed.undo_push(message="Before")
    set_fps(saved_film.scene, 25)
    bpy.ops.ed.undo_push(message="Rate")
    assert states(addon, films) == {addon.sections.State.OUT_OF_SYNC}
    bpy.ops.ed.undo()
    assert states(addon, films) == {addon.sections.State.FRESH}


def test_undo_brings_the_film_of_the_old_rate_back(addon, saved_film, sound, film, films, set_fps, render_stale, handles, cards):
    set_fps(saved_film.scene, 30)
    bpy.ops.ed.undo_push(message="Rate")
    render_stale()
    bpy.ops.ed.undo()
    (film,) = films()
    assert cards(film) == list(range(48))
    assert addon.sections.state(film) == addon.sections.State.OUT_OF_SYNC


def test_a_film_of_several_sounds_is_drawn_again_for_their_new_mix(
    addon, saved_film, sound, add_sound, click_track, wait, films, set_fps, render_stale, handles, cards
):
    other = add_sound(click_track(seconds=1, clicks=[0.5], name="other.wav"), frame_start=83, channel=2)
    sound.select = other.select = True
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    set_fps(saved_film.scene, 30)
    render_stale()
    (film,) = films()
    end = max(handles.right(sound), handles.right(other))
    assert (handles.left(film), handles.right(film)) == (11, end)
    assert cards(film) == list(range(end - 11))
    assert addon.sections.state_with_files(film) == addon.sections.State.FRESH


def test_keyframes_stay_on_the_scenes_frames_and_the_film_follows_them(addon, saved_film, film, films, set_fps, render_stale):
    name = film.name
    for frame, value in ((11, 0.1), (41, 0.9)):
        film.chromastrip_jitter = value
        assert film.keyframe_insert("chromastrip_jitter", frame=frame)
    set_fps(saved_film.scene, 30)
    render_stale()
    film = saved_film.editor.strips_all[name]
    assert addon.sections.state(film) == addon.sections.State.FRESH
    (curve,) = addon.sections.film_request(saved_film.scene, film).settings.curves
    values = dict(zip(curve.seconds, curve.values, strict=True))
    assert values[Fraction(0)] == pytest.approx(0.1)
    assert values[Fraction(29, 30)] < values[Fraction(1)] == pytest.approx(0.9)  # 30 frames after the sound's beginning
