"""What differs between Blender 4.5 and 5.3, in one place."""

from collections.abc import Collection

import bpy

HAS_HANDLES = bpy.app.version >= (5, 1, 0)  # left_handle, content_start ... replace frame_final_start, frame_start ..., which warn there
WRITES_OTIO = bpy.app.version >= (5, 3, 0)  # .otio files are read and written by Blender itself, too


def left_handle(strip: bpy.types.Strip) -> int:
    """Give the strip's first frame on the timeline."""
    return strip.left_handle if HAS_HANDLES else strip.frame_final_start


def right_handle(strip: bpy.types.Strip) -> int:
    """Give the frame after the strip's last one."""
    return strip.right_handle if HAS_HANDLES else strip.frame_final_end


def frame_count(strip: bpy.types.Strip) -> int:
    """Give the strip's length on the timeline."""
    return right_handle(strip) - left_handle(strip)


def content_start(strip: bpy.types.Strip) -> float:
    """Give the frame at which the strip's media would begin if nothing were trimmed; sound may begin between two frames."""
    return strip.content_start if HAS_HANDLES else strip.frame_start


def content_frame_count(strip: bpy.types.Strip) -> int:
    """Give the length of the strip's media in frames."""
    return strip.content_duration if HAS_HANDLES else strip.frame_duration


def content_trim_start(strip: bpy.types.Strip) -> int:
    """Give how many frames are cut off the media itself, before its start."""
    return strip.content_trim_start if HAS_HANDLES else strip.animation_offset_start


def edited_scene(context: bpy.types.Context) -> bpy.types.Scene:
    """Give the scene whose sequencer is being edited: since 5.0 the workspace chooses it."""
    return getattr(context, "sequencer_scene", None) or context.scene


def scene_in(window: bpy.types.Window) -> bpy.types.Scene | None:
    """Give the scene that sequencers in a window edit; since 5.0 there may be none."""
    return window.workspace.sequencer_scene if hasattr(window.workspace, "sequencer_scene") else window.scene


def edit_in(window: bpy.types.Window, scene: bpy.types.Scene | None) -> None:
    """Let sequencers in a window edit a scene."""
    if hasattr(window.workspace, "sequencer_scene"):
        window.workspace.sequencer_scene = scene
    elif scene is not None and window.scene != scene:
        window.scene = scene


def set_edges(strip: bpy.types.Strip, first: int, end: int) -> None:
    """Trim a strip, or stretch it beyond its media: it shows on the frames first ... end - 1."""
    left, right = ("left_handle", "right_handle") if HAS_HANDLES else ("frame_final_start", "frame_final_end")
    edges = ((right, end), (left, first))
    for name, frame in edges if end > left_handle(strip) else reversed(edges):  # at each step the left one must be left of the right one
        setattr(strip, name, frame)


def set_content_start(strip: bpy.types.Strip, frame: int) -> None:
    """Move a strip so that its media would begin at `frame` if nothing were trimmed."""
    setattr(strip, "content_start" if HAS_HANDLES else "frame_start", frame)


def content_trim_end(strip: bpy.types.Strip) -> int:
    """Give how many frames are cut off the media itself, at its end."""
    return strip.content_trim_end if HAS_HANDLES else strip.animation_offset_end


def retimed_frames(media_frames: int) -> int:
    """Give how many media frames lie between a retimed strip's first and last key: in 4.5 the last key is at the last frame's beginning."""
    return media_frames if bpy.app.version >= (5, 0, 0) else media_frames - 1


def new_effect(
    strips: bpy.types.StripsTopLevel,
    kind: str,
    *,
    name: str,
    channel: int,
    first: int,
    end: int,
    inputs: tuple[bpy.types.Strip, ...] = (),
) -> bpy.types.EffectStrip:
    """Make an effect strip of the frames first ... end - 1, over other strips if it needs them."""
    options: dict[str, object] = {"length": end - first} if bpy.app.version >= (5, 0, 0) else {"frame_end": end}
    options |= {f"input{number}": strip for number, strip in enumerate(inputs, 1)}
    return strips.new_effect(name=name, type=kind, channel=channel, frame_start=first, **options)


def curves(data: bpy.types.ID) -> list[bpy.types.FCurve]:
    """Give the curves that animate a scene and its strips, or another data-block: since 5.0 an action keeps them in layers only."""
    return [curve for bag in _curve_bags(data) for curve in bag.fcurves]


def moves(curve: bpy.types.FCurve) -> bool:
    """Say whether a curve or driver does anything."""
    is_muted = curve.mute or (curve.group is not None and curve.group.mute)
    return not is_muted and (curve.driver is not None or not curve.is_empty)


def remove_curves(data: bpy.types.ID, paths: Collection[str]) -> None:
    """Take the curves and drivers of some properties away."""
    for bag in _curve_bags(data):
        for curve in [curve for curve in bag.fcurves if curve.data_path in paths]:
            bag.fcurves.remove(curve)
    if data.animation_data is not None:
        drivers = data.animation_data.drivers
        for driver in [driver for driver in drivers if driver.data_path in paths]:
            drivers.remove(driver)


def _curve_bags(data: bpy.types.ID) -> list[bpy.types.ActionChannelbag]:
    moved = data.animation_data
    if moved is None or moved.action is None:
        return []
    return [bag for layer in moved.action.layers for strip in layer.strips for bag in strip.channelbags if bag.slot == moved.action_slot]
