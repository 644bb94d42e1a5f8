"""Directions of the noise that mean something: along which a network's pictures grow, turn, shift, brighten.

For a network that was trained so, they are known (`of_units`). For any other they are found by drawing it (`calibrating`): along the
principal directions of its first layer, a little to both sides; what each does is measured (`effects`), and those are mixed that do one
thing best together (`best_mixtures`). After GANSpace (Härkönen et al. 2020) and steerability (Jahanian et al. 2020). Arrays in, arrays out.
"""

from collections.abc import Sequence

import numpy as np

from ..walk.latent_rows import DIRECTIONS

NAMED_UNITS = {"colour": "hue"}
"""Which unit of a network that was trained so does what a direction is called, where their names differ."""

NATURAL = np.array([0.1, 0.2, 0.12, 0.12, 0.14, 0.3])
"""What one standard deviation shall do, as the embedded model's units do: larger by 10 %, 0.2 rad, 6 % of the height (which is 2), lighter
by 14 %, more colourful by 30 %."""

ALSO = 3
"""What else is measured, so that it is not mistaken for one of the directions, and not done by their mixtures: the light's slope to the
right and down, and a turn of the hues."""

RIDGE = 0.02  # of the mean square of what a direction does
LONGEST = 2.0  # standard deviations of noise for one of a direction
STEPS_IN_ONE = 256  # directions are rounded: a last bit of a sum, which differs from machine to machine, must not change pictures


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
    wanted = [rows.get(NAMED_UNITS.get(name, name)) for name in DIRECTIONS]
    return np.stack([nothing if row is None else row / (row @ row) for row in wanted]).astype(np.float32)


def principal(first_layer: np.ndarray, *, count: int) -> np.ndarray:
    """Give the directions of noise of which a layer, weights [n, 128], makes most: float64 [count, 128] of length 1, strongest first.

    They are the right singular vectors, found by the small square matrix of them: the same, but for signs, in any order of sums.
    """
    weights = first_layer.astype(np.float64)
    _, vectors = np.linalg.eigh(weights.T @ weights)  # rising
    return vectors[:, ::-1][:, :count].T


def effects(minus: np.ndarray, plus: np.ndarray) -> np.ndarray:
    """Measure what changes between two pictures, as far as it is one of `DIRECTIONS`.

    The change is held against what a small zoom, turn, shift ... would change, by least squares over all pixels.

    Parameters
    ----------
    minus, plus
        float [height, width, 3], 0 ... 1.

    Returns
    -------
    np.ndarray
        float64 [6 + ALSO], in `NATURAL` amounts.
    """
    fields = _fields((minus + plus) / 2)
    fields = fields.reshape(len(fields), -1)
    square = fields @ fields.T
    square[np.diag_indices(len(square))] += 1e-6 * np.trace(square) / len(square) + 1e-12  # a picture of one colour shows no shift
    return np.linalg.solve(square, fields @ (plus - minus).ravel())


def _fields(picture: np.ndarray) -> np.ndarray:
    """Give what each direction's natural amount would change, if small: float64 [6 + ALSO, height, width, 3]."""
    picture = picture.astype(np.float64)
    height, width, _ = picture.shape
    y, x = np.meshgrid(
        (np.arange(height) - (height - 1) / 2) * (2 / height), (np.arange(width) - (width - 1) / 2) * (2 / height), indexing="ij"
    )
    down, right = np.gradient(picture, 2 / height, axis=(0, 1))
    x, y = x[..., None], y[..., None]
    colour = picture - picture.mean(axis=2, keepdims=True)
    wanted = (-(x * right + y * down), y * right - x * down, -right, -down, picture, colour)
    others = (x + 0 * picture, y + 0 * picture, np.roll(colour, 1, axis=2) - np.roll(colour, -1, axis=2))
    natural = [*NATURAL, *[0.1] * ALSO]
    return np.stack([amount * field for amount, field in zip(natural, (*wanted, *others), strict=True)])


def best_mixtures(measured: np.ndarray, tried: np.ndarray) -> np.ndarray:
    """Mix directions so that each mixture does one thing, in all samples, and as little else as can be.

    Parameters
    ----------
    measured
        float64 [samples, tried, 6 + ALSO], the `effects` of one standard deviation along each.
    tried
        float64 [tried, 128], of length 1.

    Returns
    -------
    np.ndarray
        float32 [6, 128]: least squares with a ridge, scaled to the natural amount on the average, but no longer than `LONGEST`. What the
        network can hardly do is that long: a hit is seen in any case.
    """
    rows = measured.transpose(0, 2, 1)  # [samples, 6 + ALSO, tried]
    square = np.einsum("skt,sku->tu", rows, rows)
    square[np.diag_indices(len(square))] += RIDGE * np.trace(square) / len(square) + 1e-12
    found = []
    for number in range(len(DIRECTIONS)):
        mixture = np.linalg.solve(square, rows[:, number].sum(axis=0))
        achieved = float((rows[:, number] @ mixture).mean())
        direction = mixture @ tried / max(achieved, 1e-12)
        found.append(direction * min(1.0, LONGEST / max(float(np.linalg.norm(direction)), LONGEST)))
    return (np.rint(np.stack(found) * STEPS_IN_ONE) / STEPS_IN_ONE).astype(np.float32)
