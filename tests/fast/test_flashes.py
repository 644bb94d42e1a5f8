"""Flashes: counted as the standards count them, in blocks of frames as one by one, and as a slow count of each cell's story says."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.flash_safety import flashes
from core.flash_safety.flashes import FlashCounter, FlashKind, Passage, find_flashes, merged, tell_times
from core.pictures import LINEAR_LIGHT

SIDE = 32
RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(30_000, 1001), Fraction(60)]


def grey(luminance):
    """Give the level of that relative luminance."""
    return int(np.abs(LINEAR_LIGHT - luminance).argmin())


DARK, BRIGHT = grey(0.1), grey(0.5)


def film(on, *, off_colour=DARK, on_colour=BRIGHT, area=1.0):
    """Show one colour where `on` [n] is false, and another, over the uppermost share of the picture, where it is true."""
    pictures = np.empty((len(on), SIDE, SIDE, 3), np.uint8)
    pictures[:] = off_colour
    pictures[np.asarray(on, bool), : round(area * SIDE)] = on_colour
    return pictures


def flicker(hz, fps, *, seconds=4, **colours):
    """Switch so many times a second on and off again."""
    return film([n * 2 * hz // fps % 2 for n in range(round(seconds * fps))], **colours)


def switched(frames, *, count=60, **colours):
    """Switch on and off in turn at these frames."""
    return film([sum(frame <= n for frame in frames) % 2 for n in range(count)], **colours)


def kinds(pictures, fps):
    return {passage.kind for passage in find_flashes(pictures, fps=fps)}


# What fails, and what passes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(("hz", "fails"), [(2, False), (4, True), (10, True)])
def test_more_than_three_flashes_in_a_second_fail(fps, hz, fails):
    found = find_flashes(flicker(hz, fps), fps=fps)
    assert [passage.kind for passage in found] == [FlashKind.GENERAL] * fails
    if fails:
        assert found[0].first_frame <= fps / hz
        assert found[0].end_frame >= 4 * fps - fps / hz
        assert found[0].flash_count == pytest.approx(hz, abs=1)


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(25), Fraction(30), Fraction(60)])
def test_three_flashes_in_each_second_pass(fps):
    assert find_flashes(flicker(3, fps, seconds=10), fps=fps) == ()


@pytest.mark.parametrize(
    (
        "frames",
        "fails",
    ),  # at 30 a second, after the patterns of Jordan's media for testing such counters (github.com/jbjord/pse-test-media)
    [
        ([1, 2, 3, 4, 5, 6], False),
        ([1, 2, 3, 4, 5, 6, 7], True),
        ([1, 2, 11, 12, 21, 22, 30], True),
        ([1, 2, 11, 12, 21, 22, 31], False),
        ([1, 6, 11, 16, 21, 26, 30], True),
        ([1, 6, 11, 16, 21, 26, 31], False),
    ],
)
def test_the_seventh_change_within_a_second_fails(frames, fails):
    bright, dark = {"off_colour": 64, "on_colour": 109}, {"off_colour": 159, "on_colour": 136}  # both just above the threshold
    assert bool(find_flashes(switched(frames, **bright), fps=Fraction(30))) is fails
    assert bool(find_flashes(switched(frames, **dark), fps=Fraction(30))) is fails


@pytest.mark.parametrize(("area", "fails"), [(0.2, False), (0.3, True), (1, True)])
@pytest.mark.parametrize("contrast", [0.12, 0.9])
def test_more_than_a_quarter_of_the_picture_fails(area, fails, contrast):
    colours = {"off_colour": grey(0.05), "on_colour": grey(0.05 + contrast)}
    assert bool(find_flashes(flicker(5, Fraction(25), area=area, **colours), fps=Fraction(25))) is fails


@pytest.mark.parametrize(
    ("dark", "bright", "fails"),
    [(0.3, 0.38, False), (0.3, 0.42, True), (0.0, 0.08, False), (0.0, 0.12, True), (0.7, 0.9, True), (0.82, 1.0, False)],
)
def test_changes_of_a_tenth_from_or_to_below_eight_tenths_fail(dark, bright, fails):
    assert bool(find_flashes(flicker(5, Fraction(25), off_colour=grey(dark), on_colour=grey(bright)), fps=Fraction(25))) is fails


@pytest.mark.parametrize(("hz", "fails"), [(2, False), (4, True)])
@pytest.mark.parametrize("fps", RATES)
def test_slow_ramps_count_as_well_as_jumps(fps, hz, fails):
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * hz * np.arange(round(4 * fps)) / float(fps))
    levels = [grey(0.05 + 0.14 * share) for share in swell]  # never by a tenth from one frame to the next
    assert bool(find_flashes(np.tile(np.array(levels, np.uint8)[:, None, None, None], (1, SIDE, SIDE, 3)), fps=fps)) is fails


def test_a_shaky_ramp_is_one_change():
    rng = np.random.default_rng(0)
    luminance = np.clip(np.linspace(0, 1, 50)[:, None, None, None] + rng.normal(0, 0.02, (50, SIDE, SIDE, 1)), 0, 1)
    assert find_flashes(np.interp(luminance, LINEAR_LIGHT, np.arange(256)).astype(np.uint8).repeat(3, axis=3), fps=Fraction(25)) == ()


@pytest.mark.parametrize("frames", [[], [30], [10, 30], [20, 28, 36, 44]])
def test_cuts_pass(frames):
    assert find_flashes(switched(frames, off_colour=0, on_colour=255), fps=Fraction(25)) == ()


def test_fades_pass():
    up = np.tile(np.linspace(0, 255, 25).astype(np.uint8)[:, None, None, None], (1, SIDE, SIDE, 3))
    assert find_flashes(np.concatenate([up, up[::-1]] * 4), fps=Fraction(25)) == ()


RED, GREY_AS_LIGHT = (178, 0, 0), grey(0.2126 * float(LINEAR_LIGHT[178]))


@pytest.mark.parametrize(
    ("one", "other", "fails"),
    [
        (RED, GREY_AS_LIGHT, True),
        (RED, (0, 90, 0), True),
        ((178, 100, 100), GREY_AS_LIGHT, False),  # no saturated red
        ((178, 0, 0), (170, 0, 0), False),  # by less than 20
        ((0, 0, 178), (0, 90, 0), False),
    ],
)
def test_saturated_red_fails_at_equal_luminance(one, other, fails):
    assert kinds(flicker(5, Fraction(25), off_colour=one, on_colour=other), Fraction(25)) == ({FlashKind.RED} if fails else set())


def test_red_flashes_are_counted_beside_others():
    pictures = np.concatenate([flicker(5, Fraction(25)), flicker(5, Fraction(25), off_colour=(255, 0, 0), on_colour=0)])
    assert [passage.kind for passage in find_flashes(pictures, fps=Fraction(25))] == [FlashKind.GENERAL, FlashKind.RED]


@pytest.mark.parametrize(("hz", "fails"), [(2, False), (5, True)])
def test_two_halves_in_opposite_phase_count_once(hz, fails):
    pictures = flicker(hz, Fraction(25), area=0.5)
    pictures[:, SIDE // 2 :] = np.where(pictures[:, : SIDE // 2] == BRIGHT, DARK, BRIGHT)
    assert bool(find_flashes(pictures, fps=Fraction(25))) is fails


def test_a_strobe_that_wanders_fails():
    """Each third flashes less often than three times a second; the picture does six times."""
    pictures = film(np.zeros(60))
    for number, frame in enumerate(range(0, 60, 5)):
        pictures[frame, :, number % 3 * 11 : number % 3 * 11 + 11] = BRIGHT
    assert kinds(pictures, Fraction(30)) == {FlashKind.GENERAL}
    assert find_flashes(pictures[:15], fps=Fraction(30)) == ()


def test_noise_finer_than_a_cell_is_no_flash():
    noise = np.random.default_rng(0).choice([grey(0.25), grey(0.35)], (100, SIDE, SIDE, 1)).astype(np.uint8).repeat(3, axis=3)
    assert find_flashes(noise, fps=Fraction(25)) == ()


def test_only_the_seconds_that_flash_are_named():
    still, wild = film(np.zeros(100)), flicker(10, Fraction(25), seconds=2)
    (found,) = find_flashes(np.concatenate([still, wild, still]), fps=Fraction(25))
    assert 100 - 25 < found.first_frame <= 100
    assert 150 <= found.end_frame < 150 + 25


# Against a slow count -------------------------------------------------------------------------------------------------------------------


def slow_changes(values, marked, threshold):
    """Tell one cell's story: (frame, way) of each change, by looking back at all frames since the one before."""
    story, since, way = [], 0, 0
    for now in range(len(values)):
        for then in range(since, now):
            change = values[now] - values[then]
            if abs(change) >= threshold and (marked[now] or marked[then]) and np.sign(change) != way:
                way, since = np.sign(change), now
                story.append((now, way))
                break
    return story


def slow_together(stories):
    """List the picture's own changes: frames in which more than a quarter of the cells change the other way than the picture did last."""
    frames, way = [], 0
    for now in sorted({frame for story in stories for frame, _ in story}):
        for new_way in (1, -1):
            if new_way != way and sum((now, new_way) in story for story in stories) > len(stories) / 4:
                frames.append(now)
                way = new_way
                break
    return frames


def slow_count(smalls, fps):
    """Say which frames end a second that flashes too often: bool [n, 2]."""
    values, marked = flashes._states(smalls)
    fails = np.zeros((len(smalls), 2), bool)
    for kind in range(2):
        threshold = int(flashes.THRESHOLDS[kind, 0])
        stories = [slow_changes(v.astype(int), m, threshold) for v, m in zip(values[:, kind].T, marked[:, kind].T, strict=True)]
        whole = slow_together(stories)
        for now in range(len(smalls)):
            often = [sum(0 <= now - frame < fps for frame, _ in story) > 6 for story in stories]
            fails[now, kind] = sum(often) > len(stories) / 4 or sum(0 <= now - frame < fps for frame in whole) > 6
    return fails


colours = st.sampled_from(
    [(0, 0, 0), (90, 90, 90), (255, 255, 255), (240, 240, 240), (230, 235, 230), (180, 0, 0), (180, 60, 0), (90, 0, 10)]
)
some_films = st.integers(1, 45).flatmap(
    lambda count: st.lists(st.lists(colours, min_size=9, max_size=9), min_size=count, max_size=count).map(
        lambda rows: np.array(rows, np.uint8).reshape(count, 3, 3, 3)
    )
)
some_rates = st.sampled_from([Fraction(8), Fraction(12), Fraction(24), Fraction(30_000, 1001), Fraction(60)])


@given(some_films, some_rates)
@hypothesis_settings(max_examples=80)
def test_all_cells_stories_are_told_as_slowly(smalls, fps):
    fails = slow_count(smalls, fps)
    found = find_flashes(smalls, fps=fps)
    for number, kind in enumerate(flashes.KINDS):
        ends = np.flatnonzero(fails[:, number])
        seconds = merged((max(0, int(end) + 1 - int(np.ceil(fps))), int(end) + 1) for end in ends)
        assert [(passage.first_frame, passage.end_frame) for passage in found if passage.kind == kind] == seconds


@given(some_films, some_rates, st.lists(st.integers(1, 45), max_size=4))
@hypothesis_settings(max_examples=40)
def test_frames_count_alike_in_blocks_of_any_size(smalls, fps, cuts):
    counter = FlashCounter(fps=fps)
    for block in np.split(smalls, sorted({cut for cut in cuts if cut < len(smalls)})):
        counter.add(block)
    assert counter.passages() == find_flashes(smalls, fps=fps)


def test_luminance_and_red_are_those_of_the_standard():
    picture = np.random.default_rng(0).integers(0, 256, (1, 9, 9, 3), np.uint8)
    values, marked = flashes._states(picture)
    linear = LINEAR_LIGHT[picture[0]]
    red, green, blue = np.moveaxis((linear[1:, 1:] + linear[1:, :-1] + linear[:-1, 1:] + linear[:-1, :-1]).reshape(-1, 3) / 4, 1, 0)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    np.testing.assert_allclose(values[0], flashes.FULL * np.array([luminance, np.maximum(red - green - blue, 0)]), atol=4)
    np.testing.assert_array_equal(marked[0], [luminance < 0.8, red / (red + green + blue) >= 0.8])


# What people read -----------------------------------------------------------------------------------------------------------------------


def test_times_are_told_as_people_say_them():
    assert tell_times([(310, 350)], fps=Fraction(25)) == "0:12.4 to 0:14.0"
    assert tell_times([(310, 350), (340, 360), (1575, 1600)], fps=Fraction(25)) == "0:12.4 to 0:14.4 and 1:03.0 to 1:04.0"
    assert (
        tell_times([(n * 50, n * 50 + 25) for n in range(3)], fps=Fraction(25)) == "0:00.0 to 0:01.0, 0:02.0 to 0:03.0 and 0:04.0 to 0:05.0"
    )
    assert tell_times([(n * 50, n * 50 + 25) for n in range(30)], fps=Fraction(25)).endswith("and 24 more times")


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))))
def test_merged_ranges_hold_the_same_frames_and_do_not_touch(ranges):
    joined = merged(ranges)
    assert {n for first, end in joined for n in range(first, end)} == {n for first, end in ranges for n in range(first, end)}
    assert all(end < first for (_, end), (first, _) in itertools.pairwise(joined))


def test_nothing_to_count_is_no_flash():
    assert find_flashes([], fps=Fraction(25)) == ()
    assert Passage(first_frame=0, end_frame=1, kind=FlashKind.RED, flash_count=4).kind == "red"
