"""The walks, against slow loops written from the specification (seed-algorithm.md): all 128 units, all 1000 classes, one by one."""

import dataclasses
import statistics
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core import latents
from core.features import CONTROL_RATE, Features
from core.latents import make_latents
from core.protocol import Settings

RATES = [Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(30), Fraction(60_000, 1001), Fraction(60)]


def features(frames, *, seed=0, quiet=0.0):
    """Make random features: float [12, frames] and so on."""
    rng = np.random.default_rng(seed)
    chroma = rng.random((12, frames)).astype(np.float32)
    chroma *= rng.uniform(0.3, 1, (12, 1)).astype(np.float32)
    chroma /= chroma.max(axis=0)
    chroma[:, rng.random(frames) < quiet] = 0
    energy = rng.random(frames)
    return Features(chroma=chroma, energy=energy, flux=np.clip(rng.normal(0, 0.3, frames), 0, 1), onset_strength=energy.astype(np.float32))


def silence(frames):
    return Features(
        chroma=np.zeros((12, frames), np.float32),
        energy=np.zeros(frames),
        flux=np.zeros(frames),
        onset_strength=np.zeros(frames, np.float32),
    )


def make(heard, settings=None, *, start=Fraction(0), count=10, fps=CONTROL_RATE):
    return make_latents(heard, settings or Settings(), source_start_seconds=start, frame_count=count, fps=fps)


# The noise's walk -----------------------------------------------------------------------------------------------------------------------


def slow_noise_walk(energy, flux, *, start, jitter, tempo_sensitivity, truncation):
    noise = [float(value) for value in start]
    direction = [1 if value < 0 else -1 for value in noise]
    last = [0.0] * 128
    rows = [list(noise)]
    for f in range(len(energy)):
        if f % 200 == 0:
            steps = [float(value) for value in jitter[f // 200]]
        for unit in range(128):
            u = (tempo_sensitivity * (flux[f] + energy[f]) * direction[unit] * steps[unit] + 3 * last[unit]) / 4
            noise[unit] += u
            last[unit] = u
            if noise[unit] >= 2 * truncation - tempo_sensitivity:
                direction[unit] = -1
            elif noise[unit] < -2 * truncation + tempo_sensitivity:
                direction[unit] = 1
        rows.append(list(noise))
    return np.array(rows)


@pytest.mark.parametrize("frames", [1, 199, 200, 201, 450])
@pytest.mark.parametrize(
    ("tempo_sensitivity", "truncation", "jitter"), [(0.25, 1, 0.5), (0.8, 0.4, 0), (0.05, 0.1, 1), (2, 0.5, 0.9), (1, 0.02, 0.3)]
)
def test_the_noise_walks_as_the_original(frames, tempo_sensitivity, truncation, jitter):
    heard = features(frames)
    rng = np.random.default_rng(1)
    choices = {
        "start": latents.start_noise(rng, truncation=truncation),
        "jitter": latents.jitter_steps(rng, control_frames=frames, jitter=jitter),
        "tempo_sensitivity": tempo_sensitivity,
        "truncation": truncation,
    }
    walk = latents.noise_walk(heard.energy, heard.flux, **choices)
    np.testing.assert_allclose(walk, slow_noise_walk(heard.energy, heard.flux, **choices), rtol=0, atol=1e-9)


def test_the_first_noise_is_a_truncated_normal_distribution():
    values = np.concatenate([latents.start_noise(np.random.default_rng(seed), truncation=1) for seed in range(200)])
    assert np.abs(values).max() <= 2
    assert abs(values.mean()) < 0.02
    assert values.std() == pytest.approx(0.8796, abs=0.01)  # of a normal distribution cut at 2
    normal = statistics.NormalDist()
    inside = (normal.cdf(1) - normal.cdf(-1)) / (normal.cdf(2) - normal.cdf(-2))
    assert (np.abs(values) < 1).mean() == pytest.approx(inside, abs=0.01)


def test_truncation_scales_the_first_noise():
    one, half = (latents.start_noise(np.random.default_rng(3), truncation=truncation) for truncation in (1, 0.5))
    np.testing.assert_array_equal(half, one / 2)


@pytest.mark.parametrize(("frames", "periods"), [(1, 1), (200, 1), (201, 2), (1000, 5)])
def test_jitter_is_drawn_every_200_control_frames_at_even_odds(frames, periods):
    steps = latents.jitter_steps(np.random.default_rng(0), control_frames=frames, jitter=0.3)
    assert steps.shape == (periods, 128)
    assert set(np.unique(steps)) == {1.0, 0.7}
    assert 0.3 < (steps == 1).mean() < 0.7


# The classes' walk ----------------------------------------------------------------------------------------------------------------------


def slow_class_walk(chroma, classes, *, pitch_sensitivity, depth):
    """Walk over all 1000 classes; where the specification divides by 0, leave the values as they are."""
    count, ps = len(classes), 300 - pitch_sensitivity
    rank = np.argsort(np.mean(chroma, axis=1))[::-1]
    t0 = next(f for f in range(chroma.shape[1]) if any(chroma[:, f] > 0))
    v = [0.0] * 1000
    for i, p in enumerate(rank[:count]):
        v[classes[i] if count < 12 else classes[p]] = float(chroma[p, t0])
    rows = [list(v)]
    for f in range(chroma.shape[1]):
        new = [0.0] * 1000
        for j in range(count):
            new[classes[j]] = (v[classes[j]] + float(chroma[rank[j], f]) / ps) / (1 + 1 / ps)
        if count > 6:
            m = min(value for value in new if value != 0)
            new = [m if value == 0 else value for value in new]
            extent = max(new) - min(new)
            new = [(value - m) / extent for value in new]
        else:
            loudest = max(new)
            new = [value / loudest for value in new]
        new = [value * depth for value in new]
        if np.std([value for value in new if value != 0]) < 1e-7:
            new[classes[0]] += 0.01
        v = new
        rows.append(list(v))
    return np.array(rows)


@pytest.mark.parametrize("count", range(1, 13))
@pytest.mark.parametrize(("pitch_sensitivity", "depth"), [(220, 1), (295, 0.5), (1, 1), (299, 0.01)])
def test_the_classes_walk_as_the_original(count, pitch_sensitivity, depth):
    chroma = features(60, seed=count).chroma
    classes = np.random.default_rng(count).choice(1000, count, replace=False)
    walk = latents.class_walk(chroma, class_count=count, pitch_sensitivity=pitch_sensitivity, depth=depth)
    expected = slow_class_walk(chroma, classes, pitch_sensitivity=pitch_sensitivity, depth=depth)
    np.testing.assert_allclose(walk, expected[:, classes], rtol=0, atol=1e-9)
    assert not np.delete(expected, classes, axis=1).any()


@given(st.integers(1, 12), st.floats(1, 299), st.floats(0.01, 1), st.integers(0, 9), st.sampled_from([0, 0.5, 0.95, 1]))
@hypothesis_settings(max_examples=60)
def test_no_sound_makes_a_weight_that_is_no_number(count, pitch_sensitivity, depth, seed, quiet):
    chroma = features(40, seed=seed, quiet=quiet).chroma
    if seed % 2:
        chroma[:] = chroma[:1]  # all classes alike
    walk = latents.class_walk(chroma, class_count=count, pitch_sensitivity=pitch_sensitivity, depth=depth)
    assert np.isfinite(walk).all()
    assert walk.min() >= 0
    assert walk.max() <= 1.02


# Smoothing ------------------------------------------------------------------------------------------------------------------------------


def slow_smooth(rows, k):
    bins = len(rows) // k
    means = [[sum(row[c] for row in rows[b * k : (b + 1) * k]) / k for c in range(rows.shape[1])] for b in range(bins)]
    smoothed = [
        [a * (1 - j / (k - 1)) + b * j / (k - 1) for a, b in zip(before, after, strict=True)]
        for before, after in pairwise(means)
        for j in range(k)
    ]
    return np.array(smoothed)


@pytest.mark.parametrize("k", [2, 3, 10, 20, 50])
@pytest.mark.parametrize("length", [100, 101, 119])
def test_smoothing_leads_from_mean_to_mean_as_the_original(k, length):
    rows = np.random.default_rng(k).random((length, 4))
    smoothed = latents.smooth(rows, window=k)
    assert len(smoothed) == (length // k - 1) * k
    np.testing.assert_allclose(smoothed, slow_smooth(rows, k), rtol=0, atol=1e-9)


def test_a_window_of_one_changes_nothing():
    rows = np.random.default_rng(0).random((7, 3))
    np.testing.assert_array_equal(latents.smooth(rows, window=1), rows)


@given(st.integers(1, 30), st.integers(1, 200))
def test_no_sound_is_too_short_for_smoothing(length, window):
    rows = np.random.default_rng(length).random((length, 2))
    smoothed = latents.smooth(rows, window=window)
    assert 1 <= len(smoothed) <= length
    assert np.isfinite(smoothed).all()
    assert smoothed.min() >= rows.min() - 1e-12
    assert smoothed.max() <= rows.max() + 1e-12


# Time -----------------------------------------------------------------------------------------------------------------------------------


@given(
    st.fractions(-100, 10_000, max_denominator=10**6),
    st.one_of(st.sampled_from(RATES), st.fractions(1, 240, max_denominator=10_000)),
    st.integers(1, 50),
)
def test_frames_lie_exactly_on_the_control_axis(start, fps, count):
    positions = latents.control_positions(source_start_seconds=start, frame_count=count, fps=fps)
    assert positions == [(start + Fraction(n) / fps) * Fraction(22_050, 512) for n in range(count)]
    assert all(isinstance(position, Fraction) for position in positions)


def test_nothing_drifts_in_an_hour():
    fps, count = Fraction(30_000, 1001), 107_893  # one hour and a frame
    last = latents.control_positions(source_start_seconds=Fraction(0), frame_count=count, fps=fps)[-1]
    assert last == Fraction(107_892 * 1001, 30_000) * Fraction(22_050, 512)
    hour = np.arange(3601 * 43.1)[:, None]
    sampled = latents.sample(hour, latents.control_positions(source_start_seconds=Fraction(0), frame_count=count, fps=fps))
    assert sampled[-1, 0] == pytest.approx(float(last), abs=1e-8)


@given(st.lists(st.fractions(-5, 30, max_denominator=1001), min_size=1, max_size=20), st.integers(1, 25))
def test_sampling_draws_straight_lines_and_stands_still_beyond_the_ends(positions, length):
    rows = np.random.default_rng(length).random((length, 3))
    expected = [np.interp([float(position)] * 3, np.arange(length), rows[:, 0])[0] for position in positions]
    np.testing.assert_allclose(latents.sample(rows, positions)[:, 0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("settings", [Settings(), Settings(smooth_factor=1, class_count=3, tempo_sensitivity=0.8)])
def test_the_same_moment_looks_the_same_at_every_rate(settings):
    heard = features(600)
    at_60 = make(heard, settings, count=600, fps=Fraction(60))
    for fps in (24, 30):
        other = make(heard, settings, count=10 * fps, fps=Fraction(fps))
        for frame in range(0, 10 * fps, fps // 6):  # each sixth of a second is a frame at all three rates
            np.testing.assert_array_equal(other.noise[frame], at_60.noise[frame * 60 // fps])
            np.testing.assert_array_equal(other.class_weights[frame], at_60.class_weights[frame * 60 // fps])


@given(st.integers(0, 400), st.integers(1, 50), st.sampled_from(RATES))
@hypothesis_settings(max_examples=25)
def test_the_film_of_a_trimmed_strip_is_a_piece_of_the_whole_film(first, count, fps):
    heard = features(700)
    whole = make(heard, count=first + count, fps=fps)
    piece = make(heard, start=first / fps, count=count, fps=fps)
    np.testing.assert_array_equal(piece.noise, whole.noise[first:])
    np.testing.assert_array_equal(piece.class_weights, whole.class_weights[first:])


def test_before_and_after_the_sound_the_picture_stands_still():
    made = make(features(430), start=Fraction(-2), count=24 * 15, fps=Fraction(24))
    for rows in (made.noise, made.class_weights):
        assert (rows[:48] == rows[0]).all()
        assert (rows[-48:] == rows[-1]).all()
        assert (rows[49] != rows[48]).any()


# The whole ------------------------------------------------------------------------------------------------------------------------------


def test_choosing_other_classes_leaves_the_motion_alone():
    heard = features(300)
    chosen, drawn = make(heard, Settings(seed=5, classes=(1, 2, 3)), count=50), make(heard, Settings(seed=5), count=50)
    assert (chosen.noise == drawn.noise).all()


def test_at_the_control_rate_a_film_is_the_original_row_by_row():
    heard = features(300)
    settings = Settings(
        seed=5, class_count=5, smooth_factor=7, pitch_sensitivity=280, tempo_sensitivity=0.4, jitter=0.2, truncation=0.7, depth=0.8
    )
    made = make(heard, settings, count=200)
    class_rng, start_rng, jitter_rng = latents.random_streams(5)
    classes = latents.choose_classes(class_rng, count=5)
    start = latents.start_noise(start_rng, truncation=0.7)
    jitter = latents.jitter_steps(jitter_rng, control_frames=300, jitter=0.2)
    noise = slow_noise_walk(heard.energy, heard.flux, start=start, jitter=jitter, tempo_sensitivity=0.4, truncation=0.7)
    weights = slow_smooth(slow_class_walk(heard.chroma, classes, pitch_sensitivity=280, depth=0.8), 7)
    np.testing.assert_allclose(made.noise, noise[:200], atol=2e-7)
    np.testing.assert_allclose(made.class_vectors(range(200)), weights[:200], atol=1e-7)
    assert (made.truncation == np.float32(0.7)).all()


CHANGES = {
    "pitch_sensitivity": 280.0,
    "tempo_sensitivity": 0.5,
    "jitter": 0.1,
    "truncation": 0.5,
    "smooth_factor": 5.0,
    "depth": 0.5,
    "class_count": 5,
    "seed": 1,
    "classes": (1, 2, 3),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_setting_changes_the_film(name):
    heard = features(300)
    one, other = (make(heard, settings, count=200) for settings in (Settings(), Settings(**{name: CHANGES[name]})))
    alike = [np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one)]
    assert not all(alike)


@given(st.integers(0, 2**31 - 1), st.integers(1, 12))
@hypothesis_settings(max_examples=25)
def test_the_same_seed_gives_the_same_film(seed, count):
    heard = features(50)
    one, other = (make(heard, Settings(seed=seed, class_count=count)) for _ in range(2))
    assert all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
    assert len(set(one.classes)) == count
    assert all(0 <= number < 1000 for number in one.classes)


def test_making_a_film_leaves_the_global_random_state_alone():
    np.random.seed(1)  # noqa: NPY002 (what must not be touched)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make(features(50))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("classes", [(7,), (7, 8, 9), tuple(range(20, 32)), tuple(range(15))])
@pytest.mark.parametrize("count", [1, 2, 7, 12])
def test_chosen_classes_come_in_their_order_as_many_as_wanted(classes, count):
    made = make(features(50), Settings(classes=classes, class_count=count))
    assert made.classes == classes[:count]
    assert made.class_weights.shape == (10, len(made.classes))


@pytest.mark.parametrize("count", range(1, 13))
@pytest.mark.parametrize("frames", [1, 2, 5, 43])
@pytest.mark.parametrize("sound", [silence, features])
def test_short_and_silent_sounds_make_finite_films(sound, frames, count):
    made = make(sound(frames), Settings(class_count=count), fps=Fraction(24))
    for rows in (made.noise, made.class_weights):
        assert len(rows) == 10
        assert np.isfinite(rows).all()
    assert made.class_weights.any(axis=1).all()  # something is shown, always


def test_class_vectors_hold_the_weights_at_their_classes():
    made = make(features(50), Settings(class_count=3))
    for rows in ([4, 2], (4, 2), range(2, 4)):
        vectors = made.class_vectors(rows)
        assert vectors.shape == (2, 1000)
        np.testing.assert_array_equal(vectors[:, made.classes], made.class_weights[list(rows)])
        assert np.count_nonzero(vectors) == np.count_nonzero(made.class_weights[list(rows)])
