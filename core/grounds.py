"""The ground of a square picture, drawn out to a frame that is wider or higher.

In: pictures as a network draws squares. Out: larger ones, the square in their middle. For networks that fall to pieces where their first
map is not 4 x 4, and whose grounds are plain: what lies just inside the square's sides goes on, softer the farther from the square. The
outermost pixels, which a network draws beside nothing, give way to it, so that no seam is seen.
"""

import numpy as np

SEAM_SHARE, EDGE_SHARE = 0.08, 0.03
"""How far into the square what goes on reaches, and how wide a strip there is its mean; of the square's side."""
SOFT_SHARE, SOFT_FROM = 0.12, 0.2
"""How far what goes on is mixed with its neighbours, and from where on all of what is added is so soft; of the square's side."""


def drawn_out(picture: np.ndarray, *, width: int, height: int) -> np.ndarray:
    """Draw a picture's ground out to both sides, or up and down.

    Parameters
    ----------
    picture
        uint8 [s, s, 3].
    width, height
        Of the frame; one of them is s. If both are, nothing is done.

    Returns
    -------
    np.ndarray
        uint8 [height, width, 3].
    """
    if height > width:
        return drawn_out(picture.swapaxes(0, 1), width=height, height=width).swapaxes(0, 1)
    before = (width - picture.shape[1]) // 2
    after = width - picture.shape[1] - before
    if not before + after:
        return picture
    left = _continued(picture[:, : picture.shape[1] // 2][:, ::-1], before)[:, ::-1]
    return np.concatenate([left, _continued(picture[:, picture.shape[1] // 2 :], after)], axis=1)


def _continued(half: np.ndarray, count: int) -> np.ndarray:
    """Let the right half of a square [s, h, 3] go on by some columns: uint8 [s, h + count, 3]."""
    side = len(half)
    seam, strip = (max(1, round(share * side)) for share in (SEAM_SHARE, EDGE_SHARE))
    edge = half[:, -seam - strip : -seam].astype(np.float64).mean(axis=1)  # [s, 3]
    soft = _softened(edge)
    columns = np.arange(seam + count)
    softness = np.clip((columns - seam + 1) / max(1, round(SOFT_FROM * side)), 0, 1)[None, :, None]
    ground = (1 - softness) * edge[:, None] + softness * soft[:, None]  # [s, seam + count, 3]
    share = np.clip((columns[:seam] + 1) / (seam + 1), 0, 1)[None, :, None]
    share = share * share * (3 - 2 * share)
    ground[:, :seam] = (1 - share) * half[:, -seam:] + share * ground[:, :seam]
    return np.concatenate([half[:, :-seam], np.round(ground).astype(np.uint8)], axis=1)


def _softened(edge: np.ndarray) -> np.ndarray:
    """Mix each place of an edge [s, 3] with its neighbours."""
    reach = max(1, round(SOFT_SHARE * len(edge)))
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(edge, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(colour, window / window.sum(), mode="valid") for colour in padded.T], axis=1)
