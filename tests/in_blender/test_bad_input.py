"""What an editor can do wrong: each gets a message that names the cause and the cure, and nothing is left behind."""

from pathlib import Path

import bpy
import pytest


@pytest.fixture
def song(click_track):
    return click_track(seconds=1, clicks=[0.5])


def why_not():
    """Press the button and give the message of its refusal."""
    with pytest.raises(RuntimeError) as refusal:
        bpy.ops.chromastrip.generate()
    return str(refusal.value)


def fails(addon, wait):
    """Press the button, wait, and give the error that the panel shows."""
    bpy.ops.chromastrip.generate()
    wait()
    assert addon.jobs.state.error is not None
    assert addon.jobs.state.error.cure
    return addon.jobs.state.error.cause


def source_error(addon, scene):
    with pytest.raises(addon.strips.UserError) as error:
        addon.strips.source_strip(scene)
    return str(error.value)


def test_no_sound_strip_is_selected(addon, saved_film, add_sound, song):
    assert "empty" in source_error(addon, saved_film.scene) or "No sound" in source_error(addon, saved_film.scene)
    add_sound(song).select = False
    assert "No sound strip is selected. Click" in source_error(addon, saved_film.scene)
    assert not bpy.ops.chromastrip.generate.poll()
    why_not()


def test_of_several_selected_sounds_the_active_one_gives_the_settings_else_the_first(addon, saved_film, add_sound, song):
    first, second = add_sound(song, channel=1), add_sound(song, channel=2)
    assert addon.strips.source_strip(saved_film.scene) == second
    saved_film.editor.active_strip = None
    assert addon.strips.source_strip(saved_film.scene) == first
    first.select = False
    assert addon.strips.source_strip(saved_film.scene) == second


def test_a_muted_sound_is_drawn_all_the_same(saved_film, add_sound, song, wait, films):
    add_sound(song).mute = True
    bpy.ops.chromastrip.generate()
    wait()
    assert len(films()) == 1


def test_a_missing_file_is_named(addon, saved_film, add_sound, song):
    add_sound(song)
    song.unlink()
    refusal = why_not()
    assert str(song) in refusal
    assert "Find Missing Files" in refusal


def test_a_packed_sound_is_drawn_even_if_its_file_is_gone(saved_film, add_sound, song, wait, films):
    strip = add_sound(song)
    strip.sound.pack()
    song.unlink()
    bpy.ops.chromastrip.generate()
    wait()
    assert len(films()) == 1


def test_a_sound_by_a_relative_path_is_found(saved_film, add_sound, song, wait, films):
    strip = add_sound(song)
    strip.sound.filepath = bpy.path.relpath(str(song))
    assert strip.sound.filepath.startswith("//")
    bpy.ops.chromastrip.generate()
    wait()
    assert len(films()) == 1


def test_a_silent_strip_is_drawn_with_a_note(addon, saved_film, add_sound, click_track, wait, films):
    add_sound(click_track(seconds=1, clicks=[]))
    bpy.ops.chromastrip.generate()
    wait()
    assert len(films()) == 1
    assert any("silent" in note for note in addon.jobs.state.notes)


def test_a_file_that_is_no_sound_is_named(addon, saved_film, add_sound, song, wait):
    add_sound(song)
    song.write_text("no sound at all")
    assert song.name in fails(addon, wait)


def test_a_sound_too_short_to_hear_is_refused(addon, saved_film, add_sound, click_track, wait):
    add_sound(click_track(seconds=1 / 48_000, clicks=[]))
    assert "1 samples" in fails(addon, wait) or "0 samples" in fails(addon, wait)


def test_an_unsaved_blend_draws_into_the_cache_folder(addon, extension, song, wait, films):
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    editor = scene.sequence_editor_create()
    editor.active_strip = editor.strips.new_sound(name="song", filepath=str(song), channel=1, frame_start=1)
    editor.active_strip.chromastrip.model = "sync-card"
    bpy.ops.chromastrip.generate()
    wait()
    (film,) = films()
    assert Path(film.directory).is_relative_to(addon.folders.user_cache_folder())


def test_a_folder_that_cannot_be_written_to_is_named(addon, saved_film, add_sound, song, wait):
    add_sound(song)
    (saved_film.folder / "chromastrip").write_text("a file where the folder should be")
    assert str(saved_film.folder / "chromastrip") in fails(addon, wait)


def test_a_second_click_on_generate_draws_no_second_film(addon, saved_film, add_sound, song, wait, films):
    add_sound(song)
    bpy.ops.chromastrip.generate()
    bpy.ops.chromastrip.generate()
    assert addon.jobs.state.waiting == ()
    wait()
    assert len(films()) == 1


def test_opening_another_file_forgets_the_film(addon, saved_film, add_sound, song, wait):
    add_sound(song)
    bpy.ops.wm.save_mainfile()
    bpy.ops.chromastrip.generate()
    bpy.ops.wm.read_homefile(use_empty=True)
    assert not addon.jobs.state.busy


def test_a_scene_that_is_gone_is_named_and_the_frames_are_kept(addon, saved_film, add_sound, song, wait):
    add_sound(song)
    bpy.ops.chromastrip.generate()
    other = bpy.data.scenes.new("Other")
    bpy.context.window.scene = other
    bpy.data.scenes.remove(saved_film.scene)
    wait()
    assert "is gone" in addon.jobs.state.error.cause
    assert "kept in" in addon.jobs.state.error.cure
