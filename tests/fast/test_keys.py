"""Digests that name pictures and films."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st

from core.keys import film_digest, picture_key

PARTS = st.lists(st.binary(max_size=8), max_size=5)


@given(PARTS, PARTS)
def test_other_parts_give_another_key(parts, others):
    assert (picture_key(*parts) == picture_key(*others)) == (parts == others)


@given(st.binary(min_size=1, max_size=9), st.integers(0, 9), st.integers(0, 9))
def test_where_a_part_ends_is_part_of_the_key(text, cut, other_cut):
    assume(text[:cut] != text[:other_cut])
    assert picture_key(text[:cut], text[cut:]) != picture_key(text[:other_cut], text[other_cut:])


@given(PARTS)
def test_a_key_is_32_hexadecimal_digits(parts):
    assert re.fullmatch("[0-9a-f]{32}", picture_key(*parts))


def test_keys_stay_the_same_between_releases():
    assert picture_key(b"a", b"bc") == "f14abc19c330e936bb9c8506d69bac9b"


@given(st.lists(st.sampled_from([picture_key(bytes([i])) for i in range(4)]), max_size=6))
def test_a_film_is_named_by_its_pictures_and_their_order(keys):
    assert re.fullmatch("[0-9a-f]{12}", film_digest(keys))
    assert (film_digest(keys) == film_digest(sorted(keys))) == (keys == sorted(keys))
    assert film_digest(keys) != film_digest([*keys, picture_key(b"one more")])
