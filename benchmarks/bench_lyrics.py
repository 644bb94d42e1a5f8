"""How long does it take to find pictures for 200 lines of lyrics?

Every repeat is a process of its own with an empty cache, as a worker is that has never read: it loads the sentence model, encodes the 1000
labels, reads a song, changes one wish, and reads another song. Then another process reads the first song again.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure, in_fresh_process, peak_memory_mb, seconds, write_results
from core.protocol import ChooseClasses
from core.words import choosing, choosing_job, sentences
from tests import verses
from tools.environments import ROOT, clean_environ

REPEATS = 5
LINES = 200
PROMISED_SECONDS = 3
PROGRAM = "import sys; sys.path.insert(0, {root!r}); from core.command_line import main; sys.exit(main({arguments!r}))"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = sentences.find_model(None, cache_folder=Path(folder))
        in_fresh_process(read, model, Path(folder) / "warm-up")
        repeats = [in_fresh_process(read, model, Path(folder) / f"repeat-{repeat}") for repeat in range(REPEATS)]
        again = [in_fresh_process(read_again, model, Path(folder) / f"repeat-{repeat}") for repeat in range(REPEATS)]
        searching = [seconds(search) for _ in range(REPEATS)]
    measured = {name: [values[name] for values in repeats] for name in repeats[0]}
    write_results("lyrics", question=__doc__, figures=figures(measured, again, searching), remarks=REMARKS)


REMARKS = (
    f"{LINES} different lines in verses of four, from the tests' verses, where many words have two meanings; strategy “context”, 12 things."
    " On one thread, so that the choice is the same everywhere. “Once” is once for each machine: vectors are kept. The first song's reading"
    " includes finding out which words mean something else than they name."
)


def figures(measured: dict[str, list[float]], again: list[float], searching: list[float]) -> list[Figure]:
    """Name what was measured."""
    bar, kept = f"under {PROMISED_SECONDS} s", max(measured["song"] + measured["another"]) < PROMISED_SECONDS

    def figure(name: str, values: list[float], *, unit: str = "s", **promise: Any) -> Figure:
        return Figure(name=name, unit=unit, values=values, **promise)

    return [
        figure(f"classes for {LINES} lines, the first song after the labels", measured["song"], bar=bar, kept=kept),
        figure(f"classes for {LINES} lines of another song", measured["another"]),
        figure("the same song with other wishes", measured["wishes"]),
        figure("the same song in a new process, which loads no model", again),
        figure("1000 labels, once", measured["labels"]),
        figure("importing torch and sentence-transformers, once in a process", measured["importing"]),
        figure("loading the model, once in a process", measured["loading"]),
        figure("`python -m core classes tabby`, start to end", searching),
        figure("peak memory of the process", measured["memory"], unit="MB"),
    ]


def read(model: Path, cache_folder: Path) -> dict[str, float]:
    """Do all of it once: seconds and megabytes by name."""
    encoder = sentences.opened(model, cache_folder=cache_folder)
    importing = seconds(lambda: __import__("sentence_transformers"))

    def song(number: int, **wishes: Any) -> Callable[[], object]:
        return lambda: choosing_job.answer(_job(model, cache_folder, number, **wishes))

    return {
        "importing": importing,
        "loading": seconds(lambda: encoder.encode(["a first text"])),
        "labels": seconds(lambda: choosing.label_vectors(encoder)),
        "song": seconds(song(1)),
        "another": seconds(song(2)),
        "wishes": seconds(song(1, blocklist=("dogs",))),
        "memory": peak_memory_mb(),
    }


def read_again(model: Path, cache_folder: Path) -> float:
    """Read a song that another process has read."""
    started = time.perf_counter()
    choosing_job.answer(_job(model, cache_folder, 1))
    assert "torch" not in sys.modules
    return time.perf_counter() - started


def search() -> None:
    program = PROGRAM.format(root=str(ROOT), arguments=["classes", "tabby"])
    subprocess.run([sys.executable, "-c", program], env=clean_environ(), stdout=subprocess.DEVNULL, check=True)


def _job(model: Path, cache_folder: Path, number: int, **wishes: Any) -> ChooseClasses:
    return ChooseClasses(job_id="song", cache_folder=str(cache_folder), model_folder=str(model), words=_song(number), **wishes)


def _song(number: int) -> str:
    """Give 200 lines, no two of them equal, in verses of four."""
    written = (
        *verses.MONEY.values(),
        *verses.FOOD.values(),
        *verses.MEANT,
        verses.HAPPY,
        verses.SAD,
        *(words for words, _ in verses.PICTURES.values()),
    )
    lines = list(dict.fromkeys(line for words in written for line in words.split("\n") if line))
    sung = [f"{lines[n % len(lines)]}{' again' * (n // len(lines))}{' today' * (number - 1)}" for n in range(LINES)]
    return "\n\n".join("\n".join(sung[first : first + 4]) for first in range(0, LINES, 4))


if __name__ == "__main__":
    main()
