"""The embedded model “Emoji”: its table of classes, its views, its training and its file."""

import itertools

import numpy as np
import pytest
import torch

from core.protocol import class_names
from tests import emoji_packages
from tools.things import classes, emoji, network, views


@pytest.fixture(scope="module", autouse=True)
def font_and_list():
    """What Debian's packages hold; the tests that need it are skipped where there is no way to it."""
    emoji_packages.need()


@pytest.fixture(scope="module")
def few():
    """Some things, one of them with two pictures."""
    chosen = [thing for thing in classes.things() if len(thing.pictures) > 1][:1]
    return (*chosen, *classes.things()[:7])


def test_every_class_is_tied_to_emoji_that_the_font_can_draw():
    assert sorted(number for thing in classes.things() for number in thing.classes) == list(range(1000))
    pictures = {picture for thing in classes.things() for picture in thing.pictures}
    assert len(pictures) >= 550
    for picture in itertools.islice(sorted(pictures, key=lambda one: one.name), 0, None, 10):
        drawn = emoji.draw(picture)
        assert (drawn[..., 3] > 128).mean() > 0.03, picture.name
        assert np.ptp(drawn[drawn[..., 3] > 128][:, :3]) > 0, picture.name


def test_the_table_calls_classes_by_their_names():
    rows = [line.split("\t") for line in classes.TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    assert [name for _, name, *_ in rows] == list(class_names.names())
    assert {tied for *_, tied in rows} == {"nearest", "hand"}


def test_each_unit_changes_the_view_and_none_is_the_plain_one(few):
    pictures = views.load_pictures(few, size=32)
    plain, opacity = views.view(pictures, torch.zeros(1, dtype=torch.long), torch.zeros(1, len(views.UNITS)))
    assert 0.1 < opacity.mean() < 0.8
    for unit, name in enumerate(views.UNITS):
        moved, _ = views.view(pictures, torch.zeros(1, dtype=torch.long), torch.eye(len(views.UNITS))[[unit]])
        assert (moved - plain).abs().mean() > 2e-3, name


def test_classes_of_one_thing_differ_and_the_first_has_its_plain_colours(few):
    things = classes.things()
    units = views.class_units(things, views.load_pictures(things[:1] * len(things), size=16))
    dogs = next(thing for thing in things if thing.name == "dog")
    assert (units[dogs.classes[0], 6:8] == 0).all()
    assert len({tuple(row) for row in units[list(dogs.classes)].tolist()}) == len(dogs.classes)


def test_the_shipped_architecture_stays_under_8_mb_in_float16():
    assert network.ARCHITECTURE.tensor_bytes() // 2 < 7_900_000
