"""Features to latents: time, chance, and the three looks."""

import dataclasses
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core import latents
from core.latents import make_latents
from core.protocol import PARAMETERS, Cue, Curve, Look, Settings
from core.sound.features import CONTROL_RATE
from tests.films import random_features as features
from tests.films import silence

AT_ONCE = Settings(blend=1.0)  # all things follow the notes at once: what the song directs is test_cue_sheet's
RATES = [Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(30), Fraction(60_000, 1001), Fraction(60)]


def make(heard, settings=None, *, start=Fraction(0), count=10, fps=CONTROL_RATE):
    return make_latents(heard, settings or Settings(), source_start_seconds=start, frame_count=count, fps=fps)


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
    resting = latents.resting_units(np.random.default_rng(0), control_frames=frames)
    assert resting.shape == (periods, 128)
    assert 0.3 < resting.mean() < 0.7


# Time -----------------------------------------------------------------------------------------------------------------------------------


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
    made = make(features(430), AT_ONCE, start=Fraction(-2), count=24 * 15, fps=Fraction(24))
    for rows in (made.noise, made.class_weights):
        assert (rows[:48] == rows[0]).all()
        assert (rows[-48:] == rows[-1]).all()
        assert (rows[49] != rows[48]).any()


# The whole ------------------------------------------------------------------------------------------------------------------------------


def test_choosing_other_classes_leaves_the_motion_alone():
    heard = features(300)
    chosen, drawn = make(heard, Settings(seed=5, classes=(1, 2, 3)), count=50), make(heard, Settings(seed=5), count=50)
    assert (chosen.noise == drawn.noise).all()


@pytest.mark.parametrize(("look", "variant"), [(Look.ORIGINAL_MSIEG, "msieg"), (Look.ORIGINAL_RUSHK, "rushk")])
def test_at_the_control_rate_an_originals_film_is_the_original_row_by_row(look, variant):
    heard = features(300)
    settings = Settings(
        look=look,
        seed=5,
        class_count=5,
        smooth_factor=7,
        pitch_sensitivity=280,
        tempo_sensitivity=0.4,
        jitter=0.2,
        truncation=0.7,
        depth=0.8,
    )
    made = make(heard, settings, count=200)
    class_rng, start_rng, jitter_rng = latents.random_streams(5)
    classes = latents.choose_classes(class_rng, count=5)
    start = latents.start_noise(start_rng, truncation=0.7)
    jitter = np.where(latents.resting_units(jitter_rng, control_frames=300), 0.8, 1.0)
    noise = latents.noise_walk(heard.energy, heard.flux, start=start, jitter=jitter, tempo_sensitivity=0.4, truncation=0.7)
    vectors = latents.class_walk(heard.chroma, classes=classes, pitch_sensitivity=280, depth=0.8, variant=variant)
    shown = latents.smooth(vectors, window=7) if variant == "msieg" else vectors
    np.testing.assert_allclose(made.noise, noise[:200], atol=2e-7)
    np.testing.assert_allclose(made.class_vectors(range(200)), shown[:200], atol=1e-6)
    assert (made.truncation == np.float32(0.7 if variant == "msieg" else 1)).all()


@pytest.mark.parametrize("look", Look)
@pytest.mark.parametrize("heard", [silence(300), features(1), features(5), features(300, quiet=0.9)], ids=["silence", "1", "5", "quiet"])
def test_every_look_of_every_sound_is_finite_and_in_range(look, heard):
    for count in (1, 2, 7, 12, 13, 120):
        made = make(heard, Settings(look=look, class_count=count), count=60)
        assert np.isfinite(made.noise).all()
        assert np.abs(made.noise).max() < 2.3
        assert np.isfinite(made.class_weights).all()
        assert made.class_weights.min() >= -1e-6


def alike(frames):
    """All pitch classes always sound alike."""
    return dataclasses.replace(
        features(frames), chroma=np.ones((12, frames), np.float32), harmonic_chroma=np.ones((12, frames), np.float32)
    )


def one_hit(frames):
    """Silence, but for one hit in the middle."""
    strength = np.zeros(frames, np.float32)
    strength[frames // 2] = 5
    return dataclasses.replace(
        silence(frames), onset_strength=strength, percussive_onset_strength=strength, energy=strength / 5.0, flux=strength / 5.0
    )


@pytest.mark.parametrize("count", [1, 12, 40])
@pytest.mark.parametrize("sound", [silence, alike, one_hit])
def test_dull_sounds_make_films_that_breathe(sound, count):
    made = make(sound(400), Settings(class_count=count), count=300)
    speed = np.linalg.norm(np.diff(made.noise, axis=0), axis=1)
    assert (speed > 0.01).all()
    vectors = made.class_vectors(range(300))
    assert np.isfinite(vectors).all()
    assert vectors.max(axis=1).min() > 0.2
    if sound is one_hit:
        assert speed[195:205].max() > 5 * np.median(speed)


CHANGES = {
    "look": Look.ORIGINAL_MSIEG,
    "pitch_sensitivity": 280.0,
    "tempo_sensitivity": 0.5,
    "jitter": 0.1,
    "truncation": 0.5,
    "smooth_factor": 5,
    "depth": 0.5,
    "blend": 0.0,
    "class_count": 5,
    "seed": 1,
    "split": 1.0,
    "loud_notes": 1.0,
    "beat": 1.0,
    **dict.fromkeys(("hit", "hit_zoom", "hit_turn", "hit_shift", "hit_light", "hit_release_seconds", "swell", "breath"), 0.3),
    **{name: 0.5 for name in PARAMETERS if name.endswith(("_to_motion", "_to_class_speed"))},
    **{name: -0.5 for name in PARAMETERS if name.endswith("_to_truncation")},
    "classes": (1, 2, 3),
    "curves": (Curve(parameter="truncation", values=(1.0, 0.5)),),
    "cues": (Cue(start_seconds=Fraction(1), end_seconds=Fraction(2), classes=(7, 8)),),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_setting_changes_the_film(name):
    heard = features(300)
    one, other = (make(heard, settings, count=200) for settings in (AT_ONCE, dataclasses.replace(AT_ONCE, **{name: CHANGES[name]})))
    alike = [np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one)]
    assert not all(alike)


@given(st.integers(0, 2**31 - 1), st.integers(1, 12))
@hypothesis_settings(max_examples=25)
def test_the_same_seed_gives_the_same_film(seed, count):
    heard = features(50)
    one, other = (make(heard, Settings(seed=seed, class_count=count, blend=1.0)) for _ in range(2))
    assert all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
    assert len(set(one.class_ids[0])) == count
    assert all(0 <= number < 1000 for number in one.class_ids[0])


def test_making_a_film_leaves_the_global_random_state_alone():
    np.random.seed(1)  # noqa: NPY002 (what must not be touched)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make(features(50))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("classes", [(7,), (7, 8, 9), tuple(range(20, 32)), tuple(range(15))])
@pytest.mark.parametrize("count", [1, 2, 7, 12])
def test_chosen_classes_come_in_their_order_as_many_as_wanted(classes, count):
    made = make(features(50), Settings(classes=classes, class_count=count, blend=1.0))
    assert tuple(made.class_ids[0]) == classes[:count]
    assert made.class_weights.shape == (10, len(classes[:count]))


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
    made = make(features(50), Settings(class_count=3, blend=1.0))
    for rows in ([4, 2], (4, 2), range(2, 4)):
        vectors = made.class_vectors(rows)
        assert vectors.shape == (2, 1000)
        np.testing.assert_array_equal(vectors[:, made.class_ids[0]], made.class_weights[list(rows)])
        assert np.count_nonzero(vectors) == np.count_nonzero(made.class_weights[list(rows)])


@given(seed=st.integers(0, 999), count=st.integers(1, 30), excluded=st.frozensets(st.integers(0, 999), max_size=400))
def test_the_seed_never_chooses_what_is_excluded_and_keeps_the_rest(seed, count, excluded):
    free = latents.choose_classes(latents.random_streams(seed)[0], count=count)
    chosen = latents.choose_classes(latents.random_streams(seed)[0], count=count, excluded=excluded)
    assert not excluded & set(chosen)
    assert len(set(chosen)) == count
    kept = [number for number in free if number not in excluded]
    assert list(chosen[: len(kept)]) == kept


def test_a_film_shows_no_excluded_class():
    shown = {int(number) for number in make(features(50), Settings(seed=3)).class_ids[0]}
    excluded = tuple(shown)[:5]
    other = make(features(50), Settings(seed=3, excluded=excluded))
    assert not {int(number) for number in other.class_ids[0]} & set(excluded)
    np.testing.assert_array_equal(other.noise, make(features(50), Settings(seed=3)).noise)
