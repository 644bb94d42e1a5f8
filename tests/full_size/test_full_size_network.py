"""The folded network at full size, 128, 256 and 512 px, held against the published one in float64.

A minute or two on two cores, 3 GB of memory. The weights are random, but their activations are like a trained network's.
"""

import dataclasses

import pytest
import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig

from core.network import processor, reference
from core.network.architecture import ARCHITECTURES
from core.network.folding import fold
from tools import published

FLOAT32_ERROR = 1e-5
SHORT_ERROR = 2e-2
SHARE_WITHIN_2_LEVELS = 0.99


@pytest.fixture(scope="module", params=ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
def drawn(request):
    """Give folded weights, inputs, and what the published network draws from them in float64."""
    architecture = request.param
    state = published.random_state(architecture)
    noise, class_vectors = published.random_inputs(architecture, 1, seed=5)
    module = BigGAN(BigGANConfig(**dataclasses.asdict(architecture)))
    module.load_state_dict(state, strict=True)
    with torch.inference_mode():
        truth = module.eval().double()(noise.double(), class_vectors.double(), 1.0)
    return fold(state, architecture), (noise, class_vectors, torch.ones(1)), truth


def draw_anywhere(folded, inputs, dtype):
    weights = reference.prepare(folded, dtype=dtype)
    with torch.inference_mode():
        return reference.draw_values(weights, reference.make_conditions(weights, *inputs))


def draw_on_the_processor(folded, inputs, dtype):
    with torch.inference_mode():
        return processor.draw_values(processor.prepare_cpu(folded, dtype=dtype), *inputs, processor.Buffers())


def relative_error(values, truth):
    return float((values.double() - truth).norm() / truth.norm())


def share_within_2_levels(values, truth):
    pictures, expected = (reference.to_8_bits(each.double())[0].int() for each in (values, truth))
    return float(((pictures - expected).abs() <= 2).double().mean())


def test_random_weights_draw_contrasts_like_a_photo(drawn):
    _, _, truth = drawn
    assert 0.25 < truth.std() < 0.75


@pytest.mark.parametrize("draw", [draw_anywhere, draw_on_the_processor])
def test_float32_is_exact_to_five_digits(drawn, draw):
    folded, inputs, truth = drawn
    assert relative_error(draw(folded, inputs, torch.float32), truth) < FLOAT32_ERROR


@pytest.mark.parametrize(("draw", "dtype"), [(draw_anywhere, torch.float16), (draw_on_the_processor, torch.bfloat16)])
def test_short_numbers_show_nearly_the_same_pictures(drawn, draw, dtype):
    folded, inputs, truth = drawn
    values = draw(folded, inputs, dtype)
    assert relative_error(values, truth) < SHORT_ERROR
    assert share_within_2_levels(values, truth) > SHARE_WITHIN_2_LEVELS


def test_bfloat16_on_any_device_shows_nearly_the_same_pictures(drawn):
    folded, inputs, truth = drawn
    assert relative_error(draw_anywhere(folded, inputs, torch.bfloat16), truth) < SHORT_ERROR
