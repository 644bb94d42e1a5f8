"""A MIDI file's beats and hits fall where a synthesizer plays them."""

from fractions import Fraction

import numpy as np
import pytest
import soundfile

from core.protocol import Stem
from core.sound import midi
from core.sound.features import CONTROL_RATE
from core.sound.listening import listen
from core.walk import impulses
from tests import films, midi_files, soundfonts
from tests.midi_files import QUARTER, SNARE, on_beats
from tools import debian

TEMPOS = [(0, 500_000), (8 * QUARTER, 731_000), (8 * QUARTER + 5 * 240, 333_333), (24 * QUARTER, 612_345)]
SIGNATURES = [(0, 4, 4), (8 * QUARTER, 3, 4), (17 * QUARTER, 7, 8)]
LATE = Fraction(27, 20)  # seconds of the sound before the MIDI file begins


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A MIDI file with a stick on each eighth, and its sound."""
    folder = tmp_path_factory.mktemp("played")
    file = midi_files.write(
        folder / "a.mid", [("", 10, on_beats(64, SNARE, 110, every=QUARTER // 2))], tempos=TEMPOS, signatures=SIGNATURES
    )
    try:
        return file, soundfonts.render(file, folder / "a.wav")
    except debian.NoPackageError as reason:
        pytest.skip(str(reason))


def begins_near(samples, rate, second):
    """Say where sound rises most within 40 ms of a second."""
    first = max(0, round((second - 0.04) * rate))
    level = np.abs(samples[first : round((second + 0.04) * rate)])
    return (first + int(np.argmax(level > 0.25 * level.max()))) / rate


def test_beats_are_within_10_ms_of_where_they_are_played(played):
    file, sound = played
    samples, rate = soundfile.read(sound, always_2d=True)
    samples = samples.mean(axis=1)
    score = midi.read(file)
    beats, bars = score.tempo_map.grid(score.notes[-1].start)
    late = [begins_near(samples, rate, float(beat)) - float(beat) for beat in beats]
    print(f"beats are played {1000 * min(late):.1f} to {1000 * max(late):.1f} ms after they are told")
    assert len(beats) > 30
    assert len(bars) > 8
    assert max(map(abs, late)) < 0.010


def test_hits_of_the_film_are_in_the_frames_in_which_they_are_played(played, tmp_path):
    file, sound = played
    samples, rate = soundfile.read(sound, always_2d=True)
    later = tmp_path / "later.wav"
    soundfile.write(later, np.concatenate([np.zeros((round(LATE * rate), samples.shape[1])), samples]), rate)
    heard = listen(films.request(tmp_path, later, motion_stem=Stem(sound_path=str(file), source_start_seconds=-LATE)))
    struck = np.flatnonzero(impulses.hits(heard, split=0.0).sum(axis=0)) / float(CONTROL_RATE)
    mono = np.concatenate([np.zeros(round(LATE * rate)), samples.mean(axis=1)])
    late = [begins_near(mono, rate, second) - second for second in struck]
    assert len(struck) == 64
    assert max(map(abs, late)) < 0.5 / float(CONTROL_RATE) + 0.010
    assert heard.beat_times[0] == float(LATE)
