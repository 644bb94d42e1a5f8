"""The folded network draws what the published one draws, whichever way it is run."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_pretrained_biggan import BigGAN, BigGANConfig
from torch.nn import functional

from core.network import processor, reference, running
from core.network.architecture import Architecture
from core.network.card import DeviceRunner, check_device
from core.network.folding import Folded, architecture_of, fold, folded_shapes
from core.network.runners import CpuRunner, Rows, is_out_of_memory
from core.network.running import Way
from core.protocol import UserError
from core.working import DeviceLostError
from tools import published

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = Architecture(
    output_dim=64,
    channel_width=16,
    num_classes=10,
    layers=((False, 16, 16), (True, 16, 8), (True, 8, 8), (False, 8, 4), (True, 4, 2), (True, 2, 1)),
    attention_layer_position=3,
)
OTHERS = {
    "attention first, a halved width without doubling": Architecture(
        output_dim=16,
        channel_width=8,
        num_classes=3,
        layers=((False, 16, 8), (True, 8, 4), (True, 4, 2), (False, 2, 1)),
        attention_layer_position=0,
    ),
    "no attention, keeps its size at the end": Architecture(
        output_dim=8,
        channel_width=16,
        num_classes=1,
        layers=((True, 16, 8), (False, 8, 4), (False, 4, 2), (False, 2, 1), (False, 1, 1)),
        attention_layer_position=9,
    ),
    "few statistics, large epsilon": dataclasses.replace(SMALL, n_stats=2, eps=0.01, num_classes=37),
}
COUNT = 5


def package(architecture, state, dtype=torch.float32):
    """Load tensors into the published classes, as they are used: strictly, in evaluation mode."""
    module = BigGAN(BigGANConfig(**dataclasses.asdict(architecture)))
    module.load_state_dict(state, strict=True)
    return module.eval().requires_grad_(False).to(dtype)


def with_row(module, position):
    """Put the statistics of one position in the table, 0 ... rows - 1, in the place of all rows: the package cannot interpolate."""
    for name, table in module.named_buffers():
        if name.endswith(("running_means", "running_vars")):
            below = min(int(position), len(table) - 2)
            share = position - below
            table[:] = (1 - share) * table[below] + share * table[below + 1]
    return module


def relative_error(values, truth):
    return float((values.double() - truth).norm() / truth.norm())


def share_within_2_levels(values, truth):
    pictures, expected = (reference.to_8_bits(each.double())[0].int() for each in (values, truth))
    return float(((pictures - expected).abs() <= 2).double().mean())


def draw_values(weights, noise, class_vectors, truncations):
    return reference.draw_values(weights, reference.make_conditions(weights, noise, class_vectors, truncations))


def draw_values_cpu(prepared, noise, class_vectors, truncations):
    buffers = processor.Buffers()
    rows = zip(noise.split(1), class_vectors.split(1), truncations.split(1), strict=True)
    return torch.cat([processor.draw_values(prepared, *row, buffers) for row in rows])


@pytest.fixture(scope="module")
def state():
    return published.random_state(SMALL)


@pytest.fixture(scope="module")
def folded(state):
    return fold(state, SMALL)


@pytest.fixture(scope="module")
def inputs():
    noise, class_vectors = published.random_inputs(SMALL, COUNT, seed=7)
    return noise, class_vectors, torch.tensor([1.0, 0.37, 0.02, 0.14, 0.999])


@pytest.fixture(scope="module")
def truth(state, inputs):
    """What the published network draws in float64, its statistics interpolated right."""
    double = {name: tensor.double() for name, tensor in state.items()}
    return torch.cat(
        [
            with_row(package(SMALL, double, torch.float64), 50 * float(truncation))(noise.double()[None], classes.double()[None], 1.0)
            for noise, classes, truncation in zip(*inputs, strict=True)
        ]
    )


@pytest.fixture(scope="module")
def rows(inputs):
    return Rows(**{name: values.numpy() for name, values in zip(("noise", "class_vectors", "truncations"), inputs, strict=True)})


# Folding --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize("doubling", reference.Doubling)
def test_folding_changes_nothing_in_any_architecture(architecture, doubling):
    state = {name: tensor.double() for name, tensor in published.random_state(architecture, seed=3).items()}
    noise, class_vectors = (values.double() for values in published.random_inputs(architecture, 2))
    weights = reference.prepare(fold(state, architecture), dtype=torch.float64, doubling=doubling)
    drawn = draw_values(weights, noise, class_vectors, torch.ones(2))
    expected = package(architecture, state, torch.float64)(noise, class_vectors, 1.0)
    torch.testing.assert_close(drawn, expected, rtol=0, atol=1e-11)


def test_folding_changes_nothing_at_any_truncation(state, inputs, truth):
    double = {name: tensor.double() for name, tensor in state.items()}
    weights = reference.prepare(fold(double, SMALL), dtype=torch.float64)
    drawn = draw_values(weights, *(values.double() for values in inputs))
    torch.testing.assert_close(drawn, truth, rtol=0, atol=1e-11)


def test_the_configuration_of_the_package_is_taken_over():
    config = BigGANConfig(**dataclasses.asdict(SMALL))
    config.layers = [list(layer) for layer in config.layers]  # as it is read from JSON
    assert architecture_of(config) == SMALL


def test_folded_weights_survive_a_file(folded):
    tensors = folded.to_tensors()
    again = Folded.from_tensors(tensors, SMALL)
    assert again.to_tensors().keys() == tensors.keys()
    assert all(again.to_tensors()[name] is tensor for name, tensor in tensors.items())


@pytest.mark.parametrize("architecture", [SMALL, *OTHERS.values()])
def test_the_shapes_of_folded_weights_are_known_before(architecture):
    state = {name: torch.ones(shape) for name, shape in architecture.shapes().items()}
    shapes = {name: tuple(tensor.shape) for name, tensor in fold(state, architecture).to_tensors().items()}
    assert shapes == folded_shapes(architecture)


def test_folded_weights_of_another_architecture_are_refused(folded):
    with pytest.raises(ValueError, match="class_embedding"):
        Folded.from_tensors(folded.to_tensors(), dataclasses.replace(SMALL, num_classes=11))
    with pytest.raises(KeyError):
        Folded.from_tensors({}, SMALL)


@given(seed=st.integers(0, 2**32 - 1), outward=st.integers(1, 5), inward=st.integers(1, 5), size=st.integers(1, 6))
def test_a_transposed_convolution_is_a_doubling_and_a_convolution(seed, outward, inward, size):
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(1, inward, size, size, generator=rng, dtype=torch.float64)
    weight = torch.randn(outward, inward, 3, 3, generator=rng, dtype=torch.float64)
    expected = functional.conv2d(functional.interpolate(x, scale_factor=2, mode="nearest"), weight, padding=1)
    drawn = functional.conv_transpose2d(x, reference.doubled_kernel(weight), stride=2, padding=1)
    torch.testing.assert_close(drawn, expected)


# Precision ------------------------------------------------------------------------------------------------------------------------------


def test_float32_is_exact_to_five_digits(folded, inputs, truth):
    drawn = draw_values(reference.prepare(folded, dtype=torch.float32), *inputs)
    assert relative_error(drawn, truth) < 1e-5
    assert relative_error(draw_values_cpu(processor.prepare_cpu(folded, dtype=torch.float32), *inputs), truth) < 1e-5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_short_numbers_show_nearly_the_same_pictures(folded, inputs, truth, dtype):
    drawn = draw_values(reference.prepare(folded, dtype=dtype), *inputs)
    assert relative_error(drawn, truth) < 2e-2
    assert share_within_2_levels(drawn, truth) > 0.99


def test_bfloat16_on_the_processor_shows_nearly_the_same_pictures(folded, inputs, truth):
    drawn = draw_values_cpu(processor.prepare_cpu(folded, dtype=torch.bfloat16), *inputs)
    assert relative_error(drawn, truth) < 2e-2
    assert share_within_2_levels(drawn, truth) > 0.99


def test_strips_change_no_pixel_to_speak_of(folded, inputs, monkeypatch):
    whole = draw_values_cpu(processor.prepare_cpu(folded, dtype=torch.float32), *inputs)
    monkeypatch.setattr(processor, "STRIP_VALUES", 5000)
    strips = draw_values_cpu(processor.prepare_cpu(folded, dtype=torch.float32), *inputs)
    torch.testing.assert_close(strips, whole, rtol=0, atol=1e-5)


def test_8_bits_are_a_fixed_mapping():
    values = torch.tensor([-1.2, -1.0, -0.5, 0.0, 0.5, 1.0, 1.2]).reshape(1, 1, 1, 7).expand(1, 3, 1, 7)
    assert reference.to_8_bits(values)[0][0, 0, :, 0].tolist() == [0, 0, 64, 128, 191, 255, 255]


# Truncation -----------------------------------------------------------------------------------------------------------------------------


@given(truncation=st.floats(0, 1, width=32), stored=st.integers(2, 60))
def test_statistics_are_interpolated_between_the_right_rows(truncation, stored):
    table = torch.linspace(3, 5, stored, dtype=torch.float64)[:, None]
    looked_up = reference.interpolated(table, torch.tensor([truncation]))
    assert float(looked_up) == pytest.approx(3 + 2 * truncation)


def test_truncations_out_of_range_are_the_nearest_in_range():
    table = torch.arange(51.0)[:, None]
    assert reference.interpolated(table, torch.tensor([-1.0, 1.5]))[:, 0].tolist() == [0, 50]


def test_at_a_stored_truncation_nothing_is_mixed():
    table = torch.arange(51.0)[:, None] ** 2
    truncations = torch.arange(51, dtype=torch.float32) / 50
    torch.testing.assert_close(reference.interpolated(table, truncations), table, rtol=1e-5, atol=1e-4)


# Running --------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures(folded, rows):
    return drawn_by(CpuRunner(folded, cores=2), rows)


def drawn_by(runner, rows):
    return np.stack([*runner.draw(rows)])


def some(rows, chosen):
    return Rows(**{name: values[chosen] for name, values in vars(rows).items()})


def test_pictures_are_8_bits_and_not_flat(pictures):
    assert pictures.shape == (COUNT, 64, 64, 3)
    assert pictures.dtype == np.uint8
    assert pictures.std() > 20


@pytest.mark.parametrize("cores", [1, 3])
def test_the_number_of_cores_never_changes_a_pixel(folded, rows, pictures, cores):
    np.testing.assert_array_equal(drawn_by(CpuRunner(folded, cores=cores), rows), pictures)


@pytest.mark.parametrize("chosen", [[4], [1, 0], [3, 3, 2, 3], [4, 3, 2, 1, 0]])
def test_company_and_place_never_change_a_pixel(folded, rows, pictures, chosen):
    for runner in (CpuRunner(folded, cores=2), DeviceRunner(folded, device="cpu", dtype=torch.float32, batch_shape=2)):
        expected = pictures if isinstance(runner, CpuRunner) else drawn_by(runner, rows)
        np.testing.assert_array_equal(drawn_by(runner, some(rows, chosen)), expected[chosen])


def test_all_ways_to_run_draw_the_same(folded, rows, pictures):
    drawn = drawn_by(DeviceRunner(folded, device="cpu", dtype=torch.float32), rows)
    assert np.abs(drawn.astype(int) - pictures).max() <= 1


def test_no_rows_are_no_pictures(folded, rows):
    for runner in (CpuRunner(folded, cores=1), DeviceRunner(folded, device="cpu", batch_shape=2)):
        assert [*runner.draw(some(rows, []))] == []


def test_what_is_no_number_is_never_shown(folded, rows):
    broken = dataclasses.replace(folded, picture_bias=torch.full((3,), torch.nan))
    for runner in (CpuRunner(broken, cores=1), DeviceRunner(broken, device="cpu", dtype=torch.float32, batch_shape=2)):
        with pytest.raises(UserError, match="left their range"):
            drawn_by(runner, rows)


def test_when_memory_runs_out_batches_are_halved_and_no_picture_is_lost(folded, rows, pictures):
    sizes = []

    def draw_with_little_memory(weights, noise, *others):
        sizes.append(len(noise))
        if len(noise) > 2 or sizes == [4, 2, 2]:  # once more in the middle of the film
            raise torch.OutOfMemoryError
        return reference.draw(weights, noise, *others)

    runner = DeviceRunner(folded, device="cpu", dtype=torch.float32, batch_shape=4, draw=draw_with_little_memory)
    drawn = drawn_by(runner, rows)
    assert runner.batch_shape == 1
    assert sizes[:4] == [4, 2, 2, 1]
    assert np.abs(drawn.astype(int) - pictures).max() <= 1


def test_too_little_memory_for_one_picture_is_said_so(folded, rows):
    def draw_without_memory(*_):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    runner = DeviceRunner(folded, device="cpu", batch_shape=1, draw=draw_without_memory)
    with pytest.raises(UserError, match="64 px"):
        drawn_by(runner, rows)


def test_a_device_that_stops_is_lost_and_what_it_drew_is_not(folded, rows, pictures):
    drawn = []

    def draw_twice(weights, noise, *others):
        if len(drawn) == 2:
            raise torch.AcceleratorError("CUDA error: unspecified launch failure\nCompile with more flags")
        drawn.append(len(noise))
        return reference.draw(weights, noise, *others)

    stream = DeviceRunner(folded, device="cpu", dtype=torch.float32, batch_shape=1, draw=draw_twice).draw(rows)
    assert np.abs(next(stream).astype(int) - pictures[0]).max() <= 1
    with pytest.raises(DeviceLostError, match=r"unspecified launch failure\. "):
        next(stream)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")])
def test_too_little_memory_on_a_processor_is_said_so(folded, rows, monkeypatch, error):
    def draw_without_memory(*_):
        raise error

    monkeypatch.setattr(processor, "draw", draw_without_memory)
    monkeypatch.setattr(reference, "draw", draw_without_memory)
    with pytest.raises(UserError, match=r"memory of this computer .* 64 px"):
        drawn_by(CpuRunner(folded, cores=2), rows)


def test_who_closes_the_stream_ends_the_drawing(folded, rows, monkeypatch):
    drawn, draw = [], processor.draw

    def noted(*arguments):
        drawn.append(1)
        return draw(*arguments)

    monkeypatch.setattr(processor, "draw", noted)
    many = some(rows, [0] * 60)
    runner = CpuRunner(folded, cores=1)
    stream = runner.draw(many)
    next(stream)
    stream.close()
    so_far = len(drawn)
    runner._pool.shutdown()  # waits for what was begun
    assert len(drawn) <= so_far + 1 < 6  # the one that was being drawn


def test_other_errors_stay_what_they_are(folded, rows):
    def draw_wrongly(*_):
        raise RuntimeError("another shape was wanted")

    assert not is_out_of_memory(RuntimeError("another shape was wanted"))
    with pytest.raises(RuntimeError, match="another shape"):
        drawn_by(DeviceRunner(folded, device="cpu", batch_shape=1, draw=draw_wrongly), rows)


@pytest.mark.parametrize(("steady_up_to", "shape"), [(1, 1), (2, 2), (64, 4)])
def test_batches_are_no_larger_than_those_in_which_a_pictures_place_changes_nothing(folded, steady_up_to, shape):
    def draw_by_place(weights, noise, class_vectors, truncations):
        pictures, means = reference.draw(weights, noise, class_vectors, truncations)
        places = torch.arange(len(noise), dtype=torch.uint8)[:, None, None, None]
        return (pictures ^ places if len(noise) > steady_up_to else pictures), means

    assert DeviceRunner(folded, device="cpu", draw=draw_by_place).batch_shape == shape


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "difference"), [("float32", 1), ("float16", 4)])
def test_a_graphics_card_draws_the_same_in_any_company(folded, rows, pictures, precision, difference):
    if not torch.cuda.is_available():
        pytest.skip("GPU: there is none")
    runner = running.open_runner(folded, Way(device="cuda", precision=precision))
    drawn = drawn_by(runner, rows)
    assert np.abs(drawn.astype(int) - pictures).max() <= difference
    np.testing.assert_array_equal(drawn_by(runner, some(rows, [4, 1])), drawn[[4, 1]])


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_said_so(device):
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("GPU: this machine has one")
    with pytest.raises(UserError, match="Choose the processor"):
        check_device(device)


# The stand-in for the package -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("truncation", [0.02, 0.5, 1.0])
def test_the_published_network_is_written_down_right(state, inputs, truncation):
    noise, class_vectors, _ = inputs
    drawn = published.draw(state, SMALL, noise, class_vectors, truncation)
    torch.testing.assert_close(drawn, package(SMALL, state)(noise, class_vectors, truncation))


def test_random_weights_are_those_of_their_seed_and_leave_the_global_random_state_alone():
    before = torch.get_rng_state()
    architecture = OTHERS["no attention, keeps its size at the end"]
    first, second, third = (published.random_state(architecture, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert {name: tuple(tensor.shape) for name, tensor in first.items()} == architecture.shapes()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["generator.gen_z.weight_orig"], third["generator.gen_z.weight_orig"])


# Choosing -------------------------------------------------------------------------------------------------------------------------------


def test_ways_that_round_differently_have_names_of_their_own():
    ways = [Way(device=device, precision=precision) for device, known in running.PRECISIONS.items() for precision in known]
    assert len({way.name for way in ways}) == len(ways)
    assert Way(device="cuda:1", precision="float16").name == Way(device="cuda", precision="float16").name


def test_a_precision_that_a_device_does_not_have_is_refused(tmp_path):
    with pytest.raises(UserError, match="float32 or bfloat16"):
        running.find_way(device="cpu", precision="float16", cache_folder=tmp_path)


def test_a_processor_is_measured_once(tmp_path, monkeypatch):
    first = running.find_way(device="cpu", precision="auto", cache_folder=tmp_path)
    assert first.precision in running.PRECISIONS["cpu"]
    monkeypatch.setattr(running, "measure_precision", None)
    assert running.find_way(device="cpu", precision="auto", cache_folder=tmp_path) == first


@pytest.mark.parametrize("note", ["", "[]", '{"precision": "float16"}'])
def test_a_damaged_note_of_the_processor_is_made_anew(tmp_path, note):
    (tmp_path / "processor.json").write_text(note)
    way = running.find_way(device="cpu", precision="auto", cache_folder=tmp_path)
    assert json.loads((tmp_path / "processor.json").read_text())["precision"] == way.precision


def test_an_automatic_device_is_one_that_there_is(tmp_path):
    device = running.find_way(device="auto", precision="auto", cache_folder=tmp_path).device
    check_device(device)


def test_a_known_way_is_found_before_torch_is_imported(tmp_path):
    running.find_way(device="cpu", precision="auto", cache_folder=tmp_path)
    program = """if True:
        import sys
        from pathlib import Path
        from core.network.running import find_way
        find_way(device="auto", precision="auto", cache_folder=Path(sys.argv[1]))
        find_way(device="cpu", precision="auto", cache_folder=Path(sys.argv[1]))
        assert "torch" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True)


@pytest.mark.parametrize("precision", running.PRECISIONS["cpu"])
def test_a_runner_for_the_processor_draws_in_each_of_its_precisions(folded, rows, pictures, precision):
    drawn = drawn_by(running.open_runner(folded, Way(device="cpu", precision=precision)), some(rows, [0]))
    assert np.abs(drawn.astype(int) - pictures[:1]).mean() < 1
