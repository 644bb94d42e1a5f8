"""Samples to spectra, against librosa in one go."""

from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.sound import audio, spectra
from tests import sounds


@pytest.fixture(scope="module")
def song():
    return audio.load(Path(__file__).resolve().parents[2] / "tools" / "demo_song.ogg")[: 9 * audio.SAMPLE_RATE + 77]


def random_sound(seed, *, seconds=3.1):
    """Noise that comes and goes, notes of any tuning, or whole numbers, in which neighbours are often equal."""
    rng = np.random.default_rng(seed)
    count = round(seconds * audio.SAMPLE_RATE)
    noise = rng.standard_normal(count) * rng.random() * (np.arange(count) > rng.integers(count))
    notes = sum(np.sin(rng.uniform(0.02, 1) * np.arange(count)) for _ in range(rng.integers(6)))
    return (np.round(noise + notes) if seed % 3 == 0 else noise + notes).astype(np.float32)


def librosa_cqt(samples, *, tuning):
    return np.abs(librosa.cqt(samples, sr=22_050, hop_length=512, n_bins=252, bins_per_octave=36, tuning=tuning))


@pytest.mark.parametrize("tuning", [-0.5, -0.03, 0.0, 0.37])
@pytest.mark.parametrize("left_out", [0, 1, 511, 512])
def test_the_constant_q_transform_is_librosas(song, tuning, left_out):
    samples = song[left_out : 5 * audio.SAMPLE_RATE]
    np.testing.assert_array_equal(spectra.constant_q(samples, tuning=tuning), librosa_cqt(samples, tuning=tuning))


@given(st.integers(0, 2**32 - 1))
@example(283569)  # without one pitched peak
@hypothesis_settings(max_examples=10)
@pytest.mark.filterwarnings("ignore:Trying to estimate tuning from empty frequency set:UserWarning")  # librosa's, where there is none
def test_tuning_and_mel_power_are_librosas(seed):
    samples = random_sound(seed)
    mel, tuning = spectra.mel_power_and_tuning(samples)
    assert tuning == librosa.estimate_tuning(y=samples, sr=22_050, bins_per_octave=36)
    expected = librosa.feature.melspectrogram(y=samples, sr=22_050, n_mels=128, fmax=8000, n_fft=2048, hop_length=512)
    np.testing.assert_allclose(mel, expected, rtol=1e-5, atol=1e-7 * max(expected.max(), 1e-9))


@pytest.mark.parametrize("detuned", [0.98, 1.0, 1.013])
def test_the_tuning_of_a_melody_is_librosas(detuned):
    song = sounds.melody(seconds=8)
    samples = np.interp(np.arange(len(song)) * detuned, np.arange(len(song)), song).astype(np.float32)
    assert spectra.mel_power_and_tuning(samples)[1] == librosa.estimate_tuning(y=samples, sr=22_050, bins_per_octave=36)


def test_peaks_are_librosas(song):
    spectrum = spectra.magnitudes(song, 0, spectra.frame_count(song))
    pitches, heights = librosa.piptrack(S=spectrum, sr=22_050, n_fft=2048)
    found = spectra._peaks(spectrum)
    np.testing.assert_array_equal(found[0], pitches[pitches > 0])
    np.testing.assert_array_equal(found[1], heights[pitches > 0])


def test_blocks_change_no_number(song, monkeypatch):
    at_once = spectra.constant_q(song, tuning=0.1), *spectra.mel_power_and_tuning(song)
    monkeypatch.setattr(spectra, "BLOCK_FRAMES", 37)
    in_blocks = spectra.constant_q(song, tuning=0.1), *spectra.mel_power_and_tuning(song)
    np.testing.assert_array_equal(in_blocks[0], at_once[0])
    np.testing.assert_allclose(in_blocks[1], at_once[1], rtol=1e-5)
    assert in_blocks[2] == at_once[2]


def test_an_error_in_any_block_is_raised():
    def hear(first, _end):
        if first > 5 * spectra.BLOCK_FRAMES:
            raise MemoryError

    with pytest.raises(MemoryError):
        spectra.in_blocks(hear, 20 * spectra.BLOCK_FRAMES)
