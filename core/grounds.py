"""The ground of a square picture, drawn out to a frame that is wider or higher.

In: pictures as a network draws squares. Out: larger ones, the square unchanged in their middle. For networks that fall to pieces where
their first map is not 4 x 4, and whose grounds are plain: the outermost pixels go on, softer the farther from the square.
"""

import numpy as np

SOFT_SHARE, SOFT_FROM = 0.12, 0.2
"""How far the outermost pixels are mixed with their neighbours, and from where on all of what is added is so soft; of the square's side."""


def drawn_out(picture: np.ndarray, *, width: int, height: int) -> np.ndarray:
    """Draw a picture's ground out to both sides, or up and down.

    Parameters
    ----------
    picture
        uint8 [s, s, 3].
    width, height
        Of the frame; one of them is s.

    Returns
    -------
    np.ndarray
        uint8 [height, width, 3].
    """
    if height > width:
        return drawn_out(picture.swapaxes(0, 1), width=height, height=width).swapaxes(0, 1)
    before = (width - picture.shape[1]) // 2
    after = width - picture.shape[1] - before
    left = _beside(picture[:, 0], before)[:, ::-1]
    return np.concatenate([left, picture, _beside(picture[:, -1], after)], axis=1)


def _beside(edge: np.ndarray, count: int) -> np.ndarray:
    """Repeat an edge [s, 3], softer from column to column: uint8 [s, count, 3]."""
    side = len(edge)
    reach = max(1, round(SOFT_SHARE * side))
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(edge.astype(np.float64), ((reach, reach), (0, 0)), mode="edge")
    soft = np.stack([np.convolve(colour, window / window.sum(), mode="valid") for colour in padded.T], axis=1)  # [s, 3]
    share = np.minimum(np.arange(1, count + 1) / max(1, round(SOFT_FROM * side)), 1)[None, :, None]
    return np.round((1 - share) * edge[:, None] + share * soft[:, None]).astype(np.uint8)
