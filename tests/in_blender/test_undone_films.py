"""A film whose strip is undone or deleted while it is drawn: it ends, does not come back by itself, and goes on with the strip."""

import bpy
import pytest

FRAMES = 48  # 2 s


@pytest.fixture
def shown(addon, add_sound, click_track, wait, films, set_pace):
    """Have a film's strip shown whose drawing goes on slowly."""
    set_pace(0.25)
    add_sound(click_track(seconds=2, clicks=[0.5]))
    bpy.ops.ed.undo_push(message="Sound")
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait(until=films)
    assert addon.jobs.state.job is not None
    return films()[0].name


@pytest.fixture
def finish(set_pace, wait):
    """Give a function that has all the rest drawn quickly, and waits for it."""

    def advance():
        set_pace(0)
        wait()

    return advance


def undo_until(condition, *, times=3):
    for _ in range(times):
        if condition():
            return
        bpy.ops.ed.undo()
    assert condition()


def test_undo_of_a_strip_that_is_being_drawn_ends_its_drawing_and_it_stays_away(addon, shown, finish, films):
    undo_until(lambda: not films())
    assert addon.jobs.state.cancelling
    finish()
    assert films() == []
    assert "gone from the timeline" in addon.jobs.state.notes[0]
    assert addon.job_list.state.offered == ()


@pytest.mark.parametrize("has_ended", [True, False])
def test_redo_takes_the_drawing_up_again(addon, shown, wait, finish, films, has_ended):
    undo_until(lambda: not films())
    if has_ended:
        wait()
        assert not addon.jobs.state.busy
    bpy.ops.ed.redo()
    assert len(films()) == 1
    assert addon.jobs.state.busy
    finish()
    (film,) = films()
    assert addon.sections.state_with_files(film) == addon.sections.State.FRESH
    assert addon.jobs.state.notes == ()


def test_undo_and_redo_may_go_to_and_fro(addon, shown, finish, films):
    for _ in range(3):
        undo_until(lambda: not films())
        bpy.ops.ed.redo()
    undo_until(lambda: not films())
    finish()
    assert films() == []
    assert not addon.jobs.state.busy


def test_a_deleted_strip_is_drawn_no_further_and_its_undo_goes_on(addon, shown, saved_film, wait, finish, films):
    bpy.ops.ed.undo_push(message="Film")
    saved_film.editor.strips.remove(saved_film.editor.strips[shown])
    bpy.ops.ed.undo_push(message="Delete")
    wait()
    assert films() == []
    assert "gone from the timeline" in addon.jobs.state.notes[0]
    bpy.ops.ed.undo()
    assert len(films()) == 1
    finish()
    (film,) = films()
    assert addon.sections.state_with_files(film) == addon.sections.State.FRESH


def test_a_strip_that_is_gone_when_the_last_frame_comes_does_not_return(addon, shown, saved_film, finish, films, monkeypatch):
    monkeypatch.setattr(addon.jobs, "LOOK_SECONDS", 1e9)  # nobody looks before
    saved_film.editor.strips.remove(saved_film.editor.strips[shown])
    finish()
    assert films() == []
    assert addon.jobs.state.error is None


def test_generate_draws_an_undone_film_anew(addon, shown, saved_film, wait, finish, films):
    undo_until(lambda: not films())
    wait()
    editor = bpy.context.scene.sequence_editor
    editor.active_strip = next(strip for strip in editor.strips if strip.type == "SOUND")
    editor.active_strip.select = True
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    finish()
    assert [addon.sections.state_with_files(film).name for film in films()] == ["FRESH"]


def test_undo_of_a_split_ends_the_drawing_of_a_piece_that_is_gone(addon, shown, saved_film, set_pace, wait, finish, films):
    finish()
    bpy.ops.ed.undo_push(message="Film")
    rest = saved_film.editor.strips[shown].split(frame=20, split_method="SOFT")
    rest.chromastrip.jitter = 0.9
    bpy.ops.ed.undo_push(message="Split")
    set_pace(0.25)
    for strip in saved_film.editor.strips:
        strip.select = strip == rest
    saved_film.editor.active_strip = rest
    assert bpy.ops.chromastrip.render() == {"FINISHED"}
    bpy.ops.ed.undo()
    assert len(films()) == 1
    finish()
    assert addon.jobs.state.error is None
    assert len(films()) == 1
    assert addon.sections.state_with_files(films()[0]) == addon.sections.State.FRESH
