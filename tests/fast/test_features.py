"""Samples to features, against librosa in one go."""

import dataclasses
import warnings

import librosa
import numpy as np
import pytest

from core import audio, features, hearing
from core.features import Features, analyse
from tests import sounds

LONG_SECONDS = 8


@pytest.fixture(scope="module")
def song():
    samples = sounds.melody(seconds=LONG_SECONDS)
    samples[: audio.SAMPLE_RATE // 2] = 0  # silence before the first note
    return samples + 0.003 * np.random.default_rng(0).standard_normal(len(samples), np.float32)


@pytest.fixture(scope="module")
def heard(song):
    return analyse(song)


def librosa_mel(samples):
    return librosa.feature.melspectrogram(y=samples, sr=22_050, n_mels=128, fmax=8000, n_fft=2048, hop_length=512)


def assert_equal(one, other):
    for field in dataclasses.fields(Features):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_chroma_is_librosas(song, heard):
    np.testing.assert_array_equal(heard.chroma, librosa.feature.chroma_cqt(y=song, sr=22_050, hop_length=512))


@pytest.mark.parametrize("detuned", [0.98, 1.0, 1.013])
def test_tuning_is_librosas(song, detuned):
    samples = np.interp(np.arange(len(song)) * detuned, np.arange(len(song)), song).astype(np.float32)
    assert hearing.mel_power_and_tuning(samples)[1] == librosa.estimate_tuning(y=samples, sr=22_050, bins_per_octave=36)


def test_energy_is_the_mean_mel_power_over_its_range(song, heard):
    power = librosa_mel(song).mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(heard.energy, (power - power.min()) / np.ptp(power), atol=1e-7)
    assert heard.energy.min() == 0
    assert heard.energy.max() == 1


def test_flux_is_the_rise_of_the_power(song, heard):
    power = librosa_mel(song).mean(axis=0, dtype=np.float64)
    rise = [power[1] - power[0], *((power[i + 1] - power[i - 1]) / 2 for i in range(1, len(power) - 1)), power[-1] - power[-2]]
    np.testing.assert_allclose(heard.flux, [max(0, step / max(rise)) for step in rise], atol=1e-6)


def test_onset_strength_is_librosas(song, heard):
    expected = librosa.onset.onset_strength(S=librosa.power_to_db(librosa_mel(song)), sr=22_050, hop_length=512)
    np.testing.assert_allclose(heard.onset_strength, expected, atol=1e-3)


def test_blocks_change_no_number(song, heard, monkeypatch):
    monkeypatch.setattr(hearing, "BLOCK_FRAMES", 37)
    in_blocks = analyse(song)
    np.testing.assert_array_equal(in_blocks.chroma, heard.chroma)
    np.testing.assert_allclose(in_blocks.energy, heard.energy, atol=1e-7)


@pytest.mark.parametrize("samples", [2205, 5000, 22_050, 44_100, 60_000])
@pytest.mark.parametrize("loud", [0, 1])
def test_short_and_silent_sounds_have_finite_features_of_full_length(samples, loud):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        heard = analyse(loud * sounds.chord(seconds=samples / 22_050, rate=22_050))
    for field in dataclasses.fields(Features):
        values = getattr(heard, field.name)
        assert values.shape[-1] == 1 + samples // 512
        assert np.isfinite(values).all()
        assert values.any() == bool(loud) or field.name == "onset_strength"


def test_a_chord_sounds_in_its_own_pitch_classes():
    heard = analyse(sounds.chord(seconds=2, rate=22_050, hz=(220, 277.18, 329.63)))
    assert set(np.argsort(heard.chroma.mean(axis=1))[-3:]) == {9, 1, 4}  # A, C sharp, E, counted from C


# Kept by the file's digest --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sound(tmp_path):
    return sounds.write(tmp_path / "song.wav", sounds.chord(seconds=0.5))


def load(path, folder):
    return features.load(path, folder, digest=features.file_digest(path))


def test_a_sound_is_analysed_once(sound, tmp_path):
    first = load(sound, tmp_path / "kept")
    digest = features.file_digest(sound)
    sound.unlink()
    assert_equal(features.load(sound, tmp_path / "kept", digest=digest), first)


def test_another_content_under_the_same_name_is_analysed_anew(sound, tmp_path):
    first = load(sound, tmp_path / "kept")
    sounds.write(sound, sounds.chord(seconds=0.7))
    assert len(load(sound, tmp_path / "kept").energy) > len(first.energy)


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[:0], lambda whole: whole[: len(whole) // 2], lambda whole: whole.replace(b"NUMPY", b"NUM??")]
)
def test_a_damaged_entry_is_analysed_again(sound, tmp_path, damage):
    first = load(sound, tmp_path / "kept")
    (entry,) = (tmp_path / "kept").iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    assert_equal(load(sound, tmp_path / "kept"), first)
    assert entry.read_bytes()[:200] == whole[:200]


def test_nothing_but_the_entry_is_left_behind(sound, tmp_path):
    load(sound, tmp_path / "kept")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [f"{features.file_digest(sound)}-{features.ANALYSIS_VERSION}.npz"]
