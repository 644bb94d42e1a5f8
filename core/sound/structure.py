"""Where a song's parts begin, and which of them are alike: so that a chorus can get the look of the last chorus.

A song is heard in beats. Parts are the cut of it that leaves least unexplained, by two things at once: what the beats of a part sound like
on the average, and how far from each other its repetitions lie. Features in, parts out; no matrix is larger than `MOST_UNITS` squared.
"""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from .features import CONTROL_RATE, Features

MOST_UNITS = 2400  # beats, or groups of two, four ... of them in a recording with more (20 minutes at 120 a minute)
SHORTEST_PART_SECONDS = 6.0
FEWEST_BEATS = 4
GRID_SECONDS = 0.5  # where no beats are heard
HEARD_SHARE = 0.7  # of a beat, from its beginning: low notes of the next one are heard before it begins
LEVEL_DB = 10.0  # a difference in the level of low, mid or high sound that counts as much as another chord
QUIETEST_DB = 60.0  # below the loudest: what lies below counts as silence
HIT = 10.0  # a difference of onset strength that counts as much as another chord
SMALLEST_SPREAD = 0.02  # mean squared distance of a song's beats: where they differ less, they are all alike
SMALLEST_VARIANCE = 0.3  # of the sound kernel: that of music is 0.46 ... 0.59, that of a steady tone below 0.1
SMALLEST_PATTERN = 0.01  # the same of what the repetitions say
FEWEST_COMMON_LAGS = 0.5  # of a song's length: what two beats further apart have in common says little
NEAREST_LAG = 3  # beats that follow each other are alike in any music
COST_OF_A_PART_SECONDS = 3.0  # for how much of the sound a part must explain all that is in it
SAME = 0.65  # likeness from which two parts have one letter
LENGTH_EXPONENT = 0.25  # a part of twice the length is less alike by this power of two


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a song.

    Parameters
    ----------
    start_seconds, end_seconds
        From the sound's beginning; the end is the next part's start.
    label
        "A", "B" ...: parts with one letter are alike.
    likeness
        0 ... 1, to the earlier part that is most alike; 1: the same, 0: no more alike than any two moments of the song.
    alike
        The number of that part, counted from 0; None where no part is earlier.
    """

    start_seconds: float
    end_seconds: float
    label: str
    likeness: float
    alike: int | None


def suggest(features: Features) -> tuple[Part, ...]:
    """Suggest a song's parts.

    Parameters
    ----------
    features
        Of the whole sound.

    Returns
    -------
    tuple[Part, ...]
        One after the other from the sound's beginning to its end, each on a beat; at least one. Neighbours have different letters.
    """
    times = _unit_times(features)  # [U + 1]
    sounds = unit_sounds(features, times)  # [U, d]
    distances = _squared_distances(sounds)
    spread = max(float(distances.mean()), SMALLEST_SPREAD)
    likeness = 1 - distances / spread  # [U, U]: 1 the same, 0 as any two
    step = float(np.median(np.diff(times)))
    kernel = _sound_kernel(likeness) + _repetition_kernel(likeness)
    bounds = _best_cut(kernel, shortest=int(np.ceil(SHORTEST_PART_SECONDS / step)), cost_of_a_part=COST_OF_A_PART_SECONDS / step)
    return _parts(bounds, likeness, times)


# What is heard in each beat -------------------------------------------------------------------------------------------------------------


def _unit_times(features: Features) -> np.ndarray:
    """Give the beats, and evenly more of them before the first and after the last: float64 [U + 1] seconds, the sound's ends included."""
    end = len(features.energy) / float(CONTROL_RATE)
    beats = features.beat_times
    if len(beats) < FEWEST_BEATS:
        beats = np.arange(GRID_SECONDS, end, GRID_SECONDS)
    step = float(np.median(np.diff(beats))) if len(beats) > 1 else GRID_SECONDS
    if len(beats):
        before, after = np.arange(beats[0] - step, 0, -step)[::-1], np.arange(beats[-1] + step, end, step)
        beats = np.concatenate([before, beats, after])
    inner = beats[(beats > step / 2) & (beats < end - step / 2)]
    together = 1
    while len(inner) > together * MOST_UNITS:
        together *= 2
    return np.concatenate([[0.0], inner[::together], [end]])


def unit_sounds(features: Features, times: np.ndarray) -> np.ndarray:
    """Describe what is heard in each beat: harmony, levels, hits; float64 [U, 16], a distance of about 1 is clearly another sound."""
    first = np.minimum(np.round(times[:-1] * float(CONTROL_RATE)).astype(int), len(features.energy) - 1)
    lengths = np.round(HEARD_SHARE * np.diff(times) * float(CONTROL_RATE)).astype(int)
    end = np.clip(first + lengths, first + 1, len(features.energy))

    def mean(curves: np.ndarray) -> np.ndarray:
        summed = np.pad(np.cumsum(np.atleast_2d(curves), axis=1, dtype=np.float64), ((0, 0), (1, 0)))
        return ((summed[:, end] - summed[:, first]) / (end - first)).T

    chroma = mean(features.harmonic_chroma * np.sqrt(features.chroma_energy))
    length = np.linalg.norm(chroma, axis=1, keepdims=True)
    harmony = np.divide(chroma, length, out=np.zeros_like(chroma), where=length > 0)
    return np.concatenate([harmony, _levels(mean(features.bands)) / LEVEL_DB, mean(features.percussive_onset_strength) / HIT], axis=1)


def _levels(power: np.ndarray) -> np.ndarray:
    """Give levels in dB, 0 for the loudest, `QUIETEST_DB` below at the least."""
    loudest = power.max()
    return 10 * np.log10(np.maximum(power / loudest, 10 ** (-QUIETEST_DB / 10))) if loudest > 0 else np.zeros_like(power)


def _squared_distances(rows: np.ndarray) -> np.ndarray:
    squares = (rows**2).sum(axis=1)
    return np.maximum(squares[:, None] + squares - 2 * rows @ rows.T, 0)


# Where to cut ---------------------------------------------------------------------------------------------------------------------------


def _sound_kernel(likeness: np.ndarray) -> np.ndarray:
    """Say how far each two beats differ from the song's average in one direction: float64 [U, U], 1 a beat on the average.

    By Gauss' kernel, so that one beat that is like no other is no part of its own.
    """
    kernel = _centred(np.exp(likeness - 1))
    return kernel / max(np.trace(kernel) / len(kernel), SMALLEST_VARIANCE)


def _repetition_kernel(likeness: np.ndarray) -> np.ndarray:
    """Say how far each two beats have the same pattern of repetitions: float64 [U, U], 1 a beat on the average.

    A beat's pattern is its likeness to the beats so and so long before and after it. It stays the same for as long as a repeated part
    lasts (the time-lag matrix of Serrà et al., IEEE Transactions on Multimedia 16, 2014).
    """
    units = len(likeness)
    close = _centred(np.maximum(0, 2 * likeness - 1))  # a beat that is like no other, or like all, has no pattern
    patterns = np.zeros((units, 2 * units - 1), np.float32)
    for unit, row in enumerate(close):
        patterns[unit, units - 1 - unit : 2 * units - 1 - unit] = row  # column units - 1: the beat itself
    patterns[:, max(0, units - 1 - NEAREST_LAG) : units + NEAREST_LAG] = 0
    patterns = scipy.ndimage.gaussian_filter1d(patterns, 1.0, axis=1)
    apart = np.abs(np.arange(units)[:, None] - np.arange(units))
    common = np.maximum(units - apart, units * FEWEST_COMMON_LAGS)  # how many lags two beats both know: the song has two ends
    kernel = _centred((patterns @ patterns.T).astype(np.float64) / common)
    return kernel / max(np.trace(kernel) / units, SMALLEST_PATTERN)


def _centred(matrix: np.ndarray) -> np.ndarray:
    """Take away the means of a symmetric matrix's rows and columns."""
    means = matrix.mean(axis=0)
    return matrix - means - means[:, None] + means.mean()


def _best_cut(kernel: np.ndarray, *, shortest: int, cost_of_a_part: float) -> list[int]:
    """Cut a song where it leaves least variance within the parts, at a price for each part.

    Parameters
    ----------
    kernel
        float64 [U, U], the beats' inner products.
    shortest
        The fewest beats of a part, where the song has as many.
    cost_of_a_part
        How much more variance a further part must explain; each beat's is 1 on the average in each of the two kernels.

    Returns
    -------
    list[int]
        Where the parts begin, and where the last one ends: 0 ... U.

    References
    ----------
    Arlot, Celisse, Harchaoui, "A kernel multiple change-point algorithm via model selection", JMLR 20 (2019).
    """
    units = len(kernel)
    sums = np.pad(kernel.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    own = np.pad(np.diagonal(kernel).cumsum(), (1, 0))
    costs, before = np.full(units + 1, np.inf), np.zeros(units + 1, int)
    costs[0] = 0
    for end in range(min(shortest, units), units + 1):
        starts = np.arange(0, max(1, end - shortest + 1))
        shared = (sums[end, end] - sums[starts, end] - sums[end, starts] + sums[starts, starts]) / (end - starts)
        ways = costs[starts] + own[end] - own[starts] - shared + cost_of_a_part
        before[end] = starts[ways.argmin()]
        costs[end] = ways.min()
    bounds = [units]
    while bounds[-1] > 0:
        bounds.append(int(before[bounds[-1]]))
    return bounds[::-1]


# Which parts are alike ------------------------------------------------------------------------------------------------------------------


def _parts(bounds: list[int], likeness: np.ndarray, times: np.ndarray) -> tuple[Part, ...]:
    diagonals = _diagonal_sums(likeness)
    while True:
        found = [_most_alike(bounds, number, diagonals) for number in range(len(bounds) - 1)]
        letters = _letters(found)
        repeated = [number for number in range(1, len(letters)) if letters[number] == letters[number - 1]]
        if not repeated:
            break
        bounds = [bound for number, bound in enumerate(bounds) if number not in repeated]
    return tuple(
        Part(start_seconds=float(times[start]), end_seconds=float(times[end]), label=_name(letter), likeness=value, alike=alike)
        for start, end, letter, (value, alike) in zip(bounds[:-1], bounds[1:], letters, found, strict=True)
    )


def _most_alike(bounds: list[int], number: int, diagonals: np.ndarray) -> tuple[float, int | None]:
    """Give a part's likeness to the earlier part that is most alike, and that one's number."""
    values = [_part_likeness(bounds[number : number + 2], bounds[earlier : earlier + 2], diagonals) for earlier in range(number)]
    return (max(values), int(np.argmax(values))) if values else (0.0, None)


def _part_likeness(one: list[int], other: list[int], diagonals: np.ndarray) -> float:
    """Lay the shorter part over the longer one wherever it fits; give the mean likeness of the beats where that is greatest: 0 ... 1."""
    (start, end), (longer_start, longer_end) = sorted((one, other), key=lambda part: part[1] - part[0])
    length, longer = end - start, longer_end - longer_start
    places = np.arange(longer_start, longer_end - length + 1)
    mean = (diagonals[end, places + length] - diagonals[start, places]) / length
    return float(np.clip(mean.max() * (length / longer) ** LENGTH_EXPONENT, 0, 1))


def _diagonal_sums(likeness: np.ndarray) -> np.ndarray:
    """Sum along diagonals: float64 [U + 1, U + 1], with ``sums[i + 1, j + 1] = sums[i, j] + likeness[i, j]``."""
    sums = np.zeros((len(likeness) + 1, len(likeness) + 1))
    for row in range(len(likeness)):
        sums[row + 1, 1:] = sums[row, :-1] + likeness[row]
    return sums


def _letters(found: list[tuple[float, int | None]]) -> list[int]:
    """Give parts that are alike one number, counted from 0 in the order in which they first appear."""
    letters: list[int] = []
    for value, alike in found:
        letters.append(letters[alike] if alike is not None and value >= SAME else max(letters, default=-1) + 1)
    return letters


def _name(letter: int) -> str:
    """Name the 0th, 1st ... group as the columns of a spreadsheet: A ... Z, AA, AB ..."""
    name = ""
    while letter >= 0:
        letter, digit = divmod(letter, 26)
        name, letter = chr(ord("A") + digit) + name, letter - 1
    return name
