"""The embedded model, Abstract: a small BigGAN whose weights are made from a seed when it is loaded.

In: nothing but a seed. Out: the published `BigGAN` class at 128 px, ready to draw, with the same tensors and names as a downloaded model.
Never reads a file, trains, or touches a global random state.

Plain random weights give grey mush. What makes these pictures was found by eye, on contact sheets:

- **Mirror symmetry.** The 4 x 4 layout holds even waves only, and every kernel is even from left to right: masks and beetles appear.
- **No constant part where it would win.** The layout has next to no mean, the mixing of channels sums to zero, and kernels take differences
  of neighbours. Otherwise each of the 36 conditional norms adds a constant per picture, and in the end only flat colour is left.
- **Only half of each width holds a map.** Blocks write into the upper half of their channels, and the shortcut of the next doubling drops
  that half. So nothing reaches the picture by nearest-neighbour copying alone, which shows as squares; each doubling passes a smoothing
  kernel. In the lower half are zeros, from which a norm's offset makes constants: thresholds for the block.
- **Classes act by offsets, hardly by scales.** A sum of twelve classes then grows like its square root, and not through 36 products.
- **Colour** is mixed as luminance and two opponent axes, so that hues vary and no channel is a copy of another.

Spectral norm divides each weight by its largest singular value. Here that value is exactly 1 everywhere: unit 0 of each width and unit 255
of the condition are always zero, and a weight of 1 between such silent units outweighs all others. So `weight_u` and `weight_v` are known
without any iteration, stay the same in training mode, and every gain below 1 can be chosen freely.
"""

from typing import Any

import numpy as np
import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig
from pytorch_pretrained_biggan.model import BigGANBatchNorm, GenBlock, Generator, SelfAttn
from torch import Tensor

SEED = 21  # the best of 1 ... 24, by figures and by eye
CHANNEL_WIDTH = 40  # speed falls with its square, variety grows with it
LAYERS = [  # double?, width in, width out; detail comes from the blocks that keep their size, at 4, 16, 32 and 64 px
    (False, 16, 16),
    (True, 16, 16),
    (True, 16, 8),
    (False, 8, 8),
    (True, 8, 4),
    (False, 4, 4),
    (True, 4, 2),
    (False, 2, 2),
    (True, 2, 1),
]
ATTENTION_POSITION = 5  # at 32 px: large enough for shapes, small enough for the square of 1024 places

SILENT_CONDITION = 255  # last unit of the class embedding: zero in every class, so zero in every mixture
NOISE_NORM = 10.0  # length of a truncated normal vector of 128 units at truncation 1
CLASS_NORM = 30.0  # length of an embedding row; large, so that class weights stay far below the silent 1
CLASS_UNITS = 8  # of 127: two classes rarely share more than one

# What one unit of noise and one class do to a layer: standard deviation of the outcome, (noise, class).
LAYOUT = (0.35, 0.9)  # more noise here makes motion hasty, and truncation hardly felt
SCALE = (0.02, 0.02)  # small: scales multiply along the network
OFFSET = (0.03, 0.22)  # thresholds of the ReLUs: a class decides which contours show
PALETTE = (0.1, 0.3)  # offsets at the last block: the ground colour

LAYOUT_SLOPE = 0.5  # waves across the picture count 1, waves of half that length 2 ** -slope
LAYOUT_MEAN = 0.2
NORM = 0.6  # estimated spectral norm of all but the silent unit; structured weights reach half as much again
DETAIL = 0.5  # gain of blocks that keep the size, beside their shortcut of 1
ATTENTION = 1.0  # changes a pixel by 4 % on average; under spectral norm keys stay faint, so it adds what the whole picture holds
CONTRAST = 0.85  # standard deviation before tanh, over all that is measured: few values are black or white
SHARPNESS = 0.3  # unsharp mask in the last convolution, against the blur of the doublings

SMOOTH = np.outer([1, 2, 1], [1, 2, 1]) / np.float32(16)
RISE = np.outer([-1, 0, 1], [1, 2, 1]) * np.float32(3 / 16)  # top to bottom; its left-to-right sister is odd, so absent
RIDGE = np.outer([1, 2, 1], [-1, 2, -1]) * np.float32(3 / 16)  # left to right, even
POINT = np.outer([0, 1, 0], [0, 1, 0]).astype(np.float32)
LAPLACE = POINT - SMOOTH
DOUBLING_KERNELS = ((1.0, SMOOTH),)
SETTLING_KERNELS = ((1.0, SMOOTH), (0.3, RISE), (0.2, RIDGE))
DETAIL_KERNELS = ((0.8, SMOOTH), (0.8, RISE), (0.55, RIDGE), (0.1, LAPLACE))
PICTURE_KERNELS = ((1.0, POINT + SHARPNESS * LAPLACE),)
OPPONENT = np.array([[1, 1, 0.45], [1, -0.15, -1], [1, -1, 0.55]]) * (1, 0.8, 0.8)  # red, green, blue from luminance and two hues

MEASURED_PICTURES = 12
GRID = 2.0**-16  # weights and statistics are rounded to it, so that the order of a sum (BLAS, threads) changes hardly a bit


def build_abstract(*, seed: int = SEED) -> BigGAN:
    """Make the embedded model.

    Parameters
    ----------
    seed
        Another seed gives another world of pictures, not always a good one.

    Returns
    -------
    BigGAN
        128 px, 1000 classes, float32, on the CPU, in evaluation mode, without gradients.
        The same seed gives the same bits on one machine with one number of threads; elsewhere some statistics differ by `GRID`.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    model = _unfilled_model(abstract_config())
    _write(model.embeddings.weight, _class_embeddings(rng, model.config))
    _fill_generator(model.generator, rng)
    _fill_statistics(model, rng)
    return model


def abstract_config() -> BigGANConfig:
    """Return the configuration into whose `BigGAN` the model's `state_dict` loads strictly."""
    return BigGANConfig(channel_width=CHANNEL_WIDTH, layers=LAYERS, attention_layer_position=ATTENTION_POSITION)


def _unfilled_model(config: BigGANConfig) -> BigGAN:
    """Build the modules; torch's own random weights, soon written over, leave its global random state as it was."""
    with torch.random.fork_rng(devices=[]):
        model = BigGAN(config)
    return model.eval().requires_grad_(False)


def _class_embeddings(rng: np.random.Generator, config: BigGANConfig) -> np.ndarray:
    """Draw sparse rows of one length [128, 1000]: a few units speak for a class, so a mixture is a union more than a mean."""
    embeddings = np.zeros((config.num_classes, config.z_dim))
    for row in embeddings:
        units = rng.choice(config.z_dim - 1, CLASS_UNITS, replace=False)  # the last unit stays silent
        row[units] = rng.choice([-1, 1], CLASS_UNITS) * rng.uniform(0.5, 1.5, CLASS_UNITS)
    return (embeddings * (CLASS_NORM / np.linalg.norm(embeddings, axis=1, keepdims=True))).T


def _fill_generator(generator: Generator, rng: np.random.Generator) -> None:
    _fill_layout(generator, rng)
    for position, layer in enumerate(generator.layers):
        if isinstance(layer, SelfAttn):
            _fill_attention(layer, rng)
        else:
            _fill_block(layer, rng, is_last=position == len(generator.layers) - 1)
    _fill_picture(generator, rng)


def _fill_layout(generator: Generator, rng: np.random.Generator) -> None:
    """Fill the first layer: condition [256] to a 4 x 4 map whose channels are sums of even waves."""
    channels = 16 * generator.config.channel_width
    waves = _condition_weight(rng, 16 * channels, LAYOUT).reshape(16, channels, 256)
    waves[:, : channels // 2] = 0
    places = np.tensordot(_layout_waves(), waves, axes=1)  # [16 places, channels, 256]
    _set_weight(generator.gen_z, _with_norm(places.reshape(-1, 256)), silent=(0, SILENT_CONDITION))


def _layout_waves() -> np.ndarray:
    """Return cosine waves on the 4 x 4 grid [16 places, 16 waves], the slower the stronger, odd ones from left to right left out."""
    order = np.arange(4)
    wave = np.cos(np.pi * order[:, None] * (order + 0.5) / 4) * np.where(order, np.sqrt(2), 1)[:, None]  # [wave, place], DCT-II
    frequency = np.hypot(order[:, None], order)
    strength = np.where(frequency, np.maximum(frequency, 1) ** -LAYOUT_SLOPE, LAYOUT_MEAN) * (order % 2 == 0)
    return np.einsum("my,nx,mn->yxmn", wave, wave, strength).reshape(16, 16).astype(np.float32)


def _fill_block(block: GenBlock, rng: np.random.Generator, *, is_last: bool) -> None:
    for norm in (block.bn_0, block.bn_1, block.bn_2):
        _fill_norm(norm, rng, offset=OFFSET)
    _fill_norm(block.bn_3, rng, offset=PALETTE if is_last else OFFSET)
    inner, outer = block.conv_1.out_channels, block.conv_3.out_channels
    _set_weight(block.conv_0, _with_norm(_mixing(rng, inner, block.conv_0.in_channels)))
    _set_weight(block.conv_1, _with_norm(_kernels(rng, inner, inner, DOUBLING_KERNELS if block.up_sample else DETAIL_KERNELS)))
    _set_weight(block.conv_2, _with_norm(_kernels(rng, inner, inner, SETTLING_KERNELS if block.up_sample else DETAIL_KERNELS)))
    outcome = _mixing(rng, outer, inner)
    if not is_last:
        outcome[: outer // 2] = 0  # the next doubling's shortcut keeps this half
    _set_weight(block.conv_3, _with_norm(outcome) * (1.0 if block.up_sample else DETAIL))


def _fill_norm(norm: BigGANBatchNorm, rng: np.random.Generator, *, offset: tuple[float, float]) -> None:
    _set_weight(norm.scale, _condition_weight(rng, norm.num_features, SCALE), silent=(0, SILENT_CONDITION))
    _set_weight(norm.offset, _condition_weight(rng, norm.num_features, offset), silent=(0, SILENT_CONDITION))


def _fill_attention(attention: SelfAttn, rng: np.random.Generator) -> None:
    for conv in (attention.snconv1x1_theta, attention.snconv1x1_phi, attention.snconv1x1_g):
        _set_weight(conv, _with_norm(_mixing(rng, conv.out_channels, conv.in_channels)))
    outcome = _mixing(rng, attention.in_channels, attention.in_channels // 2)
    outcome[: attention.in_channels // 2] = 0
    _set_weight(attention.snconv1x1_o_conv, _with_norm(outcome))
    _write(attention.gamma, np.full(1, ATTENTION))


def _fill_picture(generator: Generator, rng: np.random.Generator) -> None:
    """Fill the last convolution: only its first three rows are seen; row 3 carries the spectral norm."""
    channels = generator.config.channel_width
    axes, _ = np.linalg.qr(_kernels(rng, 3, channels, PICTURE_KERNELS).reshape(3, -1).T)  # luminance and hues see different things
    weight = np.zeros((channels, channels, 3, 3))
    weight[:3] = (OPPONENT @ axes.T).reshape(3, channels, 3, 3) / 3
    _set_weight(generator.conv_to_rgb, weight, silent=(3, 0))


def _condition_weight(rng: np.random.Generator, features: int, spread: tuple[float, float]) -> np.ndarray:
    """Draw a weight [features, 256] whose outcome spreads by `spread` over noise and over classes."""
    noise, classes = spread
    units = np.repeat([noise / NOISE_NORM, classes / CLASS_NORM], 128)
    return rng.standard_normal((features, 256), np.float32) * units.astype(np.float32)


def _mixing(rng: np.random.Generator, outputs: int, inputs: int) -> np.ndarray:
    """Draw a 1 x 1 weight [outputs, inputs, 1, 1] that ignores what all inputs share, such as the mean that a ReLU leaves."""
    weight = rng.standard_normal((outputs, inputs, 1, 1), np.float32)
    return weight - weight.mean(axis=1, keepdims=True)


def _kernels(rng: np.random.Generator, outputs: int, inputs: int, recipe: tuple[tuple[float, np.ndarray], ...]) -> np.ndarray:
    """Draw a 3 x 3 weight [outputs, inputs, 3, 3]: a sum of shapes, each with its gain and its own mixing of channels."""
    return np.sum([gain * _mixing(rng, outputs, inputs) * shape for gain, shape in recipe], axis=0)


def _with_norm(weight: np.ndarray) -> np.ndarray:
    """Scale random rows to a spectral norm of about `NORM`: that of independent values is known from their size alone."""
    rows, columns = len(weight), weight[0].size
    return weight * np.float32(NORM / (np.linalg.norm(weight) * (rows**-0.5 + columns**-0.5)))


def _set_weight(layer: Any, weight: np.ndarray, *, silent: tuple[int, int] = (0, 0)) -> None:
    """Write a weight under spectral norm, with 1 between a silent output and a silent input, and no bias.

    Parameters
    ----------
    layer : torch.nn.Conv2d or torch.nn.Linear
        A convolution or a linear layer under `torch.nn.utils.spectral_norm`.
    weight : float32 or float64 [outputs, inputs, ...]
        Its spectral norm is less than 1.
    silent
        The silent output and input. What else is in their row and column is lost.
    """
    row, unit = silent
    matrix = weight.reshape(len(weight), -1).copy()
    places = matrix.shape[1] // weight.shape[1]
    matrix[row] = 0
    matrix[:, unit * places : (unit + 1) * places] = 0
    column = unit * places + places // 2  # the middle of the kernel
    matrix[row, column] = 1
    _write(layer.weight_orig, matrix.reshape(layer.weight_orig.shape))
    _write(layer.weight_u, np.eye(1, matrix.shape[0], row)[0])
    _write(layer.weight_v, np.eye(1, matrix.shape[1], column)[0])
    if layer.bias is not None:
        layer.bias.zero_()


def _write(target: Tensor, values: np.ndarray) -> None:
    target.copy_(torch.from_numpy(np.round(values * (1 / GRID)) * GRID))


def _fill_statistics(model: BigGAN, rng: np.random.Generator) -> None:
    """Measure the statistics of all norms, and the contrast, in one run of a few pictures at truncation 1.

    All 51 rows are the same. Were those of smaller truncations measured too, they would scale smaller noise up again,
    and the calm that truncation is there for would be gone.
    """
    classes = model.embeddings(torch.from_numpy(_measured_classes(rng)))
    noise = torch.from_numpy(rng.standard_normal(classes.shape, np.float32)).clamp(-2, 2)
    generator = model.generator
    generator.bn.weight.fill_(1)
    generator.bn.bias.zero_()
    _set_contrast(generator, _measure(generator, torch.cat([noise, classes], dim=1)))


def _measured_classes(rng: np.random.Generator) -> np.ndarray:
    """Draw class vectors [pictures, 1000], half of one class, half of twelve: neither kind of film is pale or a poster."""
    vectors = np.zeros((MEASURED_PICTURES, 1000), np.float32)
    for picture, vector in enumerate(vectors):
        count = 12 if picture % 2 else 1
        vector[rng.choice(1000, count, replace=False)] = rng.uniform(size=count) if count > 1 else 1
    return vectors


def _measure(generator: Generator, condition: Tensor) -> Tensor:
    """Run once, giving each norm the statistics of what reaches it; return what reaches tanh, [pictures, 3, 128, 128]."""
    outcomes = []
    handles = [norm.register_forward_pre_hook(_take_statistics) for norm in generator.modules() if isinstance(norm, BigGANBatchNorm)]
    handles.append(generator.conv_to_rgb.register_forward_hook(lambda _conv, _arguments, outcome: outcomes.append(outcome[:, :3])))
    generator(condition, 1.0)
    for handle in handles:
        handle.remove()
    return outcomes[0]


def _take_statistics(norm: BigGANBatchNorm, arguments: tuple[Tensor, ...]) -> None:
    variance, mean = torch.var_mean(arguments[0], dim=(0, 2, 3), correction=0)
    variance[variance == 0] = 1  # silent channels
    _write(norm.running_means, mean.expand_as(norm.running_means).numpy())
    _write(norm.running_vars, variance.expand_as(norm.running_vars).numpy())


def _set_contrast(generator: Generator, outcome: Tensor) -> None:
    """Scale and centre what reaches tanh; all since the last norm is homogeneous, so that norm's weight is the gain."""
    gain = CONTRAST / outcome.std(dim=(0, 2, 3)).mean()
    _write(generator.bn.weight, np.full(generator.bn.num_features, float(gain)))
    _write(generator.conv_to_rgb.bias[:3], (-gain * outcome.mean(dim=(0, 2, 3))).numpy())
