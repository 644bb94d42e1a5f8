"""Directions of the noise that mean something: along which a network's pictures grow, turn, shift, brighten.

For a network that was trained so, they are known. Arrays in, arrays out.
"""

from collections.abc import Sequence

import numpy as np

from ..walk.latent_rows import DIRECTIONS


def of_units(units: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Give the directions of a network whose noise is made of named units.

    Parameters
    ----------
    units
        float32 [units, 128]: noise times a row is that unit's value.
    names
        Of the units.

    Returns
    -------
    np.ndarray
        float32 [6, 128], for each of `DIRECTIONS` the least noise that moves its unit by 1; zeros where the network has no such unit.
    """
    rows = dict(zip(names, units, strict=True))
    nothing = np.zeros(units.shape[1], np.float32)
    return np.stack([rows[name] / (rows[name] @ rows[name]) if name in rows else nothing for name in DIRECTIONS]).astype(np.float32)
