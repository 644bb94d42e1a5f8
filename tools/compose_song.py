"""Compose the demo song, a short tune about a dog at the grand piano, and its lyrics.

In: nothing but the score written below and a random generator for the noise of drums and room. Out: a stereo sound file and, beside it, an
LRC file of the same name whose stamps come from the same score. Never reads a clock, a recording or the network, so whoever runs it gets
the same song.

The song suits its purpose: its chords visit all twelve pitch classes (chroma picks the pictures), its drums are plain (energy and flux move
them), its bridge is quiet, and each sung line names things that ImageNet knows. Nobody sings; a voice-like lead plays one note a syllable.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

FloatArray = npt.NDArray[np.float64]
Instrument = Callable[[float, float], FloatArray]

TITLE = "Dog at the Grand Piano"
ARTIST = "Chromastrip"
SEED = 12
SAMPLE_RATE = 44_100
BEAT_SECONDS = 0.5  # 120 bpm: a beat is 12 video frames at 24 fps and 15 at 30
STEP_BEATS = 0.25  # one letter of a drum pattern
SONG_BEATS = 46.0
PEAK_DBFS = -1.0


# The score. Time counts in beats from the start of the song, pitch in MIDI numbers (60 is middle C).


@dataclass(frozen=True, kw_only=True)
class Chord:
    """One harmony: where it sounds, its bass note and the notes of the right hand."""

    start: float
    beats: float
    bass: int
    tones: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class DrumBar:
    """Four beats of drums in sixteenth steps: `X` loud, `x` soft, `.` rest."""

    kick: str = ""
    snare: str = ""
    hat: str = ""
    open_hat: str = ""
    crash: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A stretch of the song: how loud it is and, per instrument, the beats after a chord's start at which it plays."""

    name: str
    start: float
    beats: float
    level: float
    keys: tuple[float, ...]
    bass: tuple[float, ...]
    bells: tuple[float, ...]
    drums: tuple[DrumBar, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the lyrics, hyphens between the syllables of a word, and one `(pitch, beats)` for every syllable."""

    start: float
    text: str
    melody: tuple[tuple[int, float], ...]


CHORDS = (
    Chord(start=0, beats=4, bass=41, tones=(53, 57, 60, 64)),  # Fmaj7
    Chord(start=4, beats=4, bass=43, tones=(55, 59, 62, 67)),  # G
    Chord(start=8, beats=4, bass=36, tones=(55, 60, 64, 67)),  # C
    Chord(start=12, beats=4, bass=44, tones=(56, 59, 62, 64)),  # E7/G#
    Chord(start=16, beats=4, bass=45, tones=(57, 60, 64, 67)),  # Am7
    Chord(start=20, beats=2, bass=41, tones=(57, 60, 65, 69)),  # F
    Chord(start=22, beats=2, bass=41, tones=(56, 60, 65, 68)),  # Fm
    Chord(start=24, beats=4, bass=44, tones=(55, 60, 63, 67)),  # Abmaj7
    Chord(start=28, beats=2, bass=46, tones=(53, 58, 62, 65)),  # Bb
    Chord(start=30, beats=2, bass=45, tones=(55, 57, 61, 64)),  # A7, the way up to D
    Chord(start=32, beats=2, bass=38, tones=(57, 62, 66, 69)),  # D
    Chord(start=34, beats=2, bass=37, tones=(57, 61, 64, 69)),  # A/C#
    Chord(start=36, beats=2, bass=35, tones=(59, 62, 66, 71)),  # Bm
    Chord(start=38, beats=1, bass=43, tones=(59, 62, 67, 71)),  # G
    Chord(start=39, beats=1, bass=45, tones=(61, 64, 69, 73)),  # A
    Chord(start=40, beats=6, bass=38, tones=(57, 62, 64, 66, 69, 74)),  # Dadd9
)

SILENT_BAR = DrumBar()
PICKUP_BAR = DrumBar(kick="X.......X.......", snare="............x.xX", hat="x.x.x.x.x.x.....")
VERSE_BAR = DrumBar(kick="X.....x.X.......", snare="....X.......X...", hat="X.x.X.x.X.x.X.x.")
STOP_BAR = DrumBar(kick="X.....x.X.......", snare="....X...X.......", hat="X.x.X.x.X.......")
BRIDGE_BAR = DrumBar(kick="x...............", hat="....x.......x...")
ROLL_BAR = DrumBar(kick="x...............", hat="....x...........", snare="............x.xX")
END_CRASH_BAR = DrumBar(
    kick="X...X...X...X...", snare="....X.......X...", hat="X.x.X.x.X.x.X.x.", open_hat="..X...X...X...X.", crash="X..............."
)
END_BAR = DrumBar(kick="X...X...X...X...", snare="....X.......X.XX", hat="X.x.X.x.X.x.X.x.", open_hat="..X...X...X.....")
LAST_BAR = DrumBar(kick="X...............", snare="X...............", crash="X...............")

EIGHTHS = (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)
SECTIONS = (
    Section(name="intro", start=0, beats=8, level=0.6, keys=(0,), bass=(0,), bells=EIGHTHS, drums=(SILENT_BAR, PICKUP_BAR)),
    Section(
        name="verse",
        start=8,
        beats=16,
        level=0.75,
        keys=(0, 1.5, 3),
        bass=(0, 1.5, 2, 3.5),
        bells=(),
        drums=(VERSE_BAR, VERSE_BAR, VERSE_BAR, STOP_BAR),
    ),
    Section(name="bridge", start=24, beats=8, level=0.3, keys=(0,), bass=(0,), bells=(1, 3), drums=(BRIDGE_BAR, ROLL_BAR)),
    Section(name="end", start=32, beats=8, level=1.0, keys=(0, 0.5, 1.5), bass=EIGHTHS, bells=EIGHTHS, drums=(END_CRASH_BAR, END_BAR)),
    Section(name="last chord", start=40, beats=6, level=1.0, keys=(0,), bass=(0,), bells=(0, 0.5, 1, 1.5, 2), drums=(LAST_BAR,)),
)

LINES = (
    Line(start=8, text="Dog at the grand pi-an-o,", melody=((76, 1), (74, 0.5), (72, 0.5), (76, 0.5), (74, 0.5), (79, 0.5), (76, 0.5))),
    Line(start=12, text="owl on the light-house light,", melody=((74, 1), (72, 0.5), (71, 0.5), (74, 0.5), (71, 0.5), (68, 1))),
    Line(
        start=16,
        text="jel-ly-fish un-der um-brel-las,",
        melody=((69, 0.5), (71, 0.5), (72, 1), (76, 0.5), (74, 0.25), (72, 0.25), (81, 0.5), (76, 0.5)),
    ),
    Line(start=20, text="straw-ber-ries ripe and bright.", melody=((77, 0.5), (76, 0.5), (72, 1), (80, 0.5), (79, 0.5), (77, 1))),
    Line(start=24, text="One lit-tle sail-ing boat,", melody=((75, 1), (72, 0.5), (70, 0.5), (72, 0.5), (70, 0.5), (67, 0.5))),
    Line(start=27.5, text="a gold-fish swims a-way.", melody=((67, 0.5), (70, 1), (74, 1), (76, 0.5), (74, 0.5), (73, 0.5))),
    Line(
        start=31.5,
        text="Vol-ca-no, roar like a li-on,",
        melody=((69, 0.5), (78, 1), (74, 1), (76, 0.5), (76, 0.25), (74, 0.25), (81, 0.5), (76, 0.5)),
    ),
    Line(
        start=36,
        text="red bal-loons a-bove the bay!",
        melody=((74, 0.5), (76, 0.5), (78, 0.5), (78, 0.5), (79, 1), (81, 1), (86, 4)),
    ),
)


# The song.


def main() -> None:
    """Write the sound file and, beside it, the lyrics."""
    parser = argparse.ArgumentParser(description="Compose the demo song and its lyrics.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("demo_song.ogg"), help="sound file, .ogg or .flac")
    path: Path = parser.parse_args().out
    write_sound(path, compose(np.random.default_rng(SEED)))
    path.with_suffix(".lrc").write_text(lyrics(), encoding="utf-8", newline="\n")


def compose(rng: np.random.Generator) -> FloatArray:
    """Compose the song.

    Parameters
    ----------
    rng
        Source of the noise in drums and reverb; the shipped song uses ``default_rng(SEED)``.

    Returns
    -------
    samples : float64 [samples, 2]
        Left and right at `SAMPLE_RATE`, peak `PEAK_DBFS`.
    """
    drums = 1.25 * play_drums(rng)
    bass = 0.36 * play(bass_notes(), bass_guitar)
    keys = 0.19 * play(chord_notes(), electric_piano)
    pads = 0.09 * play(pad_notes(), pad)
    bells = 0.2 * play(bell_notes(), bell)
    lead = with_echo(0.27 * play(lead_notes(), voice))
    dry = drums + bass + keys + pads + bells + lead
    wet = reverb(0.15 * drums + keys + pads + 2 * bells + lead, impulse=room(rng))
    return master(dry + 0.22 * wet).T


def lyrics() -> str:
    """Return the lyrics in LRC format, one stamped line for every line of the score."""
    tags = f"[ti:{TITLE}]\n[ar:{ARTIST}]\n[length:{minutes_seconds(SONG_BEATS * BEAT_SECONDS)}]\n\n"
    return tags + "".join(f"[{minutes_seconds(line.start * BEAT_SECONDS)}]{line.text.replace('-', '')}\n" for line in LINES)


def minutes_seconds(seconds: float) -> str:
    """Format a time as LRC does, ``mm:ss.xx``."""
    return f"{int(seconds // 60):02d}:{seconds % 60:05.2f}"


def write_sound(path: Path, samples: FloatArray) -> None:
    """Write a stereo sound file in the format its suffix names.

    Parameters
    ----------
    path
        Sound file to write, ``.ogg`` (Vorbis) or ``.flac``.
    samples : float64 [samples, 2]
        Left and right at `SAMPLE_RATE`.
    """
    with soundfile.SoundFile(path, "w", samplerate=SAMPLE_RATE, channels=2) as file:
        file.title, file.artist = TITLE, ARTIST
        for start in range(0, len(samples), SAMPLE_RATE):  # libsndfile's Vorbis encoder can overflow the stack on one long write
            file.write(samples[start : start + SAMPLE_RATE])


# From score to notes.


@dataclass(frozen=True, kw_only=True)
class Note:
    """A note to play: start and length in beats, MIDI pitch (fractions detune), gain, and place from left (-1) to right (1)."""

    start: float
    beats: float
    pitch: float
    gain: float
    pan: float = 0.0


def bass_notes() -> Iterator[Note]:
    """Yield the bass line: the chords' bass notes in the rhythm of the section."""
    for chord in CHORDS:
        section = section_at(chord.start)
        for start, beats in onsets(chord, section.bass):
            yield Note(start=start, beats=beats, pitch=chord.bass, gain=section.level)


def chord_notes() -> Iterator[Note]:
    """Yield the electric piano's chords, low notes to the left as at a keyboard."""
    for chord in CHORDS:
        section = section_at(chord.start)
        for start, beats in onsets(chord, section.keys):
            for tone in chord.tones:
                yield Note(start=start, beats=beats, pitch=tone, gain=section.level, pan=(tone - 62) / 20)


def pad_notes() -> Iterator[Note]:
    """Yield the pad's held chords, each note once per ear and slightly out of tune with its twin, which makes them wide."""
    for chord in CHORDS:
        for tone in chord.tones:
            for pan in (-0.8, 0.8):
                yield Note(start=chord.start, beats=chord.beats, pitch=tone + 0.08 * pan, gain=section_at(chord.start).level, pan=pan)


def bell_notes() -> Iterator[Note]:
    """Yield the bells' broken chords, two octaves above the piano, from side to side."""
    for chord in CHORDS:
        section = section_at(chord.start)
        for i, (start, _) in enumerate(onsets(chord, section.bells)):
            pan = 0.6 if i % 2 else -0.6
            yield Note(start=start, beats=2, pitch=chord.tones[i % len(chord.tones)] + 24, gain=section.level, pan=pan)


def lead_notes() -> Iterator[Note]:
    """Yield the melody, in the loud end doubled an octave below."""
    for line in LINES:
        start = line.start
        for pitch, beats in line.melody:
            level = section_at(start).level
            yield Note(start=start, beats=beats, pitch=pitch, gain=level)
            if level == 1.0:
                yield Note(start=start, beats=beats, pitch=pitch - 12, gain=0.8 * level)
            start += beats


def section_at(beat: float) -> Section:
    """Return the section that sounds at a beat."""
    return next(section for section in SECTIONS if section.start <= beat < section.start + section.beats)


def onsets(chord: Chord, rhythm: tuple[float, ...]) -> Iterator[tuple[float, float]]:
    """Yield start and length in beats of a rhythm's notes, cut where the chord ends."""
    starts = [beat for beat in rhythm if beat < chord.beats]
    for start, end in pairwise([*starts, chord.beats]):
        yield chord.start + start, end - start


# From notes to tracks. A track is float64 [2, samples] and as long as the song.


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A sound to place on a track: its start in the song, mono samples, gain and pan."""

    start_seconds: float
    samples: FloatArray
    gain: float
    pan: float


def play(notes: Iterable[Note], instrument: Instrument) -> FloatArray:
    """Play notes on an instrument, a function of pitch in hertz and length in seconds, and return the track."""
    return track_of(
        Sound(
            start_seconds=note.start * BEAT_SECONDS,
            samples=instrument(440.0 * 2 ** ((note.pitch - 69) / 12), note.beats * BEAT_SECONDS),
            gain=note.gain,
            pan=note.pan,
        )
        for note in notes
    )


def play_drums(rng: np.random.Generator) -> FloatArray:
    """Play the drum bars of all sections and return the track."""
    hats = {"hat": 0.16 * hat(rng, decay_seconds=0.03), "open_hat": 0.13 * hat(rng, decay_seconds=0.12)}
    kit = {"kick": 0.95 * kick(), "snare": 0.6 * snare(rng), "crash": 0.22 * hat(rng, decay_seconds=0.6), **hats}
    pans = {"hat": 0.35, "open_hat": 0.35, "crash": -0.3}
    return track_of(
        Sound(start_seconds=beat * BEAT_SECONDS, samples=kit[name], gain=gain, pan=pans.get(name, 0.0)) for name, beat, gain in drum_hits()
    )


def drum_hits() -> Iterator[tuple[str, float, float]]:
    """Yield drum, beat and gain of every hit."""
    for section in SECTIONS:
        for bar, drums in enumerate(section.drums):
            for name, pattern in vars(drums).items():
                for step, letter in enumerate(pattern):
                    if letter != ".":
                        yield name, section.start + 4 * bar + step * STEP_BEATS, section.level * {"X": 1.0, "x": 0.55}[letter]


def track_of(sounds: Iterable[Sound]) -> FloatArray:
    """Add up sounds, each at its time and place; what reaches beyond the song's end is cut."""
    track = np.zeros((2, round(SONG_BEATS * BEAT_SECONDS * SAMPLE_RATE)))
    for sound in sounds:
        start = round(sound.start_seconds * SAMPLE_RATE)
        angle = (sound.pan + 1) * np.pi / 4  # equal power: as loud at the side as in the middle
        gains = sound.gain * np.array([np.cos(angle), np.sin(angle)])
        part = sound.samples[: track.shape[1] - start]
        track[:, start : start + len(part)] += gains[:, None] * part
    return track


# Instruments: pitch in hertz and length in seconds in, mono float64 [samples] of amplitude about 1 out.


def electric_piano(hz: float, seconds: float) -> FloatArray:
    """Play a tine piano note: FM whose brightness dies away before the note, under a short metallic knock.

    The method is Chowning's ("The Synthesis of Complex Audio Spectra by Means of Frequency Modulation", 1973), the ratios 1 and 14
    are those of the best-known FM electric piano.
    """
    t = times(seconds + 0.4)
    body = np.sin(2 * np.pi * hz * t + 1.3 * np.exp(-t / 0.35) * np.sin(2 * np.pi * hz * t))
    knock = 0.12 * np.exp(-t / 0.04) * np.sin(2 * np.pi * 14 * hz * t)
    return (body * np.exp(-t / 1.4) + knock) * gate(t, seconds, attack=0.004, release=0.1)


def bell(hz: float, seconds: float) -> FloatArray:
    """Play a music-box note: FM at the inharmonic ratio 3.5."""
    t = times(seconds + 0.4)
    wave = np.sin(2 * np.pi * hz * t + 0.9 * np.exp(-t / 0.15) * np.sin(2 * np.pi * 3.5 * hz * t))
    return wave * np.exp(-t / 0.4) * gate(t, seconds, attack=0.002, release=0.1)


def pad(hz: float, seconds: float) -> FloatArray:
    """Play a warm string-like note: a dull sawtooth that swells."""
    t = times(seconds + 0.6)
    harmonics = np.arange(1, 13)
    return tone(hz * t, np.exp(-harmonics * hz / 1500) / harmonics) * gate(t, seconds, attack=0.2, release=0.25)


def bass_guitar(hz: float, seconds: float) -> FloatArray:
    """Play a plucked bass note; its overtones carry it on small loudspeakers."""
    t = times(seconds + 0.1)
    pluck = tone(hz * t, np.array([0.0, 0.6, 0.35, 0.25, 0.15, 0.1])) * np.exp(-t / 0.25)
    return (np.sin(2 * np.pi * hz * t) * np.exp(-t / 1.5) + pluck) * gate(t, seconds, attack=0.005, release=0.03)


def voice(hz: float, seconds: float) -> FloatArray:
    """Sing "ah": harmonics shaped by the vowel's formants, with a vibrato that comes late.

    Formants 800, 1150 and 2900 Hz are a soprano's "a" in Csound's table of formant values.
    """
    t = times(seconds + 0.2)
    vibrato = 0.006 * np.clip((t - 0.2) / 0.4, 0, 1) * np.sin(2 * np.pi * 5.5 * t)
    harmonics = np.arange(1, int(5000 / hz) + 1)
    formants = [gain * np.exp(-(((harmonics * hz - centre) / 350) ** 2)) for centre, gain in ((800, 1.0), (1150, 0.6), (2900, 0.15))]
    cycles = np.cumsum(hz * (1 + vibrato)) / SAMPLE_RATE
    amplitudes = 0.45 / harmonics**1.5 + np.sum(formants, axis=0) / harmonics
    amplitudes /= np.linalg.norm(amplitudes)  # else notes near a formant would shout
    return tone(cycles, amplitudes) * gate(t, seconds, attack=0.03, release=0.06)


def kick() -> FloatArray:
    """Return a bass drum: a sine that falls from 160 to 48 Hz."""
    t = times(0.45)
    hz = 48 + 112 * np.exp(-t / 0.03)
    return np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE) * np.exp(-t / 0.13) * gate(t, 0.35, attack=0.001, release=0.03)


def snare(rng: np.random.Generator) -> FloatArray:
    """Return a snare drum: a short tone under a burst of noise."""
    t = times(0.35)
    head = 0.6 * np.sin(2 * np.pi * 190 * t) * np.exp(-t / 0.05)
    wires = band(rng.standard_normal(len(t)), low_hz=1200, high_hz=9000) * np.exp(-t / 0.085)
    return (head + 0.55 * wires) * gate(t, 0.28, attack=0.001, release=0.03)


def hat(rng: np.random.Generator, *, decay_seconds: float) -> FloatArray:
    """Return a cymbal, from closed hi-hat (0.03 s) to crash (0.6 s)."""
    t = times(5 * decay_seconds)
    return band(rng.standard_normal(len(t)), low_hz=6500, high_hz=15_000) * np.exp(-t / decay_seconds) * (1 - t / t[-1])


def times(seconds: float) -> FloatArray:
    """Return the time of every sample, in seconds from 0."""
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def gate(t: FloatArray, seconds: float, *, attack: float, release: float) -> FloatArray:
    """Return an envelope that rises to 1 within `attack` and, from `seconds` on, falls off with time constant `release`."""
    return np.minimum(t / attack, 1) * np.exp(-np.maximum(t - seconds, 0) / release)


def tone(cycles: FloatArray, amplitudes: FloatArray) -> FloatArray:
    """Return a sum of harmonics read from a table of one cycle, far faster than a sine for each.

    Parameters
    ----------
    cycles : float64 [samples]
        Phase in cycles.
    amplitudes : float64 [harmonics]
        Amplitude of the fundamental and its overtones.

    Returns
    -------
    float64 [samples]
    """
    grid = np.linspace(0, 1, 2049)
    table = amplitudes @ np.sin(2 * np.pi * np.outer(np.arange(1, len(amplitudes) + 1), grid))
    return np.interp(cycles % 1.0, grid, table)


def band(noise: FloatArray, *, low_hz: float, high_hz: float) -> FloatArray:
    """Keep a band of a noise, with gentle edges, and bring its standard deviation to a third."""
    hz = np.fft.rfftfreq(noise.shape[-1], 1 / SAMPLE_RATE)
    gains = 1 / (1 + (low_hz / np.maximum(hz, 1)) ** 4) / (1 + (hz / high_hz) ** 4)
    kept = np.fft.irfft(np.fft.rfft(noise) * gains, noise.shape[-1])
    return kept / (3 * kept.std())


# The mix.


def with_echo(track: FloatArray) -> FloatArray:
    """Add two echoes, three and six sixteenths later, the first from the left and the second from the right."""
    echoes = track.copy()
    for side, repeat in enumerate((1, 2)):
        delay = round(repeat * 3 * STEP_BEATS * BEAT_SECONDS * SAMPLE_RATE)
        echoes[side, delay:] += 0.3**repeat * 2 * track[side, :-delay]
    return echoes


def room(rng: np.random.Generator) -> FloatArray:
    """Return the impulse response of a hall, [2, samples]: dying noise, different in each ear, after a short silence."""
    t, silence_seconds = times(1.8), 0.02
    tail = band(rng.standard_normal((2, len(t))), low_hz=250, high_hz=4500) * np.exp(-t / 0.35)
    tail[:, t < silence_seconds] = 0
    return tail / np.sqrt(np.sum(tail**2, axis=1, keepdims=True))


def reverb(track: FloatArray, *, impulse: FloatArray) -> FloatArray:
    """Return how a track sounds in a room, without the direct sound, as long as the track."""
    size = track.shape[1] + impulse.shape[1]  # long enough that the end does not wrap around to the start
    return np.fft.irfft(np.fft.rfft(track, size) * np.fft.rfft(impulse, size), size)[:, : track.shape[1]]


def master(track: FloatArray) -> FloatArray:
    """Round off the loudest peaks, fade the last 0.8 s out and bring the peak to `PEAK_DBFS`."""
    rounded = np.tanh(track / (0.8 * np.abs(track).max()))
    fade = np.clip((track.shape[1] - np.arange(track.shape[1])) / (0.8 * SAMPLE_RATE), 0, 1)
    faded = rounded * fade
    return faded * 10 ** (PEAK_DBFS / 20) / np.abs(faded).max()


if __name__ == "__main__":
    main()
