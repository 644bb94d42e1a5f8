"""Moods of lines."""

import numpy as np
import pytest

from core.words import mood
from tests import verses
from tests.fast.test_choosing import ENCODER


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
