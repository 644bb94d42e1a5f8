"""The ground of a square picture, drawn out to a frame that is wider or higher.

In: pictures as a network draws squares. Out: larger ones, the square in their middle. For networks that fall to pieces where their first
map is not 4 x 4, and whose grounds are plain: the colours just inside the square's sides go on, without the things that reach them. The
outermost pixels, which a network draws beside nothing, give way to them, and what of the ground is shaded otherwise fades into them, so
that no seam is seen.
"""

import numpy as np

SEAM_SHARE, EDGE_SHARE = 0.08, 0.03
"""How far into the square what goes on reaches, and how wide a strip there is its mean; of the square's side."""
FADE_SHARE, FADED_LEVELS = 0.3, 30.0
"""How far into the square its ground fades into what goes on, and how like that a pixel must be: else rings would end at a side."""
STRANGE_LEVELS = (40.0, 25.0, 15.0, 10.0, 10.0, 10.0)
"""From how far beside the ground, in levels of 255, a pixel counts as a thing's, fit by fit."""
PLAIN = 4.0
"""How many pixels weigh as much as the picture's usual ground: where things hide a side, it is what goes on there."""


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
    inside = max(1, round(SEAM_SHARE * len(picture)))
    around = [picture[inside], picture[-1 - inside], picture[:, inside], picture[:, -1 - inside]]
    usual = np.median(np.concatenate(around), axis=0)
    left = _continued(picture[:, : picture.shape[1] // 2][:, ::-1], before, usual)[:, ::-1]
    return np.concatenate([left, _continued(picture[:, picture.shape[1] // 2 :], after, usual)], axis=1)


def _continued(half: np.ndarray, count: int, usual: np.ndarray) -> np.ndarray:
    """Let the right half of a square [s, h, 3] go on by some columns: uint8 [s, h + count, 3]."""
    seam, strip = (max(1, round(share * len(half))) for share in (SEAM_SHARE, EDGE_SHARE))
    ground = _ground(half[:, -seam - strip : -seam].astype(np.float64).mean(axis=1), usual)[:, None]  # [s, 1, 3]
    fade = max(seam, round(FADE_SHARE * len(half)))
    edge = half[:, -fade:].astype(np.float64)
    strange = np.linalg.norm(edge - ground, axis=2, keepdims=True) / FADED_LEVELS
    share = np.maximum(_soft_steps(fade, fade) / (1 + strange**4), _soft_steps(seam, fade))
    given_way = (1 - share) * edge + share * ground
    added = np.broadcast_to(ground, (len(half), count, 3))
    return np.concatenate([half[:, :-fade], _levels(given_way), _levels(added)], axis=1)


def _soft_steps(count: int, length: int) -> np.ndarray:
    """Rise softly from 0 to 1 over the last `count` of so many columns: [1, length, 1]."""
    rising = np.concatenate([np.zeros(length - count), np.arange(1, count + 1) / (count + 1)])
    return (rising * rising * (3 - 2 * rising))[None, :, None]


def _ground(edge: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Tell the ground's colours along an edge [s, 3] from the things' before it: a parabola through those that are near to it."""
    places = np.linspace(-1, 1, len(edge))
    powers = np.stack([np.ones_like(places), places, places**2], axis=1)  # [s, 3]
    beside = edge - usual
    ground = np.zeros_like(edge)
    for strange in STRANGE_LEVELS:
        near = 1 / (1 + (np.linalg.norm(beside - ground, axis=1) / strange) ** 4)
        weighted = powers * near[:, None]
        ground = powers @ np.linalg.solve(weighted.T @ powers + PLAIN * np.eye(3), weighted.T @ beside)
    return usual + ground


def _levels(colours: np.ndarray) -> np.ndarray:
    return np.clip(np.round(colours), 0, 255).astype(np.uint8)
