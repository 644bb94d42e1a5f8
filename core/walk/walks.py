"""Chromastrip's own walks: the originals' idea, with nothing lagging, nothing lost to one loud hit, and any frame at hand at once.

Motion follows onset strength and loudness through filters that look both ways, so that a hit moves the picture when it sounds. A unit's
way is a closed formula of the push summed up so far: no frame needs the ones before it. Arrays in, arrays out.
"""

from collections.abc import Sequence

import numpy as np
import scipy.signal

from ..sound.features import CONTROL_RATE, Features
from .curves import mixed_over
from .loops import Loop
from .originals import JITTER_PERIOD

LOUD_PERCENTILE = 98.0
"""What counts as full strength: one hit that is louder than all others must not set the scale for the song."""

MOST_PUSH = 1.5  # of full strength, for what lies above that percentile
HITS, LOUDNESS, REST = 0.7, 0.2, 0.02  # shares of the push; at rest the picture breathes
HIT_WINDOW = scipy.signal.windows.hann(9)[1:-1]  # control frames: 0.16 s from end to end
BEAT = 2.5  # as a strong hit, which lasts for more than one control frame
REACH = 1.6  # as far from the middle on the average as the originals, whose bound of 2 is seldom reached
GLIDE = 0.5  # of a bound: how far a unit runs until most of what lay beyond the bounds is gone
ROUNDNESS = 0.95  # of the turning points: 0 a sine, towards 1 a zigzag
CLASS_SECONDS_SHARE = 1 / 5  # of the originals' time constant: theirs is sharpened by feedback, which nobody can look ahead of
CONTRAST = 3.0  # between the loudest pitch class and the others
MEMORY = 1e-3  # in silence the things settle to the song's own mean
PAUSE = 0.05  # of the mean: with loud notes only, what is 26 dB below it counts as a pause
BEATS_A_TURN = 8  # two bars
SECONDS_A_TURN = 4.0
NEVER_AGAIN = 2**31  # turns
TURNING = 0.15  # of a turn: how long one thing takes to give way to the next
CHUNK = 4096  # rows at a time: they fit the processor's cache, and an hour needs no more memory than a minute


def push(
    features: Features, *, split: np.ndarray | float, beat: np.ndarray | float, band_amounts: Sequence[np.ndarray | float]
) -> np.ndarray:
    """Say how strongly the music pushes in each control frame.

    Parameters
    ----------
    features
        F control frames.
    split
        0 ... 1: how far only what hits counts as a hit.
    beat
        How strongly each beat pushes.
    band_amounts
        How strongly low, mid and high sound push; below 0, they hold back.

    Returns
    -------
    np.ndarray
        float64 [F], about 0 ... 2: onset strength plus loudness, each over its robust scale, smoothed without a lag.
    """
    onsets, percussive = over_full_strength(features.onset_strength), over_full_strength(features.percussive_onset_strength)
    hits = onsets + split * (percussive - onsets)
    pushing = HITS * hits + LOUDNESS * over_full_strength(features.energy) + BEAT * beat * beats(features)
    for amount, band in zip(band_amounts, band_levels(features), strict=True):
        pushing += amount * band
    return REST + np.maximum(_convolve(pushing, HIT_WINDOW), 0)


def beats(features: Features) -> np.ndarray:
    """Mark the beats: float64 [F], 1 in the control frame of each; between two frames, shared by both."""
    marks = np.zeros(len(features.energy) + 1)
    places = features.beat_times * float(CONTROL_RATE)
    places = places[(places >= 0) & (places < len(marks) - 1)]
    below = places.astype(int)
    np.add.at(marks, below, 1 - (places - below))
    np.add.at(marks, below + 1, places - below)
    return marks[:-1]


def band_levels(features: Features) -> np.ndarray:
    """Give the low, mid and high band's loudness, each over its own full strength, without a lag: float64 [3, F], about 0 ... 1."""
    levels = [over_full_strength(np.sqrt(band)) for band in features.bands]  # the root: of amplitude, as the ear hears rather than of power
    return np.stack([_convolve(level, HIT_WINDOW) for level in levels])


def noise_at(
    positions: np.ndarray,
    pace: np.ndarray,
    *,
    origin: float = 0.0,
    start: np.ndarray,
    resting: np.ndarray,
    jitter: np.ndarray,
    truncation: np.ndarray,
    loop: Loop | None = None,
) -> np.ndarray:
    """Give the noise at any times.

    Each unit runs up and down between ``+-1.6 * truncation``, as far as it has been pushed, and turns softly.

    Parameters
    ----------
    positions
        float64 [N], on the control frames' axis.
    pace
        float64 [F], way in each control frame: `push` times tempo sensitivity.
    origin
        Where the walk begins.
    start
        float64 [128], the noise there. What lies beyond the bounds glides back within them as the music pushes.
    resting
        bool [ceil(F / 200), 128], which units the jitter slows down in each period.
    jitter
        float64 [F], 0 ... 1, how much.
    truncation
        float64 [F], 0 ... 1.
    loop
        If given, the noise is the same after each of its periods, and what lies beyond the bounds begins at them.

    Returns
    -------
    np.ndarray
        float32 [N, 128].
    """
    bound_there = REACH * float(np.interp(origin, np.arange(len(truncation)), truncation))
    inside = np.clip(start, -bound_there, bound_there)
    phase, outside = _phase(inside / bound_there), (start - inside) / bound_there
    direction = np.where(start < 0, 1.0, -1.0)
    ways = Ways(pace / (REACH * truncation), resting=resting, jitter=jitter)
    way_before = ways.at(np.array([origin]))
    width = np.ones(len(start))
    if loop is not None:
        pace_of_unit, width = loop.swing(np.diff(ways.at(float(loop.start) + np.array([0.0, loop.period])), axis=0)[0])
        direction, outside = direction * pace_of_unit, np.zeros_like(outside)
    bounds = REACH * np.interp(positions, np.arange(len(truncation)), truncation)
    noise = np.empty((len(positions), len(start)), np.float32)
    for first in range(0, len(positions), CHUNK):
        some = slice(first, first + CHUNK)
        way = ways.at(positions[some]) - way_before  # [CHUNK, 128], in bounds
        place = _wave(phase + direction * way)
        if loop is not None:
            place = (1 - width) * inside / bound_there + width * place
        if outside.any():
            place += (outside * np.exp(-np.abs(way) / GLIDE)).astype(np.float32)
        noise[some] = place * bounds[some, None]
    return noise


class Ways:
    """How far each unit has been pushed up to any time: sums that are made once, so that no time needs those before it.

    Parameters
    ----------
    pace
        float64 [F], way in each control frame.
    resting, jitter
        As for `noise_at`.
    """

    def __init__(self, pace: np.ndarray, *, resting: np.ndarray, jitter: np.ndarray) -> None:
        self._whole = np.concatenate([[0.0], np.cumsum(pace)])  # [F + 1], of a unit that never rests
        self._lost = np.concatenate([[0.0], np.cumsum(pace * jitter)])  # [F + 1], what a unit loses that always rests
        self._resting = resting.astype(np.float64)
        self._ends = np.minimum(np.arange(len(resting) + 1) * JITTER_PERIOD, len(pace))
        in_periods = np.diff(self._whole[self._ends])[:, None] - self._resting * np.diff(self._lost[self._ends])[:, None]
        self._before = np.concatenate([np.zeros((1, resting.shape[1])), np.cumsum(in_periods, axis=0)])  # [periods + 1, 128]

    def at(self, positions: np.ndarray) -> np.ndarray:
        """Give all units' ways, float64 [N, 128], at `positions` on the control frames' axis."""
        # What pushes in control frame f moves the noise from f - 0.5 to f + 0.5: so its speed peaks when the music does.
        places = np.clip(positions + 0.5, 0, len(self._whole) - 1)
        period = np.minimum(places.astype(int) // JITTER_PERIOD, len(self._resting) - 1)
        axis = np.arange(len(self._whole))
        whole, lost = (np.interp(places, axis, sums) - sums[self._ends[period]] for sums in (self._whole, self._lost))
        return self._before[period] + (whole[:, None] - self._resting[period] * lost[:, None])


def heard_notes(features: Features, *, split: np.ndarray | float, loud_notes: np.ndarray | float) -> np.ndarray:
    """Say what drives the things: the chroma, apart from hits as far as `split`, weighted by its loudness as far as `loud_notes`.

    Returns
    -------
    np.ndarray
        float64 [12, F].
    """
    chroma = features.chroma + split * (features.harmonic_chroma.astype(np.float64) - features.chroma)
    loudness = np.minimum(over_full_strength(np.sqrt(features.chroma_energy)), 1)
    heard = chroma * (1 + loud_notes * (loudness - 1))
    # Weights are scaled to the loudest of their moment: so that hiss in a pause does not win there, the song's own mean must be louder.
    return heard + PAUSE * loud_notes * heard.mean(axis=1, keepdims=True)


def class_weights(
    notes: np.ndarray,
    *,
    class_count: int,
    pitch_sensitivity: np.ndarray,
    depth: np.ndarray,
    window: np.ndarray,
    turns: np.ndarray | None = None,
    turns_in_a_round: int = NEVER_AGAIN,
) -> np.ndarray:
    """Let the class weights follow the notes, looking both ways.

    Parameters
    ----------
    notes
        float [12, F], see `heard_notes`.
    class_count
        The j-th class follows the j-th loudest pitch class of the whole sound; the 13th follows the loudest again, in turn with the first.
    pitch_sensitivity
        float64 [F], 1 ... 299.
    depth
        float64 [F], scales the weights.
    window
        float64 [F], smoothing in control frames.
    turns
        float64 [F], how many turns have passed, see `turns_of`; only for more than 12 classes.
    turns_in_a_round
        After so many, the first one comes again.

    Returns
    -------
    np.ndarray
        float64 [F, class_count], the strongest at `depth` before smoothing.
    """
    pitch_classes = min(class_count, len(notes))
    rank = np.argsort(notes.mean(axis=1))[::-1][:pitch_classes]
    heard = notes[rank].T.astype(np.float64)  # [F, n]

    def follow(sensitivity: float) -> np.ndarray:
        return _both_ways(heard, np.exp(-1 / (CLASS_SECONDS_SHARE * (300 - sensitivity))))

    followed = mixed_over(pitch_sensitivity, follow) + MEMORY * heard.mean(axis=0)
    loudest = followed.max(axis=1, keepdims=True)
    still = np.broadcast_to(np.eye(pitch_classes)[0], followed.shape).copy()
    shown = np.divide(followed, loudest, out=still, where=loudest > 0) ** CONTRAST * depth[:, None]
    if class_count > pitch_classes:
        shown = shown[:, np.arange(class_count) % pitch_classes] * _in_turn(class_count, pitch_classes, turns, turns_in_a_round)
    return mixed_over(window, lambda width: _convolve(shown, scipy.signal.windows.triang(2 * round(width) - 1)))


def turns_of(features: Features) -> np.ndarray:
    """Count the turns in which things that share a note show: eight beats each, or four seconds where there is no beat; float64 [F]."""
    seconds = np.arange(len(features.energy)) / float(CONTROL_RATE)
    times = features.beat_times
    if len(times) < 2:  # noqa: PLR2004 (one beat has no length)
        return seconds / SECONDS_A_TURN
    beat = float(np.median(np.diff(times)))
    counted = np.interp(seconds, times, np.arange(len(times)))
    beyond = np.minimum(seconds - times[0], 0) + np.maximum(
        seconds - times[-1], 0
    )  # before the first and after the last one, at their pace
    return (counted + beyond / beat) / BEATS_A_TURN


def _in_turn(class_count: int, pitch_classes: int, turns: np.ndarray | None, turns_in_a_round: int) -> np.ndarray:
    """Say how much each class shows of what its note gives: float64 [F, class_count]."""
    assert turns is not None
    number = np.floor(turns).astype(int)
    entering = _soft((turns - number - 1 + TURNING) / TURNING)  # [F], 0 until the end of a turn is near
    shares = np.zeros((len(turns), class_count))
    for j in range(class_count):
        sharing = len(range(j % pitch_classes, class_count, pitch_classes))
        place = j // pitch_classes
        now, following = (one % turns_in_a_round % sharing == place for one in (number, number + 1))
        shares[:, j] = now * (1 - entering) + following * entering
    return shares


def _soft(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def over_full_strength(curve: np.ndarray) -> np.ndarray:
    """Scale a curve, float [F], at least 0, by what counts as loud in it: float64 [F], 0 ... 1.5."""
    sounding = curve[curve > 0]
    full = np.percentile(sounding, LOUD_PERCENTILE) if len(sounding) else 0.0
    return np.clip(curve / np.float64(full), 0, MOST_PUSH) if full > 0 else np.zeros(len(curve))


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
    """Run between -1 and 1 with period 4, rising through 0 at 0: a zigzag with round turns. float32, which suffices within one period."""
    within = (phase - 4 * np.rint(phase / 4)).astype(np.float32)
    return np.arcsin(np.float32(ROUNDNESS) * np.sin(np.float32(np.pi / 2) * within)) / np.float32(np.arcsin(ROUNDNESS))


def _phase(value: np.ndarray) -> np.ndarray:
    """Invert `_wave` within -1 ... 1."""
    return np.arcsin(np.clip(np.sin(np.arcsin(ROUNDNESS) * value) / ROUNDNESS, -1, 1)) * 2 / np.pi
