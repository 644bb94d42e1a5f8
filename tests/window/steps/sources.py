"""Steps inside Blender's window: two sounds selected and mixed by a Blender in the background, the film mirrored, then split at markers."""

from pathlib import Path

import bpy
from driver import check, click, find_button, open_by_default, open_sidebar, picture, run, sequencer, wait_until
from workplace import add_song, enable_addon, films, save_and_view, scene, select

FRAMES = 60


def steps():
    addon = enable_addon()
    _, area = sequencer()
    _timeline()
    open_by_default("CHROMASTRIP_PT_output", "CHROMASTRIP_PT_sections")
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
    check("the film of a mix is drawn", ended and addon.jobs.state.error is None and len(films()) == 1, addon.jobs.state.error)
    (film,) = films()
    edges = (film.left_handle, film.right_handle, film.channel)
    check("it lies above both sounds, from the first to the last", edges == (1, 31 + FRAMES, 3), edges)
    folder = Path(bpy.path.abspath(film.directory)).parent / "sounds"
    kinds = sorted(path.suffix for path in folder.iterdir())
    check("the mix lies beside the frames, and what it is made from", kinds == [".blend", ".wav"], kinds)
    check("Blender's data is as it was", (scenes, sounds) == (len(bpy.data.scenes), len(bpy.data.sounds)))


def mirror(addon, area):
    (film,) = films()
    select(film)
    film.chromastrip.fit = "mirror"
    bpy.ops.ed.undo_push(message="Mirror")
    yield 0.5
    picture("to_be_mirrored")
    render = yield from find_button("chromastrip.render", area)
    yield from click(*render)
    ended = yield from wait_until(lambda: not addon.jobs.state.busy, 180)
    check("a mirrored film is drawn in its place", ended and addon.jobs.state.error is None and len(films()) == 1, addon.jobs.state.error)
    scene().frame_set(20)
    yield 1.0
    picture("mirrored")


def split(area):
    for name, frame in (("Part A", 1), ("Part B", 21), ("Part A", 61), ("Beat", 31)):
        scene().timeline_markers.new(name, frame=frame)
    yield 0.5
    button = yield from find_button("chromastrip.split_at_markers", area)
    yield from click(*button)
    yield 0.5
    edges = [(strip.left_handle, strip.right_handle) for strip in films()]
    check("Split at Markers cuts where parts begin", edges == [(1, 21), (21, 61), (61, 31 + FRAMES)], edges)
    check("all pieces are selected", all(strip.select for strip in films()))
    picture("split")


def _timeline():
    """Put the song on two channels of a saved timeline, the second one 30 frames later."""
    select(*(add_song("Song", channel=1 + n, frame_start=1 + 30 * n, frames=FRAMES) for n in range(2)))
    save_and_view()


run(steps)
