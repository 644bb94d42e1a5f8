"""The embedded model “Emoji” learns: training and what is published of it, on a tiny network."""

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from core.models.checkpoint import build_network
from core.network import reference
from core.network.architecture import Architecture
from core.network.emoji import CONFIG_KEY, load_emoji, read_emoji
from tests import emoji_packages
from tools import tie_classes
from tools.things import classes, network, publishing, views
from tools.train_embedded import Plan, Stage, Training

TINY = Architecture(
    channel_width=8, layers=((True, 16, 8), (True, 8, 4), (True, 4, 2), (True, 2, 1)), output_dim=64, attention_layer_position=1, n_stats=51
)
STAGES = (Stage(size=32, batch=4, pictures=8), Stage(size=64, batch=4))


@pytest.fixture(scope="module")
def few():
    """Some things, one of them with two pictures."""
    emoji_packages.need()
    chosen = [thing for thing in classes.things() if len(thing.pictures) > 1][:1]
    return (*chosen, *classes.things()[:7])


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


def test_the_published_form_paints_what_the_trained_one_does(few, tmp_path):
    training, _ = _trained(few, steps=4)
    painter, things, units = training.averaged(), torch.arange(8).repeat(125), torch.randn(1000, len(views.UNITS)) / 2
    tensors = publishing.publish(painter, things, units)
    save_file(tensors, tmp_path / "emoji.safetensors", metadata={CONFIG_KEY: TINY.to_json()})
    assert {name: tuple(value.shape) for name, value in read_emoji(tmp_path / "emoji.safetensors")[0].items()} == TINY.shapes()
    build_network({name: value.float() for name, value in tensors.items()}, TINY)  # loads strictly
    folded = reference.prepare(load_emoji(tmp_path / "emoji.safetensors"), dtype=torch.float32)
    noise, chosen = torch.randn(4, 128).clamp(-2, 2), torch.tensor([3, 4, 500, 999])
    conditions = reference.make_conditions(folded, noise, functional.one_hot(chosen, 1000).float(), torch.ones(4))
    with torch.no_grad():
        expected = painter(painter.condition(things[chosen], units[chosen] + noise @ network.noise_matrix().T), 64)
        assert (reference.draw_values(folded, conditions) - expected).abs().max() < 0.03  # float16


def test_ties_that_are_called_nearest_are(few):
    rows = [line.split("\t") for line in classes.TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    for (number, name, tied, how), (nearest, _) in zip(rows, tie_classes.nearest(), strict=True):
        assert how != "nearest" or tied == nearest.name, (number, name)
