"""Steps inside Blender's window: a film of sync cards that fills while one looks and plays, a second one that waits, and Go On Drawing."""

import os
import signal

import bpy
from driver import check, click, find_button, open_sidebar, picture, press, run, sequencer, wait_until
from workplace import add_song, enable_addon, films, save_and_view, scene

FRAMES = 250
LOOK_AT = 14  # shows the film's frame 13, which the finest pass draws: the card is right only late


def steps():
    addon = enable_addon()
    window, area = sequencer()
    _timeline()
    yield from open_sidebar("Chromastrip")
    yield from fill(addon, window)
    yield from crash_and_go_on(addon, area)


def fill(addon, window):
    jobs = addon.jobs
    bpy.ops.chromastrip.generate()
    early = yield from wait_until(films, 60)
    check("the strip shows up while the film is drawn", early and jobs.state.job is not None, jobs.state.error)
    _select("Song 2")
    bpy.ops.chromastrip.generate()
    yield 1.0
    picture("early")  # the preview shows another frame's card
    check("another film waits", len(jobs.state.waiting) == 1, jobs.state.waiting)
    yield from press("space")
    yield 2.0
    picture("playing")
    check("it can be played meanwhile", window.screen.is_animation_playing and jobs.state.job is not None)
    yield from press("space")
    scene().frame_current = LOOK_AT
    yield from wait_until(lambda: not jobs.state.waiting, 120)
    yield 1.0
    picture("full")  # the preview shows frame 13's card
    first = next(film for film in films() if film.name == "Song 1 Film")
    check("the first film is finished", not first.chromastrip.unfinished, jobs.state.error)


def crash_and_go_on(addon, area):
    jobs = addon.jobs
    yield from wait_until(lambda: len(films()) == 2, 60)
    os.kill(jobs.worker_pid(), signal.SIGKILL)
    yield from wait_until(lambda: not jobs.state.busy, 60)
    yield 0.5
    picture("crashed")
    button = yield from find_button("chromastrip.go_on_drawing", area)
    yield from click(*button)
    check("a click on Go On Drawing starts a job", jobs.state.busy, jobs.state.error)
    yield from wait_until(lambda: not jobs.state.busy, 120)
    states = [addon.sections.state_with_files(film).name for film in films()]
    check("both films are finished", states == ["FRESH", "FRESH"], states, jobs.state.error)
    check("nothing is offered any more", addon.job_list.state.offered == ())


def _timeline():
    for number, channel in ((2, 1), (1, 3)):  # the first film is drawn above the second one
        sound = add_song(f"Song {number}", channel=channel, frame_start=1, frames=FRAMES)
        sound.chromastrip.model = "sync-card"
        sound.chromastrip.size = "256" if number == 2 else "128"
    scene().frame_end = FRAMES
    scene().frame_current = LOOK_AT
    _select("Song 1")
    save_and_view()


def _select(name):
    for strip in scene().sequence_editor.strips:
        strip.select = strip.name == name
        if strip.select:
            scene().sequence_editor.active_strip = strip


run(steps)
