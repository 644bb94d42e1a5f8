"""Where video frames lie on the control frames' axis: exact, so that nothing drifts in an hour."""

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from ..sound.features import CONTROL_RATE

LARGEST_EXACT = 2**53  # in float64 and, by far, in int64


@dataclass(frozen=True, kw_only=True)
class Positions:
    """Evenly spaced places: ``start + n * step`` for n = 0 ... count - 1, in control frames."""

    start: Fraction
    step: Fraction
    count: int

    def __len__(self) -> int:
        return self.count

    def exact(self, n: int) -> Fraction:
        """Give the n-th place."""
        return self.start + n * self.step

    def piece(self, first: int, end: int) -> "Positions":
        """Give the places ``first ... end - 1``."""
        return Positions(start=self.start + first * self.step, step=self.step, count=end - first)

    def moved(self, by: Fraction) -> "Positions":
        """Give all places, so many control frames later."""
        return Positions(start=self.start + by, step=self.step, count=self.count)

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the control frame below each place, int64 [N], and how far beyond it the place lies, float64 [N], 0 ... 1 (excluded)."""
        denominator = lcm(self.start.denominator, self.step.denominator)
        first, step = int(self.start * denominator), int(self.step * denominator)
        exact = max(abs(first), abs(first + self.count * step), denominator) < LARGEST_EXACT
        below, rest = np.divmod(first + step * np.arange(self.count, dtype=np.int64 if exact else object), denominator)
        return below.astype(np.int64), (rest / denominator).astype(np.float64)

    def floats(self) -> np.ndarray:
        """Give the places as float64 [N]."""
        below, share = self.split()
        return below + share


def control_positions(*, source_start_seconds: Fraction, frame_count: int, fps: Fraction) -> Positions:
    """Say where each video frame lies: ``(source_start + n / fps) * CONTROL_RATE``."""
    return Positions(start=source_start_seconds * CONTROL_RATE, step=CONTROL_RATE / fps, count=frame_count)


def sample(rows: np.ndarray, positions: Positions) -> np.ndarray:
    """Read rows at fractional places, on a straight line between neighbours; beyond the ends, the first and the last row.

    Parameters
    ----------
    rows
        float64 [T] or [T, n].
    positions
        N places in rows.

    Returns
    -------
    np.ndarray
        float64 [N] or [N, n].
    """
    last = len(rows) - 1
    below, share = positions.split()
    share[(below < 0) | (below >= last)] = 0
    before = below.clip(0, last)
    share = share.reshape(-1, *[1] * (rows.ndim - 1))
    return rows[before] * (1 - share) + rows[np.minimum(before + 1, last)] * share
