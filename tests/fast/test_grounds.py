"""The ground of squares goes on to a frame's edges."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.grounds import FADE_SHARE, drawn_out

SIDE = 48
SQUARE = np.random.default_rng(5).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
FADE = round(FADE_SHARE * SIDE)


@given(more=st.integers(0, 60))
def test_the_square_stands_unchanged_in_the_middle_but_for_its_sides(more):
    wide = drawn_out(SQUARE, width=SIDE + more, height=SIDE)
    assert wide.shape == (SIDE, SIDE + more, 3)
    kept = slice(FADE, SIDE - FADE) if more else slice(None)
    np.testing.assert_array_equal(wide[:, more // 2 : more // 2 + SIDE][:, kept], SQUARE[:, kept])


def test_high_frames_are_wide_ones_turned():
    high = drawn_out(SQUARE, width=SIDE, height=80)
    np.testing.assert_array_equal(high.swapaxes(0, 1), drawn_out(SQUARE.swapaxes(0, 1), width=80, height=SIDE))


def test_a_plain_ground_goes_on_as_it_is():
    plain = np.full((SIDE, SIDE, 3), (10, 120, 250), np.uint8)
    assert (drawn_out(plain, width=120, height=SIDE) == plain[0, 0]).all()


def test_no_seam_is_seen_where_the_outermost_pixels_are_of_another_colour():
    framed = np.full((SIDE, SIDE, 3), 200, np.uint8)
    framed[:, [0, -1]] = 120
    wide = drawn_out(framed, width=3 * SIDE, height=SIDE).astype(int)
    assert np.abs(np.diff(wide, axis=1)).max() < 40
    assert (wide[:, : SIDE - 1] == 200).all()


def test_a_thing_that_reaches_the_side_is_not_drawn_out():
    reached = np.full((SIDE, SIDE, 3), (90, 140, 200), np.uint8)
    reached[8:40, 20:] = (250, 240, 20)
    wide = drawn_out(reached, width=3 * SIDE, height=SIDE).astype(int)
    assert np.abs(wide[:, 2 * SIDE :] - reached[0, 0]).max() < 12


def test_a_ring_of_the_ground_fades_towards_the_side():
    ringed = np.full((SIDE, SIDE, 3), 120, np.uint8)
    ringed[:, 36:42] = 132
    wide = drawn_out(ringed, width=3 * SIDE, height=SIDE).astype(int)[SIDE // 2, SIDE : 2 * SIDE, 0]
    assert (np.diff(wide[36:42]) <= 0).all()
    assert wide[36] == 131
    assert wide[41] <= 127


def test_a_thing_near_a_side_does_not_fade():
    near = np.full((SIDE, SIDE, 3), (90, 140, 200), np.uint8)
    near[10:38, 6:42] = (250, 40, 20)
    wide = drawn_out(near, width=3 * SIDE, height=SIDE).astype(int)
    assert np.abs(wide[10:38, SIDE + 6 : SIDE + 42] - near[20, 20]).max() <= 1
