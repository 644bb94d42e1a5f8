"""Latents, and how a section of a film with settings of its own is laid over the rest without a seam.

Outside a section nothing changes, not one bit. Inside, the noise starts from the exact state that it finds, and lands on the old path
before the section's end; classes and truncation are cross-faded at both ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .originals import CLASS_COUNT
from .protocol import Section

SHORTEST_LANDING_FRAMES = 3


@dataclass(frozen=True, kw_only=True)
class Latents:
    """What the network is asked to draw, one row for each of N video frames.

    Only the chosen classes' columns are kept; all other classes share one weight in each frame.

    Parameters
    ----------
    noise
        float32 [N, 128].
    classes
        The n chosen class numbers, 0 ... 999.
    class_weights
        float32 [N, n].
    class_floor
        float32 [N], the weight of all other classes: 0, but in one of the originals.
    truncation
        float32 [N], 0.02 ... 1.
    """

    noise: np.ndarray
    classes: tuple[int, ...]
    class_weights: np.ndarray
    class_floor: np.ndarray
    truncation: np.ndarray

    def __len__(self) -> int:
        return len(self.noise)

    def class_vectors(self, rows: Sequence[int]) -> np.ndarray:
        """Give the full class vectors of some rows: float32 [len(rows), 1000]."""
        vectors = np.repeat(self.class_floor[list(rows), None], CLASS_COUNT, axis=1)
        vectors[:, self.classes] = self.class_weights[list(rows)]
        return vectors


def lay_over(film: Latents, own: Latents, section: Section, *, fps: Fraction) -> Latents:
    """Lay a section over a film.

    Parameters
    ----------
    film
        N rows.
    own
        The section's own path: a row for each of its frames, the first one's noise being the film's.
    section
        Where it belongs, and how long it takes to land.
    fps
        Frames a second.

    Returns
    -------
    Latents
        N rows, those outside the section as they were.
    """
    inside = slice(section.first_frame, section.end_frame)
    entering, landing = _ramps(section, fps=fps)
    fading = np.minimum(entering, landing)
    classes = tuple(dict.fromkeys((*film.classes, *own.classes)))
    film_weights, own_weights = _in_columns(film, classes), _in_columns(own, classes)
    film_weights[inside] = _mixed(film_weights[inside], own_weights, fading)
    return Latents(
        noise=_replaced(film.noise, inside, _mixed(film.noise[inside], own.noise, landing)),
        classes=classes,
        class_weights=film_weights,
        class_floor=_replaced(film.class_floor, inside, _mixed(film.class_floor[inside], own.class_floor, fading)),
        truncation=_replaced(film.truncation, inside, _mixed(film.truncation[inside], own.truncation, fading)),
    )


def _ramps(section: Section, *, fps: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """Say how much of the section shows in each of its frames, after its beginning and before its end: float32 [n], 0 ... 1."""
    count = section.end_frame - section.first_frame
    frames = min(max(float(section.landing_seconds * fps), SHORTEST_LANDING_FRAMES), count / 2)
    # The frames just outside count as steps of the ramps too, so that even the shortest landing does not jump.
    entering = _soft(np.arange(count) / (frames + 1))
    return entering, _soft((count - np.arange(count)) / (frames + 1))


def _soft(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def _mixed(film: np.ndarray, own: np.ndarray, share: np.ndarray) -> np.ndarray:
    share = share.reshape(-1, *[1] * (film.ndim - 1))
    return film * (1 - share) + own * share  # so written, 0 and 1 give exactly one of the two


def _replaced(rows: np.ndarray, inside: slice, news: np.ndarray) -> np.ndarray:
    changed = rows.copy()
    changed[inside] = news
    return changed


def _in_columns(latents: Latents, classes: Sequence[int]) -> np.ndarray:
    """Give the weights of these classes, whether chosen or not: a copy, float32 [N, len(classes)]."""
    weights = np.repeat(latents.class_floor[:, None], len(classes), axis=1)
    weights[:, [classes.index(number) for number in latents.classes]] = latents.class_weights
    return weights
