"""Strangers' bytes through every reader: by seed, or led by what code they reach (atheris, where it is installed).

A reader may give a result or a sentence with a cure. All else is a finding: other errors, a crash, work or memory over the budget, a file
written outside of the reader's own folder, another computer asked, a program started.

Run as a program of its own (`python -m tests.rig.strangers`), as the readers' native code may crash: see `_main`.
"""

import importlib.util
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.rig.guard import CALLS_A_BYTE, LEAST_CALLS, BrokenRuleError, Guard, limit_memory
from tests.rig.mutating import mutated

HAS_ATHERIS = importlib.util.find_spec("atheris") is not None
SHORTEST_SENTENCE, LONGEST_SENTENCE = 8, 1100
CURRENT = "current"
"""What is read now: if the reader crashes, what it was that it read."""


class Trial:
    """One reader, held to the rules."""

    def __init__(self, reader, guard: Guard, folder: Path) -> None:
        self._reader, self._guard, self._folder = reader, guard, folder

    def read(self, content: bytes, *, counts: bool = True) -> bool:
        """Let it read; say whether it had no objections. Raises what it should not have raised."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        path = self._folder / self._reader.file
        path.write_bytes(content)
        calls = max(LEAST_CALLS, CALLS_A_BYTE * len(content)) if counts else None
        with self._guard.watching(self._folder, calls=calls):
            try:
                self._reader.read(path)
            except self._reader.refusals as refusal:
                check_sentence(refusal)
                return False
        return True


def check_sentence(refusal: Exception) -> None:
    """Hold what people are told to being told something: a cause and a cure, of a length that is read."""
    if hasattr(refusal, "cure"):
        for said in (refusal.cause, refusal.cure):
            assert SHORTEST_SENTENCE <= len(said) <= LONGEST_SENTENCE, (len(said), said[:200])
            assert "Traceback" not in said, said


def by_seed(reader, *, rounds: int, seed: int, keep: Path) -> list[str]:
    """Read so many mutations; give the findings, and keep what led to them."""
    corpus = reader.corpus()
    findings: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="rig-") as folder:
        trial = Trial(reader, Guard(), Path(folder, "a"))
        accepted = [trial.read(content, counts=False) for content in corpus]  # what is imported once
        assert any(accepted) or reader.accepts_nothing, "nothing of the corpus is whole"
        limit_memory()
        for number in range(rounds):
            content = mutated(corpus, random.Random(f"{reader.name} {seed} {number}"))
            (keep / CURRENT).write_bytes(content)
            try:
                trial.read(content)
            except (Exception, BrokenRuleError) as error:  # noqa: BLE001 (the rig's catch-all: becomes a finding)
                place = traceback.extract_tb(error.__traceback__)[-1]
                kind = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
                if kind not in findings:
                    findings[kind] = f"{reader.name} {number}: {kind}: {str(error)[:300]!r}"
                    (keep / f"{reader.name}-{number}").write_bytes(content)
                    (keep / f"{reader.name}-{number}.txt").write_text("".join(traceback.format_exception(error)))
    return list(findings.values())


def run_by_seed(names: Sequence[str], *, rounds: int, seed: int, keep: Path) -> list[str]:
    """Have readers tried in a process of their own; give the findings, a crash among them."""
    keep.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-W", "ignore", "-m", "tests.rig.strangers", "seed", str(rounds), str(seed), str(keep), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    findings = [line.removeprefix("FINDING ") for line in done.stdout.splitlines() if line.startswith("FINDING ")]
    if done.returncode:
        shutil.copyfile(keep / CURRENT, keep / "crash")
        findings.append(f"ended with {done.returncode} after {done.stdout[-200:]}: {done.stderr[-500:]}")
    print(done.stdout, *findings[-1:] if done.returncode else (), flush=True)
    return findings


def run_by_coverage(name: str, *, seconds: int, seed: int, keep: Path) -> list[str]:
    """Let atheris look for bytes that reach new code; what breaks a rule is left in a folder."""
    keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rig-corpus-") as corpus:
        command = [sys.executable, "-W", "ignore", "-m", "tests.rig.strangers", "cover", name, corpus, f"-max_total_time={seconds}"]
        command += [f"-seed={seed or 1}", "-timeout=60", "-rss_limit_mb=4096", f"-artifact_prefix={keep}/{name}-", "-max_len=60000"]
        done = subprocess.run([*command, "-print_final_stats=1"], stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    said = [line for line in done.stderr.splitlines() if line.startswith(("stat::number_of_executed_units", "===", "  ", "SUMMARY"))]
    print(name, *said[-12:], sep="\n  ", flush=True)
    return [f"{name}: {' '.join(said)[-600:]}"] if done.returncode else []


def _reader(name: str):
    from tests.rig.readers import READERS
    from tests.rig.sound_files import SOUND_READERS

    return next(one for one in (*READERS, *SOUND_READERS) if one.name == name)


def _cover(name: str, corpus: Path, options: Sequence[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["core", "otio_adapters"]):
        reader = _reader(name)
    for number, content in enumerate(reader.corpus()):
        (corpus / str(number)).write_bytes(content)
    trial = Trial(reader, Guard(), Path(tempfile.mkdtemp(prefix="rig-")) / "a")
    trial.read(reader.corpus()[0], counts=False)

    def read_one(content: bytes) -> None:
        try:
            trial.read(content, counts=False)
        except BrokenRuleError as error:
            raise RuntimeError(str(error)) from error

    atheris.Setup(["rig", str(corpus), *options], read_one)
    atheris.Fuzz()


def _main(arguments: Sequence[str]) -> None:
    """`seed ROUNDS SEED KEEP NAME ...`, or `cover NAME CORPUS OPTION ...`."""
    if arguments[0] == "cover":
        _cover(arguments[1], Path(arguments[2]), arguments[3:])
        return
    rounds, seed, keep, *names = arguments[1:]
    for name in names:
        print(f"{name}: {rounds} inputs", flush=True)
        for finding in by_seed(_reader(name), rounds=int(rounds), seed=int(seed), keep=Path(keep)):
            print("FINDING", finding, flush=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    _main(sys.argv[1:])
