"""Which devices draw: those that are there, each once, all of one model."""

import pytest

from core.network import devices
from core.network.devices import card_model, find_devices
from core.network.running import Way, find_way
from core.protocol import Machine, UserError

H100, A100 = "NVIDIA H100 80GB HBM3", "NVIDIA A100-SXM4-40GB"


@pytest.fixture
def machine(monkeypatch):
    """Give a function that makes this a machine with some graphics cards, or with so many cores."""

    def make(*models, cores=4):
        monkeypatch.setattr(devices, "cards", lambda kind: models if kind == "cuda" else ("core",) * cores)
        monkeypatch.setattr(devices, "find_device", lambda: "cuda" if models else "cpu")

    return make


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("auto", ("cuda:0", "cuda:1")),
        ("cuda:*", ("cuda:0", "cuda:1")),
        ("cuda:0,cuda:1", ("cuda:0", "cuda:1")),
        ("cuda:1 , cuda", ("cuda:1", "cuda:0")),
        ("cuda", ("cuda",)),
        ("cuda:1", ("cuda:1",)),
        ("cpu", ("cpu",)),
        ("cpu:0,cpu:3", ("cpu:0", "cpu:3")),
        ("cpu:*", ("cpu:0", "cpu:1", "cpu:2", "cpu:3")),
        ("mps", ("mps",)),
    ],
)
def test_devices_are_said_one_by_one_or_all_at_once(machine, said, names):
    machine(H100, H100)
    assert [*Machine(device=said).problems()] == []
    assert find_devices(said) == devices.Devices(names=names)


@pytest.mark.parametrize(("models", "names"), [((), ("cpu",)), ((H100,), ("cuda",)), ((H100, H100), ("cuda:0", "cuda:1"))])
def test_all_cards_draw_unless_something_else_is_said(machine, models, names):
    machine(*models)
    assert find_devices("auto").names == names


def test_cards_of_another_model_stay_idle_and_the_user_is_told(machine):
    machine(H100, A100, H100)
    found = find_devices("auto")
    assert found.names == ("cuda:0", "cuda:2")
    (note,) = found.notes
    assert f"Idle: cuda:1 ({A100})" in note
    assert find_devices("cuda:1").notes == ()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("cuda:0,cuda:0", "cuda:0 is named twice"),
        ("cuda,cuda:0", "cuda:0 is named twice"),
        ("cuda:0,cuda:1", f"not of one model: cuda:0 ({H100}), cuda:1 ({A100})"),
        ("cuda:0,cpu:0", "cpu and cuda"),
        ("cuda:0,cuda:7", "There is no cuda:7: this machine has cuda:0, cuda:1"),
        ("cuda:7", "There is no cuda:7"),
        ("cpu:4", "There is no cpu:4"),
    ],
)
def test_devices_that_do_not_go_together_or_are_not_there_are_refused(machine, said, told):
    machine(H100, A100)
    with pytest.raises(UserError) as refused:
        find_devices(said)
    assert told in refused.value.cause
    assert refused.value.cure


def test_cards_where_there_are_none_are_refused(machine):
    machine()
    with pytest.raises(UserError, match="has none"):
        find_devices("cuda:0,cuda:1")


@pytest.mark.parametrize(
    "said", ["", "tpu", "cuda:", "cuda:x", "cuda:0,", "cuda:0;cuda:1", "auto,cuda:0", "mps,mps", "cuda:-1", "cuda:99999"]
)
def test_words_that_name_no_device_are_refused(said):
    (problem,) = Machine(device=said).problems()
    assert "cuda:0,cuda:1" in problem


def test_a_cards_model_is_part_of_the_keys_and_its_number_is_not(machine, tmp_path):
    machine(H100, H100, A100)
    ways = [find_way(device=device, precision="float16", cache_folder=tmp_path) for device in ("cuda", "cuda:0", "cuda:1", "cuda:2")]
    assert ways[0].name == ways[1].name == ways[2].name
    assert H100 in ways[0].name
    assert A100 in ways[3].name


def test_a_processors_pictures_keep_the_names_that_they_have_always_had(tmp_path):
    names = {find_way(device=device, precision="float32", cache_folder=tmp_path).name for device in ("cpu", "cpu:0")}
    assert names == {Way(device="cpu", precision="float32").name}
    assert card_model("cpu:0") == ""
