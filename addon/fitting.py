"""How a film's pictures fit the frame: by the strip's transform, or, mirrored, by pictures that have the frame's shape.

A strip notes the transform that it was given. One that the user has moved, scaled or turned since keeps what the user has made of it,
until Apply Fit is asked for.
"""

import contextlib
import enum
import os
from fractions import Fraction
from pathlib import Path

import bpy
import imbuf

from ..core.protocol.shape import aspect_text

SLACK_PIXELS = 2
CLOSE = 1e-4  # of a scale or an offset: Blender's floats
NOTED = 9  # numbers of a transform, the frame and the picture that it was given for; older versions noted no picture


class Fit(enum.StrEnum):
    """What to do about pictures that have another shape than the frame."""

    FIT = "fit"
    FILL = "fill"
    STRETCH = "stretch"
    CENTRE = "centre"
    MIRROR = "mirror"


MIRROR_WORDS = (
    "All of the picture shows in the middle, and its mirror images fill the rest. The frames themselves are that wide, so they are so in"
    " other editors, too. A strip that is there already needs Render"
)
ITEMS = (
    (Fit.FIT.value, "Fit", "All of the picture shows, with bars beside it"),
    (Fit.FILL.value, "Fill", "The picture fills the frame, and is cut above and below, or left and right"),
    (Fit.STRETCH.value, "Stretch", "The picture is stretched over the frame"),
    (Fit.CENTRE.value, "Center", "The picture stands in the middle in its own size, pixel for pixel"),
    (
        Fit.MIRROR.value,
        "Mirror",
        MIRROR_WORDS,
    ),
)


def scales(fit: Fit, *, picture: tuple[int, int], frame: tuple[int, int]) -> tuple[float, float]:
    """Give a strip's scale; 1 shows one pixel of the picture on one of the frame's, whatever the render's percentage.

    Parameters
    ----------
    fit
        What is wanted. Pictures that have the frame's shape but for a pixel or two cover it in any case but `CENTRE`.
    picture, frame
        Width and height.
    """
    across, down = frame[0] / picture[0], frame[1] / picture[1]
    match fit:
        case Fit.STRETCH:
            return across, down
        case Fit.CENTRE:
            return 1.0, 1.0
        case Fit.FILL:
            return max(across, down), max(across, down)
        case _ if _have_one_shape(picture, frame):
            return max(across, down), max(across, down)
        case _:
            return min(across, down), min(across, down)


def _have_one_shape(picture: tuple[int, int], frame: tuple[int, int]) -> bool:
    """Say whether a picture has the frame's shape, but for what whole and even numbers of pixels cost."""
    aspect = Fraction(*frame)
    return abs(picture[0] - picture[1] * aspect) < SLACK_PIXELS or abs(picture[1] - picture[0] / aspect) < SLACK_PIXELS


def frame_size(scene: bpy.types.Scene) -> tuple[int, int]:
    """Give the size that the strips' scales refer to: at 100 percent."""
    return scene.render.resolution_x, scene.render.resolution_y


def scene_aspect(scene: bpy.types.Scene) -> Fraction:
    """Give the frame's width by height, in pixels."""
    return Fraction(*frame_size(scene))


def frame_aspect(scene: bpy.types.Scene, fit: str, aspect: Fraction) -> Fraction | None:
    """Give the shape that frames are asked for in, where pictures have the shape `aspect`; None: they are the pictures."""
    wanted = scene_aspect(scene)
    return wanted if fit == Fit.MIRROR and wanted != aspect else None


def apply(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> None:
    """Let a strip's pictures fit the frame as its settings say, and note that."""
    frame, picture, transform = frame_size(scene), picture_size(strip), strip.transform
    transform.scale_x, transform.scale_y = scales(Fit(strip.chromastrip.fit), picture=picture, frame=frame)
    transform.offset_x = transform.offset_y = transform.rotation = 0.0
    strip.chromastrip.fitted = _words(transform, frame, picture)


def apply_if_ours(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> None:
    """Do so, unless the user has moved, scaled or turned the strip."""
    if is_ours(scene, strip):
        apply(scene, strip)


def is_ours(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> bool:
    """Say whether a strip still has the transform that it was given."""
    if noted := strip.chromastrip.fitted:
        return _numbers(noted)[:5] == _numbers(_words(strip.transform, (0, 0), (0, 0)))[:5]
    transform = strip.transform  # an older version has inserted it, with Blender's own Fit
    wanted = (*scales(Fit.FIT, picture=picture_size(strip), frame=frame_size(scene)), 0.0, 0.0, 0.0)
    found = (transform.scale_x, transform.scale_y, transform.offset_x, transform.offset_y, transform.rotation)
    return all(abs(one - other) <= CLOSE * max(1.0, abs(other)) for one, other in zip(found, wanted, strict=True))


def is_for_another_frame(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> bool:
    """Say whether the scene's resolution has changed since a strip was given its transform. Reads no files."""
    noted = strip.chromastrip.fitted
    return bool(noted) and tuple(_numbers(noted)[5:7]) != frame_size(scene)


def needs_fitting(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> bool:
    """Say whether pictures no longer fit the frame as their setting says, since that is another one now. Reads no files.

    What the user has moved, scaled or turned is the user's.
    """
    if not is_for_another_frame(scene, strip) or not is_ours(scene, strip):
        return False
    fit, (across, down, *_, width, height) = Fit(strip.chromastrip.fit), _numbers(strip.chromastrip.fitted)
    if len(_numbers(strip.chromastrip.fitted)) < NOTED:
        return fit != Fit.CENTRE
    wanted = scales(fit, picture=(int(width), int(height)), frame=frame_size(scene))
    return any(abs(one - other) > CLOSE * other for one, other in zip((across, down), wanted, strict=True))


def is_mirrored_otherwise(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> bool:
    """Say whether pictures that are mirrored to the frame's shape are so for another shape than it has now. Reads no files."""
    settings = strip.chromastrip
    if settings.fit != Fit.MIRROR:
        return False
    if settings.frames_aspect:
        return settings.frames_aspect != aspect_text(scene_aspect(scene))
    width, height = _numbers(settings.fitted)[5:7] or (0, 0)  # an older version has drawn it, and noted the frame alone
    return bool(width and height) and Fraction(int(width), int(height)) != scene_aspect(scene)


def picture_size(strip: bpy.types.ImageStrip) -> tuple[int, int]:
    """Give width and height of a strip's pictures: of the first one's file, or what Blender remembers, if that is gone or damaged."""
    element = strip.elements[0]
    path = Path(bpy.path.abspath(strip.directory, library=strip.id_data.library)) / element.filename
    with contextlib.suppress(ValueError, OSError):  # a damaged file, or one that goes while it is asked for
        if path.is_file():
            picture = imbuf.load(os.fspath(path))
            size = tuple(picture.size)
            picture.free()
            return size
    return (element.orig_width or 1, element.orig_height or 1)


def _words(transform: bpy.types.StripTransform, frame: tuple[int, int], picture: tuple[int, int]) -> str:
    numbers = (transform.scale_x, transform.scale_y, transform.offset_x, transform.offset_y, transform.rotation)
    return " ".join([*(f"{number:.6g}" for number in numbers), *map(str, (*frame, *picture))])


def _numbers(words: str) -> list[float]:
    try:
        return [float(word) for word in words.split()]
    except ValueError:  # a stranger's
        return []


def changed(group: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """Follow a change of the setting on a strip of pictures; on a sound it counts for the next film. Called by Blender."""
    if not group.film:
        return
    scene = group.id_data
    editor = scene.sequence_editor if isinstance(scene, bpy.types.Scene) else None
    strip = next((strip for strip in editor.strips_all if strip.chromastrip == group), None) if editor else None
    if strip is not None and strip.type == "IMAGE" and len(strip.elements):
        apply_if_ours(scene, strip)
