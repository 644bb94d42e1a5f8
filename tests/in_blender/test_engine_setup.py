"""The engine's set-up by the buttons in the preferences: environments of tiny packages from a folder, made by the real program."""

import os
import shutil
import signal
import subprocess
import sys
import time

import bpy
import pytest

from tests.waiting import is_group_running, until
from tests.wheels import write_wheel

from .conftest import ROOT

pytestmark = pytest.mark.any_blender

SETUP_SECONDS = 300


@pytest.fixture
def here(addon, extension, tmp_path, monkeypatch):
    """Give the user's folder for the engine, in a Blender that may not go online and has a folder of packages."""
    write_wheel(tmp_path / "wheels", "rose", "1.0")
    write_wheel(tmp_path / "wheels", "rose", "2.0")
    monkeypatch.setenv("CHROMASTRIP_ENGINE", str(tmp_path / "Meine Maschine 画"))
    required = addon.engine.REQUIREMENTS.read_bytes()
    addon.engine.REQUIREMENTS.write_text("rose==1.0\n")
    preferences = bpy.context.preferences.addons[extension].preferences
    preferences.engine_python = ""
    preferences.wheel_folder = str(tmp_path / "wheels")
    bpy.context.preferences.system.use_online_access = False
    addon.engine_setup.state = addon.engine_setup.State()
    yield tmp_path / "Meine Maschine 画"
    addon.engine_setup._drop_client()
    addon.engine_setup.state = addon.engine_setup.State()
    addon.engine.REQUIREMENTS.write_bytes(required)
    preferences = bpy.context.preferences.addons[extension].preferences  # others, if a test has disabled the add-on
    preferences.wheel_folder = preferences.setup_python = ""


@pytest.fixture
def finish(addon):
    """Give a function that waits until the task has ended."""

    def wait(*, until=lambda: False):
        end = time.monotonic() + SETUP_SECONDS
        while addon.engine_setup.state.task is not None and not until():
            assert time.monotonic() < end, f"still busy: {addon.engine_setup.state}"
            time.sleep(0.02)
            addon.engine_setup.tick()

    return wait


@pytest.fixture
def made(addon, here, finish):
    """Give the folder of an engine that is set up."""
    bpy.ops.chromastrip.set_up_engine()
    finish()
    assert addon.engine_setup.state.error is None
    return here


def test_before_anything_it_is_told_what_would_be_done(addon, here, finish):
    state = addon.engine_setup.state
    addon.engine_setup.look()
    assert state.condition == addon.engine.Condition.ABSENT
    finish()
    assert state.plan.download_mb == 0
    assert state.plan.disk_mb > 1000
    assert not here.exists()


def test_offline_without_a_folder_of_packages_the_button_says_why_not(addon, extension, here):
    bpy.context.preferences.addons[extension].preferences.wheel_folder = ""
    with pytest.raises(RuntimeError, match="may not go online"):
        bpy.ops.chromastrip.set_up_engine()
    bpy.context.preferences.system.use_online_access = True
    assert bpy.ops.chromastrip.set_up_engine.poll()


def test_the_engine_is_made_and_is_used_from_then_on(addon, here, finish):
    with pytest.raises(addon.engine.UserError, match="not set up"):
        addon.engine.engine_python()
    bpy.ops.chromastrip.set_up_engine()
    told = set()
    finish(until=lambda: told.add(addon.engine_setup.state.words))
    assert any("environment" in words for words in told)
    assert addon.engine_setup.state.error is None
    assert addon.engine_setup.state.condition == addon.engine.Condition.READY
    assert "ready" in addon.engine_setup.state.note
    program = [addon.engine.engine_python(), "-I", "-c", "import rose; print(rose.__version__)"]
    assert subprocess.check_output(program, text=True).strip() == "1.0"
    assert addon.engine_setup.is_set()


def test_the_sidebar_offers_the_set_up_only_where_it_is_known_to_be_missing(addon, extension, here, finish, worker_python):
    preferences = bpy.context.preferences.addons[extension].preferences
    assert not addon.engine_buttons.is_missing()  # nobody has looked yet
    addon.engine_setup.look()
    finish()
    assert addon.engine_buttons.is_missing()
    preferences.engine_python = str(worker_python)
    assert not addon.engine_buttons.is_missing()
    preferences.engine_python = ""
    assert extension == addon.engine.PACKAGE


def test_a_python_of_the_users_own_comes_first(addon, extension, made, worker_python):
    assert addon.engine.engine_python().is_relative_to(made)
    bpy.context.preferences.addons[extension].preferences.engine_python = str(worker_python)
    assert addon.engine.engine_python() == worker_python


def test_cancel_ends_every_program_and_the_next_set_up_repairs(addon, here, finish):
    bpy.ops.chromastrip.set_up_engine()
    finish(until=(here / "environment").exists)
    pid = addon.engine_setup.process_id()
    bpy.ops.chromastrip.cancel_engine()
    finish()
    until(lambda: not is_group_running(pid))
    state = addon.engine_setup.state
    assert state.error is None
    assert "Cancelled" in state.note
    assert state.condition == addon.engine.Condition.HALF_MADE
    with pytest.raises(addon.engine.UserError, match="half-made"):
        addon.engine.engine_python()
    bpy.ops.chromastrip.set_up_engine()
    finish()
    assert addon.engine_setup.state.condition == addon.engine.Condition.READY


def test_a_failed_set_up_says_why_and_its_log_can_be_copied(addon, here, finish):
    addon.engine.REQUIREMENTS.write_text("lily==5\n")
    bpy.ops.chromastrip.set_up_engine()
    finish()
    assert "lily==5" in addon.engine_setup.state.error.cause
    assert addon.engine_setup.state.failed == addon.engine_setup.Task.MAKE
    bpy.ops.chromastrip.copy_engine_log()
    assert "lily==5" in addon.engine_setup.log()


def test_changed_requirements_ask_for_an_update(addon, made, finish):
    addon.engine.REQUIREMENTS.write_text("rose==2.0\n")
    addon.engine_setup.look()
    finish()
    assert addon.engine_setup.state.condition == addon.engine.Condition.OUTDATED
    with pytest.raises(addon.engine.UserError, match="Update"):
        addon.engine.engine_python()
    bpy.ops.chromastrip.set_up_engine()
    finish()
    assert addon.engine_setup.state.condition == addon.engine.Condition.READY


def test_a_python_that_went_with_its_blender_is_noticed(addon, made):
    settings = made / "environment" / "pyvenv.cfg"
    settings.write_text(settings.read_text().replace("home = ", "home = /gone"))
    assert addon.engine.condition() == addon.engine.Condition.BROKEN


def test_what_check_finds_faulty_is_made_anew(addon, made, finish):
    damaged = next(made.glob("environment/lib/*/site-packages/rose.py"))
    shutil.rmtree(next(made.glob("environment/lib/*/site-packages/rose-*.dist-info")))
    damaged.write_text("damaged")
    bpy.ops.chromastrip.check_engine()
    finish()
    assert addon.engine_setup.state.is_faulty
    assert addon.engine_buttons._label() == "Repair"
    bpy.ops.chromastrip.set_up_engine()
    finish()
    assert addon.engine_setup.state.condition == addon.engine.Condition.READY
    assert damaged.read_text() != "damaged"


def test_remove_deletes_the_engine(addon, made, finish):
    addon.engine_setup.look()
    bpy.ops.chromastrip.remove_engine()
    finish()
    assert addon.engine_setup.state.condition == addon.engine.Condition.ABSENT
    assert not made.exists()
    with pytest.raises(RuntimeError, match="nothing to remove"):
        bpy.ops.chromastrip.remove_engine()


def test_check_of_no_engine_names_the_fault_and_the_cure(addon, here, finish):
    bpy.ops.chromastrip.check_engine()
    finish()
    assert not addon.engine_setup.state.rows[-1].is_well
    report = addon.engine_buttons.report()
    assert f"Blender: {bpy.app.version_string}" in report
    assert "The engine is not set up" in report
    assert "Press Set Up Engine" in report
    bpy.ops.chromastrip.copy_engine_report()


def test_check_of_a_real_engine_lists_all_that_it_runs_on(addon, extension, here, finish, worker_python):
    addon.engine.REQUIREMENTS.write_bytes((ROOT / "core" / "requirements.txt").read_bytes())
    bpy.context.preferences.addons[extension].preferences.engine_python = str(worker_python)
    bpy.ops.chromastrip.check_engine()
    finish()
    rows = addon.engine_setup.state.rows
    assert all(row.is_well for row in rows)
    assert [row.name for row in rows] == ["System", "Disk", "Python", "Packages", "PyTorch", "Device", "Sound", "Models"]


def test_a_python_that_cannot_set_up_is_named(addon, extension, here, finish, tmp_path):
    preferences = bpy.context.preferences.addons[extension].preferences
    preferences.setup_python = str(tmp_path / "no python")
    bpy.ops.chromastrip.set_up_engine()
    finish()
    assert "no python: it cannot be started" in addon.engine_setup.state.error.cause
    assert not addon.engine_setup.state.busy


def test_nothing_goes_on_when_the_add_on_is_disabled(addon, extension, here, finish):
    import addon_utils

    bpy.ops.chromastrip.set_up_engine()
    finish(until=lambda: "environment" in addon.engine_setup.state.words)
    pid = addon.engine_setup.process_id()
    addon_utils.disable(extension)
    until(lambda: not is_group_running(pid))
    addon_utils.enable(extension)


def test_nothing_goes_on_when_blender_is_killed(addon, here, extension_zip, tmp_path):
    program = f"""
import os, signal, sys, time, bpy
bpy.ops.extensions.package_install_files(filepath={str(extension_zip)!r}, repo="user_default", enable_on_install=True)
bpy.context.preferences.addons["bl_ext.user_default.chromastrip"].preferences.wheel_folder = {str(tmp_path / "wheels")!r}
setup = sys.modules["bl_ext.user_default.chromastrip.addon.engine_setup"]
bpy.ops.chromastrip.set_up_engine()
while "environment" not in setup.state.words:
    setup.tick()
    time.sleep(0.02)
os.kill(setup.process_id(), signal.SIGSTOP)  # it cannot be done before Blender is killed
print("PROGRAM", setup.process_id(), flush=True)
time.sleep(600)
"""
    environ = os.environ | {"BLENDER_USER_RESOURCES": str(tmp_path / "second")}
    blender = subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, text=True)
    pid = next(int(line.split()[1]) for line in blender.stdout if line.startswith("PROGRAM"))
    blender.kill()
    blender.wait()
    blender.stdout.close()
    os.kill(pid, signal.SIGCONT)
    until(lambda: not is_group_running(pid))
    assert not (here / "ready.json").exists()


def test_drawing_reads_no_file(addon, here, monkeypatch):
    """The look at files waits for a timer."""
    monkeypatch.setattr(addon.engine, "condition", lambda: pytest.fail("a file was read while drawing"))
    assert not addon.engine_setup.is_set()
    addon.engine_buttons._look_later()
    assert bpy.app.timers.is_registered(addon.engine_setup.look)
    bpy.app.timers.unregister(addon.engine_setup.look)


# What is said meanwhile -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def song(saved_film, add_sound, click_track):
    return add_sound(click_track(seconds=1, clicks=[0.5]))


def why_not(press):
    with pytest.raises(RuntimeError) as refusal:
        press()
    return str(refusal.value)


def test_nothing_can_be_asked_of_an_engine_that_is_being_set_up_or_removed_and_buttons_say_why(addon, here, finish, song):
    bpy.ops.chromastrip.set_up_engine()
    for press in (bpy.ops.chromastrip.generate, bpy.ops.chromastrip.render_stale, bpy.ops.chromastrip.list_models):
        assert "The engine is being set up" in why_not(press)
    finish()
    assert not addon.jobs.why_busy()
    bpy.ops.chromastrip.check_engine()
    assert not addon.jobs.why_busy()  # it only looks
    finish()
    bpy.ops.chromastrip.remove_engine()
    assert "being removed" in why_not(bpy.ops.chromastrip.generate)
    finish()


def test_an_error_about_the_engine_goes_when_there_is_one_and_comes_with_the_next_try_without(addon, here, finish, song):
    addon.engine_setup.look()
    finish()
    assert "not set up" in why_not(bpy.ops.chromastrip.generate)
    assert "not set up" in addon.jobs.shown_error().cause
    bpy.ops.chromastrip.set_up_engine()
    finish()
    assert addon.jobs.shown_error() is None
    shutil.rmtree(here)  # behind our back
    assert "not set up" in why_not(bpy.ops.chromastrip.generate)
    assert addon.jobs.shown_error() is not None


def test_an_error_about_the_engine_goes_when_the_user_names_one(addon, extension, here, finish, song, worker_python):
    assert "not set up" in why_not(bpy.ops.chromastrip.generate)
    bpy.context.preferences.addons[extension].preferences.engine_python = str(worker_python)
    assert addon.jobs.shown_error() is None


def test_after_remove_it_is_said_again_what_setting_up_would_take(addon, made, finish):
    addon.engine_setup.look()
    assert addon.engine_setup.state.plan is not None  # of the set-up
    bpy.ops.chromastrip.remove_engine()
    finish()
    assert "removed" in addon.engine_setup.state.note
    assert addon.engine_setup.state.plan is not None


def test_another_build_is_offered_with_its_size_and_taken_by_its_button_alone(addon, here, finish):
    setup = addon.engine_setup
    assert not bpy.ops.chromastrip.set_up_offered_build.poll()
    bpy.ops.chromastrip.set_up_engine()
    offer = {"build": "for NVIDIA cards", "download_mb": 3100, "disk_mb": 6400}
    finish(until=lambda: setup.state.plan is not None)
    setup.state.plan = setup.Plan(version="3.11.9", build="for the processor", download_mb=550, disk_mb=1650, free_mb=60_000)
    setup._take({"event": "failed", "cause": "It cannot be reached.", "cure": "Press Use Large Build.", "offer": offer})
    setup._drop_client()
    setup.state.task = None
    assert addon.engine_buttons.offer_label(setup.state.offer) == "Use Large Build (3.1 GB)"
    assert "--pypi-build" not in setup._arguments(setup.Task.MAKE, take_offer=False)
    assert bpy.ops.chromastrip.set_up_offered_build() == {"FINISHED"}
    assert setup.state.offer is None
    assert setup.state.takes_offer
    finish()
    assert setup.state.condition == addon.engine.Condition.READY
