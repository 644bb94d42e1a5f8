"""Draws sheets of songs for somebody who names what is seen, and keeps what is shown in a file to be opened afterwards.

In: songs, a seed for the first one, one more for each next. Out: for each song a sheet of moments of a film with all settings as they come,
evenly spread over 40 s from its middle and numbered; and `truth.json`, which things each moment shows and how strongly.

    python -m tools.blind_sheets --out FOLDER [--seed N] SONG ...
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.bench_naming import film
from core.commands.asking import DEFAULT_ASPECT, cache_folder
from core.generator import Generator, emoji_network
from core.latents import Latents
from core.network.running import Way
from core.protocol import Settings
from core.sound.listening import load
from tools.things.classes import thing_of_class, things

CELLS, COLUMNS = 10, 4
WIDTH, CAPTION = 380, 18
SHOWN = 0.05  # what is fainter is not told
TRUTH = "truth.json"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A frame of a film, uint8 [height, width, 3], and how strongly each thing shows."""

    picture: np.ndarray
    shown: dict[str, float]


def main(arguments: Sequence[str]) -> int:
    """Draw the sheets."""
    parser = argparse.ArgumentParser(prog="python -m tools.blind_sheets", description="Draw numbered moments of songs' films, to be named.")
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    truth = {}
    for number, song in enumerate(options.songs):
        seen = moments(song, Settings(aspect=DEFAULT_ASPECT, seed=options.seed + number))
        sheet(seen, number).save(options.out / f"{number}.png")
        truth |= {f"{number}.{place}": moment.shown for place, moment in enumerate(seen)}
    (options.out / TRUTH).write_text(json.dumps(truth, indent=1), encoding="utf-8")
    return 0


def moments(song: Path, settings: Settings) -> list[Moment]:
    """Draw evenly spread frames of a song's film."""
    latents = film(load(song, cache_folder() / "sounds"), settings)
    rows = np.linspace(0, len(latents) - 1, CELLS).round().astype(int).tolist()
    drawn = Generator(emoji_network(), Way(device="cpu", precision="float32"), aspect=settings.aspect).draw(latents, rows)
    return [Moment(picture=picture, shown=shown(latents, row)) for row, picture in zip(rows, drawn, strict=True)]


def shown(latents: Latents, row: int) -> dict[str, float]:
    """Say how strongly each thing shows in a row, the strongest first."""
    (weights,) = latents.class_vectors([row], class_total=len(thing_of_class()))
    order = [int(number) for number in np.argsort(-weights) if weights[number] > SHOWN]
    return {things()[thing_of_class()[number]].name: round(float(weights[number]), 2) for number in order}


def sheet(seen: Sequence[Moment], number: int) -> Image.Image:
    """Put moments beside and below each other, each with its number."""
    height = WIDTH * seen[0].picture.shape[0] // seen[0].picture.shape[1]
    whole = Image.new("RGB", (COLUMNS * WIDTH, -(-len(seen) // COLUMNS) * (height + CAPTION)))
    for place, moment in enumerate(seen):
        left, top = place % COLUMNS * WIDTH, place // COLUMNS * (height + CAPTION)
        whole.paste(Image.fromarray(moment.picture).resize((WIDTH, height), Image.Resampling.LANCZOS), (left, top + CAPTION))
        ImageDraw.Draw(whole).text((left + 4, top + 2), f"{number}.{place}", font=ImageFont.load_default(13))
    return whole


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
