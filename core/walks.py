"""Chromastrip's own walks: the originals' idea, with nothing lagging, nothing lost to one loud hit, and any frame at hand at once.

Motion follows onset strength and loudness through filters that look both ways, so that a hit moves the picture when it sounds. A unit's
way is a closed formula of the push summed up so far: no frame needs the ones before it. Arrays in, arrays out.
"""

import numpy as np
import scipy.signal

from .features import Features
from .originals import JITTER_PERIOD

LOUD_PERCENTILE = 98.0
"""What counts as full strength: one hit that is louder than all others must not set the scale for the song."""

MOST_PUSH = 1.5  # of full strength, for what lies above that percentile
HITS, LOUDNESS, REST = 0.7, 0.2, 0.02  # shares of the push; at rest the picture breathes
HIT_WINDOW = scipy.signal.windows.hann(9)[1:-1]  # control frames: 0.16 s from end to end
REACH = 1.6  # as far from the middle on the average as the originals, whose bound of 2 is seldom reached
GLIDE = 0.5  # of a bound: how far a unit runs until most of what lay beyond the bounds is gone
ROUNDNESS = 0.95  # of the turning points: 0 a sine, towards 1 a zigzag
CLASS_SECONDS_SHARE = 1 / 5  # of the originals' time constant: theirs is sharpened by feedback, which nobody can look ahead of
CONTRAST = 3.0  # between the loudest pitch class and the others
MEMORY = 1e-3  # in silence the things settle to the song's own mean


def push(features: Features) -> np.ndarray:
    """Say how strongly the music pushes in each control frame.

    Returns
    -------
    np.ndarray
        float64 [F], about 0 ... 2: onset strength plus loudness, each over its robust scale, smoothed without a lag.
    """
    hits, loudness = _over_full_strength(features.onset_strength), _over_full_strength(features.energy)
    return REST + _convolve(HITS * hits + LOUDNESS * loudness, HIT_WINDOW)


def noise_at(
    positions: np.ndarray,
    pushes: np.ndarray,
    *,
    origin: float = 0.0,
    start: np.ndarray,
    jitter: np.ndarray,
    tempo_sensitivity: float,
    truncation: float,
) -> np.ndarray:
    """Give the noise at any times.

    Each unit runs up and down between ``+-1.6 * truncation``, as far as it has been pushed, and turns softly.

    Parameters
    ----------
    positions
        float64 [N], on the control frames' axis.
    pushes
        float64 [F], see `push`.
    origin
        Where the walk begins.
    start
        float64 [128], the noise there. What lies beyond the bounds glides back within them as the music pushes.
    jitter
        float64 [ceil(F / 200), 128], step factors.
    tempo_sensitivity
        Way at full strength in one control frame.
    truncation
        0 ... 1.

    Returns
    -------
    np.ndarray
        float32 [N, 128].
    """
    way = np.concatenate([[0.0], np.cumsum(tempo_sensitivity * pushes)])  # [F + 1], without jitter
    ends = np.minimum(np.arange(len(jitter) + 1) * JITTER_PERIOD, len(pushes))
    before = np.concatenate([np.zeros((1, len(start))), np.cumsum(np.diff(way[ends])[:, None] * jitter, axis=0)])  # [periods + 1, 128]

    def ways_at(positions: np.ndarray) -> np.ndarray:
        # What pushes in control frame f moves the noise from f - 0.5 to f + 0.5: so its speed peaks when the music does.
        places = np.clip(positions + 0.5, 0, len(pushes))
        period = np.minimum(places.astype(int) // JITTER_PERIOD, len(jitter) - 1)
        since = np.interp(places, np.arange(len(way)), way) - way[ends[period]]  # [N]
        return before[period] + since[:, None] * jitter[period]  # [N, 128]

    bound = REACH * truncation
    ways = (ways_at(positions) - ways_at(np.array([origin]))) / bound
    inside = np.clip(start, -bound, bound)
    outside = (start - inside) * np.exp(-np.abs(ways) / GLIDE)
    direction = np.where(start < 0, 1.0, -1.0)
    return (bound * _wave(_phase(inside / bound) + direction * ways) + outside).astype(np.float32)


def class_weights(chroma: np.ndarray, *, class_count: int, pitch_sensitivity: float, depth: float, window: int) -> np.ndarray:
    """Let the class weights follow the chroma, looking both ways.

    Parameters
    ----------
    chroma
        float [12, F].
    class_count
        The j-th class follows the j-th loudest pitch class of the whole sound.
    pitch_sensitivity
        1 ... 299.
    depth
        Scales the weights.
    window
        Smoothing in control frames.

    Returns
    -------
    np.ndarray
        float64 [F, class_count], the strongest at `depth` before smoothing.
    """
    rank = np.argsort(chroma.mean(axis=1))[::-1][:class_count]
    heard = chroma[rank].T.astype(np.float64)  # [F, n]
    decay = np.exp(-1 / (CLASS_SECONDS_SHARE * (300 - pitch_sensitivity)))
    followed = _both_ways(heard, decay) + MEMORY * heard.mean(axis=0)
    loudest = followed.max(axis=1, keepdims=True)
    shown = np.divide(followed, loudest, out=np.broadcast_to(np.eye(class_count)[0], followed.shape).copy(), where=loudest > 0)
    return _convolve(depth * shown**CONTRAST, scipy.signal.windows.triang(2 * window - 1))


def _over_full_strength(curve: np.ndarray) -> np.ndarray:
    sounding = curve[curve > 0]
    full = np.percentile(sounding, LOUD_PERCENTILE) if len(sounding) else 0.0
    return np.clip(curve / full, 0, MOST_PUSH) if full > 0 else np.zeros(len(curve))


def _both_ways(rows: np.ndarray, decay: float) -> np.ndarray:
    """Smooth by an exponential to each side, as if the first and the last row went on for ever."""
    coefficients = ([1 - decay], [1, -decay])
    forwards, _ = scipy.signal.lfilter(*coefficients, rows, axis=0, zi=decay * rows[:1])
    backwards, _ = scipy.signal.lfilter(*coefficients, forwards[::-1], axis=0, zi=decay * forwards[-1:])
    return backwards[::-1]


def _convolve(curve: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Smooth by a symmetric window of odd length; beyond the ends the first and the last value go on."""
    margin = len(window) // 2
    padded = np.pad(curve, [(margin, margin)] + [(0, 0)] * (curve.ndim - 1), mode="edge")
    shape = (-1,) + (1,) * (curve.ndim - 1)
    return scipy.signal.oaconvolve(padded, (window / window.sum()).reshape(shape), mode="valid", axes=0)


def _wave(phase: np.ndarray) -> np.ndarray:
    """Run between -1 and 1 with period 4, rising through 0 at 0: a zigzag with round turns."""
    return np.arcsin(ROUNDNESS * np.sin(np.pi / 2 * phase)) / np.arcsin(ROUNDNESS)


def _phase(value: np.ndarray) -> np.ndarray:
    """Invert `_wave` within -1 ... 1."""
    return np.arcsin(np.clip(np.sin(np.arcsin(ROUNDNESS) * value) / ROUNDNESS, -1, 1)) * 2 / np.pi
