"""The judge of whether frames can be named: what it learns, what it looks at, and how its benchmark counts."""

import numpy as np
import pytest
import torch

from benchmarks import bench_naming
from core.latents import Latents
from core.protocol import Settings
from tests import emoji_packages
from tools import judge_naming
from tools.things import classes

pytestmark = pytest.mark.usefixtures("one_thread")
THINGS, STEPS = 6, 60


@pytest.fixture(scope="module")
def learned():
    emoji_packages.need()
    return classes.things()[:THINGS]


@pytest.fixture(scope="module")
def classifier(learned):
    return judge_naming.train(learned, steps=STEPS)


def test_it_names_views_that_it_has_not_seen(classifier, learned):
    assert judge_naming.share_right(classifier, learned) >= 0.9


def test_the_same_seed_gives_the_same_judge(learned):
    first, again, other = (judge_naming.train(learned, steps=2, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_it_judges_the_middle_square_of_any_size(classifier, learned):
    view = judge_naming.Views(learned).seen(torch.tensor([2]), torch.Generator().manual_seed(5))[0]
    square = ((view + 1) * 127.5).round().byte().permute(1, 2, 0).numpy().repeat(2, axis=0).repeat(2, axis=1)  # 128 px
    beside = np.random.default_rng(0).integers(0, 256, (128, 50, 3), dtype=np.uint8)
    wide = np.concatenate([beside, square, beside], axis=1)
    likely = judge_naming.likelihoods(classifier, [square, wide, wide.transpose(1, 0, 2).copy()])
    np.testing.assert_array_equal(likely[0], likely[1])
    assert likely[0].argmax() == 2
    np.testing.assert_allclose(likely.sum(axis=1), 1, rtol=1e-5)


def test_a_frame_counts_where_one_of_the_films_own_things_is_sure():
    likely = np.array([[0.6, 0.4, 0.0], [0.3, 0.3, 0.4], [0.0, 0.1, 0.9], [0.5, 0.0, 0.5]], np.float32)
    assert judge_naming.share_named(likely, [0, 1]) == 0.5
    assert judge_naming.share_named(likely, [2]) == 0.5
    assert judge_naming.share_named(likely, [0, 2]) == 0.75


def test_a_films_own_things_are_those_of_the_classes_that_show():
    weights = np.array([[1, 0, 0], [0.5, 0.5, 0]], np.float32)
    latents = Latents.of_columns(
        noise=np.zeros((2, 128), np.float32),
        classes=(281, 817, 963),
        weights=weights,
        class_floor=np.zeros(2, np.float32),
        truncation=np.ones(2, np.float32),
    )
    assert bench_naming.own_things(latents) == frozenset(classes.thing_of_class()[[281, 817]].tolist())


def test_only_the_default_look_is_held_to_the_bar():
    named = bench_naming.Judged(likely=np.array([[0.9, 0.1], [0.2, 0.8]], np.float32), own=frozenset([0]))
    other = bench_naming.Judged(likely=np.array([[0.1, 0.9], [0.2, 0.8]], np.float32), own=frozenset([1]))
    whole, first, second, control = bench_naming.compare("Chromastrip", {"a": named, "b": other})
    assert [figure.values[0] for figure in (whole, first, second, control)] == [0.75, 0.5, 1.0, 0.25]
    assert whole.bar
    assert not whole.kept
    assert not bench_naming.compare("msieg", {"a": named})[0].bar


def test_before_and_now_differ_in_what_is_said():
    now, before = bench_naming.CONTENDERS["Chromastrip"], bench_naming.CONTENDERS["the last release"]
    assert now == Settings(aspect=now.aspect)
    assert (before.blend, before.truncation, before.hit, before.aspect) == (1, 1, 0, 1)
