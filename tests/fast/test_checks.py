"""Requests that are refused, or not, by what their network knows."""

from types import SimpleNamespace

import pytest

from core.checks import check_classes
from core.protocol import Settings, UserError


def asks(class_total, **settings):
    """Check a film's settings against a network of so many classes."""
    check_classes(SimpleNamespace(settings=Settings(**settings), sections=()), class_total=class_total)


def test_a_network_may_know_more_classes_than_imagenet_or_fewer():
    asks(1200, classes=(1100,))
    assert not list(Settings(classes=(1100,)).problems())
    with pytest.raises(UserError, match="knows 1000 classes, no number 1100"):
        asks(1000, classes=(1100,))


def test_a_network_without_classes_is_no_network_whose_classes_are_all_excluded():
    asks(0)
    with pytest.raises(UserError, match="All things are excluded"):
        asks(3, excluded=(0, 1, 2))
