"""Judge the embedded model “Things”: figures, a contact sheet, walks.

In: the shipped file, or another one. Out: figures as JSON on standard output; pictures in a folder.

    python -m tools.judge_embedded --out FOLDER [--weights FILE]

All distances are root mean squares over pictures shrunk to 32 px, colours 0 ... 1.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from core.network import processor, reference
from core.network.folding import Folded
from core.network.things import WEIGHTS, load_things
from tools.things.classes import CLASS_COUNT, thing_of_class, things
from tools.things.network import noise_matrix
from tools.things.views import Pictures, class_units, load_pictures, view

SEEN_SIZE = 32
BATCH = 20
JUDGED_TRUNCATION = 0.5
VIEWS_OF_A_CLASS = 6
PAIRS = 200
WALKS, WALK_FRAMES = 10, 24
SHEET_COLUMNS = 10
NOISE_UNITS = 128


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What figures are measured with.

    Parameters
    ----------
    network
        Prepared for `reference.draw`.
    pictures
        The things' own, for views of `SEEN_SIZE`.
    units
        float32 [1000, units], the classes' own.
    """

    network: Folded
    pictures: Pictures
    units: Tensor

    def drawn(self, classes: Tensor, noise: Tensor, *, truncation: float = JUDGED_TRUNCATION) -> Tensor:
        """Draw classes, or mixtures of them, full size: float32 [B, 3, 128, 128], 0 ... 1. Noise has its truncation already."""
        vectors = functional.one_hot(classes, CLASS_COUNT).float() if classes.dim() == 1 else classes
        parts = zip(noise.split(BATCH), vectors.split(BATCH), strict=True)
        drawn = [reference.draw(self.network, z, c, torch.full((len(z),), truncation))[0] for z, c in parts]
        return torch.cat(drawn).movedim(3, 1).float() / 255

    def seen(self, things_shown: Tensor, classes: Tensor, noise: Tensor) -> Tensor:
        """Give the training's own views of things, with the classes' units and the noise's: float32 [B, 3, 32, 32], 0 ... 1."""
        return (view(self.pictures, things_shown, self.units[classes] + noise @ noise_matrix().T)[0] + 1) / 2


def main(arguments: list[str]) -> int:
    """Judge, write pictures, print figures."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    folded = load_things(options.weights)
    pictures = load_pictures(things(), size=SEEN_SIZE)
    judge = Judge(network=reference.prepare(folded, dtype=torch.float32), pictures=pictures, units=class_units(things(), pictures))
    with torch.inference_mode():
        contact_sheet(judge).save(options.out / "sheet.png")
        walk_sheet(judge).save(options.out / "walks.png")
        noise_sheet(judge).save(options.out / "noise.png")
        if not options.pictures_only:
            print(json.dumps({**figures(judge, every=options.every), "pictures a second on one core": speed(folded)}, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.judge_embedded", description="Judge the embedded model “Things”.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--every", type=int, default=1, help="judge each n-th class only (1)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pictures-only", action="store_true", help="no figures, which take minutes")
    return parser


def noise(count: int, *, truncation: float, seed: int) -> Tensor:
    """Draw noise as films have it: normal values cut at +-2, times truncation, float32 [count, 128]."""
    rng = torch.Generator().manual_seed(seed)
    return truncation * torch.nn.init.trunc_normal_(torch.empty(count, NOISE_UNITS), a=-2, b=2, generator=rng)


# Figures --------------------------------------------------------------------------------------------------------------------------------


def figures(judge: Judge, *, every: int) -> dict[str, float]:
    """Measure all that the model is held to."""
    classes = torch.arange(0, CLASS_COUNT, every)
    between = _between_classes(judge)
    neighbours = _steps(judge) / between
    nearer_to_parents, own_shapes = _mixtures(judge)
    return {
        "classes whose own thing is nearest, truncation 0.5": _right(judge, classes),
        "step of a walk over the distance of classes": neighbours,
        "spread within a class over the training views'": _spread(judge, classes),
        "mixtures nearer to both parents than to the mean picture": nearer_to_parents,
        "mixtures' distance from the parents' double exposure over the parents' distance": own_shapes,
        "change by truncation 0.3 over that by 1": _calm(judge),
    }


def shrunk(pictures: Tensor) -> Tensor:
    """Shrink to `SEEN_SIZE`."""
    return functional.adaptive_avg_pool2d(pictures, SEEN_SIZE)


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Give root mean squares [B] of two batches' differences."""
    return (a - b).square().mean(dim=(1, 2, 3)).sqrt()


def _right(judge: Judge, classes: Tensor) -> float:
    """Share of classes whose drawn picture is nearest to their own thing, among all things seen with the same units on the same ground."""
    z = noise(len(classes), truncation=JUDGED_TRUNCATION, seed=1)
    drawn = shrunk(judge.drawn(classes, z))
    own, every_thing = thing_of_class(), torch.arange(len(things()))
    right = 0
    for number, picture, one in zip(classes.tolist(), drawn, z, strict=True):
        count = len(every_thing)
        candidates = judge.seen(every_thing, torch.full((count,), number), one.expand(count, -1))
        right += int(distance(candidates, picture[None]).argmin()) == own[number]
    return right / len(classes)


def _between_classes(judge: Judge) -> float:
    """Mean distance of two classes' pictures under the same noise."""
    first, second = _pairs()
    z = noise(PAIRS, truncation=JUDGED_TRUNCATION, seed=2)
    return distance(shrunk(judge.drawn(first, z)), shrunk(judge.drawn(second, z))).mean().item()


def _pairs() -> tuple[Tensor, Tensor]:
    """Choose pairs of classes whose things differ."""
    rng = torch.Generator().manual_seed(3)
    own = torch.from_numpy(thing_of_class())
    first, second = torch.randint(CLASS_COUNT, (2, 2 * PAIRS), generator=rng)
    differ = own[first] != own[second]
    return first[differ][:PAIRS], second[differ][:PAIRS]


def _steps(judge: Judge) -> float:
    """Mean distance of neighbouring frames of walks from class to class in a second, the noise moving as well."""
    return (
        torch.stack([distance(frames[1:], frames[:-1]).mean() for frames in (shrunk(walk(judge, number)) for number in range(WALKS))])
        .mean()
        .item()
    )


def walk(judge: Judge, number: int, *, frames: int = WALK_FRAMES) -> Tensor:
    """Draw a walk between two classes [frames, 3, 128, 128]."""
    first, second = (chosen[number] for chosen in _pairs())
    share = torch.linspace(0, 1, frames)[:, None]
    ends = noise(2, truncation=JUDGED_TRUNCATION, seed=10 + number)
    vectors = (1 - share) * functional.one_hot(first, CLASS_COUNT) + share * functional.one_hot(second, CLASS_COUNT)
    return judge.drawn(vectors, (1 - share) * ends[:1] + share * ends[1:])


def _spread(judge: Judge, classes: Tensor) -> float:
    """Least of all classes: how far pictures of a class spread under noise, over how far its training views do under the same noise."""
    least = float("inf")
    for number in classes[:: max(len(classes) // 100, 1)].tolist():
        z = noise(VIEWS_OF_A_CLASS, truncation=1.0, seed=number)
        same = torch.full((len(z),), number)
        drawn, seen = shrunk(judge.drawn(same, z, truncation=1.0)), judge.seen(torch.from_numpy(thing_of_class())[same], same, z)
        least = min(least, (_own_spread(drawn) / _own_spread(seen)).item())
    return least


def _own_spread(pictures: Tensor) -> Tensor:
    return pictures.var(dim=0).mean().sqrt()


def _mixtures(judge: Judge) -> tuple[float, float]:
    """Look at halves of two classes: how many are nearer to both than to the mean picture; how far they are from both laid over another."""
    first, second = _pairs()
    z = noise(PAIRS, truncation=JUDGED_TRUNCATION, seed=4)
    one, other = shrunk(judge.drawn(first, z)), shrunk(judge.drawn(second, z))
    vectors = (functional.one_hot(first, CLASS_COUNT) + functional.one_hot(second, CLASS_COUNT)) / 2
    mixed = shrunk(judge.drawn(vectors, z))
    mean = torch.cat([one, other]).mean(dim=0, keepdim=True)
    furthest = torch.maximum(distance(mixed, one), distance(mixed, other))
    apart = distance(mixed, (one + other) / 2) / distance(one, other)
    return (furthest < distance(mixed, mean)).float().mean().item(), apart.mean().item()


def _calm(judge: Judge) -> float:
    """How much less a class's pictures spread at truncation 0.3 than at 1."""
    spreads = []
    for truncation in (0.3, 1.0):
        classes = torch.arange(5, CLASS_COUNT, 50)
        own = []
        for number in classes.tolist():
            z = noise(VIEWS_OF_A_CLASS, truncation=truncation, seed=number)
            own.append(_own_spread(shrunk(judge.drawn(torch.full((len(z),), number), z, truncation=truncation))))
        spreads.append(torch.stack(own).mean().item())
    return spreads[0] / spreads[1]


def speed(folded: Folded) -> float:
    """Draw on one core as films are drawn."""
    network, buffers = processor.prepare_cpu(folded, dtype=torch.float32), processor.Buffers()
    z, vector, truncation = noise(1, truncation=1.0, seed=1), functional.one_hot(torch.tensor([1]), CLASS_COUNT).float(), torch.ones(1)
    times = []
    for _ in range(30):
        began = time.perf_counter()
        processor.draw(network, z, vector, truncation, buffers)
        times.append(time.perf_counter() - began)
    return 1 / sorted(times)[len(times) // 2]


# Sheets ---------------------------------------------------------------------------------------------------------------------------------


def contact_sheet(judge: Judge) -> Image.Image:
    """Show each tenth class at the judged truncation."""
    classes = torch.arange(5, CLASS_COUNT, 10)
    return _sheet(judge.drawn(classes, noise(len(classes), truncation=JUDGED_TRUNCATION, seed=5)), columns=SHEET_COLUMNS)


def walk_sheet(judge: Judge) -> Image.Image:
    """Show ten walks, a row each."""
    return _sheet(torch.cat([walk(judge, number, frames=SHEET_COLUMNS) for number in range(WALKS)]), columns=SHEET_COLUMNS)


def noise_sheet(judge: Judge) -> Image.Image:
    """Show five classes, two rows each: truncation 0.3 and 1."""
    rows = []
    for number in (207, 281, 817, 963, 402):
        for truncation in (0.3, 1.0):
            z = noise(SHEET_COLUMNS, truncation=truncation, seed=6)
            rows.append(judge.drawn(torch.full((SHEET_COLUMNS,), number), z, truncation=truncation))
    return _sheet(torch.cat(rows), columns=SHEET_COLUMNS)


def _sheet(pictures: Tensor, *, columns: int) -> Image.Image:
    count, colours, height, width = pictures.shape
    rows = -(-count // columns)
    sheet = torch.zeros(rows * columns, colours, height, width)
    sheet[:count] = pictures
    tiled = sheet.view(rows, columns, colours, height, width).permute(0, 3, 1, 4, 2).reshape(rows * height, columns * width, colours)
    return Image.fromarray((tiled * 255).round().byte().numpy())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
