"""Steps inside Blender's window: things chosen and shuffled, lyrics read, two films in the queue that fill in, fitted, split at markers."""

import json
import os

import bpy
from driver import check, click, find_button, open_by_default, open_sidebar, picture, press, run, sequencer, wait_until
from workplace import FPS, enable_addon, films, new_film, scene, sound

SECONDS = 8
FEW = 12
ROW_PIXELS = 26


def steps():
    addon = enable_addon()
    jobs = addon.jobs
    _, area = sequencer()
    new_film(frames=SECONDS * FPS)
    open_by_default("CHROMASTRIP_PT_lyrics", "CHROMASTRIP_PT_sections", "CHROMASTRIP_PT_output")
    yield from open_sidebar("Chromastrip")
    bpy.ops.ed.undo_push(message="Setup")
    yield from choose_things(addon, jobs, area)
    yield from read_lyrics(jobs, area)
    yield from fill_in(jobs, area)
    yield from fit(area)
    yield from split_at_markers(area)


def choose_things(addon, jobs, area):
    x, y = yield from find_button("chromastrip.choose_lyrics", area)
    yield from click(x - 100, y - ROW_PIXELS)  # on the closed list's header
    add = yield from find_button("chromastrip.add_thing", area, across=0.88)
    yield from click(*add)
    yield 0.5
    for letters in ("g", "r", "a", "n", "d", "space", "p"):
        yield from press(letters, at=add)
    yield 0.5
    picture("search")
    icons = {addon.thing_pictures.icon(number) for number in range(1000)}
    check("each thing has its picture in the search", len(icons - {0}) == 1000, len(icons))
    yield from press("Return", at=add)  # the pointer chooses, too: it lies below the two that are found
    yield 0.3
    check("a thing is found by its name", sound().chromastrip.classes == "grand piano", sound().chromastrip.classes)
    sound().chromastrip.things[0].is_pinned = True
    fill = yield from find_button("chromastrip.fill_things", area, across=0.7)
    yield from click(*fill)
    yield from wait_until(lambda: not jobs.state.busy, 60)
    chosen = sound().chromastrip.classes
    check("the seed fills up the list", chosen.startswith("grand piano,") and chosen.count(",") == FEW - 1, chosen)
    shuffle = yield from find_button("chromastrip.shuffle_things", area, across=0.3)
    yield from click(*shuffle)
    yield from wait_until(lambda: not jobs.state.busy, 60)
    shuffled = sound().chromastrip.classes
    check("Shuffle changes all but what is pinned", shuffled != chosen and shuffled.startswith("grand piano,"), shuffled)
    picture("things")


def read_lyrics(jobs, area):
    sound().chromastrip.lyrics_path = os.environ["WINDOW_LYRICS"]
    yield from wait_until(lambda: len(sound().chromastrip.lines) > 3 or jobs.state.error, 180)
    check("a file of lyrics is read at once when it is chosen: each line has a thing", len(sound().chromastrip.lines) > 3, jobs.state.error)
    find = yield from find_button("chromastrip.find_words", area, across=0.5)
    yield from click(*find)
    check("Find Things asks the engine", jobs.state.busy, jobs.state.error)
    yield from wait_until(lambda: not jobs.state.busy, 180)
    yield 0.5
    line = yield from find_button("chromastrip.time_line", area, across=0.5)
    picture("lyrics")
    scene().frame_set(51)
    yield from click(*line)
    first = json.loads(sound().chromastrip.words)[0]
    check("Set to Playhead sets the line's time", first["begin"] == "2", first)


def fill_in(jobs, area):
    """Have two films drawn: the first one is seen while it is drawn, the second one waits, and does not have to."""
    generate = yield from find_button("chromastrip.generate", area, across=0.3)
    yield from click(*generate)
    sound().chromastrip.seed = 3
    yield from click(*generate)
    check("a second film waits for its turn", len(jobs.state.waiting) == 1, jobs.state.waiting, jobs.state.error)
    shown = yield from wait_until(films, 120, every=0.05)
    check("the strip is there while it is drawn", shown and jobs.state.job is not None, jobs.state.error)
    scene().frame_set(films()[0].left_handle + 100)
    yield 0.3
    picture("filling")
    yield from wait_until(lambda: not jobs.state.busy, 300)
    check("both films are drawn", len(films()) == 2 and jobs.state.error is None, jobs.state.error, *films())
    for strip in scene().sequence_editor.strips:
        strip.select = False
    film = films()[0]
    film.select, scene().sequence_editor.active_strip = True, film
    yield 0.5
    picture("two_films")


def fit(area):
    yield from find_button("chromastrip.apply_fit", area, across=0.5)
    film = scene().sequence_editor.active_strip
    before = film.transform.scale_x  # pictures of the scene's own shape fill it
    film.chromastrip.fit = "centre"
    yield 0.5
    check("Centre shows them as large as they are", film.transform.scale_x == 1 < before, before, film.transform.scale_x)
    picture("centre")


def split_at_markers(area):
    for frame in (60, 120):
        scene().timeline_markers.new(f"Part {frame}", frame=frame)
    bpy.ops.ed.undo_push(message="Markers")
    count = len(films())
    split = yield from find_button("chromastrip.split_at_markers", area, across=0.5)
    yield from click(*split)
    check("a click splits it at the markers", len(films()) == count + 2, *films())
    yield 0.3
    picture("split")
    yield from press("ctrl+z")
    check("ctrl+z puts it together again, in one go", len(films()) == count, *films())


run(steps)
