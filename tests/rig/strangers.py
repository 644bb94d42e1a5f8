"""Strangers' bytes through every reader: by seed, or led by what code they reach (atheris, where it is installed).

A reader may give a result or a sentence with a cure. All else is a finding: other errors, work or memory over the budget, a file written
outside of the reader's own folder, another computer asked, a program started.
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
SMALLEST_SENTENCE = 8


class Trial:
    """One reader, held to the rules."""

    def __init__(self, reader, guard: Guard, folder: Path) -> None:
        self._reader, self._guard, self._folder = reader, guard, folder

    def read(self, content: bytes, *, counts: bool = True) -> None:
        """Let it read; raises what it should not have raised."""
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


def check_sentence(refusal: Exception) -> None:
    """Hold what people are told to being told something: a cause and a cure, without a zero byte or a line's end."""
    if hasattr(refusal, "cure"):
        for said in (refusal.cause, refusal.cure):
            assert len(said) >= SMALLEST_SENTENCE, refusal
            assert "Traceback" not in said, refusal
            assert len(said) < 2000, (len(said), said[:200])


def by_seed(reader, *, rounds: int, seed: int, keep: Path | None = None) -> list[str]:
    """Read so many mutations; give the findings, each with the call that led to it."""
    corpus = reader.corpus()
    findings: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="rig-") as folder:
        trial = Trial(reader, Guard(), Path(folder, "a"))
        for content in corpus:
            trial.read(content, counts=False)  # what is imported once
        limit_memory()
        for number in range(rounds):
            content = mutated(corpus, random.Random(f"{reader.name} {seed} {number}"))
            try:
                trial.read(content)
            except (Exception, BrokenRuleError) as error:  # noqa: BLE001 (the rig's catch-all: becomes a finding)
                place = traceback.extract_tb(error.__traceback__)[-1]
                kind = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"
                if kind not in findings:
                    findings[kind] = f"{reader.name} {number}: {kind}: {str(error)[:300]}"
                    if keep:
                        keep.mkdir(parents=True, exist_ok=True)
                        (keep / f"{reader.name}-{number}").write_bytes(content)
                        (keep / f"{reader.name}-{number}.txt").write_text("".join(traceback.format_exception(error)))
    return list(findings.values())


def by_coverage(name: str, *, seconds: int, seed: int, keep: Path) -> int:
    """Let atheris look for bytes that reach new code; gives the exit code, and leaves what breaks a rule in a folder."""
    keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rig-corpus-") as corpus:
        command = [sys.executable, "-m", "tests.rig.strangers", name, corpus, f"-max_total_time={seconds}", f"-seed={seed or 1}"]
        command += ["-timeout=30", "-rss_limit_mb=4096", f"-artifact_prefix={keep}/{name}-", "-max_len=60000", "-print_final_stats=1"]
        return subprocess.run(command, check=False).returncode


def _atheris_main(arguments: Sequence[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["core", "otio_adapters", "opentimelineio"]):
        from tests.rig.readers import READERS
    reader = next(one for one in READERS if one.name == arguments[1])
    for number, content in enumerate(reader.corpus()):
        (Path(arguments[2]) / str(number)).write_bytes(content)
    guard = Guard()
    folder = Path(tempfile.mkdtemp(prefix="rig-"))
    trial = Trial(reader, guard, folder / "a")
    trial.read(reader.corpus()[0], counts=False)

    def test_one_input(content: bytes) -> None:
        try:
            trial.read(content, counts=False)
        except BrokenRuleError as error:
            raise RuntimeError(str(error)) from error

    atheris.Setup([arguments[0], *arguments[2:]], test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    _atheris_main(sys.argv)
