"""Pieces of a film: drawn again with settings of their own, up to date or not, their settings passed on."""

import os
import shutil
import sys
from fractions import Fraction
from pathlib import Path

import bpy
import pytest

FRAMES = 30


@pytest.fixture(scope="session")
def known(tmp_path_factory):
    """Give a cache of what was heard and drawn for the first film: each test begins with it."""
    return tmp_path_factory.mktemp("known") / "cache"


@pytest.fixture
def film(known, saved_film, add_sound, click_track, wait, films, handles):
    """Give a small film by the embedded model, on frames 1 ... 30; it is not selected."""
    cache = saved_film.folder / "chromastrip" / "cache"
    if known.exists():
        shutil.copytree(known, cache)
    sound = add_sound(click_track(seconds=2, clicks=[0.3, 0.7, 1.1]), model="abstract")
    handles.set_right(sound, 1 + FRAMES)
    sound.chromastrip.limit_flashes = False
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    if not known.exists():
        shutil.copytree(cache, known)
    (strip,) = films()
    return strip


@pytest.fixture
def split(film, saved_film):
    """Split the film at frames 11 and 21, and give its three pieces."""
    middle = film.split(frame=11, split_method="SOFT")
    return film, middle, middle.split(frame=21, split_method="SOFT")


@pytest.fixture
def render(saved_film, wait, addon):
    """Give a function that selects strips and presses Render."""

    def press(*strips):
        names = [strip.name for strip in strips]
        select(saved_film.editor, *strips)
        assert bpy.ops.chromastrip.render() == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None, addon.jobs.state.error
        found = [saved_film.editor.strips_all[name] for name in names]
        return found[0] if len(found) == 1 else found

    return press


def select(editor, *strips):
    for other in editor.strips_all:
        other.select = other in strips
    editor.active_strip = strips[0]


def shown(strip, handles):
    """Read the pictures that a strip shows."""
    folder = Path(bpy.path.abspath(strip.directory))
    frames = range(handles.left(strip), handles.right(strip))
    return [(folder / strip.strip_elem_from_frame(frame).filename).read_bytes() for frame in frames]


def drawn_count(addon, monkeypatch):
    """Count what the worker says that it has drawn."""
    counts, take = [], addon.jobs._take

    def count(event):
        counts.extend([event.drawn_count] if hasattr(event, "drawn_count") else [])
        take(event)

    monkeypatch.setattr(addon.jobs, "_take", count)
    return counts


def move(strip, frames):
    name = "content_start" if hasattr(strip, "content_start") else "frame_start"
    setattr(strip, name, getattr(strip, name) + frames)


def test_only_the_piece_is_drawn_again_and_others_keep_their_pictures(addon, split, render, handles, monkeypatch):
    counts = drawn_count(addon, monkeypatch)
    before = [shown(piece, handles) for piece in split]
    split[1].chromastrip.seed = 5
    split[1].chromastrip.tempo_sensitivity = 1.5
    first, middle, last = split
    middle = render(middle)
    after = [shown(piece, handles) for piece in (first, middle, last)]
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] != before[1]
    assert 0 < counts[0] <= 10
    assert (handles.left(middle), handles.right(middle)) == (11, 21)


def test_the_film_around_a_piece_is_the_old_film(addon, split, render):
    """So the piece lands on its neighbours: its own film is the old one outside of it, byte for byte."""
    first, middle, _ = split
    old = Path(bpy.path.abspath(first.directory))
    before = [(old / element.filename).read_bytes() for element in first.elements]
    middle.chromastrip.seed = 5
    middle = render(middle)
    new = Path(bpy.path.abspath(middle.directory))
    after = [(new / element.filename).read_bytes() for element in middle.elements]
    assert new != old
    assert [number for number in range(FRAMES) if after[number] != before[number]] == list(range(10, 20))


def test_a_second_section_adds_to_the_first(addon, saved_film, split, render, handles):
    middle = split[1]
    middle.chromastrip.seed = 5
    middle = render(middle)
    half = middle.split(frame=16, split_method="SOFT")
    kept = shown(middle, handles)
    half.chromastrip.seed = 9
    half = render(half)
    assert shown(middle, handles) == kept
    request = addon.sections.film_request(saved_film.scene, half)
    assert [(one.first_frame, one.end_frame, one.settings.seed) for one in request.sections] == [(10, 20, 5), (15, 20, 9)]


def test_rendering_a_piece_twice_replaces_its_section(addon, saved_film, split, render):
    middle = split[1]
    for seed in (5, 6):
        middle.chromastrip.seed = seed
        middle = render(middle)
    request = addon.sections.film_request(saved_film.scene, middle)
    assert [(one.first_frame, one.end_frame, one.settings.seed) for one in request.sections] == [(10, 20, 6)]


def test_settings_set_back_give_the_old_film_again(split, render):
    first, middle, _ = split
    middle.chromastrip.seed = 5
    middle = render(middle)
    assert middle.directory != first.directory
    middle.chromastrip.seed = first.chromastrip.seed
    middle = render(middle)
    assert middle.directory == first.directory


def test_the_whole_film_is_drawn_anew_in_place(addon, saved_film, film, render, films, handles):
    before = shown(film, handles)
    film.chromastrip.seed = 5
    film = render(film)
    assert films() == [film]
    assert shown(film, handles) != before
    request = addon.sections.film_request(saved_film.scene, film)
    assert (request.settings.seed, request.sections) == (5, ())


def test_moved_trimmed_and_duplicated_pieces_ask_for_what_they_show(addon, split, handles):
    first, middle, last = split
    move(last, 100)
    assert addon.sections.shown_frames(last) == (20, 30)
    handles.set_left(middle, 13)
    handles.set_right(middle, 19)
    assert addon.sections.shown_frames(middle) == (12, 18)
    handles.set_left(first, -20)  # stretched beyond its film
    assert addon.sections.shown_frames(first) == (0, 10)


def test_a_duplicate_is_drawn_alone(addon, saved_film, split, render, sequencer):
    middle = split[1]
    name, folder = middle.name, middle.directory
    before = {strip.name for strip in saved_film.editor.strips}
    select(saved_film.editor, middle)
    window = bpy.context.window_manager.windows[0]
    main = next(part for part in sequencer.regions if part.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=sequencer, region=main, scene=saved_film.scene):
        assert bpy.ops.sequencer.duplicate() == {"FINISHED"}
    (again,) = (strip for strip in saved_film.editor.strips if strip.name not in before)
    assert addon.sections.shown_frames(again) == (10, 20)
    again.chromastrip.seed = 5
    assert render(again).directory != folder
    assert saved_film.editor.strips[name].directory == folder


def test_a_retimed_piece_asks_for_what_it_shows(addon, film, set_speed):
    set_speed(film, 2)
    first, end = addon.sections.shown_frames(film)
    assert (first, FRAMES - 2 <= end <= FRAMES) == (0, True)


def test_hard_split_pieces_ask_for_what_they_show(addon, film):
    other = film.split(frame=11, split_method="HARD")
    assert addon.sections.shown_frames(film) == (0, 10)
    assert addon.sections.shown_frames(other) == (10, 30)


def test_a_piece_in_a_meta_strip_is_drawn(addon, saved_film, split, wait, handles):
    middle = split[1]
    meta = saved_film.editor.strips.new_meta(name="Meta", channel=9, frame_start=1)
    middle.move_to_meta(meta)
    middle.chromastrip.seed = 5
    before = shown(middle, handles)
    assert bpy.ops.chromastrip.render_stale() == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None
    middle = meta.strips[0]
    assert shown(middle, handles) != before
    assert addon.sections.state(middle) == addon.sections.State.FRESH


def test_a_piece_that_is_extended_after_it_was_drawn_asks_only_for_the_missing_frames(addon, split, render, handles, monkeypatch):
    _, middle, last = split
    middle.chromastrip.seed = 5
    middle = render(middle)
    move(last, 100)
    handles.set_right(middle, 24)
    assert addon.sections.state(middle) == addon.sections.State.LONGER
    counts = drawn_count(addon, monkeypatch)
    middle = render(middle)
    assert addon.sections.state(middle) == addon.sections.State.FRESH
    assert 0 < counts[0] <= 13


def test_a_trimmed_piece_that_is_extended_again_draws_nothing(addon, split, render, handles, monkeypatch):
    middle = split[1]
    middle.chromastrip.seed = 5
    middle = render(middle)
    handles.set_right(middle, 15)
    handles.set_right(middle, 21)
    counts = drawn_count(addon, monkeypatch)
    middle = render(middle)
    assert counts == [0]


def test_undo_makes_a_strip_fresh_again(addon, saved_film, split):
    name = split[1].name
    state = addon.sections.state
    bpy.ops.ed.undo_push(message="Before")
    split[1].chromastrip.jitter = 0.9
    bpy.ops.ed.undo_push(message="Jitter")
    strips = lambda: bpy.context.scene.sequence_editor.strips  # noqa: E731
    assert state(strips()[name]) == addon.sections.State.STALE
    bpy.ops.ed.undo()
    assert state(strips()[name]) == addon.sections.State.FRESH


def test_a_drawn_piece_is_one_step_of_undo(addon, saved_film, split, render):
    middle = split[1]
    name, folder = middle.name, middle.directory
    middle.chromastrip.seed = 5
    bpy.ops.ed.undo_push(message="Seed")
    assert render(middle).directory != folder
    bpy.ops.ed.undo()
    middle = bpy.context.scene.sequence_editor.strips[name]
    assert (middle.directory, middle.elements[12].filename[:5]) == (folder, "click")
    assert addon.sections.state(middle) == addon.sections.State.STALE
    bpy.ops.ed.redo()
    middle = bpy.context.scene.sequence_editor.strips[name]
    assert middle.directory != folder
    assert addon.sections.state_with_files(middle) == addon.sections.State.FRESH


def test_missing_frames_are_noticed_and_come_back_from_the_cache(addon, split, render, handles, monkeypatch):
    middle = split[1]
    before = shown(middle, handles)
    folder = Path(bpy.path.abspath(middle.directory))
    for number in (12, 13):
        (folder / middle.elements[number].filename).unlink()
    assert addon.sections.missing_count(middle) == 2
    assert addon.sections.state_with_files(middle) == addon.sections.State.MISSING
    counts = drawn_count(addon, monkeypatch)
    middle = render(middle)
    assert (counts, shown(middle, handles)) == ([0], before)


def test_render_stale_strips_does_all_and_only_those(addon, saved_film, split, wait):
    first, middle, last = split
    folder = middle.directory
    for piece, seed in ((first, 3), (last, 4)):
        piece.chromastrip.seed = seed
    assert len(list(addon.sections.outdated(saved_film.scene))) == 2
    assert bpy.ops.chromastrip.render_stale() == {"FINISHED"}
    assert len(addon.jobs.state.waiting) == 1
    wait()
    assert not list(addon.sections.outdated(saved_film.scene))
    assert middle.directory == folder
    assert len({first.directory, middle.directory, last.directory}) == 3
    assert bpy.ops.chromastrip.render_stale() == {"CANCELLED"}
    addon.sections.noted_state(middle)
    addon.sections._look_again()  # what its timer does while the panel is seen
    assert not bpy.ops.chromastrip.render_stale.poll()
    middle.chromastrip.seed = 9
    assert bpy.ops.chromastrip.render_stale.poll()


def test_cancel_ends_all_that_waits(addon, saved_film, split, wait):
    for piece in split:
        piece.chromastrip.seed = 5
    bpy.ops.chromastrip.render_stale()
    assert bpy.ops.chromastrip.cancel_all() == {"FINISHED"}
    wait()
    assert not addon.jobs.state.busy
    assert len(list(addon.sections.outdated(saved_film.scene))) == 3


def test_a_piece_that_was_changed_while_it_was_drawn_is_stale(addon, saved_film, split, wait):
    middle = split[1]
    middle.chromastrip.seed = 5
    select(saved_film.editor, middle)
    bpy.ops.chromastrip.render()
    middle.chromastrip.seed = 6
    middle.name = "Renamed"
    wait()
    middle = saved_film.editor.strips["Renamed"]
    assert middle.chromastrip.seed == 6
    assert middle.chromastrip.film != split[0].chromastrip.film
    assert addon.sections.state(middle) == addon.sections.State.STALE


def test_a_piece_that_was_deleted_while_it_was_drawn_is_told(addon, saved_film, split, wait):
    middle = split[1]
    middle.chromastrip.seed = 5
    select(saved_film.editor, middle)
    bpy.ops.chromastrip.render()
    saved_film.editor.strips.remove(middle)
    wait()
    assert "is gone" in addon.jobs.state.error.cause


def test_a_piece_survives_saving_and_loading(addon, saved_film, split, render, handles):
    middle = split[1]
    middle.chromastrip.seed = 5
    middle = render(middle)
    name, before = middle.name, shown(middle, handles)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    middle = bpy.context.scene.sequence_editor.strips[name]
    assert shown(middle, handles) == before
    assert addon.sections.state(middle) == addon.sections.State.FRESH


def test_a_film_without_its_request_says_what_to_do(addon, saved_film, film):
    select(saved_film.editor, film)
    shutil.rmtree(bpy.path.abspath(film.directory))
    with pytest.raises(RuntimeError, match=r"Select its sound, and press Generate"):
        bpy.ops.chromastrip.render()


def test_a_piece_has_the_model_and_size_of_its_film(addon, saved_film, split):
    middle = split[1]
    middle.chromastrip.model = "sync-card"
    select(saved_film.editor, middle)
    with pytest.raises(RuntimeError, match="another model, size or shape"):
        bpy.ops.chromastrip.render()


def test_another_frame_rate_is_out_of_sync(addon, saved_film, film, set_fps):
    assert not addon.sections.is_out_of_sync(saved_film.scene, film)
    set_fps(saved_film.scene, 30)
    assert addon.sections.is_out_of_sync(saved_film.scene, film)
    assert addon.sections.state(film) == addon.sections.State.OUT_OF_SYNC
    set_fps(saved_film.scene, 24)
    assert addon.sections.state(film) == addon.sections.State.FRESH


def test_a_film_of_ten_thousand_frames_is_looked_at_and_turned(addon, saved_film, add_pictures, tmp_path, monkeypatch):
    protocol = sys.modules[addon.__name__.replace(".addon", ".core.protocol")]
    strip = add_pictures("film", count=10_000)
    addon.sections.mark_as_drawn(strip.chromastrip, film="x", drawn="y", fps=Fraction(24), first_frame=0, end_frame=10_000)
    frames = protocol.FrameSequence(folder=str(tmp_path), prefix="b_", suffix=".png", first_number=0, digits=6, frame_count=10_000)
    piece = addon.sections.Piece(
        scene_name=saved_film.scene.name, strip_name=strip.name, film="x", first_frame=0, end_frame=10_000, drawn="z", fps=Fraction(24)
    )
    with monkeypatch.context() as patch:
        for name in ("scandir", "stat", "listdir", "open"):
            patch.setattr(os, name, lambda *_: pytest.fail("a file was read while drawing"))
        addon.sections.noted_state(strip)
    assert addon.sections.missing_count(strip) == 0
    addon.sections.show_piece(piece, frames, film="new")
    assert addon.sections.missing_count(strip) == 10_000
    assert strip.elements[9_999].filename == "b_009999.png"


def test_redo_gives_the_sound_the_settings_of_its_film(saved_film, film, addon):
    sound = saved_film.editor.strips[film.chromastrip.sound_name]
    film.chromastrip.seed, film.chromastrip.look = 77, "original-msieg"
    select(saved_film.editor, film)
    assert bpy.ops.chromastrip.redo() == {"FINISHED"}
    assert (sound.chromastrip.seed, sound.chromastrip.look, sound.chromastrip.film) == (77, "original-msieg", "")
    assert addon.sections.shown_strip(saved_film.scene) == sound


def test_copied_settings_are_pasted_onto_all_selected_strips(saved_film, split, addon):
    first, middle, last = split
    sound = saved_film.editor.strips[first.chromastrip.sound_name]
    sound.chromastrip.model, sound.chromastrip.jitter, sound.chromastrip.classes = "sync-card", 0.1, "tabby"
    select(saved_film.editor, sound)
    assert bpy.ops.chromastrip.copy_settings() == {"FINISHED"}
    select(saved_film.editor, middle, last)
    assert bpy.ops.chromastrip.paste_settings() == {"FINISHED"}
    for piece in (middle, last):
        assert (piece.chromastrip.classes, round(piece.chromastrip.jitter, 3)) == ("tabby", 0.1)
        assert (piece.chromastrip.model, piece.chromastrip.film) == ("abstract", first.chromastrip.film)
    assert first.chromastrip.classes == ""


def test_after_generating_the_sound_is_still_what_the_panel_shows(saved_film, film, addon):
    assert addon.sections.shown_strip(saved_film.scene).type == "SOUND"
    select(saved_film.editor, film)
    assert addon.sections.shown_strip(saved_film.scene) == film
