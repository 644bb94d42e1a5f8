"""BigGAN-deep as its authors' checkpoints mean it, in PyTorch and nothing else; and weights of no meaning for it.

For machines on which `pytorch_pretrained_biggan` is not installed: the same tensors by the same names, the same arithmetic, the same cost.
So benchmarks have what the original visualizers run, and tests and benchmarks have full-size weights without a download.
`tests/slow/test_network.py` holds it against the package.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from core.network.architecture import Architecture

State = Mapping[str, Tensor]
Measure = Callable[[str, Tensor], tuple[Tensor, Tensor]]
"""Gives the mean and the variance that a norm shall use, [channels] each, by the norm's name and what reaches it."""

NORMS_IN_A_BLOCK = 4


def draw(
    state: State,
    architecture: Architecture,
    noise: Tensor,
    class_vectors: Tensor,
    truncation: float,
    *,
    widened: Callable[[Tensor], Tensor] = lambda first_map: first_map,
) -> Tensor:
    """Draw pictures as the published network does in evaluation mode, with one of its stored truncations.

    Parameters
    ----------
    state
        The tensors of a checkpoint, all of one dtype and device.
    architecture
        What they make up.
    noise
        [B, 128].
    class_vectors
        [B, classes].
    truncation
        A multiple of ``1 / (n_stats - 1)``: the package's interpolation between them is wrong, and not repeated here.
    widened
        Makes the first map [B, C, 4, 4] larger, for pictures of another shape.

    Returns
    -------
    Tensor
        [B, 3, height, width], -1 ... 1.
    """
    row = round(truncation * (architecture.n_stats - 1))

    def stored(name: str, _: Tensor) -> tuple[Tensor, Tensor]:
        return state[f"{name}.running_means"][row], state[f"{name}.running_vars"][row]

    return torch.tanh(_before_tanh(state, architecture, noise, class_vectors, stored, widened))


def _before_tanh(
    state: State,
    architecture: Architecture,
    noise: Tensor,
    class_vectors: Tensor,
    measure: Measure,
    widened: Callable[[Tensor], Tensor] = lambda first_map: first_map,
) -> Tensor:
    condition = torch.cat([noise, functional.linear(class_vectors, state["embeddings.weight"])], dim=1)
    places = functional.linear(condition, _normed(state, "generator.gen_z"), state["generator.gen_z.bias"])
    x = widened(places.view(len(noise), 4, 4, -1).permute(0, 3, 1, 2).contiguous())
    for position, layer in enumerate(layers(architecture)):
        name = f"generator.layers.{position}"
        x = _attend(state, name, x) if layer is None else _block(state, name, x, condition, measure, architecture.eps, doubles=layer[0])
    mean, variance = measure("generator.bn", x)
    x = functional.batch_norm(x, mean, variance, state["generator.bn.weight"], state["generator.bn.bias"], eps=architecture.eps)
    return _convolve(state, "generator.conv_to_rgb", torch.relu(x), padding=1)[:, :3]


def layers(architecture: Architecture) -> list[tuple[bool, int, int] | None]:
    """List the layers in the checkpoint's order: blocks, and None for the attention."""
    found: list[tuple[bool, int, int] | None] = [*architecture.layers]
    if architecture.attention_layer_position < len(found):
        found.insert(architecture.attention_layer_position, None)
    return found


def _block(state: State, name: str, x: Tensor, condition: Tensor, measure: Measure, eps: float, *, doubles: bool) -> Tensor:
    h = x
    for number in range(NORMS_IN_A_BLOCK):
        h = torch.relu(_norm(state, f"{name}.bn_{number}", h, condition, measure, eps))
        if doubles and number == 1:
            h = functional.interpolate(h, scale_factor=2, mode="nearest")
        h = _convolve(state, f"{name}.conv_{number}", h, padding=1 if number in {1, 2} else 0)
    shortcut = x[:, : h.shape[1]]
    return h + (functional.interpolate(shortcut, scale_factor=2, mode="nearest") if doubles else shortcut)


def _norm(state: State, name: str, x: Tensor, condition: Tensor, measure: Measure, eps: float) -> Tensor:
    mean, variance = measure(name, x)
    scale = 1 + functional.linear(condition, _normed(state, f"{name}.scale"))[:, :, None, None]
    offset = functional.linear(condition, _normed(state, f"{name}.offset"))[:, :, None, None]
    return (x - mean[:, None, None]) / torch.sqrt(variance[:, None, None] + eps) * scale + offset


def _attend(state: State, name: str, x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape

    def seen(part: str) -> Tensor:
        return functional.conv2d(x, _normed(state, f"{name}.snconv1x1_{part}"))

    queries = seen("theta").flatten(2)
    keys, values = (functional.max_pool2d(seen(part), 2).flatten(2) for part in ("phi", "g"))
    attention = torch.softmax(queries.transpose(1, 2) @ keys, dim=-1)
    outcome = (values @ attention.transpose(1, 2)).view(batch, channels // 2, height, width)
    return x + state[f"{name}.gamma"] * functional.conv2d(outcome, _normed(state, f"{name}.snconv1x1_o_conv"))


def _convolve(state: State, name: str, x: Tensor, *, padding: int) -> Tensor:
    return functional.conv2d(x, _normed(state, name), state[f"{name}.bias"], padding=padding)


def _normed(state: State, name: str) -> Tensor:
    """Divide a weight by its spectral norm, as the package does at every call."""
    weight = state[f"{name}.weight_orig"]
    norm = torch.dot(state[f"{name}.weight_u"], torch.mv(weight.flatten(1), state[f"{name}.weight_v"]))
    return weight / norm


# Weights of no meaning ------------------------------------------------------------------------------------------------------------------

CALIBRATED_PICTURES = 6
NOISE_BOUND = 2.0
CLASS_NORM = 3.0
COMMON_NORM = 34.0
STEEP, FLAT = 1.0, 0.5  # k-th singular value over the first: k ** -slope
DECAYS = {"scale": STEEP, "offset": FLAT, "snconv1x1_theta": STEEP, "snconv1x1_phi": STEEP, "conv_3": STEEP}
POWER_ITERATIONS = 12
CONTRAST = 0.85
ATTENTION = 0.5


def random_state(architecture: Architecture, *, seed: int = 0, device: str = "cpu") -> dict[str, Tensor]:
    """Make weights that show nothing, but whose activations are like a trained network's, so that rounding errors mean something.

    Batch statistics are measured on pictures of the network itself: every norm gives values of mean 0 and variance 1, as in training.
    Weights that trained networks have of low rank have it here. All classes share a part, which makes thresholds of the ReLUs that no
    picture moves. So a small step of the noise moves the picture 1.7 times as far, both in relation to their lengths. Of weights without
    all this it moves the picture 12 times as far: those networks are chaotic, and rounding errors grow in them as steps do.

    Parameters
    ----------
    architecture
        Any.
    seed
        The same gives the same weights on one machine.
    device
        Where to measure, and where the tensors shall be.

    Returns
    -------
    dict[str, Tensor]
        float32 tensors with the names and shapes of a checkpoint.
    """
    rng = torch.Generator().manual_seed(seed)
    state = {name: _random_tensor(name, shape, rng).to(device) for name, shape in architecture.shapes().items()}
    for name in [name.removesuffix(".weight_orig") for name in state if name.endswith(".weight_orig")]:
        _find_spectral_norm(state, name)
    noise, class_vectors = random_inputs(architecture, CALIBRATED_PICTURES, seed=seed + 1)
    _calibrate(state, architecture, noise.to(device), class_vectors.to(device))
    _vary_statistics(state, rng)
    return state


def random_inputs(architecture: Architecture, count: int, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw noise [count, 128] within its bounds, and class vectors [count, classes], each of one class or a mixture of a few."""
    rng = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, architecture.z_dim, generator=rng).clamp(-NOISE_BOUND, NOISE_BOUND)
    class_vectors = torch.zeros(count, architecture.num_classes)
    for picture, vector in enumerate(class_vectors):
        shown = torch.randint(architecture.num_classes, (1 + picture % 3,), generator=rng)
        vector[shown] = torch.rand(len(shown), generator=rng) + 0.1
    return noise, class_vectors / class_vectors.sum(dim=1, keepdim=True)


def _random_tensor(name: str, shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    kind = name.rpartition(".")[2]
    if kind == "running_vars" or name == "generator.bn.weight":
        return torch.ones(shape)
    if kind in {"running_means", "bias"}:
        return 0.1 * torch.randn(shape, generator=rng) if kind == "bias" else torch.zeros(shape)
    if kind == "gamma":
        return torch.full(shape, ATTENTION)
    values = torch.randn(shape, generator=rng)
    if name == "embeddings.weight":
        common = torch.randn(shape[0], 1, generator=rng)
        return (CLASS_NORM * values + COMMON_NORM * common) / math.sqrt(shape[0])
    slope = next((slope for part, slope in DECAYS.items() if f".{part}." in name), None)
    return values if slope is None or kind != "weight_orig" else _with_decay(values, slope, rng)


def _with_decay(weight: Tensor, slope: float, rng: torch.Generator) -> Tensor:
    """Give a weight [outputs, inputs, ...] singular values of about ``k ** -slope``, in directions of chance."""
    matrix = weight.flatten(1)
    count = matrix.shape[1]
    directions, _ = torch.linalg.qr(torch.randn(count, count, generator=rng))
    strengths = torch.arange(1, count + 1) ** -slope
    return ((matrix * strengths) @ directions).reshape(weight.shape)


def _find_spectral_norm(state: dict[str, Tensor], name: str) -> None:
    matrix = state[f"{name}.weight_orig"].flatten(1)
    u = state[f"{name}.weight_u"]
    v = state[f"{name}.weight_v"]
    for _ in range(POWER_ITERATIONS):
        v = functional.normalize(matrix.T @ u, dim=0)
        u = functional.normalize(matrix @ v, dim=0)
    state[f"{name}.weight_u"], state[f"{name}.weight_v"] = u, v


@torch.no_grad()
def _calibrate(state: dict[str, Tensor], architecture: Architecture, noise: Tensor, class_vectors: Tensor) -> None:
    """Measure the statistics of all norms, and then the contrast, in one run."""

    def measured(name: str, x: Tensor) -> tuple[Tensor, Tensor]:
        variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0)
        for kind, values in (("running_means", mean), ("running_vars", variance)):
            state[f"{name}.{kind}"][:] = values
        return mean, variance

    outcome = _before_tanh(state, architecture, noise, class_vectors, measured)
    gain = CONTRAST / outcome.std().item()
    state["generator.bn.weight"] *= gain
    state["generator.bn.bias"] *= gain


def _vary_statistics(state: dict[str, Tensor], rng: torch.Generator) -> None:
    """Have the statistics change with the truncation, so that a wrong row, or wrong shares of two, is seen."""
    for name, table in state.items():
        if name.endswith(("running_means", "running_vars")):
            rows, channels = table.shape
            less = torch.linspace(1, 0, rows)[:, None] * torch.rand(channels, generator=rng) / 2
            row_noise = 0.02 * torch.randn(rows, channels, generator=rng)
            row_noise[-1] = 0  # what was measured stays
            table.mul_((1 - less + row_noise).to(table.device))
