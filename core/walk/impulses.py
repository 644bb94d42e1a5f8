"""Hits that one sees: each displaces the picture at once, along directions that mean something, and it swings back.

Beside the walk, which drifts (`walks`), and on top of it. A hit is heard in the whole sound, so that any frame can be had without those
before it; an impulse itself looks only back: nothing moves before it is struck. Arrays in, arrays out.
"""

from collections.abc import Mapping

import numpy as np
import scipy.ndimage
import scipy.signal

from ..sound.features import CONTROL_RATE, Features
from ..sound.hearing import FAINTEST, ONSET_DELAY, RANGE_DB
from .curves import mixed_over
from .latent_rows import DIRECTIONS
from .loops import Loop
from .walks import over_full_strength

EFFECTS = {"zoom": ("zoom",), "turn": ("turn",), "shift": ("shift right", "shift down"), "light": ("light", "colour")}
"""What a hit may do, each with the directions that it moves."""

STRUCK = np.array(
    # kick, snare, hi-hat: each moves all a little, so that a piano's hits are seen too, and one thing most
    [[2.2, 1.2, 0.8], [0.7, 2.2, 1.1], [1.0, 2.2, 1.5], [2.0, 0.8, 0.5], [0.4, 0.6, 1.0], [0.6, 1.2, 2.5]]
)
"""[6, 3], how far a full hit in the low, mid and high band displaces, in standard deviations."""

SWINGING = np.array([False, True, True, False, False, False])
"""What goes to the other side with each hit: a turn that was always the same way would be a twitch."""

MOST = 2.5  # standard deviations: further out networks have learnt nothing
NEAR = 2  # control frames to either side in which one hit is heard: 0.05 s. Its peak is heard up to 1.4 of them after it sounds
FAINT = 0.02  # of full strength: no hit
RELEASED = 0.1  # of a hit is left when its release is over
OPENING_SECONDS = 1.0
CLOSED = 0.2  # of the movement is left where it is as quiet as can be
BREATH = 1.0  # standard deviations of zoom, between two beats
STILL = 1e-3  # standard deviations: less is no displacement, so that a pause shares one picture


def hits(features: Features, *, split: np.ndarray | float) -> np.ndarray:
    """Say when the music hits, and how hard in each band.

    Parameters
    ----------
    features
        F control frames.
    split
        0 ... 1: how far only what hits counts, not what rings.

    Returns
    -------
    np.ndarray
        float64 [3, F], 0 ... 1.5 in sum: in the control frame in which the onset strength peaks, its height over its robust scale, dealt
        out to the low, mid and high band as their loudness rises; 0 elsewhere.
    """
    onsets, percussive = over_full_strength(features.onset_strength), over_full_strength(features.percussive_onset_strength)
    strength = onsets + split * (percussive - onsets)
    peaks = (strength == scipy.ndimage.maximum_filter1d(strength, 2 * NEAR + 1, mode="nearest")) & (strength > FAINT)
    return np.where(peaks, strength, 0) * _band_shares(features.bands)


def _band_shares(bands: np.ndarray) -> np.ndarray:
    """Say how much of an onset comes from each band, float64 [3, F]: by the rise of its level, as `hearing.onset_strength` does."""
    level = 10 * np.log10(np.maximum(bands.astype(np.float64), FAINTEST))
    level = np.maximum(level, level.max(initial=-np.inf) - RANGE_DB)
    rise = np.maximum(np.diff(level, axis=1), 0)
    heard = np.pad(rise, ((0, 0), (ONSET_DELAY, 0)))[:, : bands.shape[1]]
    heard = scipy.ndimage.maximum_filter1d(heard, 2 * NEAR + 1, axis=1, mode="nearest")
    whole = heard.sum(axis=0)
    return np.divide(heard, whole, out=np.full_like(heard, 1 / len(bands)), where=whole > 0)


def opening(features: Features) -> np.ndarray:
    """Say how far loudness opens the movement: float64 [F], `CLOSED` ... 1, over about a second to either side."""
    window = scipy.signal.windows.hann(2 * round(OPENING_SECONDS * float(CONTROL_RATE)) + 1)
    loudness = np.minimum(over_full_strength(np.sqrt(np.maximum(features.energy, 0))), 1)
    around = scipy.ndimage.convolve1d(loudness, window / window.sum(), mode="nearest")
    return CLOSED + (1 - CLOSED) * over_full_strength(around).clip(max=1)


def displacement_at(
    positions: np.ndarray,
    *,
    struck: np.ndarray,
    amounts: Mapping[str, np.ndarray],
    release_seconds: np.ndarray,
    breath: np.ndarray,
    beat_times: np.ndarray,
    loop: Loop | None = None,
) -> np.ndarray:
    """Give the displacement at any times.

    Parameters
    ----------
    positions
        float64 [N], on the control frames' axis.
    struck
        float64 [3, F], see `hits`.
    amounts
        float64 [F] for each of `EFFECTS`: how far a hit does this.
    release_seconds
        float64 [F], how long a hit takes to swing back until a tenth is left.
    breath
        float64 [F], how far the picture opens between two beats.
    beat_times
        float64 [B], seconds, rising.
    loop
        If given, hits go to the sides that they went to a period before.

    Returns
    -------
    np.ndarray
        float32 [N, 6], in standard deviations of `DIRECTIONS`, within `MOST`.
    """
    reach = _reach(struck, amounts, loop)
    released = np.interp(positions, np.arange(len(release_seconds)), release_seconds)
    displacement = mixed_over(released, lambda seconds: _swung_back(reach, positions, release_seconds=seconds))
    displacement[:, DIRECTIONS.index("zoom")] += BREATH * _breathed(positions, breath, beat_times)
    displacement[np.abs(displacement) < STILL] = 0
    return (MOST * np.tanh(displacement / MOST)).astype(np.float32)


def _reach(struck: np.ndarray, amounts: Mapping[str, np.ndarray], loop: Loop | None) -> np.ndarray:
    """Say how far the hit of each control frame displaces, if any: float64 [F, 6]."""
    side = np.where(np.cumsum(struck.any(axis=0)) % 2, 1.0, -1.0)  # [F]
    if loop is not None:
        side = side[loop.inside(len(side))]
    effects = {name: amounts[effect] for effect, names in EFFECTS.items() for name in names}
    amount = np.stack([np.broadcast_to(effects[name], len(side)) for name in DIRECTIONS])
    return (amount * (STRUCK @ struck) * np.where(SWINGING[:, None], side, 1.0)).T


def _swung_back(reach: np.ndarray, positions: np.ndarray, *, release_seconds: float) -> np.ndarray:
    """Let each control frame's displacement fade from that moment on: float64 [N, 6], the sum of all before each position."""
    left = RELEASED ** (1 / (release_seconds * float(CONTROL_RATE)))  # after one control frame
    fading = scipy.signal.lfilter([1], [1, -left], reach, axis=0)
    last = np.floor(positions).astype(int).clip(0, len(reach) - 1)
    there = fading[last] * (left ** np.maximum(positions - last, 0))[:, None]
    there[positions < 0] = 0
    return there


def _breathed(positions: np.ndarray, breath: np.ndarray, beat_times: np.ndarray) -> np.ndarray:
    """Open between two beats and close on each, float64 [N]: at rest before the first beat and behind the last."""
    beats = beat_times * float(CONTROL_RATE)
    if not len(beats):
        return np.zeros(len(positions))
    phase = np.interp(positions, beats, np.arange(len(beats)))
    return np.interp(positions, np.arange(len(breath)), breath) * (1 - np.cos(2 * np.pi * phase)) / 2
