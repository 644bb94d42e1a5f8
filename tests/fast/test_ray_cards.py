"""Cards of a Ray cluster, without Ray: who may draw, what is said where it cannot be used. The rest: `tests/slow/test_ray.py`."""

import socket
import sys
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from core import ray_cards
from core.card_process import Job
from core.command_line import main
from core.generator import Generator, emoji_network
from core.latents import Latents
from core.network.running import Way
from core.protocol import Settings, UserError
from core.ray_cards import Cluster, RayCards
from core.ray_node import Film, NodeCard, about, code_digest, told
from tests import films

OURS = about("cpu")


class Node:
    """An actor that only says what its pictures depend on."""

    def __init__(self, said):
        self.about = SimpleNamespace(remote=lambda: (id(self), said))
        self.is_killed = False


class StandIn:
    """As much of Ray as gathering nodes needs: references are the answers, and exceptions are raised when they are got."""

    exceptions = SimpleNamespace(RayError=RuntimeError)

    def wait(self, refs, **_):
        return refs, []

    def get(self, ref):
        if isinstance(ref[1], Exception):
            raise ref[1]
        return ref[1]

    def kill(self, actor):
        actor.is_killed = True


@pytest.fixture
def gather(monkeypatch):
    """Give a function that lets nodes say what they are, and gives the backend and the nodes."""

    def make(*said):
        nodes = {f"node {number}": Node(one) for number, one in enumerate(said)}
        monkeypatch.setattr(ray_cards, "connect", lambda _: StandIn())
        monkeypatch.setattr(RayCards, "_actors", lambda _: iter(nodes.items()))
        cards = RayCards(Cluster(address="auto", is_shared=False), device="cpu")
        cards._gather()
        return cards, nodes

    return make


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": "0123"}, "another version of Chromastrip"),
        ({"kernels": "torch 1.0, A Processor"}, "it draws by torch 1.0, A Processor"),
        ({"model": "NVIDIA T4"}, "it has the card NVIDIA T4"),
    ],
)
def test_a_node_that_would_draw_otherwise_is_refused_with_the_reason(gather, changes, reason):
    cards, nodes = gather(OURS, replace(OURS, **changes), OURS)
    assert cards.devices.names == ("node 0", "node 2")
    (note,) = cards.notes
    assert note.startswith("node 1 does not draw: ")
    assert reason in note
    assert [node.is_killed for node in nodes.values()] == [False, True, False]


def test_a_node_without_chromastrip_is_refused(gather):
    cards, _ = gather(OURS, RuntimeError("Traceback\nModuleNotFoundError: No module named 'core'"))
    assert cards.devices.names == ("node 0",)
    assert "No module named 'core'" in cards.notes[0]


def test_what_most_nodes_draw_by_decides(gather):
    other = replace(OURS, kernels="torch 1.0, A Processor")
    assert gather(OURS, other, other)[0].devices.names == ("node 1", "node 2")
    assert gather(OURS, other)[0].devices.names == ("node 0",)  # even: as this machine draws


def test_where_no_node_can_draw_all_reasons_are_told(gather):
    with pytest.raises(UserError, match=r"No node of the Ray cluster can draw\. node 0 does not draw: it has another version"):
        gather(replace(OURS, code="0123"))
    with pytest.raises(UserError, match="No node"):
        gather()


def test_the_sources_are_digested_the_same_way_each_time():
    assert code_digest() == code_digest()
    assert told(OURS, about("cpu")) == ""


def test_without_ray_the_pip_command_is_told(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match="the package ray") as refused:
        ray_cards.connect("auto")
    assert 'pip install "chromastrip[ray]"' in refused.value.cure


@pytest.mark.parametrize("address", ["", "nonsense", "host", "host:", ":6379", "ray://host", "host:port", "host:-1"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(UserError, match="no address of a Ray cluster"):
        ray_cards._check_answers(address)


def test_an_address_that_does_not_answer_is_noticed_before_ray_tries():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ray_cards._check_answers(f"127.0.0.1:{port}")
        ray_cards._check_answers(f"ray://127.0.0.1:{port}")
    for address in (f"127.0.0.1:{port}", "127.0.0.1:99999", "no.such.host.invalid:6379"):
        with pytest.raises(UserError, match="Nothing answers"):
            ray_cards._check_answers(address)


def test_another_version_of_ray_or_python_is_told_in_rays_own_words(monkeypatch):
    text = "Version mismatch: The cluster was started with:\n    Ray: 2.61.0\n    Python: 3.12.1\nThis process was started with: ..."

    def init(**_):
        raise RuntimeError(text)

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init))
    with pytest.raises(UserError, match=r"Ray: 2\.61\.0 Python: 3\.12\.1") as refused:
        ray_cards.connect("auto")
    assert "versions" in refused.value.cure


def test_a_node_that_does_not_see_the_shared_cache_is_refused(tmp_path):
    job = Job(request=films.request(tmp_path, tmp_path / "song.wav"), network="x")
    (answer,) = NodeCard("cpu").begin(Film(job=job, witness=tmp_path / "elsewhere" / "shared.txt"), 0).answers
    assert answer.of_card
    assert "does not see the shared cache" in answer.cause


def test_what_was_stopped_is_not_drawn():
    node = NodeCard("cpu")
    node.stop(3)
    assert node.draw(None, 3).answers == []


def test_displaced_rows_are_the_same_pictures(tmp_path):
    rng = np.random.default_rng(0)
    latents = Latents.of_columns(
        noise=rng.standard_normal((9, 128), np.float32),
        displacement=rng.standard_normal((9, 6), np.float32),
        classes=range(3),
        weights=rng.random((9, 3), np.float32),
        class_floor=np.zeros(9, np.float32),
        truncation=np.full(9, 0.4, np.float32),
    )
    generator = Generator(emoji_network(), Way(device="cpu", precision="float32"), aspect=Settings(aspect=Fraction(16, 9)).aspect)
    keys = generator.cache_keys(latents)
    assert generator.cache_keys(generator.displaced(latents, [7, 2])) == [keys[7], keys[2]]


@pytest.mark.parametrize("words", [["--shared-cache"], ["--dry-run", "--ray", "auto"]])
def test_words_that_do_not_go_together_are_refused(words, tmp_path):
    with pytest.raises(SystemExit):
        main(["render", str(tmp_path / "song.wav"), "--out", str(tmp_path), *words])
