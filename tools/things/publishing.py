"""From the form in which the network is trained to the published one: tensors by the names of `pytorch_pretrained_biggan`, statistics too.

In: a `Painter`, the classes' things and units. Out: a state dict that loads strictly into the published `BigGAN`, in float16.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.network.architecture import NOISE_UNITS

from .network import COLOURS, Attention, Block, Head, Norm, NormMode, Painter, noise_matrix
from .views import UNITS

MEASURED_TRUNCATIONS = 6
"""So many truncations from 0 to 1 are measured; the 51 rows lie between them. Statistics change smoothly with truncation."""
MEASURED_BATCHES, MEASURED_BATCH = 3, 64
NOISE_BOUND = 2.0


def publish(painter: Painter, things: Tensor, class_units: Tensor) -> dict[str, Tensor]:
    """Write a network down by the published names.

    Parameters
    ----------
    painter
        Trained. It gets the published file's roundings, and the statistics at truncation 1, for good.
    things
        int64 [1000], each class's thing.
    class_units
        float32 [1000, units].

    Returns
    -------
    dict[str, Tensor]
        float16, as `Architecture.shapes` lists them.
    """
    with torch.no_grad():
        for value in painter.parameters():
            value.copy_(value.half().float())
        tensors = dict(_tensors(painter, things, class_units))
        tensors |= _statistics(painter, things, class_units)
    return {name: tensors[name].half().contiguous() for name in painter.architecture.shapes()}


def _tensors(painter: Painter, things: Tensor, class_units: Tensor) -> Iterator[tuple[str, Tensor]]:
    yield "embeddings.weight", torch.cat([painter.codes[things], class_units], dim=1).T
    yield from _normed("generator.gen_z", _for_noise(painter.first.weight))
    yield "generator.gen_z.bias", painter.first.bias
    for position, layer in enumerate(painter.layers):
        name = f"generator.layers.{position}"
        yield from _attention(name, layer) if isinstance(layer, Attention) else _block(name, layer)
    head = _last_head(painter)
    yield "generator.bn.weight", head.weight
    yield "generator.bn.bias", head.bias
    channels = head.paint.in_channels
    assert head.paint.bias is not None
    yield from _normed("generator.conv_to_rgb", functional.pad(head.paint.weight, (0, 0, 0, 0, 0, 0, 0, channels - COLOURS)))
    yield "generator.conv_to_rgb.bias", functional.pad(head.paint.bias, (0, channels - COLOURS))


def _last_head(painter: Painter) -> Head:
    head = painter.heads[str(painter.architecture.output_dim)]
    assert isinstance(head, Head)
    return head


def _for_noise(weight: Tensor) -> Tensor:
    """Turn a weight for [units, code] into one for [noise, code, units], as the published network has them: noise, class embedding."""
    count = len(UNITS)
    return torch.cat([weight[:, :count] @ noise_matrix().to(weight.device), weight[:, count:], weight[:, :count]], dim=1)


def _block(name: str, block: nn.Module) -> Iterator[tuple[str, Tensor]]:
    assert isinstance(block, Block)
    scales, offsets = block.condition.weight.split(sum(block.channels))
    parts = zip(scales.split(block.channels), offsets.split(block.channels), strict=True)
    for number, (scale, offset) in enumerate(parts):
        yield from _normed(f"{name}.bn_{number}.scale", _for_noise(scale))
        yield from _normed(f"{name}.bn_{number}.offset", _for_noise(offset))
    for number, convolution in enumerate(block.convolutions):
        assert isinstance(convolution, nn.Conv2d)
        assert convolution.bias is not None
        yield from _normed(f"{name}.conv_{number}", convolution.weight)
        yield f"{name}.conv_{number}.bias", convolution.bias


def _attention(name: str, attention: Attention) -> Iterator[tuple[str, Tensor]]:
    yield f"{name}.gamma", attention.gamma
    for part in ("theta", "phi", "g", "o_conv"):
        yield from _normed(f"{name}.snconv1x1_{part}", getattr(attention, part).weight)


def _normed(name: str, weight: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Write a weight so that the published spectral norm, u W v, is 1: u and v point at the largest value, and u holds its inverse."""
    matrix = weight.flatten(1).half().float()
    row, column = divmod(int(matrix.abs().argmax()), matrix.shape[1])
    u, v = torch.zeros(matrix.shape[0]), torch.zeros(matrix.shape[1])
    u[row], v[column] = 1 / matrix[row, column].item(), 1
    yield f"{name}.weight_orig", weight
    yield f"{name}.weight_u", u
    yield f"{name}.weight_v", v


# Statistics -----------------------------------------------------------------------------------------------------------------------------


def _statistics(painter: Painter, things: Tensor, class_units: Tensor) -> dict[str, Tensor]:
    """Measure the norms' statistics for each truncation, over all classes, as the published model's were."""
    rows = painter.architecture.n_stats
    places = torch.linspace(0, MEASURED_TRUNCATIONS - 1, rows)
    measured = [measure(painter, things, class_units, truncation=row / (MEASURED_TRUNCATIONS - 1)) for row in range(MEASURED_TRUNCATIONS)]
    tables = {}
    for name, *values in zip(_norm_names(painter), *measured, strict=True):
        for kind, of_truncations in zip(("means", "vars"), zip(*values, strict=True), strict=True):
            tables[f"{name}.running_{kind}"] = _between(torch.stack(of_truncations), places)
    return tables


def _between(table: Tensor, places: Tensor) -> Tensor:
    """Interpolate a table's rows: [n, C] at [m] places to [m, C]."""
    below = places.long().clamp(max=len(table) - 2)
    share = (places - below)[:, None]
    return table[below] * (1 - share) + table[below + 1] * share


def _norm_names(painter: Painter) -> list[str]:
    blocks = [(position, layer) for position, layer in enumerate(painter.layers) if isinstance(layer, Block)]
    own = [f"generator.layers.{position}.bn_{number}" for position, layer in blocks for number in range(len(layer.channels))]
    return [*own, "generator.bn"]


@torch.no_grad()
def measure(painter: Painter, things: Tensor, class_units: Tensor, *, truncation: float) -> list[tuple[Tensor, Tensor]]:
    """Measure mean and variance of what reaches each norm, and leave them in the norms, which use them from then on.

    Measured twice: first with each batch's own statistics, then with what that gave, as the network will draw.

    Parameters
    ----------
    painter
        In float32.
    things, class_units
        As in `publish`.
    truncation
        Of the noise, 0 ... 1.

    Returns
    -------
    list[tuple[Tensor, Tensor]]
        For each norm, in order, [C] and [C].
    """
    for mode in (NormMode.BATCH, NormMode.STORED):
        rng = torch.Generator().manual_seed(51)
        for norm in painter.norms():
            norm.mode, norm.seen = mode, []
        for _ in range(MEASURED_BATCHES):
            painter(_condition(painter, things, class_units, truncation, rng), painter.architecture.output_dim)
        for norm in painter.norms():
            _store(norm)
    return [(norm.mean, norm.variance) for norm in painter.norms()]


def _condition(painter: Painter, things: Tensor, class_units: Tensor, truncation: float, rng: torch.Generator) -> Tensor:
    """Choose classes, and noise of a truncation: what the network gets for them, [B, 128]."""
    classes = torch.randint(len(things), (MEASURED_BATCH,), generator=rng)
    noise = torch.empty(MEASURED_BATCH, NOISE_UNITS)
    torch.nn.init.trunc_normal_(noise, a=-NOISE_BOUND, b=NOISE_BOUND, generator=rng)
    return painter.condition(things[classes], class_units[classes] + truncation * noise @ noise_matrix().T)


def _store(norm: Norm) -> None:
    """Put the statistics that were seen together, and have the norm use them."""
    means, variances = (torch.stack(values) for values in zip(*norm.seen or [], strict=True))
    norm.mean, norm.variance = means.mean(dim=0), variances.mean(dim=0) + means.var(dim=0, correction=0)
    norm.mode, norm.seen = NormMode.STORED, None
