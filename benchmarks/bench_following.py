"""How well does the picture follow the music: how late does it change, and how alike are its changes to the hits?

Onset strength, halfway between two frames, is held against the change from one picture to the next (means of 64 x 64 cells), for
Chromastrip's look as it comes, for the same without hits, and for both originals'. A lag above 0 is late.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.measure import Figure, write_results
from benchmarks.songs import DEMO_SONG, HELD_OUT, game_music
from core.generator import Generator, emoji_network
from core.latents import make_latents
from core.network.running import Way
from core.protocol import Look, Settings
from core.sound import audio, features
from core.walk.positions import control_positions, sample
from tests.following import lag
from tools import debian

RATES = (Fraction(25), Fraction(30))
DRAWN_SECONDS = 12  # from the middle of each
CELLS = 64
LEAST_LIKENESS, LONGEST_LAG, LEAST_TRACKS = 0.6, 0.5, 8
CONTENDERS = {
    "Chromastrip": Settings(),
    "Chromastrip without hits": Settings(hit=0.0),
    "msieg": Settings(look=Look.ORIGINAL_MSIEG),
    "rushk": Settings(look=Look.ORIGINAL_RUSHK),
}


def main() -> None:
    generator = Generator(emoji_network(), Way(device="cpu", precision="float32"))
    figures = []
    heard, held_out = ({track: features.analyse(audio.load(path)) for track, path in music.items()} for music in _music())
    for name, settings in CONTENDERS.items():
        figures += compare(name, heard, settings, generator)
    if held_out:
        figures += compare("Chromastrip", held_out, CONTENDERS["Chromastrip"], generator)
    remarks = (
        f"All settings as they come, model Emoji, one repeat each at {' and '.join(map(str, RATES))} frames a second; {DRAWN_SECONDS} s"
        " from the middle. The tracks are game music of Debian's, chosen before anything was tuned; those held out were first heard here."
    )
    write_results("following", question=__doc__, figures=figures, remarks=remarks)


def _music() -> tuple[dict[str, Path], dict[str, Path]]:
    """Give ten tracks, and those held out, where Debian's packages can be had."""
    try:
        return game_music(), game_music(HELD_OUT)
    except debian.NoPackageError:
        return {"demo song": DEMO_SONG}, {}


def compare(name: str, music: dict[str, features.Features], settings: Settings, generator: Generator) -> list[Figure]:
    """Measure one look on all tracks at all rates."""
    figures, good = [], []
    for track, heard in music.items():
        lags, likenesses = zip(*(follow(heard, settings, generator, fps=fps) for fps in RATES), strict=True)
        good.append(min(likenesses) >= LEAST_LIKENESS and max(map(abs, lags)) <= LONGEST_LAG)
        figures.append(Figure(name=f"{name}, {track}: correlation", unit="", values=likenesses))
        figures.append(Figure(name=f"{name}, {track}: lag", unit="frames", values=lags))
    promised = name == "Chromastrip" and len(music) >= LEAST_TRACKS
    promise = {"bar": f"{LEAST_TRACKS} of 10", "kept": sum(good) >= LEAST_TRACKS} if promised else {}
    whole = f"{name}: tracks of {len(good)} with at least {LEAST_LIKENESS} within half a frame, at both rates"
    return [Figure(name=whole, unit="", values=[sum(good)], **promise), *figures]


def follow(heard: features.Features, settings: Settings, generator: Generator, *, fps: Fraction) -> tuple[float, float]:
    """Give lag in frames and correlation of the pictures' changes."""
    seconds = len(heard.energy) / features.CONTROL_RATE
    start = max(Fraction(0), Fraction(int(seconds - DRAWN_SECONDS), 2))
    count = int(min(DRAWN_SECONDS, seconds) * fps)
    latents = make_latents(heard, settings, source_start_seconds=start, frame_count=count, fps=fps)
    halfway = control_positions(source_start_seconds=start + Fraction(1, 2) / fps, frame_count=count - 1, fps=fps)
    pictures = np.stack([_cells(picture) for picture in generator.draw(latents, range(count))])
    return lag(sample(heard.onset_strength.astype(float), halfway), np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3)))


def _cells(picture: np.ndarray) -> np.ndarray:
    """Average a picture over cells: float32 [64, 64, 3]."""
    block = len(picture) // CELLS
    return picture.reshape(CELLS, block, CELLS, block, 3).mean(axis=(1, 3), dtype=np.float32)


if __name__ == "__main__":
    main()
