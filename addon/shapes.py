"""In what shape films are drawn: on a sound, the choice for its next film; on our pictures, the width by height that they have.

Strips of films from before there was a choice are squares: `aspect` is 1:1 unless somebody wrote another one.
"""

from fractions import Fraction
from typing import Any

import bpy

from ..core.protocol import AUTO, EMBEDDED_SIZES, Model, UserError
from ..core.protocol.shape import FIRST_SIZE, SQUARE, Widening, cut_size, first_map, read_aspect
from . import fitting, models

SCENE, OTHER = "scene", "other"
ITEMS = (
    (SCENE, "Scene", "The scene's own: its pictures fill the frame"),
    ("16:9", "16:9", "Wide, as screens are"),
    ("9:16", "9:16", "Tall, as telephones are held"),
    ("1:1", "1:1", "Square, as networks have learnt it"),
    ("4:3", "4:3", "As old screens are"),
    ("21:9", "21:9", "Very wide, as in the cinema"),
    (OTHER, "Other", "Another width by height"),
)
WIDENINGS = (
    (AUTO, "Automatic", "As suits the model"),
    (Widening.EDGE.value, "Edge", "The square stands in the middle, and its edge goes on"),
    (Widening.STRETCH.value, "Stretch", "What the square would show is drawn out"),
    (Widening.REFLECT.value, "Reflect", "The square stands in the middle, and beside it begins its mirror image"),
    (Widening.GROUND.value, "Ground", "The square stands in the middle, and the colours of its ground go on"),
)


def aspect_of(group: bpy.types.PropertyGroup) -> Fraction:
    """Give the width by height that a strip's pictures have, or that a sound's next film will have.

    Raises
    ------
    UserError
        If what the user wrote is none.
    """
    if not group.film and group.shape != OTHER:
        return fitting.scene_aspect(group.id_data) if group.shape == SCENE else read_aspect(group.shape)
    try:
        return read_aspect(group.aspect)
    except ValueError as error:
        raise UserError(f"{error}.", "Write width and height with a colon between, as 16:9.") from error


def shape_of(group: bpy.types.PropertyGroup) -> str:
    """Give a strip's choice of a shape; of our pictures, what would give a sound's film theirs."""
    if not group.film:
        return group.shape
    try:
        return SCENE if aspect_of(group) == fitting.scene_aspect(group.id_data) else OTHER
    except UserError:
        return OTHER


def upscaling_of(group: bpy.types.PropertyGroup) -> dict[str, Any]:
    """Give what a request says about making pictures larger."""
    return {"upscale": int(group.upscale), "upscaler": group.upscaler if group.upscale != "1" else ""}


def described(group: bpy.types.PropertyGroup) -> str:
    """Say in a line how large pictures will be and what they cost; empty where that is not known. Reads no files."""
    try:
        aspect = aspect_of(group)
    except UserError as error:
        return error.cause
    size = _network_size(group)
    if not size or aspect <= 0:
        return ""
    drawn = first_map(aspect, Widening.EDGE)
    cost = 1 if _draws_square(group) else drawn.rows * drawn.columns / FIRST_SIZE**2
    width, height = (int(group.upscale) * side for side in cut_size(drawn.picture_size(size), aspect))
    return f"{width} x {height} px" + (f", {cost:.3g} times the work of a square" if cost > 1 else "")


def _draws_square(group: bpy.types.PropertyGroup) -> bool:
    """Say whether a square is drawn whatever the shape, and its ground goes on: as Emoji does by itself."""
    return group.widening == Widening.GROUND or (group.widening == AUTO and group.model == Model.EMOJI)


def is_widened(group: bpy.types.PropertyGroup) -> bool:
    """Say whether a network draws another shape than it has learnt."""
    try:
        return first_map(aspect_of(group), Widening.EDGE) != SQUARE
    except (UserError, ZeroDivisionError):
        return False


def _network_size(group: bpy.types.PropertyGroup) -> int:
    model = Model(group.model)
    if model != Model.OWN:
        return EMBEDDED_SIZES.get(model, int(group.size))
    return next((entry.size_px for entry in models.state.entries or () if entry.name == group.own_model), 0)
