"""A Ray cluster draws a film: a head and two nodes, started by `ray start`, each with a network of its own."""

import signal
import subprocess
from fractions import Fraction

import pytest

from core.backends import Backends
from core.pipeline import render
from core.protocol import Machine, Model, Precision, Settings
from tests import films, sounds
from tests.architectures import tiny
from tests.ray_cluster import HEAD, NODES, ray_cluster
from tests.waiting import until
from tools.environments import RAY
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

FRAMES = 84
PATIENCE = 240
"""Seconds: Ray starts several processes for each actor, which takes its time on a busy machine."""
ROSES = tiny(channel_width=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder with a song, and the nodes' own network."""
    made = tmp_path_factory.mktemp("ray")
    sounds.write(made / "song.wav", sounds.click_track(seconds=5), 22_050)
    write_checkpoint(made / "nodes" / "chromastrip" / "models" / "roses", checkpoint_tensors(ROSES, seed=1), ROSES)
    return made


@pytest.fixture(scope="module")
def cluster(folder):
    if not RAY.is_ready:
        pytest.skip("Ray is not installed: run `python3 dev.py setup --all`")
    with ray_cluster(XDG_DATA_HOME=str(folder / "nodes"), XDG_CACHE_HOME=str(folder / "cache of nodes")) as cluster:
        yield cluster


def start(cluster, folder, *words, **environ):
    """Have a film drawn by the cluster, from the head's place."""
    asked = ["--cache", folder / "cache", "--out", folder / "out", "--seconds", f"{FRAMES}/25", "--precision", "float32", *words]
    command = [RAY.python, "-m", "core", "render", folder / "song.wav", "--ray", cluster.address, *asked]
    return cluster.run(HEAD, [str(word) for word in command], output=subprocess.PIPE, **environ)


def kept(folder):
    return len(films.kept_pictures(folder / "cache"))


def test_driver_and_node_are_killed_and_the_film_is_that_of_one_process(cluster, folder):
    settings = Settings(model=Model.EMOJI, aspect=Fraction(16, 9))
    machine = Machine(device="cpu", precision=Precision.FLOAT32)
    asked = {"settings": settings, "machine": machine, "frame_count": FRAMES, "by_stamps": True}
    films.hear(films.request(folder, folder / "song.wav", **asked))

    with start(cluster, folder) as driver:
        until(lambda: kept(folder) or driver.poll() is not None, seconds=PATIENCE)
        driver.send_signal(signal.SIGKILL)
        driver.stdout.close()
    assert driver.returncode == -signal.SIGKILL
    before = kept(folder)
    assert 0 < before < FRAMES

    with start(cluster, folder, "--shared-cache") as driver:
        until(lambda: kept(folder) > before or driver.poll() is not None, seconds=PATIENCE)
        cluster.kill(NODES[1])
        said = driver.stdout.read()
    assert driver.returncode == 0, said
    assert "the other cards drew the rest" in said
    assert f"{FRAMES} frames" in said
    assert f"({FRAMES} drawn now)" not in said  # it went on by the cache

    alone = render(films.request(folder / "alone", folder / "song.wav", **asked), open_backend=Backends().open)
    (drawn,) = (folder / "out").iterdir()
    assert [path.read_bytes() for path in sorted(drawn.glob("*.png"))] == films.content(alone.frames)


def test_nodes_with_another_model_file_are_refused(cluster, folder):
    write_checkpoint(folder / "own" / "chromastrip" / "models" / "roses", checkpoint_tensors(ROSES, seed=2), ROSES)
    words = ("--model", "roses", "--hit", "0", "--breath", "0")
    with start(cluster, folder, *words, XDG_DATA_HOME=str(folder / "own")) as driver:
        said = driver.stdout.read()
    assert driver.returncode == 1, said
    assert "another model file" in said
