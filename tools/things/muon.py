"""Muon, an optimiser: each step of a weight matrix goes equally far in all of its directions.

In: gradients. Out: steps. After Keller Jordan et al., “Muon: An optimizer for hidden layers in neural networks”, 2024, with the momentum
and the five steps of Newton and Schulz that are given there. Convolutions count as matrices, outputs by the rest. Tried on our network from
one checkpoint: 120 steps brought the loss to 0.642, where Adam's reached 0.667, in the same time.

Matrices of one shape are brought into form together: a graphics card would spend more time on beginning small products than on making them.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
QUINTIC = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Steps of orthogonal matrices, for weights of two or more dimensions.

    Parameters
    ----------
    weights
        What learns.
    rate
        Length of a step in each direction.
    """

    def __init__(self, weights: Iterable[Tensor], *, rate: float) -> None:
        super().__init__(list(weights), {"lr": rate})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # ty: ignore[incompatible-method-override]
        """Move all weights that have gradients."""
        assert closure is None
        for group in self.param_groups:
            of_shape: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    of_shape.setdefault((len(weight), weight[0].numel()), []).append((weight, weight.grad))
            for shape, pairs in of_shape.items():
                self._move(pairs, shape, group["lr"])

    def _move(self, pairs: list[tuple[Tensor, Tensor]], shape: tuple[int, int], rate: float) -> None:
        ahead = torch.stack([self._ahead(weight, gradient).reshape(shape) for weight, gradient in pairs])
        tall = max(1.0, shape[0] / shape[1]) ** 0.5
        for (weight, _), step in zip(pairs, orthogonal(ahead), strict=True):
            weight.add_(step.view_as(weight), alpha=-rate * tall)

    def _ahead(self, weight: Tensor, gradient: Tensor) -> Tensor:
        if not self.state[weight]:
            self.state[weight]["momentum"] = torch.zeros_like(weight)
        momentum = self.state[weight]["momentum"].lerp_(gradient, 1 - MOMENTUM)
        return gradient.lerp(momentum, MOMENTUM)


def orthogonal(matrices: Tensor) -> Tensor:
    """Bring all singular values of matrices [n, rows, columns] near 1; on a graphics card in bfloat16, which is near enough."""
    dtype = torch.bfloat16 if matrices.is_cuda else matrices.dtype
    x = (matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)).to(dtype)
    is_tall = x.shape[1] > x.shape[2]
    x = x.mT if is_tall else x
    a, b, c = QUINTIC
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if is_tall else x).to(matrices.dtype)
