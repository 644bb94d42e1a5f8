"""Features to latents: what the music sounds like becomes what the network is asked to draw.

Noise moves with hits and loudness, class weights follow the chroma: in Chromastrip's own way (`walks`) or in one of the originals'
(`originals`). Everything is read at the exact time of every video frame. Arrays in, arrays out; all chance comes from the seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from . import originals, walks
from .features import CONTROL_RATE, Features
from .latent_rows import Latents as Latents  # noqa: PLC0414 (as the three below)
from .originals import CLASS_COUNT, JITTER_PERIOD
from .originals import class_walk as class_walk  # noqa: PLC0414 (these three are part of this module's face)
from .originals import noise_walk as noise_walk  # noqa: PLC0414
from .originals import smooth as smooth  # noqa: PLC0414
from .protocol import Look, Section, Settings
from .sections import lay_over

NOISE_SIZE = 128


def make_latents(
    features: Features,
    settings: Settings,
    *,
    sections: Sequence[Section] = (),
    source_start_seconds: Fraction,
    frame_count: int,
    fps: Fraction,
) -> Latents:
    """Turn a sound's features into the latents of a film.

    Parameters
    ----------
    features
        Of the whole sound file.
    settings
        The hyperparameters; must have no `Settings.problems`.
    sections
        Pieces with settings of their own, laid over each other in this order.
    source_start_seconds
        Where in the sound the first video frame lies.
    frame_count, fps
        Number and exact rate of the video frames.

    Returns
    -------
    Latents
        `frame_count` rows. Before the sound's beginning and after its end, the first and the last state stand still.
    """
    positions = control_positions(source_start_seconds=source_start_seconds, frame_count=frame_count, fps=fps)
    latents = _path(features, settings, positions)
    for section in sections:
        inside = positions[section.first_frame : section.end_frame]
        start = latents.noise[section.first_frame].astype(np.float64)
        latents = lay_over(latents, _path(features, section.settings, inside, start=start), section, fps=fps)
    return latents


def _path(features: Features, settings: Settings, positions: Sequence[Fraction], *, start: np.ndarray | None = None) -> Latents:
    """Walk with one group of settings: from the sound's beginning and the seed's own noise, or from `start` at the first position."""
    class_rng, start_rng, jitter_rng = random_streams(settings.seed)
    chance = Chance(
        classes=settings.classes[: settings.class_count] or choose_classes(class_rng, count=settings.class_count),
        origin=Fraction(0) if start is None else max(Fraction(0), positions[0]),
        start=start_noise(start_rng, truncation=settings.truncation) if start is None else start,
        jitter=jitter_steps(jitter_rng, control_frames=len(features.energy), jitter=settings.jitter),
    )
    return LOOKS[settings.look](features, settings, chance, positions)


@dataclass(frozen=True, kw_only=True)
class Chance:
    """What a walk is given beside the music: most of it by the seed.

    Parameters
    ----------
    classes
        The chosen class numbers.
    origin
        Where the walk begins, on the control frames' axis.
    start
        float64 [128], the noise there.
    jitter
        float64 [ceil(F / 200), 128], step factors.
    """

    classes: tuple[int, ...]
    origin: Fraction
    start: np.ndarray
    jitter: np.ndarray


# The looks ------------------------------------------------------------------------------------------------------------------------------


def _chromastrip(features: Features, settings: Settings, chance: Chance, positions: Sequence[Fraction]) -> Latents:
    weights = walks.class_weights(
        features.chroma,
        class_count=len(chance.classes),
        pitch_sensitivity=settings.pitch_sensitivity,
        depth=settings.depth,
        window=settings.smooth_factor,
    )
    noise = walks.noise_at(
        np.array([float(position) for position in positions]),
        walks.push(features),
        origin=float(chance.origin),
        start=chance.start,
        jitter=chance.jitter,
        tempo_sensitivity=settings.tempo_sensitivity,
        truncation=settings.truncation,
    )
    return Latents.of_columns(
        noise=noise,
        classes=chance.classes,
        weights=sample(weights, positions).astype(np.float32),
        class_floor=np.zeros(len(positions), np.float32),
        truncation=np.full(len(positions), settings.truncation, np.float32),
    )


def _original(
    features: Features, settings: Settings, chance: Chance, positions: Sequence[Fraction], *, variant: originals.Variant
) -> Latents:
    weights, floor = originals.class_weights_walk(
        features.chroma,
        class_count=len(chance.classes),
        pitch_sensitivity=settings.pitch_sensitivity,
        depth=settings.depth,
        variant=variant,
    )
    if variant == "msieg":  # of a sound too short for two windows, the original shows nothing at all
        weights = originals.smooth(weights, window=max(1, min(settings.smooth_factor, len(weights) // 2)))
    truncation = settings.truncation if variant == "msieg" else 1.0  # rushk gives the network 1, whatever is asked for
    floor_rows = sample(floor[:, None], positions)  # [N, 1]
    return Latents.of_columns(
        noise=_original_noise(features, settings, chance, positions),
        classes=chance.classes,
        weights=(sample(weights, positions) - floor_rows).astype(np.float32),
        class_floor=floor_rows[:, 0].astype(np.float32),
        truncation=np.full(len(positions), truncation, np.float32),
    )


def _original_noise(features: Features, settings: Settings, chance: Chance, positions: Sequence[Fraction]) -> np.ndarray:
    first = round(chance.origin)
    walk = originals.noise_walk(
        features.energy[first:],
        features.flux[first:],
        start=chance.start,
        jitter=chance.jitter[first // JITTER_PERIOD :],
        tempo_sensitivity=settings.tempo_sensitivity,
        truncation=settings.truncation,
    )
    return sample(walk, [position - chance.origin for position in positions]).astype(np.float32)


LOOKS = {
    Look.CHROMASTRIP: _chromastrip,
    Look.ORIGINAL_MSIEG: partial(_original, variant="msieg"),
    Look.ORIGINAL_RUSHK: partial(_original, variant="rushk"),
}


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
