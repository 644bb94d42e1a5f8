"""How long until a fully cached film of 10 000 frames is ready?

Ready: each picture looked up and checked against its digest, each frame's file in its place. With the sync card, whose pictures are
tiny, and with pictures of Abstract's size; with the film's folder still there, and with the folder gone, so that all links are new.
"""

import shutil
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

from benchmarks.measure import Figure, interleave, seconds, write_results
from benchmarks.songs import write_song
from core import pictures, pipeline
from core.backends import Backends
from core.cache import FrameCache
from core.latents import Latents, make_latents
from core.protocol import Model, RenderRequest, Settings
from core.sound import features
from tools.environments import ROOT, clean_environ

REPEATS = 7
FRAMES = 10_000
FPS = Fraction(30)
DISTINCT_PICTURES = 64


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        song = write_song(folder / "song.ogg", seconds=float(FRAMES / FPS))
        card, abstract = (request(song, folder, model=model) for model in (Model.SYNC_CARD, Model.ABSTRACT))
        pipeline.render(card, open_backend=Backends().open)
        picture_bytes = fill_cache(abstract)
        contenders = {
            "sync card, film folder there": lambda: replay(card),
            "sync card, film folder gone": lambda: replay(card, folder_is_there=False),
            "Abstract, film folder there": lambda: replay(abstract),
            "Abstract, film folder gone": lambda: replay(abstract, folder_is_there=False),
            "sync card by the command line, process start included": lambda: seconds(lambda: run_command_line(card)),
        }
        measured = interleave(contenders, repeats=REPEATS)
    write_results(
        "replay",
        question=__doc__,
        figures=[Figure(name=name, unit="s", values=values) for name, values in measured.items()],
        remarks=f"Sound analysed before; pictures in the system's file cache; Abstract's pictures weigh {picture_bytes / 1e3:.0f} kB each.",
    )


def request(song: Path, folder: Path, *, model: Model) -> RenderRequest:
    return RenderRequest(
        name="replay",
        sound_path=str(song),
        source_start_seconds=Fraction(0),
        frame_count=FRAMES,
        fps=FPS,
        settings=Settings(model=model),
        frames_folder=str(folder / model),
        cache_folder=str(folder / "cache"),
    )


def fill_cache(asked: RenderRequest) -> float:
    """Put a few of Abstract's pictures into the cache under all names of a film; return the mean size of one in bytes."""
    latents = _latents(asked)
    generator = Backends().open(asked)
    rows = range(0, FRAMES, FRAMES // DISTINCT_PICTURES)
    encoded = [pictures.encode_png(picture) for picture in generator.draw(latents, rows)]
    cache = FrameCache(Path(asked.cache_folder) / "pictures")
    for row, key in enumerate(generator.cache_keys(latents)):
        cache.store(key, encoded[row * len(encoded) // FRAMES])  # each for a while: a film that flashes would be drawn again
    pipeline.render(asked, open_backend=Backends().open)
    return sum(map(len, encoded)) / len(encoded)


def replay(asked: RenderRequest, *, folder_is_there: bool = True) -> float:
    if not folder_is_there:
        shutil.rmtree(asked.frames_folder)
    films: list[pipeline.Film] = []
    elapsed = seconds(lambda: films.append(pipeline.render(asked, open_backend=Backends().open)))  # a fresh backend, as in a fresh worker
    assert films[0].drawn_count == 0
    return elapsed


def run_command_line(asked: RenderRequest) -> None:
    film = [asked.sound_path, "--out", asked.frames_folder, "--cache", asked.cache_folder, "--model", asked.settings.model]
    length = ["--fps", str(FPS), "--seconds", str(FRAMES / FPS)]
    subprocess.run(
        [sys.executable, "-m", "core", "render", *film, *length, "--json"],
        cwd=ROOT,
        env=clean_environ(),
        check=True,
        stderr=subprocess.DEVNULL,
    )


def _latents(asked: RenderRequest) -> Latents:
    sound = Path(asked.sound_path)
    heard = features.load(sound, Path(asked.cache_folder) / "sounds", digest=features.file_digest(sound))
    return make_latents(heard, asked.settings, source_start_seconds=Fraction(0), frame_count=FRAMES, fps=FPS)


if __name__ == "__main__":
    main()
