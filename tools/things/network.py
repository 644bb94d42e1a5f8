"""BigGAN-deep in the form in which it is trained, and its way into the published form.

In: codes of things, units of views. Out: pictures; and tensors by the published names. The arithmetic is the published network's, but:

- Noise comes as the units of `views`: 128 units of noise are turned and cut to these first, by a fixed matrix that goes into the published
  weights. A class's embedding is its thing's code and its own units. So a unit costs the network the same whether noise or class sets it.
- Weights are free. The published spectral norm divides by u W v; u and v are written so that this is 1.
- Norms use running statistics, see `Norm`; or those that `publishing.measure` has left.
- While it learns small pictures, a head of its own paints them from a map in the middle.
"""

import math
from collections.abc import Iterator
from enum import StrEnum

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.network.architecture import FIRST_WIDTH, NOISE_UNITS, Architecture
from core.network.widening import widening_matrix
from core.protocol.shape import FIRST_SIZE, Widening

from .views import UNITS

CODE_UNITS = NOISE_UNITS - len(UNITS)
CONDITION_SPREAD = 0.04
OUTCOME_SHARE = 0.5  # of a block beside its shortcut, to begin with
RUNNING_SHARE = 0.02  # of a batch in the running statistics
COLOURS = 3
NOISE_SPREAD = 0.88  # standard deviation of normal values cut at +-2

LAYERS = ((True, 16, 8), (False, 8, 8), (True, 8, 8), (False, 8, 8), (True, 8, 4), (False, 4, 4), (True, 4, 2), (False, 2, 2), (True, 2, 1))
ARCHITECTURE = Architecture(channel_width=24, layers=LAYERS, attention_layer_position=3)
"""128 px: 7.7 MB in float16."""

SQUARE = (FIRST_SIZE, FIRST_SIZE)
WIDENING = Widening.EDGE
"""How the first map becomes wide or tall while the network learns, and so whenever it draws."""


class NormMode(StrEnum):
    """Which statistics a norm uses."""

    LEARNING = "learning"
    """Running means of the batches', while gradients are those of a norm by the batch's own (batch renormalisation)."""
    BATCH = "batch"
    """The batch's own."""
    STORED = "stored"
    """Those that are stored."""


class Norm(nn.Module):
    """Normalises channels, with a scale and an offset for each picture, and cuts at 0.

    A batch holds few of the things, so its own statistics would move each picture by its company. Running ones are nearly those with which
    the finished network draws. After Ioffe, “Batch renormalization”, 2017.
    """

    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__()
        self.eps, self.mode = eps, NormMode.LEARNING
        self.seen: list[tuple[Tensor, Tensor]] | None = None
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
        """Give relu(norm(x)) for x [B, C, H, W], scale and offset [B, C]; note the batch's statistics if `seen` is a list."""
        normalised, mean, variance = self._by_batch(x)
        if self.mode is NormMode.STORED:
            gain = scale * torch.rsqrt(self.variance + self.eps)
            return _activated(x, gain, offset - self.mean * gain)
        if self.mode is NormMode.LEARNING:
            stretch, push = self._renormalised(mean, variance)
            scale, offset = scale * stretch, offset + scale * push
        return _activated(normalised, scale, offset)

    def _by_batch(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normalise by the batch's own statistics, and give these; nothing of it where nobody asks for them."""
        if self.mode is NormMode.STORED and self.seen is None:
            return x, self.mean, self.variance
        normalised, mean, spread = torch.native_batch_norm(x, None, None, None, None, True, 0.0, self.eps)
        mean, variance = mean.detach().float(), spread.detach().float() ** -2 - self.eps
        if self.seen is not None:
            self.seen.append((mean, variance))
        return normalised, mean, variance

    @torch.no_grad()
    def _renormalised(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Take a batch's statistics in, and give what makes normalised values of them those by the running ones."""
        share = (1 / (self.count + 1)).clamp(min=RUNNING_SHARE)
        self.count.add_(1)
        self.mean.lerp_(mean, share)
        self.variance.lerp_(variance, share)
        spread = torch.rsqrt(self.variance + self.eps)
        return (variance + self.eps).sqrt() * spread, (mean - self.mean) * spread


def _activated(x: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
    """Give relu(x * gain + shift) in x's precision, for x [B, C, H, W], gain and shift [B, C]."""
    gain, shift = gain.to(x.dtype)[:, :, None, None], shift.to(x.dtype)[:, :, None, None]
    return torch.addcmul(shift, x, gain).relu_()


class Block(nn.Module):
    """A residual block: four times norm, ReLU, convolution, with a shortcut around them."""

    def __init__(self, doubles: bool, width_in: int, width_out: int, eps: float) -> None:  # noqa: FBT001 (a row of the layers)
        super().__init__()
        middle = width_in // 4
        self.doubles, self.channels = doubles, (width_in, middle, middle, middle)
        self.norms = nn.ModuleList(Norm(channels, eps) for channels in self.channels)
        self.condition = nn.Linear(NOISE_UNITS, 2 * sum(self.channels), bias=False)
        nn.init.normal_(self.condition.weight, std=CONDITION_SPREAD)
        shapes = ((width_in, middle, 1), (middle, middle, 3), (middle, middle, 3), (middle, width_out, 1))
        convolutions = [nn.Conv2d(before, after, size, padding=size // 2) for before, after, size in shapes]
        with torch.no_grad():
            convolutions[3].weight.mul_(OUTCOME_SHARE)
        self.convolutions, self.width_out = nn.ModuleList(convolutions), width_out

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, C', H', W']."""
        scales, offsets = self.condition(condition).float().split(sum(self.channels), dim=1)
        affine = zip((1 + scales).split(self.channels, dim=1), offsets.split(self.channels, dim=1), strict=True)
        h = x
        for number, (norm, convolve, (scale, offset)) in enumerate(zip(self.norms, self.convolutions, affine, strict=True)):
            h = norm(h, scale, offset)
            if self.doubles and number == 1:
                h = functional.interpolate(h, scale_factor=2.0, mode="nearest")
            h = convolve(h)
        shortcut = x[:, : h.shape[1]]
        return h + (functional.interpolate(shortcut, scale_factor=2.0, mode="nearest") if self.doubles else shortcut)


class Attention(nn.Module):
    """Self-attention, added to what comes in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.theta = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.phi = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.g = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.o_conv = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.full((1,), 0.1))

    def forward(self, x: Tensor, _: Tensor) -> Tensor:
        """Map [B, C, H, W] to the same."""
        queries = self.theta(x).flatten(2)
        keys, values = (functional.max_pool2d(part(x), 2).flatten(2) for part in (self.phi, self.g))
        weights = torch.softmax((queries.transpose(1, 2) @ keys).float(), dim=-1).to(x.dtype)
        seen = (values @ weights.transpose(1, 2)).view(len(x), -1, *x.shape[2:])
        return x + self.gamma * self.o_conv(seen)


class Head(nn.Module):
    """The last norm, and the convolution that paints."""

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__()
        self.norm = Norm(channels, eps)
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.paint = nn.Conv2d(channels, COLOURS, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Paint [B, C, H, W]: float32 [B, 3, H, W], -1 ... 1."""
        count = len(x)
        return torch.tanh(self.paint(self.norm(x, self.weight.expand(count, -1), self.bias.expand(count, -1))).float())


class Painter(nn.Module):
    """The whole network.

    Parameters
    ----------
    architecture
        Whose tensors it shall give.
    thing_count
        How many codes there are.
    sizes
        Of the pictures that it can paint.
    code_units
        Of a thing's code; the others of the 128 are those of views.
    """

    def __init__(self, architecture: Architecture, *, thing_count: int, sizes: tuple[int, ...], code_units: int = CODE_UNITS) -> None:
        super().__init__()
        self.architecture, width = architecture, architecture.channel_width
        self.codes = nn.Parameter(torch.randn(thing_count, code_units))
        self.first = nn.Linear(NOISE_UNITS, FIRST_SIZE**2 * FIRST_WIDTH * width)
        nn.init.normal_(self.first.weight, std=1 / math.sqrt(NOISE_UNITS))
        layers: list[nn.Module] = [
            Block(doubles, width * before, width * after, architecture.eps) for doubles, before, after in architecture.layers
        ]
        position = architecture.attention_layer_position
        if position < len(layers):
            layers.insert(position, Attention(width * architecture.layers[position][1]))
        self.layers = nn.ModuleList(layers)
        self.heads = nn.ModuleDict({str(size): Head(self._map_width(size), architecture.eps) for size in sizes})

    def _ends(self) -> Iterator[tuple[int, int]]:
        """Give the size and the width of what leaves each layer."""
        size = FIRST_SIZE
        width = 0
        for layer in self.layers:
            if isinstance(layer, Block):
                size *= 2 if layer.doubles else 1
                width = layer.width_out
            yield size, width

    def _map_width(self, size: int) -> int:
        return [width for here, width in self._ends() if here == size][-1]

    def condition(self, things: Tensor, units: Tensor) -> Tensor:
        """Put together what all layers get [B, 128]: views' units, then codes."""
        return torch.cat([units, self.codes[things]], dim=1)

    def forward(self, condition: Tensor, size: int, shape: tuple[int, int] = SQUARE, widened: Tensor | None = None) -> Tensor:
        """Paint [B, 3, height, width], -1 ... 1.

        Parameters
        ----------
        condition
            float32 [B, 128], see `condition`.
        size
            Of a square, in pixels: which head paints.
        shape
            Rows and columns of the first map.
        widened
            [rows * columns, 16], see `widening_of`; None: the square.
        """
        x = self.first(condition).view(len(condition), FIRST_SIZE**2, -1)
        x = x if widened is None else widened.to(x.dtype) @ x
        x = x.view(len(condition), *shape, -1).permute(0, 3, 1, 2)
        for layer, (here, _) in zip(self.layers, self._ends(), strict=True):
            if here > size:
                break
            x = layer(x, condition)
        return self.heads[str(size)](x)

    def norms(self) -> list[Norm]:
        """List the norms that pictures of full size pass, in order."""
        heads = [self.heads[str(self.architecture.output_dim)]]
        return [part for layer in (*self.layers, *heads) for part in layer.modules() if isinstance(part, Norm)]


def widening_of(shape: tuple[int, int], device: torch.device) -> Tensor | None:
    """Give the matrix that makes a first map of this shape; None for the square, which stays as it is."""
    return None if shape == SQUARE else widening_matrix(*shape, WIDENING, device, torch.float32)


def noise_matrix() -> Tensor:
    """Give the fixed matrix that makes units of noise: float32 [units, 128], rows of length ``1 / 0.88`` at right angles to each other."""
    rng = torch.Generator().manual_seed(128)
    directions, _ = torch.linalg.qr(torch.randn(NOISE_UNITS, NOISE_UNITS, generator=rng, dtype=torch.float64))
    return (directions[: len(UNITS)] / NOISE_SPREAD).float()
