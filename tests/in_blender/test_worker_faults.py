"""The worker from Blender's side: whatever happens to it, Blender goes on, says what happened, and nothing is lost or left behind."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys

import bpy
import pytest

from tests.waiting import PATIENCE_SECONDS, is_running, until

pytestmark = pytest.mark.any_blender


@pytest.fixture
def song(click_track):
    return click_track(seconds=3, clicks=[0.5])


def drawing(addon, frames=2):
    """Say when at least so many frames are drawn."""

    def begun():
        progress = addon.jobs.state.progress
        return progress is not None and progress.stage == "Drawing" and progress.done >= frames

    return begun


def drawn_frames(saved_film):
    """Leave out what is still being written."""
    files = (saved_film.folder / "chromastrip" / "cache" / "pictures").rglob("*.png")
    return [file for file in files if not file.name.startswith(".writing-")]


def test_cancel_ends_the_job_and_keeps_the_frames(addon, saved_film, add_sound, song, wait, films, fault):
    fault("slow@0.5")  # all frames would take 36 s
    add_sound(song)
    bpy.ops.chromastrip.generate()
    wait(until=drawing(addon))
    assert bpy.ops.chromastrip.cancel() == {"FINISHED"}
    wait()
    assert all(addon.sections.state(film).name == "PARTLY" for film in films())
    assert addon.jobs.state.error is None
    assert "Cancelled" in addon.jobs.state.notes[0]
    kept = len(drawn_frames(saved_film))
    assert 2 <= kept < 72
    addon.jobs._drop_worker()
    fault("")
    bpy.ops.chromastrip.generate()
    wait()
    assert len(films()) == 1
    assert len(drawn_frames(saved_film)) == 72


def test_a_killed_worker_is_told_of_and_the_next_try_draws_only_the_rest(addon, saved_film, add_sound, song, wait, films, fault):
    fault("slow@0.5")
    add_sound(song)
    bpy.ops.chromastrip.generate()
    wait(until=drawing(addon))
    fault("")
    os.kill(addon.jobs.worker_pid(), signal.SIGKILL)
    wait()
    assert "signal 9" in addon.jobs.state.error.cause
    assert "Generate again" in addon.jobs.state.error.cure
    kept = {path: path.stat().st_mtime_ns for path in drawn_frames(saved_film)}
    assert kept
    bpy.ops.chromastrip.generate()
    wait()
    assert addon.jobs.state.error is None
    assert len(films()) == 1
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_a_worker_that_ends_by_itself_is_told_of(addon, saved_film, add_sound, song, wait, fault):
    fault("die@5")
    add_sound(song)
    bpy.ops.chromastrip.generate()
    wait()
    assert "exit code 3" in addon.jobs.state.error.cause


def test_full_memory_has_a_cause_and_a_cure_and_the_worker_lives_on(addon, saved_film, add_sound, song, wait, fault):
    fault("memory@5")
    add_sound(song)
    bpy.ops.chromastrip.generate()
    wait()
    assert "memory" in addon.jobs.state.error.cause
    assert is_running(addon.jobs.worker_pid())


def test_no_worker_is_left_when_the_add_on_is_disabled_even_if_it_hangs(addon, extension, saved_film, add_sound, song, wait, fault):
    import addon_utils

    fault("hang@5")
    add_sound(song)
    bpy.ops.chromastrip.generate()
    pid = None
    wait(until=lambda: addon.jobs.state.progress is not None)
    pid = addon.jobs.worker_pid()
    addon_utils.disable(extension)
    until(lambda: not is_running(pid))
    addon_utils.enable(extension)


@pytest.mark.parametrize("ending", ["normal", "killed"])
def test_no_worker_is_left_after_blender_has_ended(ending, extension_zip, worker_python, song, tmp_path):
    """A second Blender, in the middle of a film that hangs, ends or is killed."""
    program = f"""
import os, sys, time, bpy
bpy.ops.extensions.package_install_files(filepath={str(extension_zip)!r}, repo="user_default", enable_on_install=True)
bpy.context.preferences.addons["bl_ext.user_default.chromastrip"].preferences.engine_python = {str(worker_python)!r}
jobs = sys.modules["bl_ext.user_default.chromastrip.addon.jobs"]
scene = bpy.context.scene
if hasattr(bpy.context.workspace, "sequencer_scene"):
    bpy.context.workspace.sequencer_scene = scene
editor = scene.sequence_editor_create()
editor.active_strip = editor.strips.new_sound(name="s", filepath={str(song)!r}, channel=1, frame_start=1)
editor.active_strip.chromastrip.model = "sync-card"
bpy.ops.chromastrip.generate()
while jobs.state.progress is None:
    jobs.tick()
    time.sleep(0.02)
print("WORKER", jobs.worker_pid(), flush=True)
if {ending!r} == "killed":
    time.sleep(600)
"""
    environ = os.environ | {"CHROMASTRIP_FAULT": "hang@0", "BLENDER_USER_RESOURCES": str(tmp_path / "second")}
    blender = subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, text=True)
    pid = next(int(match[1]) for line in blender.stdout if (match := re.match(r"WORKER (\d+)", line)))
    if ending == "killed":
        assert is_running(pid)
        blender.kill()
    blender.wait(PATIENCE_SECONDS)
    blender.stdout.close()
    until(lambda: not is_running(pid))


def test_a_stranger_without_the_token_is_dropped_and_the_film_is_drawn(addon, saved_film, add_sound, song, wait, films, fault):
    fault("")
    add_sound(song)
    bpy.ops.chromastrip.generate()
    port = addon.jobs._worker._listener.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as stranger, socket.create_connection(("127.0.0.1", port)) as liar:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        liar.sendall(b'{"type":"Hello","pid":1,"number":"1","proof":"guessed"}\n')
        wait()
        for caller in (stranger, liar):
            caller.settimeout(PATIENCE_SECONDS)
            with contextlib.suppress(ConnectionResetError):
                assert b"token" not in caller.makefile("rb").read()  # a challenge, then the end
    assert len(films()) == 1


def test_an_engine_that_does_not_start_is_told_of(addon, extension, saved_film, add_sound, song, wait, fault, tmp_path):
    preferences = bpy.context.preferences.addons[extension].preferences
    add_sound(song)
    preferences.engine_python = ""
    with pytest.raises(RuntimeError, match="not set up"):
        bpy.ops.chromastrip.generate()
    preferences.engine_python = str(tmp_path / "no python")
    with pytest.raises(RuntimeError, match="Engine Python"):
        bpy.ops.chromastrip.generate()
    assert not addon.jobs.state.busy
    preferences.engine_python = sys.executable  # a Python without the engine's packages
    bpy.ops.chromastrip.generate()
    wait()
    assert "exit code 1" in addon.jobs.state.error.cause
    assert "No module named" in addon.jobs.state.error.cause


def test_the_users_python_variables_do_not_reach_the_worker(addon, saved_film, add_sound, song, wait, films, fault, monkeypatch, tmp_path):
    (tmp_path / "numpy.py").write_text("raise SystemExit('the wrong numpy')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    add_sound(song)
    bpy.ops.chromastrip.generate()
    wait()
    assert len(films()) == 1
