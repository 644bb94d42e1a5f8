"""Loops: the last frame leads into the first, and nobody can tell where the seam is."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.checks import check_loop
from core.flash_safety.calming import Calming, calm
from core.flash_safety.flashes import FlashKind, Passage, find_flashes, in_one_round, over_the_seam
from core.latents import _walked, make_latents
from core.protocol import Cue, Curve, Look, Section, Settings, UserError
from core.sound.features import CONTROL_RATE
from core.walk.bars import passage_of_bars
from core.walk.direction import Song
from core.walk.loops import Wrapped
from core.walk.positions import control_positions
from tests import films
from tests.films import random_features, silence

HEARD = random_features(700, quiet=0.1)  # 16.3 s
FPS = Fraction(25)
NAMES = ("noise", "displacement", "class_vectors", "truncation")

some_settings = st.builds(
    Settings,
    loop=st.just(True),
    seed=st.integers(0, 5),
    look=st.sampled_from(Look),
    tempo_sensitivity=st.floats(0.01, 2),
    truncation=st.floats(0.1, 1),
    pitch_sensitivity=st.floats(1, 299),
    smooth_factor=st.integers(1, 200),
    class_count=st.integers(1, 30),
    blend=st.floats(0, 1),
    jitter=st.floats(0, 1),
    breath=st.floats(-1, 1),
    hit_release_seconds=st.floats(0.03, 2),
    mood=st.floats(0, 1),
    low_to_truncation=st.floats(-0.5, 0.5),
    curves=st.sampled_from([(), (Curve(parameter="truncation", seconds=(Fraction(1), Fraction(9)), values=(0.1, 1.0)),)]),
    cues=st.sampled_from([(), (Cue(start_seconds=Fraction(2), end_seconds=Fraction(5), classes=(7, 8, 9), mood=1.0),)]),
)
some_passages = st.tuples(st.fractions(-1, 8, max_denominator=48), st.integers(30, 300))  # from a second and a fifth on
some_sections = st.builds(
    lambda first, share, own: (first, share, own), st.floats(0, 0.9), st.floats(0.1, 1), st.builds(Settings, look=st.sampled_from(Look))
)


def make(settings, *, start=Fraction(0), count=200, sections=(), heard=HEARD):
    return make_latents(heard, settings, sections=sections, source_start_seconds=Fraction(start), frame_count=count, fps=FPS)


def curves(latents):
    """Give all that the network sees, by kind: float [N, ...] each."""
    shown = {"class_vectors": latents.class_vectors(range(len(latents)))}
    return {name: shown.get(name, getattr(latents, name, None)).reshape(len(latents), -1).astype(float) for name in NAMES}


UNSEEN = 0.05


def assert_no_seam(latents):
    """Require that the step from the last row to the first is like those inside; but for hits, which may fall there.

    By a quarter it may be the largest: two things change most in the middle of their morph, and that may lie there too. Where hardly
    anything changes inside, it may be what nobody sees; a cut is ten times that.
    """
    for name, rows in curves(latents).items():
        if name == "displacement":
            continue
        assert np.isfinite(rows).all()
        steps = np.linalg.norm(np.diff(np.concatenate([rows, rows[:1]]), axis=0), axis=1)
        assert steps[-1] <= 1.25 * steps[:-1].max() + UNSEEN, name


@given(some_settings, some_passages)
@hypothesis_settings(max_examples=15)
def test_the_step_over_the_seam_is_like_those_inside(settings, passage):
    start, count = passage
    assert_no_seam(make(settings, start=start, count=count))


@given(some_settings, some_passages, some_sections)
@hypothesis_settings(max_examples=12)
def test_sections_leave_no_seam_wherever_they_lie(settings, passage, section):
    (start, count), (first, share, own) = passage, section
    first_frame = int(first * count)
    end_frame = min(count, first_frame + max(10, int(share * count)))
    assert_no_seam(make(settings, start=start, count=count, sections=[Section(first_frame=first_frame, end_frame=end_frame, settings=own)]))


@pytest.mark.parametrize("where", [(0, 60), (140, 200), (0, 200)])
def test_a_section_at_an_end_of_the_loop_lands_on_it_unless_it_is_all_of_it(where):
    own = Settings(seed=9, truncation=0.9, class_count=2)
    film = make(Settings(loop=True), sections=[Section(first_frame=where[0], end_frame=where[1], settings=own)])
    assert_no_seam(film)
    assert film.truncation.max() == np.float32(0.9)


@given(some_settings.filter(lambda settings: settings.look == Look.CHROMASTRIP), some_passages)
@hypothesis_settings(max_examples=12)
def test_the_row_behind_the_last_is_the_first(settings, passage):
    """Every filter sees round the seam: a loop of the same passage begun later shows the same rows, from there on."""
    start, count = passage
    wrap = Wrapped(film=control_positions(source_start_seconds=start, frame_count=count, fps=FPS), control_frames=len(HEARD.energy))
    song = Song(HEARD)
    heard = wrap.features(HEARD)
    settings = wrap.settings(dataclasses.replace(settings, blend=1.0, jitter=0.0))
    longer = dataclasses.replace(wrap.positions, count=count + 5)
    walked = _walked(heard, song, settings, longer, directed=None, start=None, loop=wrap.loop)
    for name, rows in curves(walked).items():
        np.testing.assert_allclose(rows[count:], rows[:5], atol=2e-4, err_msg=name)


def test_a_hit_before_the_end_decays_over_the_seam():
    quiet = silence(700)
    bands, onset = np.full((3, 700), 1e-6, np.float32), np.zeros(700, np.float32)
    hit = round(7.9 * CONTROL_RATE)
    bands[:, hit : hit + 20] = 1
    onset[hit] = 1
    heard = dataclasses.replace(quiet, bands=bands, onset_strength=onset, percussive_onset_strength=onset, energy=bands[0].astype(float))
    looped, plain = (make(Settings(loop=loop, hit_release_seconds=1.0), heard=heard) for loop in (True, False))
    height = np.abs(looped.displacement).max(axis=1)
    assert height[198:].max() == height.max() > 0.5
    assert (np.diff(height[:20]) < 0).all()
    assert height[0] > 0.7 * height.max()
    assert not plain.displacement[:190].any()


def test_themes_wrap_the_lead_at_the_end_becomes_the_first_one():
    sheet = tuple(Cue(start_seconds=Fraction(2 * k), end_seconds=Fraction(2 * k + 2), classes=(k + 1, k + 11), part="A") for k in range(8))
    film = make(Settings(loop=True, cues=sheet, blend=0.0, smooth_factor=20), start=2, count=200)
    vectors = film.class_vectors(range(200))
    assert vectors[[25, 75, 125, 175]].argmax(axis=1).tolist() == [2, 3, 4, 5]
    np.testing.assert_allclose(vectors[0, [2, 5]], [0.5, 0.5], atol=0.1)
    assert vectors[199, 2] > 0.3


def test_each_frame_of_a_loop_hears_its_own_moment():
    """No frame is further than a quarter of a control frame, 6 ms, from what it hears."""
    for start, count in ((Fraction(1), 200), (Fraction(10, 3), 47), (Fraction(1, 7), 333)):
        positions = control_positions(source_start_seconds=start, frame_count=count, fps=FPS)
        wrap = Wrapped(film=positions, control_frames=700)
        inside = wrap.positions.floats()
        heard = wrap.columns[np.floor(inside).astype(int)] + inside % 1
        assert np.abs(heard - positions.floats()).max() <= 0.2501


@pytest.mark.parametrize("look", Look)
def test_without_loop_nothing_changes_and_with_it_the_motion_is_as_large(look):
    looped, plain = (make(Settings(loop=loop, look=look), count=300) for loop in (True, False))
    ways = [np.linalg.norm(np.diff(one.noise, axis=0), axis=1).mean() for one in (looped, plain)]
    assert 0.6 < ways[0] / ways[1] < 1.5
    assert np.abs(looped.noise).max() <= np.abs(plain.noise).max() * 1.3


def test_silence_loops():
    assert_no_seam(make(Settings(loop=True), heard=silence(700)))


def test_flashes_are_counted_over_the_seam():
    """Two flashes at the end and two at the beginning are four in a second when the film goes round, and in no second of it alone."""
    dark, light = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    frames = [dark] * 100
    for place in (2, 6, 92, 96):
        frames[place] = frames[place + 1] = light
    keys = [str(place) for place in range(100)]
    assert not find_flashes(frames, fps=FPS)
    found = find_flashes((frames[int(key)] for key in over_the_seam(keys, fps=FPS)), fps=FPS)
    passages = in_one_round(found, frame_count=100)
    assert [passage.first_frame == 0 or passage.end_frame == 100 for passage in passages] == [True, True]
    assert passages[0].flash_count == 4


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 90))
def test_a_passage_over_the_seam_comes_back_into_the_film(count, first, length):
    passage = Passage(first_frame=first % count, end_frame=first % count + length, kind=FlashKind.GENERAL, flash_count=4)
    shown = {frame % count for frame in range(passage.first_frame, passage.end_frame)}
    parts = in_one_round([passage], frame_count=count)
    assert {frame for part in parts for frame in range(part.first_frame, part.end_frame)} == shown
    assert all(0 <= part.first_frame < part.end_frame <= count for part in parts)


@pytest.mark.parametrize("step", range(5))
def test_a_passage_that_is_calmed_at_the_end_leads_into_the_beginning(step):
    film = make(Settings(loop=True, tempo_sensitivity=2.0), count=100)
    calmed = calm(
        film, [Calming(first_frame=80, end_frame=100, step=step), Calming(first_frame=0, end_frame=20, step=step)], fps=FPS, loops=True
    )
    assert_no_seam(calmed)
    np.testing.assert_array_equal(calmed.noise[20:80], film.noise[20:80])


def test_bars_are_counted_from_the_first_whole_one():
    lines = tuple(Fraction(1, 10) + 2 * k for k in range(8))  # of 16.3 s
    assert passage_of_bars(HEARD, range(2, 4), bars_seconds=lines) == (Fraction(21, 10), Fraction(61, 10))
    assert passage_of_bars(HEARD, range(1, 9), bars_seconds=lines)[0] == Fraction(1, 10)
    for bars in (range(2), range(3, 3), range(4, 2), range(1, 10)):
        with pytest.raises(UserError, match="that has the bars 1:9"):
            passage_of_bars(HEARD, bars, bars_seconds=lines)


def test_a_loop_shorter_than_a_bar_is_refused(tmp_path):
    short, long = (films.request(tmp_path, tmp_path, frame_count=count, settings=Settings(loop=True)) for count in (20, 50))
    with pytest.raises(UserError, match=r"lasts 0\.80 s, less than a bar of 2\.00 s"):
        check_loop(short, bar_seconds=2.0)
    check_loop(long, bar_seconds=2.0)
    check_loop(dataclasses.replace(short, settings=Settings()), bar_seconds=2.0)
