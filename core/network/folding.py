"""A published BigGAN-deep, folded: what is constant at drawing time is multiplied out once.

In: the tensors of a checkpoint. Out: `Folded`, what `reference` and `processor` draw with. Arithmetic only: no files, no drawing.

What is folded away: spectral norm; the convolutions' biases (into the means of the norms behind them); the attention's gamma; the channels
of the last convolution that nobody sees; and the mean of what runs along the shortcuts, at truncation 1, so that numbers of few digits
hold differences, not what is always there. All norms stand in one list of channels, so that all their scales and offsets, and the first
layer, are one matrix product. Statistics stay in their table, since the truncation may change from picture to picture.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from ..protocol.shape import FIRST_SIZE, SQUARE, FirstMap
from .architecture import ATTENTION_REDUCTION, BLOCK_REDUCTION, Architecture, Layer

if TYPE_CHECKING:
    from pytorch_pretrained_biggan import BigGAN

FOLDING_VERSION = 1
"""Raise it when `fold` gives other tensors: files of folded weights are then made anew."""

COLOURS = 3
NORMS_IN_A_BLOCK = 4


@dataclass(frozen=True, kw_only=True)
class Block:
    """A residual block: four times norm, ReLU, convolution; a shortcut around all of them.

    Parameters
    ----------
    doubles
        Whether width and height double before the second convolution, and along the shortcut.
    weights
        [m, n, 1, 1], [m, m, 3, 3], [m, m, 3, 3], [o, m, 1, 1]. The shortcut keeps the first o of n channels.
    bias
        [o], of the last convolution, with what makes the outcome's mean nearly 0.
    """

    doubles: bool
    weights: tuple[Tensor, Tensor, Tensor, Tensor]
    bias: Tensor


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Self-attention, added to what comes in.

    Parameters
    ----------
    query, query_bias
        [n / 8, n] and [n / 8]. The biases stand for the mean that what comes in no longer has.
    key, key_bias
        [n / 8, n] and [n / 8].
    value, value_bias
        [n / 2, n] and [n / 2].
    outcome
        [n, n / 2], times gamma.
    """

    query: Tensor
    query_bias: Tensor
    key: Tensor
    key_bias: Tensor
    value: Tensor
    value_bias: Tensor
    outcome: Tensor


@dataclass(frozen=True, kw_only=True)
class Folded:
    """Weights of a BigGAN-deep, ready to draw with.

    Parameters
    ----------
    architecture
        What they make up. c stands for its classes, K for the channels of all its norms, S for its stored truncations.
    class_embedding
        [128, c].
    condition_weight
        [2 K + 16 places * channels, 256]: from noise and class embedding to the norms' scales, their offsets, and the first map, whose rows
        are in the order height, width, channel.
    condition_bias
        [2 K + 16 places * channels].
    means, variances
        [S, K], for truncations 0 ... 1 in equal steps. Means are less the bias before the norm, variances more the epsilon.
    layers
        From 4 x 4 to the last. Norms stand in the table in the layers' order; the last norm, which knows no condition, ends it.
    picture_weight, picture_bias
        [3, n, 3, 3] and [3].
    first_map
        How large the first map is made before the first block.
    """

    architecture: Architecture
    class_embedding: Tensor
    condition_weight: Tensor
    condition_bias: Tensor
    means: Tensor
    variances: Tensor
    layers: tuple[Block | Attention, ...]
    picture_weight: Tensor
    picture_bias: Tensor
    first_map: FirstMap = SQUARE

    def to_tensors(self) -> dict[str, Tensor]:
        """Name all tensors, for a file."""
        named = {name: getattr(self, name) for name in TENSOR_FIELDS}
        for position, layer in enumerate(self.layers):
            named |= {f"layers.{position}.{name}": tensor for name, tensor in _layer_tensors(layer).items()}
        return named

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], architecture: Architecture) -> Self:
        """Put together what `to_tensors` gave. The tensors may be memory-mapped: nothing is copied.

        Raises
        ------
        KeyError
            If a tensor is missing.
        ValueError
            If one has another shape, or there are more of them: the file belongs to another architecture.
        """
        expected = folded_shapes(architecture)
        wrong = [name for name in tensors if name not in expected or tuple(tensors[name].shape) != expected[name]]
        if wrong:
            raise ValueError(f"Folded weights do not fit the architecture: {', '.join(wrong[:3])}")
        own: dict[str, Any] = {name: tensors[name] for name in TENSOR_FIELDS}
        layers = (_layer_of_tensors(tensors, position, layer) for position, layer in enumerate(_layer_list(architecture)))
        return cls(architecture=architecture, layers=tuple(layers), **own)


TENSOR_FIELDS = tuple(field.name for field in fields(Folded) if field.name not in {"architecture", "layers", "first_map"})


def fold_network(network: "BigGAN") -> Folded:
    """Fold a published network. See `fold`."""
    return fold(network.state_dict(), architecture_of(network.config))


def architecture_of(config: Any) -> Architecture:
    """Take over a published network's configuration."""
    values: dict[str, Any] = {field.name: getattr(config, field.name) for field in fields(Architecture)}
    values["layers"] = tuple((bool(doubles), *widths) for doubles, *widths in config.layers)
    return Architecture(**values)


@torch.no_grad()
def fold(state: Mapping[str, Tensor], architecture: Architecture) -> Folded:
    """Fold the tensors of a checkpoint.

    Parameters
    ----------
    state
        Names and shapes as `Architecture.shapes` lists them.
    architecture
        What they make up.

    Returns
    -------
    Folded
        In the same dtype, on the same device, copied. Draws what the published network draws in evaluation mode, but with statistics
        correctly interpolated between the stored truncations.
    """
    centres = [*_centres(state, architecture)]
    norms = [*_norms(state, architecture, centres)]
    unconditional = torch.zeros_like(state["generator.bn.weight"])[:, None].expand(-1, 2 * architecture.z_dim)
    scales = [*(_weight(state, f"{name}.scale") for name, _ in norms[:-1]), unconditional]
    offsets = [*(_weight(state, f"{name}.offset") for name, _ in norms[:-1]), unconditional]
    gains = [*(torch.ones_like(scale[:, 0]) for scale in scales[:-1]), state["generator.bn.weight"]]
    shifts = [*(torch.zeros_like(offset[:, 0]) for offset in offsets[:-1]), state["generator.bn.bias"]]
    first_bias = state["generator.gen_z.bias"].view(FIRST_SIZE**2, -1) - centres[0]
    return Folded(
        architecture=architecture,
        class_embedding=state["embeddings.weight"].clone(),
        condition_weight=torch.cat([*scales, *offsets, _weight(state, "generator.gen_z")]),
        condition_bias=torch.cat([*gains, *shifts, first_bias.flatten()]),
        means=torch.cat([state[f"{name}.running_means"] - less for name, less in norms], dim=1),
        variances=torch.cat([state[f"{name}.running_vars"] for name, _ in norms], dim=1) + architecture.eps,
        layers=tuple(_layers(state, architecture, centres)),
        picture_weight=_weight(state, "generator.conv_to_rgb")[:COLOURS].clone(),
        picture_bias=state["generator.conv_to_rgb.bias"][:COLOURS].clone(),
    )


def _layer_list(architecture: Architecture) -> list[Layer | None]:
    """List the layers in the checkpoint's order: blocks, and None for the attention."""
    found: list[Layer | None] = [*architecture.layers]
    if architecture.attention_layer_position < len(found):
        found.insert(architecture.attention_layer_position, None)
    return found


def _centres(state: Mapping[str, Tensor], architecture: Architecture) -> Iterator[Tensor]:
    """Give the mean of what reaches each layer, and of what leaves the last, at truncation 1: what the norms there have stored."""
    for position, layer in enumerate(_layer_list(architecture)):
        block = position + 1 if layer is None else position  # attention has no norm, and the next block's is near enough
        yield state[f"generator.layers.{block}.bn_0.running_means"][-1]
    yield state["generator.bn.running_means"][-1]


def _norms(state: Mapping[str, Tensor], architecture: Architecture, centres: Sequence[Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Name the norms, the last one too, each with what its input is less by than the published one's."""
    for position, layer in enumerate(_layer_list(architecture)):
        if layer is None:
            continue
        name = f"generator.layers.{position}"
        yield f"{name}.bn_0", centres[position]
        for number in range(1, NORMS_IN_A_BLOCK):
            yield f"{name}.bn_{number}", state[f"{name}.conv_{number - 1}.bias"]
    yield "generator.bn", centres[-1]


def _layers(state: Mapping[str, Tensor], architecture: Architecture, centres: Sequence[Tensor]) -> Iterator[Block | Attention]:
    for position, (layer, (before, after)) in enumerate(zip(_layer_list(architecture), pairwise(centres), strict=True)):
        name = f"generator.layers.{position}"
        yield _attention(state, name, before) if layer is None else _block(state, name, before, after, doubles=layer[0])


def _block(state: Mapping[str, Tensor], name: str, before: Tensor, after: Tensor, *, doubles: bool) -> Block:
    first, second, third, fourth = (_weight(state, f"{name}.conv_{number}") for number in range(NORMS_IN_A_BLOCK))
    bias = state[f"{name}.conv_3.bias"] + before[: len(after)] - after  # the shortcut brings `before`
    return Block(doubles=doubles, weights=(first, second, third, fourth), bias=bias)


def _attention(state: Mapping[str, Tensor], name: str, before: Tensor) -> Attention:
    query, key, value, outcome = (_weight(state, f"{name}.snconv1x1_{part}").flatten(1) for part in ("theta", "phi", "g", "o_conv"))
    return Attention(
        query=query,
        query_bias=query @ before,
        key=key,
        key_bias=key @ before,
        value=value,
        value_bias=value @ before,
        outcome=outcome * state[f"{name}.gamma"],
    )


def _weight(state: Mapping[str, Tensor], name: str) -> Tensor:
    """Divide a weight by the spectral norm that its `u` and `v` give: evaluation mode estimates no new ones."""
    weight = state[f"{name}.weight_orig"]
    return weight / torch.dot(state[f"{name}.weight_u"], torch.mv(weight.flatten(1), state[f"{name}.weight_v"]))


# Files ----------------------------------------------------------------------------------------------------------------------------------


def folded_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Name the tensors of `Folded.to_tensors`, each with its shape."""
    norm_channels, shapes = architecture.channel_width, {}
    for position, layer in enumerate(_layer_list(architecture)):
        tensors, channels = _attention_shapes(architecture) if layer is None else _block_shapes(architecture, layer)
        shapes |= {f"layers.{position}.{name}": shape for name, shape in tensors.items()}
        norm_channels += channels
    products = 2 * norm_channels + FIRST_SIZE**2 * architecture.layers[0][1] * architecture.channel_width
    return shapes | {
        "class_embedding": (architecture.z_dim, architecture.num_classes),
        "condition_weight": (products, 2 * architecture.z_dim),
        "condition_bias": (products,),
        "means": (architecture.n_stats, norm_channels),
        "variances": (architecture.n_stats, norm_channels),
        "picture_weight": (COLOURS, architecture.channel_width, 3, 3),
        "picture_bias": (COLOURS,),
    }


def _block_shapes(architecture: Architecture, layer: Layer) -> tuple[dict[str, tuple[int, ...]], int]:
    channels, outcome = (width * architecture.channel_width for width in layer[1:])
    middle = channels // BLOCK_REDUCTION
    weights = [(middle, channels, 1, 1), (middle, middle, 3, 3), (middle, middle, 3, 3), (outcome, middle, 1, 1)]
    shapes: dict[str, tuple[int, ...]] = {f"weights.{number}": shape for number, shape in enumerate(weights)} | {"bias": (outcome,)}
    return shapes, channels + (NORMS_IN_A_BLOCK - 1) * middle


def _attention_shapes(architecture: Architecture) -> tuple[dict[str, tuple[int, ...]], int]:
    channels = architecture.layers[architecture.attention_layer_position][1] * architecture.channel_width
    narrow, half = channels // ATTENTION_REDUCTION, channels // 2
    weights = {"query": (narrow, channels), "key": (narrow, channels), "value": (half, channels), "outcome": (channels, half)}
    return weights | {"query_bias": (narrow,), "key_bias": (narrow,), "value_bias": (half,)}, 0


def _layer_tensors(layer: Block | Attention) -> dict[str, Tensor]:
    if isinstance(layer, Block):
        return {f"weights.{number}": weight for number, weight in enumerate(layer.weights)} | {"bias": layer.bias}
    return {field.name: getattr(layer, field.name) for field in dataclasses.fields(layer)}


def _layer_of_tensors(tensors: Mapping[str, Tensor], position: int, layer: Layer | None) -> Block | Attention:
    name = f"layers.{position}"
    if layer is None:
        return Attention(**{field.name: tensors[f"{name}.{field.name}"] for field in fields(Attention)})
    first, second, third, fourth = (tensors[f"{name}.weights.{number}"] for number in range(NORMS_IN_A_BLOCK))
    return Block(doubles=layer[0], weights=(first, second, third, fourth), bias=tensors[f"{name}.bias"])
