"""From latents to pictures: each depends on its own latents, the weights and the kernels, and on nothing else."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from core.generator import Generator, abstract_network
from core.latents import Latents
from core.network.abstract import build_abstract
from core.network.reference import to_8_bits
from core.network.running import Way

ROWS = 9


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def published():
    return build_abstract()


@pytest.fixture(scope="module")
def latents():
    rng = np.random.default_rng(0)
    return Latents.of_columns(
        noise=np.clip(rng.standard_normal((ROWS, 128)), -2, 2).astype(np.float32),
        classes=(980, 3, 441),
        weights=rng.random((ROWS, 3)).astype(np.float32),
        class_floor=np.zeros(ROWS, np.float32),
        truncation=np.where(np.arange(ROWS) == 3, 0.37, 1.0).astype(np.float32),
    )


def abstract():
    return Generator(abstract_network(), Way(device="cpu", precision="float32"))


@pytest.fixture(scope="module")
def generator():
    made = abstract()
    made.load()
    return made


def drawn(generator, latents, rows):
    return np.stack([*generator.draw(latents, rows)])


@pytest.fixture(scope="module")
def pictures(generator, latents):
    return drawn(generator, latents, range(ROWS))


def test_pictures_are_128_pixels_in_8_bits(pictures):
    assert pictures.shape == (ROWS, 128, 128, 3)
    assert pictures.dtype == np.uint8
    assert pictures.std() > 20


@pytest.mark.parametrize("rows", [[8], [1, 0], [4, 4, 3, 4], list(range(ROWS))[::-1]])
def test_the_same_row_gives_the_same_bytes_in_any_company_and_place(generator, latents, pictures, rows):
    np.testing.assert_array_equal(drawn(generator, latents, rows), pictures[rows])


@pytest.mark.parametrize("batch_size", [4, 7])
def test_batch_size_never_changes_a_pixel(generator, latents, pictures, batch_size):
    batches = [drawn(generator, latents, range(first, min(first + batch_size, ROWS))) for first in range(0, ROWS, batch_size)]
    np.testing.assert_array_equal(np.concatenate(batches), pictures)


def test_another_process_of_the_same_model_draws_the_same(latents, pictures):
    np.testing.assert_array_equal(drawn(abstract(), latents, [2]), pictures[[2]])


def test_drawing_leaves_the_global_random_state_alone(generator, latents):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    drawn(generator, latents, [0])
    assert torch.equal(torch.get_rng_state(), before)


# Truncation -----------------------------------------------------------------------------------------------------------------------------


def by_hand(network, latents, truncation):
    """Draw row 1 with the published network, its statistics interpolated here and spread over all 51 rows."""
    for name, table in network.named_buffers():
        if name.endswith(("running_means", "running_vars")):
            below = min(int(np.floor(truncation * 50)), 49)
            share = truncation * 50 - below
            table[:] = (1 - share) * table[below] + share * table[below + 1]
    return draw_row_1(network, latents, truncation)


def draw_row_1(network, latents, truncation):
    noise, class_vector = torch.from_numpy(latents.noise[[1]]), torch.from_numpy(latents.class_vectors([1]))
    with torch.inference_mode():
        return to_8_bits(network(noise, class_vector, truncation))[0][0].numpy().astype(int)


def at(latents, truncation):
    return dataclasses.replace(latents, truncation=np.full(ROWS, truncation, np.float32))


@pytest.mark.parametrize("truncation", [0.02, 0.14, 0.37, 0.999])
def test_statistics_are_interpolated_between_the_right_rows(generator, published, latents, truncation):
    expected = by_hand(copy.deepcopy(published), latents, float(np.float32(truncation)))
    assert np.abs(drawn(generator, at(latents, truncation), [1])[0] - expected).max() <= 1  # a batch of another shape may round differently


@pytest.mark.parametrize("truncation", [0.5, 1.0])
def test_at_a_stored_truncation_the_published_network_draws_the_same(generator, published, latents, truncation):
    expected = draw_row_1(published, latents, truncation)
    assert np.abs(drawn(generator, at(latents, truncation), [1])[0] - expected).max() <= 1


# Keys -----------------------------------------------------------------------------------------------------------------------------------


def test_each_picture_has_its_own_key_and_the_same_latents_the_same(latents):
    keys = abstract().cache_keys(latents)
    assert len(set(keys)) == ROWS
    assert abstract().cache_keys(latents) == keys


def test_the_order_of_classes_is_no_part_of_the_picture(latents):
    turned = dataclasses.replace(latents, class_ids=latents.class_ids[:, ::-1], class_weights=latents.class_weights[:, ::-1])
    assert abstract().cache_keys(turned) == abstract().cache_keys(latents)


@pytest.mark.parametrize("name", ["noise", "class_weights", "truncation"])
def test_everything_that_is_drawn_from_is_in_the_key(latents, name):
    arrays = {field: getattr(latents, field).copy() for field in ("noise", "class_weights", "truncation")}
    arrays[name].flat[0] = np.nextafter(arrays[name].flat[0], np.float32(9), dtype=np.float32)
    changed = abstract().cache_keys(dataclasses.replace(latents, **arrays))
    assert [old == new for old, new in zip(abstract().cache_keys(latents), changed, strict=True)] == [False] + [True] * (ROWS - 1)
    other_classes = abstract().cache_keys(dataclasses.replace(latents, class_ids=latents.class_ids + np.int16(1)))
    assert not set(other_classes) & set(changed)
