"""Calibration: what a network's noise means is found by drawing it, once, or not at all."""

import numpy as np
import pytest

from core.generator import Generator, Network, abstract_directions, abstract_network
from core.network.calibrating import TRIED, calibrate
from core.network.emoji import emoji_digest, emoji_directions, load_emoji
from core.network.folding import fold_network
from core.network.running import Way
from core.walk.latent_rows import DIRECTIONS
from core.working import CancelledError
from tests.architectures import tiny

WAY = Way(device="cpu", precision="float32")


def secretive():
    """Give the embedded network, as if nobody knew what its noise means."""
    return Network(digest=emoji_digest(), size=128, class_total=1000, load=load_emoji)


def alike(found, known):
    """Give the cosines of two networks' directions, by name."""
    cosines = (found * known).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(known, axis=1)
    return dict(zip(DIRECTIONS, cosines, strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cache folder in which the secretive network has been calibrated."""
    cache = tmp_path_factory.mktemp("cache")
    Generator(secretive(), WAY, cache_folder=cache).directions()
    return cache


def test_known_directions_are_found_again(folder):
    cosines = alike(Generator(secretive(), WAY, cache_folder=folder).directions(), emoji_directions())
    for name in ("zoom", "turn", "shift right", "shift down", "light"):
        assert cosines[name] > 0.7, cosines


def test_another_process_reads_what_was_found(folder):
    def refuse():
        raise AssertionError("the network was loaded")

    network = Network(digest=emoji_digest(), size=128, class_total=1000, load=refuse)
    found = Generator(network, WAY, cache_folder=folder).directions()
    assert found.shape == (6, 128)


def test_an_interrupted_calibration_leaves_nothing_and_the_next_one_is_whole(tmp_path, folder):
    told = []
    with pytest.raises(CancelledError):
        Generator(secretive(), WAY, cache_folder=tmp_path).directions(
            report=lambda *counts: told.append(counts), cancelled=lambda: len(told) > 5
        )
    assert told[-1] == (6, 2 * TRIED * 12)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    again = Generator(secretive(), WAY, cache_folder=tmp_path).directions()
    np.testing.assert_array_equal(again, Generator(secretive(), WAY, cache_folder=folder).directions())


def test_a_small_network_of_few_classes_is_calibrated_too():
    import torch
    from pytorch_pretrained_biggan import BigGAN, BigGANConfig

    torch.manual_seed(0)
    network = BigGAN(BigGANConfig.from_dict(vars(tiny(num_classes=2))))
    found = calibrate(fold_network(network.eval()), WAY)
    assert np.isfinite(found).all()
    assert found.shape == (6, 128)


def test_abstract_brings_the_directions_that_its_calibration_finds():
    network = abstract_network()
    found = Generator(Network(digest=network.digest, size=128, class_total=1000, load=network.load), WAY).directions()
    assert min(alike(found, abstract_directions()).values()) > 0.95
