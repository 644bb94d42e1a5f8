"""Judge whether a film's frames can be named: a small classifier of the things that the embedded model has learnt to draw.

In: the training's own views of all things, see `tools/things/views.py`, in the colours and on the grounds of any class of a thing, moved by
noise of any truncation. Out: for pictures, how likely each thing is. It serves to judge only: no film depends on it.

    python -m tools.judge_naming                  train it, once, into the user's cache folder; say how often it is right
    python -m tools.judge_naming PICTURE ...      say what it sees
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from core.commands.asking import cache_folder
from core.files import write_whole
from tools.things.classes import Thing, things
from tools.things.network import noise_matrix
from tools.things.views import Pictures, class_units, load_pictures, view

SIZE = 64
"""Width and height of what it sees, in pixels."""
SURE = 0.5
"""A frame can be named where one thing is at least so likely."""
VERSION = 1
"""Part of the file's name: raise it when it is trained otherwise."""
WIDTHS = (24, 48, 96, 160)
POOLED = 2
BATCH, STEPS = 96, 800
TOLD_STEPS = 50
MOST_RATE = 6e-3
UNSEEN_SEED, UNSEEN_VIEWS = 1_000_000, 4  # of each thing
JUDGED_AT_ONCE = 100


def main(arguments: Sequence[str]) -> int:
    """Train, or say what is seen."""
    parser = argparse.ArgumentParser(prog="python -m tools.judge_naming", description="Say which thing a picture shows.")
    parser.add_argument("pictures", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # so that sums come in one order
    classifier = trained()
    if not options.pictures:
        print(f"Right on {share_right(classifier, things()):.1%} of views that it has not seen, at truncations from 0 to 1.")
    for path in options.pictures:
        (likely,) = likelihoods(classifier, [np.asarray(Image.open(path).convert("RGB"))])
        print(f"{path}: {things()[int(likely.argmax())].name} ({likely.max():.2f})")
    return 0


class Classifier(nn.Sequential):
    """Four convolutions that halve, and a linear layer."""

    def __init__(self, thing_count: int) -> None:
        layers: list[nn.Module] = []
        for before, after in zip((3, *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(POOLED), nn.Flatten(), nn.Linear(WIDTHS[-1] * POOLED**2, thing_count))


# Training -------------------------------------------------------------------------------------------------------------------------------


def trained(folder: Path | None = None) -> Classifier:
    """Give the classifier of all things, trained once: about ten minutes on one core."""
    path = (folder or cache_folder() / "judge") / f"naming-{VERSION}.safetensors"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save(train(things(), steps=STEPS).state_dict()))
    classifier = Classifier(len(things()))
    classifier.load_state_dict(load_file(path))
    return classifier.eval()


def train(learned: Sequence[Thing], *, steps: int, seed: int = 1) -> Classifier:
    """Train a classifier of some things; the same seed gives the same one on one machine."""
    torch.manual_seed(seed)
    classifier, views = Classifier(len(learned)), Views(learned)
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=MOST_RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=MOST_RATE, total_steps=steps)
    classifier.train()
    for step in range(steps):
        rng = torch.Generator().manual_seed(seed * 10_000 + step)
        chosen = torch.randint(len(learned), (BATCH,), generator=rng)
        loss = functional.cross_entropy(classifier(views.seen(chosen, rng)), chosen)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % TOLD_STEPS == 0:
            print(f"step {step} of {steps}: loss {loss.item():.2f}", file=sys.stderr, flush=True)
    return classifier.eval()


class Views:
    """The training's views of some things."""

    def __init__(self, learned: Sequence[Thing]) -> None:
        self._pictures: Pictures = load_pictures(learned, size=SIZE)
        units = class_units(learned, self._pictures)
        self._units = [units[list(thing.classes)] for thing in learned]

    def seen(self, chosen: Tensor, rng: torch.Generator) -> Tensor:
        """Show things [B] as any of their classes, under noise of any truncation: float32 [B, 3, 64, 64], -1 ... 1."""
        lots = torch.rand(len(chosen), generator=rng).tolist()
        own = [self._units[place][int(lot * len(self._units[place]))] for place, lot in zip(chosen.tolist(), lots, strict=True)]
        noise = torch.nn.init.trunc_normal_(torch.empty(len(chosen), noise_matrix().shape[1]), a=-2, b=2, generator=rng)
        truncation = torch.rand(len(chosen), 1, generator=rng)
        return view(self._pictures, chosen, torch.stack(own) + truncation * noise @ noise_matrix().T)[0]


def share_right(classifier: Classifier, learned: Sequence[Thing], *, seed: int = UNSEEN_SEED) -> float:
    """Say how often it names views that it was not trained with rightly."""
    views, right = Views(learned), 0
    with torch.inference_mode():
        for number in range(UNSEEN_VIEWS):
            every = torch.arange(len(learned))
            seen = views.seen(every, torch.Generator().manual_seed(seed + number))
            right += int((classifier(seen).argmax(dim=1) == every).sum())
    return right / (UNSEEN_VIEWS * len(learned))


# Judging --------------------------------------------------------------------------------------------------------------------------------


def likelihoods(classifier: Classifier, pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Say how likely each thing is in each picture.

    Parameters
    ----------
    classifier
        Of n things.
    pictures
        uint8 [height, width, 3]. Of one that is not square, the middle square is judged.

    Returns
    -------
    np.ndarray
        float32 [N, n], rows that sum to 1.
    """
    with torch.inference_mode():
        seen = torch.cat([_seen(picture) for picture in pictures])
        return torch.cat([classifier(part).softmax(dim=1) for part in seen.split(JUDGED_AT_ONCE)]).numpy()


def _seen(picture: np.ndarray) -> Tensor:
    """Shrink the middle square: float32 [1, 3, 64, 64], -1 ... 1."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = torch.from_numpy(np.array(picture[top : top + side, left : left + side])).permute(2, 0, 1)[None].float()
    return functional.interpolate(square, (SIZE, SIZE), mode="area") / 127.5 - 1


def share_named(likely: np.ndarray, own: Iterable[int]) -> float:
    """Say in how many rows one of a film's own things is at least as likely as `SURE`: 0 ... 1."""
    return float((likely[:, sorted(set(own))].max(axis=1, initial=0) >= SURE).mean())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
