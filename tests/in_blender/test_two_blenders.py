"""Two Blenders with the same .blend, cache and folder of frames, and a Blender that is killed: nobody disturbs anybody, nothing is lost."""

import os
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from tests.waiting import PATIENCE_SECONDS, is_running, until

from .conftest import MODULE

pytestmark = pytest.mark.any_blender

FRAMES = 24
SECOND = f"""
import os, sys, time, bpy
archive, python, blend, size = sys.argv[1:]
bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
bpy.context.preferences.addons["{MODULE}"].preferences.engine_python = python
jobs = sys.modules["{MODULE}.addon.jobs"]
bpy.ops.wm.open_mainfile(filepath=blend)
scene = bpy.context.scene
if hasattr(bpy.context.workspace, "sequencer_scene"):
    bpy.context.workspace.sequencer_scene = scene
sound = scene.sequence_editor.strips[0]
scene.sequence_editor.active_strip = sound
sound.chromastrip.size = size
bpy.ops.chromastrip.generate()
print("WORKER", jobs.worker_pid(), flush=True)
while jobs.state.busy:
    jobs.tick()
    time.sleep(0.02)
assert jobs.state.error is None, jobs.state.error
for strip in scene.sequence_editor.strips:
    if strip.type == "IMAGE":
        print("FILM", bpy.path.abspath(strip.directory), flush=True)
os._exit(0)  # Blender 4.5 sometimes waits for its sound thread for ever: see conftest.py
"""


@pytest.fixture
def blend(saved_film, add_sound, click_track):
    """Give a saved .blend with a sound."""
    add_sound(click_track(seconds=1, clicks=[0.5]))
    bpy.ops.wm.save_mainfile()
    return bpy.data.filepath


@pytest.fixture
def second(blend, extension_zip, worker_python, tmp_path):
    """Give a function that starts a second Blender, which draws a film for that sound, and gives its process and its worker's number."""
    started = []

    def start(fault, *, size="128"):
        environ = os.environ | {"CHROMASTRIP_FAULT": fault, "BLENDER_USER_RESOURCES": str(tmp_path / "second")}
        command = [sys.executable, "-c", SECOND, extension_zip, worker_python, blend, size]
        started.append(subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True))
        worker = next(int(line.split()[1]) for line in started[-1].stdout if line.startswith("WORKER"))
        return started[-1], worker

    yield start
    for process in started:
        process.kill()
        process.communicate()


def kept_pictures(saved_film):
    folder = saved_film.folder / "chromastrip" / "cache" / "pictures"
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.png") if not path.name.startswith(".")}


def film_of(process):
    """Wait for a second Blender's end, and give its film's folder."""
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    return next(Path(line.removeprefix("FILM ")) for line in said.splitlines() if line.startswith("FILM "))


def draw_here(addon, wait, films):
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    (film,) = films()
    assert len(film.elements) == FRAMES
    return Path(bpy.path.abspath(film.directory))


def contents(folder):
    return [path.read_bytes() for path in sorted(folder.glob("*.png"))]


def test_two_blenders_draw_the_same_film_at_once(addon, saved_film, second, wait, films):
    process, _ = second("slow@0.05")
    until(lambda: kept_pictures(saved_film))
    here = draw_here(addon, wait, films)
    there = film_of(process)
    assert here.samefile(there)
    assert len(contents(here)) == len(kept_pictures(saved_film)) == FRAMES
    assert not list(saved_film.folder.rglob(".writing-*"))


def test_two_blenders_draw_different_films_at_once(addon, saved_film, second, wait, films):
    process, _ = second("slow@0.05", size="256")
    until(lambda: kept_pictures(saved_film))
    here = draw_here(addon, wait, films)
    there = film_of(process)
    assert here.parent == there.parent
    assert [len(contents(folder)) for folder in (here, there)] == [FRAMES, FRAMES]
    assert not set(contents(here)) & set(contents(there))
    assert len(kept_pictures(saved_film)) == 2 * FRAMES


def test_after_blender_was_killed_in_mid_film_the_next_one_draws_only_the_rest(addon, saved_film, second, wait, films):
    process, worker = second("hang@12")
    until(lambda: kept_pictures(saved_film))
    process.kill()
    until(lambda: not is_running(worker))
    before = kept_pictures(saved_film)
    assert 0 < len(before) < FRAMES
    draw_here(addon, wait, films)
    after = kept_pictures(saved_film)
    assert len(after) == FRAMES
    assert {path: after[path] for path in before} == before
