"""The embedded model “Emoji” as it is shipped: its file, and what it must show. `tools/judge_embedded.py` describes each figure."""

import dataclasses

import numpy as np
import pytest
import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig

from core.generator import EMOJI_WEIGHT_LIMIT, Generator, emoji_network
from core.latents import Latents
from core.network.emoji import WEIGHTS, load_emoji, read_emoji
from core.network.running import Way
from tools import debian, judge_embedded

CHOSEN = (1, 207, 417, 949, 579)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def figures():
    """What the judge measures, each tenth class."""
    try:
        for package in ("unicode-data", "fonts-noto-color-emoji"):
            debian.unpacked(package)
    except debian.NoPackageError as error:
        pytest.skip(str(error))
    with torch.inference_mode():
        return judge_embedded.figures(judge_embedded.judge_of(load_emoji()), every=10)


def test_the_file_is_small_float16_and_tells_where_it_comes_from():
    assert WEIGHTS.stat().st_size <= 8_000_000
    tensors, architecture = read_emoji()
    assert {value.dtype for value in tensors.values()} == {torch.float16}
    assert (architecture.output_dim, architecture.num_classes, architecture.n_stats) == (128, 1000, 51)
    assert b"Noto Color Emoji" in WEIGHTS.read_bytes()[:20_000]


def test_the_published_class_loads_it_strictly_and_draws_the_same():
    tensors, architecture = read_emoji()
    module = BigGAN(BigGANConfig(**dataclasses.asdict(architecture))).eval()
    module.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=True)
    noise = np.random.default_rng(3).standard_normal((len(CHOSEN), 128)).clip(-2, 2).astype(np.float32)
    latents = Latents.of_columns(
        noise=noise,
        classes=CHOSEN,
        weights=np.eye(len(CHOSEN), dtype=np.float32),
        class_floor=np.zeros(len(CHOSEN), np.float32),
        truncation=np.full(len(CHOSEN), 0.6, np.float32),
    )
    generator = Generator(emoji_network(), Way(device="cpu", precision="float32"))
    drawn = np.stack([*generator.draw(latents, range(len(CHOSEN)))])
    with torch.inference_mode():
        values = module(torch.from_numpy(noise), torch.eye(1000)[list(CHOSEN)], 0.6)
    published = ((values + 1) / 2 * 255).permute(0, 2, 3, 1).numpy()
    assert np.abs(drawn - published).max() <= 1.5


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
    noise = np.random.default_rng(4).standard_normal((2, 128)).clip(-2, 2).astype(np.float32)
    generator = Generator(emoji_network(), Way(device="cpu", precision="float32"))
    drawn, expected = (
        np.stack(
            [
                *generator.draw(
                    Latents.of_columns(
                        noise=noise,
                        classes=CHOSEN,
                        weights=rows,
                        class_floor=np.zeros(2, np.float32),
                        truncation=np.ones(2, np.float32),
                    ),
                    range(2),
                )
            ]
        )
        for rows in (weights, limited)
    )
    assert np.abs(drawn.astype(int) - expected).max() <= 1
    assert np.abs(np.diff(drawn[0].astype(int), axis=1)).mean() < 12  # beyond what it has learnt, the network paints specks: 32
