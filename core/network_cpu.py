"""BigGAN-deep on a processor, one picture at a time on one thread: the fastest of what was tried, see `docs/decisions.md`.

In: folded weights; noise, class vector and truncation of one picture. Out: the picture in 8 bits. The same network as in `network`, which
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

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .folding import COLOURS, Attention, Block, Folded
from .network import Conditions, activate, doubled_kernel, make_conditions, norm_widths, pooled, to_8_bits

PACKED_PLACES = 256
"""Maps of at most so many places (16 x 16) meet packed weights. Above, scaling the weights costs less than a pass over the map."""
STRIP_VALUES = 1 << 21
"""So many values of a block's outcome are in work at once: 8 MB in float32, of which a core's own cache keeps the most."""
ATTENTION_ROWS = 512
TAPS = 3

ops = torch.ops.mkldnn


def is_possible() -> bool:
    """Tell whether this PyTorch has the kernels: its builds for x86 have."""
    return torch.backends.mkldnn.is_available() and hasattr(ops, "_convolution_transpose_pointwise")


class CpuNetwork:
    """A network, ready to draw on any number of threads at once. See `network.draw` for what goes in and comes out.

    Parameters
    ----------
    folded
        float32, on the CPU; may be memory-mapped.
    dtype
        float32 or bfloat16, of the maps larger than `network.EXACT_SIZE`.
    """

    def __init__(self, folded: Folded, *, dtype: torch.dtype = torch.float32) -> None:
        ...
