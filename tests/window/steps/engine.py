"""Steps inside Blender's window: the engine set up, cancelled, repaired, checked and removed in the add-on's preferences, by hand."""

import os
import sys

import bpy
from driver import (
    check,
    click,
    find_button,
    hovered,
    move,
    open_preferences,
    open_sidebar,
    picture,
    press,
    region,
    run,
    sequencer,
    time_draws,
    wait_until,
)

UNSET = {"set_up_engine": 0.12, "check_engine": 0.37, "remove_engine": 0.62, "cancel_engine": 0.9}
SET = {"check_engine": 0.16, "remove_engine": 0.5, "copy_engine_report": 0.5}
"""Where our buttons lie, as parts of the region's width: before there is an engine, and then."""


def steps():
    addon = _addon()
    setup, condition = addon.engine_setup, addon.engine.Condition
    draws = time_draws(addon.engine_buttons)
    yield from _see_sidebar(addon.engine_buttons)
    area = yield from open_preferences()
    seen = yield from wait_until(lambda: setup.state.plan is not None, 60)
    check("what would be done is told when it is first seen", seen, setup.state)
    yield 0.5
    picture("before")
    yield from _see_why_grey(area)
    bpy.context.preferences.addons[os.environ["WINDOW_MODULE"]].preferences.wheel_folder = os.environ["WINDOW_WHEELS"]
    yield 1.0
    yield from _cancel(setup, condition, area)
    yield from _set_up(setup, condition, area)
    yield from _check(setup, area)
    yield from _remove(setup, condition, area)
    print("SLOWEST DRAWS", [f"{seconds * 1000:.2f} ms" for seconds in sorted(draws)[-5:]], "of", len(draws))


def _see_sidebar(buttons):
    """Where the first film is made, the set-up is offered, too; and first of all what it needs."""
    _, strips = sequencer()
    yield from open_sidebar("Chromastrip")
    missing = yield from wait_until(buttons.is_missing, 60)
    check("it is known that there is no engine", missing)
    allow = yield from find_button("extensions.userpref_allow_online", strips)
    picture("sidebar")
    yield from click(*allow)
    yield 0.5
    check("a click lets Blender go online", bpy.app.online_access)
    yield from find_button("chromastrip.set_up_engine", strips)
    bpy.context.preferences.system.use_online_access = False
    strips.spaces.active.show_region_ui = False


def _see_why_grey(area):
    yield from _find("set_up_engine", area, UNSET)
    yield 1.5
    picture("why_grey")


def _cancel(setup, condition, area):
    button = yield from _find("set_up_engine", area, UNSET)
    yield from click(*button)
    begun = yield from wait_until(lambda: "environment" in setup.state.words, 60)
    check("a click on Set Up Engine starts it", begun, setup.state)
    yield 0.3
    picture("setting_up")
    cancel = yield from _find("cancel_engine", area, UNSET)
    yield from click(*cancel)
    ended = yield from wait_until(lambda: setup.state.task is None, 60)
    check("Cancel ends it", ended and "Cancelled" in setup.state.note, setup.state)
    check("what is half-made is known as that", setup.state.condition == condition.HALF_MADE, setup.state)
    yield 0.5
    picture("cancelled")


def _set_up(setup, condition, area):
    button = yield from _find("set_up_engine", area, UNSET)
    yield from click(*button)
    ended = yield from wait_until(lambda: setup.state.condition == condition.READY, 120)
    check("Repair makes it whole", ended and setup.state.error is None, setup.state)
    yield 0.5
    picture("ready")


def _check(setup, area):
    button = yield from _find("check_engine", area, SET)
    yield from click(*button)
    ended = yield from wait_until(lambda: setup.state.task is None and setup.state.rows, 60)
    check("Check lists what it found", ended and setup.state.rows[0].name == "System", setup.state)
    yield 0.5
    picture("checked")
    copy = yield from _find("copy_engine_report", area, SET)
    yield from click(*copy)
    yield 0.3
    check("Copy Report puts it on the clipboard", "Blender: " in bpy.context.window_manager.clipboard)


def _remove(setup, condition, area):
    remove = yield from _find("remove_engine", area, SET)
    yield from click(*remove)
    yield 1.0
    picture("remove_asks")
    check("Remove asks first", setup.state.condition == condition.READY and setup.state.task is None, setup.state)
    yield from press("Return", at=remove)
    ended = yield from wait_until(lambda: setup.state.condition == condition.ABSENT, 60)
    check("after the answer it is gone", ended, setup.state)
    yield 0.5
    picture("removed")


def _addon():
    module = os.environ["WINDOW_MODULE"]
    bpy.ops.preferences.addon_enable(module=module)  # Blender's --addons alone gives it no preferences
    bpy.context.preferences.system.use_online_access = False
    bpy.context.preferences.addons[module].preferences.setup_python = os.environ["WINDOW_WORKER_PYTHON"]
    addon = sys.modules[f"{module}.addon"]
    addon.engine.REQUIREMENTS.write_text("rose==1.0\n", encoding="utf-8")
    return addon


def _find(name, area, columns):
    """Find a button whose column is known: quicker than a search of the whole page."""
    page, window = region(area), sequencer()[0]
    x = page.x + int(page.width * columns[name])
    for y in range(window.height - page.y - page.height + 5, window.height - page.y, 10):
        yield from move(x, y)
        if hovered(area, "WINDOW").startswith(f"bpy.ops.chromastrip.{name}("):
            yield 0.1
            if hovered(area, "WINDOW").startswith(f"bpy.ops.chromastrip.{name}("):
                return x, y
    raise LookupError(f"no {name} at {columns[name]} of the width")


run(steps)
