"""Steps inside Blender's window: a timeline is exported and imported, Ctrl+Z takes it away in one go; both buttons open a file browser."""

import struct
import zlib

import bpy
from driver import OUT, check, click, find_button, open_by_default, open_sidebar, picture, press, run, sequencer, wait_until
from workplace import enable_addon, scene, strips


def steps():
    addon = enable_addon()
    open_by_default("CHROMASTRIP_PT_hand_over")
    _, area = sequencer()
    _timeline()
    yield from open_sidebar("Chromastrip")
    bpy.ops.ed.undo_push(message="Setup")  # else ctrl+z goes back beyond these steps
    yield from there(addon.jobs)
    yield from and_back(addon.jobs)
    yield from undo_and_redo()
    yield from browse(area)


def there(jobs):
    path = OUT / "film.otio"
    check("Export starts", bpy.ops.chromastrip.export(filepath=str(path)) == {"FINISHED"})
    yield from wait_until(lambda: not jobs.state.busy, 60)
    check("the timeline is written", path.is_file(), jobs.state.error, jobs.state.notes)


def and_back(jobs):
    for strip in strips():
        scene().sequence_editor.strips.remove(strip)
    bpy.ops.ed.undo_push(message="Emptied")
    check("Import starts", bpy.ops.chromastrip.import_timeline(filepath=str(OUT / "film.otio")) == {"FINISHED"})
    yield from wait_until(lambda: not jobs.state.busy, 60)
    check("all strips are back", _told() == TOLD, _told(), jobs.state.error)
    check("the report is shown", jobs.state.notes[:1] == (f"Imported {OUT / 'film.otio'}",), jobs.state.notes)
    yield 0.5
    picture("imported")


def undo_and_redo():
    yield from press("ctrl+z")
    check("ctrl+z takes the timeline away in one go", _told() == [], _told())
    yield from press("ctrl+shift+z")
    check("redo brings it back", _told() == TOLD, _told())


def browse(area):
    for name in ("chromastrip.export", "chromastrip.import_timeline"):
        button = yield from find_button(name, area)
        before = _browsers()
        yield from click(*button)
        opened = yield from wait_until(lambda before=before: _browsers() > before, 60)
        check(f"{name} opens a file browser", opened)
        yield 1.0
        picture(name.replace(".", "_"))
        _close_browser()
        closed = yield from wait_until(lambda before=before: _browsers() == before, 60)
        check("and it closes", closed)


def _browsers():
    """Count the file browsers; the workspace has one of its own."""
    return sum(area.type == "FILE_BROWSER" for window in bpy.context.window_manager.windows for area in window.screen.areas)


def _close_browser():
    """Cancel it, as its button does: without a window manager, Escape would go to the window under the pointer."""
    window = bpy.context.window_manager.windows[-1]
    (area,) = window.screen.areas
    with bpy.context.temp_override(window=window, area=area):
        bpy.ops.file.cancel()


TOLD = [("a", 1, 1, 20), ("a.001", 1, 20, 41), ("fast", 4, 31, 41), ("title", 5, 6, 31)]


def _told():
    return [(strip.name, strip.channel, strip.left_handle, strip.right_handle) for strip in sorted(strips(), key=lambda strip: strip.name)]


def _timeline():
    scene().render.fps, scene().render.fps_base = 24, 1.001
    editor = scene().sequence_editor or scene().sequence_editor_create()
    _pictures("a", first=1, channel=1).split(frame=20, split_method="SOFT")
    fast = _pictures("fast", first=31, channel=4)
    for strip in editor.strips:
        strip.select = strip == fast
    editor.active_strip = fast
    window, area = sequencer()
    with bpy.context.temp_override(window=window, area=area, region=next(one for one in area.regions if one.type == "WINDOW")):
        bpy.ops.sequencer.retiming_segment_speed_set(speed=400)
    title = editor.strips.new_effect(name="title", type="TEXT", channel=5, frame_start=6, length=25)
    title.text = "Über uns"
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))


def _pictures(name, *, first, channel):
    folder = OUT / "pictures"  # not beside the screen's, which are kept
    folder.mkdir(exist_ok=True)
    names = [f"{name}_{number:03d}.png" for number in range(40)]
    for shade, one in enumerate(names):
        _write_png(folder / one, shade * 6)
    strip = scene().sequence_editor.strips.new_image(
        name=name, filepath=str(folder / names[0]), channel=channel, frame_start=first, fit_method="FIT"
    )
    for one in names[1:]:
        strip.elements.append(one)
    return strip


def _write_png(path, shade, size=16):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([shade]) * size) * size
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


run(steps)
