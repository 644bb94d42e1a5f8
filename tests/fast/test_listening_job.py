"""What markers are made from: beats, the first bar, parts."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from core.protocol import Listen, UserError
from core.sound.features import CONTROL_RATE
from core.sound.listening_job import answer, first_bar
from tests.films import random_features

BEAT_FRAMES = 20


def heard_with_bars(first, *, bars=8):
    """Give features of a steady beat whose bars begin at the `first` beat: low hits and new chords there."""
    frames = (4 * bars + 2) * BEAT_FRAMES
    plain = random_features(frames)
    beats = np.arange(1, 4 * bars + 1) * BEAT_FRAMES
    low, chroma = np.full(frames, 0.01, np.float32), np.zeros((12, frames), np.float32)
    for number, beat in enumerate(beats[first::4]):
        low[beat : beat + 3] = 1
        chroma[:, beat:] = np.eye(12, dtype=np.float32)[5 * number % 12][:, None]
    return replace(
        plain,
        bands=np.stack([low, plain.bands[1], plain.bands[2]]),
        harmonic_chroma=chroma,
        chroma_energy=np.ones(frames, np.float32),
        beat_times=beats / float(CONTROL_RATE),
    )


@pytest.mark.parametrize("first", range(4))
def test_a_bar_begins_where_the_low_sound_hits_and_the_harmony_changes(first):
    assert first_bar(heard_with_bars(first)) == first


def test_where_there_are_hardly_any_beats_the_first_one_begins_a_bar():
    heard = heard_with_bars(2)
    assert first_bar(replace(heard, beat_times=heard.beat_times[:7])) == 0
    assert first_bar(replace(heard, beat_times=heard.beat_times[:0])) == 0


def test_silence_has_no_beats_and_one_part(tmp_path):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(22_050 * 3), 22_050)
    told = answer(Listen(job_id="1", sound_path=str(path), cache_folder=str(tmp_path)))
    assert (told.job_id, told.beats_seconds, told.first_bar) == ("1", (), 0)
    assert [part.start_seconds for part in told.parts] == [0.0]


def test_a_missing_sound_is_told(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        answer(Listen(job_id="1", sound_path=str(tmp_path / "no.wav"), cache_folder=str(tmp_path)))
