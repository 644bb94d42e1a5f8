"""Several sounds for one film: a drum track may drive the motion, a voice the things."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from .features import CONTROL_RATE, Features

OF_MOTION = ("energy", "flux", "onset_strength", "percussive_onset_strength", "bands")
OF_CLASSES = ("chroma", "harmonic_chroma", "chroma_energy")


def with_motion_of(heard: Features, stem: Features, *, offset_seconds: Fraction) -> Features:
    """Let another sound drive the motion: its hits, loudness and bands stand for the sound's own; what leads when, the sound still says.

    Parameters
    ----------
    heard
        The film's sound, F control frames.
    stem
        The other sound.
    offset_seconds
        What in the film's sound is at time t, is in the stem at ``t + offset_seconds``.

    Returns
    -------
    Features
        F control frames; silent where the stem has not begun or is over.
    """
    return replace(_with(heard, stem, OF_MOTION, offset_seconds=offset_seconds), directing=heard.directing or heard)


def with_classes_of(heard: Features, stem: Features, *, offset_seconds: Fraction) -> Features:
    """Let another sound drive the things: its chroma stands for the sound's own. Arguments as for `with_motion_of`."""
    directing = heard.directing and _with(heard.directing, stem, OF_CLASSES, offset_seconds=offset_seconds)
    return replace(_with(heard, stem, OF_CLASSES, offset_seconds=offset_seconds), directing=directing)


def with_bars(heard: Features, bars_seconds: tuple[Fraction, ...]) -> Features:
    """Note when bars begin."""
    return replace(heard, bars_seconds=bars_seconds, directing=heard.directing and with_bars(heard.directing, bars_seconds))


def with_beats(heard: Features, beats_seconds: tuple[Fraction, ...]) -> Features:
    """Let given beats stand for those that were heard; none given: keep these."""
    if not beats_seconds:
        return heard
    times = np.array([float(second) for second in beats_seconds])
    tempo = 60 / np.median(np.diff(times)) if len(times) > 1 else 0.0
    directing = heard.directing and with_beats(heard.directing, beats_seconds)
    return replace(heard, beat_times=times, tempo=np.array(tempo, np.float64), directing=directing)


def _with(heard: Features, stem: Features, names: tuple[str, ...], *, offset_seconds: Fraction) -> Features:
    places = np.arange(len(heard.energy)) + float(offset_seconds * CONTROL_RATE)
    notes = tuple(dict.fromkeys((*heard.notes, *stem.notes)))
    return replace(heard, **{name: _read(getattr(stem, name), places) for name in names}, notes=notes)


def _read(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Read float [..., T] at fractional places of its last axis; beyond the ends, 0."""
    last = rows.shape[-1] - 1
    below = np.floor(places).astype(int)
    share = (places - below).astype(rows.dtype)
    before, after = (rows[..., place.clip(0, last)] for place in (below, below + 1))
    inside = (places >= 0) & (places <= last)
    return (before * (1 - share) + after * share) * inside
