"""How many times real time is the analysis of a 4-minute song, first and cached?

Every repeat is a process of its own, as a worker is: it analyses a song that it has never heard, finds the analysis kept, turns it into a
film's latents, and analyses it again. One more process hears an hour of it.
"""

import statistics
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, in_fresh_process, peak_memory_mb, seconds, write_results
from benchmarks.songs import write_song
from core.latents import Latents, make_latents
from core.protocol import Settings
from core.sound import audio, features, structure
from tools.environments import ROOT, clean_environ

REPEATS = 5
SONG_SECONDS = 240
LONG_SECONDS = 3600
FASTER_THAN_REAL_TIME = 60
FPS = Fraction(30)
IMPORTS = "import core.sound.features, librosa; librosa.feature.chroma_cqt, librosa.resample"  # its parts load when first named


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        song = write_song(Path(folder) / "song.ogg", seconds=SONG_SECONDS)
        in_fresh_process(listen, song, Path(folder) / "warm-up")
        repeats = [in_fresh_process(listen, song, Path(folder) / f"repeat-{repeat}") for repeat in range(REPEATS)]
        hour = in_fresh_process(listen_for_long, write_song(Path(folder) / "hour.ogg", seconds=LONG_SECONDS))
    measured = {name: [values[name] for values in repeats] for name in repeats[0]}

    def speed(name: str, key: str, *, bar: float | None = None) -> Figure:
        values = [SONG_SECONDS / value for value in measured[key]]
        promise = {} if bar is None else {"bar": f"at least {bar:g}", "kept": statistics.median(values) >= bar}
        return Figure(name=name, unit="x real time", values=values, **promise)

    figures = [
        speed("first analysis in a fresh process, decoding included", "first"),
        speed("analysis of a new song in a worker that has heard one", "again", bar=FASTER_THAN_REAL_TIME),
        speed("the same song, analysis kept", "kept"),
        speed(f"latents at {FPS} frames a second", "latents"),
        Figure(name="first analysis", unit="s", values=measured["first"]),
        Figure(name="kept analysis", unit="s", values=measured["kept"]),
        Figure(name="suggesting its parts", unit="s", values=measured["parts"]),
        Figure(name=f"latents of {SONG_SECONDS * FPS} frames", unit="s", values=measured["latents"]),
        Figure(name="starting a Python that has imported what analyses (librosa, numba)", unit="s", values=measured["importing"]),
        Figure(name="peak memory of the process before the analysis", unit="MB", values=measured["memory before"]),
        Figure(name="peak memory of the process after the analysis", unit="MB", values=measured["memory after"]),
        *(Figure(name=f"an hour: {name}", unit="MB" if "memory" in name else "s", values=[value]) for name, value in hour.items()),
    ]
    write_results(
        "listening",
        question=__doc__,
        figures=figures,
        remarks="The demo song repeated to 4 minutes, 44.1 kHz stereo Ogg Vorbis. “Kept” includes the file's digest.",
    )


def listen(song: Path, folder: Path) -> dict[str, float]:
    """Do all of it once: seconds and megabytes by name."""

    def load() -> features.Features:
        return features.load(song, folder, digest=features.file_digest(song))

    def walk() -> Latents:
        return make_latents(load(), Settings(), source_start_seconds=Fraction(0), frame_count=int(SONG_SECONDS * FPS), fps=FPS)

    return {
        "memory before": peak_memory_mb(),
        "first": seconds(load),
        "memory after": peak_memory_mb(),
        "kept": seconds(load),
        "latents": seconds(walk) - seconds(load),
        "again": seconds(lambda: features.analyse(audio.load(song))),
        "parts": seconds(lambda: structure.suggest(load())),
        "importing": seconds(lambda: subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, env=clean_environ(), check=True)),
    }


def listen_for_long(song: Path) -> dict[str, float]:
    """Hear a long song step by step: seconds, and the process' peak memory after each step."""
    heard: list[Any] = []
    steps = {
        "decoding": lambda: heard.append(audio.load(song)),
        "analysis": lambda: heard.append(features.analyse(heard[0])),
        "suggesting its parts": lambda: structure.suggest(heard[1]),
    }
    measured: dict[str, float] = {"peak memory before": peak_memory_mb()}
    for name, step in steps.items():
        measured |= {name: seconds(step), f"peak memory after {name}": peak_memory_mb()}
    return measured


if __name__ == "__main__":
    main()
