"""The demo song: the shipped files are what `tools/compose_song.py` composes, and the song has the shape the demos rely on."""

import importlib.util
import re
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

FloatArray = npt.NDArray[np.float64]
TOOLS = Path(__file__).parents[2] / "tools"
SONG_FILE = TOOLS / "demo_song.ogg"
LYRICS_FILE = TOOLS / "demo_song.lrc"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compose_song", TOOLS / "compose_song.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def samples(tool: ModuleType) -> FloatArray:
    return tool.compose(np.random.default_rng(tool.SEED))


@pytest.fixture(scope="module")
def shipped() -> FloatArray:
    return np.asarray(soundfile.read(SONG_FILE)[0], dtype=np.float64)


def section_rms(tool: ModuleType, samples: FloatArray, name: str) -> float:
    section = next(section for section in tool.SECTIONS if section.name == name)
    start, end = (round(beat * tool.BEAT_SECONDS * tool.SAMPLE_RATE) for beat in (section.start, section.start + section.beats))
    return float(np.sqrt(np.mean(samples[start:end] ** 2)))


def lyric_stamps(text: str) -> list[float]:
    return [60 * int(minutes) + float(seconds) for minutes, seconds in re.findall(r"^\[(\d\d):(\d\d\.\d\d)\]", text, re.MULTILINE)]


def test_composing_twice_gives_identical_samples(tool: ModuleType, samples: FloatArray) -> None:
    assert np.array_equal(samples, tool.compose(np.random.default_rng(tool.SEED)))


def test_shipped_song_has_the_composed_length_and_rate(tool: ModuleType, samples: FloatArray, shipped: FloatArray) -> None:
    assert shipped.shape == samples.shape
    assert soundfile.info(SONG_FILE).samplerate == tool.SAMPLE_RATE


def test_shipped_song_is_the_composed_song(samples: FloatArray, shipped: FloatArray) -> None:
    for side in (0, 1):
        assert np.corrcoef(samples[:, side], shipped[:, side])[0, 1] > 0.99


def test_shipped_song_is_small() -> None:
    assert SONG_FILE.stat().st_size < 1_000_000


def test_shipped_lyrics_are_the_scores(tool: ModuleType) -> None:
    assert LYRICS_FILE.read_text(encoding="utf-8") == tool.lyrics()


def test_peak_never_clips(tool: ModuleType, samples: FloatArray, shipped: FloatArray) -> None:
    assert np.abs(samples).max() == pytest.approx(10 ** (tool.PEAK_DBFS / 20))
    assert np.abs(shipped).max() < 1.0


def test_bridge_is_at_least_6_db_quieter_than_the_end(tool: ModuleType, samples: FloatArray) -> None:
    assert section_rms(tool, samples, "bridge") < 10 ** (-6 / 20) * section_rms(tool, samples, "end")


def test_last_chord_rings_out_to_silence(tool: ModuleType, samples: FloatArray) -> None:
    assert section_rms(tool, samples, "last chord") > 0.05
    assert np.abs(samples[-100:]).max() < 0.001


def test_sections_and_chords_follow_each_other_without_gaps(tool: ModuleType) -> None:
    for parts in (tool.SECTIONS, tool.CHORDS):
        ends = [part.start + part.beats for part in parts]
        assert [part.start for part in parts] == [0, *ends[:-1]]
        assert ends[-1] == tool.SONG_BEATS


def test_drum_bars_have_sixteen_steps_and_fill_their_sections(tool: ModuleType) -> None:
    for section in tool.SECTIONS:
        assert 4 * len(section.drums) <= section.beats
        for bar in section.drums:
            assert {len(pattern) for pattern in vars(bar).values()} <= {0, 16}


def test_chords_visit_all_twelve_pitch_classes(tool: ModuleType) -> None:
    assert {tone % 12 for chord in tool.CHORDS for tone in chord.tones} == set(range(12))


def test_each_syllable_has_a_note_and_lines_never_overlap(tool: ModuleType) -> None:
    previous_end = 0.0
    for line in tool.LINES:
        assert len(re.split(r"[ -]", line.text)) == len(line.melody)
        assert line.start >= previous_end
        previous_end = line.start + sum(beats for _, beats in line.melody)
    assert previous_end <= tool.SONG_BEATS


def test_lyric_stamps_rise_and_lie_within_the_song(tool: ModuleType, shipped: FloatArray) -> None:
    stamps = lyric_stamps(LYRICS_FILE.read_text(encoding="utf-8"))
    assert len(stamps) == len(tool.LINES)
    assert all(earlier < later for earlier, later in pairwise(stamps))
    assert stamps[0] >= 0
    assert stamps[-1] < len(shipped) / tool.SAMPLE_RATE
