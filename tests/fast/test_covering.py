"""A film's own classes cover its lyrics: each line finds something of its own among them. With the real sentence model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protocol import class_names
from core.words import choosing, choosing_job
from tests import verses

HARBOUR = """We walked along the wooden pier at dawn
The gulls were screaming over the fishing boats
The bell tower counted seven slow strokes
A ferry whistled and the harbour woke
A bride came laughing down the chapel stairs
The wedding guests threw flowers in the air
The train to the city pulls away at nine
One last cup of coffee, your hand in mine"""


@pytest.fixture(scope="module")
def harbour(verses_read):
    return choosing_job.answer(verses.job(HARBOUR, cache_folder=verses_read.cache_folder, class_count=12))


def test_eight_lines_of_six_things_do_not_give_ten_boats(harbour):
    kinds = [class_names.kinds()[thing.class_id] for thing in harbour.things]
    assert kinds.count("boat") <= 3, [thing.name for thing in harbour.things]
    assert len(set(kinds)) >= 6


def test_each_line_finds_something_of_its_own(harbour):
    shown = {thing.class_id for thing in harbour.things}
    without = [row.text for row in harbour.rows if not shown & {thing.class_id for thing in row.things}]
    assert without == []


def test_fewer_things_than_lines_are_still_spread(verses_read):
    answer = choosing_job.answer(verses.job(HARBOUR, cache_folder=verses_read.cache_folder, class_count=5))
    assert len({class_names.kinds()[thing.class_id] for thing in answer.things}) >= 4, [thing.name for thing in answer.things]


@given(st.integers(0, 999), st.integers(1, 6), st.integers(1, 20))
def test_nothing_is_chosen_twice_and_what_is_blocked_never(seed, lines, count):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((1000, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    blocked = frozenset(range(0, 1000, 3))
    chosen = choosing.covering(vectors[:lines] @ vectors.T, likeness=vectors @ vectors.T, count=count, first=[1], blocked=blocked)
    assert len(set(chosen)) == len(chosen) == count
    assert chosen[0] == 1
    assert not blocked & set(chosen)
