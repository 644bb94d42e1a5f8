"""Steps inside Blender's window: strips' colours, files cleaned up, frames moved along after Save As, memory released."""

import os
import time

import bpy
from driver import OUT, check, click, find_button, open_by_default, open_sidebar, picture, press, run, sequencer, wait_until
from workplace import enable_addon, films, new_film, save_and_view, scene, select, sound

FRAMES = 100
TWO_HOURS = 7200


def steps():
    addon = enable_addon()
    _, area = sequencer()
    new_film(frames=FRAMES, name="Song").chromastrip.model = "sync-card"
    save_and_view()
    bpy.ops.chromastrip.generate()
    yield from wait_until(lambda: not addon.jobs.state.busy, 120)
    open_by_default("CHROMASTRIP_PT_keeping")
    yield from open_sidebar("Chromastrip")
    check("nothing is offered that was drawn to its end", addon.job_list.state.offered == (), addon.job_list.state.offered)
    yield from see_colours(addon)
    yield from clean_up(addon, area)
    yield from move_along(addon, area)
    yield from release(addon, area)


def see_colours(addon):
    films()[0].split(frame=41, split_method="SOFT")
    films()[1].split(frame=71, split_method="SOFT")
    films()[1].chromastrip.seed = 5
    stale = yield from wait_until(lambda: films()[1].color_tag == "COLOR_03", 30)
    check("a timer turns a stale strip yellow, and only that", stale and films()[0].color_tag == "COLOR_05", [f.color_tag for f in films()])
    picture("colours")
    films()[1].chromastrip.seed = 0
    fresh = yield from wait_until(lambda: films()[1].color_tag == "COLOR_05", 30)
    check("settings set back turn it blue", fresh)


def clean_up(addon, area):
    sound().chromastrip.size = "256"
    select(sound())
    bpy.ops.chromastrip.generate()
    yield from wait_until(lambda: not addon.jobs.state.busy, 120)
    gone = max(films(), key=lambda strip: strip.channel)
    folder = addon.strips.frames_folder(gone)
    yield 2.5  # the timer has noted it
    scene().sequence_editor.strips.remove(gone)
    bpy.ops.wm.save_mainfile()
    _age(OUT / "chromastrip")
    addon.keeping.films_here.forget()  # as opening the file again does
    select(films()[0])
    button = yield from find_button("chromastrip.take_stock", area)
    yield from click(*button)
    yield from wait_until(lambda: addon.keeping.cleaning.state.stock, 60)
    yield 0.5
    picture("stock")
    button = yield from find_button("chromastrip.clean_up", area)
    yield from click(*button)
    yield 1.0
    picture("clean_up")
    check("it asks before", folder.exists())
    yield from press("Return", at=button)
    went = yield from wait_until(lambda: not addon.jobs.state.busy and not folder.exists(), 60)
    check("the film that no strip shows is gone", went, addon.jobs.state.error)
    check("the others are up to date", {addon.sections.state_with_files(film).name for film in films()} == {"FRESH"})


def move_along(addon, area):
    old = addon.strips.frames_folder(films()[0])
    (OUT / "elsewhere").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "elsewhere" / "film.blend"))
    yield 1.0
    if addon.jobs.state.notes:  # what the clean-up has told stands before it
        button = yield from find_button("chromastrip.dismiss", area)
        yield from click(*button)
        yield 0.5
    picture("elsewhere")
    button = yield from find_button("chromastrip.move_frames_here", area)
    yield from click(*button)
    yield 1.0
    picture("move")
    yield from press("Return", at=button)
    new = OUT / "elsewhere" / "chromastrip"  # by no other way: the old one is "elsewhere/.." now
    moved = yield from wait_until(lambda: addon.strips.frames_folder(films()[0]).parent == new, 60)
    check("strips show their frames in the new folder", moved and old.exists(), addon.jobs.state.error)
    bpy.ops.wm.save_mainfile()
    went = yield from wait_until(lambda: not old.exists(), 60)
    check("the old ones go when the file is saved", went, addon.jobs.state.error)
    yield 1.0
    picture("moved")
    check("nothing is missing", {addon.sections.state_with_files(film).name for film in films()} == {"FRESH"})


def release(addon, area):
    yield from wait_until(lambda: not addon.jobs.state.busy, 60)
    button = yield from find_button("chromastrip.release_memory", area)
    yield from click(*button)
    yield 0.5
    check("a click on Release Memory ends the engine", addon.jobs.worker_pid() is None)


def _age(folder):
    then = time.time() - TWO_HOURS
    for path in folder.rglob("*"):
        os.utime(path, (then, then))


run(steps)
