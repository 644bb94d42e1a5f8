"""Steps inside Blender's window: the first film by hand, undo and redo, playback, and Cancel in the middle of the next one."""

import time

import bpy
from driver import (
    centre,
    check,
    click,
    find_button,
    hovered,
    move,
    open_sidebar,
    picture,
    press,
    region,
    run,
    scroll,
    sequencer,
    wait_until,
)
from workplace import FPS, enable_addon, new_film, scene, strips

CLICKS = 4  # of the wheel


def steps():
    jobs = enable_addon().jobs
    window, area = sequencer()
    new_film(frames=10 * FPS)
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
    yield from move(*centre(area))  # no tooltip over the status
    drawing = yield from wait_until(lambda: jobs.state.progress is not None and jobs.state.progress.stage == "Drawing", 90)
    check("drawing begins", drawing, jobs.state.error)
    early = yield from wait_until(lambda: any(strip.type == "IMAGE" for strip in strips()), 60, every=0.05)
    check("the strip shows up while the film is drawn", early and jobs.state.job is not None, jobs.state.error)
    yield from wait_until(lambda: jobs.state.progress is None or jobs.state.progress.done > 60, 60, every=0.05)
    picture("drawing")
    check("progress has a rate", jobs.state.progress is not None and jobs.state.progress.frames_per_second > 0, jobs.state.progress)
    yield from wait_until(lambda: not jobs.state.busy, 120)
    film = next((strip for strip in strips() if strip.type == "IMAGE"), None)
    check("the film appears", film is not None, jobs.state.error)
    sound = next(strip for strip in strips() if strip.type == "SOUND")
    edges = (film.left_handle, film.right_handle, film.channel)
    check("it lies above the sound", edges == (sound.left_handle, sound.right_handle, sound.channel + 1), edges)
    yield 0.5
    picture("film")


def undo_and_redo():
    yield from press("ctrl+z")
    check("ctrl+z takes the film away, and nothing else", [strip.type for strip in strips()] == ["SOUND"], *strips())
    yield from press("ctrl+shift+z")
    check("redo brings it back", sorted(strip.type for strip in strips()) == ["IMAGE", "SOUND"], *strips())


def play(window):
    yield from press("space")
    began = scene().frame_current
    yield 2.0
    check("the timeline plays", window.screen.is_animation_playing and scene().frame_current > began, began, scene().frame_current)
    picture("playing")
    yield from press("space")


def cancel_by_hand(jobs, area):
    sound = next(strip for strip in strips() if strip.type == "SOUND")
    sound.chromastrip.model = "sync-card"  # which is told to be slow: Emoji has drawn all before the button is found
    sound.select, scene().sequence_editor.active_strip = True, sound
    yield 0.3
    generate = yield from find_button("chromastrip.generate", area)
    yield from click(*generate)
    yield from wait_until(lambda: jobs.state.progress is not None and jobs.state.progress.done > 0, 60, every=0.05)
    cancel = yield from _button_below(generate, "chromastrip.cancel", area)
    check("the job still runs when Cancel is found", jobs.state.busy, jobs.state.progress)
    yield from click(*cancel)
    ended = yield from wait_until(lambda: not jobs.state.busy, 60)
    check("Cancel ends the job", ended and "Cancelled" in jobs.state.notes[0], jobs.state.notes, jobs.state.error)
    whole = [strip for strip in strips() if strip.type == "IMAGE" and not strip.chromastrip.unfinished]
    check("Cancel leaves the finished film alone, and the other one is known to be drawn partly", len(whole) == 1, *strips())
    yield 0.3
    picture("cancelled")


def see_why_grey(area):
    for strip in strips():
        strip.select = False
    yield 0.5
    yield from find_button("chromastrip.generate", area)
    yield 1.5
    picture("why_grey")


def _button_below(point, name, area):
    """Find a button that has appeared near another one: quicker than a search of the whole sidebar, which a short job would not outlast."""
    x, y = point
    top = _scrolled(area)
    yield from scroll(area, "UI", up=False, clicks=CLICKS)  # on a small screen it is below the edge
    y -= round(top - _scrolled(area))
    for down in range(54, 160, 6):
        yield from move(x, y + down)
        yield 0.1
        if f"bpy.ops.{name}(" in hovered(area):
            return x, y + down
    raise LookupError(f"no {name} below {point}")


def _scrolled(area):
    return region(area, "UI").view2d.region_to_view(0, 0)[1]


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
