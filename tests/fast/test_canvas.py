"""Time axis, panels and colours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.canvas import Panel, TimeAxis, clock, hue, ramp


def panel(height=10, width=20):
    return Panel(np.zeros((height, width, 3), np.float32))


@given(st.integers(1, 500), st.integers(1, 300), st.floats(0.1, 50), st.floats(-5, 5), st.floats(0.5, 100))
@hypothesis_settings(max_examples=150)
def test_columns_show_the_highest_and_the_mean_of_what_falls_into_them(count, width, seconds, start, rate):
    values = np.random.default_rng(count).random(count)
    axis = TimeAxis(seconds=seconds, width=width)
    highest, average = axis.highest(values, start=start, rate=rate), axis.average(values, start=start, rate=rate)
    assert highest.shape == average.shape == (width,)
    times = start + np.arange(count) / rate
    for column in range(width):
        left, right = column * seconds / width, (column + 1) * seconds / width
        inside = values[(times > left + 1e-6) & (times < right - 1e-6)]
        if len(inside) and not ((np.abs(times - left) <= 1e-6) | (np.abs(times - right) <= 1e-6)).any():
            assert highest[column] == pytest.approx(inside.max())
            assert average[column] == pytest.approx(inside.mean())
    outside = (np.arange(1, width + 1) * seconds / width < start - 1 / rate - 1e-6) | (
        np.arange(width) * seconds / width > times[-1] + 1 / rate + 1e-6
    )
    assert np.isnan(highest[outside]).all()
    shown = highest[~np.isnan(highest)]
    assert ((shown >= values.min() - 1e-9) & (shown <= values.max() + 1e-9)).all()


def test_few_values_are_joined_by_straight_lines():
    axis = TimeAxis(seconds=4, width=400)
    shown = axis.highest(np.array([0.0, 1.0, 0.0, 2.0]), start=0.0, rate=1.0)
    assert shown[50] == pytest.approx(0.5, abs=0.01)
    assert shown[250] == pytest.approx(1.0, abs=0.02)
    assert shown[399] == pytest.approx(2)  # a value holds until the next would come


def test_one_hit_shows_in_an_hour():
    onsets = np.zeros(155_000)
    onsets[77_777] = 1
    assert TimeAxis(seconds=3600, width=1500).highest(onsets, start=0.0, rate=155_000 / 3600).max() == 1


@given(st.floats(0.05, 90_000), st.integers(800, 4000))
def test_labelled_times_are_round_and_apart(seconds, width):
    axis = TimeAxis(seconds=seconds, width=width)
    columns = np.array([axis.column(tick) for tick in axis.ticks()])
    assert columns[0] == 0
    assert (np.diff(columns) > 80).all()
    assert columns[-1] <= width + 1e-6


@pytest.mark.parametrize(
    ("seconds", "exact", "words"),
    [
        (0, False, "0:00"),
        (65.2, False, "1:05"),
        (65.26, True, "1:05.3"),
        (59.97, True, "1:00.0"),
        (3723, False, "1:02:03"),
        (36_000, False, "10:00:00"),
    ],
)
def test_times_are_written_as_on_a_clock(seconds, exact, words):
    assert clock(seconds, exact=exact) == words


def test_a_filled_curve_covers_its_share_of_the_panel():
    one = panel(height=10, width=4)
    one.between(np.zeros(4), np.array([0.0, 0.25, 0.5, 1.0]), (200, 100, 50))
    covered = one.pixels[..., 0].sum(axis=0) / 200
    assert covered == pytest.approx([1, 2.5, 5, 10])  # nothing is thinner than a pixel
    assert one.pixels[-1, 3] == pytest.approx([200, 100, 50])


def test_nothing_is_painted_where_there_is_nothing():
    one = panel(width=6)
    curve = np.array([0.2, np.nan, np.nan, 0.4, 0.5, np.nan])
    one.fill(curve, curve, (255, 255, 255))
    one.heat(np.stack([curve, curve]), ramp((9, 9, 9), (255, 255, 255)))
    assert one.pixels.any(axis=(0, 2)).tolist() == [True, False, False, True, True, False]


def test_a_line_never_breaks():
    one = panel(height=100, width=50)
    one.line(np.tile([0.0, 1.0], 25), (255, 255, 255))
    for column in range(49):
        rows = [set(np.flatnonzero(one.pixels[:, place, 0] > 100)) for place in (column, column + 1)]
        assert min(abs(a - b) for a in rows[0] for b in rows[1]) <= 1


def test_rectangles_stay_within_their_panel():
    whole = np.zeros((4, 30, 3), np.float32)
    one = Panel(whole[:, 10:20])
    one.rectangle(-5, 3.5, (100, 100, 100))
    one.rectangle(8, 400, (100, 100, 100))
    one.rectangle(30, 40, (100, 100, 100))
    assert not whole[:, :10].any()
    assert not whole[:, 20:].any()
    assert whole[0, 10:20, 0] == pytest.approx([100, 100, 100, 50, 0, 0, 0, 0, 100, 100])


def test_a_ramp_goes_from_the_first_colour_to_the_last():
    colours = ramp((0, 0, 0), (100, 50, 0), (200, 255, 10))
    assert colours.shape == (256, 3)
    assert colours[0].tolist() == [0, 0, 0]
    assert colours[255].tolist() == [200, 255, 10]


def test_hues_are_distinct_and_alike_in_light():
    colours = np.array([hue(number) for number in range(12)], float)
    assert ((colours >= 0) & (colours <= 255)).all()
    distances = np.linalg.norm(colours[:, None] - colours[None], axis=2) + 1000 * np.eye(12)
    assert distances.min() > 20
    assert np.std(colours @ [0.2126, 0.7152, 0.0722]) < 25
