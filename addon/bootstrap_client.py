"""The add-on's end of `core/bootstrap.py`: starts the program, reads what it says without ever waiting, and ends it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.protocol import UserError
from .worker_client import FOREIGN_VARIABLES

END_SECONDS = 1.0  # it ends in 0.05 s; Blender must not stand still for one that does not


class BootstrapClient:
    """One run of the program, which ends, with all that it started, when this Blender does. Nothing here blocks.

    Parameters
    ----------
    script
        `core/bootstrap.py`.
    arguments
        Its words.
    python
        The Python that runs it.

    Raises
    ------
    UserError
        If it cannot be started.
    """

    def __init__(self, script: Path, arguments: Sequence[str], *, python: Path) -> None:
        handle, name = tempfile.mkstemp(prefix="chromastrip-", suffix=".jsonl")  # a file: a pipe cannot be read on Windows without waiting
        os.close(handle)
        self._path = Path(name)
        self._reader = self._path.open("rb")
        self._unread = b""
        try:
            self._process = self._start([str(python), "-I", str(script), *arguments, "--end-with-stdin"])
        except OSError as error:
            self._forget()
            raise UserError(f"Python cannot be started: {error.strerror}.", "Choose one in Python for Set-Up.") from error

    @property
    def pid(self) -> int:
        """The program's process number, and on Linux and macOS that of the group of all that it starts."""
        return self._process.pid

    def poll(self) -> list[dict[str, Any]]:
        """Take what the program has said since the last poll."""
        *lines, self._unread = (self._unread + self._reader.read()).split(b"\n")
        return [json.loads(line) for line in lines if line.startswith(b"{")]

    @property
    def has_ended(self) -> bool:
        """Whether the program has ended. What it said last may still be there to be polled."""
        return self._process.poll() is not None

    @property
    def exit_code(self) -> int | None:
        """How it ended."""
        return self._process.returncode

    def cancel(self) -> None:
        """Have the program end itself, and all that it started: its standard input closes."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def stop(self) -> None:
        """End the program for good, and clean up."""
        self.cancel()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        self._forget()

    def _start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with self._path.open("ab") as said:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env={name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_VARIABLES)},
                cwd=tempfile.gettempdir(),  # on Windows a process's folder cannot be removed: never the add-on's
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )

    def _kill(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """Give the last line that was no news: why the program itself failed."""
        lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line for line in reversed(lines) if line.strip() and not line.startswith("{")), "")

    def _forget(self) -> None:
        self._reader.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


def blenders_python() -> Path:
    """Give a Python that can run the program: Blender's own, or where that is Blender itself, the system's.

    Raises
    ------
    UserError
        If there is none.
    """
    if Path(sys.executable).stem.lower().startswith("python"):
        return Path(sys.executable)
    found = shutil.which("python3") or shutil.which("python")
    if found is None:
        raise UserError("This Blender brings no Python program along.", "Install Python 3.11 to 3.13, or choose one in Python for Set-Up.")
    return Path(found)
