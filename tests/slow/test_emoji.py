"""The embedded model “Emoji” as it is shipped: its file, and what it must show. `tools/judge_embedded.py` describes each figure."""

import numpy as np
import pytest
import torch

from core.generator import EMOJI_WEIGHT_LIMIT, Generator, emoji_network
from core.latents import Latents
from core.models.checkpoint import build_network
from core.network.directions import of_units
from core.network.emoji import WEIGHTS, emoji_directions, load_emoji, read_emoji
from core.network.running import Way
from tests import emoji_packages
from tools import judge_embedded
from tools.things.views import UNITS

CHOSEN = (1, 207, 417, 949, 579)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def figures():
    """What the judge measures, each tenth class."""
    emoji_packages.need()
    with torch.inference_mode():
        return judge_embedded.figures(judge_embedded.judge_of(load_emoji()), every=10)


def drawn(noise, weights, *, truncation):
    """Draw mixtures of the chosen classes as films are drawn: uint8 [N, 128, 128, 3]."""
    count = len(noise)
    latents = Latents.of_columns(
        noise=noise,
        classes=CHOSEN,
        weights=weights,
        class_floor=np.zeros(count, np.float32),
        truncation=np.full(count, truncation, np.float32),
    )
    generator = Generator(emoji_network(), Way(device="cpu", precision="float32"))
    return np.stack([*generator.draw(latents, range(count))])


def noise_of(seed, *, count):
    return np.random.default_rng(seed).standard_normal((count, 128)).clip(-2, 2).astype(np.float32)


def test_the_file_is_small_float16_and_tells_where_it_comes_from():
    assert WEIGHTS.stat().st_size <= 8_000_000
    tensors, architecture = read_emoji()
    assert {value.dtype for value in tensors.values()} == {torch.float16}
    assert (architecture.output_dim, architecture.num_classes, architecture.n_stats) == (128, 1000, 51)
    assert b"Noto Color Emoji" in WEIGHTS.read_bytes()[:20_000]


def test_the_published_class_loads_it_strictly_and_draws_the_same():
    tensors, architecture = read_emoji()
    module = build_network(tensors, architecture)  # strictly
    noise = noise_of(3, count=len(CHOSEN))
    ours = drawn(noise, np.eye(len(CHOSEN), dtype=np.float32), truncation=0.6)
    with torch.inference_mode():
        values = module(torch.from_numpy(noise), torch.eye(1000)[list(CHOSEN)], 0.6)
    published = ((values + 1) / 2 * 255).permute(0, 2, 3, 1).numpy()
    assert np.abs(ours - published).max() <= 1.5


def test_its_directions_are_those_that_the_weights_were_made_with():
    tensors, _ = read_emoji()
    weight = tensors["generator.gen_z.weight_orig"].double()  # for [noise, code, units], where the noise comes as units
    units = torch.linalg.lstsq(weight[:, -len(UNITS) :], weight[:, :128]).solution.numpy()
    np.testing.assert_allclose(emoji_directions(), of_units(units, UNITS), atol=1e-3)


def test_the_nearest_picture_is_the_right_one_for_nine_classes_in_ten(figures):
    assert figures.right >= 0.9


def test_a_walk_goes_in_small_steps(figures):
    assert figures.step <= 0.2


def test_no_class_collapses_and_truncation_calms(figures):
    assert figures.spread >= 1 / 3
    assert figures.calm <= 0.6


def test_mixtures_are_creatures_between_their_parents(figures):
    assert figures.between_parents >= 0.7
    assert figures.own_shapes >= 0.2


def test_edges_are_crisp(figures):
    assert figures.crisp >= 60
    assert figures.sharpness >= 0.65


def test_chords_of_many_things_are_drawn_as_mixtures_that_it_has_learnt():
    weights = np.array([[1, 0.9, 0.8, 0.7, 0.2], [0.5, 0.2, 0.1, 0, 0]], np.float32)
    limited = weights.copy()
    limited[0] *= EMOJI_WEIGHT_LIMIT / weights[0].sum()
    noise = noise_of(4, count=2)
    ours, expected = (drawn(noise, rows, truncation=1).astype(int) for rows in (weights, limited))
    assert np.abs(ours - expected).max() <= 1
    assert np.abs(np.diff(ours[0], axis=1)).mean() < 12  # beyond what it has learnt, the network paints specks: 32
