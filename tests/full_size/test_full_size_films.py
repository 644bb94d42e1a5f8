"""Films at full size, by the command line: weights downloaded from a server on this machine, frames as the published module draws them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.models.checkpoint import load_published
from core.models.published import address
from core.network.architecture import ARCHITECTURES
from core.network.reference import to_8_bits
from core.pictures import read_picture
from tests import sounds, web_server
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

ROOT = Path(__file__).resolve().parents[2]
NAME = "biggan-deep-512"  # the one whose digest nobody published
FRAMES, FPS = 3, 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder for it all; removed at the end, for it is large."""
    path = tmp_path_factory.mktemp("films")
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def run(folder):
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environ |= {"CHROMASTRIP_MODELS": str(folder / "models"), "XDG_CACHE_HOME": str(folder)}
    song = sounds.write(folder / "song.wav", sounds.melody(seconds=1), 22_050)

    def command(name, *words):
        words = [name, *(song if word is ... else word for word in words)]
        done = subprocess.run(
            [sys.executable, "-m", "core", *map(str, words)], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]

    return command


@pytest.fixture(scope="module")
def weights(folder):
    architecture = ARCHITECTURES[NAME]
    return write_checkpoint(folder / "made", checkpoint_tensors(architecture), architecture)


def frames_of(said, *, drawn):
    film = said[-1]
    assert film["drawn_count"] == drawn
    frames = film["frames"]
    names = [f"{frames['prefix']}{number:06d}{frames['suffix']}" for number in range(FRAMES)]
    return np.stack([read_picture(Path(frames["folder"]) / name) for name in names])


def test_from_a_mirror_to_a_film(run, folder, weights):
    """Downloaded, drawn as the published module draws, and shown again without drawing."""
    with web_server.running({f"/{NAME}-pytorch_model.bin": weights}) as server:
        assert address(server.url, NAME).endswith(f"/{NAME}-pytorch_model.bin")
        run("models", "download", NAME, "--mirror", server.url, "--json")
    # square and without hits: what the published module is given below
    words = ["--model", NAME, "--fps", FPS, "--seconds", FRAMES / FPS, "--aspect", "1:1", "--hit", 0]
    exact = ["--device", "cpu", "--precision", "float32", "--allow-flashes"]  # random weights flicker, and what is calmed is another film
    drawn = frames_of(run("render", ..., "--out", folder / "films", *words, *exact, "--json"), drawn=FRAMES)
    run("vectors", ..., "--out", folder / "vectors.npz", "--full", *words)
    with np.load(folder / "vectors.npz") as vectors:
        noise, class_vectors = (torch.from_numpy(vectors[name]) for name in ("noise", "class_vectors"))
    module = load_published(folder / "models" / NAME / "pytorch_model.bin").eval()
    with torch.inference_mode():
        expected = to_8_bits(module(noise, class_vectors, 1.0))[0].numpy()
    differences = np.abs(drawn.astype(int) - expected)
    assert differences.max() <= 2
    assert (differences <= 1).mean() > 0.999
    again = frames_of(run("render", ..., "--out", folder / "films", *words, *exact, "--json"), drawn=0)
    np.testing.assert_array_equal(again, drawn)
