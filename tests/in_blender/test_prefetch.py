"""What the timer changes never waits for Blender's prefetching, and the user's switch is never left as we set it."""

import bpy
import pytest


class Clock:
    """Time that passes when the test says so."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(addon, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(addon.prefetch, "time", clock)
    monkeypatch.setattr(addon.prefetch, "_is_at_work", lambda: True)  # as in a window
    yield clock
    addon.prefetch.go_on()


@pytest.fixture
def editor(saved_film, clock):
    saved_film.editor.use_prefetch = True
    return saved_film.editor


def test_a_change_waits_until_prefetching_has_ended_which_is_then_as_before(addon, editor, clock):
    assert not addon.prefetch.is_out_of_the_way()
    assert not editor.use_prefetch
    assert not addon.prefetch.is_out_of_the_way()
    clock.now += addon.prefetch.REST_SECONDS
    assert addon.prefetch.is_out_of_the_way()
    assert editor.use_prefetch


def test_who_does_not_prefetch_does_not_wait(addon, editor):
    editor.use_prefetch = False
    assert addon.prefetch.is_out_of_the_way()
    assert not editor.use_prefetch


def test_what_nobody_asks_for_any_more_ends_the_pause(addon, editor, clock):
    addon.prefetch.is_out_of_the_way()
    assert addon.prefetch._forget() is not None
    clock.now += addon.prefetch.FORGET_SECONDS
    assert addon.prefetch._forget() is None
    assert editor.use_prefetch


def test_a_pause_is_in_no_saved_file(addon, editor, saved_film):
    addon.prefetch.is_out_of_the_way()
    copy = str(saved_film.folder / "copy.blend")
    bpy.ops.wm.save_as_mainfile(filepath=copy, copy=True)
    assert editor.use_prefetch
    with bpy.data.libraries.load(copy) as (_, into):
        into.scenes = [saved_film.scene.name]
    assert into.scenes[0].sequence_editor.use_prefetch


def test_an_undo_to_a_pause_ends_it(addon, editor, saved_film):
    bpy.ops.ed.undo_push(message="Before")
    addon.prefetch.is_out_of_the_way()
    bpy.ops.ed.undo_push(message="In the pause")
    addon.prefetch.go_on()
    bpy.ops.ed.undo_push(message="After")
    bpy.ops.ed.undo()
    assert bpy.context.scene.sequence_editor.use_prefetch


def test_all_that_the_timer_changes_of_a_film_is_changed_after_a_pause(
    addon, editor, clock, add_sound, click_track, wait, films, fault, monkeypatch
):
    fault("slow@0.1")
    add_sound(click_track(seconds=2, clicks=[0.5]))
    answers, changes = [], []
    ask = addon.prefetch.is_out_of_the_way
    monkeypatch.setattr(addon.prefetch, "is_out_of_the_way", lambda: answers.append(ask()) or answers[-1])
    for name in ("look_again", "finish", "insert"):
        change = getattr(addon.live, name)
        monkeypatch.setattr(
            addon.live, name, lambda *given, change=change, name=name, **more: changes.append((name, answers[-1])) or change(*given, **more)
        )
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}

    def pass_time():
        clock.now += 0.1

    wait(until=pass_time)
    assert addon.jobs.state.error is None, addon.jobs.state.error
    assert len(films()) == 1
    assert {name for name, _ in changes} >= {"insert", "finish", "look_again"}
    assert all(was_out for _, was_out in changes)
    assert False in answers
    assert editor.use_prefetch
