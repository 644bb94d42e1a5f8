"""Views of things: what the noise and a class's own units make of an emoji before it is a picture to learn.

In: emoji, and some units for each picture, about standard normal. Out: pictures. Each unit does one thing, see `UNITS`; 0 is the plain
view.
"""

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from .classes import CLASS_COUNT, Thing
from .emoji import draw

UNITS = (
    *("turn", "zoom", "shift right", "shift down", "shear", "stretch", "hue", "light"),
    *("ground colour a", "ground colour b", "ground light", "slope right", "slope down", "rings a", "rings b", "style"),
)
"""What the units do. What one unit of noise does to a thing is the number beside it below."""
TURN, ZOOM, SHIFT, SHEAR, STRETCH, HUE, LIGHT = 0.2, 0.1, 0.06, 0.1, 0.08, 0.3, 0.14
GROUND_COLOUR, GROUND_LIGHT, SLOPE, RINGS = 0.1, 0.07, 0.09, 0.035
RING_WAVES = 9.0  # radians from the middle to the edge
GROUND_LEVEL = 0.62
PLAIN_SIZE = 0.76
"""Height of an emoji in the plain view, in heights of the picture."""
MOST = 2.5
"""Units reach no further than this, either way."""
LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """All things' pictures, shrunk for one size of views.

    Parameters
    ----------
    layers
        float32 [things, 2, 4, s, s]: red, green, blue, each times opacity, and opacity. Things of one picture have it twice.
    size
        Of the views, in pixels.
    """

    layers: Tensor
    size: int


def load_pictures(things: Sequence[Thing], *, size: int) -> Pictures:
    """Draw the emoji of things, for views of `size` pixels."""
    drawn = [
        [_shrunk(draw(picture), round(size * PLAIN_SIZE * 17 / 16)) for picture in (*thing.pictures, *thing.pictures)[:2]]
        for thing in things
    ]
    return Pictures(layers=torch.from_numpy(np.array(drawn)), size=size)


def _shrunk(picture: np.ndarray, size: int) -> np.ndarray:
    """Fit a picture [128, 136, 4] into a square: float32 [4, size, size], colours times opacity."""
    square = np.zeros((136, 136, 4), np.float32)
    square[4:-4] = picture / np.float32(255)
    square[..., :3] *= square[..., 3:]
    planes = [Image.fromarray(plane).resize((size, size), Image.Resampling.BOX) for plane in square.transpose(2, 0, 1)]
    return np.stack([np.asarray(plane) for plane in planes])


def class_units(things: Sequence[Thing], pictures: Pictures) -> Tensor:
    """Give each class units of its own, so that classes that share a thing differ, and a ground on which their thing stands out.

    Returns
    -------
    Tensor
        float32 [1000, units].
    """
    units = torch.zeros(CLASS_COUNT, len(UNITS))
    rng = np.random.Generator(np.random.PCG64(7))
    for thing, layers in zip(things, pictures.layers, strict=True):
        hue, light = _mean_hue_and_light(layers[0])
        for order, number in enumerate(thing.classes):
            angle = 2 * math.pi * (hue + 0.5) + rng.uniform(-1.2, 1.2)
            units[number, 8:10] = torch.tensor([1.4 * math.cos(angle), 1.4 * math.sin(angle)])
            units[number, 10] = -1.6 if light > GROUND_LEVEL else 0.8
            if order:  # the first class of a thing has its plain colours
                units[number, 6:8] = torch.from_numpy(rng.uniform(-1.2, 1.2, 2))
    return units


def _mean_hue_and_light(layers: Tensor) -> tuple[float, float]:
    red, green, blue = (layers[:3].sum(dim=(1, 2)) / layers[3].sum()).clamp(0, 1).tolist()
    return colorsys.rgb_to_hsv(red, green, blue)[0], float(np.dot((red, green, blue), LUMA))


def view(pictures: Pictures, chosen: Tensor, units: Tensor) -> tuple[Tensor, Tensor]:
    """Show things.

    Parameters
    ----------
    pictures
        Of all things.
    chosen
        int64 [B], which things.
    units
        float32 [B, units], see `UNITS`.

    Returns
    -------
    views : Tensor
        float32 [B, 3, size, size], -1 ... 1.
    opacity : Tensor
        float32 [B, 1, size, size], 0 ... 1: where the things are.
    """
    units = units.clamp(-MOST, MOST)
    layers = pictures.layers[chosen, (units[:, 15] > 0).long()]
    size = [len(chosen), layers.shape[1], pictures.size, pictures.size]
    grid = functional.affine_grid(_to_picture(units), size, align_corners=False)
    seen = functional.grid_sample(layers, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    opacity = seen[:, 3:]
    things = _coloured(seen[:, :3], units)
    shown = things + _ground(units, pictures.size) * (1 - opacity)
    return shown.clamp(0, 1) * 2 - 1, opacity


def _to_picture(units: Tensor) -> Tensor:
    """Give the affine map from a view's places to an emoji's [B, 2, 3]."""
    turn, zoom, right, down, shear, stretch = (
        units[:, :6] * torch.tensor([TURN, ZOOM, SHIFT, SHIFT, SHEAR, STRETCH], device=units.device)
    ).T
    cos, sin = turn.cos(), turn.sin()
    wide, high = (-zoom - stretch).exp(), (-zoom + stretch).exp()
    across = torch.stack([cos * wide, (sin + shear * cos) * wide], dim=1)
    along = torch.stack([-sin * high, (cos - shear * sin) * high], dim=1)
    matrix = torch.stack([across, along], dim=1) / (PLAIN_SIZE * 17 / 16)
    shift = -(matrix @ torch.stack([2 * right, 2 * down], dim=1)[:, :, None])
    return torch.cat([matrix, shift], dim=2)


def _coloured(things: Tensor, units: Tensor) -> Tensor:
    """Turn hues about grey, and make brighter or darker: float32 [B, 3, h, w]."""
    luma = torch.tensor(LUMA, device=things.device)
    grey = (things * luma[:, None, None]).sum(dim=1, keepdim=True)
    colour = things - grey
    angle = (units[:, 6] * HUE)[:, None, None, None]
    turned = colour * angle.cos() + (colour.roll(1, dims=1) - colour.roll(-1, dims=1)) * (angle.sin() / math.sqrt(3))
    return (grey + turned) * (units[:, 7] * LIGHT).exp()[:, None, None, None]


def _ground(units: Tensor, size: int) -> Tensor:
    """Draw grounds: a colour, a slope of light, faint rings: float32 [B, 3, size, size]."""
    places = (torch.arange(size, device=units.device) + 0.5) * (2 / size) - 1
    across, along = places[None, None, None, :], places[None, None, :, None]
    waves = RING_WAVES * (across**2 + along**2).sqrt()
    a, b, light, right, down, rings_a, rings_b = (unit[:, None, None, None] for unit in units[:, 8:15].T)
    level = GROUND_LEVEL + GROUND_LIGHT * light + SLOPE * (right * across + down * along) / 2
    level = level + RINGS * (rings_a * waves.cos() + rings_b * waves.sin())
    angles = torch.tensor([0, 2, 4], device=units.device) * (math.pi / 3)  # red, green, blue around the circle of hues
    colour = a * angles.cos()[:, None, None] + b * angles.sin()[:, None, None]
    return (level + GROUND_COLOUR * colour).clamp(0, 1)
