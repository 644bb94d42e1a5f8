"""The ground of squares goes on to a frame's edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.grounds import drawn_out

SIDE = 24
SQUARE = np.random.default_rng(5).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


@given(more=st.integers(0, 60))
def test_the_square_stands_unchanged_in_the_middle(more):
    wide = drawn_out(SQUARE, width=SIDE + more, height=SIDE)
    assert wide.shape == (SIDE, SIDE + more, 3)
    np.testing.assert_array_equal(wide[:, more // 2 : more // 2 + SIDE], SQUARE)


def test_high_frames_are_wide_ones_turned():
    high = drawn_out(SQUARE, width=SIDE, height=40)
    np.testing.assert_array_equal(high.swapaxes(0, 1), drawn_out(SQUARE.swapaxes(0, 1), width=40, height=SIDE))


def test_a_plain_ground_goes_on_as_it_is():
    plain = np.full((SIDE, SIDE, 3), (10, 120, 250), np.uint8)
    assert (drawn_out(plain, width=60, height=SIDE) == plain[0, 0]).all()


@pytest.mark.parametrize("column", [0, -1])
def test_what_is_added_begins_as_the_edge_and_grows_soft(column):
    wide = (
        drawn_out(SQUARE, width=3 * SIDE, height=SIDE)[:, :SIDE][:, ::-1]
        if column == 0
        else drawn_out(SQUARE, width=3 * SIDE, height=SIDE)[:, -SIDE:]
    )
    edge = SQUARE[:, column].astype(int)
    first, last = wide[:, 0].astype(int), wide[:, -1].astype(int)
    assert np.abs(first - edge).mean() < np.abs(last - edge).mean()
    assert np.abs(np.diff(last, axis=0)).mean() < 0.3 * np.abs(np.diff(edge, axis=0)).mean()
