"""Steps inside Blender's window: a film split with K, a piece of it changed and drawn again by hand, undo, bars as markers."""

import bpy
from driver import (
    centre,
    check,
    click,
    find_button,
    move,
    open_by_default,
    open_sidebar,
    picture,
    press,
    region,
    run,
    sequencer,
    wait_until,
)
from workplace import enable_addon, films, new_film, scene, select

FRAMES = 100


def steps():
    addon = enable_addon()
    jobs = addon.jobs
    _, area = sequencer()
    new_film(frames=FRAMES)
    bpy.ops.chromastrip.generate()
    yield from wait_until(lambda: not jobs.state.busy, 120)
    open_by_default("CHROMASTRIP_PT_sections")
    yield from open_sidebar("Chromastrip")
    yield from split_with_k()
    yield from see_presets(area)
    yield from render_a_piece(addon, area)
    yield from undo(addon)
    yield from mark(jobs, area)


def split_with_k():
    for frame in (41, 71):
        select(*films())
        scene().frame_set(frame)
        yield 0.3
        yield from press("k")
        yield 0.3
    edges = [(strip.left_handle, strip.right_handle) for strip in films()]
    check("K splits the film", edges == [(1, 41), (41, 71), (71, 101)], edges)


def see_presets(area):
    select(films()[1])
    yield 0.5
    sidebar = region(area, "UI")
    yield from click(sidebar.x + sidebar.width - 62, bpy.context.window.height - sidebar.y - sidebar.height + 21)
    yield 1.0
    picture("presets")
    yield from press("Escape")
    yield 0.3


def render_a_piece(addon, area):
    jobs, sections = addon.jobs, addon.sections
    before = [strip.directory for strip in films()]
    middle = films()[1]
    select(middle)
    yield 0.5
    picture("fresh")
    middle.chromastrip.seed, middle.chromastrip.tempo_sensitivity = 5, 0.8
    bpy.ops.ed.undo_push(message="Seed")
    coloured = yield from wait_until(lambda: films()[1].color_tag != films()[0].color_tag, 60)
    check(
        "a piece whose settings were changed is stale, and its colour says so", coloured and sections.state(middle) == sections.State.STALE
    )
    picture("stale")
    render = yield from find_button("chromastrip.render", area)
    yield from click(*render)
    begun = jobs.state.busy or films()[1].directory != before[1]  # a second's pictures may be drawn by now
    check("a click on Render starts a job", begun, jobs.state.error)
    ended = yield from wait_until(lambda: not jobs.state.busy, 120)
    check("it ends well", ended and jobs.state.error is None, jobs.state.error)
    after = [strip.directory for strip in films()]
    check("only that piece shows other frames", [one != two for one, two in zip(before, after, strict=True)] == [False, True, False], after)
    check("it is up to date", sections.state(films()[1]) == sections.State.FRESH)
    yield from wait_until(lambda: films()[1].color_tag == films()[0].color_tag, 60)
    yield from move(*centre(area))  # no tooltip over the picture
    yield 0.5
    picture("drawn")


def undo(addon):
    drawn = films()[1].directory
    yield from press("ctrl+z")
    check("ctrl+z shows the old frames", films()[1].directory != drawn and len(films()) == 3, *films())
    check("and the piece is stale", addon.sections.state(films()[1]) == addon.sections.State.STALE)
    yield from press("ctrl+shift+z")
    check("redo shows the new ones", films()[1].directory == drawn, *films())


def mark(jobs, area):
    select(next(strip for strip in scene().sequence_editor.strips if strip.type == "SOUND"))
    yield 0.5
    add = yield from find_button("chromastrip.add_markers", area)
    yield from click(*add)
    yield from wait_until(lambda: not jobs.state.busy, 60)
    names = {marker.name.split()[0] for marker in scene().timeline_markers}
    check("parts and bars are marked, and no beats that would hide the timeline", names == {"Bar", "Part"}, names, jobs.state.error)
    yield 0.5
    picture("markers")
    yield from press("ctrl+z")
    check("ctrl+z takes them away", len(scene().timeline_markers) == 0)


run(steps)
