"""The original visualizers' mathematics, number for number: the noise walk, the class walk of each of the two, and the smoothing.

The oracle for anything faster or better, and what the looks "Original (msieg)" and "Original (rushk)" are made of. msieg stands for
deep-music-visualizer, rushk for biggan-visualizer. Arrays in, arrays out, at the control rate. Where the originals divide by zero (silence,
classes that are all alike), these stay finite.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

JITTER_PERIOD = 200
"""Control frames between two draws of the jitter."""

PITCH_CLASSES = 12
CLASS_COUNT = 1000
MOST_PEAKED = 6
"""So many classes or fewer are scaled by their maximum; more, over their range (msieg)."""

Variant = Literal["msieg", "rushk"]


def noise_walk(
    energy: np.ndarray,
    flux: np.ndarray,
    *,
    start: np.ndarray,
    jitter: np.ndarray,
    tempo_sensitivity: float | np.ndarray,
    truncation: float | np.ndarray,
) -> np.ndarray:
    """Move the noise with the sound: both originals' walk.

    Each unit steps up or down by ``energy + flux``, low-passed, and turns round where it nears ``+-2 * truncation``.

    Parameters
    ----------
    energy, flux
        float64 [F], see `Features`.
    start
        float64 [128], the first noise vector.
    jitter
        float64 [ceil(F / 200), 128], step factors, see `jitter_steps`.
    tempo_sensitivity
        Step length at full energy, as the user gives it; or float64 [F].
    truncation
        0 ... 1; sets the bounds; or float64 [F].

    Returns
    -------
    np.ndarray
        float64 [F + 1, 128]; row f + 1 has heard control frame f.
    """
    walk = np.empty((len(energy) + 1, len(start)))
    walk[0] = start
    direction = np.where(start < 0, 1.0, -1.0)
    upper = np.broadcast_to(2 * truncation - tempo_sensitivity, len(energy))
    last_step = np.zeros(len(start))
    for f, (push, bound) in enumerate(zip(tempo_sensitivity * (flux + energy), upper, strict=True)):
        last_step = (push * direction * jitter[f // JITTER_PERIOD] + 3 * last_step) / 4
        noise = walk[f] + last_step
        walk[f + 1] = noise
        direction[noise < -bound] = 1.0
        direction[noise >= bound] = -1.0  # after the line above: where both hold (tempo sensitivity over 2 * truncation), down wins
    return walk


def class_walk(
    chroma: np.ndarray,
    *,
    classes: Sequence[int],
    pitch_sensitivity: float | np.ndarray,
    depth: float | np.ndarray,
    variant: Variant,
) -> np.ndarray:
    """Let the class vector follow the chroma.

    Parameters
    ----------
    chroma
        float [12, F], see `Features`.
    classes
        The chosen class numbers; the j-th one follows the j-th loudest pitch class of the whole sound. More than 12, which the originals
        cannot show: the 13th follows the loudest again.
    pitch_sensitivity
        1 ... 299, as the user gives it; or float64 [F].
    depth
        Above 0, at most 1; scales the vectors and is fed back; or float64 [F]. Without effect on "rushk".
    variant
        Whose walk.

    Returns
    -------
    np.ndarray
        float64 [F + 1, 1000], before smoothing. "msieg": row f + 1 has heard control frame f, other classes are 0. "rushk": row f has heard
        control frame f (the last row, nothing new), not normalised, and other classes lie at a floor.
    """
    weights, floor = class_weights_walk(chroma, class_count=len(classes), pitch_sensitivity=pitch_sensitivity, depth=depth, variant=variant)
    vectors = np.repeat(floor[:, None], CLASS_COUNT, axis=1)
    vectors[:, list(classes)] = weights
    return vectors


def class_weights_walk(
    chroma: np.ndarray, *, class_count: int, pitch_sensitivity: float | np.ndarray, depth: float | np.ndarray, variant: Variant
) -> tuple[np.ndarray, np.ndarray]:
    """Walk as `class_walk` does, in the chosen classes' columns only.

    Returns
    -------
    weights
        float64 [F + 1, class_count].
    floor
        float64 [F + 1], the weight of all other classes.
    """
    inertia = np.broadcast_to(300.0 - pitch_sensitivity, chroma.shape[1])[:, None]  # [F, 1]
    rank = np.argsort(chroma.mean(axis=1))[::-1]  # loudest first
    heard = chroma[np.resize(rank, class_count)].T.astype(np.float64) / inertia  # [F, n]
    start = _first_class_weights(chroma, rank, class_count=class_count)
    if variant == "rushk":
        return _walk_of_rushk(start, heard / (1 + 1 / inertia))
    return _walk_of_msieg(start, heard, inertia=inertia, depth=depth), np.zeros(len(heard) + 1)


def _walk_of_msieg(start: np.ndarray, heard: np.ndarray, *, inertia: np.ndarray, depth: float | np.ndarray) -> np.ndarray:
    walk = np.empty((len(heard) + 1, len(start)))
    walk[0] = start
    depths = np.broadcast_to(depth, len(heard))
    for f, (news, growth) in enumerate(zip(heard, 1 + 1 / inertia[:, 0], strict=True)):
        weights = (walk[f] + news) / growth
        weights = depths[f] * (_over_range(weights) if len(start) > MOST_PEAKED else _over_maximum(weights))
        walk[f + 1] = _told_apart(weights)
    return walk


def _walk_of_rushk(start: np.ndarray, heard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Add up what is heard; shown is the sum, lifted to its floor, while its normalised form is carried on."""
    walk, floor = np.empty((len(heard) + 1, len(start))), np.zeros(len(heard) + 1)
    carried = start
    for f, news in enumerate(heard):
        weights = _told_apart(carried + news)
        floor[f] = weights[weights != 0].min() if weights.any() else 0.0
        walk[f] = np.where(weights == 0, floor[f], weights)
        carried = _over_range(weights)
    walk[-1] = carried
    return walk, floor


def _first_class_weights(chroma: np.ndarray, rank: np.ndarray, *, class_count: int) -> np.ndarray:
    sounding = np.flatnonzero(chroma.max(axis=0) > 0)
    if not len(sounding):  # silence from end to end
        return np.eye(class_count)[0]
    first = chroma[:, sounding[0]].astype(np.float64)
    return first if class_count == PITCH_CLASSES else first[np.resize(rank, class_count)]


def _over_maximum(weights: np.ndarray) -> np.ndarray:
    return weights / weights.max() if weights.max() > 0 else weights


def _over_range(weights: np.ndarray) -> np.ndarray:
    if not weights.any():
        return weights
    smallest = weights[weights != 0].min()
    extent = weights.max() - smallest
    return np.maximum(weights - smallest, 0) / extent if extent > 0 else _over_maximum(weights)


def _told_apart(weights: np.ndarray) -> np.ndarray:
    """Lift the first class a little where all that show are alike: their range would be 0."""
    shown = weights[weights != 0]
    if len(shown) and shown.std() < 1e-7:  # noqa: PLR2004 (the originals' bound)
        weights[0] += 0.01
    return weights


def smooth(vectors: np.ndarray, *, window: int) -> np.ndarray:
    """Average rows over windows and draw straight lines from one mean to the next: msieg's smoothing.

    Parameters
    ----------
    vectors
        float64 [T, n].
    window
        k, in control frames; 1 changes nothing.

    Returns
    -------
    np.ndarray
        float64 [(T // k - 1) * k, n]: each window's rows lead from its mean to the next window's. None if T < 2 k.
    """
    k = window
    if k == 1:
        return vectors
    means = vectors[: len(vectors) // k * k].reshape(-1, k, vectors.shape[1]).mean(axis=1)  # [T // k, n]
    share = (np.arange(k) / (k - 1))[None, :, None]  # 0 ... 1 within a window
    lines = means[:-1, None] * (1 - share) + means[1:, None] * share  # [T // k - 1, k, n]
    return lines.reshape(-1, vectors.shape[1])
