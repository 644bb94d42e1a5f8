"""What becomes of films while the user goes on working: undo, saving, other files, other scenes, the add-on switched off and on.

The add-on takes the worker's news in `tick` alone, so between `begin` and `wait` a film is under way, however fast it is drawn.
"""

import sys
from pathlib import Path

import addon_utils
import bpy
import pytest

from tests.waiting import is_running, until

FRAMES = 24
HAS_SEQUENCER_SCENE = bpy.app.version >= (5, 0, 0)


@pytest.fixture
def song(click_track):
    return click_track(seconds=1, clicks=[0.5])


@pytest.fixture
def begin(addon, wait):
    """Give a function that presses Generate and comes back when the worker has been told."""

    def press():
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}
        wait(until=lambda: not addon.jobs._worker._unsent)
        assert addon.jobs.state.busy

    return press


@pytest.fixture
def finish(addon, wait, films):
    """Give a function that waits for the film, and gives its strip."""

    def see():
        wait()
        assert addon.jobs.state.error is None, addon.jobs.state.error
        (film,) = films()
        return film

    return see


@pytest.fixture
def film(saved_film, add_sound, song, begin, finish):
    """Give a finished film of a sound, in a saved .blend."""
    add_sound(song)
    begin()
    strip = finish()
    bpy.ops.wm.save_mainfile()
    return strip


@pytest.fixture
def elsewhere(tmp_path):
    """Give another folder."""
    folder = tmp_path / "anderswo"
    folder.mkdir()
    return folder


def frames_are_there(strip):
    library = strip.id_data.library
    folder = Path(bpy.path.abspath(strip.directory, library=library))
    return len(strip.elements) == FRAMES and all((folder / element.filename).is_file() for element in strip.elements)


def image_strips(scene):
    return [strip for strip in scene.sequence_editor.strips if strip.type == "IMAGE"] if scene.sequence_editor else []


def edit(scene):
    """Show a scene in the window, and its strips in the sequencer."""
    bpy.context.window.scene = scene
    if HAS_SEQUENCER_SCENE:
        bpy.context.workspace.sequencer_scene = scene


# Undo -----------------------------------------------------------------------------------------------------------------------------------


def test_undo_of_something_else_does_not_disturb_the_film_that_is_drawn(saved_film, add_sound, song, begin, finish):
    add_sound(song)
    bpy.ops.ed.undo_push(message="Sound")
    saved_film.scene.timeline_markers.new("here", frame=5)
    bpy.ops.ed.undo_push(message="Marker")
    begin()
    bpy.ops.ed.undo()
    assert frames_are_there(finish())
    assert len(bpy.context.scene.timeline_markers) == 0


def test_a_film_whose_sound_was_undone_is_still_put_where_it_belongs(saved_film, add_sound, song, begin, finish, handles):
    bpy.ops.ed.undo_push(message="Nothing")
    add_sound(song, frame_start=11)
    bpy.ops.ed.undo_push(message="Sound")
    begin()
    bpy.ops.ed.undo()
    film = finish()
    assert (handles.left(film), frames_are_there(film)) == (11, True)


def test_undo_and_redo_of_a_film_can_go_to_and_fro(addon, saved_film, add_sound, song, begin, finish, films):
    add_sound(song)
    bpy.ops.ed.undo_push(message="Sound")
    begin()
    name = finish().name
    for _ in range(2):
        while films():
            bpy.ops.ed.undo()
        bpy.ops.ed.redo()
        while not frames_are_there(bpy.context.scene.sequence_editor.strips[name]):
            bpy.ops.ed.redo()
        assert addon.sections.state_with_files(bpy.context.scene.sequence_editor.strips[name]) == addon.sections.State.FRESH


# Saving, loading, other files -----------------------------------------------------------------------------------------------------------


def test_saving_does_not_disturb_the_film_that_is_drawn(saved_film, add_sound, song, begin, finish):
    add_sound(song)
    begin()
    bpy.ops.wm.save_mainfile()
    assert frames_are_there(finish())


def test_a_film_that_is_drawn_comes_along_when_the_blend_is_saved_elsewhere(saved_film, add_sound, song, begin, finish, films, elsewhere):
    add_sound(song)
    begin()
    bpy.ops.wm.save_as_mainfile(filepath=str(elsewhere / "film.blend"))
    assert frames_are_there(finish())
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    (film,) = films()
    assert frames_are_there(film)


def test_reverting_the_file_forgets_the_job_and_keeps_its_frames(addon, saved_film, add_sound, song, begin, finish, films):
    add_sound(song)
    bpy.ops.wm.save_mainfile()
    begin()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    assert not addon.jobs.state.busy
    assert films() == []
    select_sound(bpy.context.scene)
    begin()
    assert frames_are_there(finish())


def select_sound(scene):
    edit(scene)
    editor = scene.sequence_editor
    for strip in editor.strips:
        strip.select = strip.type == "SOUND"
        editor.active_strip = strip if strip.select else editor.active_strip


@pytest.mark.parametrize("link", [False, True], ids=["appended", "linked"])
def test_a_scene_from_another_file_shows_its_film(addon, film, elsewhere, link):
    blend = bpy.data.filepath
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(elsewhere / "other.blend"))
    with bpy.data.libraries.load(blend, link=link) as (there, here):
        here.scenes = there.scenes
    (scene,) = here.scenes
    (strip,) = image_strips(scene)
    assert addon.sections.state_with_files(strip) == addon.sections.State.FRESH
    assert addon.sections.film_request(scene, strip).frame_count == FRAMES
    assert frames_are_there(strip)


def test_an_appended_films_settings_can_be_drawn_again(addon, film, elsewhere, wait):
    blend = bpy.data.filepath
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(elsewhere / "other.blend"))
    with bpy.data.libraries.load(blend, link=False) as (there, here):
        here.scenes = there.scenes
    (scene,) = here.scenes
    edit(scene)
    (strip,) = image_strips(scene)
    strip.chromastrip.jitter = 0.9
    strip.select = True
    scene.sequence_editor.active_strip = strip
    assert bpy.ops.chromastrip.render() == {"FINISHED"}
    wait()
    (strip,) = image_strips(scene)
    assert addon.sections.state_with_files(strip) == addon.sections.State.FRESH
    assert Path(bpy.path.abspath(strip.directory)).resolve().is_relative_to(elsewhere)


def test_a_linked_scene_is_refused_with_the_file_to_open(addon, film, elsewhere):
    blend = bpy.data.filepath
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(blend, link=True) as (there, here):
        here.scenes = there.scenes
    (scene,) = here.scenes
    edit(scene)
    for press in (bpy.ops.chromastrip.generate, bpy.ops.chromastrip.render, bpy.ops.chromastrip.render_stale):
        with pytest.raises(RuntimeError, match=r"linked from .*film\.blend"):
            press()


@pytest.fixture
def clipboard(tmp_path):
    """Keep what is copied to this Blender: its clipboard is a file in the temporary folder, which others share."""
    preferences = bpy.context.preferences.filepaths
    before, preferences.temporary_directory = preferences.temporary_directory, str(tmp_path)
    yield
    preferences.temporary_directory = before


def press(operator):
    """Press a key in the sequencer."""
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "SEQUENCE_EDITOR"
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        assert operator() == {"FINISHED"}


def copy_all(scene):
    edit(scene)
    for strip in scene.sequence_editor.strips:
        strip.select = True
    press(bpy.ops.sequencer.copy)


def paste_into(scene):
    edit(scene)
    scene.sequence_editor_create()
    press(bpy.ops.sequencer.paste)
    (strip,) = image_strips(scene)
    return strip


def test_strips_copied_to_another_scene_show_their_film_and_have_settings_of_their_own(addon, film, clipboard):
    scene, other = bpy.context.scene, bpy.data.scenes.new("Other")
    other.render.resolution_x = other.render.resolution_y = scene.render.resolution_x  # else it would want to be fitted
    copy_all(scene)
    copy = paste_into(other)
    (film,) = image_strips(scene)
    assert copy.chromastrip.film == film.chromastrip.film
    assert addon.sections.state_with_files(copy) == addon.sections.State.FRESH
    film.chromastrip.jitter = 0.9
    assert [len(list(addon.sections.outdated(one))) for one in (scene, other)] == [1, 0]


def test_strips_copied_to_another_file_show_their_film(addon, film, clipboard, elsewhere):
    digest = film.chromastrip.film
    copy_all(bpy.context.scene)
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(elsewhere / "other.blend"))
    bpy.context.scene.render.resolution_x = bpy.context.scene.render.resolution_y = 128
    copy = paste_into(bpy.context.scene)
    assert copy.chromastrip.film == digest
    assert addon.sections.state_with_files(copy) == addon.sections.State.FRESH
    assert frames_are_there(copy)


# Scenes ---------------------------------------------------------------------------------------------------------------------------------


def second_scene(song, *, frame_start):
    """Make another scene with the same sound, chosen, and edit it."""
    scene = bpy.data.scenes.new("Second")
    editor = scene.sequence_editor_create()
    strip = editor.strips.new_sound(name="second", filepath=str(song), channel=1, frame_start=frame_start)
    strip.chromastrip.model = "sync-card"
    editor.active_strip = strip
    edit(scene)
    return scene


def test_each_scene_gets_its_own_film_whichever_is_edited_meanwhile(addon, saved_film, add_sound, song, begin, wait, handles):
    add_sound(song, frame_start=1)
    begin()
    second = second_scene(song, frame_start=101)
    wait()
    assert image_strips(second) == []
    begin()
    edit(saved_film.scene)
    wait()
    assert addon.jobs.state.error is None
    placed = [[handles.left(strip) for strip in image_strips(scene)] for scene in (saved_film.scene, second)]
    assert placed == [[1], [101]]


def test_a_scene_that_is_renamed_meanwhile_gets_its_film(saved_film, add_sound, song, begin, finish):
    add_sound(song)
    begin()
    saved_film.scene.name = "Anders"
    bpy.data.scenes.new("Scene")  # takes the name
    assert frames_are_there(finish())


if HAS_SEQUENCER_SCENE:

    def test_without_a_sequencer_scene_the_film_still_comes(saved_film, add_sound, song, begin, finish):
        add_sound(song)
        begin()
        bpy.context.workspace.sequencer_scene = None
        assert frames_are_there(finish())

    def test_without_a_sequencer_scene_the_windows_scene_is_meant(saved_film, add_sound, song, begin, finish):
        add_sound(song)
        bpy.context.workspace.sequencer_scene = None
        begin()
        assert frames_are_there(finish())

    def test_the_sequencers_scene_is_drawn_for_not_the_windows(saved_film, add_sound, song, begin, wait):
        add_sound(song)
        other = bpy.data.scenes.new("Other")
        bpy.context.window.scene = other
        begin()
        wait()
        assert [len(image_strips(scene)) for scene in (saved_film.scene, other)] == [1, 0]


# The sound ------------------------------------------------------------------------------------------------------------------------------


def test_a_film_comes_where_its_sound_was_when_that_is_deleted_meanwhile(saved_film, add_sound, song, begin, finish, handles):
    sound = add_sound(song, frame_start=11)
    begin()
    saved_film.editor.strips.remove(sound)
    film = finish()
    assert (handles.left(film), frames_are_there(film)) == (11, True)


def test_a_film_finds_its_sound_when_that_is_renamed_meanwhile(addon, saved_film, add_sound, song, begin, finish):
    sound = add_sound(song)
    begin()
    sound.name = "Anders"
    film = finish()
    assert addon.sections.sound_of(saved_film.scene, film) == sound


def test_a_film_comes_when_its_sound_is_muted_meanwhile(saved_film, add_sound, song, begin, finish):
    sound = add_sound(song)
    begin()
    sound.mute = True
    assert frames_are_there(finish())


def test_a_film_stays_at_its_place_when_its_sound_is_trimmed_meanwhile(saved_film, add_sound, song, begin, finish, handles):
    sound = add_sound(song, frame_start=11)
    begin()
    handles.set_left(sound, 16)
    film = finish()
    assert (handles.left(film), handles.right(film)) == (11, 11 + FRAMES)


# The add-on -----------------------------------------------------------------------------------------------------------------------------


def kept_pictures(saved_film):
    folder = saved_film.folder / "chromastrip" / "cache" / "pictures"
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.png") if not path.name.startswith(".")}


@pytest.fixture
def half_drawn(addon, saved_film, add_sound, song, begin, fault):
    """Give the worker's number in the midst of a film, with some pictures finished: it hangs at the thirteenth."""
    fault("hang@12")
    sound = add_sound(song)
    sound.chromastrip.jitter = 0.75
    begin()
    until(lambda: kept_pictures(saved_film))
    return addon.jobs.worker_pid()


@pytest.fixture
def go_on(extension, worker_python, saved_film, films, monkeypatch):
    """Give a function that presses Generate in the add-on as it is now, and sees that finished pictures were not drawn again."""

    def see():
        monkeypatch.delenv("CHROMASTRIP_FAULT")
        before = kept_pictures(saved_film)
        bpy.context.preferences.addons[extension].preferences.engine_python = str(worker_python)
        jobs = sys.modules[f"{extension}.addon.jobs"]
        select_sound(bpy.context.scene)
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}

        def is_done():
            jobs.tick()
            return not jobs.state.busy

        until(is_done)
        assert jobs.state.error is None, jobs.state.error
        assert 0 < len(before) < FRAMES
        assert len(kept_pictures(saved_film)) == FRAMES
        assert {path: time for path, time in kept_pictures(saved_film).items() if path in before} == before
        assert any(frames_are_there(film) for film in films())
        jobs._drop_worker()

    return see


@pytest.mark.any_blender
def test_disabled_and_enabled_in_the_midst_of_a_film_the_add_on_goes_on_where_it_was(extension, saved_film, half_drawn, go_on):
    addon_utils.disable(extension)
    until(lambda: not is_running(half_drawn))
    addon_utils.enable(extension)
    (sound,) = (strip for strip in saved_film.editor.strips if strip.type == "SOUND")
    assert (sound.chromastrip.model, sound.chromastrip.jitter) == ("sync-card", 0.75)
    go_on()


@pytest.mark.any_blender
def test_installed_anew_in_the_midst_of_a_film_the_add_on_goes_on_where_it_was(extension, extension_zip, saved_film, half_drawn, go_on):
    before = sys.modules[f"{extension}.addon"]
    installed = bpy.ops.extensions.package_install_files(
        filepath=str(extension_zip), repo="user_default", enable_on_install=True, overwrite=True
    )
    assert installed == {"FINISHED"}
    assert sys.modules[f"{extension}.addon"] is not before
    until(lambda: not is_running(half_drawn))
    (sound,) = (strip for strip in saved_film.editor.strips if strip.type == "SOUND")
    assert (sound.chromastrip.model, sound.chromastrip.jitter) == ("sync-card", 0.75)
    go_on()


@pytest.mark.any_blender
def test_after_a_factory_reset_in_the_midst_of_a_film_no_worker_is_left(extension, saved_film, half_drawn, go_on):
    bpy.ops.wm.save_mainfile()
    blend = bpy.data.filepath
    bpy.ops.wm.read_factory_settings(use_empty=True)
    until(lambda: not is_running(half_drawn))
    addon_utils.enable(extension, default_set=True)
    bpy.ops.wm.open_mainfile(filepath=blend)
    go_on()
