"""Views of figures: what the noise and a class's own units make of a figure before it is a picture to learn.

In: figures, and some units for each picture, about standard normal. Out: pictures. Each unit does one thing, see `UNITS`; 0 is the plain
view. Places are measured as in `grounds`: in halves of the canvas's shorter side, from its middle.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from .classes import CLASS_COUNT, Thing
from .grounds import COLOUR, GROUND_UNITS, LEVEL, ground, places, to_oklab
from .grounds import LIGHT as GROUND_LIGHT

FIGURE_UNITS = ("turn", "zoom", "shift right", "shift down", "stretch", "lean", "hue", "saturation", "light", "tilt of light", "style")
UNITS = (*FIGURE_UNITS, *GROUND_UNITS)
"""What the units do. How far one of them goes stands below."""
TURN, ZOOM, SHIFT_RIGHT, SHIFT_DOWN, STRETCH, LEAN = 0.22, 0.14, 0.16, 0.11, 0.09, 0.10
HUE, SATURATION, LIGHT, TILT = 0.38, 0.25, 0.22, 0.22
OTHER_STYLE_BEGINS = 0.8
"""Beyond this, the unit of style shows a figure as it is drawn in the second style."""
PLAIN_HALF = 0.76
"""Half the longer side of a figure in the plain view."""
MOST = 2.5
"""Units reach no further than this, either way."""
LUMA = (0.299, 0.587, 0.114)
SHADOW, SHADOW_HEIGHT = 0.55, 0.13
MARGIN = 1.06
"""A figure's layers are so much larger than itself, so that its edges are soft everywhere."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All figures, shrunk for one size of views.

    Parameters
    ----------
    layers
        float32 or float16 [figures, styles, 4, s, s]: red, green, blue, each times opacity, and opacity.
    halves
        float32 [figures, styles, 2]: half of each figure's width and height, of its longer side's half.
    size
        Of the views' shorter side, in pixels.
    """

    layers: Tensor
    halves: Tensor
    size: int

    def to(self, device: torch.device) -> "Figures":
        """Bring them to a device, there as float16 if it is a graphics card."""
        dtype = torch.float16 if device.type == "cuda" else torch.float32
        return Figures(layers=self.layers.to(device, dtype), halves=self.halves.to(device), size=self.size)


def shrink_figures(pictures: np.ndarray, *, size: int) -> Figures:
    """Shrink figures for views whose shorter side has `size` pixels.

    Parameters
    ----------
    pictures
        uint8 [figures, styles, 256, 256, 4], see `figures.load_figures`: each fills its square, the longer side from edge to edge.
    size
        In pixels.
    """
    side = round(size * PLAIN_HALF * MARGIN)
    shrunk = [[_shrunk(picture, side) for picture in styles] for styles in pictures]
    return Figures(layers=torch.from_numpy(np.array(shrunk)), halves=torch.from_numpy(_halves(pictures)), size=size)


def _shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """Fit a picture and its margin into a square: float32 [4, side, side], colours times opacity."""
    around = round(picture.shape[0] * (MARGIN - 1) / 2)
    square = np.pad(picture, ((around, around), (around, around), (0, 0))).astype(np.float32) / 255
    square[..., :3] *= square[..., 3:]
    resample = Image.Resampling.BOX if side < picture.shape[0] / 2 else Image.Resampling.LANCZOS
    planes = [Image.fromarray(plane).resize((side, side), resample) for plane in square.transpose(2, 0, 1)]
    return np.stack([np.asarray(plane) for plane in planes]).clip(0, 1)


def _halves(pictures: np.ndarray) -> np.ndarray:
    seen = pictures[..., 3] > 127  # noqa: PLR2004 (half of full opacity)
    wide, high = seen.any(axis=-2).sum(axis=-1), seen.any(axis=-1).sum(axis=-1)
    return np.stack([wide, high], axis=-1).astype(np.float32) / pictures.shape[2]


def view(figures: Figures, chosen: Tensor, units: Tensor, *, columns: int = 4, rows: int = 4) -> tuple[Tensor, Tensor]:
    """Show figures.

    Parameters
    ----------
    figures
        All of them.
    chosen
        int64 [B], which.
    units
        float32 [B, units], see `UNITS`.
    columns, rows
        Of the network's first map: the canvas has this shape, and its shorter side `figures.size` pixels.

    Returns
    -------
    views : Tensor
        float32 [B, 3, height, width], -1 ... 1.
    opacity : Tensor
        float32 [B, 1, height, width], 0 ... 1: where the figures are.
    """
    height, width = canvas_size(figures.size, rows=rows, columns=columns)
    units = units.clamp(-MOST, MOST)
    style = (units[:, 10] > OTHER_STYLE_BEGINS).long()
    layers, halves = figures.layers[chosen, style], figures.halves[chosen, style]
    x, y = places(height, width, units.device)
    grid = _to_figure(units, x, y)
    seen = functional.grid_sample(layers.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    opacity = seen[:, 3:]
    light = 1 + TILT * units[:, 9, None, None, None] * grid[:, None, :, :, 0].clamp(-1, 1)
    back = ground(units[:, len(FIGURE_UNITS) :], height, width) * (1 - _shadow(units, halves, x, y))
    shown = _coloured(seen[:, :3], units) * light + back * (1 - opacity)
    # A power keeps black and white where they are, so that no light is cut off.
    return shown.clamp(1e-4, 1) ** (-LIGHT * units[:, 8, None, None, None]).exp() * 2 - 1, opacity


def canvas_size(size: int, *, rows: int, columns: int) -> tuple[int, int]:
    """Give height and width of a canvas whose square has `size` pixels: a first map of 4 x 4 makes the square."""
    return size * rows // 4, size * columns // 4


def _to_figure(units: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Give where on the figure's layers each pixel of the canvas lies: float32 [B, height, width, 2], -1 ... 1."""
    turn, zoom, right, down, stretch, lean = (unit[:, None, None] for unit in units[:, :6].T)
    x, y = x - SHIFT_RIGHT * right, y - SHIFT_DOWN * down
    cos, sin = (TURN * turn).cos(), (TURN * turn).sin()
    across, along = cos * x + sin * y, cos * y - sin * x
    across = across + LEAN * lean * along
    scale = torch.exp(-ZOOM * zoom) / (PLAIN_HALF * MARGIN)
    return torch.stack([across * scale * torch.exp(STRETCH * stretch), along * scale * torch.exp(-STRETCH * stretch)], dim=-1)


def _shadow(units: Tensor, halves: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Give how dark a figure makes the floor under it: float32 [B, 1, height, width]; sharper where the floor is."""
    zoom = torch.exp(ZOOM * units[:, 1]) * PLAIN_HALF
    wide = (zoom * torch.exp(-STRETCH * units[:, 4]) * halves[:, 0])[:, None, None]
    foot = (SHIFT_DOWN * units[:, 3] + zoom * torch.exp(STRETCH * units[:, 4]) * halves[:, 1])[:, None, None]
    middle = (SHIFT_RIGHT * units[:, 2])[:, None, None]
    strength = SHADOW * torch.sigmoid(1.5 * units[:, len(FIGURE_UNITS) + 5] + 0.5)[:, None, None]
    distance = ((x - middle) / (0.85 * wide + 0.05)) ** 2 + ((y - foot + 0.03) / SHADOW_HEIGHT) ** 2
    return (strength * torch.exp(-distance))[:, None]


def _coloured(figures: Tensor, units: Tensor) -> Tensor:
    """Turn hues about grey, and make colours stronger: float32 [B, 3, h, w]."""
    luma = torch.tensor(LUMA, device=figures.device)
    grey = (figures * luma[:, None, None]).sum(dim=1, keepdim=True)
    colour = (figures - grey) * (SATURATION * units[:, 7]).exp()[:, None, None, None]
    angle = (HUE * units[:, 6])[:, None, None, None]
    return grey + colour * angle.cos() + (colour.roll(1, dims=1) - colour.roll(-1, dims=1)) * (angle.sin() / math.sqrt(3))


# Classes' own units -----------------------------------------------------------------------------------------------------------------------

LIGHTS = (-2.2, -1.2, 1.2, 2.4)
"""Lightnesses of grounds that are tried for each class; the first two are dark."""
HUES = {True: (0.2, 3.1, 3.6, 4.1, 4.5, 4.9, 5.3, 5.8), False: (0.3, 0.9, 1.4, 2.7, 3.4, 4.0, 4.5, 5.2, 5.8)}
"""Hues that are tried on a dark ground and on a light one, in radians from red over yellow, green and blue: a dark yellow is mud."""
CHROMA = {True: 1.5, False: 1.2}
ENOUGH = 0.2
"""Distance in OKLab between a figure's rim and its ground that lets it stand out well; more is no better."""
KINDS = (
    {"glow": 1.5, "floor": -1.5},
    {"floor": 2.0, "horizon": -0.3},
    {"lights": 1.9, "floor": 0.5},
    {"waves": 1.9, "floor": 1.5},
    {"stripes": 1.8, "floor": 0.3},
    {"floor": 0.8, "glow": 0.8},
)
"""Kinds of grounds, dealt out to the classes in turn: what their units are, where they are not 0."""


def class_units(things: Sequence[Thing], figures: Figures) -> Tensor:
    """Give each class units of its own, so that classes that share a figure differ, and a ground on which their figure stands out.

    Returns
    -------
    Tensor
        float32 [1000, units].
    """
    units = torch.zeros(CLASS_COUNT, len(UNITS))
    rng = np.random.Generator(np.random.PCG64(7))
    rims = rim_colours(figures.layers[:, 0].float())
    for number_of_thing, (thing, rim) in enumerate(zip(things, rims, strict=True)):
        for order, number in enumerate(thing.classes):
            if order:  # the first class of a figure has its plain colours
                units[number, UNITS.index("hue")] = rng.uniform(-1.4, 1.4)
                units[number, UNITS.index("saturation")] = rng.uniform(-0.8, 0.4)
            for name, value in _ground_for(rim, kind=(number_of_thing + order) % len(KINDS), rng=rng).items():
                units[number, UNITS.index(name)] = value
    return units


def _ground_for(rim: np.ndarray, *, kind: int, rng: np.random.Generator) -> dict[str, float]:
    """Choose a ground: by chance among the ones on which a rim of this colour [3] stands out."""
    tried = [(hue, light) for light in rng.permutation(LIGHTS) for hue in rng.permutation(HUES[light < 0])]
    distances = [min(ENOUGH, float(np.linalg.norm(rim - ground_colour(*one)))) for one in tried]
    hue, light = tried[int(np.argmax(distances))]
    plain = {"lights": -0.6, "waves": -0.6, "stripes": -0.6, "glow": 0.3, "second colour": rng.uniform(-0.9, 0.9)}
    chroma = CHROMA[light < 0]
    colour = {"ground red": chroma * math.cos(hue), "ground yellow": chroma * math.sin(hue), "ground light": light}
    return {
        **plain,
        "horizon": rng.uniform(-0.5, 0.5),
        "phase": rng.uniform(-1, 1),
        "scale": rng.uniform(-0.6, 0.6),
        **KINDS[kind],
        **colour,
    }


def ground_colour(hue: float, light: float) -> np.ndarray:
    """Give a plain ground's colour in OKLab [3], by its hue and its unit of light."""
    chroma = COLOUR * CHROMA[light < 0]
    return np.array([LEVEL + GROUND_LIGHT * light, chroma * math.cos(hue), chroma * math.sin(hue)])


def rim_colours(layers: Tensor) -> np.ndarray:
    """Give the mean colour of figures' outermost pixels: float [figures, 3], OKLab.

    Parameters
    ----------
    layers
        float32 [figures, 4, s, s], see `Figures`.
    """
    opacity = layers[:, 3:]
    inner = -functional.max_pool2d(-opacity, 7, stride=1, padding=3)
    rim = (opacity > 0.5) & (inner < 0.5)  # noqa: PLR2004 (half of full opacity)
    colours = (layers[:, :3] * rim).sum(dim=(2, 3)) / (opacity * rim).sum(dim=(2, 3)).clamp(min=1e-3)
    return to_oklab(colours.clamp(0, 1)).numpy()
