"""Films that show up at once and fill while they are drawn; drafts; films that wait; films that a crash has interrupted."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import bpy
import pytest

FRAMES = 48  # 2 s


@pytest.fixture(autouse=True)
def _slowly(set_pace):
    """Draw so slowly that there is time to look."""
    set_pace(0.25)


@pytest.fixture
def finish(set_pace, wait):
    """Give a function that has all the rest drawn quickly, and waits for it."""

    def advance():
        set_pace(0)
        wait()
        set_pace(0.25)

    return advance


@pytest.fixture
def song(click_track):
    return click_track(seconds=2, clicks=[0.5])


@pytest.fixture
def begin(addon, add_sound, song, wait, films):
    """Give a function that starts a film and waits until its strip has shown up; it gives the sound's name."""

    def start(keyed=""):
        sound = add_sound(song)
        for frame, value in ((1, 0.1), (20, 0.9)) if keyed else ():
            setattr(sound, f"chromastrip_{keyed}", value)
            assert sound.keyframe_insert(f"chromastrip_{keyed}", frame=frame)
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}
        wait(until=films)
        assert addon.jobs.state.error is None
        assert addon.jobs.state.job is not None
        return sound.name

    return start


def folder_of(strip):
    return Path(bpy.path.abspath(strip.directory))


def pictures_of(strip):
    return [(folder_of(strip) / element.filename).read_bytes() for element in strip.elements]


def state_of(addon, strip):
    return addon.sections.state_with_files(strip).name


def select(strip):
    for other in bpy.context.scene.sequence_editor.strips:
        other.select = other == strip
    bpy.context.scene.sequence_editor.active_strip = strip


def until_drawn(addon, frames):
    return lambda: addon.jobs.state.progress is not None and addon.jobs.state.progress.done >= frames


# Filling in -----------------------------------------------------------------------------------------------------------------------------


def test_the_strip_shows_up_while_the_film_is_drawn_and_every_frame_is_a_picture(addon, begin, films, handles):
    begin()
    (film,) = films()
    assert state_of(addon, film) == "PARTLY"
    assert len(film.elements) == FRAMES
    assert all(picture.startswith(b"\x89PNG") for picture in pictures_of(film))
    assert len(set(pictures_of(film))) < FRAMES
    assert (folder_of(film) / "unfinished.json").is_file()


def test_it_becomes_the_film(addon, begin, finish, films):
    begin()
    directory = films()[0].directory
    finish()
    (film,) = films()
    assert state_of(addon, film) == "FRESH"
    assert film.directory == directory
    assert len(set(pictures_of(film))) == FRAMES
    assert not (folder_of(film) / "unfinished.json").exists()


def test_insertion_is_one_step_of_undo_and_redo_brings_the_finished_film(addon, saved_film, add_sound, song, finish, films):
    add_sound(song)
    bpy.ops.ed.undo_push(message="Before")
    bpy.ops.chromastrip.generate()
    finish()
    bpy.ops.ed.undo()
    assert films() == []
    bpy.ops.ed.redo()
    (film,) = films()
    assert state_of(addon, film) == "FRESH"


def test_pieces_that_were_split_meanwhile_are_finished_with_it(addon, begin, finish, films, handles):
    begin()
    films()[0].split(frame=30, split_method="SOFT")
    assert [state_of(addon, film) for film in films()] == ["PARTLY", "PARTLY"]
    finish()
    assert [state_of(addon, film) for film in films()] == ["FRESH", "FRESH"]


def test_a_strip_that_is_being_drawn_is_not_drawn_a_second_time(addon, begin, finish, films):
    begin()
    select(films()[0])
    bpy.ops.chromastrip.render()
    bpy.ops.chromastrip.render_stale()
    assert addon.jobs.state.waiting == ()
    finish()
    assert [state_of(addon, film) for film in films()] == ["FRESH"]


def test_another_scene_with_a_copy_of_the_sound_gets_a_film_of_its_own(addon, begin, saved_film, wait, films):
    begin()
    wait(until=until_drawn(addon, 10))
    bpy.ops.chromastrip.cancel()
    wait()
    with bpy.context.temp_override(scene=saved_film.scene):
        bpy.ops.scene.new(type="FULL_COPY")
    copy = next(scene for scene in bpy.data.scenes if scene != saved_film.scene)
    copied = [strip for strip in copy.sequence_editor.strips if strip.type == "IMAGE"]
    for strip in copied:
        copy.sequence_editor.strips.remove(strip)
    bpy.context.window.scene = copy
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = copy
    bpy.ops.chromastrip.generate()
    wait()
    for scene in (saved_film.scene, copy):
        found = [strip for strip in scene.sequence_editor.strips if strip.type == "IMAGE"]
        assert [state_of(addon, strip) for strip in found] == ["FRESH"]


def test_frames_are_read_anew_as_they_come(addon, begin, finish, wait, films, monkeypatch):
    looks = []
    monkeypatch.setattr(addon.jobs, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(addon.live, "look_again", lambda strips: looks.append([strip.name for strip in strips]))
    begin()
    wait(until=lambda: len(looks) >= 2)
    finish()
    assert 2 <= len(looks) <= 2 + FRAMES
    assert all(names == [films()[0].name] for names in looks)


def test_what_blender_shows_follows_the_files(addon, begin, saved_film, finish, films, tmp_path):
    begin()
    scene = saved_film.scene
    scene.frame_current, scene.render.filepath = 3, str(tmp_path / "still.png")
    bpy.ops.render.render(write_still=True)
    early = (tmp_path / "still.png").read_bytes()
    finish()
    bpy.ops.render.render(write_still=True)
    late = (tmp_path / "still.png").read_bytes()
    assert early != late


def test_after_cancel_the_strip_is_partly_drawn_and_render_draws_the_rest(addon, begin, finish, wait, films):
    begin()
    wait(until=until_drawn(addon, 3))
    bpy.ops.chromastrip.cancel()
    wait()
    (film,) = films()
    assert state_of(addon, film) == "PARTLY"
    assert addon.job_list.state.offered == ()
    select(film)
    assert bpy.ops.chromastrip.render() == {"FINISHED"}
    finish()
    (film,) = films()
    assert state_of(addon, film) == "FRESH"
    assert len(set(pictures_of(film))) == FRAMES


def test_generate_goes_on_with_a_strip_that_is_partly_drawn(addon, begin, saved_film, finish, wait, films):
    sound = begin()
    bpy.ops.chromastrip.cancel()
    wait()
    select(saved_film.editor.strips[sound])
    bpy.ops.chromastrip.generate()
    finish()
    assert [state_of(addon, film) for film in films()] == ["FRESH"]


def test_render_stale_strips_finishes_films(addon, begin, finish, wait, films):
    begin()
    bpy.ops.chromastrip.cancel()
    wait()
    assert bpy.ops.chromastrip.render_stale() == {"FINISHED"}
    finish()
    assert [state_of(addon, film) for film in films()] == ["FRESH"]


def test_strips_are_turned_to_the_calmer_film_where_the_first_one_flashed(addon, begin, finish, films):
    begin()
    finish()
    (film,) = films()
    messages = sys.modules[addon.__name__.replace(".addon", ".core.protocol")]
    calmer = folder_of(film).with_name("song_0123456789ab")
    calmer.mkdir()
    for number, element in enumerate(film.elements):
        (calmer / f"song_0123456789ab_{number:06d}.png").write_bytes((folder_of(film) / element.filename).read_bytes())
    frames = messages.FrameSequence(
        folder=str(calmer), prefix="song_0123456789ab_", suffix=".png", first_number=0, digits=6, frame_count=FRAMES
    )
    film.chromastrip.unfinished = "mark"
    drawn = messages.Drawn(job_id="", frames=frames, drawn_count=0, digest="0123456789ab", warnings=())
    strips = addon.live.marked_strips("mark")
    addon.live.finish(strips, drawn)
    assert (folder_of(film), film.chromastrip.film) == (calmer, "0123456789ab")
    assert state_of(addon, film) == "FRESH"


# Drafts ---------------------------------------------------------------------------------------------------------------------------------


def test_a_preview_is_small_and_render_replaces_it_in_place(addon, saved_film, add_sound, song, finish, films, handles, run_worker):
    sound = add_sound(song)
    sound.chromastrip.size = "256"
    assert bpy.ops.chromastrip.preview() == {"FINISHED"}
    finish()
    (film,) = films()
    place = (handles.left(film), handles.right(film), film.channel, film.name)
    assert state_of(addon, film) == "DRAFT"
    assert film.chromastrip.size == "256"
    assert size_of(film, run_worker) == 128
    shown = film.transform.scale_x * 128
    select(film)
    assert bpy.ops.chromastrip.render() == {"FINISHED"}
    finish()
    (film,) = films()
    assert (handles.left(film), handles.right(film), film.channel, film.name) == place
    assert state_of(addon, film) == "FRESH"
    assert size_of(film, run_worker) == 256
    assert film.transform.scale_x * 256 == pytest.approx(shown)


def size_of(strip, run_worker):
    path = folder_of(strip) / strip.elements[0].filename
    return run_worker(f"import json; from PIL import Image; print(json.dumps(Image.open({str(path)!r}).size[0]))")


def test_a_piece_of_a_draft_becomes_a_piece_of_the_final_film(addon, saved_film, add_sound, song, finish, films, run_worker):
    add_sound(song).chromastrip.size = "256"
    bpy.ops.chromastrip.preview()
    finish()
    piece = films()[0].split(frame=30, split_method="SOFT")
    select(piece)
    bpy.ops.chromastrip.render()
    finish()
    assert addon.jobs.state.error is None
    assert [(state_of(addon, film), size_of(film, run_worker)) for film in films()] == [("DRAFT", 128), ("FRESH", 256)]


def test_what_is_small_already_has_no_draft(addon, saved_film, add_sound, song):
    add_sound(song)
    assert not bpy.ops.chromastrip.preview.poll()


# The queue ------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_sounds(saved_film, add_sound, click_track):
    """Give the names of two sounds."""
    names = []
    for number in (1, 2):
        sound = add_sound(click_track(seconds=1, clicks=[0.5], name=f"song {number}.wav"), channel=2 * number)
        names.append(sound.name)
    return names


@pytest.fixture
def queue(addon, saved_film, two_sounds):
    """Have a film drawn and another one wait."""
    for name in two_sounds:
        select(saved_film.editor.strips[name])
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    assert [job.name for job in addon.jobs.state.waiting] == two_sounds[1:]
    return two_sounds


def test_a_film_waits_behind_the_one_that_is_drawn(addon, queue, finish, films):
    finish()
    assert sorted(film.chromastrip.sound_name for film in films()) == queue
    assert {state_of(addon, film) for film in films()} == {"FRESH"}


def test_a_film_that_is_asked_for_twice_is_drawn_once(addon, queue, finish, films):
    bpy.ops.chromastrip.generate()
    assert len(addon.jobs.state.waiting) == 1
    finish()
    assert len(films()) == 2


def test_cancel_ends_one_film_and_the_next_one_is_drawn(addon, queue, finish, wait, films):
    bpy.ops.chromastrip.cancel()
    wait(until=lambda: not addon.jobs.state.waiting)
    finish()
    finished = [film.chromastrip.sound_name for film in films() if state_of(addon, film) == "FRESH"]
    assert finished == queue[1:]


def test_a_waiting_film_can_be_taken_off(addon, queue, finish, films):
    bpy.ops.chromastrip.cancel_waiting(job_id=addon.jobs.state.waiting[0].job_id)
    finish()
    assert [film.chromastrip.sound_name for film in films()] == queue[:1]


def test_cancel_all_ends_all(addon, queue, wait, films):
    bpy.ops.chromastrip.cancel_all()
    wait()
    assert all(state_of(addon, film) == "PARTLY" for film in films())
    assert not addon.jobs.state.busy
    assert addon.job_list.state.offered == ()


# Crashes --------------------------------------------------------------------------------------------------------------------------------


def test_after_a_crash_of_the_worker_the_films_are_offered_and_gone_on_with(addon, extension, queue, finish, wait, films):
    wait(until=films)
    os.kill(addon.jobs.worker_pid(), signal.SIGKILL)
    wait()
    assert [film.request.name for film in addon.job_list.state.offered] == queue
    preferences = bpy.context.preferences.addons[extension].preferences
    python, preferences.engine_python = preferences.engine_python, ""
    with pytest.raises(RuntimeError, match="not set up"):
        bpy.ops.chromastrip.go_on_drawing()
    assert [film.request.name for film in addon.job_list.state.offered] == queue
    preferences.engine_python = python
    assert bpy.ops.chromastrip.go_on_drawing() == {"FINISHED"}
    assert addon.job_list.state.offered == ()
    finish()
    assert sorted(film.chromastrip.sound_name for film in films()) == queue
    assert {state_of(addon, film) for film in films()} == {"FRESH"}


def test_the_list_survives_another_file_and_its_end_is_the_end_of_the_list(addon, begin, saved_film, films):
    path = bpy.data.filepath
    begin()
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.read_homefile(use_empty=True)
    assert addon.job_list.state.offered == ()
    bpy.ops.wm.open_mainfile(filepath=path)
    assert len(addon.job_list.state.offered) == 1


def test_saving_and_loading_keeps_the_list(addon, saved_film, begin, finish, films):
    begin(keyed="jitter")
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    assert len(addon.job_list.state.offered) == 1
    assert [state_of(addon, film) for film in films()] == ["PARTLY"]
    bpy.ops.chromastrip.go_on_drawing()
    finish()
    assert [state_of(addon, film) for film in films()] == ["FRESH"]
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    assert addon.job_list.state.offered == ()


def test_a_file_that_was_saved_before_the_end_shows_the_finished_film(addon, begin, finish, films):
    begin()
    bpy.ops.wm.save_mainfile()
    finish()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    assert [state_of(addon, film) for film in films()] == ["FRESH"]


def test_the_list_follows_a_file_that_is_saved_under_another_name(addon, begin, saved_film):
    begin()
    old = bpy.data.filepath
    bpy.ops.wm.save_as_mainfile(filepath=str(saved_film.folder / "other.blend"))
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    assert len(addon.job_list.state.offered) == 1
    bpy.ops.chromastrip.dismiss_unfinished()
    bpy.ops.wm.open_mainfile(filepath=old)
    assert addon.job_list.state.offered == ()


KILLED = """
import os, sys, time, bpy
bpy.ops.extensions.package_install_files(filepath={zip!r}, repo="user_default", enable_on_install=True)
bpy.context.preferences.addons["bl_ext.user_default.chromastrip"].preferences.engine_python = {python!r}
jobs = sys.modules["bl_ext.user_default.chromastrip.addon.jobs"]
bpy.ops.wm.open_mainfile(filepath={blend!r})
if hasattr(bpy.context.workspace, "sequencer_scene"):
    bpy.context.workspace.sequencer_scene = bpy.context.scene
bpy.ops.chromastrip.generate()
while not any(strip.type == "IMAGE" for strip in bpy.context.scene.sequence_editor.strips) or jobs.state.progress.done < 8:
    jobs.tick()
    time.sleep(0.01)
print("DRAWING", flush=True)
time.sleep(600)
"""


@pytest.fixture
def killed_blender(addon, saved_film, add_sound, song, extension_zip, worker_python, tmp_path):
    """Save a .blend with a sound, and give a function that has another Blender draw its film, and kills it, or leaves it alive."""
    add_sound(song)
    bpy.ops.wm.save_mainfile()
    blend = bpy.data.filepath
    program = KILLED.format(zip=str(extension_zip), python=str(worker_python), blend=blend)
    environ = os.environ | {"CHROMASTRIP_FAULT": "slow@0.3", "BLENDER_USER_RESOURCES": str(tmp_path / "second")}
    with subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert any(re.match("DRAWING", line) for line in other.stdout)
            yield other, blend
        finally:
            other.kill()


def test_after_a_crash_of_blender_its_films_are_offered_to_the_next_one_only(addon, killed_blender, finish, wait, films):
    other, blend = killed_blender
    bpy.ops.wm.open_mainfile(filepath=blend)
    assert addon.job_list.state.offered == ()  # the other one is alive
    other.kill()
    other.wait()
    end = time.monotonic() + 60
    while not addon.job_list.state.offered and time.monotonic() < end:
        bpy.ops.wm.open_mainfile(filepath=blend)
    (offered,) = addon.job_list.state.offered
    assert films() == []
    assert bpy.ops.chromastrip.insert_finished_frames() == {"FINISHED"}
    (film,) = films()
    assert state_of(addon, film) == "PARTLY"
    assert len(set(pictures_of(film))) >= 5
    assert addon.job_list.state.offered == ()
    select(film)
    bpy.ops.chromastrip.render()
    finish()
    (film,) = films()
    assert state_of(addon, film) == "FRESH"
    assert offered.begun.digest == film.chromastrip.film
