"""A network is drawn in less than float32 only where that shows: proved once for each network, device and driver, and remembered."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from core.backends import Backends
from core.network import reference
from core.network.architecture import Architecture
from core.network.card import DeviceRunner
from core.network.folding import fold
from core.network.proving import candidates, extreme_rows, proved
from core.network.running import Way, open_runner
from core.pipeline import render
from core.protocol import Machine, Model, Precision, Settings
from core.protocol.proofs import told_proofs
from tests import films, sounds
from tools import published

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = Architecture(
    output_dim=32,
    channel_width=8,
    num_classes=20,
    layers=((True, 16, 8), (False, 8, 4), (True, 4, 2), (True, 2, 1)),
    attention_layer_position=9,
)
"""So small that in bfloat16 all of it is kept exact, see `reference.EXACT_SIZE`; in float16 the last block is not."""
LARGER = dataclasses.replace(SMALL, output_dim=64, layers=((True, 16, 8), (True, 8, 4), (True, 4, 2), (True, 2, 1)))
"""Its random weights are drawn wrongly in bfloat16."""
HALF = Way(device="cuda", precision="float16", model="A Card")
LARGE = 2.0**17
"""Float16 ends below; as a power of two, it changes no digit of float32."""


@pytest.fixture(scope="module")
def folded():
    return random(SMALL)


def random(architecture):
    return fold(published.random_state(architecture), architecture)


def overflowing(folded):
    """Give the same network, but that the last block's first convolution is so much larger, and its norm takes that back."""
    last, final = folded.layers[-1], folded.picture_weight.shape[1]
    _, outward, *others = reference.norm_widths(last)
    start = folded.means.shape[1] - final - sum(others) - outward
    scale = torch.ones(folded.means.shape[1])
    scale[start : start + outward] = LARGE
    weights = (last.weights[0] * LARGE, *last.weights[1:])
    return dataclasses.replace(
        folded,
        layers=(*folded.layers[:-1], dataclasses.replace(last, weights=weights)),
        means=folded.means * scale,
        variances=folded.variances * scale**2,
    )


def on_a_processor(folded, way):
    """Draw as a card would be drawn with: in batches of one shape, all in that precision."""
    return DeviceRunner(folded, device="cpu", dtype=getattr(torch, way.precision), batch_shape=1)


def prove(network, tmp_path, *, way=HALF, digest="d" * 32, open_way=on_a_processor, load=None):
    return proved(way, digest=digest, load=load or (lambda: network), cache_folder=tmp_path, open_way=open_way)


@pytest.mark.parametrize(
    ("architecture", "change", "precision"),
    [(SMALL, lambda same: same, "float16"), (SMALL, overflowing, "bfloat16"), (LARGER, overflowing, "float32")],
    ids=["float16 will do", "float16 overflows", "bfloat16 is too coarse as well"],
)
def test_the_next_better_precision_is_taken_where_pictures_differ(tmp_path, architecture, change, precision):
    proof = prove(change(random(architecture)), tmp_path)
    assert proof.way == dataclasses.replace(HALF, precision=precision)
    assert proof.way.name == f"cuda plain {precision} A Card"  # which is what pictures are named by
    assert (precision in proof.note and "A Card" in proof.note) == (precision != "float16")


def test_weights_that_overflow_float16_draw_the_same_in_float32(folded):
    """Else the tests above would show nothing."""
    rows, way = extreme_rows(SMALL.num_classes), dataclasses.replace(HALF, precision="float32")
    expected, drawn = ([*on_a_processor(each, way).draw(rows)] for each in (folded, overflowing(folded)))
    np.testing.assert_array_equal(expected, drawn)


def test_a_network_is_proved_once_and_remembered(folded, tmp_path):
    first = prove(overflowing(folded), tmp_path)
    assert prove(None, tmp_path, load=None, open_way=None) == first
    (told,) = told_proofs(tmp_path)
    assert told.startswith("cuda plain float16 A Card is drawn in bfloat16 (network dddddddd; float16: ")


@pytest.mark.parametrize("changed", ["driver", "torch", "version", "digest", "precision"])
def test_another_driver_or_pytorch_and_a_damaged_note_are_proved_anew(folded, tmp_path, changed):
    first = prove(overflowing(folded), tmp_path)
    (file,) = tmp_path.rglob("*.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), changed: "another"}))
    assert prove(overflowing(folded), tmp_path) == first
    assert "another" not in file.read_text()


def test_another_network_and_another_card_are_proved_by_themselves(folded, tmp_path):
    assert prove(overflowing(folded), tmp_path).way.precision == "bfloat16"
    assert prove(folded, tmp_path, digest="e" * 32).way.precision == "float16"
    assert prove(folded, tmp_path, way=dataclasses.replace(HALF, model="Another")).way.precision == "float16"


def test_float32_needs_no_proof(tmp_path):
    way = Way(device="cpu", precision="float32")
    assert prove(None, tmp_path, way=way, open_way=None).way == way
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(("architecture", "precision"), [(SMALL, "bfloat16"), (LARGER, "float32")])
def test_a_processor_is_proved_with_its_own_kernels(tmp_path, architecture, precision):
    bfloat16 = Way(device="cpu", precision="bfloat16")
    assert prove(random(architecture), tmp_path, way=bfloat16, open_way=open_runner).way.precision == precision


def test_a_film_is_drawn_named_and_told_of_by_the_precision_that_was_proved(tmp_path):
    """Abstract in bfloat16 has 4 % of its values more than 2 levels off."""
    request = films.request(tmp_path, sounds.write(tmp_path / "song.wav", sounds.click_track(seconds=1), 22_050), frame_count=2)
    settings = Settings(model=Model.ABSTRACT)
    asked, exact = (
        dataclasses.replace(request, settings=settings, machine=Machine(device="cpu", precision=precision))
        for precision in (Precision.BFLOAT16, Precision.FLOAT32)
    )
    film = render(asked, open_backend=Backends().open)
    assert any("drawn in float32 on cpu, not in bfloat16" in warning for warning in film.warnings)
    again = render(exact, open_backend=Backends().open)
    assert (again.drawn_count, again.digest) == (0, film.digest)  # the same names: no film mixes two precisions
    assert not any("bfloat16" in warning for warning in again.warnings)


def test_a_device_tries_what_it_has_from_what_was_asked_for_on():
    assert candidates(HALF) == ("float16", "bfloat16")
    assert candidates(Way(device="cuda:1", precision="bfloat16")) == ("bfloat16",)
    assert candidates(Way(device="cpu", precision="bfloat16")) == ("bfloat16",)
    assert candidates(Way(device="mps", precision="float16")) == ("float16",)


def test_extreme_latents_stay_within_what_a_network_has_learnt():
    rows = extreme_rows(1000, weight_limit=1.3)
    assert rows.class_vectors.sum(axis=1).max() <= np.float32(1.3001)
    assert (rows.truncations == 1).all()
    assert np.abs(extreme_rows(1).class_vectors).max() <= 1


# What else the path was reviewed for ------------------------------------------------------------------------------------------


def test_a_batch_that_memory_ends_in_while_it_is_tried_is_halved(folded):
    def draw_with_little_memory(weights, noise, class_vectors, truncations):
        if len(noise) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return reference.draw(weights, noise, class_vectors, truncations)

    assert DeviceRunner(folded, device="cpu", dtype=torch.float32, draw=draw_with_little_memory).batch_shape == 2


def test_memory_that_ends_while_a_graph_is_recorded_is_seen_behind_what_that_brings(folded):
    def end_recording():
        raise RuntimeError("operation failed due to a previous error during capture")

    def draw_as_if_recorded(weights, noise, class_vectors, truncations):
        if len(noise) > 1:
            try:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            finally:
                end_recording()
        return reference.draw(weights, noise, class_vectors, truncations)

    runner = DeviceRunner(folded, device="cpu", dtype=torch.float32, batch_shape=2, draw=draw_as_if_recorded)
    assert len([*runner.draw(extreme_rows(SMALL.num_classes))]) == 9
    assert runner.batch_shape == 1
