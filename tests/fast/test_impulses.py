"""Hits: at once, and back; each in its own way; any frame at hand."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.latents import make_latents
from core.protocol import Look, Section, Settings
from core.sound import features
from core.sound.hearing import ONSET_DELAY
from core.walk import impulses
from core.walk.latent_rows import DIRECTIONS
from tests import sounds
from tests.films import random_features, silence

HEARD = random_features(700, seed=3)
STRUCK_AT = 100


def make(heard=HEARD, *, start=Fraction(0), count=300, fps=Fraction(25), sections=(), **changes):
    film = {"source_start_seconds": start, "frame_count": count, "fps": fps, "sections": sections}
    return make_latents(heard, Settings(swell=0.0, **changes), **film)


def one_hit(*, band=0, frames=300):
    """Make the features of a single hit in one band."""
    onsets, bands = np.zeros(frames, np.float32), np.full((3, frames), 1e-3, np.float32)
    onsets[STRUCK_AT - 1 : STRUCK_AT + 2] = 5, 10, 5
    bands[band, STRUCK_AT - ONSET_DELAY + 1 :] = 1
    return dataclasses.replace(silence(frames), onset_strength=onsets, percussive_onset_strength=onsets, bands=bands)


def moved(displacement, name):
    return displacement[:, DIRECTIONS.index(name)]


@given(st.integers(0, 200), st.integers(1, 60))
@hypothesis_settings(max_examples=20)
def test_any_frame_can_be_had_without_those_before(first, count):
    whole, piece = make(count=first + count), make(start=Fraction(first, 25), count=count)
    np.testing.assert_array_equal(piece.displacement, whole.displacement[first:])


@given(st.sampled_from([24, 25, 30, 50]), st.integers(2, 4))
@hypothesis_settings(max_examples=10)
def test_the_same_moment_looks_the_same_at_every_frame_rate(fps, times):
    slow, fast = make(count=100, fps=Fraction(fps)), make(count=100 * times, fps=Fraction(fps * times))
    np.testing.assert_allclose(fast.displacement[::times], slow.displacement, atol=1e-5)


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_a_hit_is_there_from_one_frame_to_the_next_and_nothing_moves_before_it(tmp_path, fps):
    samples = np.zeros(4 * 22_050, np.float32)
    samples[2 * 22_050 :][:400] = sounds.melody(seconds=1)[:400]
    displacement = np.abs(make(features.analyse(samples), count=4 * fps, fps=Fraction(fps)).displacement).max(axis=1)
    struck = int(displacement.argmax())
    assert displacement[struck] > 0.5
    assert not displacement[:struck].any()
    assert 0 <= struck / fps - 2 < 0.033 + 1 / fps


@pytest.mark.parametrize("release", [0.1, 0.2, 1.0])
def test_after_its_release_a_tenth_of_a_hit_is_left(release):
    displacement = make(one_hit(), fps=features.CONTROL_RATE, hit=0.2, hit_release_seconds=release).displacement
    zoom = impulses.MOST * np.arctanh(moved(displacement, "zoom").astype(float) / impulses.MOST)
    places = STRUCK_AT + release * float(features.CONTROL_RATE)
    assert zoom.argmax() == STRUCK_AT
    assert np.interp(places, np.arange(len(zoom)), zoom) / zoom.max() == pytest.approx(0.1, rel=0.05)
    assert not zoom[STRUCK_AT + 500 :].any()


def test_each_drum_does_most_of_its_own():
    done = [np.abs(make(one_hit(band=band)).displacement).max(axis=0) for band in range(3)]
    kick, snare, hat = (dict(zip(DIRECTIONS, reach, strict=True)) for reach in done)
    assert kick["zoom"] > snare["zoom"] > hat["zoom"] > 0
    assert snare["turn"] > max(kick["turn"], hat["turn"])
    assert hat["light"] > max(kick["light"], snare["light"])
    assert kick["shift down"] > hat["shift down"]


@pytest.mark.parametrize(("name", "directions"), impulses.EFFECTS.items())
def test_what_a_hit_shall_not_do_it_does_not(name, directions):
    displacement = make(**{f"hit_{name}": 0.0}).displacement
    for direction in DIRECTIONS:
        assert moved(displacement, direction).any() == (direction not in directions)


def test_turns_go_to_one_side_and_to_the_other():
    turns = moved(make(hit_release_seconds=0.03).displacement, "turn")
    assert (turns > 0.2).sum() > 10
    assert (turns < -0.2).sum() > 10


def test_however_hard_the_hits_the_network_stays_where_it_has_learnt():
    displacement = make(hit=2.0, hit_zoom=2.0, hit_light=-2.0, hit_release_seconds=2.0, breath=2.0).displacement
    assert 2 < np.abs(displacement).max() <= impulses.MOST


@pytest.mark.parametrize("settings", [{"hit": 0.0}, {"look": Look.ORIGINAL_MSIEG}, {"look": Look.ORIGINAL_RUSHK}])
def test_without_hits_and_in_the_originals_looks_nothing_is_displaced(settings):
    assert not make(**settings).displacement.any()


@pytest.mark.parametrize("look", Look)
def test_hits_leave_the_walk_as_it_is(look):
    np.testing.assert_array_equal(make(look=look, hit=2.0).noise, make(look=look, hit=0.0).noise)


def test_loudness_opens_the_movement():
    frames = 2000
    hits = np.tile(one_hit(frames=200).onset_strength, 10)
    heard = dataclasses.replace(
        silence(frames), onset_strength=hits, percussive_onset_strength=hits, energy=np.repeat([0.01, 1.0], frames // 2)
    )
    film = {"source_start_seconds": Fraction(0), "frame_count": frames, "fps": features.CONTROL_RATE}
    zoom = moved(make_latents(heard, Settings(swell=1.0), **film).displacement, "zoom")
    assert 0 < zoom[: frames // 2 - 100].max() < 0.5 * zoom[frames // 2 + 100 :].max()


def test_the_picture_closes_on_each_beat_and_opens_between_two():
    zoom = moved(make(hit=0.0, breath=1.0, fps=features.CONTROL_RATE).displacement, "zoom")
    np.testing.assert_allclose(zoom[10:300:20], 0, atol=1e-3)
    assert (zoom[20:290:20] > 0.8).all()


@given(st.integers(0, 250), st.integers(6, 100), st.floats(0, 2))
@hypothesis_settings(max_examples=20)
def test_a_section_hits_in_its_own_way_and_changes_nothing_outside(first, count, hit):
    end = min(first + count, 300)
    section = Section(first_frame=first, end_frame=end, settings=Settings(hit=hit, swell=0.0), landing_seconds=Fraction(1, 2))
    film, plain = make(sections=(section,)), make()
    outside = np.delete(np.arange(300), slice(first, end))
    np.testing.assert_array_equal(film.displacement[outside], plain.displacement[outside])
    inside = film.displacement[first:end]
    apart = np.abs(inside - plain.displacement[first:end])
    assert (apart <= np.abs(make(hit=hit).displacement - plain.displacement)[first:end] + 1e-5).all()  # a cross-fade, nothing beyond


@pytest.mark.parametrize("frames", [1, 2, 5, 43])
@pytest.mark.parametrize("sound", [silence, random_features])
def test_short_and_silent_sounds_are_displaced_by_finite_numbers(sound, frames):
    assert np.isfinite(make(sound(frames), breath=1.0).displacement).all()
