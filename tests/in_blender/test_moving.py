"""Frames that nobody needs are removed, and no others; those of a .blend that is saved elsewhere come along when the user asks for it."""

import os
import time
from pathlib import Path

import bpy
import pytest

FRAMES = 12
TWO_HOURS = 7200


@pytest.fixture
def generate(saved_film, add_sound, click_track, wait, films, handles):
    """Give a function that draws a small film, and gives its strip."""

    def press(name="song", *, channel=1):
        sound = add_sound(click_track(seconds=1, clicks=[0.3], name=f"{name}.wav"), channel=channel)
        handles.set_right(sound, 1 + FRAMES)
        for other in saved_film.editor.strips:
            other.select = other == sound
        before = {strip.name for strip in films()}
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}
        wait()
        return next(strip for strip in films() if strip.name not in before)

    return press


@pytest.fixture
def do(addon, wait):
    """Give a function that presses a button and waits for what comes of it."""

    def press(operator, *, look=True):
        assert operator() == {"FINISHED"}
        wait()
        if look:
            addon.keeping.watching.look()
            wait()
        assert addon.jobs.state.error is None, addon.jobs.state.error

    return press


def folder_of(strip):
    return Path(os.path.normpath(bpy.path.abspath(strip.directory)))


def shows_all(strip):
    return all((folder_of(strip) / element.filename).is_file() for element in strip.elements)


def only_film():
    (strip,) = (strip for strip in bpy.context.scene.sequence_editor.strips if strip.type == "IMAGE")
    return strip


def save_as(path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), **options)


def reopen():
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)


def age(folder):
    """Let a folder's requests and pictures be drawn two hours ago."""
    then = time.time() - TWO_HOURS
    for path in folder.rglob("*"):
        os.utime(path, (then, then))


# Clean Up -------------------------------------------------------------------------------------------------------------------------------


def test_clean_up_removes_films_that_no_strip_shows_and_no_others(addon, saved_film, generate, do):
    kept, gone = generate("kept"), generate("gone", channel=5)
    kept_folder, gone_folder = folder_of(kept), folder_of(gone)
    addon.keeping.watching.look()
    saved_film.editor.strips.remove(gone)
    age(saved_film.folder / "chromastrip")
    do(bpy.ops.chromastrip.take_stock)
    assert "1 shown here before: save and open the file again to let it go." in addon.keeping.cleaning.stock_lines()
    assert not bpy.ops.chromastrip.clean_up.poll()
    reopen()
    do(bpy.ops.chromastrip.take_stock)
    assert any(gone_folder.name in line for line in addon.keeping.cleaning.going_lines())
    do(bpy.ops.chromastrip.clean_up)
    assert "Removed 1 film" in addon.jobs.state.notes[0]
    assert not gone_folder.exists()
    assert folder_of(only_film()) == kept_folder
    assert shows_all(only_film())


def test_films_in_metas_other_scenes_and_other_files_are_not_removed(addon, saved_film, generate, do, sequencer):
    first, second = generate("first"), generate("second", channel=5)
    names = {folder_of(first).name, folder_of(second).name}
    other = bpy.data.scenes.new("Other")
    other.sequence_editor_create().strips.new_meta(name="Meta", channel=1, frame_start=1)
    meta = other.sequence_editor.strips["Meta"]
    nested = meta.strips.new_image(name="x", filepath=str(folder_of(first) / first.elements[0].filename), channel=1, frame_start=1)
    assert nested.directory
    saved_film.editor.strips.remove(first)
    save_as(saved_film.folder / "b.blend", copy=True)
    saved_film.editor.strips.remove(saved_film.editor.strips[second.name])
    age(saved_film.folder / "chromastrip")
    reopen()
    do(bpy.ops.chromastrip.take_stock)
    stock = addon.keeping.cleaning.state.stock
    assert {film.name: film.use for film in stock.films} == dict(
        zip(sorted(names), ["shown here", "shown by another .blend, or by a timeline beside this one"], strict=True)
    )
    assert not bpy.ops.chromastrip.clean_up.poll()


def test_every_film_that_is_shown_is_noted_with_its_file(addon, saved_film, generate):
    folder = folder_of(generate())
    addon.keeping.watching.look()
    notes = addon.keeping.moving.blends_of
    assert notes(folder) == (saved_film.folder / "film.blend",)
    save_as(saved_film.folder / "v2" / "film2.blend")
    assert set(notes(folder)) == {saved_film.folder / "film.blend", saved_film.folder / "v2" / "film2.blend"}


def test_an_empty_project_holds_nothing(addon, saved_film, do):
    do(bpy.ops.chromastrip.take_stock)
    assert addon.keeping.cleaning.stock_lines()[0] == "0 films."
    assert not bpy.ops.chromastrip.clean_up.poll()


# Save As --------------------------------------------------------------------------------------------------------------------------------


def test_after_save_as_frames_are_copied_here_and_the_old_file_keeps_its_own(addon, saved_film, generate, do):
    old = folder_of(generate())
    save_as(saved_film.folder.parent / "new place" / "film.blend")
    assert shows_all(only_film())
    assert addon.keeping.moving.state.elsewhere == (old,)
    do(bpy.ops.chromastrip.copy_frames_here)
    assert folder_of(only_film()) == saved_film.folder.parent / "new place" / "chromastrip" / old.name
    assert only_film().directory.startswith("//chromastrip")
    assert shows_all(only_film())
    assert addon.keeping.moving.state.elsewhere == ()
    reopen()
    assert shows_all(only_film())
    assert len(list(old.glob("*.png"))) == FRAMES


def test_moved_frames_leave_their_old_place_only_when_the_file_is_saved(addon, saved_film, generate, do, wait):
    old = folder_of(generate())
    save_as(saved_film.folder.parent / "new place" / "film.blend")
    do(bpy.ops.chromastrip.move_frames_here)
    assert len(list(old.glob("*.png"))) == FRAMES
    assert folder_of(only_film()) != old
    bpy.ops.wm.save_mainfile()
    addon.keeping.watching.look()
    wait()
    assert not old.exists()
    assert shows_all(only_film())


def test_moving_can_be_undone_until_the_file_is_saved(addon, saved_film, generate, do, wait):
    old = folder_of(generate())
    save_as(saved_film.folder.parent / "new place" / "film.blend")
    bpy.ops.ed.undo_push(message="Before")
    do(bpy.ops.chromastrip.move_frames_here)
    bpy.ops.ed.undo()
    assert folder_of(only_film()) == old
    bpy.ops.wm.save_mainfile()
    addon.keeping.watching.look()
    wait()
    assert shows_all(only_film())


def test_strips_find_moved_frames_again_after_undo(addon, saved_film, generate, do, wait):
    generate()
    save_as(saved_film.folder.parent / "new place" / "film.blend")
    bpy.ops.ed.undo_push(message="Before")
    do(bpy.ops.chromastrip.move_frames_here)
    bpy.ops.wm.save_mainfile()
    addon.keeping.watching.look()
    wait()
    bpy.ops.ed.undo()
    assert not shows_all(only_film())
    addon.keeping.watching.look()
    do(bpy.ops.chromastrip.copy_frames_here)
    assert shows_all(only_film())


def test_a_file_saved_for_the_first_time_can_take_its_frames_along(addon, saved_film, generate, do, wait, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    bpy.ops.wm.read_homefile(use_empty=True)
    saved_film.editor = bpy.context.scene.sequence_editor_create()
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = bpy.context.scene
    old = folder_of(generate())
    assert old.is_relative_to(tmp_path / "cache")
    assert not bpy.ops.chromastrip.move_frames_here.poll()
    save_as(tmp_path / "project" / "film.blend")
    assert shows_all(only_film())
    do(bpy.ops.chromastrip.move_frames_here)
    bpy.ops.wm.save_mainfile()
    addon.keeping.watching.look()
    wait()
    assert not old.exists()
    assert folder_of(only_film()).parent == tmp_path / "project" / "chromastrip"
    assert shows_all(only_film())
    reopen()
    assert shows_all(only_film())


def test_absolute_paths_too_are_turned_in_all_scenes_and_metas(addon, saved_film, generate, do):
    strip = generate()
    old = folder_of(strip)
    strip.directory = str(old)
    other = bpy.data.scenes.new("Other")
    meta = other.sequence_editor_create().strips.new_meta(name="Meta", channel=1, frame_start=1)
    meta.strips.new_image(name="x", filepath=str(old / strip.elements[0].filename), channel=1, frame_start=1)
    save_as(saved_film.folder.parent / "new place" / "film.blend")
    do(bpy.ops.chromastrip.copy_frames_here)
    new = saved_film.folder.parent / "new place" / "chromastrip" / old.name
    nested = bpy.data.scenes["Other"].sequence_editor.strips_all["x"]
    assert (folder_of(only_film()), folder_of(nested)) == (new, new)


def test_pictures_come_along_into_the_cache_so_that_a_piece_drawn_again_does_not_cost_the_whole_film(saved_film, generate, do):
    generate()
    save_as(saved_film.folder.parent / "new place" / "film.blend")
    do(bpy.ops.chromastrip.copy_frames_here)
    cached = saved_film.folder.parent / "new place" / "chromastrip" / "cache" / "pictures"
    assert len(list(cached.rglob("*.png"))) == FRAMES


def test_frames_that_are_gone_are_told_of_and_no_strip_is_turned(addon, saved_film, generate, wait):
    old = folder_of(generate())
    save_as(saved_film.folder.parent / "new place" / "film.blend")
    for path in old.glob("*.png"):
        path.unlink()
    bpy.ops.chromastrip.copy_frames_here()
    wait()
    assert "are gone" in addon.jobs.state.error.cause
    assert folder_of(only_film()) == old
