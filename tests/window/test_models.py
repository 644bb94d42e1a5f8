"""The models in the add-on's preferences, by mouse and keyboard in Blender's real window. Its pictures are kept: look at them."""

import pytest
import torch

from core.network.architecture import ARCHITECTURES
from tests import web_server
from tests.web_server import Answer
from tools.make_checkpoint import write_checkpoint

NAME = "biggan-deep-512"  # whose digest nobody published: weights made here will do


@pytest.fixture
def server(tmp_path):
    architecture = ARCHITECTURES[NAME]
    weights = write_checkpoint(
        tmp_path / "made", {name: torch.full(shape, 0.5) for name, shape in architecture.shapes().items()}, architecture
    )
    with web_server.running({f"/{NAME}-pytorch_model.bin": weights}, seconds_a_chunk=0.01) as running:
        running.answers = [Answer(seconds_a_chunk=0.01, stall_after=150_000_000)]  # the first one cannot be done before it is cancelled
        yield running


def test_a_model_is_downloaded_cancelled_resumed_verified_and_removed(play, server, tmp_path):
    result = play("models", CHROMASTRIP_MIRRORS=server.url, CHROMASTRIP_MODELS=str(tmp_path / "models"), HTTPS_PROXY="http://127.0.0.1:9")
    print(result.log_tail)
    assert result.ok, result.report()
    assert not result.left_behind
