"""A first map of another shape than 4 x 4 draws what the published module would draw from it, whichever way it is run."""

import dataclasses

import numpy as np
import pytest
import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig

from core.network import memory, processor, reference
from core.network.architecture import Architecture
from core.network.card import DeviceRunner
from core.network.folding import fold
from core.network.runners import CpuRunner, Rows
from core.network.widening import widen
from core.protocol import UserError
from core.protocol.shape import FirstMap, Widening
from tools import published

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = Architecture(
    output_dim=64,
    channel_width=16,
    num_classes=10,
    layers=((False, 16, 16), (True, 16, 8), (True, 8, 8), (False, 8, 4), (True, 4, 2), (True, 2, 1)),
    attention_layer_position=3,
)
ATTENTION_FIRST = Architecture(
    output_dim=16,
    channel_width=8,
    num_classes=3,
    layers=((False, 16, 8), (True, 8, 4), (True, 4, 2), (False, 2, 1)),
    attention_layer_position=0,
)
SHAPES = [(4, 7), (7, 4), (4, 5), (9, 4), (6, 5)]
COUNT = 3


@pytest.fixture(scope="module")
def state():
    return published.random_state(SMALL)


@pytest.fixture(scope="module")
def inputs():
    return (*published.random_inputs(SMALL, COUNT, seed=7), torch.ones(COUNT))


@pytest.fixture(scope="module")
def rows(inputs):
    return Rows(**{name: values.numpy() for name, values in zip(("noise", "class_vectors", "truncations"), inputs, strict=True)})


def wide(folded, first_map):
    return dataclasses.replace(folded, first_map=first_map)


def by_the_package(state, noise, class_vectors, first_map):
    """Draw with the published classes in float64, their first block being given the widened map."""
    module = BigGAN(BigGANConfig(**dataclasses.asdict(SMALL)))
    module.load_state_dict({name: tensor.double() for name, tensor in state.items()}, strict=True)
    module.eval().double()
    module.generator.layers[0].register_forward_pre_hook(
        lambda _, given: (widen(given[0], first_map.rows, first_map.columns, first_map.widening), *given[1:])
    )
    with torch.no_grad():
        return module(noise.double(), class_vectors.double(), 1.0)


def drawn_by(runner, rows):
    return np.stack([*runner.draw(rows)])


@pytest.mark.parametrize(("height", "width"), SHAPES)
@pytest.mark.parametrize("widening", Widening)
def test_a_wide_picture_is_the_published_modules(state, inputs, height, width, widening):
    noise, class_vectors, truncations = inputs
    first_map = FirstMap(rows=height, columns=width, widening=widening)
    truth = by_the_package(state, noise, class_vectors, first_map)
    assert truth.shape == (COUNT, 3, 16 * height, 16 * width)
    exact = wide(fold({name: tensor.double() for name, tensor in state.items()}, SMALL), first_map)
    weights = reference.prepare(exact, dtype=torch.float64)
    conditions = reference.make_conditions(weights, noise.double(), class_vectors.double(), truncations.double())
    torch.testing.assert_close(reference.draw_values(weights, conditions), truth, rtol=0, atol=1e-11)
    prepared, buffers = processor.prepare_cpu(wide(fold(state, SMALL), first_map), dtype=torch.float32), processor.Buffers()
    one_by_one = [processor.draw_values(prepared, *row, buffers) for row in zip(*(values.split(1) for values in inputs), strict=True)]
    assert float((torch.cat(one_by_one).double() - truth).norm() / truth.norm()) < 1e-5


@pytest.mark.parametrize(("height", "width"), [(4, 7), (5, 4), (5, 7)])
def test_attention_over_an_odd_map_leaves_out_what_pooling_leaves_over(height, width):
    state = {name: tensor.double() for name, tensor in published.random_state(ATTENTION_FIRST, seed=3).items()}
    noise, class_vectors = (values.double() for values in published.random_inputs(ATTENTION_FIRST, 2))
    truth = published.draw(
        state, ATTENTION_FIRST, noise, class_vectors, 1.0, widened=lambda square: widen(square, height, width, Widening.EDGE)
    )
    folded = wide(fold(state, ATTENTION_FIRST), FirstMap(rows=height, columns=width))
    weights = reference.prepare(folded, dtype=torch.float64)
    drawn = reference.draw_values(weights, reference.make_conditions(weights, noise, class_vectors, torch.ones(2)))
    torch.testing.assert_close(drawn, truth, rtol=0, atol=1e-11)


def test_all_ways_to_run_draw_the_same_wide_pictures_in_any_company(state, rows):
    folded = wide(fold(state, SMALL), FirstMap(columns=7))
    pictures = drawn_by(CpuRunner(folded, cores=2), rows)
    assert pictures.shape == (COUNT, 64, 112, 3)
    card = DeviceRunner(folded, device="cpu", dtype=torch.float32, batch_shape=2)
    assert np.abs(drawn_by(card, rows).astype(int) - pictures).max() <= 1
    alone = Rows(**{name: values[[1]] for name, values in vars(rows).items()})
    np.testing.assert_array_equal(drawn_by(card, alone)[0], drawn_by(card, rows)[1])
    np.testing.assert_array_equal(drawn_by(CpuRunner(folded, cores=1), alone)[0], pictures[1])


def test_strips_change_no_pixel_of_a_wide_picture_to_speak_of(state, inputs, monkeypatch):
    folded = wide(fold(state, SMALL), FirstMap(rows=5, columns=9))
    row = [values[:1] for values in inputs]
    whole = processor.draw_values(processor.prepare_cpu(folded, dtype=torch.float32), *row, processor.Buffers())
    monkeypatch.setattr(processor, "STRIP_VALUES", 5000)
    strips = processor.draw_values(processor.prepare_cpu(folded, dtype=torch.float32), *row, processor.Buffers())
    torch.testing.assert_close(strips, whole, rtol=0, atol=1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "difference"), [("float32", 1), ("float16", 4)])
def test_a_graphics_card_draws_the_same_wide_pictures(state, rows, precision, difference):
    if not torch.cuda.is_available():
        pytest.skip("GPU: there is none")
    for first_map in (FirstMap(columns=7), FirstMap(rows=9, widening=Widening.REFLECT)):
        folded = wide(fold(state, SMALL), first_map)
        runner = DeviceRunner(folded, device="cuda", dtype=getattr(torch, precision))
        drawn = drawn_by(runner, rows)
        assert runner.batch_shape & (runner.batch_shape - 1) == 0
        assert np.abs(drawn.astype(int) - drawn_by(CpuRunner(folded), rows)).max() <= difference
        alone = Rows(**{name: values[[1]] for name, values in vars(rows).items()})
        np.testing.assert_array_equal(drawn_by(runner, alone)[0], drawn[1])


# Memory ---------------------------------------------------------------------------------------------------------------------------------


def test_as_many_pictures_are_drawn_at_once_as_there_is_memory_for(state, rows, monkeypatch):
    folded = wide(fold(state, SMALL), FirstMap(columns=7))
    pictures = drawn_by(CpuRunner(folded, cores=3), rows)
    monkeypatch.setattr(memory, "free_bytes", lambda: 2 * memory.picture_bytes(folded) + 1)
    runner = CpuRunner(folded, cores=3)
    assert runner.cores == 2
    np.testing.assert_array_equal(drawn_by(runner, rows), pictures)


def test_a_picture_that_fits_no_memory_is_refused_before_drawing_with_the_largest_that_fits(state, monkeypatch):
    folded = wide(fold(state, SMALL), FirstMap(columns=40))
    fitting = wide(folded, FirstMap(columns=20))
    monkeypatch.setattr(memory, "free_bytes", lambda: memory.picture_bytes(fitting))
    with pytest.raises(UserError, match=r"640 x 64 px.*choose a shape of at most 320 x 64 px"):
        CpuRunner(folded)
    CpuRunner(fitting)
    monkeypatch.setattr(memory, "free_bytes", lambda: 1000)
    with pytest.raises(UserError, match=r"Close other programs that use it\."):
        CpuRunner(folded)


def test_memory_grows_with_the_picture(state):
    folded = fold(state, SMALL)
    needed = [memory.picture_bytes(wide(folded, FirstMap(columns=columns))) for columns in (4, 7, 40)]
    assert needed == sorted(set(needed))
