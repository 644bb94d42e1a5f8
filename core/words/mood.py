"""How a song feels, line by line: -1 (sad) ... 1 (happy), to steer the film's calm and strength.

In: the lines' vectors, as `choosing.read` gives them. Out: one number for each. The sentence model itself
tells: what lies nearer to happy sentences than to their sad counterparts is happy. No second library, and the line's verse is read with it.
"""

import numpy as np

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
