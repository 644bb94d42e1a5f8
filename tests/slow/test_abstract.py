import numpy as np
import pytest
import torch
from pytorch_pretrained_biggan import BigGAN

from core.network.abstract import abstract_config, build_abstract

CLASSES = (1, 95, 207, 340, 483, 555, 762, 980)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def model():
    return build_abstract()


def draw(model, noise, class_vectors, *, truncation=1.0):
    """Give pictures [B, 3, 128, 128] with values 0 ... 1."""
    with torch.inference_mode():
        images = model(torch.from_numpy(noise).float(), torch.from_numpy(class_vectors).float(), truncation)
    return ((images + 1) / 2).numpy()


def draw_noise(count, *, seed=0):
    return np.random.default_rng(seed).standard_normal((4 * count, 128)).clip(-2, 2)[:count]


def single_classes(*classes):
    return np.eye(1000)[list(classes)]


def mean_distance(pictures):
    return np.mean([np.abs(a - b).mean() for i, a in enumerate(pictures) for b in pictures[:i]])


def contrast(pictures):
    """Give the standard deviation over places, mean of the three colours [B]: a plain colour has none."""
    return pictures.std(axis=(2, 3)).mean(axis=1)


@pytest.fixture(scope="module")
def class_pictures(model):
    return draw(model, draw_noise(1).repeat(len(CLASSES), axis=0), single_classes(*CLASSES))


def test_pictures_are_rich_in_contrast(class_pictures):
    assert class_pictures.std(axis=(1, 2, 3)).mean() >= 0.2
    assert contrast(class_pictures).mean() >= 0.15
    assert contrast(class_pictures).min() >= 0.1


def test_few_values_are_black_or_white(class_pictures):
    assert (np.abs(class_pictures - 0.5) > 0.48).mean() < 0.15


def test_the_three_colours_are_no_copies_of_each_other(class_pictures):
    colours = np.corrcoef(class_pictures.swapaxes(0, 1).reshape(3, -1))
    assert np.abs(colours[np.triu_indices(3, 1)]).max() < 0.9


def test_hues_vary_among_classes(class_pictures):
    means = class_pictures.mean(axis=(2, 3))
    assert (means - means.mean(axis=1, keepdims=True)).std(axis=0).mean() > 0.07


def test_the_upper_and_lower_half_differ_and_left_mirrors_right(class_pictures):
    assert np.abs(class_pictures - class_pictures[:, :, ::-1]).mean() > 0.1
    assert np.abs(class_pictures - class_pictures[..., ::-1]).max() < 1e-3


def test_classes_differ_three_times_as_much_as_neighbouring_frames(model, class_pictures):
    noise = draw_noise(1) + 0.03 * np.arange(4)[:, None] * np.sign(draw_noise(1, seed=1))
    walks = [draw(model, noise, single_classes(name).repeat(4, axis=0)) for name in CLASSES[:3]]
    between_frames = np.mean([np.abs(np.diff(pictures, axis=0)).mean() for pictures in walks])
    assert mean_distance(class_pictures) >= 3 * between_frames


def test_a_step_half_as_long_moves_the_picture_about_half_as_far(model):
    direction = np.sign(draw_noise(1, seed=1))
    start, near, far = draw(model, draw_noise(1) + np.array([[0], [0.01], [0.02]]) * direction, single_classes(95).repeat(3, axis=0))
    assert 1.5 < np.abs(far - start).mean() / np.abs(near - start).mean() < 2.5


@pytest.mark.parametrize("highest", [0.5, 1.0])
def test_mixtures_of_twelve_classes_keep_their_contrast(model, highest):
    rng = np.random.default_rng(2)
    class_vectors = np.zeros((8, 1000))
    for vector in class_vectors:
        vector[rng.choice(1000, 12, replace=False)] = highest * rng.uniform(0.5, 1, 12)
    pictures = draw(model, draw_noise(8), class_vectors)
    assert pictures.std(axis=(1, 2, 3)).mean() >= 0.2
    assert contrast(pictures).mean() >= 0.17


@pytest.mark.parametrize("class_vector", [np.zeros(1000), np.full(1000, 0.4), np.ones(1000)], ids=["none", "tint", "all"])
@pytest.mark.parametrize("truncation", [0.02, 0.5, 1.0])
def test_no_mixture_gives_nan(model, class_vector, truncation):
    assert np.isfinite(draw(model, truncation * draw_noise(1), class_vector[None], truncation=truncation)).all()


def test_smaller_truncation_calms(model):
    def spread(truncation):
        noise = truncation * draw_noise(4)
        return np.mean(
            [mean_distance(draw(model, noise, single_classes(name).repeat(4, axis=0), truncation=truncation)) for name in CLASSES[:3]]
        )

    assert spread(0.3) <= 0.8 * spread(1.0)


def test_two_builds_are_the_same_bits_and_leave_global_random_states_alone(model):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 (the global state is what is tested)
    again = build_abstract().state_dict()
    assert all(torch.equal(tensor, again[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


def test_another_seed_is_another_model(model):
    assert not torch.equal(build_abstract(seed=1).embeddings.weight, model.embeddings.weight)


def test_the_state_loads_strictly_into_the_published_class(model, class_pictures):
    published = BigGAN(abstract_config()).eval()
    published.load_state_dict(model.state_dict(), strict=True)
    assert np.array_equal(draw(published, draw_noise(1).repeat(len(CLASSES), axis=0), single_classes(*CLASSES)), class_pictures)


def test_the_model_is_ready_to_draw(model):
    assert not any(module.training for module in model.modules())
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}


def test_spectral_norm_divides_by_the_true_largest_singular_value(model):
    for name, module in model.named_modules():
        if hasattr(module, "weight_u"):
            weight = module.weight_orig.flatten(1)
            stored = module.weight_u @ weight @ module.weight_v
            smaller = weight.T @ weight if weight.shape[0] > weight.shape[1] else weight @ weight.T
            largest = torch.linalg.eigvalsh(smaller)[-1].sqrt()
            assert stored == 1, name
            assert largest == pytest.approx(1, abs=1e-4), name
