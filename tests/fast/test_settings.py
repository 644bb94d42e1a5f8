"""The one table of what a user may set."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protocol import PARAMETERS, Settings

INTEGERS = {name for name in PARAMETERS if isinstance(getattr(Settings(), name), int)}


def test_the_defaults_have_no_problems():
    assert list(Settings().problems()) == []


def test_every_number_has_its_words():
    others = {"model", "own_model", "look", "aspect", "widening", "classes", "excluded", "curves", "cues", "loop"}
    assert PARAMETERS.keys() == {field.name for field in dataclasses.fields(Settings)} - others
    assert all(parameter.label and len(parameter.help) > 20 for parameter in PARAMETERS.values())


@pytest.mark.parametrize("name", PARAMETERS)
def test_bounds_are_included(name):
    parameter = PARAMETERS[name]
    for bound in (parameter.minimum, parameter.maximum):
        assert list(Settings(**{name: bound}).problems()) == []


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_value_out_of_range_is_named_with_what_is_allowed(name):
    parameter = PARAMETERS[name]
    values = [parameter.minimum - 1, parameter.maximum + 1, -(10**400), 10**400]
    if name not in INTEGERS:
        values += [float("nan"), float("inf"), float("-inf"), parameter.minimum - 1e-9, parameter.maximum + 1e-9]
    for value in values:
        (problem,) = Settings(**{name: value}).problems()
        assert problem.startswith(parameter.label)
        assert str(parameter.maximum) in problem


@given(st.lists(st.integers(-5, 1005), max_size=6))
def test_classes_are_distinct_numbers_from_0_on(classes):
    fine = len(set(classes)) == len(classes) and min(classes, default=0) >= 0
    assert (list(Settings(classes=tuple(classes)).problems()) == []) == fine


def test_all_problems_are_told():
    assert len(list(Settings(jitter=7, depth=0, classes=(1, 1, -1)).problems())) == 4
