"""Steps inside Blender's window: two sounds selected and mixed by a Blender in the background, the film mirrored, then split at markers."""

import os
import shutil
import sys
from pathlib import Path

import bpy
from driver import OUT, check, click, find_button, open_by_default, open_sidebar, picture, region, run, sequencer, wait_until

FRAMES = 60


def steps():
    addon = _addon()
    window, area = sequencer()
    _timeline(window, area)
    open_by_default("CHROMASTRIP_PT_output", "CHROMASTRIP_PT_markers")
    yield from open_sidebar("Chromastrip")
    yield from mix(addon, area)
    yield from mirror(addon, area)
    yield from split(area)


def mix(addon, area):
    yield 0.5
    picture("two_sounds")
    scenes, sounds = len(bpy.data.scenes), len(bpy.data.sounds)
    generate = yield from find_button("chromastrip.generate", area)
    yield from click(*generate)
    check("a click on Generate starts a job", addon.jobs.state.busy, addon.jobs.state.error)
    ended = yield from wait_until(lambda: not addon.jobs.state.busy, 180)
    check("the film of a mix is drawn", ended and addon.jobs.state.error is None and len(_films()) == 1, addon.jobs.state.error)
    (film,) = _films()
    edges = (film.left_handle, film.right_handle, film.channel)
    check("it lies above both sounds, from the first to the last", edges == (1, 31 + FRAMES, 3), edges)
    folder = Path(bpy.path.abspath(film.directory)).parent / "sounds"
    kinds = sorted(path.suffix for path in folder.iterdir())
    check("the mix lies beside the frames, and what it is made from", kinds == [".blend", ".wav"], kinds)
    check("Blender's data is as it was", (scenes, sounds) == (len(bpy.data.scenes), len(bpy.data.sounds)))


def mirror(addon, area):
    (film,) = _films()
    _select(film)
    film.chromastrip.fit = "mirror"
    bpy.ops.ed.undo_push(message="Mirror")
    yield 0.5
    picture("to_be_mirrored")
    render = yield from find_button("chromastrip.render", area)
    yield from click(*render)
    ended = yield from wait_until(lambda: not addon.jobs.state.busy, 180)
    check("a mirrored film is drawn in its place", ended and addon.jobs.state.error is None and len(_films()) == 1, addon.jobs.state.error)
    _scene().frame_set(20)
    yield 1.0
    picture("mirrored")


def split(area):
    for name, frame in (("Part A", 1), ("Part B", 21), ("Part A", 61), ("Beat", 31)):
        _scene().timeline_markers.new(name, frame=frame)
    yield 0.5
    button = yield from find_button("chromastrip.split_at_markers", area)
    yield from click(*button)
    yield 0.5
    edges = [(strip.left_handle, strip.right_handle) for strip in _films()]
    check("Split at Markers cuts where parts begin", edges == [(1, 21), (21, 61), (61, 31 + FRAMES)], edges)
    check("all pieces are selected", all(strip.select for strip in _films()))
    picture("split")


def _timeline(window, area):
    """Put the song on two channels of a saved timeline, the second one 30 frames later."""
    scene = window.workspace.sequencer_scene
    scene.view_settings.view_transform = "Standard"
    editor = scene.sequence_editor or scene.sequence_editor_create()
    song = shutil.copy(os.environ["WINDOW_SONG"], OUT)
    sounds = [editor.strips.new_sound(name="Song", filepath=song, channel=1 + n, frame_start=1 + 30 * n) for n in range(2)]
    for n, sound in enumerate(sounds):
        sound.right_handle = 1 + 30 * n + FRAMES
    scene.frame_end = 31 + FRAMES
    _select(*sounds)
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    with bpy.context.temp_override(window=window, area=area, region=region(area)):
        bpy.ops.sequencer.view_all()


def _addon():
    module = os.environ["WINDOW_MODULE"]
    bpy.ops.preferences.addon_enable(module=module)  # Blender's --addons alone gives it no preferences
    bpy.context.preferences.addons[module].preferences.engine_python = os.environ["WINDOW_WORKER_PYTHON"]
    return sys.modules[f"{module}.addon"]


def _scene():
    """Look it up: an undo makes a scene held in a variable stale."""
    return bpy.context.window.workspace.sequencer_scene


def _films():
    films = [strip for strip in _scene().sequence_editor.strips if strip.type == "IMAGE"]
    return sorted(films, key=lambda strip: strip.left_handle)


def _select(*strips):
    editor = _scene().sequence_editor
    for other in editor.strips:
        other.select = other in strips
    editor.active_strip = strips[0]


run(steps)
