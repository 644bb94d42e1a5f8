"""What a reader may do with a stranger's bytes: work and memory within a budget, and nothing written, asked or started elsewhere."""

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

CALLS_A_BYTE, LEAST_CALLS = 4_000, 4_000_000
"""Work is counted in calls, Python's and C's, never by a clock: a machine that is busy is no fault."""
MEMORY_BYTES = 1_500_000_000
PATIENCE_SECONDS = 120
"""Ends what hangs in C, where no calls are counted."""
WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir": 1, "os.rename": 2, "os.remove": 1, "os.rmdir": 1, "os.link": 2, "os.symlink": 2, "os.chmod": 1, "os.truncate": 1}
"""Audit events, and how many paths they begin with."""
ELSEWHERE = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pty.spawn"}


class BrokenRuleError(BaseException):
    """No `Exception`: a reader that catches everything shall not hide it."""


class Guard:
    """Listens, for the process's life, to what Python does; strikes while `watching`."""

    def __init__(self) -> None:
        self._folder: str | None = None
        self._broken = ""
        sys.addaudithook(self._hear)

    @contextlib.contextmanager
    def watching(self, folder: Path, *, calls: int | None) -> Iterator[None]:
        """Hold a reader to the rules; it may write below `folder`.

        Raises
        ------
        BrokenRuleError
            If it breaks one, even if it caught what it met then.
        """
        self._folder, self._broken = str(folder), ""
        if calls is not None:
            sys.setprofile(self._counting(calls))
        signal.alarm(PATIENCE_SECONDS)
        try:
            yield
        finally:
            signal.alarm(0)
            if calls is not None:
                sys.setprofile(None)
            self._folder = None
            if self._broken:
                raise BrokenRuleError(self._broken)

    def _counting(self, calls):
        left = calls

        def note(_frame, event, _argument):
            nonlocal left
            left -= event in ("call", "c_call")
            if left == 0:
                self._break(f"took more than {calls} calls")

        return note

    def _hear(self, event, arguments):
        if self._folder is None:
            return
        if event in ELSEWHERE:
            self._break(f"{event} {arguments[:2]}")
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITE:
            self._look(event, arguments[:1])
        elif event in CHANGES:
            self._look(event, arguments[: CHANGES[event]])

    def _look(self, event, places):
        for place in places:
            if isinstance(place, str | bytes | os.PathLike):
                whole = os.path.abspath(os.fsdecode(place))  # noqa: PTH100 (follows no links, and asks nobody)
                if (
                    whole != self._folder
                    and not whole.startswith(self._folder + os.sep)
                    and whole != os.devnull
                    and "__pycache__" not in whole
                ):
                    self._break(f"{event} {whole}")

    def _break(self, rule):
        self._broken = self._broken or rule
        raise BrokenRuleError(rule)


def limit_memory() -> None:
    """Let this process take so much more than it has now, and be ended if it hangs."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY_BYTES, resource.RLIM_INFINITY))
