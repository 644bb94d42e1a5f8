"""Names the classes that Emoji draws well: `core/network/emoji_classes.txt`, of which a seed chooses.

In: `tools/things/classes.tsv`, the model, and the judge of `tools/judge_naming.py`. Out: one class for each distinct picture, the first
that somebody has tied to it by hand, else the first; without those of which the judge is not quite sure in each of four drawings as films
have them, wide and at the usual truncation, and without those that people could not name: `tools/things/unclear.txt`. Whoever trains the
model anew looks anew, and writes both files anew.

    python -m tools.emoji_classes
"""

import sys
from collections.abc import Sequence

import numpy as np
import torch

from core.commands.asking import DEFAULT_ASPECT
from core.generator import Generator, emoji_network
from core.latents import Latents
from core.network.running import Way
from core.protocol import Settings, class_names
from core.walk.themes import WELL_DRAWN
from tools.judge_embedded import noise
from tools.judge_naming import likelihoods, trained
from tools.things.classes import TABLE, Thing, things

DRAWINGS = 4
QUITE_SURE = 0.9  # more than a frame needs: in films, things are moved and mixed
SEED = 9
UNCLEAR = TABLE.with_name("unclear.txt")


def main() -> int:
    """Write the file."""
    torch.set_num_threads(1)
    tied = [line.split("\t")[3] for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    classes = [representative(thing, tied) for thing in things()]
    unclear = UNCLEAR.read_text(encoding="utf-8").splitlines()
    well = well_drawn(classes)
    chosen = [
        (number, thing.name) for number, thing, sure in zip(classes, things(), well, strict=True) if sure and thing.name not in unclear
    ]
    lines = [f"{number}  # {class_names.name(number)}: {name}\n" for number, name in sorted(chosen)]
    WELL_DRAWN.write_text("# One class for each picture that the model draws well: python -m tools.emoji_classes\n" + "".join(lines))
    return 0


def representative(thing: Thing, tied: list[str]) -> int:
    """Give the class that stands for a picture."""
    return next((number for number in thing.classes if tied[number] == "hand"), thing.classes[0])


def well_drawn(classes: Sequence[int]) -> np.ndarray:
    """Say of which things' classes the judge is quite sure in all drawings: bool [things]."""
    count = len(classes) * DRAWINGS
    truncation = Settings().truncation
    latents = Latents.of_columns(
        noise=noise(count, truncation=truncation, seed=SEED).numpy(),
        classes=classes,
        weights=np.eye(len(classes), dtype=np.float32).repeat(DRAWINGS, axis=0),
        class_floor=np.zeros(count, np.float32),
        truncation=np.full(count, truncation, np.float32),
    )
    generator = Generator(emoji_network(), Way(device="cpu", precision="float32"), aspect=DEFAULT_ASPECT)
    own = likelihoods(trained(), generator.draw(latents, range(count))).reshape(len(classes), DRAWINGS, -1)[
        np.arange(len(classes)), :, np.arange(len(classes))
    ]
    return own.min(axis=1) >= QUITE_SURE


if __name__ == "__main__":
    sys.exit(main())
