"""Moods of lines, and their curve."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protocol import LineThings, Thing
from core.words import mood
from tests import verses
from tests.fast.test_choosing import ENCODER

THING = Thing(class_id=1, name="goldfish", similarity=0.5)


def row(start, end, felt):
    return LineThings(number=1, text="x", verse=0, things=(THING,), start_seconds=start, end_seconds=end, mood=felt)


@pytest.mark.parametrize(("song", "sign"), [(verses.HAPPY, 1), (verses.SAD, -1)])
def test_happy_and_sad_lines_are_told_apart(verses_read, song, sign):
    felt = [sign * row.mood for row in verses_read.answers[song].rows]
    assert all(value > 0.1 for value in felt)
    assert np.mean(felt) > 0.5


def test_the_mood_of_a_line_that_states_facts_is_weak(verses_read):
    felt = [abs(row.mood) for row in verses_read.answers[verses.PICTURES["building site"][0]].rows]
    assert max(felt) < 0.6


def test_any_vectors_give_moods_within_their_range():
    vectors = ENCODER.encode([f"line {number}" for number in range(200)])
    felt = mood.moods(vectors, ENCODER)
    assert len(felt) == 200
    assert all(-1 <= value <= 1 for value in felt)


def test_moods_are_asked_for(verses_read):
    assert {row.mood for row in verses_read.answers["meant"].rows} == {0.0}


def test_points_lie_in_the_middle_of_their_lines():
    rows = [row(Fraction(1), Fraction(3), 0.5), row(Fraction(3), Fraction(4), -0.5), row(None, None, 1.0), row(Fraction(9), None, 0.25)]
    assert mood.mood_points(rows) == ((2, 0.5), (Fraction(7, 2), -0.5), (9, 0.25))


@given(st.lists(st.tuples(st.integers(0, 30), st.one_of(st.none(), st.integers(1, 5)), st.floats(-1, 1)), max_size=12))
def test_points_rise_and_stay_in_range(spans):
    rows = [row(Fraction(start), None if length is None else Fraction(start + length), felt) for start, length, felt in spans]
    points = mood.mood_points(rows)
    times = [seconds for seconds, _ in points]
    assert times == sorted(set(times))
    assert all(-1 <= felt <= 1 for _, felt in points)
