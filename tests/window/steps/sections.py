"""Steps inside Blender's window: a film split with K, a piece of it changed and drawn again by hand, undo, beats as markers."""

import os
import shutil
import sys

import bpy
from driver import OUT, check, click, find_button, open_by_default, open_sidebar, picture, press, region, run, sequencer, wait_until

FRAMES = 100


def steps():
    addon = _addon()
    jobs = addon.jobs
    window, area = sequencer()
    _timeline(window, area)
    bpy.ops.chromastrip.generate()
    yield from wait_until(lambda: not jobs.state.busy, 120)
    open_by_default("CHROMASTRIP_PT_markers")
    yield from open_sidebar("Chromastrip")
    yield from split_with_k()
    yield from see_presets(area)
    yield from render_a_piece(addon, area)
    yield from undo(addon)
    yield from mark(jobs, area)


def split_with_k():
    for frame in (41, 71):
        _select(*_films())
        _scene().frame_set(frame)
        yield 0.3
        yield from press("k")
        yield 0.3
    edges = [(strip.left_handle, strip.right_handle) for strip in _films()]
    check("K splits the film", edges == [(1, 41), (41, 71), (71, 101)], edges)


def see_presets(area):
    _select(_films()[1])
    yield 0.5
    sidebar = region(area, "UI")
    yield from click(sidebar.x + sidebar.width - 62, bpy.context.window.height - sidebar.y - sidebar.height + 21)
    yield 1.0
    picture("presets")
    yield from press("Escape")
    yield 0.3


def render_a_piece(addon, area):
    jobs, sections = addon.jobs, addon.sections
    before = [strip.directory for strip in _films()]
    middle = _films()[1]
    _select(middle)
    yield 0.5
    picture("fresh")
    middle.chromastrip.seed, middle.chromastrip.tempo_sensitivity = 5, 0.8
    bpy.ops.ed.undo_push(message="Seed")
    yield 0.5
    check("a piece whose settings were changed is stale", sections.state(middle) == sections.State.STALE)
    picture("stale")
    render = yield from find_button("chromastrip.render", area)
    yield from click(*render)
    check("a click on Render starts a job", jobs.state.busy, jobs.state.error)
    ended = yield from wait_until(lambda: not jobs.state.busy, 120)
    check("it ends well", ended and jobs.state.error is None, jobs.state.error)
    after = [strip.directory for strip in _films()]
    check("only that piece shows other frames", [one != two for one, two in zip(before, after, strict=True)] == [False, True, False], after)
    check("it is up to date", sections.state(_films()[1]) == sections.State.FRESH)
    yield 0.5
    picture("drawn")


def undo(addon):
    drawn = _films()[1].directory
    yield from press("ctrl+z")
    check("ctrl+z shows the old frames", _films()[1].directory != drawn and len(_films()) == 3, *_films())
    check("and the piece is stale", addon.sections.state(_films()[1]) == addon.sections.State.STALE)
    yield from press("ctrl+shift+z")
    check("redo shows the new ones", _films()[1].directory == drawn, *_films())


def mark(jobs, area):
    _select(next(strip for strip in _scene().sequence_editor.strips if strip.type == "SOUND"))
    yield 0.5
    add = yield from find_button("chromastrip.add_markers", area)
    yield from click(*add)
    yield from wait_until(lambda: not jobs.state.busy, 60)
    names = {marker.name.split()[0] for marker in _scene().timeline_markers}
    check("beats, bars and parts are marked", names == {"Beat", "Bar", "Part"}, names, jobs.state.error)
    yield 0.5
    picture("markers")
    yield from press("ctrl+z")
    check("ctrl+z takes them away", len(_scene().timeline_markers) == 0)


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
    sound.right_handle = sound.left_handle + FRAMES
    editor.active_strip = sound
    scene.frame_end = sound.right_handle
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    with bpy.context.temp_override(window=window, area=area, region=region(area)):
        bpy.ops.sequencer.view_all()


def _scene():
    """Look it up: an undo makes a scene held in a variable stale."""
    return bpy.context.window.workspace.sequencer_scene


def _films():
    return sorted((strip for strip in _scene().sequence_editor.strips if strip.type == "IMAGE"), key=lambda strip: strip.left_handle)


def _select(*strips):
    for other in _scene().sequence_editor.strips:
        other.select = other in strips
    _scene().sequence_editor.active_strip = strips[0]


run(steps)
