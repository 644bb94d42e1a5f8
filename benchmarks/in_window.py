"""What `bench_blender` has Blender do in a window: show the sidebar with all panels open beside a large film, and time what draws them.

Steps for `tests/window/driver.py`. Out: `measured.json` with milliseconds. Standard library, `bpy` and the driver only.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import bpy
from driver import OUT, Steps, check, open_by_default, open_sidebar, picture, region, run, sequencer

FRAMES = 10_000
REDRAWS = 100
THINGS = 1000
MILLISECONDS = 1000
MODULE = os.environ["WINDOW_MODULE"]


def steps() -> Steps:
    bpy.ops.preferences.addon_enable(module=MODULE)  # Blender's --addons alone gives it no preferences
    watch = Watch()
    panels = [name for name in dir(bpy.types) if name.startswith("CHROMASTRIP_PT_") and hasattr(getattr(bpy.types, name), "bl_category")]
    open_by_default(*(name for name in panels if "DEFAULT_CLOSED" in getattr(getattr(bpy.types, name), "bl_options", ())))
    for name in panels:
        watch.time(getattr(bpy.types, name), name.removeprefix("CHROMASTRIP_PT_"))
    film = yield from _large_film()
    yield from open_sidebar("Chromastrip")
    film = yield from _redraw(watch, "film", film.name)
    picture("film")
    sound = _scene().sequence_editor.strips["song"]
    film.select, sound.select = False, True
    _scene().sequence_editor.active_strip = sound
    yield from _redraw(watch, "sound", sound.name)
    class_names = sys.modules[f"{MODULE}.core.protocol"].class_names
    watch.values["choosing 1000 things"] = [_milliseconds(lambda: _choose_all(sound, class_names))]
    yield from _redraw(watch, "1000 things", sound.name)
    picture("things")
    check("every panel was drawn", len(watch.drawn) == len(panels), sorted(set(panels) - watch.drawn))
    (OUT / "measured.json").write_text(json.dumps({"blender": bpy.app.version_string, "measured": watch.values}), encoding="utf-8")


class Watch:
    """Times each panel's `draw` and each run of Python's garbage collector."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}
        self.drawn: set[str] = set()
        self.subject = ""
        self._within = False
        gc.callbacks.append(self._collecting)

    def time(self, panel: Any, name: str) -> None:
        """Time a panel from now on."""
        draw = panel.draw

        def timed(self_: bpy.types.Panel, context: bpy.types.Context) -> None:  # Blender counts a function's arguments
            self._within, self._collected = True, 0.0
            began, worked = time.perf_counter(), time.thread_time()
            draw(self_, context)
            elapsed, work = time.perf_counter() - began, time.thread_time() - worked
            self.drawn.add(panel.__name__)
            self._note(f"draw, {self.subject}, {name}", elapsed)
            self._note(f"draw on the processor, {self.subject}", work)
            if self._collected:
                self._note(f"garbage collector within a draw, {self.subject}", self._collected)
            self._within = False

        panel.draw = timed

    def _note(self, name: str, seconds: float) -> None:
        if self.subject:
            self.values.setdefault(name, []).append(MILLISECONDS * seconds)

    def _collecting(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
            return
        seconds = time.perf_counter() - self._began
        self._note(f"garbage collector, generation {info['generation']}", seconds)
        self._collected = seconds if self._within else 0.0


def _large_film() -> Steps:
    """Put a film of so many frames on the timeline, of which only the first one's file is there."""
    addon, scene = sys.modules[f"{MODULE}.addon"], _scene()
    protocol = sys.modules[f"{MODULE}.core.protocol"]
    window, area = sequencer()
    editor = scene.sequence_editor or scene.sequence_editor_create()
    sound = editor.strips.new_sound(name="song", filepath=os.environ["WINDOW_SONG"], channel=1, frame_start=1)
    frames = protocol.FrameSequence(folder=str(OUT), prefix="f_", suffix=".png", first_number=0, digits=6, frame_count=FRAMES)
    picture("f_000000")
    film = addon.strips.new_image_strip(bpy.context, scene, frames, name="film", channel=2, first=1)
    addon.sections.mark_as_drawn(film.chromastrip, film="f", drawn="d", fps=Fraction(25), first_frame=0, end_frame=FRAMES)
    sound.select, film.select, editor.active_strip = False, True, film
    with bpy.context.temp_override(window=window, area=area, region=region(area)):
        bpy.ops.sequencer.view_all()
    yield 0.5
    return _scene().sequence_editor.strips["film"]


def _redraw(watch: Watch, subject: str, name: str) -> Steps:
    """Have the sidebar drawn many times, a first time unmeasured; give the strip as it is then."""
    _, area = sequencer()
    area.tag_redraw()
    yield 0.5
    watch.subject = subject
    for _ in range(REDRAWS):
        region(area, "UI").tag_redraw()
        yield 0.01
    watch.subject = ""
    return _scene().sequence_editor.strips[name]


def _choose_all(sound: bpy.types.Strip, class_names: Any) -> None:
    sound.chromastrip.classes = ", ".join(class_names.name(number) for number in range(THINGS))


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return MILLISECONDS * (time.perf_counter() - began)


def _scene() -> bpy.types.Scene:
    return bpy.context.window.workspace.sequencer_scene


run(steps)
