"""Each file of tests/in_blender passes inside each Blender, in a process of its own: some operators can take the process down.

The selected runs begin together, as many at a time as there are processors; each test waits for its own.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.environments import BLENDERS, ROOT

FILES = sorted((ROOT / "tests" / "in_blender").glob("test_*.py"))
OLDEST, *BETWEEN, NEWEST = BLENDERS
ANY_BLENDER = "any_blender"
"""The mark of what does not depend on Blender's version, a test or a whole file: the oldest and the newest Blender are enough."""
SUPERSEDED = ("5.0", "5.1")
"""Blenders that a newer one with long support has followed: only what differs by version runs in them."""
DIFFERING = {
    *("test_extension", "test_generate", "test_lifecycle"),  # installing, a film from beginning to end, undo and paste
    *("test_sequencers", "test_frames_by_operator", "test_markers"),  # options of operators, the scene that is edited
    *("test_timeline", "test_import", "test_retiming", "test_sync", "test_blender_otio"),  # names of edges, effects' lengths, retiming keys
    *("test_keyframes", "test_fit", "test_sources"),  # where curves lie, transforms, mixes
}
"""Files about what `addon.compat` and `addon.sequencers` tell apart."""


def _runs_in(version: str, file: Path) -> bool:
    if version in SUPERSEDED:
        return file.stem in DIFFERING
    return version not in BETWEEN or f"\npytestmark = pytest.mark.{ANY_BLENDER}\n" not in file.read_text(encoding="utf-8")


CASES = [(version, file) for version in BLENDERS for file in FILES if _runs_in(version, file)]
WARNS_OF_OLD_NAMES = {version for version in BLENDERS if tuple(map(int, version.split("."))) >= (5, 1)}
AT_ONCE = min(4, os.cpu_count() or 1)  # a Blender and its worker take about 1 GB
TIMEOUT_SECONDS = 900


@pytest.fixture(scope="module")
def outcome_of(request, run_in_blender):
    """Begin with the selected runs, and give a function that waits for one."""

    def begin(version, file):
        options = ["-W", "error::DeprecationWarning"] if version in WARNS_OF_OLD_NAMES else []
        options += ["-m", f"not {ANY_BLENDER}"] if version in BETWEEN else []
        command = [BLENDERS[version].python, "-m", "pytest", file, "-p", "no:cacheprovider", *options]
        return pool.submit(run_in_blender, *command, timeout_seconds=TIMEOUT_SECONDS)

    pool = ThreadPoolExecutor(AT_ONCE)
    selected = [item.callspec.params["case"] for item in request.session.items if item.path == request.path]
    if "PYTEST_XDIST_WORKER" in os.environ:
        selected = []  # other processes have their share of them
    begun = {case: begin(*case) for case in selected if BLENDERS[case[0]].is_ready}
    yield lambda case: (begun.pop(case, None) or begin(*case)).result()
    pool.shutdown(wait=False, cancel_futures=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1].stem}")
def test_file_passes_inside_blender(case, blender_python, outcome_of):
    version, file = case
    blender_python(version)  # skips where there is none
    code, output = outcome_of(case)
    print(output)
    assert code == 0, f"{file.name} inside Blender {version}: exit code {code}, see its output below"
