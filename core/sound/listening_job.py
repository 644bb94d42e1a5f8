"""What the add-on's markers are made from: a sound's beats, where bars begin, its parts. A `Listen` comes in, a `Heard` goes out."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from ..protocol import Heard, Listen, SongPart
from . import structure
from .features import CONTROL_RATE, Features
from .listening import beats_and_bars, load
from .stems import with_beats

BEATS_IN_A_BAR = 4
FEWEST_BARS = 2


def answer(job: Listen) -> Heard:
    """Listen to a sound.

    Raises
    ------
    UserError
        If it is missing or cannot be read.
    """
    heard = load(Path(job.sound_path), Path(job.cache_folder) / "sounds", by_stamps=False)  # Blender asks
    bars: tuple[Fraction, ...] = ()
    if job.tempo_map is not None:
        beats, bars = beats_and_bars(job.tempo_map, offset=job.tempo_map.source_start_seconds, seconds=heard.seconds)
        heard = with_beats(heard, beats)
    return Heard(
        job_id=job.job_id,
        beats_seconds=tuple(float(time) for time in heard.beat_times),
        bars_seconds=tuple(map(float, bars)),
        first_bar=first_bar(heard),
        parts=tuple(SongPart(start_seconds=part.start_seconds, label=part.label) for part in structure.suggest(heard)),
    )


def first_bar(heard: Features) -> int:
    """Say which of the first four beats begins a bar of four: where the low sound is strongest and the harmony changes.

    Returns
    -------
    int
        0 ... 3; 0 for a sound with less than two bars.
    """
    beats = np.round(heard.beat_times * float(CONTROL_RATE)).astype(int).clip(0, len(heard.energy) - 1)
    if len(beats) < FEWEST_BARS * BEATS_IN_A_BAR:
        return 0
    score = _over_its_spread(_low_hits(heard, beats)) + _over_its_spread(_harmony_changes(heard, beats))
    return int(np.argmax([score[beat::BEATS_IN_A_BAR].mean() for beat in range(BEATS_IN_A_BAR)]))


def _low_hits(heard: Features, beats: np.ndarray) -> np.ndarray:
    """Give how much louder than just before low sound is at each beat: float64 [B], of amplitude."""
    low = np.sqrt(heard.bands[0].astype(np.float64))
    around = [low[(beats + step).clip(0, len(low) - 1)] for step in (-3, -2, 0, 1, 2)]  # a window of the analysis is four frames long
    return np.maximum(np.max(around[2:], axis=0) - np.mean(around[:2], axis=0), 0)


def _harmony_changes(heard: Features, beats: np.ndarray) -> np.ndarray:
    """Give how far the harmony from each beat on differs from that before it: float64 [B], 0 ... 1."""
    sums = np.pad(np.cumsum(heard.harmonic_chroma * np.sqrt(heard.chroma_energy), axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    edges = np.concatenate([[0], beats, [heard.harmonic_chroma.shape[1]]])
    between = np.diff(sums[:, edges], axis=1)  # [12, B + 1]
    length = np.linalg.norm(between, axis=0)
    unit = np.divide(between, length, out=np.zeros_like(between), where=length > 0)
    return 1 - (unit[:, 1:] * unit[:, :-1]).sum(axis=0)


def _over_its_spread(curve: np.ndarray) -> np.ndarray:
    spread = curve.std()
    return (curve - curve.mean()) / spread if spread > 0 else np.zeros(len(curve))
