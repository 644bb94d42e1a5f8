"""How much sound a file may stand for, found out before its samples are made: a few kilobytes can claim to be days."""

from fractions import Fraction
from pathlib import Path

from ..protocol import UserError

LOWEST_RATE, HIGHEST_RATE = 1_000, 10_000_000
"""Samples a second: telephones have 8 000, the finest studios 768 000, DSD 5 600 000."""
LONGEST_SECONDS = 6 * 3600
"""Ten minutes take 55 MB of memory at the rate of analysis; a day would take 8 GB."""


class SoundLimits:
    """Counts a file's sound while it is decoded.

    Parameters
    ----------
    path
        The file, for its name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seconds = Fraction(0)

    def count(self, samples: int, rate: int) -> None:
        """Count a block before it is resampled.

        Raises
        ------
        UserError
            If its rate is none that sound has, or the file is too long.
        """
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise UserError(
                f"“{self._path.name}” has {rate} samples a second; sounds have {LOWEST_RATE} to {HIGHEST_RATE}.",
                "Export the sound again, with 44 100 or 48 000.",
            )
        self._seconds += Fraction(samples, rate)
        if self._seconds > LONGEST_SECONDS:
            raise UserError(
                f"“{self._path.name}” is longer than {LONGEST_SECONDS // 3600} hours.", "Cut it, and choose the part that shall be seen."
            )
