"""Beats, against librosa's tracker and against clicks whose times are known."""

from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.sound import audio, beats, hearing, spectra
from tests import sounds


def strength_of(samples):
    return hearing.onset_strength(spectra.mel_power_and_tuning(samples)[0])


def random_strength(seed, *, frames=400, share=0.3):
    rng = np.random.default_rng(seed)
    strength = (rng.random(frames) * (rng.random(frames) < share)).astype(np.float32)
    strength[:3] = 0  # as that of a sound: nothing can rise before it begins
    return strength


def librosas(strength):
    tempo, frames = librosa.beat.beat_track(onset_envelope=strength, sr=22_050, hop_length=512)
    return frames, float(np.ravel(tempo)[0])


@pytest.fixture(scope="module")
def song():
    return strength_of(audio.load(Path(__file__).resolve().parents[2] / "tools" / "demo_song.ogg"))


def test_the_beats_of_a_song_are_librosas(song):
    found, tempo = beats.track(song)
    expected, expected_tempo = librosas(song)
    np.testing.assert_array_equal(found, expected)
    assert beats._tempo(song) == expected_tempo
    assert tempo == pytest.approx(120, abs=0.5)  # the song's own, which librosa's steps miss


@given(st.integers(0, 2**32 - 1), st.integers(50, 900), st.sampled_from([0.02, 0.3, 1.0]))
@hypothesis_settings(max_examples=60)
def test_the_beats_of_anything_are_librosas_but_for_ties(seed, frames, share):
    strength = random_strength(seed, frames=frames, share=share)
    found, tempo = beats.track(strength)
    expected, expected_tempo = librosas(strength)
    assert beats._tempo(strength) == expected_tempo if strength.any() else tempo == 0
    assert len(found) == len(expected)
    if len(found):
        assert np.abs(found - expected).max() <= 3  # librosa counts in single precision
        assert np.mean(found == expected) > 0.5


def test_beats_fall_on_clicks():
    samples = sounds.click_track(seconds=15, rate=22_050)
    found, tempo = beats.track(strength_of(samples))
    times = found * 512 / 22_050
    assert tempo == pytest.approx(120, abs=0.5)
    assert len(times) >= 27
    assert all(np.abs(sounds.click_times(15) - time).min() < 0.03 for time in times)
    assert np.diff(times) == pytest.approx(0.5, abs=0.03)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([0.05, 1.0]), st.sampled_from([1e-6, 1.0, 1e3]))
@hypothesis_settings(max_examples=60)
def test_beats_of_short_sounds_rise_within_them(seed, frames, share, factor):
    strength = random_strength(seed, frames=frames, share=share) * np.float32(factor)
    found, tempo = beats.track(strength)
    assert np.isfinite(tempo)
    assert (tempo > 0) == bool(strength.any())
    assert (np.diff(found) > 0).all()
    assert ((found >= 0) & (found < frames)).all()


def test_nothing_struck_has_no_beats():
    found, tempo = beats.track(np.zeros(1000, np.float32))
    assert not len(found)
    assert tempo == 0


def test_a_single_hit_is_one_beat():
    strength = np.zeros(1000, np.float32)
    strength[500] = 3
    found, _ = beats.track(strength)
    assert 500 in found
    assert np.abs(found - 500).max() <= 2
