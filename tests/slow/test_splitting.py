"""What rings apart from what hits, against librosa's separation of the sound itself."""

from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.sound import audio, hearing, spectra, splitting

RATE = audio.SAMPLE_RATE


def tones(*, seconds=6.0):
    """Chords of three overtones each that follow each other without a gap: float32 [n]."""
    time = np.arange(round(seconds * RATE)) / RATE
    notes = np.array([0, 4, 7, 12, 9, 5, 2, 11])[(time / 1.5).astype(int) % 8]
    phase = 2 * np.pi * np.cumsum(220 * 2 ** (notes / 12)) / RATE
    return (0.25 * (0.6 + 0.4 * np.sin(2 * np.pi * 0.3 * time)) * sum(np.sin(n * phase) / n for n in (1, 2, 3))).astype(np.float32)


def clicks(*, seconds=6.0):
    """Bursts of noise, twice a second: float32 [n]."""
    rng, samples = np.random.default_rng(1), np.zeros(round(seconds * RATE), np.float32)
    burst = round(0.08 * RATE)
    for begin in np.arange(0.25, seconds - 0.1, 0.5):
        first = round(begin * RATE)
        samples[first : first + burst] = 0.6 * rng.standard_normal(burst) * np.exp(-np.arange(burst) / (0.02 * RATE))
    return samples


def split(samples):
    tuning = spectra.mel_power_and_tuning(samples)[1]
    return splitting.split(samples, spectra.constant_q(samples, tuning=tuning), tuning=tuning)


def likeness(one, other):
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


@pytest.fixture(scope="module")
def songs():
    demo = audio.load(Path(__file__).resolve().parents[2] / "tools" / "demo_song.ogg")
    return {"demo song": demo[: 12 * RATE], "tones and clicks": tones() + clicks()}


@pytest.mark.parametrize(
    ("name", "chroma", "energy", "onsets"),  # without any splitting: 0.97, 0.96, 0.91 and 0.75, 0.99, 0.98
    [("demo song", 0.995, 0.995, 0.94), ("tones and clicks", 0.99, 0.999, 0.985)],
)
def test_the_halves_sound_as_librosas(songs, name, chroma, energy, onsets):
    samples = songs[name]
    tuning = spectra.mel_power_and_tuning(samples)[1]
    ringing, hitting = librosa.effects.hpss(samples)
    expected = spectra.constant_q(ringing, tuning=tuning)
    halves = split(samples)
    assert likeness(hearing.chroma(halves.ringing), hearing.chroma(expected)) > chroma
    assert likeness((halves.ringing**2).sum(axis=0), (expected**2).sum(axis=0)) > energy
    hits = hearing.onset_strength(librosa.feature.melspectrogram(y=hitting, sr=RATE, n_mels=128, fmax=8000))
    assert likeness(hearing.onset_strength(halves.hitting_mel), hits) > onsets


def test_medians_at_every_place_would_hardly_differ(songs, monkeypatch):
    sparse = split(songs["demo song"])
    monkeypatch.setattr(splitting, "STEP", 1)
    dense = split(songs["demo song"])
    assert likeness(sparse.ringing, dense.ringing) > 0.999
    assert likeness(hearing.onset_strength(sparse.hitting_mel), hearing.onset_strength(dense.hitting_mel)) > 0.997


def test_tones_ring_and_clicks_hit():
    for samples, ringing_share in ((tones(), 0.98), (clicks(), 0.1)):
        tuning = spectra.mel_power_and_tuning(samples)[1]
        whole = spectra.constant_q(samples, tuning=tuning)
        ringing = splitting.split(samples, whole, tuning=tuning).ringing
        assert (np.sum(ringing**2) / np.sum(whole**2) > 0.5) == (ringing_share > 0.5)
        assert np.sum(ringing**2) / np.sum(whole**2) == pytest.approx(ringing_share, abs=0.1)


def test_clicks_among_tones_are_the_loudest_hits():
    hits = hearing.onset_strength(split(tones() + clicks()).hitting_mel)
    loudest = np.sort(np.argsort(hits)[-12:])
    times = np.arange(0.25, 5.9, 0.5) * RATE / spectra.HOP_LENGTH
    assert all(np.abs(loudest - time).min() <= 2 for time in times)


def test_blocks_change_nothing_that_could_be_heard(songs, monkeypatch):
    at_once = split(songs["demo song"])
    monkeypatch.setattr(spectra, "BLOCK_FRAMES", 10 * splitting.STEP)
    in_blocks = split(songs["demo song"])
    np.testing.assert_allclose(in_blocks.ringing, at_once.ringing, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(in_blocks.hitting_mel, at_once.hitting_mel, rtol=1e-4, atol=1e-5)


@given(st.sampled_from([1e-18, 1e-6, 1e6, 1e11]))
@hypothesis_settings(max_examples=4)
def test_loudness_is_scale_only(factor):
    samples = tones(seconds=3.2) + clicks(seconds=3.2)
    loud = split((factor * samples).astype(np.float32)).ringing
    assert np.isfinite(loud).all()
    if factor >= 1e-6:
        np.testing.assert_allclose(loud / factor, split(samples).ringing, rtol=1e-3, atol=1e-5)


def test_silence_has_no_halves():
    silence = np.zeros(3 * RATE, np.float32)
    halves = splitting.split(silence, spectra.constant_q(silence, tuning=0.0), tuning=0.0)
    assert not halves.ringing.any()
    assert not halves.hitting_mel.any()


@pytest.mark.parametrize("tuning", [-0.5, 0.5])
def test_the_longest_filter_is_within_reach(tuning):
    assert max(len(window) for window in splitting._listening_windows(tuning=tuning)) // 2 <= splitting.REACH
