"""What does a film of the published size cost beside its network: the wait for the first frame, loading, encoding, memory?

Random weights of full size at 512 px. First frames are those of the command line in a fresh process, whose sound is analysed already; a
film's speed stands beside that of its network alone, in turns; memory is the peak of a process of its own for each film.
"""

import functools
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.measure import Figure, in_fresh_process, interleave, lone_process, peak_memory_mb, seconds, write_results
from benchmarks.songs import DEMO_SONG
from core import pictures, pipeline
from core.backends import Backends
from core.latents import latents_of
from core.models.store import ModelStore
from core.network.architecture import ARCHITECTURES
from core.protocol import Machine, Model, PictureFormat, Precision, RenderRequest, Settings
from core.sound import features
from core.sound.listening import listen
from tools.environments import ROOT, clean_environ
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

NAME = "biggan-deep-512"
REPEATS, FILMS, PICTURES, ENCODED = 5, 5, 12, 15
LENGTHS = {128: (50, 400), 512: (10, 40)}
SECOND_START_SECONDS, BUSY_PERCENT = 2, 95
_SEEDS = itertools.count(1)


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        models = make_models(folder)
        figures = [*first_frames(folder, models), *shares(stack, folder, models), *encoders(), *memories(folder, models)]
    write_results(
        "films",
        question=__doc__,
        figures=figures,
        remarks="The network's own speed includes the mapping to 8 bits. The first start folds the weights, later ones map them from disk.",
    )


def make_models(folder: Path) -> Path:
    """Write weights of 128 px (as a user's own) and of 512 px (as the published ones), and analyse the song."""
    for name, size in ((NAME, 512), ("own-128", 128)):
        architecture = ARCHITECTURES[f"biggan-deep-{size}"]
        write_checkpoint(folder / "made" / name, checkpoint_tensors(architecture), architecture)
    models = folder / "models"
    store = ModelStore(models, cache_folder=folder / "cache")
    for name in (NAME, "own-128"):
        store.add(folder / "made" / name, name=name)
    features.load(DEMO_SONG, folder / "cache" / "sounds", digest=features.file_digest(DEMO_SONG))
    return models


# The first frame ------------------------------------------------------------------------------------------------------------------------


def first_frames(folder: Path, models: Path) -> list[Figure]:
    cold, second, warm = [], [], []
    for _ in range(REPEATS):
        for folded in models.rglob("*.safetensors"):
            folded.unlink()
        cold.append(from_the_command_line(folder, models))
        second.append(from_the_command_line(folder, models))
        warm.append(in_fresh_process(in_a_warm_worker, folder, models))
    loads = [in_fresh_process(load, folder, models) for _ in range(REPEATS)]
    return [
        Figure(name="512 px: first frame, the model's first start on this machine", unit="s", values=cold),
        Figure(name="512 px: first frame, every later start", unit="s", values=second),
        Figure(name="512 px: first frame in a worker that has the model", unit="s", values=warm),
        Figure(
            name="512 px: loading the model, every start but the first, PyTorch imported",
            unit="s",
            values=loads,
            bar=f"under {SECOND_START_SECONDS} s",
            kept=float(np.median(loads)) < SECOND_START_SECONDS,
        ),
    ]


def from_the_command_line(folder: Path, models: Path) -> float:
    """Start a film of few pictures, and see when the first one is told to be there."""
    words = ["render", DEMO_SONG, "--out", folder / "films", "--cache", folder / "cache", "--model", NAME, "--fps", "10"]
    command = [sys.executable, "-m", "core", *words, "--seconds", "0.4", "--device", "cpu", "--seed", next(_SEEDS), "--json"]
    started = time.perf_counter()
    environ = clean_environ(CHROMASTRIP_MODELS=str(models))
    with subprocess.Popen([*map(str, command)], cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            said = json.loads(line)
            if said.get("stage") == "Drawing" and said["done"] > 0:
                elapsed = time.perf_counter() - started
                process.stderr.read()
                return elapsed
    raise RuntimeError("The film was not drawn.")


def in_a_warm_worker(folder: Path, models: Path) -> float:
    backends = Backends(models_folder=models)
    first: list[float] = []
    for _ in range(2):
        asked, started = request(folder, NAME, frames=4), time.perf_counter()
        first.clear()

        def note(stage: object, done: int, _: int, started: float = started) -> None:
            if stage == "Drawing" and done and not first:
                first.append(time.perf_counter() - started)

        pipeline.render(asked, open_backend=backends.open, report=note)
    return first[0]


def load(folder: Path, models: Path) -> float:
    return seconds(Backends(models_folder=models).open(request(folder, NAME, frames=1)).load)


# Beside the network ---------------------------------------------------------------------------------------------------------------------


def shares(stack: ExitStack, folder: Path, models: Path) -> list[Figure]:
    contenders = {
        "network": _alone(stack.enter_context(lone_process()), network_alone, folder, models),
        "film": _alone(stack.enter_context(lone_process()), whole_film, folder, models),
    }
    measured = interleave(contenders, repeats=FILMS)
    busy = [100 * alone / film for alone, film in zip(measured["network"], measured["film"], strict=True)]
    return [
        Figure(name="512 px: the network alone", unit="s/picture", values=measured["network"]),
        Figure(name="512 px: a film, from the first picture begun to all frames on disk", unit="s/picture", values=measured["film"]),
        Figure(
            name="512 px: of the network's own speed, while a film is drawn",
            unit="%",
            values=busy,
            bar=f"at least {BUSY_PERCENT}",
            kept=float(np.median(busy)) >= BUSY_PERCENT,
        ),
    ]


def _alone(process: ProcessPoolExecutor, work: Callable[[Path, Path], float], folder: Path, models: Path) -> Callable[[], float]:
    return lambda: process.submit(work, folder, models).result()


def network_alone(folder: Path, models: Path) -> float:
    asked = request(folder, NAME, frames=PICTURES)
    backend = _backends(models).open(asked)
    latents = latents_of(asked, listen(asked))
    backend.load()
    return seconds(lambda: [*backend.draw(latents, range(PICTURES))]) / PICTURES


def whole_film(folder: Path, models: Path) -> float:
    began: list[float] = []

    def note(stage: object, _done: int, _total: int) -> None:
        if stage == "Loading model":  # it is loaded: drawing begins here
            began.append(time.perf_counter())

    pipeline.render(request(folder, NAME, frames=PICTURES), open_backend=_backends(models).open, report=note)
    return (time.perf_counter() - began[0]) / PICTURES


@functools.cache
def _backends(models: Path) -> Backends:
    return Backends(models_folder=models)


def encoders() -> list[Figure]:
    """Time the encoders on a picture with edges, light and grain."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:512, 0:512]
    light = np.stack([128 + 90 * np.sin((x + 2 * y + 70 * k) / (40 + 9 * k)) for k in range(3)], axis=2)
    light[((x // 64 + y // 64) % 3 == 0)] *= 0.6
    picture = np.clip(light + rng.normal(0, 3, light.shape), 0, 255).astype(np.uint8)
    return [
        Figure(name=f"encoding 512 px as {kind}, one core", unit="ms", values=[1000 * once(picture, kind) for _ in range(ENCODED)])
        for kind in PictureFormat
    ]


def once(picture: np.ndarray, kind: PictureFormat) -> float:
    return seconds(lambda: pictures.encode(picture, kind))


# Memory ---------------------------------------------------------------------------------------------------------------------------------


def memories(folder: Path, models: Path) -> list[Figure]:
    peaks = {
        (size, length): in_fresh_process(peak, folder, models, size, length) for size, lengths in LENGTHS.items() for length in lengths
    }
    return [
        Figure(name=f"{size} px: peak memory of a film of {length} frames", unit="MB", values=[megabytes])
        for (size, length), megabytes in peaks.items()
    ]


def peak(folder: Path, models: Path, size: int, length: int) -> float:
    asked = request(folder, NAME if size == 512 else "own-128", frames=length)  # noqa: PLR2004 (pixels)
    pipeline.render(asked, open_backend=Backends(models_folder=models).open)
    return peak_memory_mb()


def request(folder: Path, model: str, *, frames: int) -> RenderRequest:
    """Ask for a film that is not there yet."""
    own = model != NAME
    settings = Settings(model=Model.OWN if own else Model.BIGGAN, own_model=model if own else "", size=128 if own else 512)
    return RenderRequest(
        name="bench",
        sound_path=str(DEMO_SONG),
        source_start_seconds=Fraction(0),
        frame_count=frames,
        fps=Fraction(25),
        settings=replace(settings, seed=os.getpid() % 1_000_000 * 1000 + next(_SEEDS)),
        frames_folder=str(folder / "films"),
        cache_folder=str(folder / "cache"),
        limit_flashes=False,  # random weights flicker: what is calmed is drawn again
        machine=Machine(device="cpu", precision=Precision.FLOAT32),
    )


if __name__ == "__main__":
    main()
