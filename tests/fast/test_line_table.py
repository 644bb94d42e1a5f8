"""The table of lyrics and things, as a strip carries it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protocol import LineThings, Thing, UserError, class_names, line_table

seconds = st.none() | st.fractions(min_value=0, max_value=10_000, max_denominator=10**9)


@st.composite
def rows(draw):
    ids = draw(st.lists(st.integers(0, 999), min_size=1, max_size=4, unique=True))
    return LineThings(
        number=1,
        text=draw(st.text(max_size=20)),
        verse=draw(st.integers(0, 50)),
        things=tuple(Thing(class_id=number, name=class_names.name(number), similarity=0.0) for number in ids),
        start_seconds=draw(seconds),
        end_seconds=draw(seconds),
        is_pinned=draw(st.booleans()),
        mood=draw(st.floats(-1, 1)),
    )


def numbered(table):
    return tuple(LineThings(**{**vars(row), "number": number}) for number, row in enumerate(table, 1))


@given(st.lists(rows(), max_size=5))
def test_a_packed_table_comes_back_as_it_was(table):
    assert line_table.unpack(line_table.pack(table)) == numbered(table)


def test_no_rows_are_an_empty_text():
    assert line_table.pack(()) == ""
    assert line_table.unpack("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[1]",
        "[[]]",
        '[{"words":"a"}]',
        '[{"words":"a","classes":[]}]',
        '[{"words":"a","classes":[1000]}]',
        '[{"words":"a","classes":["tabby"]}]',
        '[{"words":"a","classes":[true]}]',
        '[{"words":1,"classes":[1]}]',
        '[{"words":"a","classes":[1],"begin":"1e999999999"}]',
        '[{"words":"a","classes":[1],"begin":"1/0"}]',
        '[{"words":"a","classes":[1],"begin":1.5}]',
        "[" * 100_000,
        "[" + ",".join(['{"words":"a","classes":[1]}'] * 10_001) + "]",
    ],
)
def test_a_strangers_text_is_refused_with_a_cure(text):
    with pytest.raises(UserError, match="Find the things again"):
        line_table.unpack(text)


@given(st.lists(rows(), max_size=5))
def test_the_table_of_cues_shows_what_they_show(table):
    shown = line_table.cues(table)
    assert line_table.cues(line_table.of_cues(shown)) == shown


def test_a_line_shows_until_its_end_or_the_next_one():
    def line(start, end=None):
        return LineThings(number=1, text="", verse=0, things=numbered_thing(1), start_seconds=start, end_seconds=end)

    shown = line_table.cues([line(Fraction(5)), line(None), line(Fraction(1), Fraction(2)), line(Fraction(3))])
    assert [(cue.start_seconds, cue.end_seconds) for cue in shown] == [(1, 2), (3, 5), (5, 5 + line_table.LAST_LINE_SECONDS)]


def numbered_thing(class_id):
    return (Thing(class_id=class_id, name=class_names.name(class_id), similarity=0.0),)
