"""Grounds behind figures: a studio, a floor with a horizon, glowing light, lights out of focus, waves, stripes; each steered by units.

In: units, and the shape of a canvas. Out: pictures. All colours are made in OKLab (Björn Ottosson, “A perceptual color space for image
processing”, 2020), so that two colours of one palette differ as much as they seem to, and lightness is what one sees.

Places on a canvas are measured in halves of its shorter side from its middle: x to the right, y down; a square runs from -1 to 1.
"""

import math

import torch
from torch import Tensor

GROUND_UNITS = (
    *("ground red", "ground yellow", "ground light", "second colour", "horizon", "floor"),
    *("glow", "lights", "waves", "stripes", "phase", "scale"),
)
"""What the units of a ground do. The first two are its colour's place in OKLab."""

COLOUR, LIGHT, LEVEL = 0.06, 0.10, 0.55
"""Of a unit: colour's distance from grey, and lightness; the latter's middle, 0 ... 1."""
FLOOR_DARKER, GLOW, LIGHTS, WAVES, STRIPES = 0.11, 0.15, 0.16, 0.06, 0.045
SECOND_HUE = 0.7
"""Radians between the hues of back and floor, of a unit."""
HORIZON, HORIZON_STEP = 0.38, 0.12
KIND_BEGINS = 0.6
"""Lights, waves and stripes show where their unit is beyond this; so most grounds have one of them or none."""
LAMPS = 14
LAMP_SPREAD = 2.6  # places of lamps reach as far to both sides as the widest canvases

OKLAB_TO_CONE = ((1.0, 0.3963377774, 0.2158037573), (1.0, -0.1055613458, -0.0638541728), (1.0, -0.0894841775, -1.2914855480))
CONE_TO_LINEAR = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)


def places(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Give where a canvas's pixels lie: x float32 [1, 1, width], y float32 [1, height, 1]."""
    half = min(height, width) / 2
    x = (torch.arange(width, device=device) + 0.5 - width / 2) / half
    y = (torch.arange(height, device=device) + 0.5 - height / 2) / half
    return x[None, None, :], y[None, :, None]


def ground(units: Tensor, height: int, width: int) -> Tensor:
    """Draw grounds.

    Parameters
    ----------
    units
        float32 [B, 12], see `GROUND_UNITS`.
    height, width
        Of the canvas, in pixels.

    Returns
    -------
    Tensor
        float32 [B, 3, height, width], sRGB, 0 ... 1.
    """
    x, y = places(height, width, units.device)
    red, yellow, light, second, horizon, floor, glow, lights, waves, stripes, phase, scale = (unit[:, None, None] for unit in units.T)
    depth = y - HORIZON - HORIZON_STEP * horizon  # below the horizon: positive
    softness = 0.02 + 0.55 * torch.sigmoid(-1.6 * floor)
    below = torch.sigmoid(depth / softness * 4)  # 0: back, 1: floor
    level = LEVEL + LIGHT * light + 0.05 * y
    level = level - FLOOR_DARKER * below + GLOW * torch.sigmoid(glow) * torch.exp(-((x**2 + (y + 0.1) ** 2) / 0.9))
    level = level + LIGHTS * _shown(lights) * _lamps(x, y, phase, scale) * (1 - below)
    level = level + WAVES * _shown(waves) * _waves(x, depth, phase, scale) * (0.25 + 0.75 * below)
    level = level + STRIPES * _shown(stripes) * _stripes(x, y, phase, scale) * (1 - 0.7 * below)
    turn = SECOND_HUE * second * below
    a = COLOUR * (red * turn.cos() - yellow * turn.sin())
    b = COLOUR * (red * turn.sin() + yellow * turn.cos())
    return to_srgb(torch.stack([level.expand_as(a + level), a.expand_as(level), b.expand_as(level)], dim=1))


def _shown(unit: Tensor) -> Tensor:
    """Give how strongly a kind of ground shows: 0 ... about 1.5."""
    return torch.tanh((unit - KIND_BEGINS).clamp(min=0) * 1.5) * 1.2


def _lamps(x: Tensor, y: Tensor, phase: Tensor, scale: Tensor) -> Tensor:
    """Draw lights out of focus: discs with soft edges, which phase moves to the side and scale makes larger."""
    shining = torch.zeros_like(x + y + phase)
    for number in range(LAMPS):
        across = -LAMP_SPREAD + 2 * LAMP_SPREAD * ((number + 0.5) / LAMPS) + 0.12 * math.sin(5.1 * number)
        up = -0.45 + 0.42 * math.sin(2.4 * number + 1)
        radius = (0.17 + 0.07 * math.sin(1.7 * number)) * torch.exp(0.15 * scale)
        distance = ((x - across - 0.12 * phase) ** 2 + (y - up) ** 2 + 1e-6).sqrt()
        shining = shining + (0.65 + 0.35 * math.sin(3.3 * number)) * torch.sigmoid((radius - distance) / 0.03)
    return shining


def _waves(x: Tensor, depth: Tensor, phase: Tensor, scale: Tensor) -> Tensor:
    """Draw waves that come nearer: closer together towards the horizon."""
    near = torch.log1p(5 * depth.clamp(min=0)) + 0.35 * depth.clamp(max=0)
    return torch.sin(7 * torch.exp(0.12 * scale) * near + 0.5 * torch.sin(2.2 * x + phase) + phase)


def _stripes(x: Tensor, y: Tensor, phase: Tensor, scale: Tensor) -> Tensor:
    """Draw soft stripes from the lower left to the upper right."""
    return torch.tanh(1.6 * torch.sin(4.2 * torch.exp(0.15 * scale) * (0.87 * x + 0.5 * y) + phase))


# Colours --------------------------------------------------------------------------------------------------------------------------------


def to_srgb(colours: Tensor) -> Tensor:
    """Turn OKLab [B, 3, ...] into sRGB [B, 3, ...], cut at 0 and 1."""
    cone = _mixed(OKLAB_TO_CONE, colours) ** 3
    linear = _mixed(CONE_TO_LINEAR, cone).clamp(0, 1)
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)  # noqa: PLR2004


def to_oklab(colours: Tensor) -> Tensor:
    """Turn sRGB [B, 3, ...] into OKLab [B, 3, ...]."""
    linear = torch.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004
    cone = _mixed(_inverse(CONE_TO_LINEAR), linear).clamp(min=0) ** (1 / 3)
    return _mixed(_inverse(OKLAB_TO_CONE), cone)


def _mixed(matrix: tuple[tuple[float, ...], ...], colours: Tensor) -> Tensor:
    return torch.einsum("oi,bi...->bo...", torch.tensor(matrix, device=colours.device), colours)


def _inverse(matrix: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, torch.tensor(matrix, dtype=torch.float64).inverse().tolist()))
