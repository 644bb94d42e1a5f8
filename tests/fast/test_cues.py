"""Timed words: the picture shows what is being sung."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.latents import make_latents
from core.protocol import Cue, Look, Settings
from core.walk.cues import moods
from tests.films import random_features

FPS = Fraction(25)
HEARD = random_features(900)
OWN = tuple(range(100, 112))


def cue(start, end, *classes, mood=0.0):
    return Cue(start_seconds=Fraction(start), end_seconds=Fraction(end), classes=classes, mood=mood)


def make(*cues, count=400, start=Fraction(0), **settings):
    chosen = Settings(**{"classes": OWN, "cues": cues} | settings)
    return make_latents(HEARD, chosen, source_start_seconds=start, frame_count=count, fps=FPS)


def shares(latents, groups):
    """Give how much of each frame's class vector belongs to each group: float [N, groups]."""
    vectors = latents.class_vectors(range(len(latents)))
    weights = np.stack([vectors[:, list(group)].sum(axis=1) for group in groups], axis=1)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("look", [Look.CHROMASTRIP, Look.ORIGINAL_MSIEG])
def test_the_picture_follows_the_line_that_is_sung(look):
    film = make(cue(2, 5, 1, 2), cue(5, 8, 3), look=look, word_fade_seconds=0.4)
    shown = shares(film, [OWN, (1, 2), (3,)])
    for frame, group in {0: 0, 44: 0, 56: 1, 119: 1, 131: 2, 194: 2, 206: 0, 399: 0}.items():
        assert shown[frame, group] == pytest.approx(1, abs=1e-6)
    assert shown[50, 1] > 0.1  # the line has begun: half way
    assert shown[49, 0] > shown[50, 0] > shown[51, 0]


@pytest.mark.parametrize("look", Look)
def test_whatever_the_chord_a_lines_first_thing_leads(look):
    vectors = make(cue(2, 12, 1, 2, 3), look=look).class_vectors(range(60, 290))
    assert (vectors[:, 1] > 2 * vectors[:, [2, 3]].max(axis=1) - vectors[:, 0]).all()  # over the floor, which one of the originals has
    assert np.ptp(vectors[:, 2]) > (0.03 if look == Look.CHROMASTRIP else 0)  # the others come and go


def test_where_no_words_are_sung_nothing_changes():
    plain, film = make(blend=1.0), make(cue(4, 6, 7), blend=1.0)
    fading = slice(100 - 7, 150 + 7)
    outside = np.ones(400, bool)
    outside[fading] = False
    np.testing.assert_array_equal(film.class_vectors(np.flatnonzero(outside)), plain.class_vectors(np.flatnonzero(outside)))
    np.testing.assert_array_equal(film.noise, plain.noise)


def test_without_a_fade_the_things_change_with_the_first_word():
    shown = shares(make(cue(2, 4, 1), word_fade_seconds=0.0), [OWN, (1,)])[:, 1]
    np.testing.assert_allclose(shown[[48, 49, 50, 51, 98, 99, 100, 101]], [0, 0, 1, 1, 1, 1, 0, 0], atol=1e-6)


@given(
    st.lists(st.tuples(st.integers(-20, 150), st.integers(1, 60), st.integers(0, 5)), min_size=1, max_size=8),
    st.sampled_from([0.0, 0.3, 2.0, 10.0]),
)
@hypothesis_settings(max_examples=40)
def test_any_words_give_whole_pictures_without_a_jump(lines, fade):
    lines.sort(key=lambda line: line[0])
    cues = [cue(Fraction(start, 10), Fraction(start + length, 10), *range(1 + 10 * kind, 2 + 11 * kind)) for start, length, kind in lines]
    film = make(*cues, word_fade_seconds=fade, count=300)
    vectors = film.class_vectors(range(300))
    assert np.isfinite(vectors).all()
    assert (vectors.max(axis=1) > 0.05).all()
    if fade >= 0.3 and min(length for _, length, _ in lines) >= 3:
        plain_steps = np.abs(np.diff(make(count=300).class_vectors(range(300)), axis=0)).max()
        assert np.abs(np.diff(vectors, axis=0)).max() < plain_steps + 0.8


def test_of_two_lines_at_once_the_later_one_shows():
    shown = shares(make(cue(2, 10, 1), cue(4, 6, 2)), [OWN, (1,), (2,)])
    assert [int(shown[frame].argmax()) for frame in (75, 125, 175, 350)] == [1, 2, 1, 0]


def test_a_trimmed_film_with_words_is_a_piece_of_the_whole_one():
    cues = (cue(2, 5, 1, 2), cue(7, 9, 3))
    whole, piece = make(*cues), make(*cues, start=Fraction(100, 25), count=200)
    np.testing.assert_array_equal(piece.class_vectors(range(200)), whole.class_vectors(range(100, 300)))


def test_hundreds_of_things_cost_no_column_each():
    cues = [cue(second, second + 1, second, second + 300) for second in range(1, 200)]
    film = make_latents(random_features(9000), Settings(cues=tuple(cues)), source_start_seconds=Fraction(0), frame_count=5000, fps=FPS)
    assert film.class_ids.shape[1] <= 24
    assert len(film.in_columns()[0]) > 380


def test_mood_steers_truncation_and_speed_when_it_is_asked_for():
    words = (cue(2, 6, 1, mood=-1.0), cue(6, 10, 2, mood=1.0))
    off, on = make(*words, truncation=0.5), make(*words, truncation=0.5, mood=1.0)
    assert (off.truncation == np.float32(0.5)).all()
    assert on.truncation[100] == pytest.approx(0.2, abs=0.01)
    assert on.truncation[200] == pytest.approx(0.8, abs=0.01)
    speed = [np.linalg.norm(np.diff(film.noise / film.truncation[:, None], axis=0), axis=1) for film in (off, on)]
    assert speed[1][155:240].mean() > speed[0][155:240].mean()


def test_moods_change_softly_and_end_with_the_words():
    curve = moods([cue(2, 6, 1, mood=1.0)], control_frames=900)
    assert curve.max() == pytest.approx(1)
    assert abs(np.diff(curve)).max() < 0.05
    assert not curve[400:].any()


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (cue(2, 2, 1), "end before they begin"),
        (cue(2, 3), "show nothing"),
        (cue(2, 3, -1), "begin at 0"),
        (cue(2, 3, 5, 5), "twice"),
        (cue(2, 3, 5, mood=2.0), "-1 and 1"),
    ],
)
def test_what_is_wrong_with_words_is_named(wrong, word):
    (problem,) = Settings(cues=(wrong,)).problems()
    assert word in problem


def test_cues_come_in_order():
    assert any("out of order" in problem for problem in Settings(cues=(cue(3, 4, 1), cue(1, 2, 1))).problems())
