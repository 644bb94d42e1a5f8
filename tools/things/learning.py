"""What every training has in common: stages, losses, optimisers, first codes, and the loop that saves and logs.

In: a network that paints, pictures, a work folder. Out: losses, steps, lines for a log. Knows nothing of what is painted.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from .muon import Muon
from .network import Painter

BETAS = (0.9, 0.99)
CODE_AXES = 40
EDGES = 0.5
LEVELS = 4
CELL, LEAST_SLOPE = 4, 1e-3
SAVE_SECONDS = 240
LOG_STEPS = 50
PAUSE_NAME = "PAUSE"  # while there is such a file, training waits: somebody measures something on this machine


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Learning pictures of one size.

    Parameters
    ----------
    size
        In pixels.
    batch
        Pictures in a step.
    pictures
        How many to learn from. The last stage has the rest of all.
    """

    size: int
    batch: int
    pictures: int = 0


def stage_at(stages: tuple[Stage, ...], step: int, *, pictures: int) -> tuple[Stage, int, float] | None:
    """Give the stage of a step, the step's number in it, and how much of all pictures is done; None: all is."""
    done = 0
    for stage in stages:
        steps = (stage.pictures or pictures - done) // stage.batch
        if step < steps:
            return stage, step, (done + step * stage.batch) / pictures
        step -= steps
        done += steps * stage.batch
    return None


def make_optimisers(painter: Painter) -> dict[str, torch.optim.Optimizer]:
    """Share the parameters out: Muon is for matrices inside the network, not for what paints, nor for codes, of which a step sees few.

    Rates are set at each step.
    """
    named = dict(painter.named_parameters())
    codes = named.pop("codes")
    matrices = {name: value for name, value in named.items() if value.dim() > 1 and not name.startswith("heads")}
    others = [value for name, value in named.items() if name not in matrices]
    return {
        "matrices": Muon(matrices.values(), rate=0.0),
        "others": torch.optim.Adam(others, lr=0.0, betas=BETAS),
        "codes": torch.optim.Adam([codes], lr=0.0, betas=BETAS),
    }


def first_codes(layers: Tensor, *, units: int) -> Tensor:
    """Begin with codes that say in part what a thing looks like.

    Parameters
    ----------
    layers
        [things, ...], one picture of each.
    units
        Of a code.

    Returns
    -------
    Tensor
        float32 [things, units], each unit of mean 0 and variance about 1.
    """
    codes = torch.randn(len(layers), units, generator=torch.Generator().manual_seed(5))
    seen = layers.flatten(1).float()
    axes = min(CODE_AXES, len(seen) - 1)
    left, _, _ = torch.linalg.svd(seen - seen.mean(dim=0), full_matrices=False)
    codes[:, :axes] = left[:, :axes] * len(seen) ** 0.5
    return codes


def picture_loss(painted: Tensor, views: Tensor, opacity: Tensor, *, figure_weight: float = 1.0) -> Tensor:
    """Compare pictures at several sizes, things more closely than grounds by `figure_weight`, and their edges."""
    weight = 1 + figure_weight * opacity
    loss = painted.new_zeros(())
    for level in range(LEVELS):
        if level:
            painted, views, weight = (functional.avg_pool2d(values, 2) for values in (painted, views, weight))
        loss = loss + (weight * (painted - views).abs()).mean()
        if level < 2:  # noqa: PLR2004 (edges are seen at the two largest sizes)
            loss = loss + EDGES * _edge_loss(painted, views)
    return loss


def _edge_loss(painted: Tensor, views: Tensor) -> Tensor:
    differences = painted - views
    return differences.diff(dim=2).abs().mean() + differences.diff(dim=3).abs().mean()


def sharpness_loss(painted: Tensor, views: Tensor) -> Tensor:
    """Compare how strong edges are, cell by cell: where an edge is not sure to a pixel, a sharp one beside it is better than a soft one."""
    return (_slopes(painted) - _slopes(views)).abs().mean()


def _slopes(pictures: Tensor) -> Tensor:
    """Give the root mean square of neighbouring pixels' differences in cells [B, 3, n, n]."""
    across, down = pictures.diff(dim=3)[:, :, :-1], pictures.diff(dim=2)[:, :, :, :-1]
    return (functional.avg_pool2d(across.square() + down.square(), CELL) + LEAST_SLOPE**2).sqrt()


# The loop -------------------------------------------------------------------------------------------------------------------------------


class Trained(Protocol):
    """A training, as the loop sees it."""

    step: int
    learned: int
    """Pictures so far."""

    def advance(self) -> tuple[int, Tensor] | None:
        """Make one step: give the size of its pictures and its loss; None: the plan is fulfilled."""
        ...

    def save(self, path: Path) -> None:
        """Write all that is needed to go on, whole or not at all."""
        ...


def run(training: Trained, state: Path, *, should_stop: Callable[[], bool]) -> Iterator[str]:
    """Train, saving now and then and at the end; give a line for the log now and then: step, size, mean loss, pictures a second, time."""
    losses: list[Tensor] = []
    saved, began, learned = time.monotonic(), time.monotonic(), training.learned
    while not should_stop():
        while state.with_name(PAUSE_NAME).exists() and not should_stop():
            time.sleep(2)
        made = training.advance()
        if made is None:
            break
        size, loss = made
        losses.append(loss)
        if training.step % LOG_STEPS == 0:
            speed = (training.learned - learned) / (time.monotonic() - began)
            mean = float(torch.stack(losses).mean())
            yield f"{training.step}\t{size}\t{mean:.4f}\t{speed:.1f}\t{time.strftime('%H:%M:%S')}"
            losses, began, learned = [], time.monotonic(), training.learned
        if time.monotonic() - saved > SAVE_SECONDS:
            training.save(state)
            saved = time.monotonic()
    training.save(state)
