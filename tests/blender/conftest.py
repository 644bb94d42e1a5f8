"""What the tests that start Blender share."""

import os
import signal
import subprocess
import sys

import pytest

import build_addon
from tools.environments import ROOT, clean_environ


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory):
    """Build the add-on's zip once."""
    return build_addon.build(tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="session")
def run_in_blender(extension_zip, tmp_path_factory):
    """Give a function that runs a Blender's Python with settings and caches of its own, and gives its exit code and output.

    It may be called on several threads. What still runs when the tests end is killed.
    """
    running = set()

    def run(python, *arguments, timeout_seconds):
        folder = tmp_path_factory.mktemp("blender")
        environ = clean_environ(
            BLENDER_USER_RESOURCES=str(folder / "blender"),
            XDG_CACHE_HOME=str(folder / "cache"),
            XDG_DATA_HOME=str(folder / "data"),
            CHROMASTRIP_ZIP=str(extension_zip),
            CHROMASTRIP_WORKER_PYTHON=sys.executable,
        )
        return _run([python, *arguments], environ, folder / "output.txt", timeout_seconds, running)

    yield run
    for process in list(running):
        _kill(process)


def _run(command, environ, output, timeout_seconds, running):
    with output.open("w") as file:  # a file: a pipe would stay open as long as any grandchild lives
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
        running.add(process)
        try:
            code = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            code = f"still running after {timeout_seconds} s"
        finally:
            _kill(process)
            running.discard(process)
    return code, output.read_text(errors="replace")


def _kill(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
