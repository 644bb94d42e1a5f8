"""Weights at full size, 128, 256 and 512 px: made, served over bad lines, downloaded, loaded, folded, and mapped at the second start.

75 s on two cores, 1 GB of disk, 1.5 GB of memory: so it has a process of its own, after the fast layer
(`python -m pytest tests/full_size`).
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from pytorch_pretrained_biggan import BigGAN

from core.models.checkpoint import load_published, package_config
from core.models.digests import SETTLED_SECONDS, sha256
from core.models.download import CHUNK_BYTES, Patience
from core.models.loading import load_folded
from core.models.published import PUBLISHED, PublishedModel
from core.models.store import ModelStore
from core.network.architecture import ARCHITECTURES
from core.protocol import UserError
from core.protocol.models import ModelState
from tests import web_server
from tests.waiting import until
from tests.web_server import Answer
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

ROOT = Path(__file__).resolve().parents[2]
MB = 10**6
NO_PAUSES = Patience(connect_seconds=60, stall_seconds=8, pauses_seconds=(0.05, 0.05))
SECOND_START = """if True:
    import json, sys
    from pathlib import Path
    from core.models.store import ModelStore
    folder, cache = map(Path, sys.argv[1:3])
    checkpoint = ModelStore(folder, cache_folder=cache, mirrors=[], published=[]).open(sys.argv[3])
    import torch
    from core.models.loading import load_folded

    def bytes_read():
        return int(Path("/proc/self/io").read_text().split()[1])

    before = bytes_read()
    folded = load_folded(checkpoint, cache_folder=cache)
    read = bytes_read() - before
    assert "pytorch_pretrained_biggan" not in sys.modules
    print(json.dumps([read, "/folded-" in Path("/proc/self/maps").read_text()]))
"""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module", params=[128, 256, 512])
def published(request):
    """One of the published networks, as it is known."""
    return next(model for model in PUBLISHED if model.name == f"biggan-deep-{request.param}")


@pytest.fixture(scope="module")
def folder(published, tmp_path_factory):
    """A folder for all that one network needs; removed at the end, for it is large."""
    path = tmp_path_factory.mktemp(published.name)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def tensors(published):
    return checkpoint_tensors(published.architecture)


@pytest.fixture(scope="module")
def weights(published, folder, tensors):
    return write_checkpoint(folder / "made", tensors, published.architecture)


@pytest.fixture(scope="module")
def made(published, weights):
    """The same network, as it would be known were our random weights the published ones."""
    known = {"size": weights.stat().st_size, "sha256": sha256(weights)} if published.sha256 else {}
    return PublishedModel(name=published.name, architecture=published.architecture, **known)


@pytest.fixture
def server(published, weights):
    with web_server.running({f"/{published.name}-pytorch_model.bin": weights}) as running:
        yield running


@pytest.fixture
def store(folder, made, server):
    return ModelStore(folder / "models", cache_folder=folder / "cache", mirrors=[server.url], published=[made], patience=NO_PAUSES)


@pytest.fixture
def here(store, made, server):
    """The network's name, when it has been downloaded."""
    store.download(made.name)
    server.requests.clear()
    return made.name


def test_names_and_shapes_are_those_of_the_packages_classes(published, tensors):
    state = BigGAN(package_config(published.architecture)).state_dict()
    assert [(name, tuple(tensor.shape)) for name, tensor in state.items()] == [(name, tuple(t.shape)) for name, t in tensors.items()]
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == published.architecture.shapes()


def test_the_made_file_is_as_long_as_the_published_one_within_a_few_kilobytes(published, weights):
    if published.size:
        assert abs(weights.stat().st_size - published.size) < 5000
    assert published.architecture.tensor_bytes() < weights.stat().st_size < published.largest_bytes + 5000


def test_a_download_over_a_bad_line(folder, server, made, weights):
    """A busy server, a cut, a silence, a server that forgets where it was, one more cut: every piece comes once, or hardly more."""
    store = ModelStore(folder / "bad line", cache_folder=folder / "cache", mirrors=[server.url], published=[made], patience=NO_PAUSES)
    server.answers = [
        *(Answer(status=503), Answer(cut_after=40 * MB), Answer(stall_after=50 * MB), Answer(range_lie=-9)),
        *(Answer(cut_after=60 * MB), Answer(length_lie=0)),
    ]
    reports = []
    checkpoint = store.download(made.name, report=lambda *counts: reports.append(counts))
    assert checkpoint.sha256 == sha256(weights)
    assert reports[-1] == (weights.stat().st_size,) * 2
    assert len(server.requests) == 6
    assert [int(asked.removeprefix("bytes=").removesuffix("-") or 0) // CHUNK_BYTES for _, asked in server.requests] == [
        *(0, 0, 40 * MB // CHUNK_BYTES, 90 * MB // CHUNK_BYTES - 1, 0, 60 * MB // CHUNK_BYTES),
    ]
    store.verify(made.name)
    store.remove(made.name)


def test_what_is_here_is_not_fetched_again(store, server, here):
    store.download(here)
    assert server.requests == []


def test_it_loads_strictly_into_the_packages_classes(store, here, tensors):
    network = load_published(store.open(here).weights.parent)
    state = network.state_dict()
    assert all(torch.equal(state[name], tensors[name]) for name in tensors)


def test_the_second_start_maps_the_folded_weights(store, here, folder):
    checkpoint = store.open(here)
    first = load_folded(checkpoint, cache_folder=folder / "cache").to_tensors()
    (file,) = checkpoint.weights.parent.glob("folded-*")
    until(lambda: time.time() > file.stat().st_ctime + SETTLED_SECONDS)  # digests of younger files are not remembered
    _second_start(store, here)  # learns the file's digest
    read, is_mapped = _second_start(store, here)
    assert is_mapped
    assert read < 20 * MB  # modules and the folded file's head, but not its numbers
    second = load_folded(checkpoint, cache_folder=folder / "cache").to_tensors()
    assert all(torch.equal(first[name], second[name]) for name in first)


def _second_start(store, name):
    command = [sys.executable, "-c", SECOND_START, str(store.folder), str(store.cache_folder), name]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)


def test_the_new_layout_is_added_from_a_folder(store, made, folder, tensors):
    path = write_checkpoint(folder / "new layout", tensors, made.architecture, layout="new")
    (checkpoint,) = store.add(path.parent)
    assert checkpoint.name == "new-layout"
    state = load_published(checkpoint.weights).state_dict()
    assert all(torch.equal(state[name], tensors[name]) for name in tensors)
    store.remove("new-layout")
    path.unlink()


@pytest.mark.parametrize("usual", [Answer(status=404), Answer(status=503), Answer(length_lie=-MB), Answer(length_lie=5 * MB)])
def test_bad_servers_are_told_apart(folder, made, server, usual):
    server.usual = usual
    store = ModelStore(folder / "other", cache_folder=folder / "cache", mirrors=[server.url], published=[made], patience=NO_PAUSES)
    with pytest.raises(UserError) as refusal:
        store.download(made.name)
    print(refusal.value.cause)
    assert store.entries()[0].state in {ModelState.ABSENT, ModelState.PARTIAL}
    if store.entries()[0].state == ModelState.PARTIAL:
        store.remove(made.name)


def test_random_weights_do_not_pass_for_the_published_ones(folder, published, server, made):
    store = ModelStore(folder / "real", cache_folder=folder / "cache", mirrors=[server.url], published=[published], patience=NO_PAUSES)
    if published.sha256:
        with pytest.raises(UserError, match=r"SHA-256|has a file of \d+ bytes, not 234411737"):
            store.download(published.name)
    else:
        assert store.download(published.name).sha256 == sha256(store.open(published.name).weights)
        store.remove(published.name)


def test_a_renamed_file_is_called_by_its_name(folder, published, weights):
    other = next(model for model in PUBLISHED if model.name != published.name)
    store = ModelStore(folder / "real", cache_folder=folder / "cache", mirrors=[])
    weights.with_name("config.json").rename(weights.with_name("aside"))
    try:
        with pytest.raises(UserError, match=f"not {other.name} but {published.name}"):
            store.add(weights, name=other.name)
        weights.with_name("config.json").write_text(ARCHITECTURES[other.name].to_json())
        with pytest.raises(UserError) as refusal:
            load_published(weights)
        assert published.name in refusal.value.cure
    finally:
        weights.with_name("aside").rename(weights.with_name("config.json"))
