"""How much memory a picture takes while it is drawn, and how much there is: for saying so before the first one."""

import dataclasses
import math
import os
import sys
from pathlib import Path

import torch

from .folding import COLOURS, Attention, Folded
from .processor import STRIP_VALUES
from .reference import layer_maps, norm_widths

FLOAT_BYTES = 4
ATTENTION_MAPS = 2
STRIPS = 4
PICTURES = 12
"""So many of each are there at once, for a moment: 9 of the pictures are the last convolution's taps."""
UNKNOWN = 1 << 62


def picture_bytes(folded: Folded) -> int:
    """Estimate what drawing one picture takes beside the weights, in float32: the maps that `processor.Buffers` keeps, and some more."""
    kept: dict[tuple[str, int, int], int] = {}
    for layer, (size, _) in zip(folded.layers, layer_maps(folded, torch.float32), strict=True):
        places = math.prod(folded.first_map.picture_size(size))
        if isinstance(layer, Attention):
            kept["attention", places, 0] = ATTENTION_MAPS * places * len(layer.outcome)
            continue
        before, channels = places // (4 if layer.doubles else 1), norm_widths(layer)[0]
        kept["activated", before, channels] = before * channels
        if layer is not folded.layers[-1]:  # which is made in strips
            kept["trunk", places, len(layer.bias)] = places * len(layer.bias)
    pixels = math.prod(folded.first_map.picture_size(folded.architecture.output_dim))
    return FLOAT_BYTES * (sum(kept.values()) + STRIPS * STRIP_VALUES + PICTURES * COLOURS * pixels)


def largest_that_fits(folded: Folded, available: int) -> tuple[int, int] | None:
    """Give width and height of the longest picture that so many bytes suffice for, up to the network's own; None: not even a square."""
    wanted = folded.first_map
    shorter = min(wanted.rows, wanted.columns)
    for longer in range(max(wanted.rows, wanted.columns), shorter - 1, -1):
        sides = {"rows": shorter, "columns": longer} if wanted.columns > wanted.rows else {"rows": longer, "columns": shorter}
        smaller = dataclasses.replace(folded, first_map=dataclasses.replace(wanted, **sides))
        if picture_bytes(smaller) <= available:
            return smaller.first_map.picture_size(folded.architecture.output_dim)
    return None


def free_bytes() -> int:
    """Say how much memory programs may still take; where a system does not tell, as much as it has, or `UNKNOWN`."""
    if sys.platform == "linux":
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return UNKNOWN
