"""What differs between Blender 4.5 and 5.2, in one place."""

import bpy

HAS_HANDLES = bpy.app.version >= (5, 1, 0)  # left_handle, content_start ... replace frame_final_start, frame_start ..., which warn there


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
