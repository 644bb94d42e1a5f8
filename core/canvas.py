"""What a picture of curves over time is painted with: a time axis, panels of pixels, and colours. Arrays in, pixels out.

What is narrower than a pixel counts by its highest value as well as by its mean, so that a single hit shows in the picture of an hour.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]

TICK_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600)
TICK_PIXELS = 110  # at least, from one labelled time to the next
MAGMA = ((0, 0, 4), (41, 17, 91), (114, 31, 129), (182, 54, 121), (241, 96, 93), (254, 175, 119), (252, 253, 191))
"""Seven of the colours of matplotlib's map of that name (CC0), dark to bright, evenly apart."""


@dataclass(frozen=True, kw_only=True)
class TimeAxis:
    """What time each column of pixels shows.

    Parameters
    ----------
    seconds
        From the left edge of the first column to the right edge of the last.
    width
        Columns.
    """

    seconds: float
    width: int

    def column(self, seconds: float) -> float:
        """Say where a time lies, in columns from the left edge."""
        return seconds / self.seconds * self.width

    def ticks(self) -> Iterator[float]:
        """Give round times, far enough apart to be labelled."""
        closest = TICK_PIXELS * self.seconds / self.width
        step = next((step for step in TICK_SECONDS if step >= closest), TICK_SECONDS[-1])
        yield from (number * step for number in range(math.floor(self.seconds / step) + 1))

    def highest(self, curves: np.ndarray, *, start: float, rate: float) -> np.ndarray:
        """Give the highest value in each column; where none falls into one, what lies between its neighbours.

        Parameters
        ----------
        curves
            Float [..., T], values over time, T at least 1.
        start, rate
            When the first one is, in seconds of this axis, and how many there are a second.

        Returns
        -------
        np.ndarray
            float64 [..., width]; NaN where there are no values.
        """
        return self._by_column(np.asarray(curves, np.float64), start, rate, np.maximum)

    def average(self, curves: np.ndarray, *, start: float, rate: float) -> np.ndarray:
        """Give the mean value in each column, else as `highest`."""
        return self._by_column(np.asarray(curves, np.float64), start, rate, np.add)

    def _by_column(self, curves: np.ndarray, start: float, rate: float, gather: np.ufunc) -> np.ndarray:
        last = curves.shape[-1] - 1
        edges = (np.arange(self.width + 1) * self.seconds / self.width - start) * rate  # counted in values
        centres = np.clip((edges[:-1] + edges[1:]) / 2, 0, last)
        below = centres.astype(int)
        share = centres - below
        result = curves[..., below] * (1 - share) + curves[..., np.minimum(below + 1, last)] * share
        first = np.clip(np.ceil(edges), 0, last + 1).astype(int)
        counts = np.diff(first)
        filled = np.flatnonzero(counts)
        if len(filled):  # a column's values end where those of the next that has some begin
            gathered = gather.reduceat(curves[..., : first[-1]], first[filled], axis=-1)
            result[..., filled] = gathered / counts[filled] if gather is np.add else gathered
        result[..., (edges[1:] <= -1) | (edges[:-1] >= last + 1)] = np.nan
        return result


def clock(seconds: float, *, exact: bool = False) -> str:
    """Write a time as 3:05, or 1:03:05 from an hour on; with tenths if `exact`."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    last = f"{rest / 10:04.1f}" if exact else f"{rest // 10:02d}"
    return f"{hours}:{minutes:02d}:{last}" if hours else f"{minutes}:{last}"


class Panel:
    """A rectangle of pixels in which one curve, or several, run over time.

    Parameters
    ----------
    pixels
        float32 [height, width, 3], 0 ... 255: a view, painted on in place.
    """

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        self.height, self.width, _ = pixels.shape

    def blend(self, cover: np.ndarray, colour: Colour | np.ndarray) -> None:
        """Paint with a colour, float [3] or [height, width, 3], as thickly as `cover`, 0 ... 1 [height, width], says."""
        self.pixels += np.nan_to_num(cover)[..., None] * (np.asarray(colour, np.float32) - self.pixels)

    def between(self, low: np.ndarray, high: np.ndarray, colour: Colour, *, thickness: float = 1.0) -> None:
        """Fill the space between two curves, float [width], 0 at the bottom and 1 at the top; edges are soft."""
        from_top = np.arange(self.height)[:, None]
        upper, lower = np.minimum((1 - high) * self.height, self.height - 1), (1 - low) * self.height
        lower = np.maximum(lower, upper + 1)  # nothing is thinner than a pixel
        cover = np.clip(np.minimum(from_top + 1, lower) - np.maximum(from_top, upper), 0, 1)
        self.blend(thickness * cover, colour)

    def fill(self, highest: np.ndarray, average: np.ndarray, colour: Colour) -> None:
        """Paint a curve, float [width], 0 ... 1: its average as a line, filled to the bottom, and faintly up to its highest values."""
        self.between(np.zeros_like(highest), highest, colour, thickness=0.3)
        self.between(np.zeros_like(average), average, colour, thickness=0.2)
        self.line(average, colour)

    def line(self, curve: np.ndarray, colour: Colour, *, pixels: float = 1.6) -> None:
        """Paint a curve, float [width], 0 ... 1, as an unbroken line."""
        half = pixels / self.height / 2
        inner = half + curve * (1 - 2 * half)
        around = np.pad(inner, 1, mode="edge")
        halfway = (around[:-1] + around[1:]) / 2  # [width + 1], at the columns' edges
        low = np.fmin(inner, np.fmin(halfway[:-1], halfway[1:]))
        high = np.fmax(inner, np.fmax(halfway[:-1], halfway[1:]))
        self.between(low - half, high + half, colour)

    def heat(self, rows: np.ndarray, colours: np.ndarray, *, gap: int = 0) -> None:
        """Paint rows of values as bands of equal height, the first at the top.

        Parameters
        ----------
        rows
            Float [R, width], 0 ... 1.
        colours
            float32 [256, 3], from 0 to 1, for all rows, or [R, 256, 3].
        gap
            Pixels left free below each band.
        """
        bands = np.arange(self.height) * len(rows) // self.height  # [height]
        levels = np.clip(np.nan_to_num(rows) * 255, 0, 255).astype(int)
        by_row = np.broadcast_to(colours, (len(rows), 256, 3))
        painted = by_row[np.arange(len(rows))[:, None], levels]  # [R, width, 3]
        cover = ~np.isnan(rows)[bands]
        if gap:
            cover[np.flatnonzero(np.diff(bands, append=len(rows)))] = False
        self.blend(cover.astype(np.float32), painted[bands])

    def rectangle(
        self, left: float, right: float, colour: Colour, *, thickness: float = 1.0, top: int = 0, bottom: int | None = None
    ) -> None:
        """Fill the columns from `left` to `right`, soft where these lie within a column; what lies beside the panel is left out."""
        first, end = max(math.floor(left), 0), min(math.ceil(right), self.width)
        if first >= end:
            return
        columns = np.arange(first, end)
        cover = np.clip(np.minimum(columns + 1, right) - np.maximum(columns, left), 0, 1)
        inside = Panel(self.pixels[top:bottom, first:end])
        inside.blend(np.broadcast_to(thickness * cover, (inside.height, inside.width)), colour)


def ramp(*anchors: Colour) -> np.ndarray:
    """Blend from colour to colour: float32 [256, 3]."""
    places = np.linspace(0, len(anchors) - 1, 256)
    return np.stack([np.interp(places, range(len(anchors)), channel) for channel in zip(*anchors, strict=True)], axis=1).astype(np.float32)


def hue(number: int) -> Colour:
    """Give the 0th, 1st, ... of any number of colours that are alike in lightness and as unlike as can be in hue (in Oklab)."""
    turn = (0.08 + number * 0.618034) % 1  # golden steps: the next colour always falls into the widest gap
    light, strength, angle = 0.75, 0.13, 2 * math.pi * turn
    return _from_oklab(light, strength * math.cos(angle), strength * math.sin(angle))


def _from_oklab(light: float, green_red: float, blue_yellow: float) -> Colour:
    """Turn Oklab (Ottosson, 2020) into sRGB, 0 ... 255."""
    long = (light + 0.3963377774 * green_red + 0.2158037573 * blue_yellow) ** 3
    medium = (light - 0.1055613458 * green_red - 0.0638541728 * blue_yellow) ** 3
    short = (light - 0.0894841775 * green_red - 1.2914855480 * blue_yellow) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (round(255 * _gamma(min(max(value, 0.0), 1.0))) for value in linear)
    return red, green, blue


def _gamma(linear: float) -> float:
    """Encode light as sRGB does (IEC 61966-2-1)."""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055  # noqa: PLR2004
