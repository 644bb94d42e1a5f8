"""Calming: slower and slower within a passage, without a jump at its edges, and not a bit elsewhere."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.flash_safety.calming import SMOOTHING_SECONDS, STILL, STRAIGHT, Calming, calm, calmer
from core.flash_safety.flashes import FlashKind, Passage
from core.walk.latent_rows import DIRECTIONS, Latents

FRAMES, FPS = 60, Fraction(24)


def wild_film(seed=0, *, frames=FRAMES, floor=0.0):
    """Make latents that jump about, and show other classes from row to row."""
    rng = np.random.default_rng(seed)
    weights = rng.random((frames, 3)).astype(np.float32)
    weights[rng.random((frames, 3)) < 0.4] = 0
    return Latents(
        noise=rng.normal(size=(frames, 128)).astype(np.float32),
        displacement=rng.normal(size=(frames, len(DIRECTIONS))).astype(np.float32),
        class_ids=rng.integers(0, 8, (frames, 3)).astype(np.int16),
        class_weights=weights,
        class_floor=np.full(frames, floor, np.float32),
        truncation=rng.uniform(0.1, 1, frames).astype(np.float32),
    )


def rows(latents):
    """Give all that the network sees: float32 [N, 128 + 6 + 1000 + 1]."""
    return np.concatenate(
        [latents.noise, latents.displacement, latents.class_vectors(range(len(latents))), latents.truncation[:, None]], axis=1
    )


def steps(path):
    return np.linalg.norm(np.diff(path, axis=0), axis=1)


some_calmings = st.builds(
    lambda first, count, step: Calming(first_frame=first, end_frame=min(first + count, FRAMES), step=step),
    st.integers(0, FRAMES - 1),
    st.integers(1, FRAMES),
    st.integers(0, STILL),
)
some_films = st.builds(wild_film, st.integers(0, 9), floor=st.sampled_from([0.0, 0.2]))


@given(some_films, some_calmings)
@hypothesis_settings(max_examples=40)
def test_outside_the_passage_not_one_bit_changes(film, calming):
    calmed = calm(film, [calming], fps=FPS)
    outside = np.delete(np.arange(FRAMES), slice(calming.first_frame, calming.end_frame))
    np.testing.assert_array_equal(rows(calmed)[outside], rows(film)[outside])
    assert np.isfinite(rows(calmed)).all()


@given(some_films, some_calmings.filter(lambda calming: calming.step <= STRAIGHT))
@hypothesis_settings(max_examples=40)
def test_no_step_is_larger_than_the_largest_was(film, calming):
    near = slice(max(calming.first_frame - 1, 0), calming.end_frame + 1)
    for before, after in ((film.noise, calm(film, [calming], fps=FPS).noise), (rows(film), rows(calm(film, [calming], fps=FPS)))):
        assert steps(after[near]).max(initial=0) <= steps(before[near]).max(initial=0) * (1 + 1e-5)


@given(some_films, some_calmings)
@hypothesis_settings(max_examples=40)
def test_all_numbers_stay_within_what_they_were(film, calming):
    calmed = calm(film, [calming], fps=FPS)
    near = slice(max(calming.first_frame - 1, 0), calming.end_frame + 1)
    for name in ("noise", "truncation", "class_floor"):
        before, after = getattr(film, name)[near], getattr(calmed, name)[near]
        assert (after >= before.min(axis=0)).all()
        assert (after <= before.max(axis=0)).all()
    assert (calmed.class_weights >= 0).all()


@given(some_calmings)
def test_what_stands_still_already_stays_bit_for_bit(calming):
    film = wild_film(1)
    film = Latents(**{**vars(film), "truncation": np.full(FRAMES, 0.37, np.float32), "class_floor": np.full(FRAMES, 0.1, np.float32)})
    calmed = calm(film, [calming], fps=FPS)
    assert set(calmed.truncation) == {np.float32(0.37)}  # so the network need not change its truncation at each frame
    assert set(calmed.class_floor) == {np.float32(0.1)}


@pytest.mark.parametrize(("first", "end"), [(10, 50), (0, 30), (30, FRAMES), (0, FRAMES)])
def test_each_step_walks_less_than_the_one_before(first, end):
    film = wild_film()
    calmings = [Calming(first_frame=first, end_frame=end, step=step) for step in range(STRAIGHT + 1)]
    ways = [np.sum(steps(rows(one)) ** 2) for one in (film, *(calm(film, [calming], fps=FPS) for calming in calmings))]
    assert all(after < before for before, after in itertools.pairwise(ways))


def test_the_last_steps_go_straight_on_and_stand_still():
    film = wild_film()
    straight, still = (calm(film, [Calming(first_frame=10, end_frame=50, step=step)], fps=FPS).noise for step in (STRAIGHT, STILL))
    expected = np.linspace(film.noise[9], film.noise[50], 42)
    np.testing.assert_allclose(straight[9:51], expected, atol=1e-5)
    np.testing.assert_array_equal(still[9:50], np.repeat(film.noise[9:10], 41, axis=0))


@pytest.mark.parametrize("step", range(len(SMOOTHING_SECONDS)))
def test_the_path_is_the_one_that_the_sum_of_squares_asks_for(step):
    """The same by a dense system, without bands and without the straight line taken out."""
    film = wild_film(frames=30)
    calmed = calm(film, [Calming(first_frame=5, end_frame=25, step=step)], fps=FPS).noise
    strength = (SMOOTHING_SECONDS[step] * float(FPS)) ** 2
    differences = np.diff(np.eye(22), axis=0)
    system = np.eye(22) + strength * differences.T @ differences
    wanted = film.noise[4:26].astype(np.float64)
    system[[0, -1]] = np.eye(22)[[0, -1]]
    np.testing.assert_allclose(calmed[4:26], np.linalg.solve(system, wanted), atol=1e-5)


def test_a_walk_of_four_flashes_a_second_loses_most_of_its_motion_in_two_steps():
    swing = np.sin(2 * np.pi * 4 * np.arange(FRAMES) / float(FPS)).astype(np.float32)
    film = Latents(**{**vars(wild_film()), "noise": np.repeat(swing[:, None], 128, axis=1)})
    left = [
        calm(film, [Calming(first_frame=0, end_frame=FRAMES, step=step)], fps=FPS).noise[20:40].std() / swing.std() for step in range(3)
    ]
    np.testing.assert_allclose(left, [0.39, 0.14, 0.04], atol=0.03)


def test_passages_are_calmed_each_by_itself():
    film = wild_film()
    one, other = Calming(first_frame=5, end_frame=20, step=2), Calming(first_frame=30, end_frame=45)
    both = rows(calm(film, [one, other], fps=FPS))
    np.testing.assert_allclose(both[:25], rows(calm(film, [one], fps=FPS))[:25], atol=1e-6)
    np.testing.assert_allclose(both[25:], rows(calm(film, [other], fps=FPS))[25:], atol=1e-6)


def test_nothing_to_calm_changes_nothing():
    film = wild_film()
    assert calm(film, [], fps=FPS) is film


# What to calm next ----------------------------------------------------------------------------------------------------------------------


def passage(first, end):
    return Passage(first_frame=first, end_frame=end, kind=FlashKind.GENERAL, flash_count=4)


def test_what_fails_again_goes_a_step_further():
    first = calmer((), [passage(10, 30), passage(50, 60)])
    assert first == (Calming(first_frame=10, end_frame=30), Calming(first_frame=50, end_frame=60))
    second = calmer(first, [passage(15, 25), passage(28, 51), passage(80, 90)])
    assert second == (
        Calming(first_frame=15, end_frame=25, step=1),
        Calming(first_frame=28, end_frame=51, step=1),
        Calming(first_frame=80, end_frame=90, step=0),
    )
    assert calmer((*first, *second), [passage(20, 22)]) == (Calming(first_frame=20, end_frame=22, step=2),)


def test_steps_end_at_standing_still():
    calmed = ()
    for _ in range(20):
        calmed = (*calmed, *calmer(calmed, [passage(10, 20)]))
    assert [calming.step for calming in calmed[: STILL + 2]] == [*range(STILL + 1), STILL]
    assert calmed[-1] == Calming(first_frame=10, end_frame=20, step=STILL)


ranges = st.tuples(st.integers(0, 50), st.integers(1, 9)).map(lambda pair: passage(pair[0], pair[0] + pair[1]))


@given(st.lists(st.lists(ranges, max_size=3), max_size=5))
def test_each_frame_that_fails_is_calmed_more_than_before_and_no_other(rounds):
    calmed, step_of = (), {}
    for failing in rounds:
        news = calmer(calmed, failing)
        now = {frame: calming.step for calming in news for frame in range(calming.first_frame, calming.end_frame)}
        assert set(now) == {frame for p in failing for frame in range(p.first_frame, p.end_frame)}
        assert all(step > step_of.get(frame, -1) or step == STILL for frame, step in now.items())
        assert all(one.end_frame < other.first_frame for one, other in itertools.pairwise(news))
        calmed, step_of = (*calmed, *news), step_of | now
