"""Draws the small pictures of all things that the panel's lists and its search show: `addon/ready_made/things.jpg`.

In: the embedded model Emoji. Out: one sheet, a picture a class, in rows from the upper left.

    python -m tools.thing_pictures
"""

import sys
from pathlib import Path

import torch
from PIL import Image
from torch.nn import functional

from core.network import reference
from core.network.architecture import NOISE_UNITS
from core.network.emoji import load_emoji
from core.protocol.class_names import CLASS_COUNT

SHEET = Path(__file__).resolve().parents[1] / "addon" / "ready_made" / "things.jpg"
COLUMNS, SIDE = 40, 32  # `addon/thing_pictures.py` cuts it up by these
TRUNCATION = 0.5
BATCH = 20
QUALITY = 85


def main() -> int:
    """Draw each class without noise, and write the sheet."""
    network = reference.prepare(load_emoji(), dtype=torch.float32)
    sheet = Image.new("RGB", (COLUMNS * SIDE, CLASS_COUNT // COLUMNS * SIDE))
    with torch.inference_mode():
        for classes in torch.arange(CLASS_COUNT).split(BATCH):
            vectors = functional.one_hot(classes, CLASS_COUNT).float()
            noise, truncations = torch.zeros(len(classes), NOISE_UNITS), torch.full((len(classes),), TRUNCATION)
            for number, pixels in zip(classes.tolist(), reference.draw(network, noise, vectors, truncations)[0].numpy(), strict=True):
                small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
                sheet.paste(small, (number % COLUMNS * SIDE, number // COLUMNS * SIDE))
    sheet.save(SHEET, quality=QUALITY)
    return 0


if __name__ == "__main__":
    sys.exit(main())
