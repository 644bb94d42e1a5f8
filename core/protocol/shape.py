"""The shape of pictures: what a network's first map must be for a frame's width by height. Standard library only."""

import enum

FIRST_SIZE = 4
"""A BigGAN's first map has 4 x 4 places, from which doublings make the picture."""


class Widening(enum.StrEnum):
    """Where a first map that is wider or higher than 4 x 4 gets its other places from."""

    EDGE = "edge"
    """The square's map stands in the middle, and its edge goes on."""
    STRETCH = "stretch"
    """The square's map is drawn out."""
    REFLECT = "reflect"
    """The square's map stands in the middle, between its mirror images."""
