"""Small pictures of the 1000 things, as the model Emoji draws them, for lists and the search.

They lie in one sheet, drawn by `tools/thing_pictures.py`. It is read once, when they are first wanted.
"""

import array
import contextlib
from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews

from .lines import redraw_sidebars

SHEET = Path(__file__).resolve().parent / "ready_made" / "things.jpg"
COLUMNS, SIDE, CHANNELS = 40, 32, 4
_pictures: Any = None  # a collection of previews, by class number


def icon(class_id: int) -> int:
    """Give the number of a thing's icon; 0 as long as the sheet is not read: a timer does that, since drawing a panel reads no file."""
    if _pictures is not None:
        picture = _pictures.get(str(class_id))
        return picture.icon_id if picture else 0
    if not bpy.app.timers.is_registered(_read_and_show):
        bpy.app.timers.register(_read_and_show, first_interval=0.0)
    return 0


def read() -> None:
    """Read the sheet, unless it has been read. Without it, lists have no pictures."""
    global _pictures  # noqa: PLW0603 (Blender's own: made and removed)
    if _pictures is not None:
        return
    _pictures = bpy.utils.previews.new()
    with contextlib.suppress(RuntimeError):  # not there, or no picture
        _cut_up(bpy.data.images.load(str(SHEET)))


def _cut_up(sheet: bpy.types.Image) -> None:
    width, height = sheet.size
    pixels = array.array("f", bytes(4 * CHANNELS * width * height))
    sheet.pixels.foreach_get(pixels)
    bpy.data.images.remove(sheet)
    for number in range(width // SIDE * (height // SIDE)):
        row, column = divmod(number, COLUMNS)
        bottom = height - (row + 1) * SIDE  # Blender's rows go up
        picture = _pictures.new(str(number))
        picture.icon_size = (SIDE, SIDE)
        picture.icon_pixels_float.foreach_set(_square(pixels, width, column * SIDE, bottom))


def _square(pixels: array.array, width: int, left: int, bottom: int) -> array.array:
    lines = array.array("f")
    for line in range(bottom, bottom + SIDE):
        start = CHANNELS * (width * line + left)
        lines += pixels[start : start + CHANNELS * SIDE]
    return lines


def _read_and_show() -> None:
    read()
    redraw_sidebars()


def unregister() -> None:
    """Let Blender forget them."""
    global _pictures  # noqa: PLW0603
    if _pictures is not None:
        bpy.utils.previews.remove(_pictures)
    _pictures = None
