"""How every benchmark measures, and what it keeps: interleaved repeats, median and quartiles, one JSON file for each question.

Results name the machine by its processor, its cores and its packages, never by a path or a user.
"""

import datetime as dt
import importlib.metadata
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tools.environments import ROOT, clean_environ

RESULTS = ROOT / "benchmarks" / "results"
MEASURED_CODE = ("core", "addon", "otio_adapters", "build_addon.py")
PACKAGES = ("torch", "numpy", "scipy", "librosa", "numba", "pillow", "soundfile", "soxr", "pytorch-pretrained-biggan")
SIGNIFICANT_DIGITS = 4
LOAD_BEFORE = os.getloadavg()[0]
"""What the machine was busy with when this process began: processes that want a core, over the last minute."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured thing.

    Parameters
    ----------
    name
        What was measured, in words for a table.
    unit
        Of the values.
    values
        One for each repeat.
    bar
        What the project promises, in words, where it promises something.
    kept
        Whether that promise is kept.
    """

    name: str
    unit: str
    values: Sequence[float]
    bar: str = ""
    kept: bool | None = None

    def summary(self) -> dict[str, Any]:
        """Summarise for JSON: the median, the quartiles (their distance is the IQR), the extremes."""
        first, median, third = statistics.quantiles(self.values, n=4, method="inclusive") if len(self.values) > 1 else 3 * [self.values[0]]
        numbers = {"median": median, "iqr": third - first, "quartiles": [first, third], "extremes": [min(self.values), max(self.values)]}
        promise = {"bar": self.bar, "kept": self.kept} if self.bar else {}
        return {"name": self.name, "unit": self.unit, "repeats": len(self.values), **_rounded(numbers), **promise}


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, env=clean_environ(), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _commit() -> str:
    """Name the measured commit; a plus says that measured code was changed since."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return head + ("+" if _git("status", "--porcelain", "--", *MEASURED_CODE) else "")


COMMIT = _commit()  # now: somebody may commit while a benchmark runs


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def interleave(contenders: Mapping[str, Callable[[], float]], *, repeats: int, warm_ups: int = 1) -> dict[str, list[float]]:
    """Let contenders take turns, so that whatever else the machine does meets all of them alike.

    Parameters
    ----------
    contenders
        By name; each measures itself once and returns its value.
    repeats
        Rounds that count.
    warm_ups
        Rounds before them that do not.
    """
    rounds = [{name: measure() for name, measure in contenders.items()} for _ in range(warm_ups + repeats)]
    return {name: [values[name] for values in rounds[warm_ups:]] for name in contenders}


def lone_process() -> ProcessPoolExecutor:
    """Give a fresh Python process for one contender: thread settings, caches and peak memory stay its own."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def in_fresh_process(function: Callable[..., T], *arguments: object) -> T:
    """Call a function of a module in a process that has imported nothing else."""
    with lone_process() as process:
        return process.submit(function, *arguments).result()


def write_results(name: str, *, question: str, figures: Sequence[Figure], remarks: str, **versions: str) -> None:
    """Print the figures and keep them in ``results/NAME.json``.

    Parameters
    ----------
    name
        Of the benchmark.
    question
        What it answers: its module's docstring.
    figures
        In the table's order.
    remarks
        What a reader must know to judge them.
    **versions
        Of what this process cannot ask for, such as Blender.
    """
    result = {
        "question": question.partition("\n")[0],
        "remarks": remarks,
        "commit": COMMIT,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "device": device(),
        "cores": os.cpu_count(),
        "load_before": round(LOAD_BEFORE, 2),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version(), **_package_versions(), **versions},
        "figures": [figure.summary() for figure in figures],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{result['question']}")
    for figure in result["figures"]:
        print(f"  {figure['name']}: {figure['median']:g} {figure['unit']} (IQR {figure['iqr']:g}, {figure['repeats']} x)", flush=True)


def device() -> str:
    """Name the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def peak_memory_mb() -> float:
    """Give this process's largest resident memory so far, in MB (Linux; elsewhere 0).

    `resource.getrusage` would not do: there a process inherits the peak of the one that started it.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kibibytes) * 1024 / 1e6


def _package_versions() -> dict[str, str]:
    return {package: importlib.metadata.version(package) for package in PACKAGES}


def _rounded(numbers: Any) -> Any:
    if isinstance(numbers, dict):
        return {name: _rounded(value) for name, value in numbers.items()}
    if isinstance(numbers, list):
        return [_rounded(value) for value in numbers]
    return float(f"{numbers:.{SIGNIFICANT_DIGITS}g}")
