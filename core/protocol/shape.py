"""The shape of pictures: what first map a network is given for a frame's width by height, and what is cut off. Standard library only."""

import enum
import re
from dataclasses import dataclass
from fractions import Fraction

FIRST_SIZE = 4
"""A BigGAN's first map has 4 x 4 places, from which doublings make the picture."""

MOST_ASPECT = 10
"""As many times as high pictures may be wide, and the other way round."""

SIDE = re.compile(r"\d{1,9}(\.\d{0,9})?")  # nothing like 1e999999999, which no computer can write out


class Widening(enum.StrEnum):
    """Where a first map that is wider or higher than 4 x 4 gets its other places from."""

    EDGE = "edge"
    """The square's map stands in the middle, and its edge goes on."""
    STRETCH = "stretch"
    """The square's map is drawn out."""
    REFLECT = "reflect"
    """The square's map stands in the middle, between its mirror images."""
    GROUND = "ground"
    """The square itself is drawn, and the ground of the picture goes on; for networks that have only learnt squares."""


@dataclass(frozen=True, kw_only=True)
class FirstMap:
    """How many places a first map has, and how they come from 4 x 4."""

    rows: int = FIRST_SIZE
    columns: int = FIRST_SIZE
    widening: Widening = Widening.EDGE

    def picture_size(self, size: int) -> tuple[int, int]:
        """Give width and height of what is drawn by a network whose square is `size` pixels wide."""
        return self.columns * size // FIRST_SIZE, self.rows * size // FIRST_SIZE


SQUARE = FirstMap()


def read_aspect(text: str) -> Fraction:
    """Read a shape, width by height, as 16:9, 2.39:1 or 1920x1080.

    Raises
    ------
    ValueError
        If it is none.
    """
    width, _, height = text.lower().replace("x", ":").partition(":")
    sides = [Fraction(side) for side in map(str.strip, (width, height)) if SIDE.fullmatch(side)]
    if len(sides) < 2 or min(sides) <= 0:  # noqa: PLR2004 (width and height)
        raise ValueError(f"“{text}” is no shape such as 16:9 or 1920x1080")
    return sides[0] / sides[1]


def aspect_text(aspect: Fraction) -> str:
    """Write a shape, as 16:9."""
    return f"{aspect.numerator}:{aspect.denominator}"


def first_map(aspect: Fraction, widening: Widening) -> FirstMap:
    """Give the map whose picture is the nearest to a shape. Its shorter side has 4 places: what it shows stays as large as in a square."""
    longer = round(FIRST_SIZE * max(aspect, 1 / aspect))
    rows, columns = (FIRST_SIZE, longer) if aspect >= 1 else (longer, FIRST_SIZE)
    return SQUARE if rows == columns else FirstMap(rows=rows, columns=columns, widening=widening)


def cut_size(drawn: tuple[int, int], aspect: Fraction) -> tuple[int, int]:
    """Give width and height of the largest part of a picture that has a shape, to within a pixel: both even, as movies want them."""
    width, height = drawn
    if aspect == Fraction(width, height):
        return drawn
    return min(_even(aspect * height), width), min(_even(width / aspect), height)


def _even(pixels: Fraction) -> int:
    return max(2 * round(pixels / 2), 2)
