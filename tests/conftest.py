"""What all tests share: finding Blender, and the rule that CI skips nothing.

On a developer's machine a missing piece (a Python for one of the Blenders, root for the window) skips its tests and says why. With
CI=true every skip is a failure, except where the reason starts with "GPU".

This file is also loaded inside Blender, so it imports nothing but pytest and `tools.environments`.
"""

import importlib.util
import os
from pathlib import Path

import pytest

from tools.environments import BLENDERS, find_python, why_no_python

TESTS = Path(__file__).resolve().parent
SCREEN = ("editors", "window")
LAYERS = ("blender", *SCREEN)

collect_ignore = [] if importlib.util.find_spec("bpy") else ["in_blender"]


@pytest.fixture(scope="session")
def blender_python():
    """Give a function from a Blender version, such as "4.5", to the Python that has it as `bpy`; it skips where there is none."""

    def find(version: str) -> Path:
        environment = BLENDERS[version]
        if not environment.is_ready:
            cure = "run `python3 dev.py setup --all`" if find_python(environment) else why_no_python(environment)
            pytest.skip(f"Blender {version} is not installed: {cure}")
        return environment.python

    return find


def pytest_collection_modifyitems(items):
    """Mark every test by its layer, so that `-m 'not window'` works."""
    for item in items:
        layer = next((layer for layer in LAYERS if item.path.is_relative_to(TESTS / layer)), None)
        if layer:
            item.add_marker(layer)


@pytest.hookimpl(optionalhook=True)  # Blender's Python has no xdist
def pytest_xdist_make_scheduler(config, log):
    """Share tests out: on a virtual screen one after the other, those of a file together for its fixtures, each Blender for itself."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            path = nodeid.partition("::")[0]
            layer = path.split("/")[1]
            return "screen" if layer in SCREEN else nodeid if layer == "blender" else path

    return Scheduling(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return _fail_a_skip_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _fail_a_skip_in_ci((yield))


def _fail_a_skip_in_ci(report):
    if os.environ.get("CI") == "true" and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not reason.startswith("GPU"):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"
    return report
