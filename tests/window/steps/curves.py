"""Steps inside Blender's window: a number keyed in the panel with I, the job in the status bar, curves over the film's strip."""

import bpy
from driver import centre, check, find_button, move, open_by_default, open_sidebar, picture, press, region, run, sequencer, wait_until
from workplace import enable_addon, films, new_film, scene, sound

FRAMES = 100
JITTER = "chromastrip_jitter"


def steps():
    addon = enable_addon()
    _, area = sequencer()
    new_film(frames=FRAMES)
    open_by_default("CHROMASTRIP_PT_motion")
    yield from open_sidebar("Chromastrip")
    yield from key_with_i(area)
    yield from see_the_status_bar(addon)
    yield from see_curves(addon, area)
    yield from play_keyed(addon)


def key_with_i(area):
    path = f'sequence_editor.strips_all["{sound().name}"].{JITTER}'
    for frame, value in ((1, 0.0), (90, 1.0)):
        scene().frame_set(frame)
        setattr(sound(), JITTER, value)
        yield 0.5
        at = yield from find_button(path, area)
        yield from press("i", at=at)
    keys = [tuple(point.co) for curve in _curves() for point in curve.keyframe_points]
    check("I over a number in the panel keys it", keys == [(1, 0), (90, 1)], keys)
    scene().frame_set(45)
    yield 0.5
    check("it moves", 0.3 < sound().chromastrip.jitter < 0.7, sound().chromastrip.jitter)
    picture("keyed")


def see_the_status_bar(addon):
    check("the status bar is empty before", addon.status_bar.text() == "")
    bpy.ops.chromastrip.generate()
    yield from wait_until(lambda: "fps" in addon.status_bar.text(), 60)
    yield 0.3
    picture("status_bar")
    yield from wait_until(lambda: not addon.jobs.state.busy, 180)
    check("it is empty afterwards", addon.status_bar.text() == "" and addon.jobs.state.error is None, addon.jobs.state.error)
    yield 0.5
    (film,) = films()
    check("the film carries the keyframes", addon.sections.state(film) == addon.sections.State.FRESH, addon.sections.state(film))


def see_curves(addon, area):
    picture("without_curves")
    scene().chromastrip_show_curves = True
    yield from wait_until(lambda: addon.overlay._known.batches, 60)
    yield 0.5
    picture("curves")
    (span,) = addon.overlay._known.batches
    check("curves are drawn over the film", (span.left_handle, span.first_frame, span.end_frame) == (1, 0, FRAMES), span)
    scene().frame_set(40)
    for strip in scene().sequence_editor.strips:
        strip.select = strip.type == "IMAGE"
    yield from press("k")
    yield 0.5
    check("both pieces have theirs", len(addon.overlay._known.batches) == 3, len(addon.overlay._known.batches))
    picture("pieces")
    with bpy.context.temp_override(window=sequencer()[0], area=area, region=region(area)):
        bpy.ops.view2d.zoom_in(zoomfacx=0.4, zoomfacy=0.2)
    yield 0.5
    picture("curves_near")
    yield from press("ctrl+z")
    yield from move(*centre(area))
    with bpy.context.temp_override(window=sequencer()[0], area=area, region=region(area)):
        bpy.ops.wm.call_panel(name="SEQUENCER_PT_overlay")
    yield 1.0
    picture("switch")
    yield from press("Escape")


def play_keyed(addon):
    """A number that moves is written by Blender on each frame: that must not end in drawing the scene over and over."""
    seen = []
    bpy.app.handlers.depsgraph_update_post.append(lambda *_: seen.append(1))
    yield 1.0
    before = len(seen)
    yield 1.0
    check("nothing is evaluated while nothing happens", len(seen) - before <= 1, len(seen) - before)
    bpy.ops.screen.animation_play()
    yield 1.5
    bpy.ops.screen.animation_cancel(restore_frame=False)
    yield 0.3
    check("Blender plays on", addon.jobs.state.error is None)
    yield from move(400, 400)


def _curves():
    data = scene().animation_data
    bags = [bag for layer in data.action.layers for strip in layer.strips for bag in strip.channelbags] if data and data.action else []
    return [curve for bag in bags for curve in bag.fcurves if curve.data_path.endswith(JITTER)]


run(steps)
