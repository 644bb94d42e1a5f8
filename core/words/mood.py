"""How a song feels, line by line: -1 (sad) ... 1 (happy), to steer the film's calm and strength.

In: the lines' vectors, as `choosing.read` gives them. Out: one number for each, and points of a curve over time. The sentence model itself
tells: what lies nearer to happy sentences than to their sad counterparts is happy. No second library, and the line's verse is read with it.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from statistics import fmean

import numpy as np

from ..protocol import LineThings
from .choosing import Encoder

PAIRS = (
    ("I am happy", "I am sad"),
    ("This is wonderful, I love it", "This is terrible, I hate it"),
    ("What a beautiful day, we laugh and dance", "What an awful day, we cry and suffer"),
    ("You make me smile", "You make me cry"),
    ("We won, we are free", "We lost, we are trapped"),
    ("I am grateful and full of hope", "I am lonely and without hope"),
    ("sweet and tender love", "cold and bitter hatred"),
)
"""A happy and a sad way to speak of the same."""
CLEARLY_FELT = 0.15
"""What a line with a clear mood measures along the line from sad to happy: it gets tanh(1), 0.76."""
DECIMALS = 3


def moods(vectors: np.ndarray, encoder: Encoder) -> list[float]:
    """Tell the mood of lines.

    Parameters
    ----------
    vectors
        float32 [L, size], of length 1.
    encoder
        Of the sentence model.

    Returns
    -------
    list of float
        -1 ... 1 for each line.
    """
    pairs = encoder.encode([text for pair in PAIRS for text in pair]).reshape(len(PAIRS), 2, -1)
    direction = (pairs[:, 0] - pairs[:, 1]).mean(axis=0)  # [size]
    felt = vectors @ direction / np.linalg.norm(direction)
    return np.round(np.tanh(felt.astype(np.float64) / CLEARLY_FELT), DECIMALS).tolist()


def mood_points(rows: Sequence[LineThings]) -> tuple[tuple[Fraction, float], ...]:
    """Give the moods' curve over the song.

    Parameters
    ----------
    rows
        Of the table; those without times count for nothing.

    Returns
    -------
    tuple of (Fraction, float)
        Seconds in the sound's own time, rising, and the mood then: one point in the middle of each line.
    """
    points = sorted((_middle(row.start_seconds, row.end_seconds), row.mood) for row in rows if row.start_seconds is not None)
    return tuple((seconds, fmean(mood for _, mood in same)) for seconds, same in groupby(points, key=lambda point: point[0]))


def _middle(start: Fraction, end: Fraction | None) -> Fraction:
    return start if end is None else (start + end) / 2
