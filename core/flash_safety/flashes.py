"""Flashes that may harm people with photosensitive epilepsy, counted as WCAG 2.3.1 and ITU-R BT.1702 count them.

Small pictures of a film come in, frame by frame; out come the passages that flash more often than three times in a second. Of the frames
nothing is kept but what changed in the last second, so a film may be of any length. No files, no clock.

Both standards say: a flash is a pair of opposing changes; a film must not show more than three of them in any one second over more than a
quarter of the picture at once. They leave open what "at once" is, so both readings count here:

in place
    More than a quarter of the picture's cells flash too often in the same second, each one by itself, in whatever phase.
together
    What changes one way in the same frame, over more than a quarter of the picture, is one change of the picture, wherever it is: a
    strobe that wanders is found as well.

A quarter of the picture is what BT.1702 asks for. WCAG asks for a quarter of any 10 degrees of the visual field: the same for a picture
that fills no more of it, stricter for a larger one. Fine patterns that flicker within a cell are not seen here, nor are still ones judged.

References
----------
.. [1] W3C, "Web Content Accessibility Guidelines 2.1", 2018: Success Criterion 2.3.1, and the definition "general flash and red flash
   thresholds", https://www.w3.org/TR/WCAG21/#dfn-general-flash-and-red-flash-thresholds
.. [2] ITU-R, Recommendation BT.1702, "Guidance for the reduction of photosensitive epileptic seizures caused by television". Its 20 cd/m²
   below 160 cd/m² are 0.1 below 0.8 on a screen of 200 cd/m².
.. [3] G. Harding and C. Binnie, 2002, as quoted in WCAG's note on saturated red. WCAG 2.2 asks for a distance of 0.2 in the CIE 1976
   diagram instead.
"""

import enum
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..pictures import LINEAR_LIGHT

COUNTING_VERSION = 1
"""Part of the names of what was noted: raise it when this file, or `pictures.shrink`, counts otherwise."""

FULL = 4000  # light is counted in whole numbers: any machine finds the same passages
CHANGE = FULL // 10  # of relative luminance [1]_
DARK = FULL * 8 // 10  # only changes whose darker side is below this [1]_
RED_CHANGE = FULL * 20 // 320 + 1  # (R - G - B) * 320 changes by more than 20 [3]_
SATURATED_RED = 4  # R / (R + G + B) is at least 0.8 [1]_: R is so many times G + B
AREA = 1 / 4  # of the picture [2]_
MOST_CHANGES = 6
"""Three flashes: the seventh change in a second begins the fourth."""

THRESHOLDS = np.array([[CHANGE], [RED_CHANGE]], np.int16)
BEYOND = np.int16(2 * FULL)  # farther than any light
BLOCK_FRAMES = 64
MOST_TIMES_TOLD = 6


class FlashKind(enum.StrEnum):
    """What changes back and forth: luminance, or saturated red."""

    GENERAL = "general"
    RED = "red"


KINDS = (FlashKind.GENERAL, FlashKind.RED)


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A part of a film that flashes more than three times in a second: all such seconds that overlap.

    Parameters
    ----------
    first_frame, end_frame
        Half-open.
    kind
        Of the flashes.
    flash_count
        The most in any one second: four or more.
    """

    first_frame: int
    end_frame: int
    kind: FlashKind
    flash_count: int


class FlashCounter:
    """Counts flashes, some frames after the other.

    Parameters
    ----------
    fps
        Frames a second, exact. A change at frame i and one at frame j lie in one second if ``j - i < fps``.
    """

    def __init__(self, *, fps: Fraction) -> None:
        self._frame_count = 0
        self._window = math.ceil(fps)  # frames
        self._changes = _Changes()
        self._in_place = _InPlace(window=self._window)
        self._together = [_Together(window=self._window) for _ in KINDS]
        self._passages: dict[FlashKind, list[Passage]] = {kind: [] for kind in KINDS}

    def add(self, smalls: np.ndarray) -> None:
        """Take the next frames: many at once cost less than one by one, and count alike.

        Parameters
        ----------
        smalls
            uint8 [n, height, width, 3], sRGB: each cell averaged over its area (`pictures.shrink`). Height and width are always the same.
        """
        up, down = self._changes.find(*_states(smalls))  # [n, 2, cells]
        in_place = self._in_place.count(up | down)  # [n, 2]
        for number, kind in enumerate(KINDS):
            together = self._together[number].count(up[:, number], down[:, number])
            changes = np.maximum(in_place[:, number], together)
            for place in np.flatnonzero(changes > MOST_CHANGES):
                self._note(kind, frame=self._frame_count + int(place), flash_count=int(changes[place] + 1) // 2)
        self._frame_count += len(smalls)

    def passages(self) -> tuple[Passage, ...]:
        """Give the passages so far that flash too often, in order."""
        found = [passage for kind in KINDS for passage in self._passages[kind]]
        return tuple(sorted(found, key=lambda passage: passage.first_frame))

    def _note(self, kind: FlashKind, *, frame: int, flash_count: int) -> None:
        """Note that the second up to this frame flashes too often."""
        known, first = self._passages[kind], max(0, frame + 1 - self._window)
        if known and known[-1].end_frame >= first:
            before = known.pop()
            first, flash_count = before.first_frame, max(before.flash_count, flash_count)
        known.append(Passage(first_frame=first, end_frame=frame + 1, kind=kind, flash_count=flash_count))


def find_flashes(smalls: Iterable[np.ndarray], *, fps: Fraction) -> tuple[Passage, ...]:
    """Find all passages of a film that flash too often.

    Parameters
    ----------
    smalls
        Its frames in order, uint8 [height, width, 3] each, see `FlashCounter.add`.
    fps
        Frames a second.
    """
    counter, left = FlashCounter(fps=fps), iter(smalls)
    while block := list(itertools.islice(left, BLOCK_FRAMES)):
        counter.add(np.stack(block))
    return counter.passages()


def over_the_seam(keys: Sequence[str], *, fps: Fraction) -> list[str]:
    """Give the keys of a loop's frames as they are shown: a round, and another second."""
    return [keys[place % len(keys)] for place in range(len(keys) + math.ceil(fps))]


def in_one_round(passages: Iterable[Passage], *, frame_count: int) -> tuple[Passage, ...]:
    """Bring the passages of a loop, counted `over_the_seam`, into one round: one that goes on over the seam becomes two."""
    parts = [part for passage in passages for part in _parts(passage, frame_count)]
    return tuple(sorted(parts, key=lambda passage: passage.first_frame))


def _parts(passage: Passage, count: int) -> list[Passage]:
    first, end = passage.first_frame, passage.end_frame
    ranges = [(0, count)] if end - first >= count else [(first, min(end, count)), (max(first, count) - count, end - count)]
    return [replace(passage, first_frame=begin, end_frame=stop) for begin, stop in ranges if begin < stop]


def tell_times(ranges: Iterable[tuple[int, int]], *, fps: Fraction) -> str:
    """Name frame ranges by their times for people, such as ``0:12.4 to 0:14.0 and 1:03.0 to 1:04.2``.

    Parameters
    ----------
    ranges
        First and end frame of each, at least one, in any order; what overlaps is told as one.
    fps
        Frames a second.
    """
    spans = [f"{_clock(first / fps)} to {_clock(end / fps)}" for first, end in merged(ranges)]
    told, more = spans[:MOST_TIMES_TOLD], len(spans) - MOST_TIMES_TOLD
    *others, last = [*told, f"{more} more times"] if more > 0 else told
    return f"{', '.join(others)} and {last}" if others else last


def merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join half-open ranges that overlap or touch; give them in order."""
    joined: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((first, end))
    return joined


def _clock(seconds: Fraction) -> str:
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


# What a cell shows ----------------------------------------------------------------------------------------------------------------------


LIGHT = np.round(FULL * LINEAR_LIGHT).astype(np.int16)
LUMINANCE = [np.round(FULL * share * LINEAR_LIGHT).astype(np.int16) for share in (0.2126, 0.7152, 0.0722)]  # of R, G, B: Rec. 709


def _states(smalls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say how light and how red each cell is, and whether a change to or from there may be harmful.

    Returns
    -------
    values
        int16 [n, 2, cells], 0 ... FULL: relative luminance; R - G - B, negative ones as 0.
    marked
        bool [n, 2, cells]: below 0.8; a saturated red.
    """
    channels = np.ascontiguousarray(smalls.transpose(3, 0, 1, 2))  # [3, n, height, width]
    luminance = _cells(sum(light.take(channel) for light, channel in zip(LUMINANCE, channels, strict=True)))
    red, green, blue = (_cells(light) for light in LIGHT.take(channels))
    others = green + blue
    saturated = (red >= SATURATED_RED * others) & (red > 0)
    return np.stack([luminance, np.maximum(red - others, 0)], axis=1), np.stack([luminance < DARK, saturated], axis=1)


def _cells(light: np.ndarray) -> np.ndarray:
    """Average squares of 2 x 2, one at each place: int16 [n, height, width] to [n, cells].

    So wide, cells are blind to textures that drift and shimmer; so close, they do not lose the edges of what flashes.
    """
    pairs = light[:, 1:] + light[:, :-1]
    return ((pairs[:, :, 1:] + pairs[:, :, :-1]) >> 2).reshape(len(light), -1)


class _Changes:
    """Follows each cell from extreme to extreme, and says in which frames it has changed by its threshold.

    A change may take any number of frames; lesser changes back on its way do not end it. It counts in the frame in which it reaches the
    threshold, if one of its two sides is marked and the cell's change before it went the other way: as early, and so as often, as can be.
    """

    def __init__(self) -> None:
        # From the first frame on, each is [2, cells].
        self._way = np.int8(0)  # of the last change: 1 up, -1 down
        self._lowest, self._highest = BEYOND, -BEYOND  # since that change
        self._lowest_marked, self._highest_marked = BEYOND, -BEYOND  # of the marked states only

    def find(self, values: np.ndarray, marked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take the next frames' states; say which cells change upwards, and which downwards: bool [n, 2, cells] each."""
        ups, downs = np.empty_like(marked), np.empty_like(marked)
        as_low, as_high = np.where(marked, values, BEYOND), np.where(marked, values, -BEYOND)  # what is not marked is never an extreme
        for states in zip(values, as_low, as_high, ups, downs, strict=True):
            self._step(*states)
        return ups, downs

    def _step(self, value: np.ndarray, as_low: np.ndarray, as_high: np.ndarray, up: np.ndarray, down: np.ndarray) -> None:
        self._lowest, self._highest = np.minimum(self._lowest, value), np.maximum(self._highest, value)
        self._lowest_marked = np.minimum(self._lowest_marked, as_low)
        self._highest_marked = np.maximum(self._highest_marked, as_high)
        rise = np.maximum(value - self._lowest_marked, as_high - self._lowest)  # from a marked state, or to one
        fall = np.maximum(self._highest_marked - value, self._highest - as_low)
        np.logical_and(rise >= THRESHOLDS, self._way < 1, out=up)
        np.logical_and(fall >= THRESHOLDS, self._way > -1, out=down)
        if (changed := up | down).any():
            self._way = np.where(changed, up - down.view(np.int8), self._way)
            for extreme, state in (
                (self._lowest, value),
                (self._highest, value),
                (self._lowest_marked, as_low),
                (self._highest_marked, as_high),
            ):
                np.copyto(extreme, state, where=changed)


# More than a quarter of them at once ----------------------------------------------------------------------------------------------------


def _more_than_a_quarter(cells: int) -> int:
    return math.floor(cells * AREA) + 1


class _InPlace:
    """Counts each cell's changes in the last second.

    Parameters
    ----------
    window
        Frames in a second.
    """

    def __init__(self, *, window: int) -> None:
        self._window = window
        self._last_second = np.zeros((window, 1, 1), bool)  # [window, 2, cells] from the first frames on
        self._counts = np.int16(0)  # [2, cells]

    def count(self, changed: np.ndarray) -> np.ndarray:
        """Take the cells that change in the next frames, bool [n, 2, cells]; say how many changes more than a quarter has had: [n, 2]."""
        last_second = np.broadcast_to(self._last_second, (self._window, *changed.shape[1:]))
        known = np.concatenate([last_second, changed])  # [window + n, 2, cells]
        self._last_second = known[len(changed) :]
        counts = np.empty(changed.shape, np.int16)
        for count, entering, leaving in zip(counts, known[self._window :], known, strict=False):
            np.subtract(self._counts + entering, leaving, out=count)
            self._counts = count
        enough = _more_than_a_quarter(changed.shape[2])
        return np.partition(counts, -enough, axis=2)[:, :, -enough].astype(int)


class _Together:
    """Counts the picture's own opposing changes in the last second, for one kind.

    Parameters
    ----------
    window
        Frames in a second.
    """

    def __init__(self, *, window: int) -> None:
        self._way = 0
        self._last_second = np.zeros(window, bool)  # in which frames the picture changed

    def count(self, up: np.ndarray, down: np.ndarray) -> np.ndarray:
        """Take the cells that change in the next frames, bool [n, cells] each; say how many changes the picture has had: int [n]."""
        enough = _more_than_a_quarter(up.shape[1])
        rises, falls = np.count_nonzero(up, axis=1) >= enough, np.count_nonzero(down, axis=1) >= enough
        changed = np.zeros(len(up), bool)
        for frame in np.flatnonzero(rises | falls):
            way = 1 if rises[frame] and self._way < 1 else -1 if falls[frame] and self._way > -1 else self._way
            changed[frame], self._way = way != self._way, way
        window = len(self._last_second)
        known = np.concatenate([self._last_second, changed])
        self._last_second = known[len(changed) :]
        return np.convolve(known, np.ones(window, int))[window : window + len(changed)]
