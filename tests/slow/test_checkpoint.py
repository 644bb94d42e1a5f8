"""Reading checkpoints: every layout that there is, and nothing but tensors."""

import os
import pickle
import shutil
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_pretrained_biggan import BigGAN

from core.models.checkpoint import check_tensors, find_checkpoint, load_published, package_config, read_tensors
from core.network.architecture import ARCHITECTURES
from core.protocol import UserError
from tests import disks
from tests.architectures import tiny
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = tiny(channel_width=4)
LAYOUTS = ("old", "new")


@pytest.fixture(scope="module")
def tensors():
    return checkpoint_tensors(SMALL)


@pytest.fixture(scope="module", params=LAYOUTS)
def folder(request, tensors, tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp(request.param), tensors, SMALL, layout=request.param).parent


@pytest.fixture(scope="module")
def content(tensors, tmp_path_factory):
    """Bytes of a small checkpoint in the old layout."""
    return write_checkpoint(tmp_path_factory.mktemp("content"), tensors, SMALL).read_bytes()


def write(folder, content, architecture=SMALL, *, layout="old"):
    return write_checkpoint(folder / "model", content, architecture, layout=layout)


def draw(network):
    rng = np.random.default_rng(0)
    noise, classes = torch.from_numpy(rng.standard_normal((2, 128), np.float32)), torch.eye(SMALL.num_classes)[:2]
    with torch.inference_mode():
        return network(noise, classes, 1.0)


# What is read ---------------------------------------------------------------------------------------------------------------------------


def test_the_old_layout_is_no_zip_and_the_new_one_is(tensors, tmp_path):
    assert write(tmp_path / "a", tensors, layout="old").read_bytes()[:2] == b"\x80\x02"
    assert write(tmp_path / "b", tensors, layout="new").read_bytes()[:2] == b"PK"


def test_both_layouts_draw_what_the_package_draws(folder, tensors):
    expected = BigGAN(package_config(SMALL)).eval()
    expected.load_state_dict(tensors, strict=True)
    network = load_published(folder)
    assert isinstance(network, BigGAN)
    assert torch.equal(draw(network), draw(expected))
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_weights_lie_in_the_file_by_columns_as_the_published_ones_and_in_the_network_by_rows(folder):
    name = "generator.layers.0.conv_1.weight_orig"
    assert not read_tensors(folder / "pytorch_model.bin")[name].is_contiguous()
    assert load_published(folder).state_dict()[name].is_contiguous()


def test_a_file_is_as_good_as_its_folder(folder):
    assert find_checkpoint(folder) == find_checkpoint(folder / "pytorch_model.bin")


def test_files_may_be_named_as_they_are_published(folder, tmp_path):
    (tmp_path / "biggan-deep-32-pytorch_model.bin").write_bytes((folder / "pytorch_model.bin").read_bytes())
    (tmp_path / "biggan-deep-32-config.json").write_bytes((folder / "config.json").read_bytes())
    (tmp_path / "config.json").write_text(ARCHITECTURES["biggan-deep-512"].to_json())  # of another one
    assert find_checkpoint(tmp_path / "biggan-deep-32-pytorch_model.bin").architecture == SMALL


def test_loading_leaves_chance_as_it_was(folder):
    before = torch.random.get_rng_state()
    load_published(folder)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("changes", [{"num_classes": 3}, {"channel_width": 8}, {"attention_layer_position": 9}, {"n_stats": 2}])
def test_other_numbers_of_classes_and_channels_load_when_the_configuration_says_so(tmp_path, changes):
    architecture = tiny(**{"channel_width": 4} | changes)
    network = load_published(write(tmp_path, checkpoint_tensors(architecture), architecture).parent)
    assert network.config.num_classes == architecture.num_classes
    assert network(torch.zeros(1, 128), torch.zeros(1, architecture.num_classes), 0.5).shape == (1, 3, 32, 32)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(tensors, tmp_path, kind):
    other = {name: tensor.to(kind) for name, tensor in tensors.items()}
    state = load_published(write(tmp_path, other).parent).state_dict()
    assert all(state[name].dtype == torch.float32 and torch.equal(state[name], other[name].float()) for name in other)


def test_what_was_saved_from_a_gpu_loads_without_one(content, tmp_path):
    on_gpu = content.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
    assert on_gpu != content
    weights = tmp_path / "weights.bin"
    weights.write_bytes(on_gpu)
    check_tensors(read_tensors(weights), SMALL, source=weights)


def test_parameters_are_tensors_too(tensors, tmp_path):
    load_published(write(tmp_path, {name: torch.nn.Parameter(tensor) for name, tensor in tensors.items()}).parent)


# What is refused ------------------------------------------------------------------------------------------------------------------------


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, canary, maker):
        self.canary = canary
        self.maker = maker

    def __reduce__(self):
        return self.maker(str(self.canary))


TRAPS = {
    "a system call": lambda canary: (os.system, (f"touch '{canary}'",)),
    "exec": lambda canary: (exec, (f"open({canary!r}, 'w').close()",)),
    "a copy": lambda canary: (shutil.copy, (__file__, canary)),
    "a path's method": lambda canary: (Path.touch, (Path(canary),)),
}


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("hidden", ["alone", "as a value", "as a name", "among the tensors"])
@pytest.mark.parametrize("layout", [*LAYOUTS, "pickle"])
def test_nothing_in_a_file_is_ever_run(tensors, tmp_path, trap, hidden, layout):
    canary = tmp_path / "canary"
    sprung = Trap(canary, TRAPS[trap])
    content = {
        "alone": sprung,
        "as a value": {"weight": sprung},
        "as a name": {sprung: torch.zeros(1)},
        "among the tensors": OrderedDict([*list(tensors.items())[:3], ("x", [sprung])]),
    }[hidden]
    weights = tmp_path / "weights.bin"
    if layout == "pickle":
        weights.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, weights, _use_new_zipfile_serialization=layout == "new")
    with pytest.raises(UserError, match=r"more than tensors|no checkpoint"):
        load_published(weights)
    assert not canary.exists()


@pytest.mark.parametrize("trap", TRAPS)
def test_the_traps_are_live(tmp_path, trap):
    pickle.loads(pickle.dumps({"weight": Trap(tmp_path / "canary", TRAPS[trap])}))
    assert (tmp_path / "canary").exists()


def test_what_a_file_asks_for_is_named(tmp_path):
    weights = tmp_path / "weights.bin"
    torch.save({"x": Trap(tmp_path / "canary", TRAPS["a system call"])}, weights)
    with pytest.raises(UserError, match="system") as refusal:
        load_published(weights)
    assert "Nothing of it was run" in refusal.value.cure
    assert "weights_only" not in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (lambda tensors: list(tensors.values()), "a list, not a dictionary"),
        (lambda tensors: next(iter(tensors.values())), "a Tensor, not a dictionary"),
        (lambda tensors: tensors | {"epoch": 7}, "“epoch” is a int"),
        (lambda tensors: {"state_dict": dict(tensors)}, "“state_dict” is a dict"),
        (lambda tensors: tensors | {7: torch.zeros(1)}, "“7” is a Tensor"),
        (lambda tensors: tensors | {"generator.gen_z.bias": torch.zeros(1024, dtype=torch.int64)}, "floating-point"),
        (lambda tensors: tensors | {"generator.gen_z.bias": torch.zeros(1024).to_sparse()}, "dense"),
        (lambda tensors: tensors | {"generator.gen_z.bias": torch.zeros(1024, device="meta")}, "dense"),
        (lambda tensors: tensors | {"generator.gen_z.bias": torch.zeros(1).expand(1024).clone()[:5]}, "shape 5, not 1024"),
        (lambda tensors: tensors | {"generator.gen_z.bias": torch.full((1024,), torch.nan)}, "no finite numbers"),
        (lambda tensors: tensors | {"generator.bn.bias": torch.full((4,), torch.inf)}, "no finite numbers"),
        (lambda tensors: tensors | {"discriminator.weight": torch.zeros(3)}, "1 tensors are too many, such as “discriminator.weight”"),
        (lambda tensors: dict(list(tensors.items())[5:]), "5 of"),
        (lambda _: {"encoder.weight": torch.zeros(2**17)}, "are missing"),
        (lambda _: {}, "are missing"),
    ],
)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.filterwarnings("ignore:.*Sparse:UserWarning")
def test_what_is_not_the_networks_is_named(tensors, tmp_path, content, word, layout):
    weights = tmp_path / "weights.bin"
    torch.save(content(dict(tensors)), weights, _use_new_zipfile_serialization=layout == "new")
    with pytest.raises(UserError, match=word):
        check_tensors(read_tensors(weights), SMALL, source=weights)


def test_another_published_network_is_called_by_its_name(tmp_path):
    other = {name: torch.zeros(1).expand(shape) for name, shape in ARCHITECTURES["biggan-deep-256"].shapes().items()}
    with pytest.raises(UserError) as refusal:
        check_tensors(other, ARCHITECTURES["biggan-deep-512"], source="weights.bin")
    assert "biggan-deep-256" in refusal.value.cure


def test_weights_without_configuration_must_be_published_ones(content, tmp_path):
    (tmp_path / "weights.bin").write_bytes(content)
    with pytest.raises(UserError, match=r"none of the published networks, and there is no config\.json"):
        load_published(tmp_path / "weights.bin")


def test_nothing_there(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere", tmp_path / "nowhere" / "x.bin"):
        with pytest.raises(UserError, match="There are no weights"):
            load_published(place)


@pytest.mark.parametrize("length", [0, 1, 1000, 0.3, 0.999])
def test_half_a_file_is_refused(folder, tmp_path, length):
    content = (folder / "pytorch_model.bin").read_bytes()
    weights = tmp_path / "pytorch_model.bin"
    (tmp_path / "config.json").write_text(SMALL.to_json())
    weights.write_bytes(content[: int(length if length in {0, 1, 1000} else length * len(content))])
    with pytest.raises(UserError, match=r"empty|cut short|no checkpoint"):
        load_published(tmp_path)


@pytest.mark.parametrize("content", [b"<html>Not found</html>" * 200_000, bytes(3_000_000), b"PK\x03\x04" + bytes(3_000_000)])
def test_what_is_no_checkpoint_at_all_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_text(SMALL.to_json())
    (tmp_path / "pytorch_model.bin").write_bytes(content)
    with pytest.raises(UserError, match="no checkpoint"):
        load_published(tmp_path)


@given(st.data())
def test_damage_anywhere_in_the_pickles_never_crashes_the_reader(content, tmp_path_factory, data):
    weights = tmp_path_factory.getbasetemp() / "damaged.bin"
    pickles = min(len(content) - 1, 60_000)  # after them come numbers
    damaged = bytearray(content)
    for place in data.draw(st.lists(st.integers(0, pickles), min_size=1, max_size=5)):
        damaged[place] ^= data.draw(st.integers(1, 255))
    weights.write_bytes(damaged)
    try:
        check_tensors(read_tensors(weights), SMALL, source=weights)
    except UserError:
        return


def test_a_file_that_may_not_be_read(tmp_path, content):
    weights = tmp_path / "weights.bin"
    weights.write_bytes(content)
    with disks.forbidden(weights), pytest.raises(UserError, match="cannot be read: Permission denied"):
        load_published(weights)
