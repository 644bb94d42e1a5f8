"""A legend in a sequencer's lower left corner: what its colours mean, side by side."""

from collections.abc import Sequence

import blf
import bpy
import gpu
from gpu_extras.batch import batch_for_shader

FONT = 0
SIZE, MARGIN, GAP = 11, 12, 14  # in points of the interface
BOTTOM = 34  # above the scroll bar and the markers' names


def draw(entries: Sequence[tuple[str, tuple[float, float, float, float]]]) -> None:
    """Draw names, each behind a square of its colour; called while a region is drawn, in its pixels."""
    scale = bpy.context.preferences.system.ui_scale
    blf.size(FONT, SIZE * scale)
    side = SIZE * scale
    left, bottom = MARGIN * scale, BOTTOM * scale
    gpu.state.blend_set("ALPHA")
    for name, colour in entries:
        _draw_square(left, bottom, side, (*colour[:3], 1.0))
        _draw_name(name, left + 1.5 * side, bottom)
        left += 1.5 * side + blf.dimensions(FONT, name)[0] + GAP * scale
    gpu.state.blend_set("NONE")


def _draw_square(left: float, bottom: float, side: float, colour: tuple[float, ...]) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    corners = [(left, bottom), (left + side, bottom), (left, bottom + side), (left + side, bottom + side)]
    shader.uniform_float("color", colour)
    batch_for_shader(shader, "TRI_STRIP", {"pos": corners}).draw(shader)


def _draw_name(name: str, left: float, bottom: float) -> None:
    blf.enable(FONT, blf.SHADOW)
    blf.shadow(FONT, 5, 0.0, 0.0, 0.0, 1.0)
    blf.color(FONT, 1.0, 1.0, 1.0, 1.0)
    blf.position(FONT, left, bottom, 0.0)
    blf.draw(FONT, name)
    blf.disable(FONT, blf.SHADOW)
