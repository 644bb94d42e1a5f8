"""What `bench_blender` has Blender's Python do: install the add-on, press its buttons, time all that Blender has to wait for.

In: paths by the command line. Out: a JSON file of measurements in milliseconds or seconds. Standard library and `bpy` only.
"""

import argparse
import gc
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

MODULE = "bl_ext.user_default.chromastrip"
FPS = 25
FILM_FRAMES = 3000  # of the long song
LARGE_FRAMES = 10_000
ENABLINGS = 9
FILMS = 5
FIRST_FRAMES = 5
DEATHS = 5
TIMEOUT_SECONDS = 120
MILLISECONDS = 1000

Measured = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("zip", "worker-python", "song", "long-song", "folder", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    measured: Measured = {"installing": [_seconds(lambda: install(options.zip))]}
    for _ in range(ENABLINGS):
        _extend(measured, enable())
    bpy.context.preferences.addons[MODULE].preferences.engine_python = str(options.worker_python)
    folders = (options.folder / f"film-{number}" for number in itertools.count())
    for film in range(2 * FILMS):
        _jobs()._drop_worker()  # noqa: SLF001 (so that each film starts one)
        with_sequencer = film % 2 == 0
        ticks = watch_a_film(next(folders), options.long_song, with_sequencer=with_sequencer)
        insertion = "inserting, sequencer on screen" if with_sequencer else "inserting, no sequencer on screen"
        _extend(measured, ticks | {insertion: ticks.pop("inserting")})
    for _ in range(FIRST_FRAMES):
        _extend(measured, wait_for_first_frames(folders, options.song))
    for number in range(2 * FILMS):
        _extend(measured, insert_and_turn(next(folders), options.song, with_sequencer=number % 2 == 0))
    for _ in range(DEATHS):
        _extend(measured, watch_the_worker_die(next(folders), options.song))
        _extend(measured, end_a_busy_worker(next(folders), options.song))
    options.out.write_text(json.dumps({"blender": bpy.app.version_string, "measured": measured}), encoding="utf-8")


# Coming up ------------------------------------------------------------------------------------------------------------------------------


def install(path: Path) -> None:
    bpy.ops.extensions.package_install_files(filepath=str(path), repo="user_default", enable_on_install=True)


def enable() -> Measured:
    """Import and register the add-on, as Blender does when it starts, in milliseconds."""
    import addon_utils  # noqa: PLC0415 (can be found once bpy is imported)

    addon_utils.disable(MODULE)
    for name in [name for name in sys.modules if name.startswith(MODULE)]:
        del sys.modules[name]
    worked = time.thread_time()
    elapsed = _seconds(lambda: addon_utils.enable(MODULE))
    return {"enabling": [MILLISECONDS * elapsed], "enabling, on the processor": [MILLISECONDS * (time.thread_time() - worked)]}


# Films ----------------------------------------------------------------------------------------------------------------------------------


def watch_a_film(folder: Path, song: Path, *, with_sequencer: bool) -> Measured:
    """Have sync cards drawn for a whole song, and time what Blender waits for: each tick, in milliseconds, by what it did."""
    scene = new_blend(folder, song, model="sync-card", with_sequencer=with_sequencer)
    jobs = _jobs()
    measured: Measured = {"pressing Generate, cold": [press_generate()]}
    while jobs.state.busy:
        _extend(measured, timed_tick(jobs))
    frames = [len(strip.elements) for strip in scene.sequence_editor.strips if strip.type == "IMAGE"]
    if frames != [FILM_FRAMES]:
        raise AssertionError(f"no film: {frames} frames, {jobs.state.error}")
    return measured


def timed_tick(jobs: Any) -> Measured:
    """Wait as Blender's timer does, then time one tick: on the clock, and on the processor, which other processes do not disturb."""
    time.sleep(jobs.POLL_SECONDS)
    before, known, strips = jobs.state.progress, jobs.state.busy, _strip_count()
    started, worked = time.perf_counter(), time.thread_time()
    jobs.tick()
    elapsed, work = MILLISECONDS * (time.perf_counter() - started), MILLISECONDS * (time.thread_time() - worked)
    if _strip_count() != strips:
        return {"inserting": [elapsed]}
    if known and not jobs.state.busy:
        return {"finishing": [elapsed]}
    kind = "tick without news" if jobs.state.progress is before else "tick with news"
    return {kind: [elapsed], "tick": [elapsed], "tick on the processor": [work]}


def wait_for_first_frames(folders: Any, song: Path) -> Measured:
    """Press Generate for Abstract and wait until the panel counts drawn frames, in seconds: from a start of Blender to the next film."""
    jobs = _jobs()
    folder = next(folders)
    measured: Measured = {}
    for seed, name in enumerate(("cold worker, new song", "cold worker, known song", "warm worker, known song")):
        if name.startswith("cold"):
            jobs._drop_worker()  # noqa: SLF001 (as after a start of Blender)
        scene = new_blend(folder, song, model="abstract")
        scene.sequence_editor.active_strip.chromastrip.seed = seed  # no picture is cached yet
        started = time.perf_counter()
        pressing = press_generate()
        _until(is_drawing)
        measured[f"first frame, {name}"] = [time.perf_counter() - started]
        jobs.cancel()
        _until(lambda: not jobs.state.busy)
    return measured | {"pressing Generate, warm": [pressing]}


def watch_the_worker_die(folder: Path, song: Path) -> Measured:
    """Kill the worker in the middle of a film; time the tick that finds out, in milliseconds."""
    jobs = _jobs()
    start_drawing(folder, song)
    os.kill(jobs.worker_pid(), signal.SIGKILL)
    ticks = [timed_tick(jobs)]
    while jobs.state.busy:
        ticks.append(timed_tick(jobs))
    return {"finding the worker dead": ticks[-1]["finishing"]}


def end_a_busy_worker(folder: Path, song: Path) -> Measured:
    """End the worker in the middle of a film, as when Blender quits or the add-on is switched off: milliseconds."""
    start_drawing(folder, song)
    elapsed = _seconds(_jobs()._drop_worker)  # noqa: SLF001
    _jobs()._forget_job()  # noqa: SLF001
    return {"ending a busy worker": [MILLISECONDS * elapsed]}


def start_drawing(folder: Path, song: Path) -> None:
    new_blend(folder, song, model="abstract")
    press_generate()
    _until(is_drawing)


def is_drawing() -> bool:
    """Say whether the panel counts drawn frames."""
    progress = _jobs().state.progress
    return progress is not None and progress.stage == "Drawing" and progress.done > 0


def new_blend(folder: Path, song: Path, *, model: str, with_sequencer: bool = True) -> bpy.types.Scene:
    """Save a .blend with a song on its timeline, chosen."""
    folder.mkdir(exist_ok=True)
    bpy.ops.wm.read_homefile(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = FPS
    if hasattr(bpy.context.workspace, "sequencer_scene"):  # 5.0
        bpy.context.workspace.sequencer_scene = scene
    if with_sequencer:
        max(bpy.context.window_manager.windows[0].screen.areas, key=lambda area: area.width * area.height).type = "SEQUENCE_EDITOR"
    editor = scene.sequence_editor_create()
    strip = editor.strips.new_sound(name=song.stem, filepath=str(song), channel=1, frame_start=1)
    strip.chromastrip.model = model
    editor.active_strip = strip
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "film.blend"))
    gc.collect()  # reading a .blend leaves much to collect: not in the middle of what is timed
    return scene


def insert_and_turn(folder: Path, song: Path, *, with_sequencer: bool) -> Measured:
    """Put a film of so many frames on the timeline, then have its strip show another one, in milliseconds: only the first file is there."""
    scene = new_blend(folder, song, model="sync-card", with_sequencer=with_sequencer)
    addon, protocol = (sys.modules[f"{MODULE}.{name}"] for name in ("addon", "core.protocol"))
    picture = bpy.data.images.new("first", 128, 128)
    picture.filepath_raw, picture.file_format = str(folder / "a_000000.png"), "PNG"
    picture.save()
    films = [
        protocol.FrameSequence(folder=str(folder), prefix=prefix, suffix=".png", first_number=0, digits=6, frame_count=LARGE_FRAMES)
        for prefix in "ab"
    ]
    where = addon.strips.placement(scene, scene.sequence_editor.active_strip)
    context = bpy.context
    inserting = _seconds(lambda: addon.strips.insert_film(context, where, films[0]))
    (strip,) = (strip for strip in scene.sequence_editor.strips if strip.type == "IMAGE")
    turning = _seconds(lambda: addon.sections.turn(strip, films[1]))
    if len(strip.elements) != LARGE_FRAMES or strip.elements[-1].filename != films[1].file_names()[-1]:
        raise AssertionError(f"{len(strip.elements)} frames, the last one {strip.elements[-1].filename}")
    screen = "sequencer" if with_sequencer else "no sequencer"
    return {
        f"inserting {LARGE_FRAMES}, {screen} on screen": [MILLISECONDS * inserting],
        f"turning {LARGE_FRAMES}": [MILLISECONDS * turning],
    }


def press_generate() -> float:
    """Press the button: milliseconds."""
    return MILLISECONDS * _seconds(bpy.ops.chromastrip.generate)


def _strip_count() -> int:
    return len(bpy.context.scene.sequence_editor.strips)


def _jobs() -> Any:
    return sys.modules[f"{MODULE}.addon.jobs"]


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        if time.monotonic() > end or _jobs().state.error is not None:
            raise AssertionError(f"waited in vain: {_jobs().state}")
        time.sleep(_jobs().POLL_SECONDS)
        _jobs().tick()


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _extend(measured: Measured, more: Measured) -> None:
    for name, values in more.items():
        measured.setdefault(name, []).extend(values)


if __name__ == "__main__":
    main()
