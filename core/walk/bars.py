"""Bars by their numbers, as musicians count them: the first whole one is 1."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ..protocol import UserError
from ..sound.features import Features
from .cue_sheet import bar_lines

WHOLE = 3 / 4
"""What is so much of a bar at the sound's beginning or end counts as one."""


def bar_seconds(features: Features, bars_seconds: Sequence[Fraction] = ()) -> float:
    """Give how long a bar of the song lasts; where no beats are heard, 2 s."""
    lines = bar_lines(features, bars_seconds)
    return float(np.median(np.diff(lines))) if len(lines) > 1 else float(features.seconds)


def passage_of_bars(features: Features, bars: range, *, bars_seconds: Sequence[Fraction] = ()) -> tuple[Fraction, Fraction]:
    """Say from when to when some bars of a song last.

    Parameters
    ----------
    features
        Of the whole sound.
    bars
        Numbers from 1 on; the last one is the bar behind the passage.
    bars_seconds
        Where bars begin, if not where they are heard, see `bar_lines`.

    Returns
    -------
    tuple[Fraction, Fraction]
        In seconds, to a thousandth.

    Raises
    ------
    UserError
        If the song has no such bars.
    """
    lines = _edges(bar_lines(features, bars_seconds), float(features.seconds), bar_seconds(features, bars_seconds))
    if not 1 <= bars.start < bars.stop <= len(lines):
        raise UserError(
            f"Bars {bars.start}:{bars.stop} are no part of a song that has the bars 1:{len(lines)}.",
            "Give the first bar and the one behind the last, as 9:13.",
        )
    first, end = (Fraction(round(1000 * lines[number - 1]), 1000) for number in (bars.start, bars.stop))
    return first, end


def _edges(lines: np.ndarray, end: float, bar: float) -> np.ndarray:
    """Give all bar lines, the sound's own two ends among them where a bar lies there."""
    before = [0.0] if lines[0] >= WHOLE * bar else []
    after = [end] if end - lines[-1] >= WHOLE * bar else []
    return np.concatenate([before, lines, after])
