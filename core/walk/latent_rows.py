"""The latents of a film: what the network is asked to draw, one row for each video frame, and how rows give way to others.

A row names its few classes in slots, so that a film may show hundreds of classes one after the other and still be small.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from .originals import CLASS_COUNT

DIRECTIONS = ("zoom", "turn", "shift right", "shift down", "light", "colour")
"""What a picture can be displaced along, beside what drifts. Towards: larger, clockwise, right, down, brighter, other colours."""


@dataclass(frozen=True, kw_only=True)
class Latents:
    """What the network is asked to draw, one row for each of N video frames, with m slots for classes.

    Parameters
    ----------
    noise
        float32 [N, 128].
    displacement
        float32 [N, 6], how far hits displace the picture along the network's own `DIRECTIONS`, in standard deviations of noise.
    class_ids
        int16 [N, m], class numbers, 0 ... 999. A class may stand in several slots of a row: their weights add up.
    class_weights
        float32 [N, m], what the slots' classes weigh more than the floor; 0: an empty slot.
    class_floor
        float32 [N], the weight of all other classes: 0, but in one of the originals.
    truncation
        float32 [N], 0.02 ... 1.
    """

    noise: np.ndarray
    displacement: np.ndarray
    class_ids: np.ndarray
    class_weights: np.ndarray
    class_floor: np.ndarray
    truncation: np.ndarray

    @classmethod
    def of_columns(
        cls,
        *,
        noise: np.ndarray,
        displacement: np.ndarray | None = None,
        classes: Sequence[int],
        weights: np.ndarray,
        class_floor: np.ndarray,
        truncation: np.ndarray,
    ) -> Self:
        """Make latents whose rows all name the same n distinct classes, with `weights` float32 [N, n] over the floor."""
        ids = np.broadcast_to(np.array(classes, np.int16), weights.shape)
        if displacement is None:
            displacement = np.zeros((len(noise), len(DIRECTIONS)), np.float32)
        return cls(
            noise=noise, displacement=displacement, class_ids=ids, class_weights=weights, class_floor=class_floor, truncation=truncation
        )

    def __len__(self) -> int:
        return len(self.noise)

    def piece(self, first: int, end: int) -> "Latents":
        """Give the rows ``first ... end - 1``."""
        return Latents(**{name: rows[first:end] for name, rows in vars(self).items()})

    def class_vectors(self, rows: Sequence[int], *, class_total: int = CLASS_COUNT) -> np.ndarray:
        """Give the full class vectors of some rows, for a network of so many classes: float32 [len(rows), class_total]."""
        picked = list(rows)
        vectors = np.repeat(self.class_floor[picked, None], class_total, axis=1)
        places = np.arange(len(picked))[:, None]
        np.add.at(vectors, (places, self.class_ids[picked]), self.class_weights[picked])
        return vectors

    def in_columns(self) -> tuple[tuple[int, ...], np.ndarray]:
        """Give all classes that ever show, by number, and a column for each.

        Returns
        -------
        classes : tuple[int, ...]
            n distinct class numbers.
        weights : np.ndarray
            float32 [N, n], over the floor.
        """
        shown = self.class_weights != 0
        classes = np.unique(self.class_ids[shown])
        weights = np.zeros((len(self), len(classes)), np.float32)
        rows, slots = np.nonzero(shown)
        np.add.at(weights, (rows, np.searchsorted(classes, self.class_ids[rows, slots])), self.class_weights[rows, slots])
        return tuple(int(number) for number in classes), weights


def replaced(film: Latents, own: Latents, *, first_frame: int, noise_share: np.ndarray, class_share: np.ndarray) -> Latents:
    """Let some rows of a film give way to others.

    Parameters
    ----------
    film
        N rows.
    own
        n rows, to stand from `first_frame` on.
    first_frame
        0 ... N - n.
    noise_share, class_share
        float32 [n], 0 ... 1: how much of `own` shows, in the noise; in displacement, class weights, floor and truncation.

    Returns
    -------
    Latents
        N rows: ``film * (1 - share) + own * share`` from `first_frame` on, all others bit for bit as they were.
    """
    inside = slice(first_frame, first_frame + len(own))
    before = film.piece(inside.start, inside.stop)
    ids, weights = _both(before, own, class_share[:, None])
    return Latents(
        noise=_with(film.noise, inside, _mixed(before.noise, own.noise, noise_share[:, None])),
        displacement=_with(film.displacement, inside, _mixed(before.displacement, own.displacement, class_share[:, None])),
        class_ids=_with(film.class_ids, inside, ids),
        class_weights=_with(film.class_weights, inside, weights),
        class_floor=_with(film.class_floor, inside, _mixed(before.class_floor, own.class_floor, class_share)),
        truncation=_with(film.truncation, inside, _mixed(before.truncation, own.truncation, class_share)),
    )


def _both(film: Latents, own: Latents, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put the classes of both beside each other, each weighing its share; slots that nobody needs are left out."""
    ids = np.concatenate([film.class_ids, own.class_ids], axis=1)
    weights = np.concatenate([film.class_weights * (1 - share), own.class_weights * share], axis=1)
    needed = weights.any(axis=0)
    if not needed.any():
        needed = np.arange(weights.shape[1]) == 0
    return ids[:, needed], weights[:, needed]


def _mixed(film: np.ndarray, own: np.ndarray, share: np.ndarray) -> np.ndarray:
    return film * (1 - share) + own * share  # so written, 0 and 1 give exactly one of the two


def _with(rows: np.ndarray, inside: slice, news: np.ndarray) -> np.ndarray:
    """Copy rows with news inside; where one has fewer slots than the other, empty ones are added."""
    shape = list(rows.shape)
    if rows.ndim > 1:
        shape[1] = max(rows.shape[1], news.shape[1])
    changed = np.zeros(shape, rows.dtype)
    changed[..., *(slice(extent) for extent in rows.shape[1:])] = rows
    changed[inside] = 0
    changed[inside, *(slice(extent) for extent in news.shape[1:])] = news
    return changed
