"""Configurations: the published ones, users' own, and what is none."""

import hashlib
import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_pretrained_biggan import BigGAN
from pytorch_pretrained_biggan import convert_tf_to_pytorch as package

from core.models.checkpoint import package_config
from core.network.architecture import ARCHITECTURES, Architecture, read_architecture
from core.protocol import UserError

SMALL = {"output_dim": 16, "channel_width": 8, "layers": [[True, 16, 8], [False, 8, 4], [True, 4, 2], [False, 2, 1]]}


def read(**values):
    return read_architecture(json.dumps(values), source="config.json")


def small(**changes):
    return read(**SMALL | {"attention_layer_position": 1} | changes)


@pytest.mark.parametrize("size", [128, 256, 512])
def test_the_published_networks_are_the_packages_own(size):
    theirs = getattr(package, f"BigGAN{size}").to_dict()
    assert json.loads(ARCHITECTURES[f"biggan-deep-{size}"].to_json()) == json.loads(json.dumps(theirs))


def test_the_256_px_configuration_is_the_published_file_byte_for_byte():
    content = ARCHITECTURES["biggan-deep-256"].to_json().encode()
    assert len(content) == 715
    assert hashlib.sha256(content).hexdigest() == "edd106f65ff28ee1638491a978cfa6bc50dfa0344aab70749a7b8eb08bbec677"


@pytest.mark.parametrize(("size", "count"), [(128, 506), (256, 602), (512, 698)])
def test_published_networks_have_so_many_tensors(size, count):
    assert len(ARCHITECTURES[f"biggan-deep-{size}"].shapes()) == count


@pytest.mark.parametrize(
    "changes",
    [{}, {"num_classes": 7}, {"channel_width": 12}, {"attention_layer_position": 9}, {"attention_layer_position": 0}, {"n_stats": 3}],
)
def test_names_and_shapes_are_those_of_the_packages_classes(changes):
    architecture = small(**changes)
    with torch.random.fork_rng(devices=[]):
        network = BigGAN(package_config(architecture))
    assert {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()} == architecture.shapes()
    assert network(torch.zeros(1, 128), torch.zeros(1, architecture.num_classes), 1.0).shape[2] == architecture.output_dim


def test_a_configuration_survives_writing_and_reading():
    for architecture in (*ARCHITECTURES.values(), small()):
        assert read_architecture(architecture.to_json(), source="x") == architecture


def test_what_is_missing_is_as_at_128_px():
    assert read(num_classes=1000) == Architecture()


def test_what_the_network_does_not_know_is_left_aside():
    assert read(**json.loads(Architecture().to_json()), architectures=["BigGAN"]) == Architecture()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"channel_width": 0}, "channel_width is 0"),
        ({"channel_width": 10**9}, "channel_width"),
        ({"channel_width": True}, "channel_width is True"),
        ({"channel_width": "128"}, "channel_width is '128'"),
        ({"num_classes": 0}, "num_classes"),
        ({"num_classes": 10**8}, "num_classes"),
        ({"n_stats": 1}, "n_stats"),
        ({"z_dim": 120}, "z_dim is 120, where our noise has 128 units"),
        ({"eps": 0}, "eps"),
        ({"eps": float("nan")}, "eps is nan"),
        ({"eps": True}, "eps"),
        ({"attention_layer_position": -1}, "attention_layer_position"),
        ({"layers": []}, "layers must list"),
        ({"layers": [[True, 16, 8]] * 100}, "layers must list"),
        ({"layers": [[1, 16, 8]]}, "layers must list"),
        ({"layers": {"0": 1}}, "layers must list"),
        ({"layers": [[True, 16, 0]]}, "layers must list"),
        ({"layers": [[True, 8, 4], [True, 4, 2], [True, 2, 1]]}, "must begin with 16"),
        ({"layers": [[True, 16, 8], [True, 4, 2], [True, 2, 1]]}, "another width"),
        ({"layers": [[True, 16, 4], [True, 4, 1]]}, "halve"),
        ({"output_dim": 512}, "says 512 px, but its layers draw 16 px"),
        ({"output_dim": "16"}, "says '16' px"),
        ({"channel_width": 4, "attention_layer_position": 3, "layers": [*SMALL["layers"], [False, 1, 1]]}, None),
        ({"channel_width": 4, "attention_layer_position": 4, "layers": [*SMALL["layers"], [False, 1, 1]]}, "no channels for the attention"),
    ],
)
def test_what_does_not_fit_is_named(changes, word):
    if word is None:
        small(**changes)
        return
    with pytest.raises(UserError) as refusal:
        small(**changes)
    assert word in refusal.value.cause
    assert "config.json" in refusal.value.cause


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", "{}", '{"model_type": "bert"}', "[" * 100_000, b"\xff\xfe", b"PK\x03\x04"])
def test_what_is_no_configuration_is_refused(text):
    with pytest.raises(UserError, match=r"config\.json"):
        read_architecture(text, source="config.json")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=4), max_leaves=8
)


@given(st.dictionaries(st.sampled_from(list(json.loads(Architecture().to_json()))), VALUES, max_size=5))
def test_no_configuration_crashes_the_reader(values):
    try:
        architecture = read(**values)
    except UserError:
        return
    assert architecture.tensor_bytes() < 10**12
