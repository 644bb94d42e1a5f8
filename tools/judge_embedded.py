"""Judge the embedded model “Emoji”: figures, a contact sheet, walks.

In: the shipped file, or another one. Out: figures as JSON on standard output; pictures and a film of walks in a folder.

    python -m tools.judge_embedded --out FOLDER [--weights FILE]

Distances are root mean squares over pictures shrunk to 32 px, colours 0 ... 1. Where it says so, over their edges: how strong those of
four directions are in each of 8 x 8 cells. By pixels alone, the mean picture is as near to a crossfade of two as they are themselves.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from core.network import processor, reference
from core.network.emoji import WEIGHTS, load_emoji
from core.network.folding import Folded
from tools.things.classes import CLASS_COUNT, thing_of_class, things
from tools.things.network import noise_matrix
from tools.things.views import Pictures, class_units, load_pictures, view

SEEN_SIZE, FULL_SIZE = 32, 128
CELL = 4  # pixels of the shrunk picture
CRISP = 0.8
BATCH = 20
JUDGED_TRUNCATION = 0.5
VIEWS_OF_A_CLASS = 6
PAIRS = 200
WALKS, WALK_FRAMES, WALK_FPS = 10, 24, 24
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


def judge_of(folded: Folded) -> Judge:
    """Get ready to judge a model."""
    pictures = load_pictures(things(), size=SEEN_SIZE)
    return Judge(network=reference.prepare(folded, dtype=torch.float32), pictures=pictures, units=class_units(things(), pictures))


def main(arguments: list[str]) -> int:
    """Judge, write pictures, print figures."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    folded = load_emoji(options.weights)
    judge = judge_of(folded)
    with torch.inference_mode():
        contact_sheet(judge).save(options.out / "sheet.png")
        walk_sheet(judge).save(options.out / "walks.png")
        first, *others = walk_film(judge)
        first.save(options.out / "walks.webp", save_all=True, append_images=others, duration=1000 // WALK_FPS, loop=0)
        noise_sheet(judge).save(options.out / "noise.png")
        if not options.pictures_only:
            measured = asdict(figures(judge, every=options.every)) | {"pictures_a_second_on_one_core": speed(folded)}
            print(json.dumps(measured, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.judge_embedded", description="Judge the embedded model “Emoji”.")
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


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All that the model is held to; shares are 0 ... 1.

    Parameters
    ----------
    right
        Share of classes at truncation 0.5 whose picture is nearest to their own thing's, among all things' under the same conditions.
    step
        Mean distance of neighbouring frames of a walk, over that of classes.
    spread
        Least of all classes: how far its pictures spread under noise, over how far its training views do under the same noise.
    calm
        Spread at truncation 0.3, over that at 1.
    between_parents
        Share of mixtures that are nearer to both parents than to the mean picture, by edges.
    between_parents_by_pixels, exposures_by_pixels
        The same by pixels; and of double exposures instead of mixtures.
    own_shapes
        Distance of mixtures from double exposures of their parents, over the parents' distance.
    crisp
        How many things' pictures at full size have edges at least 0.8 as sharp as their own.
    sharpness
        Sharpness of edges over their own pictures', median of things.
    """

    right: float
    step: float
    spread: float
    calm: float
    between_parents: float
    between_parents_by_pixels: float
    exposures_by_pixels: float
    own_shapes: float
    crisp: int
    sharpness: float


def figures(judge: Judge, *, every: int = 1) -> Figures:
    """Measure; each `every`-th class only, where classes are judged one by one."""
    classes = torch.arange(0, CLASS_COUNT, every)
    crisp, sharpness = _crisp(judge)
    return Figures(
        right=_right(judge, classes),
        step=_steps(judge) / _between_classes(judge),
        spread=_spread(judge, classes),
        calm=_calm(judge),
        crisp=crisp,
        sharpness=sharpness,
        **_mixtures(judge),
    )


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


def _mixtures(judge: Judge) -> dict[str, float]:
    """Look at halves of two classes: whether they are nearer to both than to the mean picture, and no double exposures of them."""
    first, second = _pairs()
    z = noise(PAIRS, truncation=JUDGED_TRUNCATION, seed=4)
    vectors = (functional.one_hot(first, CLASS_COUNT) + functional.one_hot(second, CLASS_COUNT)) / 2
    one, other, mixed = (shrunk(judge.drawn(classes, z)) for classes in (first, second, vectors))
    exposed, mean = (one + other) / 2, torch.cat([one, other]).mean(dim=0, keepdim=True)

    def nearer(pictures: Tensor, space: Callable[[Tensor], Tensor]) -> float:
        furthest = torch.maximum(*(distance(space(pictures), space(parent)) for parent in (one, other)))
        return (furthest < distance(space(pictures), space(mean))).float().mean().item()

    return {
        "between_parents": nearer(mixed, edges),
        "between_parents_by_pixels": nearer(mixed, lambda pictures: pictures),
        "exposures_by_pixels": nearer(exposed, lambda pictures: pictures),
        "own_shapes": (distance(mixed, exposed) / distance(one, other)).mean().item(),
    }


def edges(pictures: Tensor) -> Tensor:
    """Give how strong edges of four directions are in each cell [B, 4, n, n] of pictures [B, 3, s, s]."""
    right, down = functional.pad(pictures.diff(dim=3), (0, 1)), functional.pad(pictures.diff(dim=2), (0, 0, 0, 1))
    directions = torch.stack([right, down, (right + down) / 2**0.5, (right - down) / 2**0.5], dim=1)
    return functional.avg_pool2d(directions.abs().amax(dim=2), CELL)


def _crisp(judge: Judge) -> tuple[int, float]:
    """Compare neighbouring pixels' differences at full size with the training's own views': count things nearly as sharp; the median."""
    classes = torch.tensor([thing.classes[0] for thing in things()])
    z = noise(len(classes), truncation=JUDGED_TRUNCATION, seed=7)
    full = replace(judge, pictures=load_pictures(things(), size=FULL_SIZE))
    ratios = _contrast(judge.drawn(classes, z)) / _contrast(full.seen(torch.arange(len(classes)), classes, z))
    return int((ratios >= CRISP).sum()), ratios.median().item()


def _contrast(pictures: Tensor) -> Tensor:
    """Give the root mean square of neighbouring pixels' differences [B]: a blurred edge has less than a sharp one."""
    return (pictures.diff(dim=2).square().mean(dim=(1, 2, 3)) + pictures.diff(dim=3).square().mean(dim=(1, 2, 3))).sqrt()


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


def walk_film(judge: Judge) -> list[Image.Image]:
    """Show all walks beside each other, moving."""
    walks = torch.stack([walk(judge, number, frames=2 * WALK_FRAMES) for number in range(WALKS)], dim=1)
    return [_sheet(frame, columns=WALKS // 2) for frame in walks]


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
