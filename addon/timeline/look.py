"""What a strip's look and sound have that no clip can say: opacity, blending, transforms, cropping, modifiers, keyframes and the like."""

import bpy

from .losses import Losses

PLAIN_BLENDING = ("ALPHA_OVER", "REPLACE", "CROSS")  # at full opacity, all of them cover what lies below
TOLERANCE = 0.005  # of a scale, a turn, or a text's place
TEXT_SHARE = 10  # an edit's words are a tenth of the picture high
CHANGED = (
    ("use_flip_x", False, "mirroring"),
    ("use_flip_y", False, "mirroring"),
    ("use_reverse_frames", False, "running backwards"),
    ("strobe", 0.0, "strobe"),
    ("color_saturation", 1.0, "saturation"),
    ("color_multiply", 1.0, "brightness"),
    ("use_deinterlace", False, "deinterlacing"),
    ("pan", 0.0, "panning"),
)
"""Property, its value in a plain strip, and what to call it."""
TEXT_CHANGED = ("use_shadow", "use_outline", "use_box", "use_bold", "use_italic")


def check_look(scene: bpy.types.Scene, strip: bpy.types.Strip, animated: set[str], losses: Losses) -> None:
    """Tell what no clip can say of a strip."""
    for name, plain, what in CHANGED:
        if getattr(strip, name, plain) not in (plain, 1.0 if name == "strobe" else plain):
            losses.lost(what, strip.name)
    if len(strip.modifiers) > 0:
        losses.lost("modifiers", strip.name)
    if animated:
        losses.lost("keyframes", strip.name)
    if strip.type != "SOUND":
        _check_picture(scene, strip, losses)
    if strip.type == "TEXT":
        _check_text(scene, strip, losses)


def _check_picture(scene: bpy.types.Scene, strip: bpy.types.Strip, losses: Losses) -> None:
    if strip.blend_type not in PLAIN_BLENDING:
        losses.lost("blending", strip.name)
    if strip.blend_alpha < 1:
        losses.lost("opacity", strip.name)
    if any(getattr(strip.crop, side) for side in ("min_x", "max_x", "min_y", "max_y")):
        losses.lost("cropping", strip.name)
    if _is_moved(strip) or not _is_fitted(scene, strip):
        losses.lost("place, size or rotation", strip.name)


def _is_moved(strip: bpy.types.Strip) -> bool:
    transform = strip.transform
    return any(abs(value) > TOLERANCE for value in (transform.offset_x, transform.offset_y, transform.rotation))


def _is_fitted(scene: bpy.types.Scene, strip: bpy.types.Strip) -> bool:
    """Say whether the picture fills the scene's as other editors show it: as large as it can be without being cut or stretched."""
    scale = strip.transform.scale_x
    if abs(scale - strip.transform.scale_y) > TOLERANCE * scale:
        return False
    element = strip.elements[0] if strip.type in ("IMAGE", "MOVIE") and len(strip.elements) else None
    if element is None:
        return abs(scale - 1) <= TOLERANCE and _is_full_size(scene, strip)
    if not element.orig_width or not element.orig_height:  # nothing to compare with: the file is missing
        return True
    fitting = min(scene.render.resolution_x / element.orig_width, scene.render.resolution_y / element.orig_height)
    return abs(scale - fitting) <= TOLERANCE * fitting


def _is_full_size(scene: bpy.types.Scene, strip: bpy.types.Strip) -> bool:
    """Say whether a colour fills the picture: since 5.2 it has a size of its own."""
    size = scene.render.resolution_x, scene.render.resolution_y
    return strip.type != "COLOR" or (getattr(strip, "width", size[0]), getattr(strip, "height", size[1])) == size


def _check_text(scene: bpy.types.Scene, strip: bpy.types.TextStrip, losses: Losses) -> None:
    height = scene.render.resolution_y / TEXT_SHARE
    is_plain = (
        abs(strip.font_size - height) <= height * 0.05
        and all(part > 1 - TOLERANCE for part in strip.color)
        and all(abs(part - 0.5) <= TOLERANCE for part in strip.location)
        and strip.anchor_x == strip.anchor_y == "CENTER"
        and strip.font is None
        and not any(getattr(strip, name) for name in TEXT_CHANGED)
    )
    if not is_plain:
        losses.note("Words are white, in the middle, a tenth of the picture high: {} is not.", strip.name)
