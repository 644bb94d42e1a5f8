"""Faults at moments: a film that is disturbed ends as the undisturbed one, byte for byte, or in a sentence with a cure.

Drawn by seed: a fault, a moment of the job, a surface, settings. After each round nothing is left running, nothing half is left under a
film's name, what was left under a temporary one is known to Clean, and nothing was written outside of the folder that was chosen.
"""

import contextlib
import os
import random
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core import keeping
from core.files import is_temporary
from core.protocol import FILM_FILE, UNFINISHED_FILE, Progress, Stage
from tests import disks, films, sounds
from tests.rig.jobs import INTERRUPTED, YEAR, CommandLine, Exporter, Job, Outcome, Place, Worker, held, wait_for
from tests.rig.strangers import check_sentence

DISK_BYTES = 100_000_000
SETTINGS: dict[str, list[str]] = {
    "emoji": ["--fps", "12", "--aspect", "1:1"],
    "abstract": ["--fps", "6", "--model", "abstract", "--aspect", "1:1", "--format", "webp"],
    "card": ["--fps", "25", "--model", "sync-card", "--aspect", "1:1"],
    "finished": ["--fps", "8", "--mirror", "16:9", "--aspect", "1:1", "--upscale", "2", "--format", "jpeg"],
    "calmed": [
        "--fps",
        "24",
        "--aspect",
        "1:1",
        "--hit",
        "2",
        "--hit-light",
        "2",
        "--hit-zoom",
        "2",
        "--tempo-sensitivity",
        "2",
        "--truncation",
        "1",
    ],
    "handed over": ["--fps", "8", "--model", "sync-card", "--aspect", "1:1"],
}
SECONDS = 2
SOUNDS = {"calmed": sounds.bursts}
PATH_MAX, LONGEST_NAME = 4096, 200
ROOM_FOR_NAMES = 150
"""So many letters take what is made in a project: its folder's path ends somewhere before the longest one."""


@dataclass(frozen=True, kw_only=True)
class Struck:
    """What a fault has before it."""

    job: Job
    place: Place
    rng: random.Random
    again: Callable[[], Job]
    others: list[Job]


# Moments --------------------------------------------------------------------------------------------------------------------------------


def _at(stage: Stage, share: float = 0.0) -> Callable[[Progress], bool]:
    return lambda progress: progress.stage == stage and progress.done >= share * progress.total


MOMENTS: dict[str, Callable[[Progress], bool]] = {
    "listening": _at(Stage.LISTENING),
    "loading": _at(Stage.LOADING),
    "first frame": lambda progress: progress.stage == Stage.DRAWING and progress.done >= 1,
    "middle": _at(Stage.DRAWING, 0.4),
    "writing": _at(Stage.DRAWING, 1),
    "calming": _at(Stage.CALMING),
    "encoding": _at(Stage.ENCODING),
    "copying": _at(Stage.COPYING),
}
OWN_SETTINGS = {"calming": "calmed", "encoding": "handed over", "copying": "handed over"}
"""Moments that not every film comes to."""


# Faults ---------------------------------------------------------------------------------------------------------------------------------


def _kill(struck: Struck) -> None:
    os.kill(struck.job.pid, signal.SIGKILL)


def _terminate(struck: Struck) -> None:
    os.kill(struck.job.pid, signal.SIGTERM)


def _interrupt(struck: Struck) -> None:
    os.kill(struck.job.pid, signal.SIGINT)


def _sleep(struck: Struck) -> None:
    """Let it stand still for a moment, as a computer's sleep does: it is held while this is called."""
    del struck


def _no_memory(struck: Struck) -> None:
    taken = int(Path(f"/proc/{struck.job.pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(struck.job.pid, resource.RLIMIT_AS, (taken, resource.RLIM_INFINITY))


def _full(struck: Struck) -> None:
    with contextlib.suppress(OSError), (struck.place.project / "filler").open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass


def _pictures_gone(struck: Struck) -> None:
    shutil.rmtree(struck.place.cache / "pictures", ignore_errors=True)


def _project_gone(struck: Struck) -> None:
    for path in struck.place.project.iterdir():
        shutil.rmtree(path, ignore_errors=True)


def _cache_is_a_file(struck: Struck) -> None:
    _pictures_gone(struck)
    struck.place.cache.mkdir(parents=True, exist_ok=True)
    (struck.place.cache / "pictures").write_text("in the way")


def _kept(struck: Struck) -> list[Path]:
    """Give some of the cache's files, at least one of them, if there are any."""
    files = [path for path in films.files_below(struck.place.cache) if not is_temporary(path.name)]
    return struck.rng.sample(files, struck.rng.randint(1, len(files))) if files else []


def _damaged(struck: Struck) -> None:
    for path in _kept(struck):
        content = bytearray(path.read_bytes())
        if content:
            content[struck.rng.randrange(len(content))] ^= 1 << struck.rng.randrange(8)
        path.unlink()  # a film's frames are the same files: they stay whole, as on another disk
        path.write_bytes(content)


def _truncated(struck: Struck) -> None:
    for path in _kept(struck):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content[: struck.rng.randrange(len(content) + 1)])


def _folders_in_place(struck: Struck) -> None:
    for path in _kept(struck):
        path.unlink()
        path.mkdir()


def _clock_set_back(struck: Struck) -> None:
    """Set the processes' clock back by a year, and let all that is there come from the future, as it then seems."""
    struck.place.clock.mkdir(exist_ok=True)
    for path in [struck.place.base, *struck.place.base.rglob("*")]:
        os.utime(path, (time.time() + YEAR,) * 2)


def _second(struck: Struck) -> None:
    struck.others.append(struck.again())


def _cut(struck: Struck) -> None:
    struck.job.cut()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault, and what may come of it.

    Attributes
    ----------
    ends
        The exit codes that it may end with, besides 0 and a sentence.
    disk
        Whether the project must lie on a small disk of its own.
    deep
        Whether it lies so deep that some names are too long there.
    """

    strike: Callable[[Struck], object]
    ends: tuple[int, ...] = ()
    disk: bool = False
    deep: bool = False
    surfaces: tuple[str, ...] = (CommandLine.name, Worker.name)


KILLED, TERMINATED, ABORTED, CRASHED = -signal.SIGKILL, -signal.SIGTERM, -signal.SIGABRT, -signal.SIGSEGV
FAULTS: dict[str, Fault] = {
    "killed": Fault(strike=_kill, ends=(KILLED,)),
    "terminated": Fault(strike=_terminate, ends=(TERMINATED,)),
    "interrupted": Fault(strike=_interrupt, ends=(INTERRUPTED, -signal.SIGINT)),
    "asleep": Fault(strike=_sleep),
    "no memory": Fault(strike=_no_memory, ends=(ABORTED, CRASHED)),  # native code has no other answer
    "disk full": Fault(strike=_full, disk=True),
    "read-only": Fault(strike=lambda _: None, disk=True),
    "pictures gone": Fault(strike=_pictures_gone),
    "project emptied": Fault(strike=_project_gone),
    "cache is a file": Fault(strike=_cache_is_a_file),
    "cache damaged": Fault(strike=_damaged),
    "cache truncated": Fault(strike=_truncated),
    "folders for files": Fault(strike=_folders_in_place),
    "clock set back": Fault(strike=_clock_set_back),
    "a second one": Fault(strike=_second),
    "long path": Fault(strike=lambda _: None, deep=True),
    "line cut": Fault(strike=_cut, ends=(0, 1, -signal.SIGPIPE), surfaces=(Worker.name,)),
}


# One round ------------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a round is about."""

    fault: str
    moment: str
    surface: str
    settings: str
    seed: str

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.fault} at {self.moment}, {self.surface}, {self.settings} ({self.seed})"


def plans(*, rounds: int, seed: int) -> Iterator[Plan]:
    """Draw rounds: each combination of fault and moment once before any comes again."""
    rng = random.Random(seed)
    mounts = os.geteuid() == 0
    pairs = [(fault, moment) for fault in FAULTS for moment in MOMENTS if mounts or not FAULTS[fault].disk]
    deck: list[tuple[str, str]] = []
    for number in range(rounds):
        deck = deck or rng.sample(pairs, len(pairs))
        fault, moment = deck.pop()
        others = [name for name in SETTINGS if name not in OWN_SETTINGS.values()]
        settings = OWN_SETTINGS.get(moment) or rng.choice(others)
        surface = Worker.name if settings == "handed over" else rng.choice(FAULTS[fault].surfaces)
        yield Plan(fault=fault, moment=moment, surface=surface, settings=settings, seed=f"{seed}.{number}")


class Rig:
    """A folder for rounds, and the undisturbed films."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._undisturbed: dict[str, str] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def round(self, plan: Plan) -> bool:
        """Do one; False: the moment never came.

        Raises
        ------
        AssertionError
            Says which rule was broken.
        """
        wanted = self._undisturbed.get(plan.settings) or self._draw_undisturbed(plan.settings)
        place = self._place(plan.seed, plan.settings, listened=plan.moment != "listening")
        fault = FAULTS[plan.fault]
        with contextlib.ExitStack() as stack:
            if fault.disk:
                shutil.copytree(place.project, place.base / "before")
                shutil.rmtree(place.project)
                stack.enter_context(disks.small(place.project, size=DISK_BYTES))
                shutil.copytree(place.base / "before", place.project, dirs_exist_ok=True)
                shutil.rmtree(place.base / "before")
            came = _disturb(plan, fault, _deep(place, plan) if fault.deep else place, wanted)
            (place.project / "filler").unlink(missing_ok=True)
            if plan.fault == "cache is a file":
                (place.project / "cache" / "pictures").unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                place.clock.rmdir()
            ended = _start(plan, place).outcome()
            assert ended.film == wanted, f"afterwards, the same film is another one, or none: {ended}"
            _audit(place, plan)
        shutil.rmtree(place.base)
        return came

    def _draw_undisturbed(self, settings: str) -> str:
        place = self._place(f"undisturbed {settings}", settings, listened=False)
        outcome = _start(Plan(fault="", moment="", surface=CommandLine.name, settings=settings, seed=""), place).outcome()
        assert outcome.film, outcome
        self._undisturbed[settings] = outcome.film
        return outcome.film

    def _place(self, name: str, settings: str, *, listened: bool) -> Place:
        place = Place(base=self._folder / (settings if settings == "handed over" else name))  # copies are named after their place
        shutil.rmtree(place.base, ignore_errors=True)
        for folder in (place.project, place.base / "home", place.base / "tmp"):
            folder.mkdir(parents=True)
        sounds.write(place.song, SOUNDS.get(settings, sounds.melody)(seconds=SECONDS), 22_050)
        kept = next(self._folder.glob(f"undisturbed {settings}/project/cache/sounds"), None)
        if listened and kept:
            shutil.copytree(kept, place.cache / "sounds")
        return place


def _words(settings: str) -> list[str]:
    return [*SETTINGS[settings], "--seconds", str(SECONDS), "--precision", "float32"]


def _start(plan: Plan, place: Place) -> Job:
    words = _words(plan.settings)
    if plan.settings != "handed over":
        return (CommandLine if plan.surface == CommandLine.name else Worker)(place, words)
    if not [*place.project.glob("*/film.json")]:
        CommandLine(place, words).outcome()
    return Exporter(place, words)


def _deep(place: Place, plan: Plan) -> Place:
    """Give a project in a folder whose path leaves room for some of the names that are made there, not for all."""
    rng = random.Random(plan.seed)
    left = PATH_MAX - 1 - rng.randrange(ROOM_FOR_NAMES) - len(str(place.project)) - 1
    names = ["d" * LONGEST_NAME] * (left // (LONGEST_NAME + 1))
    deep = replace(place, deep="/".join([*names, "d" * max(1, left - len(names) * (LONGEST_NAME + 1))]))
    deep.project.mkdir(parents=True)
    return deep


def _disturb(plan: Plan, fault: Fault, place: Place, wanted: str) -> bool:
    job = _start(plan, place)
    struck = Struck(job=job, place=place, rng=random.Random(plan.seed), again=lambda: _start(plan, place), others=[])
    with contextlib.ExitStack() as stack:
        came = wait_for(job, MOMENTS[plan.moment])
        if came:
            with held(job.pid):
                if plan.fault == "read-only":
                    stack.enter_context(disks.read_only(place.project))
                fault.strike(struck)
        for one in (job, *struck.others):
            _judge(one.outcome(), fault, wanted)
    return came


def _judge(outcome: Outcome, fault: Fault, wanted: str) -> None:
    assert "Traceback" not in outcome.traces, outcome.traces
    assert "does not know" not in outcome.said, f"{outcome.said} {outcome.traces}"
    if outcome.film:
        assert outcome.film == wanted, "the disturbed film is another one"
    elif outcome.said:
        assert outcome.cure
        check_sentence(_Said(outcome.said, outcome.cure))
    else:
        assert outcome.code in fault.ends, f"it ended without a word: {outcome}"


class _Said(Exception):  # noqa: N818 (what people are told, whoever told it)
    def __init__(self, cause: str, cure: str) -> None:
        self.cause, self.cure = cause, cure


# What is left ---------------------------------------------------------------------------------------------------------------------------


def _audit(place: Place, plan: Plan) -> None:
    """Look at all that lies there."""
    outside = [path for path in films.files_below(place.base) if not path.is_relative_to(place.project) and path != place.song]
    assert not outside, f"written outside of the chosen folder: {outside}"
    for film in keeping.film_folders(place.project):
        if plan.settings != "calmed":  # which is shown early as it flashes, in a folder that Clean Up takes
            assert not (film / UNFINISHED_FILE).exists(), film
            assert (film / FILM_FILE).exists(), film
    left = [path for path in place.project.rglob("*") if path.name.startswith(".")]
    known = set(keeping.broken_writings(place.project, now=time.time() + 3 * YEAR))
    assert set(left) <= known, f"left, and not known to Clean: {set(left) - known}"


def main(*, rounds: int, seed: int) -> list[str]:
    """Do rounds, tell each; give the findings."""
    with tempfile.TemporaryDirectory(prefix="rig-faults-") as folder:
        return do(Rig(Path(folder)), plans(rounds=rounds, seed=seed))


def do(rig: Any, drawn: Iterable[Plan]) -> list[str]:
    """Do the rounds that were drawn, tell how each went, and give the findings."""
    findings, combinations, missed = [], set(), 0
    for number, plan in enumerate(drawn, 1):
        try:
            missed += not rig.round(plan)
            print(f"{number}. {plan}: held", flush=True)
        except AssertionError as error:
            findings.append(f"{plan}: {error}")
            print(f"{number}. {findings[-1]}", flush=True)
        combinations.add((plan.fault, plan.moment, plan.surface))
    print(f"{len(combinations)} combinations; in {missed} rounds the film was finished before the moment came")
    return findings
