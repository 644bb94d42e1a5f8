"""Sound files of all kinds to mono samples."""

import numpy as np
import pytest
import soundfile
import soxr

from core.protocol import UserError
from core.sound import audio
from tests import sounds

SUFFIXES = sorted(sounds.LIBSNDFILE_SUFFIXES | sounds.FFMPEG_CODECS.keys())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_clicks_are_heard_where_they_are_in_every_format(tmp_path, suffix):
    path = sounds.write(tmp_path / f"clicks{suffix}", sounds.click_track())
    heard = sounds.find_clicks(audio.load(path), audio.SAMPLE_RATE)
    np.testing.assert_allclose(heard, sounds.click_times(3.0), atol=0.001)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_stereo_is_the_mean_of_both_sides(tmp_path, suffix):
    clicks = sounds.click_track(seconds=1)
    path = sounds.write(tmp_path / f"clicks{suffix}", np.stack([clicks, np.zeros_like(clicks)], axis=1))
    loud = np.abs(audio.load(path)).max()
    alone = np.abs(audio.load(sounds.write(tmp_path / f"mono{suffix}", clicks))).max()
    assert loud == pytest.approx(alone / 2, rel=0.15)


@pytest.mark.parametrize(("rate", "channels"), [(192_000, 1), (192_000, 8), (48_000, 8), (8000, 1), (22_050, 2), (11_025, 6)])
def test_odd_rates_and_many_channels_are_read(tmp_path, rate, channels):
    clicks = sounds.click_track(seconds=2, rate=rate)
    path = sounds.write(tmp_path / "odd.wav", np.repeat(clicks[:, None], channels, axis=1), rate)
    samples = audio.load(path)
    assert samples.dtype == np.float32
    assert abs(len(samples) - 2 * audio.SAMPLE_RATE) <= 1
    np.testing.assert_allclose(sounds.find_clicks(samples, audio.SAMPLE_RATE), sounds.click_times(2.0), atol=0.001)


@pytest.mark.parametrize("kind", sounds.BAD)
def test_bad_sounds_are_refused_with_their_name_and_a_cure(tmp_path, kind):
    path = sounds.write_bad(tmp_path, kind)
    with pytest.raises(UserError) as refusal:
        audio.load(path)
    assert path.name in refusal.value.cause
    assert refusal.value.cure.endswith(".")


@pytest.mark.parametrize("name", ["Ünï cødé ♫ 音.flac", "two  blanks .wav", "a%20#?&.mp3", "no_suffix_at_all.wav"])
def test_names_may_hold_anything(tmp_path, name):
    path = sounds.write(tmp_path / name, sounds.click_track(seconds=1))
    assert len(audio.load(path)) > 0.9 * audio.SAMPLE_RATE


def test_a_wrong_suffix_does_not_matter(tmp_path):
    path = sounds.write(tmp_path / "clicks.mp3", sounds.click_track()).rename(tmp_path / "clicks.wav")
    np.testing.assert_allclose(sounds.find_clicks(audio.load(path), audio.SAMPLE_RATE), sounds.click_times(3.0), atol=0.001)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
def test_a_cut_file_is_read_as_far_as_it_goes(tmp_path, suffix):
    whole = sounds.write(tmp_path / f"whole{suffix}", sounds.click_track())
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
    heard = sounds.find_clicks(audio.load(cut), audio.SAMPLE_RATE)
    assert 3 <= len(heard) <= 5
    np.testing.assert_allclose(heard, sounds.click_times(3.0)[: len(heard)], atol=0.001)


def test_a_rate_that_changes_in_mid_file_is_followed(tmp_path):
    parts = [sounds.write(tmp_path / f"{rate}.mp3", sounds.chord(seconds=1, rate=rate), rate) for rate in (44_100, 22_050)]
    both = tmp_path / "both.mp3"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert len(audio.load(both)) == pytest.approx(2 * audio.SAMPLE_RATE, rel=0.1)


def test_blocks_give_what_the_whole_gives(tmp_path, monkeypatch):
    samples = sounds.click_track(seconds=3)
    path = sounds.write(tmp_path / "clicks.flac", samples)
    whole = soxr.resample(soundfile.read(path, dtype="float32")[0], sounds.RATE, audio.SAMPLE_RATE)
    monkeypatch.setattr(audio, "BLOCK_SAMPLES", 1000)
    in_blocks = audio.load(path)
    assert abs(len(in_blocks) - len(whole)) <= 1
    count = min(len(in_blocks), len(whole))
    np.testing.assert_allclose(in_blocks[:count], whole[:count], atol=1e-4)


def test_the_shortest_sound_is_a_tenth_of_a_second(tmp_path):
    assert len(audio.load(sounds.write(tmp_path / "short.wav", sounds.chord(seconds=0.11)))) >= 2205
    with pytest.raises(UserError, match=r"0\.1 s"):
        audio.load(sounds.write(tmp_path / "shorter.wav", sounds.chord(seconds=0.09)))
