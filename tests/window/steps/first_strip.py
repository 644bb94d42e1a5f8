"""Steps inside Blender's window: the first film by someone who has nothing but a song in a folder; clicks are counted."""

import os
import shutil

from driver import OUT, centre, check, click, drag, find_button, move, picture, press, region, run, sequencer, wait_until
from workplace import enable_addon, scene, strips

FEWEST = 3  # the song, the tab, Generate
SONG = "Dog at the Grand Piano.wav"


def steps():
    addon = enable_addon()
    _, area = sequencer()
    area.spaces.active.timeline_overlay.show_strip_source = False  # whose folder is nobody's business
    browser = yield from _see_the_song()
    yield 0.5
    clicks = 1
    yield from drag(_first_file(browser), _channel_1(area))
    check("the song lies on the timeline", [strip.type for strip in strips()] == ["SOUND"], *strips())
    yield from press("n")
    clicks += yield from _click_tab(area)
    picture("tab")
    generate = yield from find_button("chromastrip.generate", area)
    yield from click(*generate)
    clicks += 1
    check("Generate draws a film", addon.jobs.state.busy, addon.jobs.state.error)
    yield from wait_until(lambda: not addon.jobs.state.busy, 300)
    check("it appears above the song", sorted(strip.type for strip in strips()) == ["IMAGE", "SOUND"], addon.jobs.state.error)
    check("in three clicks", clicks == FEWEST, clicks)
    scene().frame_set(strips()[0].left_handle + 40)
    yield from move(*centre(area))  # no tooltip over the picture
    yield 0.5
    picture("film")


def _see_the_song():
    """Let the file browser beside the preview show the song's folder."""
    music = OUT / "Music"
    music.mkdir()
    shutil.copy(os.environ["WINDOW_WAV"], music / SONG)
    window, _ = sequencer()
    browser = next(area for area in window.screen.areas if area.type == "FILE_BROWSER")
    yield from wait_until(lambda: browser.spaces.active.params is not None, 60)
    browser.spaces.active.params.directory = str(music).encode()
    yield 1.0
    picture("song")
    return browser


def _first_file(browser):
    window, _ = sequencer()
    files = region(browser)
    return files.x + 45, window.height - files.y - files.height + 40


def _channel_1(area):
    window, _ = sequencer()
    timeline = region(area)
    _, y = timeline.view2d.view_to_region(0, 1.5, clip=False)
    return timeline.x + timeline.width // 16, window.height - timeline.y - y


def _click_tab(area):
    """Click the sidebar's tabs from the top until ours is open; give the one click that a person needs, who sees which is ours."""
    window, _ = sequencer()
    opened = yield from wait_until(lambda: region(area, "UI").width > 1, 60)
    check("N opens the sidebar", opened)
    yield 0.5
    sidebar = region(area, "UI")
    for down in range(30, sidebar.height, 40):
        if sidebar.active_panel_category == "Chromastrip":
            break
        yield from click(sidebar.x + sidebar.width - 10, window.height - sidebar.y - sidebar.height + down)
        yield 0.2
    check("a click on its tab shows the panel", sidebar.active_panel_category == "Chromastrip", sidebar.active_panel_category)
    return 1


run(steps)
