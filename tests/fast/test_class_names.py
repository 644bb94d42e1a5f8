"""Names and kinds of the 1000 classes."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.protocol import UserError, class_names


def names_of(numbers):
    return [class_names.name(number) for number in numbers]


def of_kinds(kinds):
    return frozenset().union(*map(class_names.resolve_group, kinds))


def test_every_class_has_a_name_of_its_own():
    names = class_names.names()
    assert len(names) == 1000
    assert len({name.lower() for name in names}) == 1000
    assert not [name for name in names if name != name.strip() or not name or "," in name]


@pytest.mark.parametrize(
    ("number", "name"),
    [(0, "tench"), (134, "crane (bird)"), (281, "tabby cat"), (517, "construction crane"), (744, "projectile"), (961, "dough")],
)
def test_names_stand_at_their_numbers(number, name):
    assert class_names.name(number) == name


def test_every_class_is_of_one_kind():
    assert len(class_names.kinds()) == 1000
    assert class_names.kinds()[281] == "cat"
    listed = [number for numbers in class_names._classes_by_kind().values() for number in numbers]
    assert sorted(listed) == list(range(1000))


@pytest.mark.parametrize("words", ["tabby", "Tabby", "tabbies", "cat tabby", "  TABBY cats ", "tab"])
def test_search_finds_words_and_beginnings_whatever_their_number_or_order(words):
    assert class_names.search(words)[0] == 281


def test_search_puts_names_before_beginnings_before_kinds():
    found = names_of(class_names.search("spider"))
    assert found[:2] == ["spider web", "barn spider"]
    assert found[-1] in {"tarantula", "harvestman", "scorpion", "tick", "southern black widow"}
    assert names_of(class_names.search("lion"))[:2] == ["lion", "sea lion"]


def test_search_finds_kinds():
    assert {"pug", "Golden Retriever", "Boxer dog"} <= set(names_of(class_names.search("dogs")))


@pytest.mark.parametrize("words", ["", "  ", "qqq", "tabby qqq"])
def test_search_may_find_nothing(words):
    assert class_names.search(words) == ()


@settings(max_examples=20)  # each looks for what is spelled alike
@given(st.text())
def test_search_and_resolve_bear_any_text(text):
    assert set(class_names.search(text)) <= set(range(1000))
    with contextlib.suppress(UserError):
        assert 0 <= class_names.resolve(text) <= 999


@given(st.integers(0, 999))
def test_numbers_and_names_lead_back(number):
    assert class_names.resolve(str(number)) == number
    assert class_names.resolve(class_names.name(number).upper()) == number


@pytest.mark.parametrize(
    ("said", "number"), [("tabby", 281), ("Tabbies", 281), (" 281 ", 281), ("taxicab", 468), ("jack o' lanterns", 607)]
)
def test_other_names_and_plurals_are_understood(said, number):
    assert class_names.resolve(said) == number


@pytest.mark.parametrize("number", ["1000", "-1", "999999999", "+1000"])
def test_numbers_beyond_the_last_class_are_refused(number):
    with pytest.raises(UserError, match="from 0 to 999"):
        class_names.resolve(number)


@pytest.mark.parametrize(
    ("wrong", "near"), [("tigre", "“tiger” (292)"), ("gold fish", "“goldfish” (1)"), ("elefant", "elephant"), ("gitar", "guitar")]
)
def test_unknown_names_bring_the_three_nearest(wrong, near):
    with pytest.raises(UserError) as caught:
        class_names.resolve(wrong)
    assert f"“{wrong}”" in caught.value.cause
    assert near in caught.value.cure
    assert caught.value.cure.count("(") - caught.value.cure.count("(bird") - caught.value.cure.count("(fish") == 3


def test_a_group_is_a_kind_or_one_class():
    assert class_names.resolve_group("snakes") == frozenset(range(52, 69))
    assert class_names.resolve_group("apes") == class_names.resolve_group("monkey or ape")
    assert class_names.resolve_group("tabby") == {281}
    with pytest.raises(UserError, match="no class"):
        class_names.resolve_group("dragons")


@given(st.frozensets(st.integers(0, 999), max_size=400) | st.lists(st.sampled_from(class_names.all_kinds()), max_size=5).map(of_kinds))
def test_described_classes_are_read_again(class_ids):
    read = [class_names.resolve_group(name) for name in class_names.described(class_ids)]
    assert frozenset().union(*read) == class_ids


def test_a_whole_kind_is_described_by_its_name():
    assert class_names.described([281, 282, 283, 284, 285, 7]) == ("cat", class_names.name(7))
