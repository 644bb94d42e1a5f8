"""Draws what songs give without any lyrics or settings, for `docs/gallery.md`: before, with the last release's settings, and now.

In: three tracks of Debian's game music, the embedded model. Out: a sheet each, `docs/images/song_*.jpg`, of moments that are evenly spread.

    python -m tools.song_sheets
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.bench_naming import CONTENDERS, film
from benchmarks.songs import game_music
from core.commands.asking import cache_folder
from core.generator import Generator, emoji_network
from core.network.running import Way
from core.protocol import Settings
from core.sound.listening import load
from tools.environments import ROOT

SONGS = ("a song", "ocean, calm", "halloween")  # nothing was tuned by the last one
IMAGES = ROOT / "docs" / "images"
ROWS = {"Before": ("the last release", 10), "Now": ("Chromastrip", 8)}
"""The benchmark's contenders, and how many pictures stand in a row."""
CELLS, WIDTH, CAPTION = 40, 1200, 24
QUALITY = 85
PAPER, INK = (24, 24, 24), (220, 220, 220)


def main() -> int:
    """Write the sheets."""
    for song in SONGS:
        parts = [
            part for words, (name, columns) in ROWS.items() for part in (caption(words), grid(moments(song, CONTENDERS[name]), columns))
        ]
        Image.fromarray(np.concatenate(parts)).save(sheet_path(song), quality=QUALITY, optimize=True)
    return 0


def sheet_path(song: str) -> Path:
    """Say where a song's sheet lies."""
    return IMAGES / f"song_{song.replace(',', '').replace(' ', '_')}.jpg"


def moments(song: str, settings: Settings) -> list[np.ndarray]:
    """Draw evenly spread frames of what the benchmark judges."""
    latents = film(load(game_music()[song], cache_folder() / "sounds"), settings)
    rows = np.linspace(0, len(latents) - 1, CELLS).round().astype(int).tolist()
    return [*Generator(emoji_network(), Way(device="cpu", precision="float32"), aspect=settings.aspect).draw(latents, rows)]


def grid(pictures: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Put pictures beside and below each other: uint8 [height, 1200, 3]."""
    width = WIDTH // columns
    height = width * pictures[0].shape[0] // pictures[0].shape[1]
    small = [np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)) for picture in pictures]
    return np.concatenate([np.concatenate(small[first : first + columns], axis=1) for first in range(0, len(small), columns)])


def caption(words: str) -> np.ndarray:
    """Write a line: uint8 [24, 1200, 3]."""
    line = Image.new("RGB", (WIDTH, CAPTION), PAPER)
    ImageDraw.Draw(line).text((6, 4), words, INK, font=ImageFont.load_default(14))
    return np.asarray(line)


if __name__ == "__main__":
    sys.exit(main())
