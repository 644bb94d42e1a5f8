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


@pytest.fixture
def run_in_blender(blender_python, extension_zip, tmp_path):
    """Give a function that runs a Blender's Python with settings and caches of its own, and returns its exit code and output."""

    def run(version, *arguments, timeout_seconds):
        environ = clean_environ(
            BLENDER_USER_RESOURCES=str(tmp_path / "blender"),
            XDG_CACHE_HOME=str(tmp_path / "cache"),
            XDG_DATA_HOME=str(tmp_path / "data"),
            CHROMASTRIP_ZIP=str(extension_zip),
            CHROMASTRIP_WORKER_PYTHON=sys.executable,
        )
        return _run([blender_python(version), *arguments], environ, tmp_path / "output.txt", timeout_seconds)

    return run


def _run(command, environ, output, timeout_seconds):
    with output.open("w") as file:  # a file: a pipe would stay open as long as any grandchild lives
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
        try:
            code = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            code = f"still running after {timeout_seconds} s"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    return code, output.read_text(errors="replace")
