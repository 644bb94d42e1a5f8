"""Samples to features, against librosa in one go."""

import warnings

import librosa
import numpy as np
import pytest

from core.sound import audio, features, spectra, splitting
from core.sound.features import analyse
from tests import sounds

LONG_SECONDS = 8
ROWS = {"chroma": (12,), "harmonic_chroma": (12,), "bands": (3,)}


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
    for name in features.ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_chroma_is_librosas(song, heard):
    np.testing.assert_array_equal(heard.chroma, librosa.feature.chroma_cqt(y=song, sr=22_050, hop_length=512))


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
    monkeypatch.setattr(spectra, "BLOCK_FRAMES", 9 * splitting.STEP)
    in_blocks = analyse(song)
    np.testing.assert_array_equal(in_blocks.chroma, heard.chroma)
    np.testing.assert_allclose(in_blocks.energy, heard.energy, atol=1e-7)


@pytest.mark.parametrize("samples", [1, 511, 2205, 5000, 22_050, 44_100, 60_000])
@pytest.mark.parametrize("loud", [0, 1])
def test_short_and_silent_sounds_have_finite_features_of_full_length(samples, loud):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        heard = analyse(loud * sounds.chord(seconds=samples / 22_050, rate=22_050))
    assert_sound(heard, samples=samples)
    for name in ("chroma", "harmonic_chroma", "chroma_energy", "bands"):
        assert getattr(heard, name).any() == bool(loud and samples > 1)  # a swelling chord begins at 0


@pytest.mark.parametrize("kind", ["noise", "one hit", "square", "huge", "tiny"])
def test_sounds_without_music_have_finite_features(kind):
    rng, count = np.random.default_rng(0), 80_000
    samples = {
        "noise": rng.standard_normal(count),
        "one hit": np.eye(1, count, 40_000)[0],
        "square": np.sign(np.sin(np.arange(count) / 30)),
        "huge": 1e11 * rng.standard_normal(count),
        "tiny": 1e-25 * rng.standard_normal(count),
    }[kind].astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_sound(analyse(samples), samples=count)


def assert_sound(heard, *, samples):
    for name in features.ARRAYS:
        values = getattr(heard, name)
        assert np.isfinite(values).all()
        assert (values >= 0).all()
        assert values.dtype == (np.float64 if name in {"energy", "flux", "beat_times", "tempo"} else np.float32)
        if name not in {"beat_times", "tempo"}:
            assert values.shape == (*ROWS.get(name, ()), 1 + samples // 512)
    for chroma in (heard.chroma, heard.harmonic_chroma):
        assert set(np.unique(chroma.max(axis=0))) <= {0, 1}
    assert (np.diff(heard.beat_times) > 0).all()
    assert heard.tempo.shape == ()


def test_bands_are_parted_at_200_and_2000_hz():
    for hz, band in ((80, 0), (180, 0), (230, 1), (1900, 1), (2300, 2), (7000, 2)):
        heard = analyse(sounds.chord(seconds=1, rate=22_050, hz=(hz,)))
        assert heard.bands.sum(axis=1).argmax() == band
        assert heard.bands[band].sum() > 0.8 * heard.bands.sum()


def test_clicks_drive_the_percussive_onsets_and_hardly_the_harmonic_chroma():
    chord = sounds.chord(seconds=4, rate=22_050)
    rng, clicks = np.random.default_rng(0), np.zeros(len(chord), np.float32)
    for first in (22_050, 44_100, 66_150):
        clicks[first : first + 400] = 0.5 * rng.standard_normal(400)
    alone, both = analyse(chord), analyse(chord + clicks)
    for first in (22_050, 44_100, 66_150):
        frame = first // 512
        around = slice(frame - 2, frame + 3)
        assert both.percussive_onset_strength[around].max() > 5 * np.median(both.percussive_onset_strength)
        # Heard out to a quarter: what the click adds to the harmonic chroma and its energy, over what it adds to the plain chroma.
        assert (
            np.abs(both.harmonic_chroma - alone.harmonic_chroma)[:, around].max()
            < 0.5 * np.abs(both.chroma - alone.chroma)[:, around].max()
        )


def test_the_beats_of_a_click_track_are_its_clicks():
    heard = analyse(sounds.click_track(seconds=10, rate=22_050))
    assert heard.tempo == pytest.approx(120, abs=0.5)
    assert all(np.abs(sounds.click_times(10) - time).min() < 0.03 for time in heard.beat_times)


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
