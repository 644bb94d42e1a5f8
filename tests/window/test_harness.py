"""Proves the harness itself: real clicks reach the button that was meant, and whatever goes wrong becomes a report."""

import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.waiting import until
from tests.window.virtual_screen import STAMP, WindowResult, ensure_root, inside, run_in_window

pytestmark = pytest.mark.window

MANIFEST = """
schema_version = "1.0.0"
id = "two_buttons"
version = "1.0.0"
name = "Two Buttons"
tagline = "Has two buttons and a long panel"
maintainer = "Nobody"
type = "add-on"
license = ["SPDX:GPL-3.0-or-later"]
blender_version_min = "4.5.0"
"""

TWO_BUTTONS = """
import bpy


class TWO_OT_first(bpy.types.Operator):
    bl_idname, bl_label, bl_options = "two.first", "First", {"REGISTER", "UNDO"}

    def execute(self, context):
        context.scene["pressed"] = "first"
        return {"FINISHED"}


class TWO_OT_second(bpy.types.Operator):
    bl_idname, bl_label, bl_options = "two.second", "Second", {"REGISTER", "UNDO"}

    def execute(self, context):
        context.scene["pressed"] = "second"
        return {"FINISHED"}


class TWO_PT_panel(bpy.types.Panel):
    bl_label, bl_category, bl_space_type, bl_region_type = "Two Buttons", "Two", "SEQUENCE_EDITOR", "UI"

    def draw(self, context):
        self.layout.operator("two.first")
        self.layout.operator("two.second")
        for line in range(20):
            self.layout.label(text=f"Line {line}")
        self.layout.prop(context.scene.render, "fps")


class TWO_PT_more(bpy.types.Panel):
    bl_label, bl_category, bl_space_type, bl_region_type = "More", "Two", "SEQUENCE_EDITOR", "UI"
    bl_parent_id, bl_options = "TWO_PT_panel", {"DEFAULT_CLOSED"}

    def draw(self, context):
        self.layout.prop(context.scene.render, "resolution_x")


register, unregister = bpy.utils.register_classes_factory((TWO_OT_first, TWO_OT_second, TWO_PT_panel, TWO_PT_more))
"""

HANDS = """
import bpy
from driver import centre, check, click, drag, find_button, open_by_default, open_sidebar, picture, pointer, press, region, run, sequencer


def steps():
    window, area = sequencer()
    scene = window.workspace.sequencer_scene
    strip = scene.sequence_editor_create().strips.new_effect(name="colour", type="COLOR", channel=1, frame_start=1, length=100)
    open_by_default("TWO_PT_more")
    yield from open_sidebar("Two")
    bpy.ops.ed.undo_push(message="setup")  # else ctrl+z goes back beyond these steps

    second = yield from find_button("two.second", area)
    picture("before")
    check("finding a button presses none", "pressed" not in scene, scene.get("pressed"))
    yield from click(*second)
    check("the second button runs the second operator", scene.get("pressed") == "second", scene.get("pressed"))
    yield from press("ctrl+z")
    scene = window.workspace.sequencer_scene
    check("ctrl+z undoes", "pressed" not in scene and len(scene.sequence_editor.strips) == 1, scene.get("pressed"))

    yield from click(*(yield from find_button("two.first", area)))
    check("the first button runs the first operator", scene.get("pressed") == "first", scene.get("pressed"))
    yield from find_button("render.resolution_x", area)
    picture("scrolled")
    check("a property of a sub-panel below the edge is found", True)

    with bpy.context.temp_override(window=window, area=area, region=region(area)):
        bpy.ops.sequencer.view_all()
    yield 0.5
    strip = scene.sequence_editor.strips[0]
    x, up = region(area).view2d.view_to_region(50, 1.5)
    start = (region(area).x + x, window.height - region(area).y - up)
    yield from drag(start, (start[0], start[1] - 80))
    picture("dragged")
    check("dragging a strip up changes its channel", strip.channel > 1, strip.channel, start, centre(area), pointer())


run(steps)
"""

BLACK = """
import os, subprocess
from driver import check, picture, run


def steps():
    told, tell = os.pipe()
    screen = subprocess.Popen(["Xvfb", "-displayfd", str(tell), "-screen", "0", "1600x900x24"], pass_fds=[tell])
    os.environ["DISPLAY"] = ":" + os.read(told, 20).decode().strip()  # a free one; told when it is up
    yield 0.1
    try:
        picture("black")
        check("a black picture is refused", False)
    except AssertionError as refusal:
        check("a black picture is refused", "one colour" in str(refusal), refusal)
    screen.terminate()
    screen.wait()


run(steps)
"""

HANG = """
import subprocess, time
from driver import check, run


def steps():
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    check("the steps began", True)
    yield 0.1
    while True:
        time.sleep(1)


run(steps)
"""


@pytest.fixture
def play(tmp_path: Path, root: Path):
    """Run the text of a script in a window."""

    def play(text: str, name: str = "steps", **options: object) -> WindowResult:
        script = tmp_path / f"{name}.py"
        script.write_text(text)
        return run_in_window(script, out=tmp_path / f"out_{name}", root=root, **{"seconds": 600, **options})

    return play


@pytest.fixture
def two_buttons(tmp_path: Path) -> Path:
    path = tmp_path / "two_buttons-1.0.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("blender_manifest.toml", MANIFEST)
        archive.writestr("__init__.py", TWO_BUTTONS)
    return path


def test_hands_reach_the_button_that_was_meant(play, two_buttons):
    result = play(HANDS, zip_path=two_buttons, extension_id="two_buttons")
    assert result.ok, result.report()
    assert len(result.passed) == 6
    assert not result.left_behind
    assert (result.out / "before.png").stat().st_size > 50_000


def test_black_picture_is_refused(play):
    result = play(BLACK)
    assert result.ok, result.report()


def test_exception_in_a_step_shows_its_traceback(play):
    result = play("from driver import check, run\ndef steps():\n    check('no', False, 41)\n    yield 0.1\n    1 / 0\nrun(steps)\n")
    assert not result.ok
    assert result.failed == ("no [41]",)
    assert "ZeroDivisionError" in result.error
    assert "line 5, in steps" in result.report()


def test_exception_before_the_first_step_ends_at_once(play):
    result = play("import driver\nraise LookupError('no such strip')\n")
    assert not result.ok
    assert "without a result" in result.error
    assert "no such strip" in result.report()


def test_hanging_script_is_ended_and_leaves_no_process(play):
    result = play(HANG, seconds=40)
    assert not result.ok
    assert "did not end within" in result.error
    assert "steps.py" in result.report(), "says where it hangs"
    until(lambda: not processes_of(result.out))


def test_process_that_outlives_blender_is_reported_and_ended(play):
    started = "subprocess.Popen(['sleep', '600'], start_new_session=True)"
    result = play(f"import subprocess\nfrom driver import run\ndef steps():\n    {started}\n    yield 0.1\nrun(steps)\n")
    assert result.ok, result.report()
    assert result.left_behind == ("sleep600",)
    until(lambda: not processes_of(result.out))


def test_zip_that_does_not_install_is_an_error(play, tmp_path):
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip")
    assert "did not install" in play("", zip_path=broken, extension_id="broken").error
    assert "must exist" in play("", zip_path=tmp_path / "none.zip", extension_id="none").error


def test_two_windows_at_once_do_not_meet(play):
    text = "from driver import picture, run\ndef steps():\n    yield 2.0\n    picture('alone')\nrun(steps)\n"
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda name: play(text, name), ["left", "right"]))
    assert all(result.ok for result in results), [result.report() for result in results]


def test_mounts_are_private_and_root_stays_clean(root, tmp_path):
    (tmp_path / "note").write_text("seen")
    seen = subprocess.run(inside(root, ["cat", str(tmp_path / "note")], binds=[tmp_path]), capture_output=True, text=True, check=True)
    assert seen.stdout == "seen"
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    assert not (root / str(tmp_path)[1:]).exists()


@pytest.mark.parametrize("folder", ["/", "/usr", "/tmp", "/no/such/folder"])
def test_folder_that_would_hide_the_roots_own_is_refused(root, folder):
    with pytest.raises(ValueError, match="cannot show"):
        inside(root, ["true"], binds=[Path(folder)])


@pytest.mark.skipif(sys.base_prefix == "/usr", reason="the system's own Python cannot be shown inside")
def test_host_python_runs_inside(root):
    command = [sys.executable, "-I", "-c", "import ssl, sqlite3, ctypes, socket; print(6 * 7)"]
    shown = inside(root, command, binds=[Path(sys.prefix), Path(sys.base_prefix)])
    done = subprocess.run(shown, capture_output=True, text=True, check=False)
    assert done.stdout == "42\n", done.stderr


def test_finished_root_is_found_and_left_as_it_is(root):
    before = (root / STAMP).stat(), (root / "var" / "lib" / "dpkg" / "status").stat()
    assert ensure_root(["blender"]) == root
    assert ((root / STAMP).stat(), (root / "var" / "lib" / "dpkg" / "status").stat()) == before


def processes_of(out: Path) -> list[str]:
    """Return the processes with a run's environment, wherever they are."""
    wanted = f"WINDOW_OUT={out}".encode()
    return [path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if wanted in read_environment(path)]


def read_environment(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile
        return b""
