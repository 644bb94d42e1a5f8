"""A calmer walk through the passages of a film that flash: slower and slower, at last standing still. All other rows stay bit for bit.

Arrays in, arrays out. What is calmed, and how much, is decided by the flashes of the drawn pictures (`flashes`), round by round: what
still flashes in a calmed film is calmed on top of that, and nothing else of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy.linalg

from ..walk.latent_rows import Latents, replaced
from .flashes import Passage, merged

SMOOTHING_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""How far each step looks to either side. At 4 changes up and down a second, they leave 39, 14, 4, 1 and 0.2 % of the motion."""

STRAIGHT, STILL = len(SMOOTHING_SECONDS), len(SMOOTHING_SECONDS) + 1
"""The steps after those: straight on from the row before to the row behind; no motion at all, and a cut at the end."""


@dataclass(frozen=True, kw_only=True)
class Calming:
    """A passage that is calmed.

    Parameters
    ----------
    first_frame, end_frame
        Half-open.
    step
        How much: 0 ... `STILL`.
    """

    first_frame: int
    end_frame: int
    step: int = 0


def calmer(calmed: Sequence[Calming], failing: Iterable[Passage]) -> tuple[Calming, ...]:
    """Say what to calm next, on top of what has been calmed.

    Parameters
    ----------
    calmed
        All that has been calmed so far.
    failing
        Passages of the film so calmed.

    Returns
    -------
    tuple[Calming, ...]
        One for each failing passage (for all that overlap), a step further than any before that it overlaps.
    """
    ranges = merged((passage.first_frame, passage.end_frame) for passage in failing)
    return tuple(Calming(first_frame=first, end_frame=end, step=_next_step(first, end, calmed)) for first, end in ranges)


def _next_step(first: int, end: int, calmed: Sequence[Calming]) -> int:
    before = max((calming.step for calming in calmed if calming.first_frame < end and first < calming.end_frame), default=-1)
    return min(before + 1, STILL)


def calm(film: Latents, calmings: Iterable[Calming], *, fps: Fraction, loops: bool = False) -> Latents:
    """Let a film walk more calmly in some passages.

    Parameters
    ----------
    film
        N rows.
    calmings
        What to calm, none overlapping another.
    fps
        Frames a second.
    loops
        Whether the first row is the one behind the last.

    Returns
    -------
    Latents
        N rows, those outside as they were. In a passage, every number stays between its least and its greatest value there; and up to
        `STRAIGHT`, no step from a row to the next, into the passage and out of it included, is larger than its largest was before.
    """
    for calming in calmings:
        whole = np.ones(calming.end_frame - calming.first_frame, np.float32)
        film = replaced(
            film, _calm_piece(film, calming, fps=fps, loops=loops), first_frame=calming.first_frame, noise_share=whole, class_share=whole
        )
    return film


def _calm_piece(film: Latents, calming: Calming, *, fps: Fraction, loops: bool) -> Latents:
    """Give a passage's own rows, calmed."""
    places = np.arange(calming.first_frame - 1, calming.end_frame + 1)  # of [1 + n + 1] rows
    places = places % len(film) if loops else places.clip(0, len(film) - 1)
    around = Latents(**{name: rows[places] for name, rows in vars(film).items()})
    classes, weights = around.in_columns()
    moved = [around.noise, around.displacement, weights]
    rows = np.concatenate([*moved, around.class_floor[:, None], around.truncation[:, None]], axis=1)
    calmed = _calmed(rows, step=calming.step, fps=fps)
    noise, displacement, weights, floor, truncation = np.split(calmed, np.cumsum([*(part.shape[1] for part in moved), 1]), axis=1)
    return Latents.of_columns(
        noise=noise,
        displacement=displacement,
        classes=classes,
        weights=weights,
        class_floor=floor[:, 0],
        truncation=truncation[:, 0],
    )


def _calmed(rows: np.ndarray, *, step: int, fps: Fraction) -> np.ndarray:
    """Calm all rows but the first and the last, which stay: float32 [1 + n + 1, k] to [n, k].

    The smoothed path is the one that stays close to the old one and takes small steps: of all paths y between the two fixed rows, the one
    with the least sum of ``(y - x)**2 + (seconds * fps)**2 * steps**2``. Its steps are averages of the old path's steps, hence no larger,
    and where `seconds` grows beyond all bounds they are all alike (Whittaker's smoothing of first order).
    """
    count = len(rows) - 2
    way = np.zeros(count) if step == STILL else np.arange(1, count + 1) / (count + 1)
    before, after = rows[0].astype(np.float64), rows[-1].astype(np.float64)
    path = before + way[:, None] * (after - before)
    if step < STRAIGHT:
        path += _smooth(rows[1:-1] - path, strength=float(SMOOTHING_SECONDS[step] * fps) ** 2)
    return np.clip(path, rows.min(axis=0), rows.max(axis=0)).astype(np.float32)  # rounding may leave a weight of nothing below 0


def _smooth(rows: np.ndarray, *, strength: float) -> np.ndarray:
    """Smooth rows between zeros before the first and behind the last: float64 [n, k], by solving for all n at once."""
    bands = np.empty((3, len(rows)))  # above the diagonal, the diagonal, below it
    bands[:] = [[-strength], [1 + 2 * strength], [-strength]]
    return scipy.linalg.solve_banded((1, 1), bands, rows, overwrite_ab=True, check_finite=False)
