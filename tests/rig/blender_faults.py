"""Faults at moments, in a headless Blender: the worker, Blender itself, its file and its disk are disturbed; see `faults` for the rules."""

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import build_addon
from core import keeping
from tests import disks, films, sounds
from tests.rig import faults
from tests.rig.jobs import ROOT, YEAR, CommandLine, Place, held
from tests.waiting import is_group_running, is_running, until

SETTINGS = {"emoji": {"model": "emoji", "fps": 12}, "card": {"model": "sync-card", "fps": 25}}
COMMAND_LINES = {
    "emoji": ["--fps", "12", "--aspect", "1:1", "--precision", "float32"],
    "card": ["--fps", "25", "--model", "sync-card", "--aspect", "1:1"],
}
MOMENTS = ("listening", "loading", "first frame", "middle", "writing", "inserting")
FROM_OUTSIDE = {
    "worker killed": "killed",
    "worker without memory": "no memory",
    "disk full": "disk full",
    "read-only": "read-only",
    "pictures gone": "pictures gone",
    "cache is a file": "cache is a file",
    "cache damaged": "cache damaged",
    "cache truncated": "cache truncated",
    "folders for files": "folders for files",
    "clock set back": "clock set back",
}
"""What strikes the worker or the disk, by its name in `faults.FAULTS`."""
INSIDE = ("file switched", "undo storm", "line cut", "worker hung", "Blender closed", "Blender killed")
BESIDE = ("second Blender", "command line")
"""Who draws the same film into the same folder meanwhile."""
ENDS_BLENDER = {"Blender closed", "Blender killed"}
FAULTS = (*FROM_OUTSIDE, *INSIDE, *BESIDE)


@dataclass(frozen=True, kw_only=True)
class Struck:
    """What faults look for in a job: its process."""

    pid: int


class Blender:
    """One Blender process, and what it says."""

    def __init__(self, place: Place, plan: dict, python: Path, *, resources: str = "blender") -> None:
        environ = place.environ() | {"BLENDER_USER_RESOURCES": str(place.base / resources)}
        command = [python, ROOT / "tests" / "rig" / "inside.py", json.dumps(plan)]
        self._errors = (place.base / "said.txt").open("ab")
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, process_group=0
        )

    def hear(self) -> dict:
        """Wait for what it says next; empty: it has ended."""
        for line in self.process.stdout:
            if line.startswith("RIG "):
                return json.loads(line[4:])
        return {}

    def say(self) -> None:
        """Let it go on."""
        with contextlib.suppress(OSError):
            self.process.stdin.write("go on\n")
            self.process.stdin.flush()

    def end(self) -> None:
        """Wait for its end, and that of all that it started."""
        if self._errors.closed:
            return
        self.process.stdin.close()
        for _ in self.process.stdout:
            pass
        self.process.stdout.close()
        self.process.wait()
        self._errors.close()
        until(lambda: not is_group_running(self.process.pid))


class Rig:
    """A folder for rounds, an add-on, a Blender, and the undisturbed films."""

    def __init__(self, folder: Path, python: Path) -> None:
        self._folder, self._python = folder, python
        self._archive = build_addon.build(folder)
        self._undisturbed: dict[str, str] = {}

    def round(self, plan: faults.Plan) -> bool:
        """Do one, see `faults.Rig.round`."""
        if plan.settings not in self._undisturbed:
            self._undisturbed[plan.settings] = self._draw(self._place(f"undisturbed {plan.settings}"), plan.settings)
        place = self._place(plan.seed)
        with contextlib.ExitStack() as stack:
            if plan.fault in ("disk full", "read-only"):
                place.project.rmdir()
                stack.enter_context(disks.small(place.project, size=faults.DISK_BYTES))
            came = self._disturb(plan, place)
            wanted = self._undisturbed[plan.settings]
            if came is None:  # Blender has ended: the next one goes on
                drawn = self._draw(place, plan.settings)
                assert drawn == wanted, f"afterwards: {drawn}, not {wanted}"
            self._audit(place)
        shutil.rmtree(place.base)
        return came is not False

    def _disturb(self, plan: faults.Plan, place: Place) -> bool | None:
        """Disturb a film, and have it made again in the same Blender; None: Blender did not live so long."""
        blender = self._start(place, plan.settings, fault=plan.fault, moment=plan.moment, seed=plan.seed)
        try:
            heard = blender.hear()
            assert "came" in heard, self._words(place)
            worker = heard["worker"]
            beside = self._start_beside(plan, place) if heard["came"] else None
            with contextlib.ExitStack() as stack:
                if heard["came"]:
                    _strike(plan, place, blender, worker, stack)
                blender.say()
                if heard["came"] and plan.fault in ENDS_BLENDER:
                    blender.end()
                    until(lambda: not is_running(worker))
                    return None
                struck = blender.hear()
                assert struck, self._words(place)
                self._judge(struck["struck"])
            if beside is not None:
                self._judge_beside(plan, place, beside)
            if plan.fault == "worker hung":
                if self._is_whole(struck["struck"]):  # it had nothing left to do: nobody waits for it yet
                    os.kill(worker, signal.SIGKILL)
                until(lambda: not is_running(worker))
            _heal(plan, place)
            blender.say()
            ended = blender.hear()
            assert ended, self._words(place)
            told = ended["ended"]
            assert told["error"] is None, f"afterwards: {told}"
            assert told["films"] in {1, 1 + self._is_whole(struck["struck"])}, f"afterwards: {told['films']} films"
            drawn = _digest(told["shown"])
            assert drawn == self._undisturbed[plan.settings], f"afterwards, the film is another one: {drawn}, {told}"[:600]
        finally:
            if blender.process.poll() is None and sys.exc_info()[0] is not None:
                blender.process.kill()
            blender.end()
        return heard["came"]

    def _start_beside(self, plan: faults.Plan, place: Place) -> Blender | CommandLine | None:
        """Let somebody else draw the film, in the folder that Blender draws it in."""
        if plan.fault == "second Blender":
            return self._start(place, plan.settings, resources="second", blend=str(place.project / "second.blend"))
        if plan.fault == "command line":
            return CommandLine(replace(place, deep="chromastrip"), [*COMMAND_LINES[plan.settings], "--seconds", str(faults.SECONDS)])
        return None

    def _judge_beside(self, plan: faults.Plan, place: Place, beside: Blender | CommandLine) -> None:
        if isinstance(beside, CommandLine):
            outcome = beside.outcome()
            assert outcome.film, outcome
            return
        heard = beside.hear()
        beside.end()
        assert heard, self._words(place)
        assert heard["ended"]["error"] is None, heard
        drawn = _digest(heard["ended"]["shown"])
        assert drawn == self._undisturbed[plan.settings], f"the second Blender's film is another one: {drawn}"

    def _is_whole(self, told: dict) -> bool:
        """Say whether a disturbed film was finished all the same; Generate then lays another one above it."""
        return told["error"] is None and told["films"] == 1

    def _judge(self, told: dict) -> None:
        if told["error"] is not None:
            cause, cure = told["error"]
            assert not told["details"], told["details"]
            assert "does not know" not in cause, cause
            assert "Something went wrong" not in cause, cause
            faults.check_sentence(faults._Said(cause, cure))

    def _draw(self, place: Place, settings: str) -> str:
        blender = self._start(place, settings)
        heard = blender.hear()
        blender.end()
        assert heard, self._words(place)
        assert heard["ended"]["error"] is None, heard
        assert heard["ended"]["films"] == 1, heard
        return _digest(heard["ended"]["shown"])

    def _start(self, place: Place, settings: str, *, resources: str = "blender", **words: str) -> Blender:
        plan = {
            "fault": "",
            "archive": str(self._archive),
            "python": sys.executable,
            "blend": str(place.project / "film.blend"),
            "song": str(place.song),
            "settings": SETTINGS[settings],
        }
        return Blender(place, plan | words, self._python, resources=resources)

    def _place(self, name: str) -> Place:
        place = Place(base=self._folder / name)
        for folder in (place.project, place.base / "home", place.base / "tmp", place.base / "blender", place.base / "second"):
            folder.mkdir(parents=True)
        sounds.write(place.song, sounds.melody(seconds=faults.SECONDS), 22_050)
        return place

    def _words(self, place: Place) -> str:
        return f"Blender ended: {(place.base / 'said.txt').read_text(errors='replace')[-2000:]}"

    def _audit(self, place: Place) -> None:
        caches = [place.base / "home" / ".cache" / name for name in ("chromastrip", "thumbnails")]  # the latter are Blender's
        allowed = (place.project, place.base / "blender", place.base / "second", place.base / "tmp", *caches)
        found = [path for path in films.files_below(place.base) if not any(map(path.is_relative_to, allowed))]
        assert {path.name for path in found} <= {"song.wav", "said.txt"}, f"written outside: {found}"
        ours = [path for path in films.files_below(place.base / "tmp") if "blender_" not in str(path)]
        assert not ours, f"temporary files are left: {ours}"
        folder = place.project / "chromastrip"
        for film in keeping.film_folders(folder):
            assert not (film / "unfinished.json").exists(), f"{film} is unfinished"
        left = {path for path in folder.rglob("*") if path.name.startswith(".")}
        known = set(keeping.broken_writings(folder, now=time.time() + 3 * YEAR))
        assert left <= known, f"left, and not known to Clean: {left - known}"


def _strike(plan: faults.Plan, place: Place, blender: Blender, worker: int, stack: contextlib.ExitStack) -> None:
    if plan.fault == "Blender killed":
        blender.process.kill()
    elif plan.fault == "worker hung":
        os.kill(worker, signal.SIGSTOP)
    elif plan.fault in FROM_OUTSIDE:
        with held(worker):
            if plan.fault == "read-only":
                stack.enter_context(disks.read_only(place.project))
            own = Place(base=place.base)
            job = Struck(pid=worker)
            inner = _InBlender(base=own.base)
            struck = faults.Struck(job=job, place=inner, rng=random.Random(plan.seed), again=lambda: job, others=[])
            faults.FAULTS[FROM_OUTSIDE[plan.fault]].strike(struck)


@dataclass(frozen=True, kw_only=True)
class _InBlender(Place):
    """Where the add-on keeps what it draws."""

    @property
    def cache(self) -> Path:
        return self.project / "chromastrip" / "cache"


def _heal(plan: faults.Plan, place: Place) -> None:
    (place.project / "filler").unlink(missing_ok=True)
    if plan.fault == "cache is a file":
        (place.project / "chromastrip" / "cache" / "pictures").unlink(missing_ok=True)


def _digest(shown: list[str]) -> str:
    whole = hashlib.sha256()
    for path in shown:
        whole.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return f"{len(shown)} frames {whole.hexdigest()[:16]}"


def plans(*, rounds: int, seed: int) -> Iterator[faults.Plan]:
    """Draw rounds, see `faults.plans`."""
    rng = random.Random(seed)
    mounts = os.geteuid() == 0
    pairs = [(fault, moment) for fault in FAULTS for moment in MOMENTS if mounts or fault not in ("disk full", "read-only")]
    deck: list[tuple[str, str]] = []
    for number in range(rounds):
        deck = deck or rng.sample(pairs, len(pairs))
        fault, moment = deck.pop()
        yield faults.Plan(fault=fault, moment=moment, surface="Blender", settings=rng.choice(list(SETTINGS)), seed=f"{seed}.{number}")


def main(*, rounds: int, seed: int, python: Path) -> list[str]:
    """Do rounds, tell each; give the findings."""
    with tempfile.TemporaryDirectory(prefix="rig-blender-") as folder:
        return faults.do(Rig(Path(folder), python), plans(rounds=rounds, seed=seed))
