"""From a checkpoint to its folded network, the slow way once and the fast way ever after."""

import pytest
import torch

from core.models.checkpoint import load_published
from core.models.loading import load_folded
from core.models.store import ModelStore
from core.network.folding import fold_network
from core.protocol import UserError
from tests.architectures import tiny
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = tiny(channel_width=4)


@pytest.fixture
def checkpoint(tmp_path):
    write_checkpoint(tmp_path / "models" / "small", checkpoint_tensors(SMALL), SMALL)
    return ModelStore(tmp_path / "models", cache_folder=tmp_path / "cache", mirrors=[]).open("small")


def test_every_start_gives_the_same_folded_network(checkpoint, tmp_path):
    expected = fold_network(load_published(checkpoint.weights)).to_tensors()
    for _ in range(2):
        loaded = load_folded(checkpoint, cache_folder=tmp_path / "cache")
        assert loaded.architecture == SMALL
        found = loaded.to_tensors()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_the_second_start_does_not_read_the_weights(checkpoint, tmp_path):
    load_folded(checkpoint, cache_folder=tmp_path / "cache")
    checkpoint.weights.write_bytes(b"gone")
    load_folded(checkpoint, cache_folder=tmp_path / "cache")


def test_unfit_weights_are_never_folded(checkpoint, tmp_path):
    checkpoint.weights.write_bytes(b"gone")
    with pytest.raises(UserError, match="cut short"):
        load_folded(checkpoint, cache_folder=tmp_path / "cache")
    assert not list(tmp_path.rglob("*.safetensors"))
