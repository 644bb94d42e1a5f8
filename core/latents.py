"""Features to latents: what the music sounds like becomes what the network is asked to draw.

Two walks run at the control rate, as in the original visualizers: the noise moves with energy and flux, the class weights follow the
chroma. Both are then sampled at the exact time of every video frame. Arrays in, arrays out; all chance comes from the seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .features import CONTROL_RATE, Features
from .protocol import Settings

NOISE_SIZE = 128
CLASS_COUNT = 1000
PITCH_CLASSES = 12

JITTER_PERIOD = 200
"""Control frames between two draws of the jitter."""


@dataclass(frozen=True, kw_only=True)
class Latents:
    """What the network is asked to draw, one row for each of N video frames.

    Only the chosen classes' columns are kept; all other classes are 0 in every frame.

    Parameters
    ----------
    noise
        float32 [N, 128].
    classes
        The n chosen class numbers, 0 ... 999.
    class_weights
        float32 [N, n].
    truncation
        float32 [N], 0.02 ... 1.
    """

    noise: np.ndarray
    classes: tuple[int, ...]
    class_weights: np.ndarray
    truncation: np.ndarray

    def __len__(self) -> int:
        return len(self.noise)

    def class_vectors(self, rows: Sequence[int]) -> np.ndarray:
        """Give the full class vectors of some rows: float32 [len(rows), 1000]."""
        vectors = np.zeros((len(rows), CLASS_COUNT), np.float32)
        vectors[:, self.classes] = self.class_weights[list(rows)]
        return vectors


def make_latents(features: Features, settings: Settings, *, source_start_seconds: Fraction, frame_count: int, fps: Fraction) -> Latents:
    """Turn a sound's features into the latents of a film.

    Parameters
    ----------
    features
        Of the whole sound file.
    settings
        The hyperparameters; must have no `Settings.problems`.
    source_start_seconds
        Where in the sound the first video frame lies.
    frame_count, fps
        Number and exact rate of the video frames.

    Returns
    -------
    Latents
        `frame_count` rows. Before the sound's beginning and after its end, the first and the last state stand still.
    """
    class_rng, start_rng, jitter_rng = random_streams(settings.seed)
    classes = settings.classes[: settings.class_count] or choose_classes(class_rng, count=settings.class_count)
    noise = noise_walk(
        features.energy,
        features.flux,
        start=start_noise(start_rng, truncation=settings.truncation),
        jitter=jitter_steps(jitter_rng, control_frames=len(features.energy), jitter=settings.jitter),
        tempo_sensitivity=settings.tempo_sensitivity,
        truncation=settings.truncation,
    )
    weights = class_walk(features.chroma, class_count=len(classes), pitch_sensitivity=settings.pitch_sensitivity, depth=settings.depth)
    positions = control_positions(source_start_seconds=source_start_seconds, frame_count=frame_count, fps=fps)
    return Latents(
        noise=sample(noise, positions).astype(np.float32),
        classes=classes,
        class_weights=sample(smooth(weights, window=int(settings.smooth_factor)), positions).astype(np.float32),
        truncation=np.full(frame_count, settings.truncation, np.float32),
    )


# Chance ---------------------------------------------------------------------------------------------------------------------------------


def random_streams(seed: int) -> tuple[np.random.Generator, np.random.Generator, np.random.Generator]:
    """Give a stream of chance each for classes, first noise and jitter, so that choosing other classes does not change the motion."""
    classes, start, jitter = (np.random.Generator(np.random.PCG64(stream)) for stream in np.random.SeedSequence(seed).spawn(3))
    return classes, start, jitter


def choose_classes(rng: np.random.Generator, *, count: int) -> tuple[int, ...]:
    """Draw `count` distinct classes."""
    return tuple(int(c) for c in rng.choice(CLASS_COUNT, size=count, replace=False))


def start_noise(rng: np.random.Generator, *, truncation: float) -> np.ndarray:
    """Draw the first noise vector: float64 [128], normal, drawn again where beyond 2, times `truncation`."""
    noise = rng.standard_normal(NOISE_SIZE)
    while (beyond := np.abs(noise) > 2).any():  # noqa: PLR2004 (BigGAN's truncated normal distribution ends at 2)
        noise[beyond] = rng.standard_normal(beyond.sum())
    return truncation * noise


def jitter_steps(rng: np.random.Generator, *, control_frames: int, jitter: float) -> np.ndarray:
    """Draw each unit's step factor for each period: float64 [ceil(control_frames / 200), 128], 1 or ``1 - jitter`` at even odds."""
    periods = -(-control_frames // JITTER_PERIOD)
    return np.where(rng.random((periods, NOISE_SIZE)) < 0.5, 1.0, 1.0 - jitter)  # noqa: PLR2004


# The walks at the control rate ----------------------------------------------------------------------------------------------------------


def noise_walk(
    energy: np.ndarray, flux: np.ndarray, *, start: np.ndarray, jitter: np.ndarray, tempo_sensitivity: float, truncation: float
) -> np.ndarray:
    """Move the noise with the sound: biggan-visualizer's walk, number for number.

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
        Step length at full energy, as the user gives it.
    truncation
        0 ... 1; sets the bounds.

    Returns
    -------
    np.ndarray
        float64 [F + 1, 128]; row f + 1 has heard control frame f.
    """
    walk = np.empty((len(energy) + 1, NOISE_SIZE))
    walk[0] = start
    direction = np.where(start < 0, 1.0, -1.0)
    upper, lower = 2 * truncation - tempo_sensitivity, -2 * truncation + tempo_sensitivity
    last_step = np.zeros(NOISE_SIZE)
    for f, push in enumerate(tempo_sensitivity * (flux + energy)):
        last_step = (push * direction * jitter[f // JITTER_PERIOD] + 3 * last_step) / 4
        noise = walk[f] + last_step
        walk[f + 1] = noise
        direction[noise < lower] = 1.0
        direction[noise >= upper] = -1.0  # after the line above: where both hold (tempo sensitivity over 2 * truncation), down wins
    return walk


def class_walk(chroma: np.ndarray, *, class_count: int, pitch_sensitivity: float, depth: float) -> np.ndarray:
    """Let the class weights follow the chroma: deep-music-visualizer's walk over the chosen classes, number for number.

    Parameters
    ----------
    chroma
        float [12, F], see `Features`.
    class_count
        1 ... 12 chosen classes; the j-th one follows the j-th loudest pitch class of the whole sound.
    pitch_sensitivity
        1 ... 299, as the user gives it.
    depth
        Above 0, at most 1; scales the weights, and is fed back.

    Returns
    -------
    np.ndarray
        float64 [F + 1, class_count], before smoothing; row f + 1 has heard control frame f. Where the original divides by zero
        (silence, or all classes alike) the weights stay finite.
    """
    inertia = 300 - pitch_sensitivity
    rank = np.argsort(chroma.mean(axis=1))[::-1]  # loudest first
    heard = chroma[rank[:class_count]].T.astype(np.float64) / inertia  # [F, n]
    walk = np.empty((len(heard) + 1, class_count))
    walk[0] = _first_class_weights(chroma, rank, class_count=class_count)
    for f, news in enumerate(heard):
        weights = (walk[f] + news) / (1 + 1 / inertia)
        weights = depth * (_over_range(weights) if class_count > 6 else _over_maximum(weights))  # noqa: PLR2004 (the original's choice)
        if _alike(weights):
            weights[0] += 0.01
        walk[f + 1] = weights
    return walk


def _first_class_weights(chroma: np.ndarray, rank: np.ndarray, *, class_count: int) -> np.ndarray:
    sounding = np.flatnonzero(chroma.max(axis=0) > 0)
    if not len(sounding):  # silence from end to end
        return np.eye(class_count)[0]
    first = chroma[:, sounding[0]].astype(np.float64)
    return first if class_count == PITCH_CLASSES else first[rank[:class_count]]


def _over_maximum(weights: np.ndarray) -> np.ndarray:
    return weights / weights.max() if weights.max() > 0 else weights


def _over_range(weights: np.ndarray) -> np.ndarray:
    if not weights.any():
        return weights
    smallest = weights[weights != 0].min()
    extent = weights.max() - smallest
    return np.maximum(weights - smallest, 0) / extent if extent > 0 else _over_maximum(weights)


def _alike(weights: np.ndarray) -> bool:
    shown = weights[weights != 0]
    return bool(len(shown)) and float(shown.std()) < 1e-7  # noqa: PLR2004 (the original's bound)


def smooth(rows: np.ndarray, *, window: int) -> np.ndarray:
    """Average rows over windows and draw straight lines from one mean to the next: deep-music-visualizer's smoothing.

    Parameters
    ----------
    rows
        float64 [T, n].
    window
        k, in control frames; 1 changes nothing.

    Returns
    -------
    np.ndarray
        float64 [(T // k - 1) * k, n]: each window's rows lead from its mean to the next window's. A T too short for two windows of k
        gets windows of half its length.
    """
    k = min(window, len(rows) // 2)
    if k <= 1:
        return rows
    means = rows[: len(rows) // k * k].reshape(-1, k, rows.shape[1]).mean(axis=1)  # [T // k, n]
    share = (np.arange(k) / (k - 1))[None, :, None]  # 0 ... 1 within a window
    lines = means[:-1, None] * (1 - share) + means[1:, None] * share  # [T // k - 1, k, n]
    return lines.reshape(-1, rows.shape[1])


# Video frames ---------------------------------------------------------------------------------------------------------------------------


def control_positions(*, source_start_seconds: Fraction, frame_count: int, fps: Fraction) -> list[Fraction]:
    """Say where each video frame lies on the control frames' axis: exact, so that nothing drifts in an hour.

    Returns
    -------
    list[Fraction]
        ``(source_start + n / fps) * CONTROL_RATE`` for n = 0 ... frame_count - 1.
    """
    start, step = source_start_seconds * CONTROL_RATE, CONTROL_RATE / fps
    return [start + n * step for n in range(frame_count)]


def sample(rows: np.ndarray, positions: Sequence[Fraction]) -> np.ndarray:
    """Read rows at fractional positions, on a straight line between neighbours; beyond the ends, the first and the last row.

    Parameters
    ----------
    rows
        float64 [T, n].
    positions
        N positions in rows.

    Returns
    -------
    np.ndarray
        float64 [N, n].
    """
    last = len(rows) - 1
    below = np.array([p.numerator // p.denominator for p in positions])  # in integers, exact and ten times as fast as by Fractions
    share = np.array([p.numerator % p.denominator / p.denominator for p in positions])
    share[(below < 0) | (below >= last)] = 0
    before, share = below.clip(0, last), share[:, None]  # [N], [N, 1]
    return rows[before] * (1 - share) + rows[np.minimum(before + 1, last)] * share
