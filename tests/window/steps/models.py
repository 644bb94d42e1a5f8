"""Steps inside Blender's window: a model downloaded, cancelled, resumed, verified and removed in the add-on's preferences, by hand."""

import bpy
from driver import check, click, hovered, move, open_preferences, picture, press, region, run, scroll, sequencer, time_draws, wait_until
from workplace import enable_addon

NAME = "biggan-deep-512"
COLUMNS = {"download_model": 0.1, "verify_model": 0.26, "remove_model": 0.42, "cancel_model_job": 0.9, "add_model": 0.59}
"""Where our buttons lie, as parts of the region's width."""


def steps():
    addon = enable_addon()
    models = addon.models
    draws = time_draws(addon.model_list)
    area = yield from open_preferences()
    picture("preferences")
    yield from scroll(area, "WINDOW", up=False, clicks=60)
    seen = yield from wait_until(lambda: models.state.entries is not None, 60)
    check("the list is read when it is first seen", seen, models.state.error)
    bpy.context.window_manager.chromastrip_model = [entry.name for entry in models.state.entries].index(NAME)
    yield 0.5
    yield from _see_why_grey(area)
    bpy.context.preferences.system.use_online_access = True
    yield from _download_and_cancel(models, area)
    yield from _resume(models, area)
    yield from _remove(models, area)
    yield from _add_folder(area)
    print("SLOWEST DRAWS", [f"{seconds * 1000:.2f} ms" for seconds in sorted(draws)[-5:]], "of", len(draws))


def _see_why_grey(area):
    yield from _find("download_model", area)
    yield 1.5
    picture("why_grey")


def _download_and_cancel(models, area):
    download = yield from _find("download_model", area)
    yield from click(*download)
    check("a click on Download starts it", models.state.busy, models.state.error)
    come = yield from wait_until(lambda: models.state.progress is not None and models.state.progress.done_bytes > 10**7, 60)
    check("bytes come", come, models.state.progress)
    yield 0.5
    picture("downloading")
    cancel = yield from _find("cancel_model_job", area)
    check("the download still runs when Cancel is found", models.state.busy, models.state.progress)
    yield from click(*cancel)
    ended = yield from wait_until(lambda: models.state.job is None and not models.state.is_outdated, 60)
    check("Cancel ends it", ended and "Cancelled" in models.state.notes[0], models.state)
    check("what has come is kept", models.entry(NAME).state == "half a download", models.entry(NAME))
    yield 0.5
    picture("cancelled")


def _resume(models, area):
    resume = yield from _find("download_model", area)
    yield from click(*resume)
    ended = yield from wait_until(lambda: models.state.job is None, 120)
    check("Resume brings the rest", ended and models.entry(NAME).state == "ready", models.state)
    verify = yield from _find("verify_model", area)
    yield from click(*verify)
    ended = yield from wait_until(lambda: models.state.job is None, 60)
    check("Verify finds it whole", ended and "whole" in models.state.notes[0], models.state)
    yield 0.5
    picture("here")


def _remove(models, area):
    remove = yield from _find("remove_model", area)
    yield from click(*remove)
    yield 1.0
    picture("remove_asks")
    check("Remove asks first", models.state.job is None and models.entry(NAME).state == "ready", models.state)
    yield from press("Return", at=remove)
    ended = yield from wait_until(lambda: models.entry(NAME).state == "not here", 60)
    check("after the answer it is gone", ended, models.state)
    yield 0.5
    picture("removed")


def _add_folder(area):
    add = yield from _find("add_model", area)
    yield from click(*add)
    opened = yield from wait_until(lambda: _file_browser() is not None, 60)
    check("Add Folder opens the file browser", opened)
    yield 1.0
    picture("add_folder")


def _file_browser():
    """Give the file browser that waits for our operator."""
    areas = [area for window in bpy.context.window_manager.windows for area in window.screen.areas if area.type == "FILE_BROWSER"]
    operators = [area.spaces.active.active_operator for area in areas]
    return next((operator for operator in operators if operator and operator.bl_idname == "CHROMASTRIP_OT_add_model"), None)


def _find(name, area):
    """Find a button whose column is known: quicker than a search of the whole page."""
    page, window = region(area), sequencer()[0]
    x = page.x + int(page.width * COLUMNS[name])
    for y in range(window.height - page.y - page.height + 5, window.height - page.y, 10):
        yield from move(x, y)
        if hovered(area, "WINDOW").startswith(f"bpy.ops.chromastrip.{name}("):
            yield 0.1
            if hovered(area, "WINDOW").startswith(f"bpy.ops.chromastrip.{name}("):
                return x, y
    raise LookupError(f"no {name} at {COLUMNS[name]} of the width")


run(steps)
