"""Figures that no package has, drawn here in the manner of the others: solids, lit from the upper left.

In: nothing. Out: pictures with opacity, by the names that the table of classes gives them.
"""

import numpy as np

SIDE, FINER = 256, 3
WHITE, RED, DARK, GLASS, LAMP = (0.96, 0.95, 0.98), (0.93, 0.25, 0.27), (0.35, 0.30, 0.42), (0.62, 0.86, 0.97), (1.0, 0.88, 0.45)
LIGHT_FROM = -0.45  # of the way from a cylinder's middle to its right edge


def lighthouse() -> np.ndarray:
    """Draw a striped tower with a gallery, a lantern and a domed roof: uint8 [256, 256, 4]."""
    side = SIDE * FINER
    y, x = ((np.arange(side) + 0.5) / side)[:, None], ((np.arange(side) + 0.5) / side - 0.5)[None, :]
    picture = np.zeros((side, side, 4))
    stripes = np.where((((y - 0.34) / 0.112).astype(int) % 2 == 0)[..., None], np.array(WHITE), np.array(RED))
    _solid(picture, x, np.where((y > 0.34) & (y < 0.90), 0.095 + 0.085 * (y - 0.34) / 0.56, 0), stripes)
    _solid(picture, x, np.where((y > 0.88) & (y < 0.97), 0.25, 0), np.array(DARK))
    _solid(picture, x, np.where((y > 0.17) & (y < 0.31), 0.075, 0), np.array(GLASS))
    _solid(picture, x, np.where((y > 0.19) & (y < 0.29), 0.035, 0), np.array(LAMP))
    _solid(picture, x, np.where((y > 0.30) & (y < 0.355), 0.145, 0), np.array(DARK))
    _solid(picture, x, np.where((y > 0.07) & (y < 0.175), 0.11 * np.sqrt(np.clip(1 - ((0.175 - y) / 0.105) ** 2, 0, 1)), 0), np.array(RED))
    _solid(picture, x, np.where((y > 0.03) & (y < 0.08), 0.018, 0), np.array(DARK))
    small = picture.reshape(SIDE, FINER, SIDE, FINER, 4).mean(axis=(1, 3))
    opacity = small[..., 3:].clip(1e-6)
    return np.round(255 * np.concatenate([small[..., :3] / opacity, small[..., 3:]], axis=-1).clip(0, 1)).astype(np.uint8)


def _solid(picture: np.ndarray, x: np.ndarray, half_width: np.ndarray, colour: np.ndarray) -> None:
    """Lay an upright body of revolution over a picture with premultiplied colours; `half_width` [side, 1] is 0 where it is not."""
    across = x / np.maximum(half_width, 1e-9)
    lit = 1.06 - 0.34 * (across - LIGHT_FROM) ** 2 + 0.10 * np.exp(-(((across - LIGHT_FROM) / 0.22) ** 2))
    body = np.concatenate([(np.broadcast_to(colour, (*lit.shape, 3)) * lit[..., None]).clip(0, 1), np.ones((*lit.shape, 1))], axis=-1)
    inside = np.abs(across) < 1
    picture[inside] = body[inside]


FIGURES = {"lighthouse": lighthouse}
