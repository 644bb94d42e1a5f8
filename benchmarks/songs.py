"""Sounds to measure with: the project's own song, repeated to any length."""

from pathlib import Path

import soundfile

from tools.environments import ROOT

DEMO_SONG = ROOT / "tools" / "demo_song.ogg"


def write_song(path: Path, *, seconds: float) -> Path:
    """Write a song of exactly that length, in the format that `path`'s suffix names."""
    samples, rate = soundfile.read(DEMO_SONG, dtype="float32")  # [n, 2]
    left = round(seconds * rate)
    with soundfile.SoundFile(path, "w", samplerate=rate, channels=samples.shape[1]) as song:
        while left > 0:
            for first in range(0, min(left, len(samples)), rate):  # a second at a time: libsndfile's Vorbis encoder dies of long blocks
                song.write(samples[first : min(first + rate, left)])
            left -= len(samples)
    return path
