"""How well does the picture follow the music: how late is its motion, and how alike is it to the hits?

Onset strength is held against the speed of the noise, and against the change from picture to picture, for Chromastrip's look and for both
originals'. A lag above 0 is late.
"""

import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.measure import Figure, write_results
from benchmarks.songs import DEMO_SONG
from core.generator import Generator, abstract_network
from core.latents import make_latents
from core.network.running import Way
from core.protocol import Look, Settings
from core.sound import audio, features
from core.walk.positions import control_positions, sample
from tests import real_music, sounds
from tests.following import lag
from tools import debian

FPS = Fraction(30)
SEEDS = range(3)
DRAWN_FRAMES = 360  # from the middle of each film
BARS = {"noise": 0.5, "pictures": 1.0}  # frames: what the default look promises


def main() -> None:
    generator = Generator(abstract_network(), Way(device="cpu", precision="float32"))
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        clicks = sounds.write(Path(folder) / "clicks.wav", sounds.click_track(seconds=12))
        for sound, path in {"demo song": DEMO_SONG, "click track": clicks, **_real_music()}.items():
            heard = features.analyse(audio.load(path))
            for look in Look:
                figures += compare(f"{look}, {sound}", heard, look, generator)
    remarks = f"At {FPS} frames a second, model Abstract, one repeat for each seed; pictures of 12 s from the middle."
    write_results("following", question=__doc__, figures=figures, remarks=remarks)


def _real_music() -> dict[str, Path]:
    """Give two tracks of a Debian package where they can be had."""
    try:
        tracks = real_music.tracks()
    except debian.NoPackageError:
        return {}
    return {"a race's drums": tracks["race"], "piano and strings": tracks["calm"]}


def compare(name: str, heard: features.Features, look: Look, generator: Generator) -> list[Figure]:
    """Measure one look on one sound, for each seed: lag and correlation of noise and of pictures."""
    measured = [follow(heard, Settings(look=look, seed=seed), generator) for seed in SEEDS]
    figures = []
    for what in ("noise", "pictures"):
        lags, likenesses = zip(*(values[what] for values in measured), strict=True)
        promise = {"bar": f"within {BARS[what]:g} frame", "kept": max(map(abs, lags)) <= BARS[what]} if look == Look.CHROMASTRIP else {}
        figures.append(Figure(name=f"{name}: lag of the {what}", unit="frames", values=lags, **promise))
        figures.append(Figure(name=f"{name}: correlation of the {what}", unit="", values=likenesses))
    return figures


def follow(heard: features.Features, settings: Settings, generator: Generator) -> dict[str, tuple[float, float]]:
    """Give lag in frames and correlation, of noise and of pictures."""
    frame_count = int(len(heard.energy) / features.CONTROL_RATE * FPS)
    film = {"source_start_seconds": Fraction(0), "frame_count": frame_count, "fps": FPS}
    latents = make_latents(heard, settings, **film)
    hits = sample(heard.onset_strength.astype(float), control_positions(**film))[1:-1]
    first = max(0, frame_count // 2 - DRAWN_FRAMES // 2)
    drawn = range(first, min(first + DRAWN_FRAMES, frame_count))
    pictures = np.stack([*generator.draw(latents, drawn)]).astype(np.float32)
    change = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3))
    return {
        "noise": lag(hits, np.linalg.norm(latents.noise[2:] - latents.noise[:-2], axis=1)),
        "pictures": lag(hits[drawn.start : drawn.stop - 2], change[1:] + change[:-1]),
    }


if __name__ == "__main__":
    main()
