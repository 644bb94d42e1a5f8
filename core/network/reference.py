"""BigGAN-deep, drawn from folded weights: the whole network, on any device that PyTorch knows.

In: noise, class vectors, truncations. Out: pictures in 8 bits, still on the device. Pure: no files, no threads, no state.
`processor` draws the same one picture at a time with fused kernels; this is what it is held against.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor
from torch.nn import functional

from ..protocol.shape import FIRST_SIZE
from .folding import Attention, Block, Folded
from .widening import widen

DOUBLED_KERNEL = 4
"""Size of a 3 x 3 kernel that was multiplied with the doubling before it."""

EXACT_SIZE = {torch.bfloat16: 32, torch.float16: 8}
"""Maps up to this size, in a square picture, stay float32. Roundings in them grow the most until they are seen, and they are a small part
of the work."""


class Doubling(StrEnum):
    """Ways to double a map and convolve it, all with the same outcome."""

    TRANSPOSED = "transposed"
    """One transposed convolution, 4 x 4 with stride 2: 16 of 36 products, and the doubled map is never written."""
    NEAREST = "nearest"
    """As published."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What noise, class and truncation make of the network, for B pictures.

    Parameters
    ----------
    first_map
        [B, channels, 4, 4], or as many places as `Folded.first_map` says.
    scales, offsets
        [B, K], of all norms, in the layers' order.
    """

    first_map: Tensor
    scales: Tensor
    offsets: Tensor


def prepare(folded: Folded, *, dtype: torch.dtype, device: torch.device | str = "cpu", doubling: Doubling = Doubling.TRANSPOSED) -> Folded:
    """Bring weights to where and how they shall be used.

    Parameters
    ----------
    folded
        As `folding.fold` or a file gives it, float32 or float64.
    dtype
        Of the maps and of all weights that meet them. What makes the conditions keeps its precision: it costs next to nothing.
    device
        Where to draw.
    doubling
        How to double.

    Returns
    -------
    Folded
        With convolutions channels-last, and those behind a doubling as `doubling` wants them.
    """
    moved = {name: tensor.to(device) for name, tensor in vars(folded).items() if isinstance(tensor, Tensor)}
    layers = (
        _prepare_layer(layer, own, device, doubling) for layer, (_, own) in zip(folded.layers, layer_maps(folded, dtype), strict=True)
    )
    picture_weight = channels_last(folded.picture_weight.to(device, dtype))
    return dataclasses.replace(folded, **moved | {"layers": tuple(layers), "picture_weight": picture_weight})


def layer_maps(folded: Folded, dtype: torch.dtype) -> Iterator[tuple[int, torch.dtype]]:
    """Give the size of each layer's outcome in a square picture, and what it is kept in when the large maps are kept in `dtype`."""
    size, exact_size = FIRST_SIZE, EXACT_SIZE.get(dtype, 0)
    for layer in folded.layers:
        size *= 2 if isinstance(layer, Block) and layer.doubles else 1
        yield size, torch.float32 if size <= exact_size else dtype


def _prepare_layer(layer: Block | Attention, dtype: torch.dtype, device: torch.device | str, doubling: Doubling) -> Block | Attention:
    if isinstance(layer, Attention):
        return Attention(**{name: weight.to(device, dtype) for name, weight in vars(layer).items()})
    narrow, first, second, widen = (weight.to(device, dtype) for weight in layer.weights)
    if layer.doubles and doubling is Doubling.TRANSPOSED:
        first = doubled_kernel(first)
    weights = (channels_last(narrow), channels_last(first), channels_last(second), channels_last(widen))
    return Block(doubles=layer.doubles, weights=weights, bias=layer.bias.to(device, dtype))


def channels_last(x: Tensor) -> Tensor:
    """Lay out a kernel or a batch of maps so that a place's channels are neighbours."""
    return x.contiguous(memory_format=torch.channels_last)


def doubled_kernel(weight: Tensor) -> Tensor:
    """Multiply a 3 x 3 convolution with the nearest-neighbour doubling before it.

    Each place y of the small map stands for the places 2 y and 2 y + 1 of the large one. A large place x gathers x - 1, x, x + 1; so the
    small place y reaches the large places 2 y - 1 ... 2 y + 2, by one, two, two and one of the kernel's taps.

    Parameters
    ----------
    weight
        [o, i, 3, 3].

    Returns
    -------
    Tensor
        [i, o, 4, 4], for a transposed convolution with stride 2 and padding 1.
    """
    taps = weight.new_tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])  # [place 2 y - 1 ... 2 y + 2, tap]
    return torch.einsum("as,bt,oist->ioab", taps, taps, weight)


# Drawing --------------------------------------------------------------------------------------------------------------------------------


def draw(folded: Folded, noise: Tensor, class_vectors: Tensor, truncations: Tensor) -> tuple[Tensor, Tensor]:
    """Draw pictures.

    Parameters
    ----------
    folded
        From `prepare`.
    noise
        float32 [B, 128].
    class_vectors
        float32 [B, classes].
    truncations
        float32 [B], 0 ... 1.

    Returns
    -------
    pictures : Tensor
        uint8 [B, height, width, 3].
    means : Tensor
        float32 [B], each picture's mean before it was rounded; NaN if anything in it was.
    """
    conditions = make_conditions(folded, noise, class_vectors, truncations)
    return to_8_bits(draw_values(folded, conditions))


def make_conditions(folded: Folded, noise: Tensor, class_vectors: Tensor, truncations: Tensor) -> Conditions:
    """Multiply out what noise, class and truncation make of all norms and of the first map."""
    condition = torch.cat([noise, functional.linear(class_vectors, folded.class_embedding)], dim=1)  # [B, 256]
    products = functional.linear(condition, folded.condition_weight, folded.condition_bias)
    channels = folded.means.shape[1]
    gains, shifts, places = products.split([channels, channels, products.shape[1] - 2 * channels], dim=1)
    scales = gains * torch.rsqrt(interpolated(folded.variances, truncations))
    offsets = torch.addcmul(shifts, scales, interpolated(folded.means, truncations), value=-1)
    square = places.reshape(len(noise), FIRST_SIZE, FIRST_SIZE, -1).permute(0, 3, 1, 2)  # [B, channels, 4, 4], channels last
    first_map = widen(square, folded.first_map.rows, folded.first_map.columns, folded.first_map.widening)
    return Conditions(first_map=first_map, scales=scales, offsets=offsets)


def interpolated(table: Tensor, truncations: Tensor) -> Tensor:
    """Look rows up in a table [S, K] that holds one for each of the truncations 0 ... 1 in equal steps: [B, K]."""
    positions = truncations.to(table.dtype).clamp(0, 1) * (len(table) - 1)
    below = positions.long().clamp(max=len(table) - 2)
    return torch.lerp(table[below], table[below + 1], (positions - below)[:, None])


def draw_values(folded: Folded, conditions: Conditions) -> Tensor:
    """Draw [B, 3, height, width], -1 ... 1."""
    scales, offsets = conditions.scales[:, :, None, None], conditions.offsets[:, :, None, None]
    x, norm = conditions.first_map, 0
    for layer in folded.layers:
        if isinstance(layer, Attention):
            x = _attend(layer, x)
        else:
            end = norm + sum(norm_widths(layer))
            x, norm = _draw_block(layer, x, scales[:, norm:end], offsets[:, norm:end]), end
    activated = activate(x, scales[:, norm:], offsets[:, norm:]).to(folded.picture_weight.dtype)
    x = functional.conv2d(activated, folded.picture_weight, padding=1)
    return torch.tanh(x.to(folded.picture_bias.dtype) + folded.picture_bias[:, None, None])


def sum_dtype(dtype: torch.dtype) -> torch.dtype:
    """Give what sums and norms are computed in, beside convolutions in `dtype`: bfloat16 has too few digits for them."""
    return torch.float32 if dtype == torch.bfloat16 else dtype


def norm_widths(block: Block) -> list[int]:
    """Give the channels of each of a block's four norms."""
    outward, inward, *_ = block.weights[0].shape
    return [inward, outward, outward, outward]


def _draw_block(block: Block, x: Tensor, scales: Tensor, offsets: Tensor) -> Tensor:
    (scale_0, scale_1, scale_2, scale_3), (offset_0, offset_1, offset_2, offset_3) = (
        values.split(norm_widths(block), dim=1) for values in (scales, offsets)
    )
    narrow, first, second, widen = block.weights
    x = x.to(sum_dtype(narrow.dtype))
    h = functional.conv2d(activate(x, scale_0, offset_0).to(narrow.dtype), narrow)
    h = activate(h, scale_1, offset_1)
    h = _convolve_doubled(h, first) if block.doubles else functional.conv2d(h, first, padding=1)
    h = functional.conv2d(activate(h, scale_2, offset_2), second, padding=1)
    h = functional.conv2d(activate(h, scale_3, offset_3), widen, block.bias)
    shortcut = x[:, : len(block.bias)]
    return h + (functional.interpolate(shortcut, scale_factor=2, mode="nearest") if block.doubles else shortcut)


def _convolve_doubled(x: Tensor, weight: Tensor) -> Tensor:
    if weight.shape[-1] == DOUBLED_KERNEL:
        return functional.conv_transpose2d(x, weight, stride=2, padding=1)
    return functional.conv2d(functional.interpolate(x, scale_factor=2, mode="nearest"), weight, padding=1)


def activate(x: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    """Norm and ReLU, in x's dtype."""
    dtype = sum_dtype(x.dtype)
    return torch.relu(torch.addcmul(offset.to(dtype), x, scale.to(dtype))).to(x.dtype)


def _attend(attention: Attention, x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    places = x.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    seen = places.to(attention.query.dtype)
    queries = functional.linear(seen, attention.query, attention.query_bias)
    keys = pooled(functional.linear(seen, attention.key, attention.key_bias), width)
    values = pooled(functional.linear(seen, attention.value, attention.value_bias), width)
    weights = torch.softmax(queries @ keys.transpose(1, 2), dim=-1)  # [B, places, places / 4]
    outcome = places + functional.linear(weights @ values, attention.outcome)
    return outcome.view(batch, height, width, channels).permute(0, 3, 1, 2)


def pooled(places: Tensor, width: int) -> Tensor:
    """Take the largest of each 2 x 2 places: [B, height * width, C] to [B, (height // 2) * (width // 2), C]."""
    batch, count, channels = places.shape
    height = count // width
    if height % 2 or width % 2:  # as PyTorch pools, a last row or column that is left over is not looked at
        places = places.view(batch, height, width, channels)[:, : height // 2 * 2, : width // 2 * 2]
        count, width = (height // 2) * (width // 2) * 4, width // 2 * 2
        places = places.reshape(batch, count, channels)
    rows = places.view(batch, count // (2 * width), 2, width * channels)
    rows = torch.maximum(rows[:, :, 0], rows[:, :, 1]).view(batch, count // 4, 2, channels)
    return torch.maximum(rows[:, :, 0], rows[:, :, 1])


def to_8_bits(values: Tensor) -> tuple[Tensor, Tensor]:
    """Map -1 ... 1 to 0 ... 255, the same way for every picture: [B, 3, H, W] to uint8 [B, H, W, 3]; and give each picture's mean [B]."""
    levels = values.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous(), values.mean(dim=(1, 2, 3))
