"""Video frames lie where they belong on the control frames' axis, to the last digit."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.walk.positions import Positions, control_positions, sample

RATES = [Fraction(24_000, 1001), Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(60)]
starts = st.fractions(-100, 10_000, max_denominator=10**6)
rates = st.one_of(st.sampled_from(RATES), st.fractions(1, 240, max_denominator=10_000))


@given(starts, rates, st.integers(1, 50))
def test_frames_lie_exactly_on_the_control_axis(start, fps, count):
    positions = control_positions(source_start_seconds=start, frame_count=count, fps=fps)
    below, share = positions.split()
    assert len(positions) == len(below) == count
    for n in range(count):
        exact = (start + Fraction(n) / fps) * Fraction(22_050, 512)
        assert positions.exact(n) == exact
        assert below[n] == exact.numerator // exact.denominator
        assert share[n] == float(exact - below[n])


def test_nothing_drifts_in_an_hour():
    fps, count = Fraction(30_000, 1001), 107_893  # one hour and a frame
    positions = control_positions(source_start_seconds=Fraction(0), frame_count=count, fps=fps)
    last = positions.exact(count - 1)
    assert last == Fraction(107_892 * 1001, 30_000) * Fraction(22_050, 512)
    assert sample(np.arange(3601 * 43.1), positions)[-1] == pytest.approx(float(last), abs=1e-8)


@given(starts, rates, st.integers(0, 30), st.integers(1, 20), st.fractions(-5, 5, max_denominator=999))
def test_a_piece_and_a_move_keep_the_places(start, fps, first, count, by):
    whole = control_positions(source_start_seconds=start, frame_count=first + count, fps=fps)
    piece = whole.piece(first, first + count).moved(by)
    assert [piece.exact(n) for n in range(count)] == [whole.exact(first + n) + by for n in range(count)]


@given(st.fractions(-5, 30, max_denominator=1001), st.fractions(0, 3, max_denominator=1001), st.integers(1, 20), st.integers(1, 25))
def test_sampling_draws_straight_lines_and_stands_still_beyond_the_ends(start, step, count, length):
    positions = Positions(start=start, step=step, count=count)
    rows = np.random.default_rng(length).random((length, 3))
    expected = np.interp([float(positions.exact(n)) for n in range(count)], np.arange(length), rows[:, 0])
    np.testing.assert_allclose(sample(rows, positions)[:, 0], expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(sample(rows[:, 0], positions), sample(rows, positions)[:, 0])
