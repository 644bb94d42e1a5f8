"""Frame rates as editors write them: 29.97 and 23.98 stand for 30000/1001 and 24000/1001. Standard library only."""

import math
from fractions import Fraction

ROUNDED = Fraction(1, 200)
"""Editors write rates with two decimals."""


def ntsc_or(rate: Fraction) -> Fraction:
    """Give the NTSC rate that a rounded one stands for, or the rate itself: whole numbers mean what they say."""
    if rate.denominator == 1:
        return rate
    ntsc = Fraction(math.ceil(rate) * 1000, 1001)
    return ntsc if abs(ntsc - rate) < ROUNDED else rate
