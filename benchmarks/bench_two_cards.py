"""How much faster do two cards draw than one, each a core of the processor with a process of its own?

Films of Emoji in turns: by a process that is kept to one core, without any other; and by two cards. Networks are loaded and the sound is
analysed before: pictures a second from the first picture begun to all frames on disk.
"""

import functools
import itertools
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.measure import Figure, interleave, lone_process, write_results
from benchmarks.songs import DEMO_SONG
from core import pipeline
from core.backends import Backends
from core.network.cores import keep_to_core, usable_cores
from core.protocol import Machine, Model, Precision, RenderRequest, Settings, Stage

FRAMES, REPEATS = 400, 5
SHARE = 90  # percent of twice the speed
_SEEDS = itertools.count(1)


def main() -> None:
    if usable_cores() < 2:  # noqa: PLR2004 (cards)
        raise SystemExit("Two cards of a core each need two cores.")
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        contenders = {work.__name__: _alone(stack.enter_context(lone_process()), work, folder) for work in (one_core, two_cards)}
        measured = interleave(contenders, repeats=REPEATS)
    one, two = measured.values()
    shares = [100 * both / (2 * alone) for alone, both in zip(one, two, strict=True)]
    kept = float(np.median(shares)) >= SHARE
    write_results(
        "two_cards",
        question=__doc__,
        figures=[
            Figure(name="Emoji, 224 x 126 px: one process on one core", unit="pictures/s", values=one),
            Figure(name="Emoji, 224 x 126 px: two cards, a core each", unit="pictures/s", values=two),
            Figure(name="of twice the speed of one core", unit="%", values=shares, bar=f"at least {SHARE}", kept=kept),
        ],
        remarks=f"Films of {FRAMES} frames of the demo song, float32, PNG. Each round has its own seed; the share is each round's own.",
    )


def _alone(process: ProcessPoolExecutor, work: Callable[[str], float], folder: str) -> Callable[[], float]:
    return lambda: process.submit(work, folder).result()


def one_core(folder: str) -> float:
    _keep_to_first_core()
    return film(folder, "cpu:0")


def two_cards(folder: str) -> float:
    return film(folder, "cpu:0,cpu:1")


@functools.cache
def _keep_to_first_core() -> None:
    keep_to_core(0)


def film(folder: str, device: str) -> float:
    """Draw a film that is not there yet, and give its pictures a second."""
    began: list[float] = []

    def note(stage: Stage, _done: int, _total: int) -> None:
        if stage == Stage.LOADING:  # it is loaded: drawing begins here
            began.append(time.perf_counter())

    drawn = pipeline.render(request(folder, device), open_backend=_backends().open, report=note)
    return drawn.drawn_count / (time.perf_counter() - began[0])


@functools.cache
def _backends() -> Backends:
    return Backends()


def request(folder: str, device: str) -> RenderRequest:
    return RenderRequest(
        name="bench",
        sound_path=str(DEMO_SONG),
        source_start_seconds=Fraction(0),
        frame_count=FRAMES,
        fps=Fraction(25),
        settings=Settings(model=Model.EMOJI, aspect=Fraction(16, 9), seed=os.getpid() % 1_000_000 * 1000 + next(_SEEDS)),
        frames_folder=str(Path(folder) / "films"),
        cache_folder=str(Path(folder) / "cache"),
        limit_flashes=False,  # what is calmed is drawn again
        machine=Machine(device=device, precision=Precision.FLOAT32),
    )


if __name__ == "__main__":
    main()
