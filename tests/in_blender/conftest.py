"""What the tests inside Blender share. They run in Blender's Python, one file a process: see tests/blender/test_in_blender.py."""

import array
import atexit
import json
import math
import os
import struct
import subprocess
import sys
import time
import warnings
import wave
import zlib
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

MODULE = "bl_ext.user_default.chromastrip"
ROOT = Path(__file__).resolve().parents[2]
SOUND_RATE = 48_000
CLICK_SAMPLES = 96  # 2 ms
EXIT_STATUS = pytest.StashKey[int]()


def pytest_sessionfinish(session, exitstatus):
    session.config.stash[EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """End without Blender 4.5's own tidying up, which sometimes waits for its sound thread for ever; ours is done."""
    if bpy.app.version < (5, 0, 0):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[EXIT_STATUS])


@pytest.fixture(scope="session")
def extension_zip():
    """Give the zip that the outer test has built."""
    return Path(os.environ["CHROMASTRIP_ZIP"])


@pytest.fixture(scope="session")
def worker_python():
    """Give the Python program that has the worker's packages."""
    return Path(os.environ["CHROMASTRIP_WORKER_PYTHON"])


@pytest.fixture(scope="session")
def extension(extension_zip):
    """Install the zip through Blender's own extension system, enable it, and give its module name."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    result = bpy.ops.extensions.package_install_files(filepath=str(extension_zip), repo="user_default", enable_on_install=True)
    assert result == {"FINISHED"}
    return MODULE


@pytest.fixture
def addon(extension, worker_python):
    """Give the add-on's package, its engine set. The worker is kept for the next test, as it is for the next film."""
    bpy.context.preferences.addons[extension].preferences.engine_python = str(worker_python)
    package = sys.modules[f"{extension}.addon"]
    yield package
    package.jobs._forget_job()


@pytest.fixture
def fault(addon, monkeypatch):
    """Give a function that tells the next worker what to do wrong: see `core.sync_card`."""
    addon.jobs._drop_worker()
    yield lambda words: monkeypatch.setenv("CHROMASTRIP_FAULT", words)
    addon.jobs._drop_worker()


@pytest.fixture(scope="module")
def set_pace(extension, tmp_path_factory):
    """Give a function that says how many seconds each picture takes from now on. One worker draws for all tests."""
    jobs = sys.modules[f"{extension}.addon.jobs"]
    jobs._drop_worker()
    pace = tmp_path_factory.mktemp("pace") / "seconds"

    def write(seconds):
        pace.with_name("new").write_text(str(seconds))
        pace.with_name("new").replace(pace)

    write(0)
    os.environ["CHROMASTRIP_FAULT"] = f"pace@{pace}"
    yield write
    del os.environ["CHROMASTRIP_FAULT"]
    jobs._drop_worker()


@pytest.fixture
def saved_film(addon, tmp_path):
    """Give an empty, saved .blend with the sequencer open, as `SimpleNamespace(scene, editor, folder)`."""
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = 128
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    editor = scene.sequence_editor_create()
    folder = tmp_path / "Meine Filme 映画"
    folder.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "film.blend"))
    return SimpleNamespace(scene=scene, editor=editor, folder=folder)


@pytest.fixture
def wait(addon):
    """Give a function that advances the add-on's job until it ends (app timers do not run in the background)."""

    def advance(*, until=lambda: False, seconds=300):
        end = time.monotonic() + seconds
        while addon.jobs.state.busy and not until():
            assert time.monotonic() < end, f"still busy after {seconds} s: {addon.jobs.state}"
            time.sleep(0.02)
            addon.jobs.tick()

    return advance


@pytest.fixture
def add_sound(saved_film):
    """Give a function that puts a sound on the timeline, selected and active, set to be drawn by the sync card."""

    def add(path, *, frame_start=1, channel=1, model="sync-card"):
        strip = saved_film.editor.strips.new_sound(name=path.stem, filepath=str(path), channel=channel, frame_start=frame_start)
        strip.chromastrip.model = model
        saved_film.editor.active_strip = strip
        return strip

    return add


@pytest.fixture
def click_track(tmp_path):
    """Give a function that writes a WAV of `seconds` with a click at each of the given times, exact to the sample."""

    def write(*, seconds, clicks, name="clicks.wav"):
        samples = array.array("h", bytes(2 * math.ceil(seconds * SOUND_RATE)))
        for click in clicks:
            first = round(click * SOUND_RATE)
            for offset in range(CLICK_SAMPLES):
                samples[first + offset] = 24_000 if offset % 8 < 4 else -24_000
        path = tmp_path / name
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SOUND_RATE)
            file.writeframes(samples.tobytes())
        return path

    return write


@pytest.fixture
def run_worker(worker_python):
    """Give a function that runs a line of Python where numpy and decoders are, and gives the JSON that it prints."""

    def run(program):
        start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
        done = subprocess.run([worker_python, "-c", start + program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    return run


@pytest.fixture
def read_movie(run_worker):
    """Give a function that decodes a movie of sync cards and clicks: see tests/read_movie.py."""
    program = (
        "import json; from pathlib import Path; from tests.read_movie import read_movie; print(json.dumps(read_movie(Path({path!r}))))"
    )
    return lambda path: SimpleNamespace(**run_worker(program.format(path=str(path))))


@pytest.fixture
def films():
    """Give a function that lists the image strips on the timeline."""
    return lambda: [strip for strip in bpy.context.scene.sequence_editor.strips if strip.type == "IMAGE"]


@pytest.fixture
def handles():
    """Give functions for strips' edges that exist under other names before Blender 5.1."""
    new = bpy.app.version >= (5, 1, 0)

    def set_left(strip, frame):
        setattr(strip, "left_handle" if new else "frame_final_start", frame)

    def set_right(strip, frame):
        setattr(strip, "right_handle" if new else "frame_final_end", frame)

    return SimpleNamespace(
        left=lambda strip: strip.left_handle if new else strip.frame_final_start,
        right=lambda strip: strip.right_handle if new else strip.frame_final_end,
        set_left=set_left,
        set_right=set_right,
    )


@pytest.fixture
def set_fps():
    """Give a function that sets a scene's exact rate as Blender's menus do: 30000/1001 is 30 and 1.001."""

    def put(scene, fps):
        scene.render.fps = math.ceil(fps)
        scene.render.fps_base = float(Fraction(math.ceil(fps)) / fps)

    return put


@pytest.fixture
def sequencer(saved_film, monkeypatch):
    """Give the window's first area as a sequencer, for operators that ask for one."""
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = saved_film.scene
    area = bpy.context.window_manager.windows[0].screen.areas[0]
    monkeypatch.setattr(area, "type", "SEQUENCE_EDITOR")
    return area


@pytest.fixture
def crossfade_sounds(sequencer):
    """Give a function that presses Crossfade Sounds, which in Blender 5.1 uses names that Blender 5.1 warns of."""

    def press():
        region = next(region for region in sequencer.regions if region.type == "WINDOW")
        with (
            bpy.context.temp_override(area=sequencer, region=region),
            warnings.catch_warnings(action="ignore", category=DeprecationWarning),
        ):
            return bpy.ops.sequencer.crossfade_sounds()

    return press


@pytest.fixture
def pictures(tmp_path):
    """Give a function that writes small grey PNGs under the given names into a folder and gives that."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def write(names, folder="pictures", size=16):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
        for number, name in enumerate(names):
            rows = (b"\0" + bytes([number % 256]) * size) * size
            content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
            (place / name).write_bytes(b"\x89PNG\r\n\x1a\n" + content)
        return place

    return write


@pytest.fixture
def write_movie(run_worker, tmp_path):
    """Give a function that writes a movie of so many frames at a rate."""

    def write(name, *, fps, frame_count):
        path = tmp_path / name
        run_worker(
            f"import av, numpy as np; from fractions import Fraction; c = av.open({str(path)!r}, 'w');"
            f"s = c.add_stream('libx264', rate=Fraction({str(fps)!r})); s.width = s.height = 16; s.pix_fmt = 'yuv420p';"
            f"f = [av.VideoFrame.from_ndarray(np.full((16, 16, 3), i, np.uint8), format='rgb24') for i in range({frame_count})];"
            f"[c.mux(p) for x in f for p in s.encode(x)]; [c.mux(p) for p in s.encode()]; c.close()"
        )
        return path

    return write


@pytest.fixture
def add_pictures(saved_film, pictures, handles):
    """Give a function that puts numbered pictures on the timeline."""

    def add(name, *, first=1, count=20, channel=1, folder=None):
        names = [f"{name}_{number:04d}.png" for number in range(count)]
        folder = pictures(names, folder=folder or name)
        strip = saved_film.editor.strips.new_image(
            name=name, filepath=str(folder / names[0]), channel=channel, frame_start=first, fit_method="FIT"
        )
        for other in names[1:]:
            strip.elements.append(other)
        return strip

    return add


@pytest.fixture
def add_effect(saved_film):
    """Give a function that lays an effect strip over others."""

    def add(kind, *, channel, first, end, inputs=(), name="Effect", strips=None):
        options = {"length": end - first} if bpy.app.version >= (5, 0, 0) else {"frame_end": end}
        options |= {f"input{number}": strip for number, strip in enumerate(inputs, 1)}
        strips = saved_film.editor.strips if strips is None else strips
        return strips.new_effect(name=name, type=kind, channel=channel, frame_start=first, **options)

    return add


@pytest.fixture
def set_speed(saved_film, sequencer):
    """Give a function that retimes a strip as the sequencer's menu does: 2 is twice as fast."""

    def put(strip, speed):
        for other in saved_film.editor.strips:
            other.select = other == strip
        saved_film.editor.active_strip = strip
        region = next(region for region in sequencer.regions if region.type == "WINDOW")
        window = bpy.context.window_manager.windows[0]
        with bpy.context.temp_override(window=window, area=sequencer, region=region, scene=saved_film.scene):
            assert bpy.ops.sequencer.retiming_segment_speed_set(speed=100 * speed) == {"FINISHED"}

    return put
