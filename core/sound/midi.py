"""A MIDI file as what a film hears: its tempo map as beats and bars, its notes as hits, loudness and chroma.

In: a .mid file of type 0 or 1. Out: a `Score`, whose times are exact, and the same rows of `Features` that a sound gives, so that nothing
else of the film knows where they come from. The seconds of a score begin where the file does.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..input_files import check_is_file, read_errors_explained
from ..protocol import UserError
from .features import CONTROL_RATE, Features, flux_of, over_its_range
from .hearing import BAND_EDGES_HZ, PITCH_CLASSES

if TYPE_CHECKING:
    import mido

CURE = "Export it from the music program again, as a Standard MIDI File of type 0 or 1."
DRUMS = 10  # General MIDI's channel, 1 the first
NONE, ALL = "none", "all"
LARGEST_BYTES = 8_000_000
PARALLEL_TRACKS = 2  # MIDI's type for songs that have nothing to do with each other
MOST_BEATS_A_SECOND = 20
FINEST_UNIT = 64  # of a time signature
STANDARD_TEMPO = 500_000  # microseconds a quarter note: what a file means that says nothing
COMPOUND = (6, 9, 12)  # beats are groups of three from eighths on
STRUCK_SECONDS = Fraction(3, 20)  # how long a drum sounds, whatever its note's length
HIT_SHAPE = (1.0, 0.6, 0.3)  # as onset strength falls behind its peak
ATTACK_FRAMES, ATTACK = (-1, 2), 4  # each note begins louder than it goes on; windows of the analysis see a sound before its middle
LOW_DRUMS = frozenset({35, 36, 41, 43, 45, 47, 64, 66})  # General MIDI's keys: bass drums, low toms and congas
HIGH_DRUMS = frozenset({42, 44, 46, 49, 51, 52, 53, 54, 55, 57, 59, 69, 70, 80, 81, 82})  # hi-hats, cymbals, small things


@dataclass(frozen=True, kw_only=True)
class Note:
    """A note: its times in seconds, end after start; key 0 ... 127; velocity 1 ... 127; channel 1 ... 16; its track's name."""

    start: Fraction
    end: Fraction
    key: int
    velocity: int
    channel: int
    track: str = ""


@dataclass(frozen=True, kw_only=True)
class TimeSignature:
    """Bars from a tick on: so many beats of one `unit`-th of a whole note."""

    tick: int
    beats: int
    unit: int


@dataclass(frozen=True, kw_only=True)
class TempoMap:
    """When ticks sound, and which of them begin beats and bars.

    Parameters
    ----------
    ticks_a_quarter
        At least 1.
    tempos
        Ticks and microseconds a quarter note from there on, rising; the first at tick 0.
    signatures
        Rising; the first at tick 0.
    """

    ticks_a_quarter: int
    tempos: tuple[tuple[int, int], ...] = ((0, STANDARD_TEMPO),)
    signatures: tuple[TimeSignature, ...] = (TimeSignature(tick=0, beats=4, unit=4),)

    @cached_property
    def _changes(self) -> tuple[list[int], list[Fraction]]:
        """Give the ticks and seconds at which the tempo changes."""
        seconds = [Fraction(0)]
        for (tick, tempo), (following, _) in pairwise(self.tempos):
            seconds.append(seconds[-1] + (following - tick) * self._tick_seconds(tempo))
        return [tick for tick, _ in self.tempos], seconds

    def _tick_seconds(self, tempo: int) -> Fraction:
        return Fraction(tempo, 1_000_000 * self.ticks_a_quarter)

    def seconds(self, tick: Fraction | int) -> Fraction:
        """Say when a tick sounds; exact."""
        ticks, seconds = self._changes
        place = bisect_right(ticks, tick) - 1
        return seconds[place] + (tick - ticks[place]) * self._tick_seconds(self.tempos[place][1])

    def grid(self, until: Fraction) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """Give the beats and the beginnings of bars before `until`, in seconds; the last tempo and signature go on for ever.

        A signature that comes within a bar ends it. In 6/8, 9/8 and 12/8, three eighths are a beat.
        """
        beats, bars = list[Fraction](), list[Fraction]()
        for tick, begins_bar in self._beat_ticks():
            seconds = self.seconds(tick)
            if seconds >= until:
                break
            beats.append(seconds)
            if begins_bar:
                bars.append(seconds)
        return tuple(beats), tuple(bars)

    def _beat_ticks(self) -> Iterator[tuple[Fraction, bool]]:
        for place, signature in enumerate(self.signatures):
            is_last = place == len(self.signatures) - 1
            end = None if is_last else self.signatures[place + 1].tick
            is_compound = signature.beats in COMPOUND and signature.unit >= 8  # noqa: PLR2004 (eighths)
            units = 3 if is_compound else 1
            step = Fraction(4 * units * self.ticks_a_quarter, signature.unit)
            tick, number = Fraction(signature.tick), 0
            while end is None or tick < end:
                yield tick, number % (signature.beats // units) == 0
                tick, number = tick + step, number + 1


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a MIDI file holds: its notes by their beginnings, its tempo map, and sentences about what was not as it should be."""

    name: str
    notes: tuple[Note, ...]
    tempo_map: TempoMap
    warnings: tuple[str, ...] = ()


# Reading --------------------------------------------------------------------------------------------------------------------------------


def read(path: Path) -> Score:
    """Read a MIDI file.

    Raises
    ------
    UserError
        If it is none, or of a kind without beats, or says what cannot be; or holds neither notes nor a tempo.
    """
    file = _opened(path)
    quarter, events = file.ticks_per_beat, list(_events(file))
    if file.type == PARALLEL_TRACKS:
        raise UserError(f"“{path.name}” is of type 2: its tracks are songs of their own.", CURE)
    if quarter < 0:
        raise UserError(f"“{path.name}” counts SMPTE frames, not beats.", CURE)
    if not quarter:
        raise UserError(f"“{path.name}” says that a beat has no length.", CURE)
    tempo_map = TempoMap(ticks_a_quarter=quarter, tempos=_tempos(events, path), signatures=_signatures(events, path))
    _check_pace(tempo_map, path)
    notes, unended = _notes(events, tempo_map)
    if not notes and not any(message.type == "set_tempo" for _, _, message in events):
        raise UserError(f"“{path.name}” holds neither notes nor a tempo.", "Choose the song's own MIDI file.")
    warnings = (f"{unended} notes of “{path.name}” never end: they sound until the file does.",) if unended else ()
    return Score(name=path.name, notes=notes, tempo_map=tempo_map, warnings=warnings)


_Event = tuple[int, str, Any]  # a mido.Message, which has other attributes for each type
"""Its tick, its track's name, and what it says."""


def _opened(path: Path) -> "mido.MidiFile":
    import mido

    check_is_file(path, cure="Choose a MIDI file.")
    with read_errors_explained(path, cure="Choose a MIDI file."):
        if path.stat().st_size > LARGEST_BYTES:
            raise UserError(
                f"“{path.name}” is larger than {LARGEST_BYTES // 1_000_000} MB: no song is.", "Choose the song's own MIDI file."
            )
        content = path.open("rb")
    with content:
        try:
            return mido.MidiFile(file=content, clip=True)
        except Exception as error:  # a stranger's bytes may break the reader in any way; all of them mean the same
            raise UserError(f"“{path.name}” is no MIDI file, or a damaged one ({error or type(error).__name__}).", CURE) from error


def _events(file: "mido.MidiFile") -> Iterator[_Event]:
    for track in file.tracks:
        tick, name = 0, track.name.strip()
        for message in track:
            tick += message.time
            yield tick, name, message


def _tempos(events: Iterable[_Event], path: Path) -> tuple[tuple[int, int], ...]:
    found = {0: STANDARD_TEMPO} | {tick: message.tempo for tick, _, message in events if message.type == "set_tempo"}
    if 0 in found.values():
        raise UserError(f"“{path.name}” has a tempo of 0.", "Give it a tempo in the music program, and export it again.")
    return tuple(sorted(found.items()))


def _signatures(events: Iterable[_Event], path: Path) -> tuple[TimeSignature, ...]:
    said = {tick: (message.numerator, message.denominator) for tick, _, message in events if message.type == "time_signature"}
    for beats, unit in said.values():
        if beats < 1 or unit > FINEST_UNIT:
            raise UserError(f"“{path.name}” has a time signature that is none: {beats}/{min(unit, 2**20)}.", CURE)
    found = sorted(({0: (4, 4)} | said).items())
    return tuple(TimeSignature(tick=tick, beats=beats, unit=unit) for tick, (beats, unit) in found)


def _check_pace(tempo_map: TempoMap, path: Path) -> None:
    fastest = min(tempo for _, tempo in tempo_map.tempos) * Fraction(4, max(one.unit for one in tempo_map.signatures)) / 1_000_000
    if fastest * MOST_BEATS_A_SECOND < 1:
        raise UserError(f"“{path.name}” has beats that follow each other in {float(fastest):.4f} s.", "Give it a tempo that can be heard.")


def _notes(events: Sequence[_Event], tempo_map: TempoMap) -> tuple[tuple[Note, ...], int]:
    """Pair beginnings and ends, the oldest first; and count those that never end."""
    began: dict[tuple[str, int, int], deque[tuple[int, int]]] = defaultdict(deque)
    found = list[tuple[int, int, int, int, int, str]]()  # first and end tick, key, velocity, channel, track
    for tick, track, message in events:
        if message.type not in ("note_on", "note_off"):
            continue
        sounding = began[track, message.channel, message.note]
        if message.type == "note_on" and message.velocity:
            sounding.append((tick, message.velocity))
        elif sounding:
            first, velocity = sounding.popleft()
            found.append((first, tick, message.note, velocity, message.channel, track))
    last = max((tick for tick, _, _ in events), default=0)
    unended = [(*note, key) for key, sounding in began.items() for note in sounding]
    found += [(first, last, note, velocity, channel, track) for first, velocity, (track, channel, note) in unended]
    notes = [
        Note(start=tempo_map.seconds(first), end=tempo_map.seconds(end), key=key, velocity=velocity, channel=channel + 1, track=track)
        for first, end, key, velocity, channel, track in sorted(found)
    ]
    return tuple(notes), len(unended)


# Which notes drive what -----------------------------------------------------------------------------------------------------------------


def moving(score: Score, said: str) -> tuple[Note, ...]:
    """Give the notes that move the picture: those that are named, else the drums, else all."""
    return chosen(score, said) if said.strip() else tuple(note for note in score.notes if note.channel == DRUMS) or score.notes


def sounding(score: Score, said: str) -> tuple[Note, ...]:
    """Give the notes that the things follow: those that are named, else all but the drums, else all."""
    return chosen(score, said) if said.strip() else tuple(note for note in score.notes if note.channel != DRUMS) or score.notes


def chosen(score: Score, said: str) -> tuple[Note, ...]:
    """Give the notes that somebody names.

    Parameters
    ----------
    score
        Whose.
    said
        Words between commas: a channel (``10``), one key of a channel (``10:36``), a track's name; or ``all``, or ``none``.

    Raises
    ------
    UserError
        If a word names nothing that is there.
    """
    words = [word.strip() for word in said.split(",") if word.strip()]
    if words == [NONE]:
        return ()
    taken = set[Note]()
    for word in words:
        named = [note for note in score.notes if _is_named(note, word)]
        if not named:
            raise UserError(f"“{score.name}” has no notes “{word}”.", f"It has {_told(score)}. One drum is written 10:36.")
        taken.update(named)
    return tuple(note for note in score.notes if note in taken)


def _is_named(note: Note, word: str) -> bool:
    channel, _, key = word.partition(":")
    if channel.isdecimal() and (not key or key.isdecimal()) and len(word) < 8:  # noqa: PLR2004 (16:127 is the longest)
        return note.channel == int(channel) and (not key or note.key == int(key))
    return word.casefold() == ALL or note.track.casefold() == word.casefold()


def _told(score: Score) -> str:
    channels = sorted({note.channel for note in score.notes})
    tracks = sorted({note.track for note in score.notes if note.track})
    told = [f"the channels {', '.join(map(str, channels))}"] if channels else ["no notes"]
    return " and ".join([*told, *([f"the tracks {', '.join(tracks[:16])}"] if tracks else [])])


# Features -------------------------------------------------------------------------------------------------------------------------------


def features(notes: Sequence[Note], *, control_frames: int, offset_seconds: Fraction) -> Features:
    """Give what would be heard of notes, in the control frames of another sound.

    Parameters
    ----------
    notes
        What sounds.
    control_frames
        How many there are, F.
    offset_seconds
        What is at time t in the sound, is at ``t + offset_seconds`` in the score.

    Returns
    -------
    Features
        F control frames, without beats. A hit is as strong as its velocity; what sounds together adds up in power.
    """
    begins, ends = (_frames(notes, edge, offset_seconds) for edge in ("start", "end"))
    keys, velocities = (np.array([getattr(note, name) for note in notes], np.int64) for name in ("key", "velocity"))
    bands = np.array([_band(note) for note in notes], np.int64)
    power = velocities**2  # whole numbers: where nothing sounds, the sums are exactly 0
    ends = np.maximum(ends, begins + 1)
    of_bands = _sums(bands, begins, ends, power, shape=(len(BAND_EDGES_HZ) + 1, control_frames))
    attack = [begins + edge for edge in ATTACK_FRAMES]
    of_bands = (of_bands + _sums(bands, *attack, ATTACK * power, shape=of_bands.shape)) / 127**2
    of_pitches = _sums(keys % 12, begins, ends, power, shape=(len(PITCH_CLASSES), control_frames)) / 127**2
    loudest = of_pitches.max(axis=0)
    chroma = np.sqrt(np.divide(of_pitches, loudest, out=np.zeros_like(of_pitches), where=loudest > 0)).astype(np.float32)
    energy, onsets = of_bands.sum(axis=0), _onsets(begins, power, control_frames)
    return Features(
        chroma=chroma,
        harmonic_chroma=chroma,
        chroma_energy=of_pitches.sum(axis=0).astype(np.float32),
        energy=over_its_range(energy),
        flux=flux_of(energy),
        onset_strength=onsets,
        percussive_onset_strength=onsets,
        bands=of_bands.astype(np.float32),
        beat_times=np.zeros(0),
        tempo=np.array(0.0),
    )


def _frames(notes: Sequence[Note], edge: str, offset_seconds: Fraction) -> np.ndarray:
    """Give the control frames nearest to where notes begin or end, int64 [n]; a drum's end is its own."""
    seconds = [
        float((note.start + STRUCK_SECONDS if edge == "end" and note.channel == DRUMS else getattr(note, edge)) - offset_seconds)
        for note in notes
    ]
    return np.round(np.array(seconds) * float(CONTROL_RATE)).astype(np.int64)


def _band(note: Note) -> int:
    """Say which band a note is in: 0 low, 1 mid, 2 high. A drum's key says what it is, others' how high."""
    if note.channel == DRUMS:
        return 0 if note.key in LOW_DRUMS else 2 if note.key in HIGH_DRUMS else 1
    return bisect_right(BAND_EDGES_HZ, 440 * 2 ** ((note.key - 69) / 12))


def _sums(rows: np.ndarray, begins: np.ndarray, ends: np.ndarray, values: np.ndarray, *, shape: tuple[int, int]) -> np.ndarray:
    """Add each value to its row's frames from its beginning to its end: int64 of the given shape."""
    steps = np.zeros((shape[0], shape[1] + 1), np.int64)
    for edges, signed in ((begins, values), (ends, -values)):
        np.add.at(steps, (rows, edges.clip(0, shape[1])), signed)
    return steps.cumsum(axis=1)[:, :-1]


def _onsets(begins: np.ndarray, power: np.ndarray, control_frames: int) -> np.ndarray:
    """Give the onset strength, float32 [F]: at each beginning its velocity, 0 ... 1 for one note, and less behind it."""
    inside = (begins >= 0) & (begins < control_frames)
    struck = np.zeros(control_frames + len(HIT_SHAPE), np.int64)
    np.add.at(struck, begins[inside], power[inside])
    strength = np.sqrt(struck) / 127
    shifted = [share * np.roll(strength, place) for place, share in enumerate(HIT_SHAPE)]
    return np.max(shifted, axis=0)[:control_frames].astype(np.float32)
