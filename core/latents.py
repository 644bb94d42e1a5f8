"""Features to latents: what the music sounds like becomes what the network is asked to draw.

Noise moves with hits and loudness, class weights follow the chroma: in Chromastrip's own way (`walks`) or in one of the originals'
(`originals`). Everything is read at the exact time of every video frame. Arrays in, arrays out; all chance comes from the seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from . import originals, walks
from .features import CONTROL_RATE, Features
from .originals import CLASS_COUNT, JITTER_PERIOD
from .originals import class_walk as class_walk  # noqa: PLC0414 (these three are part of this module's face)
from .originals import noise_walk as noise_walk  # noqa: PLC0414
from .originals import smooth as smooth  # noqa: PLC0414
from .protocol import Look, Settings

NOISE_SIZE = 128


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
    control_frames = len(features.energy)
    chance = Chance(
        classes=settings.classes[: settings.class_count] or choose_classes(class_rng, count=settings.class_count),
        start=start_noise(start_rng, truncation=settings.truncation),
        jitter=jitter_steps(jitter_rng, control_frames=control_frames, jitter=settings.jitter),
    )
    positions = control_positions(source_start_seconds=source_start_seconds, frame_count=frame_count, fps=fps)
    return LOOKS[settings.look](features, settings, chance, positions)


@dataclass(frozen=True, kw_only=True)
class Chance:
    """All that the seed decides.

    Parameters
    ----------
    classes
        The chosen class numbers.
    start
        float64 [128], the first noise vector.
    jitter
        float64 [ceil(F / 200), 128], step factors.
    """

    classes: tuple[int, ...]
    start: np.ndarray
    jitter: np.ndarray


# The looks ------------------------------------------------------------------------------------------------------------------------------


def _chromastrip(features: Features, settings: Settings, chance: Chance, positions: Sequence[Fraction]) -> Latents:
    weights = walks.class_weights(
        features.chroma,
        class_count=len(chance.classes),
        pitch_sensitivity=settings.pitch_sensitivity,
        depth=settings.depth,
        window=int(settings.smooth_factor),
    )
    noise = walks.noise_at(
        np.array([float(position) for position in positions]),
        walks.push(features),
        start=chance.start,
        jitter=chance.jitter,
        tempo_sensitivity=settings.tempo_sensitivity,
        truncation=settings.truncation,
    )
    return Latents(
        noise=noise,
        classes=chance.classes,
        class_weights=sample(weights, positions).astype(np.float32),
        class_floor=np.zeros(len(positions), np.float32),
        truncation=np.full(len(positions), settings.truncation, np.float32),
    )


def _original_msieg(features: Features, settings: Settings, chance: Chance, positions: Sequence[Fraction]) -> Latents:
    weights, _ = originals.class_weights_walk(
        features.chroma,
        class_count=len(chance.classes),
        pitch_sensitivity=settings.pitch_sensitivity,
        depth=settings.depth,
        variant="msieg",
    )
    window = min(int(settings.smooth_factor), len(weights) // 2)  # of a short sound, the original shows nothing at all
    return Latents(
        noise=sample(_original_noise(features, settings, chance), positions).astype(np.float32),
        classes=chance.classes,
        class_weights=sample(originals.smooth(weights, window=max(1, window)), positions).astype(np.float32),
        class_floor=np.zeros(len(positions), np.float32),
        truncation=np.full(len(positions), settings.truncation, np.float32),
    )


def _original_rushk(features: Features, settings: Settings, chance: Chance, positions: Sequence[Fraction]) -> Latents:
    weights, floor = originals.class_weights_walk(
        features.chroma,
        class_count=len(chance.classes),
        pitch_sensitivity=settings.pitch_sensitivity,
        depth=settings.depth,
        variant="rushk",
    )
    return Latents(
        noise=sample(_original_noise(features, settings, chance), positions).astype(np.float32),
        classes=chance.classes,
        class_weights=sample(weights, positions).astype(np.float32),
        class_floor=sample(floor[:, None], positions)[:, 0].astype(np.float32),
        truncation=np.ones(len(positions), np.float32),  # whatever is asked for, the original gives the network 1
    )


def _original_noise(features: Features, settings: Settings, chance: Chance) -> np.ndarray:
    return originals.noise_walk(
        features.energy,
        features.flux,
        start=chance.start,
        jitter=chance.jitter,
        tempo_sensitivity=settings.tempo_sensitivity,
        truncation=settings.truncation,
    )


LOOKS = {Look.CHROMASTRIP: _chromastrip, Look.ORIGINAL_MSIEG: _original_msieg, Look.ORIGINAL_RUSHK: _original_rushk}


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
