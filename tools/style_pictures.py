"""Draws the pictures of the styles and of the embedded models: `addon/ready_made/styles/*.png`, `models/*.png`.

In: the presets, the demo song, the embedded models. Out: for each style and model, four frames of its film in one small picture.

    python -m tools.style_pictures [NAME ...]
"""

import ast
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.commands.asking import cache_folder
from core.generator import Generator, Network, abstract_network, emoji_network
from core.latents import make_latents
from core.network.running import Way
from core.protocol import PARAMETERS, Model, Settings
from core.sound.listening import load

ROOT = Path(__file__).resolve().parents[1]
READY_MADE = ROOT / "addon" / "ready_made"
SONG = ROOT / "tools" / "demo_song.ogg"
SEED = 2
MOMENTS = (0.1, 0.36, 0.62, 0.88)  # of the song
SIDE = 64  # pixels of each of the four


def main(names: list[str]) -> int:
    """Draw the styles and models that are named, or all styles that have a picture."""
    networks = {Model.EMOJI: emoji_network, Model.ABSTRACT: abstract_network}
    for name in names or [path.stem for path in (READY_MADE / "styles").glob("*.png")]:
        if name in networks:
            draw(Settings(seed=SEED, model=Model(name)), networks[Model(name)](), READY_MADE / "models" / f"{name}.png")
        else:
            chosen = settings(READY_MADE / "presets" / "chromastrip" / f"{name}.py")
            draw(chosen, emoji_network(), READY_MADE / "styles" / f"{name}.png")
    return 0


def draw(chosen: Settings, network: Network, path: Path) -> None:
    """Draw four moments of a film."""
    generator = Generator(network, Way(device="cpu", precision="float32"))
    heard = load(SONG, cache_folder() / "sounds")
    times = (Fraction(round(25 * moment * heard.seconds), 25) for moment in MOMENTS)
    films = [make_latents(heard, chosen, source_start_seconds=time, frame_count=1, fps=Fraction(25)) for time in times]
    pictures = [next(iter(generator.draw(film, [0]))) for film in films]
    whole = np.concatenate([np.concatenate(pictures[:2], axis=1), np.concatenate(pictures[2:], axis=1)])
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(whole).resize((2 * SIDE, 2 * SIDE), Image.Resampling.LANCZOS).save(path)


def settings(preset: Path) -> Settings:
    """Read the numbers of a preset."""
    lines = [line.removeprefix("settings.").split(" = ") for line in preset.read_text().splitlines() if line.startswith("settings.")]
    numbers: dict[str, Any] = {name: ast.literal_eval(value) for name, value in lines if name in PARAMETERS}
    return Settings(seed=SEED, **numbers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
