"""What the next embedded model learns: figures on grounds, in any shape, and its training on a tiny network."""

import numpy as np
import pytest
import torch

from core.network.architecture import Architecture
from tests import emoji_packages
from tools.figures import classes, drawn, grounds, pictures, views
from tools.figures.views import UNITS
from tools.train_figures import BEGUN, CODE_UNITS, SHAPES, Plan, Stage, Training, _shares

TINY = Architecture(
    channel_width=8, layers=((True, 16, 8), (True, 8, 4), (True, 4, 2), (True, 2, 1)), output_dim=64, attention_layer_position=1, n_stats=51
)
STAGES = (Stage(size=32, batch=4, pictures=8), Stage(size=64, batch=4))
FEW = 8


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Some figures, the lighthouse among them, and their pictures."""
    emoji_packages.need()
    chosen = [*classes.things()[: FEW - 1], next(thing for thing in classes.things() if thing.name in drawn.FIGURES)]
    return chosen, pictures.load_figures(chosen, tmp_path_factory.mktemp("figures") / "figures.zip")


@pytest.fixture(autouse=True)
def alone(one_thread):
    """Sums in one order."""


def plain(count=1):
    return torch.zeros(count, len(UNITS))


def test_every_class_has_a_figure():
    things = classes.things()
    assert sorted(number for thing in things for number in thing.classes) == list(range(classes.CLASS_COUNT))
    assert len(things) >= 550


def test_figures_fill_their_squares(few):
    for styles in few[1]:
        for picture in styles:
            seen = picture[..., 3] > 12
            assert max(seen.any(axis=0).sum(), seen.any(axis=1).sum()) >= pictures.SIDE - 2


def test_an_archive_of_other_figures_or_a_damaged_one_is_refused(few, tmp_path):
    path = tmp_path / "figures.zip"
    pictures.load_figures(few[0], path)
    with pytest.raises(ValueError, match="another table"):
        pictures.load_figures(few[0][1:], path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged"):
        pictures.load_figures(few[0], path)


def test_each_unit_changes_the_view(few):
    figures = views.shrink_figures(few[1], size=32)
    first = torch.zeros(1, dtype=torch.long)
    base = plain()
    for name in ("ground red", "waves"):  # without them, a second colour, phase and scale have nothing to change
        base[0, UNITS.index(name)] = 1.5
    usual, opacity = views.view(figures, first, base)
    assert 0.1 < opacity.mean() < 0.8
    for unit, name in enumerate(UNITS):
        moved, _ = views.view(figures, first, base + 1.2 * torch.eye(len(UNITS))[[unit]])
        assert (moved - usual).abs().mean() > 2e-3, name


@pytest.mark.parametrize(("rows", "columns"), [(4, 7), (7, 4), (4, 4)])
def test_a_figure_is_as_large_on_every_canvas_and_stands_in_its_middle(few, rows, columns):
    figures = views.shrink_figures(few[1], size=64)
    square = views.view(figures, torch.arange(FEW), plain(FEW))[1]
    opacity = views.view(figures, torch.arange(FEW), plain(FEW), rows=rows, columns=columns)[1]
    assert opacity.shape[2:] == (16 * rows, 16 * columns)
    middle = opacity[:, :, (16 * rows - 64) // 2 :][:, :, :64, (16 * columns - 64) // 2 :][:, :, :, :64]
    assert (middle - square).abs().max() < 1e-4
    assert abs(opacity.sum() / square.sum() - 1) < 1e-3


def test_figures_stand_out_from_the_grounds_of_their_classes(few):
    chosen, own = few
    figures = views.shrink_figures(own, size=64)
    units = views.class_units(chosen, figures)
    for thing, rim in zip(chosen, views.rim_colours(figures.layers[:, 0]), strict=True):
        for number in thing.classes:
            row = {name: float(value) for name, value in zip(UNITS, units[number], strict=True)}
            ground = (
                grounds.LEVEL + grounds.LIGHT * row["ground light"],
                grounds.COLOUR * row["ground red"],
                grounds.COLOUR * row["ground yellow"],
            )
            assert np.linalg.norm(rim - np.array(ground)) >= 0.15, thing.name


def test_colours_come_back_from_oklab():
    colours = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    assert (grounds.to_srgb(grounds.to_oklab(colours)) - colours).abs().max() < 1e-3


def test_the_lead_of_a_crowd_is_the_strongest():
    shares = _shares(2000, torch.Generator().manual_seed(2))
    guests = shares[:, 1:].amax(dim=1)
    assert (shares[:, 0] >= 1.29 * guests).all()
    assert 0.3 < (guests == 0).float().mean() < 0.5
    assert shares.sum(dim=1).min() > 0.5
    assert shares.sum(dim=1).max() < 1.31


def trained(few, *, steps):
    training = Training(Plan(pictures=24, architecture=TINY, stages=STAGES), tuple(few[0]), few[1])
    return training, [training.advance() for _ in range(steps)]


def test_interrupted_training_gives_the_same_bits(few, tmp_path):
    whole, made = trained(few, steps=6)
    half, _ = trained(few, steps=3)
    half.save(tmp_path / "state.pt")
    resumed, _ = trained(few, steps=0)
    resumed.load(tmp_path / "state.pt")
    again = [resumed.advance() for _ in range(4)]
    assert again[-1] is None
    assert again[:-1] == made[3:]
    for name, value in whole.painter.state_dict().items():
        assert torch.equal(value, resumed.painter.state_dict()[name]), name


def test_averaged_weights_are_where_another_machine_goes_on(few, tmp_path):
    training, _ = trained(few, steps=3)
    training.save(tmp_path / "state.pt")
    other, _ = trained(few, steps=0)
    other.load_average(tmp_path / "average.safetensors")
    assert other.learned == training.learned > 0
    for name, value in other.painter.named_parameters():
        assert (value - training.average[name]).abs().max() < 2e-3, name
    strangers = Training(Plan(architecture=TINY, stages=STAGES), tuple(few[0][1:]), few[1][1:])
    with pytest.raises(ValueError, match="other figures"):
        strangers.load_average(tmp_path / "average.safetensors")


def test_the_weights_that_have_begun_belong_to_todays_figures():
    from safetensors import safe_open

    with safe_open(BEGUN, framework="pt") as file:
        notes = file.metadata()
        assert file.get_tensor("codes").shape == (len(classes.things()), CODE_UNITS)
    assert notes["things"].split("\n") == [thing.name for thing in classes.things()]
    assert int(notes["pictures"]) > 500_000


def test_wide_and_tall_canvases_are_learnt_as_well():
    assert {shape for shape, _ in SHAPES} == {(4, 4), (4, 7), (7, 4)}
    assert abs(sum(share for _, share in SHAPES) - 1) < 1e-9
