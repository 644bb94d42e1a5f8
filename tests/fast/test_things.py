"""The embedded model “Things”: its table of classes, its views, its training and its file."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from core.network import reference
from core.network.architecture import Architecture
from core.network.folding import fold
from core.protocol import class_names
from tools.things import classes, debian, emoji, network, publishing, views
from tools.train_embedded import Plan, Stage, Training

TINY = Architecture(
    channel_width=8, layers=((True, 16, 8), (True, 8, 4), (True, 4, 2), (True, 2, 1)), output_dim=64, attention_layer_position=1, n_stats=51
)
STAGES = (Stage(size=32, batch=4, pictures=8), Stage(size=64, batch=4))


@pytest.fixture(scope="module", autouse=True)
def font_and_list():
    """What Debian's packages hold; the tests that need it are skipped where there is no way to it."""
    try:
        for package in ("unicode-data", "fonts-noto-color-emoji"):
            debian.unpacked(package)
    except debian.NoPackageError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def few():
    """Some things, one of them with two pictures."""
    chosen = [thing for thing in classes.things() if len(thing.pictures) > 1][:1]
    return (*chosen, *classes.things()[:7])


def test_every_class_is_tied_to_emoji_that_the_font_can_draw():
    assert sorted(number for thing in classes.things() for number in thing.classes) == list(range(1000))
    pictures = {picture for thing in classes.things() for picture in thing.pictures}
    assert len(pictures) >= 450
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


def _trained(few, *, steps):
    torch.set_num_threads(1)
    training = Training(Plan(pictures=24, architecture=TINY, stages=STAGES), few)
    losses = [training.advance() for _ in range(steps)]
    return training, losses


def test_interrupted_training_gives_the_same_bits(few, tmp_path):
    whole, losses = _trained(few, steps=6)
    half, _ = _trained(few, steps=3)
    half.save(tmp_path / "state.pt")
    resumed, _ = _trained(few, steps=0)
    resumed.load(tmp_path / "state.pt")
    assert [resumed.advance() for _ in range(4)] == [*losses[3:], None]
    assert [size for size, _ in losses] == [32, 32, 64, 64, 64, 64]
    for name, value in whole.painter.state_dict().items():
        assert torch.equal(value, resumed.painter.state_dict()[name]), name
    assert all(torch.equal(value, resumed.average[name]) for name, value in whole.average.items())


def test_things_may_come_and_go_between_two_runs(few, tmp_path):
    first, _ = _trained(few, steps=3)
    first.save(tmp_path / "state.pt")
    other, _ = _trained((*reversed(few[1:]), classes.things()[20]), steps=0)
    other.load(tmp_path / "state.pt")
    assert torch.equal(other.painter.codes[0], first.painter.codes[-1])
    assert other.advance() is not None


def test_the_published_form_paints_what_the_trained_one_does(few):
    training, _ = _trained(few, steps=4)
    painter, things, units = training.averaged(), torch.arange(8).repeat(125), torch.randn(1000, len(views.UNITS)) / 2
    tensors = publishing.publish(painter, things, units)
    assert {name: tuple(value.shape) for name, value in tensors.items()} == TINY.shapes()
    folded = reference.prepare(fold({name: value.float() for name, value in tensors.items()}, TINY), dtype=torch.float32)
    noise, chosen = torch.randn(4, 128).clamp(-2, 2), torch.tensor([3, 4, 500, 999])
    conditions = reference.make_conditions(folded, noise, functional.one_hot(chosen, 1000).float(), torch.ones(4))
    with torch.no_grad():
        expected = painter(painter.condition(things[chosen], units[chosen] + noise @ network.noise_matrix().T), 64)
        assert (reference.draw_values(folded, conditions) - expected).abs().max() < 0.03  # float16


def test_the_shipped_architecture_stays_under_8_mb_in_float16():
    assert network.ARCHITECTURE.tensor_bytes() // 2 < 7_900_000
