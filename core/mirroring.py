"""Pictures made wide or tall by their own mirror images, so that they fill a frame without being stretched or cut.

A picture goes in, a larger one comes out with the picture itself in its middle, byte for byte. Frames that are wide already are right in
every editor, whatever it makes of scales and crops.
"""

import math
from fractions import Fraction

import numpy as np


def mirrored(picture: np.ndarray, aspect: Fraction) -> np.ndarray:
    """Lay a picture's mirror images beside it, or above and below.

    Parameters
    ----------
    picture
        uint8 [height, width, 3].
    aspect
        The wanted width by height, above 0.

    Returns
    -------
    np.ndarray
        uint8 [at least height, at least width, 3]: of that shape to within a pixel, sides even as movies want them, the picture in the
        middle. At its edges each row or column stands twice, so nothing jumps.
    """
    height, width = picture.shape[:2]
    wide, tall = mirrored_size(width, height, aspect)
    rows, columns = tall - height, wide - width
    return np.pad(picture, ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2), (0, 0)), mode="symmetric")


def mirrored_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Give width and height of a mirrored picture: one side stays, the other is the next even number from the exact one up."""
    if aspect > Fraction(width, height):
        return 2 * math.ceil(aspect * height / 2), height
    return width, 2 * math.ceil(width / aspect / 2)
