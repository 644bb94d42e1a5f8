"""MIDI files for tests."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import mido

QUARTER = 480
KICK, SNARE, HAT = 36, 38, 42

Struck = tuple[int, int, int, int]
"""Tick, length in ticks, key, velocity."""


def write(
    path: Path,
    tracks: Sequence[tuple[str, int, Iterable[Struck]]] = (),
    *,
    tempos: Iterable[tuple[int, int]] = (),
    signatures: Iterable[tuple[int, int, int]] = (),
    quarter: int = QUARTER,
) -> Path:
    """Write a file: tempos as ticks and microseconds, signatures as ticks, beats and unit, tracks with name and channel (1 first)."""
    file = mido.MidiFile(ticks_per_beat=quarter)
    told = [(tick, mido.MetaMessage("set_tempo", tempo=tempo)) for tick, tempo in tempos]
    told += [(tick, mido.MetaMessage("time_signature", numerator=beats, denominator=unit)) for tick, beats, unit in signatures]
    file.tracks.append(_track(told))
    for name, channel, struck in tracks:
        messages = [(0, mido.MetaMessage("track_name", name=name))]
        for tick, length, key, velocity in struck:
            messages.append((tick, mido.Message("note_on", channel=channel - 1, note=key, velocity=velocity)))
            messages.append((tick + length, mido.Message("note_off", channel=channel - 1, note=key)))
        file.tracks.append(_track(messages))
    file.save(path)
    return path


def _track(messages: list) -> mido.MidiTrack:
    track, now = mido.MidiTrack(), 0
    for tick, message in sorted(messages, key=lambda pair: (pair[0], pair[1].type == "note_on")):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def on_beats(count: int, key: int, velocity: int = 100, *, every: int = QUARTER, first: int = 0) -> list[Struck]:
    """Strike a key again and again."""
    return [(first + number * every, every // 4, key, velocity) for number in range(count)]
