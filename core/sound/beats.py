"""Where the beats are, and how fast they go: Ellis' dynamic programming over the onset strength.

The beats are `librosa.beat.beat_track`'s, which the tests hold this against. That one is compiled anew in every process, for 1.5 s, and
takes 10 s for an hour; this one takes 1.5 s for an hour, and memory that does not grow with it. Arrays in, arrays out.
"""

import librosa
import numpy as np
import scipy.signal
from numpy.lib.stride_tricks import sliding_window_view

from . import audio, spectra

TIGHTNESS = 100.0  # librosa's default: how much an uneven step costs, over the square of its error in nepers
TEMPO_WINDOW = 344  # frames (8 s), librosa's default: over which a tempo repeats
SHARPNESS = 32.0  # a beat's width: a period over this is its standard deviation
WEAKEST = 0.01  # of the strongest beat: what may be the first one


def track(strength: np.ndarray) -> tuple[np.ndarray, float]:
    """Find the beats.

    Parameters
    ----------
    strength
        float [F], onset strength.

    Returns
    -------
    frames : np.ndarray
        int64 [B], the control frames that beats fall on, rising.
    tempo : float
        Beats a minute on the average; 0 if nothing is ever struck.

    References
    ----------
    Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36 (2007).
    """
    if not strength.any():
        return np.zeros(0, np.int64), 0.0
    tempo = _tempo(strength)
    period = round(60 * audio.SAMPLE_RATE / spectra.HOP_LENGTH / tempo)  # frames
    score = _score(strength, period)
    total, before = _best_ways(score, period)
    beats = _trace_back(before, _last(total))
    beats = _without_weak_ends(beats, score)
    return beats, _mean_tempo(beats) if len(beats) > 1 else tempo


def _tempo(strength: np.ndarray) -> float:
    """Give the tempo at which the onset strength repeats most, in beats a minute; 120 is likelier than others.

    As librosa's, it goes by whole frames: near 120 there are 117.5 and 123, nothing between.
    """
    half = TEMPO_WINDOW // 2
    padded = np.pad(strength, half, mode="linear_ramp")
    window = scipy.signal.get_window("hann", TEMPO_WINDOW)

    def hear(first: int, end: int) -> np.ndarray:
        pieces = sliding_window_view(padded[first : end + TEMPO_WINDOW - 1], TEMPO_WINDOW) * window  # [end - first, 344]
        return librosa.util.normalize(librosa.autocorrelate(pieces, axis=1), norm=np.inf, axis=1).sum(axis=0)

    repeats = np.sum(spectra.in_blocks(hear, len(strength)), axis=0) / len(strength)
    return float(librosa.feature.tempo(tg=repeats[:, None], sr=audio.SAMPLE_RATE, hop_length=spectra.HOP_LENGTH)[0])


def _mean_tempo(beats: np.ndarray) -> float:
    minutes = (beats[-1] - beats[0]) * spectra.HOP_LENGTH / audio.SAMPLE_RATE / 60
    return float((len(beats) - 1) / minutes)


def _score(strength: np.ndarray, period: int) -> np.ndarray:
    """Say how good a place for a beat each frame is: float64 [F]."""
    beat = np.exp(-0.5 * (np.arange(-period, period + 1) * SHARPNESS / period) ** 2)
    evened = strength / (strength.std(ddof=1) + np.finfo(strength.dtype).tiny)
    return scipy.signal.convolve(evened.astype(np.float64), beat, mode="same", method="direct")


def _best_ways(score: np.ndarray, period: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the best way to each frame by steps of half a period to two.

    No step is shorter than half a period, so that as many frames can be reached at once.

    Returns
    -------
    total : np.ndarray
        float64 [F], what the best way to each frame is worth.
    before : np.ndarray
        int64 [F], the last beat before it; negative where there is none.
    """
    shortest, longest = round(period / 2), 2 * period
    steps = np.arange(shortest, longest + 1)
    cost = TIGHTNESS * np.log(steps / period) ** 2
    total, before = np.concatenate([np.full(longest, -np.inf), score]), np.full(len(score), -1)
    for first in range(0, len(score), shortest):
        end = min(first + shortest, len(score))
        reachable = total[first : end - shortest + longest]
        ways = sliding_window_view(reachable, len(steps))[:, ::-1] - cost  # [end - first, steps]
        best = ways.argmax(axis=1)
        worth = ways[np.arange(end - first), best]
        total[longest + first : longest + end] += np.where(np.isfinite(worth), worth, 0)
        before[first:end] = np.arange(first, end) - steps[best]
    before[: np.argmax(score >= WEAKEST * score.max())] = -1
    return total[longest:], before


def _last(total: np.ndarray) -> int:
    """Give the last beat: the last peak that is worth at least half of the middle one."""
    peaks = np.flatnonzero(librosa.util.localmax(total))
    if not len(peaks):
        return len(total) - 1
    return int(peaks[total[peaks] >= np.median(total[peaks]) / 2][-1])


def _trace_back(before: np.ndarray, last: int) -> np.ndarray:
    beats = []
    while last >= 0:
        beats.append(last)
        last = int(before[last])
    return np.array(beats[::-1])


def _without_weak_ends(beats: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Leave out beats before the first and after the last frame that is half as strong as the beats are, by their smoothed mean square."""
    smoothed = np.convolve(score[beats], np.hanning(5))[2 : 2 + len(score)]  # two longer than the beats, as librosa's
    strong = np.flatnonzero(score > np.sqrt(np.mean(smoothed**2)) / 2)
    return beats[(beats >= strong[0]) & (beats <= strong[-1])]
