"""Reads a movie of sync cards and clicks, as any editor rendered it: its rate, each frame's card and each click's time."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from core.sync_card import read_card

SOUND_RATE = 48_000
LOUD = 0.2
REST_SECONDS = Fraction(1, 20)


def read_movie(path: Path) -> dict:
    """Give ``{"fps": "25", "cards": [[frame, section] or None, ...], "clicks": [seconds, ...]}``."""
    with av.open(str(path)) as movie:
        fps = movie.streams.video[0].average_rate
        cards = [read_card(frame.to_ndarray(format="rgb24")) for frame in movie.decode(video=0)]
    return {"fps": str(fps), "cards": cards, "clicks": list(clicks(path))}


def clicks(path: Path) -> Iterator[float]:
    """Find where silence turns loud, in seconds, by the time stamps that players go by."""
    quiet_until = Fraction(-1)
    for time, samples in _blocks(path):
        for loud in np.flatnonzero(np.abs(samples) > LOUD):
            at = time + Fraction(int(loud), SOUND_RATE)
            if at >= quiet_until:
                yield float(at)
            quiet_until = at + REST_SECONDS


def _blocks(path: Path) -> Iterator[tuple[Fraction, np.ndarray]]:
    with av.open(str(path)) as movie:
        if not movie.streams.audio:
            return
        to_mono = av.AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)
        time = None
        for frame in movie.decode(audio=0):
            if time is None:
                time = frame.pts * frame.time_base  # of the first block only: Matroska rounds the later ones to milliseconds
            for block in to_mono.resample(frame):
                yield time, block.to_ndarray()[0]
                time += Fraction(block.samples, SOUND_RATE)
