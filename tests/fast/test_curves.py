"""Numbers that change over time."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.latents import make_latents
from core.protocol import PARAMETERS, Curve, Look, Settings
from core.sound.features import CONTROL_RATE
from core.walk.curves import mixed_over, over_time
from tests.films import random_features

FRAMES = 900
HEARD = random_features(FRAMES)
MOVABLE = [name for name, parameter in PARAMETERS.items() if parameter.animatable]


def make(settings, *, count=300, start=Fraction(0)):
    return make_latents(HEARD, settings, source_start_seconds=start, frame_count=count, fps=Fraction(25))


def test_a_curve_runs_straight_between_its_points_and_stays_beyond_them():
    curve = Curve(parameter="truncation", seconds=(Fraction(2), Fraction(4)), values=(0.2, 0.8))
    values = over_time(Settings(curves=(curve,)), "truncation", control_frames=FRAMES)
    seconds = np.arange(FRAMES) / float(CONTROL_RATE)
    np.testing.assert_allclose(values, np.interp(seconds, [2, 4], [0.2, 0.8]))


def test_without_times_there_is_a_value_for_each_control_frame():
    given_values = tuple(np.linspace(0.1, 0.9, FRAMES))
    values = over_time(Settings(curves=(Curve(parameter="depth", values=given_values),)), "depth", control_frames=FRAMES)
    np.testing.assert_allclose(values, given_values)


@pytest.mark.parametrize("look", Look)
@pytest.mark.parametrize("name", MOVABLE)
def test_a_level_curve_is_the_same_film_as_the_number(look, name):
    value = {"smooth_factor": 9}.get(name, (PARAMETERS[name].minimum + PARAMETERS[name].maximum) / 2)
    curve = Curve(parameter=name, seconds=(Fraction(1), Fraction(3)), values=(float(value),) * 2)
    number, curved = (make(Settings(look=look, **changes)) for changes in ({name: value}, {"curves": (curve,)}))
    np.testing.assert_allclose(curved.noise, number.noise, atol=2e-6)
    np.testing.assert_allclose(curved.displacement, number.displacement, atol=1e-6)
    np.testing.assert_allclose(curved.class_vectors(range(300)), number.class_vectors(range(300)), atol=2e-6)
    np.testing.assert_allclose(curved.truncation, number.truncation, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in MOVABLE if name != "mood"])  # without words there is no mood
def test_a_curve_changes_the_film_where_it_moves(name):
    parameter = PARAMETERS[name]
    low, high = (parameter.minimum + share * (parameter.maximum - parameter.minimum) for share in (0.4, 0.6))
    base = {"blend": 1.0, "truncation": 0.5 if name.endswith("_to_truncation") else 1.0}
    curve = Curve(parameter=name, seconds=(Fraction(6), Fraction(8)), values=(low, high))
    level = Curve(parameter=name, values=(low,))
    moving, still = (make(Settings(curves=(one,), **base)) for one in (curve, level))
    late = [
        np.abs(getattr(moving, rows)[-20:].astype(float) - getattr(still, rows)[-20:]).max()
        for rows in ("noise", "displacement", "truncation")
    ]
    late.append(np.abs(moving.class_vectors(range(280, 300)) - still.class_vectors(range(280, 300))).max())
    assert max(late) > 1e-4


@pytest.mark.parametrize("look", Look)
def test_nothing_jumps_where_a_curve_bends(look):
    curves = tuple(
        Curve(parameter=name, seconds=(Fraction(3), Fraction(5), Fraction(7)), values=values)
        for name, values in {"truncation": (1.0, 0.2, 0.9), "jitter": (0.0, 1.0, 0.2), "pitch_sensitivity": (200.0, 295.0, 220.0)}.items()
    )
    made = make(Settings(look=look, curves=curves))
    assert np.isfinite(made.noise).all()
    assert np.abs(np.diff(made.noise, axis=0)).max() < 0.8
    assert np.abs(np.diff(made.class_vectors(range(300)), axis=0)).max() < 0.5


@given(st.integers(0, 200), st.integers(1, 60))
@hypothesis_settings(max_examples=15)
def test_a_trimmed_film_with_curves_is_a_piece_of_the_whole_one(first, count):
    curve = Curve(parameter="truncation", seconds=(Fraction(2), Fraction(9)), values=(0.2, 0.8))
    settings = Settings(curves=(curve,), smooth_factor=3)
    whole, piece = make(settings, count=first + count), make(settings, count=count, start=Fraction(first, 25))
    for name in ("noise", "displacement", "class_weights", "truncation"):
        np.testing.assert_array_equal(getattr(piece, name), getattr(whole, name)[first:])


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30))
def test_a_mixture_of_filters_meets_each_of_them_at_its_own_width(values):
    curve = np.array(values)
    mixed = mixed_over(curve, lambda value: np.full((len(curve), 2), 3 * value))  # straight in the value: then the mixture is exact
    np.testing.assert_allclose(mixed, np.stack([3 * curve] * 2, axis=1), atol=1e-9)


@pytest.mark.parametrize(
    ("curve", "word"),
    [
        (Curve(parameter="truncaton", values=(1.0,)), "truncaton"),
        (Curve(parameter="seed", values=(1.0,)), "cannot change over time"),
        (Curve(parameter="jitter", values=()), "no points"),
        (Curve(parameter="jitter", values=(0.5, 1.5)), "1.5"),
        (Curve(parameter="jitter", values=(0.5, float("nan"))), "nan"),
        (Curve(parameter="jitter", values=(0.5, 0.6), seconds=(Fraction(1),)), "1 times and 2 values"),
        (Curve(parameter="jitter", values=(0.5, 0.6), seconds=(Fraction(2), Fraction(1))), "back in time"),
    ],
)
def test_what_is_wrong_with_a_curve_is_named(curve, word):
    (problem,) = Settings(curves=(curve,)).problems()
    assert word in problem


def test_a_number_has_one_curve():
    curve = Curve(parameter="jitter", values=(0.5,))
    assert any("each may have one" in problem for problem in Settings(curves=(curve, curve)).problems())
