"""How a network that has learnt squares draws other shapes: by a first map of more than 4 x 4 places.

In: the first map, as the first layer makes it. Out: a larger one. From there on BigGAN-deep is convolutions and attention, which take any
size. Imports nothing but PyTorch and the protocol's words, so that a trainer can show a network the maps that it will be given.
"""

from functools import cache

import torch
from torch import Tensor

from ..protocol.shape import FIRST_SIZE, Widening


def widen(first_map: Tensor, rows: int, columns: int, widening: Widening) -> Tensor:
    """Make a first map larger; differentiable.

    Parameters
    ----------
    first_map
        [B, C, 4, 4].
    rows, columns
        Its new places. 4 and 4: nothing is done.
    widening
        Where the new places are read from.

    Returns
    -------
    Tensor
        [B, C, rows, columns], channels-last.
    """
    if (rows, columns) == (FIRST_SIZE, FIRST_SIZE):
        return first_map
    batch, channels = first_map.shape[:2]
    places = first_map.permute(0, 2, 3, 1).reshape(batch, FIRST_SIZE**2, channels)
    widened = widening_matrix(rows, columns, widening, first_map.device, first_map.dtype) @ places  # [B, rows * columns, C]
    return widened.view(batch, rows, columns, channels).permute(0, 3, 1, 2)


@cache
def widening_matrix(rows: int, columns: int, widening: Widening, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Give what each new place has of the 16 that there are: [rows * columns, 16]. Kept, since a recorded graph may copy nothing."""
    with torch.inference_mode(False), torch.no_grad():  # one that was made while drawing must not stop a training
        return torch.kron(_along(rows, widening), _along(columns, widening)).to(device, dtype)


def _along(places: int, widening: Widening) -> Tensor:
    """Give what each place along one side has of the first four: [places, 4], each row's sum 1."""
    positions = _positions(places, widening).clamp(0, FIRST_SIZE - 1)
    return (1 - (positions[:, None] - torch.arange(FIRST_SIZE)).abs()).clamp(min=0)  # linear between two neighbours


def _positions(places: int, widening: Widening) -> Tensor:
    """Say where the places along one side lie among the first four, which lie at 0, 1, 2 and 3; float64."""
    numbers = torch.arange(places, dtype=torch.float64)
    if widening is Widening.STRETCH:
        return (numbers + 0.5) * FIRST_SIZE / places - 0.5
    centred = numbers - (places - FIRST_SIZE) / 2
    if widening is Widening.EDGE:
        return centred
    around = (centred + 0.5).remainder(2 * FIRST_SIZE)  # there and back again
    return torch.minimum(around, 2 * FIRST_SIZE - around) - 0.5
