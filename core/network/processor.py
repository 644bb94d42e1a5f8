"""BigGAN-deep on a processor, one picture at a time on one thread: the fastest of what was tried, see `docs/decisions.md`.

In: folded weights; noise, class vector and truncation of one picture. Out: the picture in 8 bits. The same network as in `reference`, which
is its oracle.

Where its speed comes from:

- A norm's scale, one for each channel of this picture, goes into the weights of the convolution before it; its offset is the bias; ReLU and
  the shortcut's sum run inside the convolution (oneDNN's, which PyTorch brings). This is why pictures are drawn one by one: no pass over
  the map is left.
- Where maps are small and weights large, it is the other way round: weights are packed once, and the norm is a pass of its own.
- Large maps are made in strips of rows, in buffers that are used again. A new buffer costs more than to fill it: the system clears its
  pages first.
- The last convolution has three outputs, but vectors have sixteen lanes: so it is a matrix product with 27 outputs, one for each tap and
  colour, which are then shifted and added.
"""

# ruff: noqa: SLF001 (oneDNN's fused kernels are there for torch.compile; PyTorch is pinned, and tests hold them against `reference`)

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor
from torch.nn import functional

from ..protocol.shape import FirstMap
from .folding import COLOURS, NORMS_IN_A_BLOCK, Attention, Block, Folded
from .reference import activate, channels_last, doubled_kernel, layer_maps, make_conditions, norm_widths, pooled, to_8_bits
from .running import FUSED_MACHINES

PACKED_PLACES = 256
"""Maps of at most so many places (16 x 16; of wide pictures, more) meet packed weights. Above, scaling the weights costs less than a pass
over the map."""
STRIP_VALUES = 1 << 21
"""So many values of a block's outcome are in work at once: 8 MB in float32, of which a core's own cache keeps the most."""
PASS_VALUES = 1 << 18
"""The same for what passes over a map twice: 1 MB, all in the core's own cache."""
ATTENTION_ROWS = 512
TAPS = 3

Norm = tuple[Tensor, Tensor]
"""Scale and offset, float32 [channels] each."""

ops = torch.ops.mkldnn


def is_possible() -> bool:
    """Tell whether this processor is one that the kernels are made for."""
    return platform.machine().lower() in FUSED_MACHINES and torch.backends.mkldnn.is_available()


@dataclass(frozen=True, kw_only=True)
class Step:
    """A block, ready to draw with.

    Parameters
    ----------
    block
        Its last weight is packed for `dtype`, and so are the others if `is_packed`; if not, they are float32, for scales to go in.
    dtype
        Of what its convolutions get. What runs along the shortcuts is float32 in any case: it is the sum of all blocks.
    is_packed
        Whether its map is so small that norms are passes of their own.
    """

    block: Block
    dtype: torch.dtype
    is_packed: bool

    @property
    def factor(self) -> int:
        """How many times wider its outcome is."""
        return 2 if self.block.doubles else 1


@dataclass(frozen=True, kw_only=True)
class CpuNetwork:
    """A network for `draw`. Any number of threads may use it at once.

    Parameters
    ----------
    folded
        The rest: what makes the conditions.
    steps
        From 4 x 4 to the last.
    picture_weight
        [27, n], by tap and colour.
    """

    folded: Folded
    steps: tuple[Step | Attention, ...]
    picture_weight: Tensor


class Buffers:
    """Memory of one thread, kept from picture to picture."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, int, int], Tensor] = {}

    def take(self, use: str, channels: int, height: int, width: int) -> Tensor:
        """Give float32 [1, channels, height, width], channels-last, with anything in it. Whoever asks for the same next, gets the same."""
        key = (use, channels, height, width)
        if key not in self._kept:
            self._kept[key] = torch.empty(1, height, width, channels).permute(0, 3, 1, 2)
        return self._kept[key]


@torch.inference_mode()
def prepare_cpu(folded: Folded, *, dtype: torch.dtype) -> CpuNetwork:
    """Pack weights for this processor, on a thread as those that will draw: weights packed for two threads serve one badly.

    Parameters
    ----------
    folded
        float32, on the CPU; may be memory-mapped.
    dtype
        float32 or bfloat16, of the maps larger than `reference.EXACT_SIZE` says.
    """
    maps = [*layer_maps(folded, dtype)]
    last = folded.layers[-1]
    steps = [
        _step(layer, size, folded.first_map, own, is_last=layer is last) for layer, (size, own) in zip(folded.layers, maps, strict=True)
    ]
    taps = folded.picture_weight.flip(2, 3).permute(2, 3, 0, 1).flatten(0, 2)  # [27, n]
    return CpuNetwork(folded=folded, steps=tuple(steps), picture_weight=taps.to(maps[-1][1], copy=True))


def _step(layer: Block | Attention, size: int, first_map: FirstMap, dtype: torch.dtype, *, is_last: bool) -> Step | Attention:
    if isinstance(layer, Attention):
        return Attention(**{name: weight.to(dtype) for name, weight in vars(layer).items()})
    is_packed = size**2 <= PACKED_PLACES
    large, small = first_map.picture_size(size), first_map.picture_size(size // 2 if layer.doubles else size)
    narrow, first, second, widen = layer.weights
    first = doubled_kernel(first) if layer.doubles else first
    if is_packed:
        narrow, second = _packed(narrow, small, dtype), _packed(second, large, dtype)
        first = _packed(first, small, dtype, transposed=layer.doubles)
    widen = widen if is_last else _packed(widen, large, dtype)  # the last one takes a scale from the norm behind it
    block = Block(doubles=layer.doubles, weights=(narrow, first, second, widen), bias=layer.bias)
    return Step(block=block, dtype=dtype, is_packed=is_packed)


def _packed(weight: Tensor, size: tuple[int, int], dtype: torch.dtype, *, transposed: bool = False) -> Tensor:
    """Pack a weight for what it gets: maps of that width and height."""
    weight = channels_last(weight.to(dtype))
    if transposed:
        return ops._reorder_convolution_transpose_weight(weight, [1, 1], [0, 0], [2, 2], [1, 1], 1, [1, len(weight), *reversed(size)])
    padding = weight.shape[-1] // 2
    return ops._reorder_convolution_weight(weight, [padding, padding], [1, 1], [1, 1], 1, [1, weight.shape[1], *reversed(size)])


# Drawing --------------------------------------------------------------------------------------------------------------------------------


def draw(network: CpuNetwork, noise: Tensor, class_vector: Tensor, truncation: Tensor, buffers: Buffers) -> tuple[Tensor, Tensor]:
    """Draw one picture.

    Parameters
    ----------
    network
        From `prepare_cpu`.
    noise
        float32 [1, 128].
    class_vector
        float32 [1, classes].
    truncation
        float32 [1], 0 ... 1.
    buffers
        This thread's.

    Returns
    -------
    picture : Tensor
        uint8 [1, height, width, 3].
    mean : Tensor
        float32 [1], the picture's mean before it was rounded; NaN if anything in it was.
    """
    return to_8_bits(draw_values(network, noise, class_vector, truncation, buffers))


def draw_values(network: CpuNetwork, noise: Tensor, class_vector: Tensor, truncation: Tensor, buffers: Buffers) -> Tensor:
    """Draw [1, 3, height, width], -1 ... 1."""
    conditions = make_conditions(network.folded, noise, class_vector, truncation)
    channels = [width for step in network.steps if isinstance(step, Step) for width in norm_widths(step.block)]
    channels.append(network.picture_weight.shape[1])
    norms = zip(conditions.scales[0].split(channels), conditions.offsets[0].split(channels), strict=True)
    x = conditions.first_map
    for step in network.steps[:-1]:
        x = _attend(step, x) if isinstance(step, Attention) else _draw_block(step, x, [*islice(norms, NORMS_IN_A_BLOCK)], buffers)
    last = network.steps[-1]
    assert isinstance(last, Step)
    return torch.tanh(_draw_last(network, last, x, [*norms], buffers))


def _draw_block(step: Step, x: Tensor, norms: Sequence[Norm], buffers: Buffers) -> Tensor:
    """Draw a block; x is written over."""
    *_, widen = step.block.weights
    h = _narrowed(step, x, norms, buffers)
    shortcut = x[:, : len(step.block.bias)]
    height, width = (extent * step.factor for extent in x.shape[2:])
    x = buffers.take("trunk", shortcut.shape[1], height, width) if step.block.doubles else channels_last(shortcut)
    for begin, end in _strips(height, width * x.shape[1], STRIP_VALUES):
        rows = x[:, :, begin:end]
        if step.block.doubles:
            _double_into(rows, shortcut[:, :, begin // 2 : end // 2])
        _add_convolution(rows, _deepened(step, h, norms, begin, end), widen, step.block.bias)
    return x


def _draw_last(network: CpuNetwork, step: Step, x: Tensor, norms: Sequence[Norm], buffers: Buffers) -> Tensor:
    """Draw the last block, the last norm, and the picture before tanh: [1, 3, height, width], float32; x is written over.

    The norm's scale goes into what the norm gets the sum of: the shortcut, while it is small, and the last weight.
    """
    scale, offset = norms[-1]
    h = _narrowed(step, x, norms, buffers)
    shortcut = x[:, : len(scale)].mul_(scale[:, None, None])
    if not step.block.doubles:
        shortcut = channels_last(shortcut)
    widen = _scaled(step.block.weights[3], scale, step.dtype)
    bias = torch.addcmul(offset, step.block.bias, scale)
    height, width = (extent * step.factor for extent in x.shape[2:])
    picture = network.folded.picture_bias[:, None, None].repeat(1, height + 2, width + 2)  # its edge takes what taps push out
    for begin, end in _strips(height, width * len(scale), STRIP_VALUES):
        rows = shortcut[:, :, begin:end]
        if step.block.doubles:
            rows = buffers.take("last", len(scale), end - begin, width)
            _double_into(rows, shortcut[:, :, begin // 2 : end // 2])
        _add_convolution(rows, _deepened(step, h, norms, begin, end), widen, bias, relu=True)
        _add_taps(picture[:, begin : end + 2], network.picture_weight @ _places(rows).to(step.dtype).T)
    return picture[None, :, 1:-1, 1:-1]


def _narrowed(step: Step, x: Tensor, norms: Sequence[Norm], buffers: Buffers) -> Tensor:
    """Give what the second convolution gets."""
    scale, offset = norms[0][0][:, None, None], norms[0][1][:, None, None]
    activated = buffers.take("activated", *x.shape[1:])
    for begin, end in _strips(x.shape[2], x.shape[3] * x.shape[1], PASS_VALUES):
        torch.addcmul(offset, x[:, :, begin:end], scale, out=activated[:, :, begin:end]).relu_()
    return _convolve(step, 0, activated.to(step.dtype), norms[1])


def _deepened(step: Step, h: Tensor, norms: Sequence[Norm], begin: int, end: int) -> Tensor:
    """Give the rows ``begin ... end - 1`` of what the last convolution gets, from the whole of what the second one gets."""
    height = h.shape[2] * step.factor
    first, last = max(begin - 1, 0), min(end + 1, height)  # a 3 x 3 convolution wants a row more on either side
    above, below = max((first - 1) // step.factor, 0), min(last // step.factor + 1, h.shape[2])
    middle = _convolve(step, 1, h[:, :, above:below], norms[2])
    middle = middle[:, :, first - above * step.factor : last - above * step.factor]
    return _convolve(step, 2, middle, norms[3])[:, :, begin - first : end - first]


def _convolve(step: Step, number: int, x: Tensor, norm: Norm) -> Tensor:
    """Run a block's convolution, and the norm and the ReLU behind it."""
    scale, offset = norm
    weight, transposed = step.block.weights[number], step.block.doubles and number == 1
    if step.is_packed:
        return activate(_run(x, weight, None, transposed=transposed), scale[:, None, None], offset[:, None, None])
    return _run(x, _scaled(weight, scale, x.dtype, transposed=transposed), offset, transposed=transposed, relu=True)


def _scaled(weight: Tensor, scale: Tensor, dtype: torch.dtype, *, transposed: bool = False) -> Tensor:
    by_output = scale[None, :, None, None] if transposed else scale[:, None, None, None]
    return (weight * by_output).to(dtype)


def _run(x: Tensor, weight: Tensor, bias: Tensor | None, *, transposed: bool = False, relu: bool = False) -> Tensor:
    then = ("relu" if relu else "none", [], "")
    if transposed:
        return ops._convolution_transpose_pointwise(x, weight, bias, [1, 1], [0, 0], [2, 2], [1, 1], 1, *then)
    padding = [weight.shape[-1] // 2] * 2
    return ops._convolution_pointwise(x, weight, bias, padding, [1, 1], [1, 1], 1, *then)


def _add_convolution(rows: Tensor, h: Tensor, weight: Tensor, bias: Tensor, *, relu: bool = False) -> None:
    """Add a 1 x 1 convolution of h to some rows, in place."""
    then = ("relu" if relu else None, [], None)
    if h.dtype == rows.dtype:
        ops._convolution_pointwise_(rows, h, weight, bias, [0, 0], [1, 1], [1, 1], 1, "add", 1.0, *then)
        return
    rows += _run(h, weight, bias)
    if relu:
        rows.relu_()


def _double_into(rows: Tensor, small: Tensor) -> None:
    _, channels, height, width = small.shape
    _places(rows).view(height, 2, width, 2, channels).copy_(small.permute(2, 3, 0, 1)[:, None, :, :])


def _add_taps(picture: Tensor, taps: Tensor) -> None:
    """Add products [27, rows * width] to a picture [3, rows + 2, width + 2], each where its tap pushes it."""
    _, height, width = picture.shape
    pushed = taps.view(TAPS, TAPS, COLOURS, height - 2, width - 2)
    for down in range(TAPS):
        for right in range(TAPS):
            picture[:, down : down + height - 2, right : right + width - 2] += pushed[down, right]


def _attend(attention: Attention, x: Tensor) -> Tensor:
    """Attend, some queries at a time, so that their weights stay in the core's cache; x is written over."""
    dtype, width = attention.query.dtype, x.shape[3]
    places = _places(x)
    seen = places.to(dtype)
    queries = functional.linear(seen, attention.query, attention.query_bias)
    keys = pooled(functional.linear(seen, attention.key, attention.key_bias)[None], width)[0]
    values = pooled(functional.linear(seen, attention.value, attention.value_bias)[None], width)[0]
    for rows, asked in zip(places.split(ATTENTION_ROWS), queries.split(ATTENTION_ROWS), strict=True):
        rows.add_(functional.linear(torch.softmax(asked @ keys.T, dim=-1) @ values, attention.outcome))
    return x


def _strips(height: int, row_values: int, values: int) -> Iterator[tuple[int, int]]:
    """Cut ``height`` rows of ``row_values`` each into strips of about so many values, of rows in even numbers."""
    rows = max(values // row_values // 2 * 2, 2)
    return ((begin, min(begin + rows, height)) for begin in range(0, height, rows))


def _places(x: Tensor) -> Tensor:
    """Look at a map [1, C, H, W], channels-last, as [H * W, C]."""
    return x.permute(0, 2, 3, 1).flatten(0, 2)
