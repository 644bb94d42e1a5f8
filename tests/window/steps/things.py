"""Steps inside Blender's window: things chosen by search, a list of a thousand, and the table of lyrics; how long panels take to draw."""

import json
import os
import shutil
import statistics
import sys
import time

import bpy
from driver import OUT, _xdotool, check, click, find_button, open_by_default, open_sidebar, picture, run, sequencer, wait_until

LINES = 60


def steps():
    addon = _addon()
    _, area = sequencer()
    _timeline()
    open_by_default("CHROMASTRIP_PT_lyrics")
    draws = _time_draws()
    yield from open_sidebar("Chromastrip")
    yield from add_by_search(addon, area)
    yield from list_a_thousand(addon, area, draws)
    yield from see_lyrics(area, draws)
    for name, seconds in draws.items():
        print("DRAWS", name, len(seconds), f"median {statistics.median(seconds) * 1000:.2f} ms, worst {max(seconds) * 1000:.2f} ms")


def add_by_search(addon, area):
    add = yield from find_button("chromastrip.add_thing", area)
    yield from click(*add)
    yield 0.5
    _xdotool("type", "tabby")
    yield 0.7
    picture("search")
    _xdotool("key", "Return")
    yield from wait_until(lambda: _settings().classes, 60)
    check("a search adds a thing", _settings().classes == "tabby cat", _settings().classes)
    shuffle = yield from find_button("chromastrip.shuffle_things", area)
    yield from click(*shuffle)
    yield 0.5
    check("Shuffle puts another one in its place", _settings().classes not in ("", "tabby cat"), _settings().classes)


def list_a_thousand(addon, area, draws):
    _settings().classes = ", ".join(addon.things.name_of(number) for number in range(1000))
    for seconds in draws.values():
        seconds.clear()
    for _ in range(30):
        area.tag_redraw()
        yield 0.05
    picture("thousand")


def see_lyrics(area, draws):
    rows = [
        {"words": f"Line {number} of the song", "classes": [number, number + 100, 500], "begin": f"{number}"} for number in range(LINES)
    ]
    settings = _settings()
    settings.classes = "tiger, orange, lighthouse"
    settings.words = json.dumps([*rows, {"words": "A line without a time", "classes": [281]}])
    yield 0.5
    line = yield from find_button("chromastrip.time_line", area)
    for _ in range(30):
        area.tag_redraw()
        yield 0.05
    picture("lyrics")
    check("the table is drawn", len(draws["CHROMASTRIP_PT_lyrics"]) > 0)
    _scene().frame_current = 51
    yield from click(*line)
    yield 0.5
    first = json.loads(_settings().words)[0]
    check("Set to Playhead sets the line's time", first["begin"] == "2", first)


def _time_draws():
    """Time each drawing of the two panels from now on."""
    found = {}
    for name in ("CHROMASTRIP_PT_look", "CHROMASTRIP_PT_lyrics"):
        kind, found[name] = getattr(bpy.types, name), []
        kind.draw = _timed(kind.draw, found[name])
    return found


def _timed(draw, seconds):
    def timed(self, context):
        began = time.perf_counter()
        draw(self, context)
        seconds.append(time.perf_counter() - began)

    return timed


def _addon():
    module = os.environ["WINDOW_MODULE"]
    bpy.ops.preferences.addon_enable(module=module)  # Blender's --addons alone gives it no preferences
    bpy.context.preferences.addons[module].preferences.engine_python = os.environ["WINDOW_WORKER_PYTHON"]
    return sys.modules[f"{module}.addon"]


def _timeline():
    scene = _scene()
    scene.render.fps = 25
    scene.view_settings.view_transform = "Standard"
    editor = scene.sequence_editor or scene.sequence_editor_create()
    song = shutil.copy(os.environ["WINDOW_SONG"], OUT)
    sound = editor.strips.new_sound(name="Dog at the Grand Piano", filepath=song, channel=1, frame_start=1)
    sound.right_handle = sound.left_handle + 10 * 25
    editor.active_strip = sound
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    bpy.ops.ed.undo_push(message="Setup")


def _settings():
    """Look them up: an undo makes what is held in a variable stale."""
    return _scene().sequence_editor.active_strip.chromastrip


def _scene():
    return bpy.context.window.workspace.sequencer_scene


run(steps)
