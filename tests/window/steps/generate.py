"""Steps inside Blender's window: the first film by hand, undo and redo, playback, and Cancel in the middle of the next one."""

import os
import shutil
import sys
import time

import bpy
from driver import OUT, check, click, find_button, hovered, move, open_sidebar, picture, press, region, run, sequencer, wait_until


def steps():
    jobs = _addon().jobs
    window, area = sequencer()
    _timeline(window, area)
    ticks = _measure_ticks(jobs)
    yield from open_sidebar("Chromastrip")
    yield from generate_by_hand(jobs, area)
    yield from undo_and_redo()
    yield from play(window)
    yield from cancel_by_hand(jobs, area)
    yield from see_why_grey(area)
    print("SLOWEST TICKS", [f"{seconds * 1000:.2f} ms" for seconds in sorted(ticks)[-5:]], "of", len(ticks))


def generate_by_hand(jobs, area):
    bpy.ops.ed.undo_push(message="Setup")  # else ctrl+z goes back beyond these steps

    generate = yield from find_button("chromastrip.generate", area)
    picture("panel")
    yield from click(*generate)
    check("a click on Generate starts a job", jobs.state.busy)
    drawing = yield from wait_until(lambda: jobs.state.progress is not None and jobs.state.progress.stage == "Drawing", 90)
    check("drawing begins", drawing, jobs.state.error)
    early = yield from wait_until(lambda: any(strip.type == "IMAGE" for strip in _strips()), 60, every=0.05)
    check("the strip shows up while the film is drawn", early and jobs.state.job is not None, jobs.state.error)
    yield from wait_until(lambda: jobs.state.progress is None or jobs.state.progress.done > 60, 60, every=0.05)
    picture("drawing")
    check("progress has a rate", jobs.state.progress is not None and jobs.state.progress.frames_per_second > 0, jobs.state.progress)
    yield from wait_until(lambda: not jobs.state.busy, 120)
    film = next((strip for strip in _strips() if strip.type == "IMAGE"), None)
    check("the film appears", film is not None, jobs.state.error)
    sound = next(strip for strip in _strips() if strip.type == "SOUND")
    edges = (film.left_handle, film.right_handle, film.channel)
    check("it lies above the sound", edges == (sound.left_handle, sound.right_handle, sound.channel + 1), edges)
    yield 0.5
    picture("film")


def undo_and_redo():
    yield from press("ctrl+z")
    check("ctrl+z takes the film away, and nothing else", [strip.type for strip in _strips()] == ["SOUND"], *_strips())
    yield from press("ctrl+shift+z")
    check("redo brings it back", sorted(strip.type for strip in _strips()) == ["IMAGE", "SOUND"], *_strips())


def play(window):
    yield from press("space")
    began = _scene().frame_current
    yield 2.0
    check("the timeline plays", window.screen.is_animation_playing and _scene().frame_current > began, began, _scene().frame_current)
    picture("playing")
    yield from press("space")


def cancel_by_hand(jobs, area):
    sound = next(strip for strip in _strips() if strip.type == "SOUND")
    sound.chromastrip.seed = 2
    sound.select, _scene().sequence_editor.active_strip = True, sound
    yield 0.3
    generate = yield from find_button("chromastrip.generate", area)
    yield from click(*generate)
    yield from wait_until(lambda: jobs.state.progress is not None and jobs.state.progress.done > 0, 60, every=0.05)
    cancel = yield from _button_below(generate, "chromastrip.cancel", area)
    check("the job still runs when Cancel is found", jobs.state.busy, jobs.state.progress)
    yield from click(*cancel)
    ended = yield from wait_until(lambda: not jobs.state.busy, 60)
    check("Cancel ends the job", ended and "Cancelled" in jobs.state.notes[0], jobs.state.notes, jobs.state.error)
    whole = [strip for strip in _strips() if strip.type == "IMAGE" and not strip.chromastrip.unfinished]
    check("Cancel leaves the finished film alone, and the other one is known to be drawn partly", len(whole) == 1, *_strips())
    yield 0.3
    picture("cancelled")


def see_why_grey(area):
    for strip in _strips():
        strip.select = False
    yield 0.5
    yield from find_button("chromastrip.generate", area)
    yield 1.5
    picture("why_grey")


def _addon():
    module = os.environ["WINDOW_MODULE"]
    bpy.ops.preferences.addon_enable(module=module)  # Blender's --addons alone gives it no preferences
    bpy.context.preferences.addons[module].preferences.engine_python = os.environ["WINDOW_WORKER_PYTHON"]
    return sys.modules[f"{module}.addon"]


def _timeline(window, area):
    scene = window.workspace.sequencer_scene
    scene.render.fps = 25
    scene.view_settings.view_transform = "Standard"
    editor = scene.sequence_editor or scene.sequence_editor_create()
    song = shutil.copy(os.environ["WINDOW_SONG"], OUT)  # beside the .blend, as an editor has it
    sound = editor.strips.new_sound(name="Dog at the Grand Piano", filepath=song, channel=1, frame_start=1)
    sound.right_handle = sound.left_handle + 10 * 25
    sound.show_waveform = True
    editor.active_strip = sound
    scene.frame_end = sound.right_handle
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    with bpy.context.temp_override(window=window, area=area, region=region(area)):
        bpy.ops.sequencer.view_all()


def _scene():
    """Look it up: an undo makes a scene held in a variable stale."""
    return bpy.context.window.workspace.sequencer_scene


def _strips():
    return list(_scene().sequence_editor.strips)


def _button_below(point, name, area):
    """Find a button that has appeared near another one: quicker than a search of the whole sidebar, which a short job would not outlast."""
    x, y = point
    for down in range(54, 120, 6):
        yield from move(x, y + down)
        yield 0.1
        if f"bpy.ops.{name}(" in hovered(area):
            return x, y + down
    raise LookupError(f"no {name} below {point}")


def _measure_ticks(jobs):
    """Time each of the timer's calls."""
    seconds = []
    tick = jobs.tick

    def timed():
        began = time.perf_counter()
        try:
            return tick()
        finally:
            seconds.append(time.perf_counter() - began)

    jobs.tick = timed
    return seconds


run(steps)
