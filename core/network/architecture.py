"""What a BigGAN-deep looks like: its configuration, checked, and the names and shapes of the tensors that must come with it.

In: the text of a `config.json`. Out: an `Architecture`, or a `UserError` that names the value that does not fit.
Standard library only, so that files can be judged before torch is imported, and before anything of their size is allocated.
"""

import dataclasses
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeGuard

from ..protocol import UserError
from ..protocol.shape import FIRST_SIZE as FIRST_SIZE  # noqa: PLC0414 (part of what a BigGAN-deep looks like)

Layer = tuple[bool, int, int]
"""Whether it doubles the picture; width in, width out, both in units of the channel width."""

NOISE_UNITS = 128
FIRST_WIDTH = 16  # the package's first layer makes 4 x 4 places of 16 channel widths
BLOCK_REDUCTION = 4
ATTENTION_REDUCTION = 8
LARGEST = {"channel_width": 512, "num_classes": 100_000, "n_stats": 1001, "attention_layer_position": 64, "class_embed_dim": 4096}
SMALLEST = {"channel_width": 4, "num_classes": 1, "n_stats": 2, "attention_layer_position": 0, "class_embed_dim": 1}
MOST_LAYERS = 40
LARGEST_SIZE = 4096
CURE = "Put the config.json there that belongs to these weights."


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The configuration of a BigGAN-deep, with the names and defaults (those of 128 px) that `pytorch_pretrained_biggan` gives them.

    Parameters
    ----------
    output_dim
        Width and height of a picture, in pixels.
    z_dim
        Units of the noise; the class embedding has as many.
    class_embed_dim
        Written by the package and not used by it.
    channel_width
        Channels of the last layer; the others have multiples of it.
    num_classes
        How many classes the network knows.
    layers
        Its blocks, first to last.
    attention_layer_position
        Self-attention comes before this block; past the last one: there is none.
    eps
        Keeps norms from dividing by zero.
    n_stats
        For how many truncations, 0 ... 1 in equal steps, there are batch statistics.
    """

    output_dim: int = 128
    z_dim: int = NOISE_UNITS
    class_embed_dim: int = 128
    channel_width: int = 128
    num_classes: int = 1000
    layers: tuple[Layer, ...] = (
        (False, 16, 16),
        (True, 16, 16),
        (False, 16, 16),
        (True, 16, 8),
        (False, 8, 8),
        (True, 8, 4),
        (False, 4, 4),
        (True, 4, 2),
        (False, 2, 2),
        (True, 2, 1),
    )
    attention_layer_position: int = 8
    eps: float = 1e-4
    n_stats: int = 51

    def to_json(self) -> str:
        """Write `config.json` as the package does: for 256 px, byte for byte the published file."""
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True) + "\n"

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name the tensors of a checkpoint, each with its shape: 698 of them at 512 px."""
        return dict(self._tensors())

    def tensor_bytes(self) -> int:
        """Count the bytes of all tensors in float32."""
        return 4 * sum(math.prod(shape) for shape in self.shapes().values())

    def _tensors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        width = self.channel_width
        yield "embeddings.weight", (self.z_dim, self.num_classes)
        yield from _normed("generator.gen_z", (FIRST_SIZE**2 * FIRST_WIDTH * width, self._condition_units))
        yield "generator.gen_z.bias", (FIRST_SIZE**2 * FIRST_WIDTH * width,)
        position = 0
        for number, (_, width_in, width_out) in enumerate(self.layers):
            if number == self.attention_layer_position:
                yield from self._attention(f"generator.layers.{position}", width * width_in)
                position += 1
            yield from self._block(f"generator.layers.{position}", width * width_in, width * width_out)
            position += 1
        yield from self._statistics("generator.bn", width)
        yield "generator.bn.weight", (width,)
        yield "generator.bn.bias", (width,)
        yield from _convolution("generator.conv_to_rgb", (width, width, 3, 3))

    @property
    def _condition_units(self) -> int:
        return 2 * self.z_dim

    def _attention(self, name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.gamma", (1,)
        for part in ("theta", "phi"):
            yield from _normed(f"{name}.snconv1x1_{part}", (width // ATTENTION_REDUCTION, width, 1, 1))
        yield from _normed(f"{name}.snconv1x1_g", (width // 2, width, 1, 1))
        yield from _normed(f"{name}.snconv1x1_o_conv", (width, width // 2, 1, 1))

    def _block(self, name: str, width_in: int, width_out: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        middle = width_in // BLOCK_REDUCTION
        for number, width in enumerate((width_in, middle, middle, middle)):
            yield from self._statistics(f"{name}.bn_{number}", width)
            for part in ("scale", "offset"):
                yield from _normed(f"{name}.bn_{number}.{part}", (width, self._condition_units))
        yield from _convolution(f"{name}.conv_0", (middle, width_in, 1, 1))
        yield from _convolution(f"{name}.conv_1", (middle, middle, 3, 3))
        yield from _convolution(f"{name}.conv_2", (middle, middle, 3, 3))
        yield from _convolution(f"{name}.conv_3", (width_out, middle, 1, 1))

    def _statistics(self, name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}.running_means", (self.n_stats, width)
        yield f"{name}.running_vars", (self.n_stats, width)


_EIGHT_BLOCKS: tuple[Layer, ...] = (
    *((False, 16, 16), (True, 16, 16), (False, 16, 16), (True, 16, 8)),
    *((False, 8, 8), (True, 8, 8), (False, 8, 8), (True, 8, 4)),
)
ARCHITECTURES: dict[str, Architecture] = {
    "biggan-deep-128": Architecture(),
    "biggan-deep-256": Architecture(output_dim=256, layers=(*_EIGHT_BLOCKS, (False, 4, 4), (True, 4, 2), (False, 2, 2), (True, 2, 1))),
    "biggan-deep-512": Architecture(
        output_dim=512,
        layers=(*_EIGHT_BLOCKS, (False, 4, 4), (True, 4, 2), (False, 2, 2), (True, 2, 1), (False, 1, 1), (True, 1, 1)),
    ),
}
"""The published networks."""


def _convolution(name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _normed(name, shape)
    yield f"{name}.bias", shape[:1]


def _normed(name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name the three tensors that spectral norm makes of one weight."""
    yield f"{name}.weight_orig", shape
    yield f"{name}.weight_u", shape[:1]
    yield f"{name}.weight_v", (math.prod(shape[1:]),)


# Reading --------------------------------------------------------------------------------------------------------------------------------


def read_architecture(text: str | bytes, *, source: str) -> Architecture:
    """Read a `config.json`.

    Parameters
    ----------
    text
        JSON. What is missing is as at 128 px; what this network does not know is left aside, as the package does.
    source
        Its file, for the message.

    Raises
    ------
    UserError
        Names the first value that is wrong.
    """
    content = _json_object(text, source)
    known = {field.name: content[field.name] for field in dataclasses.fields(Architecture) if field.name in content}
    if not known:
        raise UserError(f"{source} is no configuration of a BigGAN-deep: it has neither layers nor a channel width.", CURE)
    for problem in _problems(known):
        raise UserError(f"{source} does not fit a BigGAN-deep: {problem}.", CURE)
    if "layers" in known:
        known["layers"] = tuple((doubles, width_in, width_out) for doubles, width_in, width_out in known["layers"])
    return _checked(Architecture(**known), source)


def _json_object(text: str | bytes, source: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{source} is no JSON: {error}.", CURE) from error
    if not isinstance(content, dict):
        raise UserError(f"{source} holds no JSON object.", CURE)
    return content


def _problems(known: dict[str, Any]) -> Iterator[str]:
    for name in LARGEST.keys() & known.keys():
        if not (_is_int(known[name]) and SMALLEST[name] <= known[name] <= LARGEST[name]):
            yield f"{name} is {_short(known[name])}, where {SMALLEST[name]} ... {LARGEST[name]} is possible"
    if known.get("z_dim", NOISE_UNITS) != NOISE_UNITS:
        yield f"z_dim is {_short(known['z_dim'])}, where our noise has {NOISE_UNITS} units"
    eps = known.get("eps", 1e-4)
    if isinstance(eps, bool) or not isinstance(eps, int | float) or not 0 < eps < 1:
        yield f"eps is {_short(eps)}, where a number between 0 and 1 is wanted"
    if "layers" in known:
        yield from _layer_problems(known["layers"])


def _layer_problems(layers: Any) -> Iterator[str]:
    if not isinstance(layers, list) or not 1 <= len(layers) <= MOST_LAYERS or not all(_is_layer(layer) for layer in layers):
        yield f"layers must list 1 ... {MOST_LAYERS} blocks such as [true, 16, 8]"
        return
    if layers[0][1] != FIRST_WIDTH or layers[-1][2] != 1:
        yield f"the first of its layers must begin with {FIRST_WIDTH}, the last one end with 1"
    if any(before[2] != after[1] for before, after in pairwise(layers)):
        yield "a layer begins with another width than the one before it ends with"
    if any(layer[2] not in {layer[1], layer[1] / 2} for layer in layers):
        yield "a layer may keep its width or halve it, nothing else"


def _is_layer(layer: Any) -> bool:
    return isinstance(layer, list) and [type(value) for value in layer] == [bool, int, int] and 1 <= min(layer[1:]) <= FIRST_WIDTH


def _checked(architecture: Architecture, source: str) -> Architecture:
    size = FIRST_SIZE * 2 ** sum(doubles for doubles, _, _ in architecture.layers)
    if not _is_int(architecture.output_dim) or architecture.output_dim != size or size > LARGEST_SIZE:
        raise UserError(f"{source} says {_short(architecture.output_dim)} px, but its layers draw {size} px.", CURE)
    attended = [layer[1] for layer in architecture.layers[architecture.attention_layer_position :][:1]]
    if any(architecture.channel_width * width < ATTENTION_REDUCTION for width in attended):
        raise UserError(f"{source} leaves no channels for the attention before layer {architecture.attention_layer_position}.", CURE)
    return architecture


def _is_int(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 (as much as reads well)
