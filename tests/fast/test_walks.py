"""Chromastrip's own walks: nothing lags, nothing jumps, any time at hand."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core import latents
from core.sound import audio, features
from core.walk import walks
from tests import sounds
from tests.films import random_features, silence
from tests.following import lag

LONGEST_LAG = 0.5 * float(features.CONTROL_RATE) / 60  # half a video frame at 60 a second, in control frames


def noise(heard, positions, **changes):
    choices = {"tempo_sensitivity": 0.25, "truncation": 1.0, "jitter": 0.5, "pushes": push(heard), **changes}
    frames = len(heard.energy)
    return walks.noise_at(
        np.asarray(positions, float),
        choices["tempo_sensitivity"] * choices["pushes"],
        start=latents.start_noise(np.random.default_rng(0), truncation=np.ravel(choices["truncation"])[0]),
        resting=latents.resting_units(np.random.default_rng(1), control_frames=frames),
        jitter=np.broadcast_to(choices["jitter"], frames),
        truncation=np.broadcast_to(choices["truncation"], frames),
    )


def push(heard, **changes):
    return walks.push(heard, **{"split": 0.5, "beat": 0.0, "band_amounts": (0.0, 0.0, 0.0)} | changes)


def class_weights(notes, **changes):
    frames = notes.shape[1]
    numbers = {"pitch_sensitivity": 220.0, "depth": 1.0, "window": 20.0} | changes
    curves = {name: np.broadcast_to(numbers.pop(name), frames) for name in ("pitch_sensitivity", "depth", "window")}
    return walks.class_weights(notes, **curves, **numbers)


def speed(rows):
    """Give how fast rows change, centred on each but the first and the last."""
    return np.linalg.norm(rows[2:] - rows[:-2], axis=1)


def lateness(leader, follower, *, most=8):
    late, _ = lag(leader, follower, most=most)
    assert abs(late) < most - 1, "no peak within the range"
    return late


@pytest.fixture(scope="module")
def song():
    return features.analyse(audio.load(Path(__file__).resolve().parents[2] / "tools" / "demo_song.ogg"))


def test_the_picture_moves_when_the_song_hits(song):
    moved = speed(noise(song, range(len(song.energy))))
    assert abs(lateness(song.onset_strength[1:-1], moved)) < LONGEST_LAG


def test_the_picture_moves_when_a_click_track_clicks(tmp_path):
    path = sounds.write(tmp_path / "clicks.wav", sounds.click_track(seconds=12))
    heard = features.analyse(audio.load(path))
    moved = speed(noise(heard, range(len(heard.energy))))
    assert abs(lateness(heard.onset_strength[1:-1], moved)) < LONGEST_LAG


@given(st.integers(0, 600), st.integers(1, 40))
@hypothesis_settings(max_examples=30)
def test_any_frames_can_be_had_without_those_before(first, count):
    heard = random_features(700)
    positions = np.arange(0, 700, 0.7)
    whole = noise(heard, positions)
    np.testing.assert_array_equal(noise(heard, positions[first : first + count]), whole[first : first + count])


@given(st.integers(0, 5), st.sampled_from([0.05, 0.25, 0.8]), st.sampled_from([0.1, 0.5, 1.0]))
@hypothesis_settings(max_examples=20)
def test_noise_stays_within_its_bounds_and_never_jumps(seed, tempo_sensitivity, truncation):
    heard = random_features(900, seed=seed)
    rows = noise(heard, np.arange(0, 900, 0.25), tempo_sensitivity=tempo_sensitivity, truncation=truncation)
    assert np.abs(rows).max() <= 2 * truncation
    furthest = 1.3 * tempo_sensitivity * push(heard).max() * 0.25  # 1.3: the wave's steepest slope
    assert np.abs(np.diff(rows, axis=0)).max() <= furthest + 1e-6


def test_one_loud_hit_does_not_freeze_the_rest_of_the_song(song):
    strength = song.onset_strength.copy()
    strength[500] = 100 * strength.max()
    loud = dataclasses.replace(song, onset_strength=strength)
    calm, after = (speed(noise(heard, range(len(heard.energy))))[600:].mean() for heard in (song, loud))
    assert after > 0.9 * calm


def test_classes_change_with_the_chord_and_not_after_it():
    chroma = np.full((12, 400), 0.1, np.float32)
    chroma[3, :200] = chroma[7, 200:] = 1
    chroma[3, :4] = 1.1  # the louder one on the whole: first in rank
    weights = class_weights(chroma / chroma.max(), class_count=2)
    crossing = np.flatnonzero(np.diff(np.sign(weights[:, 0] - weights[:, 1])))
    assert list(crossing) == pytest.approx([199], abs=1)


@pytest.mark.parametrize("count", range(1, 13))
def test_class_weights_reach_their_depth_and_are_never_all_zero(count):
    heard = random_features(300, quiet=0.5)
    weights = class_weights(heard.chroma, class_count=count, depth=0.6)
    assert weights.max() <= 0.6 + 1e-9
    assert weights.max(axis=1).min() > 0.1


@pytest.mark.parametrize("count", [13, 24, 40, 120])
def test_things_that_share_a_note_show_in_turn(count):
    heard = dataclasses.replace(random_features(4000), beat_times=np.arange(0, 90, 0.5))
    turns = walks.turns_of(heard)
    weights = class_weights(heard.chroma, class_count=count, turns=turns, window=1.0)
    alone = class_weights(heard.chroma, class_count=12, window=1.0)
    for note in range(12):
        sharing = weights[:, note::12]
        np.testing.assert_allclose(sharing.sum(axis=1), alone[:, note])
        middle = [round((turn * 4 + 2) * float(features.CONTROL_RATE)) for turn in range(20)]  # a turn is eight beats: four seconds
        shown = [np.flatnonzero(sharing[frame] > 1e-9) for frame in middle if alone[frame, note] > 1e-6]
        turning = [turn % sharing.shape[1] for turn, frame in enumerate(middle) if alone[frame, note] > 1e-6]
        assert all(list(one) == [place] for one, place in zip(shown, turning, strict=True))


def test_turns_go_on_where_no_beat_is_heard():
    heard = dataclasses.replace(random_features(4000), beat_times=np.arange(20, 40, 0.5))
    turns = walks.turns_of(heard)
    steps = np.diff(turns) * float(features.CONTROL_RATE)
    np.testing.assert_allclose(steps, 1 / 4, rtol=1e-6)
    np.testing.assert_allclose(np.diff(walks.turns_of(silence(400))) * float(features.CONTROL_RATE), 1 / 4)


@pytest.mark.parametrize("offset", [0.0, 0.3, 0.5])
def test_a_beat_moves_the_picture_on_the_beat(offset):
    times = (np.arange(40, 900, 25) + offset) / float(features.CONTROL_RATE)
    heard = dataclasses.replace(silence(1000), beat_times=times)
    pushes = push(heard, beat=1.0)
    around = np.arange(-8, 9)
    for place in times * float(features.CONTROL_RATE):
        near = pushes[round(place) + around] - walks.REST
        assert (near * (round(place) + around)).sum() / near.sum() == pytest.approx(place, abs=1e-6)
    assert push(heard, beat=0.0).max() == pytest.approx(walks.REST)


@pytest.mark.parametrize("band", range(3))
def test_a_band_drives_the_motion_when_it_sounds_and_holds_it_back_below_zero(band):
    levels = np.zeros((3, 600), np.float32)
    levels[band, 200:300] = 4.0
    heard = dataclasses.replace(silence(600), bands=levels)
    amounts = np.zeros(3)
    amounts[band] = 0.8
    pushes = push(heard, band_amounts=amounts)
    assert pushes[220:280].min() == pytest.approx(walks.REST + 0.8, abs=1e-6)
    assert pushes[:190].max() == pytest.approx(walks.REST)
    assert push(heard, band_amounts=-amounts).min() == pytest.approx(walks.REST)  # never backwards


def test_with_split_only_what_hits_moves_and_only_what_rings_shows():
    heard = dataclasses.replace(random_features(500), energy=np.zeros(500))
    calm = dataclasses.replace(heard, percussive_onset_strength=np.zeros(500, np.float32))
    assert push(calm, split=1.0).max() == pytest.approx(walks.REST)
    assert push(calm, split=0.0).max() > 0.3
    np.testing.assert_allclose(walks.heard_notes(heard, split=1.0, loud_notes=0.0), heard.harmonic_chroma, rtol=1e-6)
    np.testing.assert_allclose(walks.heard_notes(heard, split=0.0, loud_notes=0.0), heard.chroma)


def test_quiet_notes_do_not_count_when_loud_ones_shall():
    loudness = np.full(800, 1.0, np.float32)
    loudness[300:500] = 1e-4
    chroma = np.full((12, 800), 0.05, np.float32)
    chroma[0] = 1
    chroma[:, 300:500] = np.roll(chroma[:, 300:500], 5, axis=0)  # another note, but hardly to be heard
    heard = dataclasses.replace(silence(800), chroma=chroma, harmonic_chroma=chroma, chroma_energy=loudness)
    shown = [
        class_weights(walks.heard_notes(heard, split=0.0, loud_notes=share), class_count=12, pitch_sensitivity=290.0)[400]
        for share in (0.0, 1.0)
    ]
    assert [int(weights.argmax()) for weights in shown] == [1, 0]
