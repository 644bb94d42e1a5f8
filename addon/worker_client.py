"""The add-on's end of the worker: starts the process, talks to it without ever waiting, and notices when it dies.

This side listens on loopback, for the one process that it started. Whoever else calls cannot answer the challenge (`protocol.handshake`),
and is dropped: at once if what it says is no answer, after a second if it says nothing.
"""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

from ..core.protocol import Cancel, Event, Hello, Message, Ping, Pong, ProtocolError, Shutdown, UserError, decode, encode, handshake

START_SECONDS = 120.0
"""How long a worker may take to say hello: a cold disk and an eager virus scanner included."""

END_SECONDS = 0.5  # a worker ends in 0.1 s; Blender must not stand still for one that does not
LONGEST_END_SECONDS = 30.0
"""How long a worker that has hung up may take to end, and to leave word how: a moment, unless the machine is very busy."""

MOST_STRANGERS = 64
"""The oldest of more is dropped: who is busy calling cannot keep the worker out, which calls again."""
STRANGER_SECONDS = 1.0
FIRST_LINE_BYTES = 1000

READ_BYTES = 1 << 16
READS_A_POLL = 32  # a chatty worker must not hold Blender up
LONGEST_LINE_BYTES = 1 << 28

PING_SECONDS = 5.0
SILENT_SECONDS, CANCEL_SECONDS = 120.0, 15.0
"""A worker that does not even answer a `Ping` for so long, the second if a job was cancelled, is ended: something in it never returns."""
LONGEST_GAP_SECONDS = 1.0
"""Of the time between two polls so much counts as waiting for the worker: Blender renders, computers sleep."""

START_CORE = (
    "import os, runpy, sys; sys.path.insert(0, sys.argv.pop(1)); back = int(sys.argv.pop(1)); hasattr(os, 'nice') and os.nice(back);"
    " runpy.run_module('core', run_name='__main__', alter_sys=True)"
)
NICE = 15
"""How much the engine steps back behind other programs, on Unix: 5.5 frames a second of playback become 8.8, for 14 % of drawing speed."""

FOREIGN_VARIABLES = ("PYTHON", "LD_LIBRARY_PATH", "LD_PRELOAD", "OCIO", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
"""Environment variables beginning so are Blender's or the shell's: with them the worker would load the wrong libraries."""


class WorkerError(UserError):
    """The worker could not be started, or has ended."""


class WorkerClient:
    """One worker process. `poll` it often; nothing here blocks.

    Parameters
    ----------
    python
        The Python program in which the engine is installed.
    root
        The folder that holds the package `core`.
    steps_back
        Whether it leaves other programs the processor when they want it.

    Raises
    ------
    WorkerError
        If the program cannot be started.
    """

    def __init__(self, python: Path, root: Path, *, steps_back: bool = True) -> None:
        self._token = secrets.token_hex(16)
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._strangers: list[Stranger] = []
        self._line: Line | None = None
        self._unsent: list[Message] = []
        self._hung_up: float | None = None
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
        self._started = self._polled = time.monotonic()
        self._silent, self._patience, self._is_pinged = 0.0, SILENT_SECONDS, False
        self._process = self._start(python, root, steps_back=steps_back)

    @property
    def pid(self) -> int:
        """The worker's process number."""
        return self._process.pid

    def send(self, message: Message) -> None:
        """Send a message, as soon as the worker listens."""
        self._unsent.append(message)
        if not isinstance(message, Ping):
            self._patience = CANCEL_SECONDS if isinstance(message, Cancel) else SILENT_SECONDS

    @property
    def has_ended(self) -> bool:
        """Whether there is no such process any more."""
        return self._process.poll() is not None

    def poll(self) -> list[Event]:
        """Take what the worker has said since the last poll.

        Raises
        ------
        WorkerError
            If the worker has ended, does not come up, or does not answer.
        """
        if self._line is None:
            self._meet()
        if self._line is None:
            self._check_start()
            return []
        while self._unsent:
            self._line.write(encode(self._unsent.pop(0)))
        lines = self._line.read()
        if not self._line.closed:
            self._hung_up = None
            self._check_answers(has_said=self._line.has_read)
        elif not lines and not self._is_ending():
            raise self._ended()
        events = [decode(line, Event) for line in lines]
        return [event for event in events if not isinstance(event, Pong)]

    def _check_answers(self, *, has_said: bool) -> None:
        """Count for how long the worker has been silent, ask it, and end it if it does not answer."""
        now = time.monotonic()
        self._silent, self._polled = self._silent + min(now - self._polled, LONGEST_GAP_SECONDS), now
        if has_said:
            self._silent, self._is_pinged = 0.0, False
        elif self._silent >= self._patience:
            self._process.kill()
            raise WorkerError(
                f"The engine did not answer for {self._patience:.0f} s, and was ended.",
                "Try again: finished frames are kept. If it happens again with the same file, report it.",
            )
        elif self._silent >= PING_SECONDS and not self._is_pinged:
            self._is_pinged = True
            self.send(Ping())

    def stop(self) -> None:
        """End the worker: politely, then for good."""
        if self._line is None:
            self._process.kill()  # it never came up: nothing to say goodbye to
        else:
            self._line.write(encode(Shutdown()))
        self._close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _start(self, python: Path, root: Path, *, steps_back: bool) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_VARIABLES)}
        try:
            process = subprocess.Popen(
                [str(python), "-I", "-c", START_CORE, str(root), str(NICE if steps_back else 0), "worker"],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=tempfile.gettempdir(),  # on Windows a process's folder cannot be removed: never the add-on's
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                | (getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0) if steps_back else 0),
            )
        except OSError as error:
            self._close()
            self._log.close()
            raise WorkerError(
                f"The engine's Python {python} cannot be started: {error.strerror}.", "Set Engine Python in the add-on's preferences."
            ) from error
        assert process.stdin is not None
        assert self._listener is not None
        with contextlib.suppress(OSError), process.stdin as pipe:  # a process that died at once is found by `poll`
            pipe.write(json.dumps({"port": self._listener.getsockname()[1], "token": self._token}).encode() + b"\n")
        return process

    def _meet(self) -> None:
        """Let callers in, and find out which of them is the worker."""
        assert self._listener is not None
        with contextlib.suppress(OSError):  # nobody calls; or who did has hung up
            for _ in range(MOST_STRANGERS):
                self._strangers.append(Stranger(self._listener.accept()[0]))
        while len(self._strangers) > MOST_STRANGERS:
            self._strangers.pop(0).line.close()
        for stranger in list(self._strangers):
            if stranger.is_worker(self._token):
                self._line = stranger.line
                self._strangers.remove(stranger)
                self._close_door()
                return
            if stranger.line.closed or stranger.is_late():
                stranger.line.close()
                self._strangers.remove(stranger)

    def _check_start(self) -> None:
        if self._process.poll() is not None:
            raise WorkerError(
                f"The engine did not start ({_describe_exit(self._process.returncode)}).{self._last_words()}",
                "Press Check in the add-on's preferences: it says what is missing.",
            )
        if time.monotonic() - self._started > START_SECONDS:
            raise WorkerError(
                f"The engine did not start within {START_SECONDS:.0f} s.", "Try again; if it happens again, restart the computer."
            )

    def _is_ending(self) -> bool:
        """Whether the worker has hung up and is still on its way out: how it ended is known a little later."""
        self._hung_up = self._hung_up or time.monotonic()
        return not self.has_ended and time.monotonic() < self._hung_up + LONGEST_END_SECONDS

    def _ended(self) -> WorkerError:
        return WorkerError(
            f"The engine ended unexpectedly ({_describe_exit(self._process.returncode)}).{self._last_words()}",
            "Press Go On Drawing or Generate again, or Resume a download: what is finished is kept, only the rest is done.",
        )

    def _last_words(self) -> str:
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").strip().splitlines()
        return f" It said: {said[-1]}" if said else ""

    def _close_door(self) -> None:
        for stranger in self._strangers:
            stranger.line.close()
        if self._listener is not None:
            self._listener.close()
        self._strangers, self._listener = [], None

    def _close(self) -> None:
        self._close_door()
        if self._line is not None:
            self._line.close()


class Stranger:
    """Somebody who has called, and has yet to prove who it is."""

    def __init__(self, connection: socket.socket) -> None:
        self.line = Line(connection, longest=FIRST_LINE_BYTES)
        self._called = time.monotonic()
        self._asked = handshake.challenge()
        self.line.write(encode(self._asked))

    def is_worker(self, token: str) -> bool:
        """Hear whether it has answered the challenge, and prove ourselves in turn; who has answered otherwise is hung up on."""
        said = self.line.read()
        if not said:
            return False
        try:
            hello = decode(said[0], Hello)
        except ProtocolError:
            self.line.close()
            return False
        if not handshake.is_worker(self._asked, hello, token=token):
            self.line.close()
            return False
        self.line.longest = LONGEST_LINE_BYTES
        self.line.write(encode(handshake.welcome(self._asked, hello, token=token)))
        return True

    def is_late(self) -> bool:
        """Say whether it has been silent for too long."""
        return time.monotonic() - self._called > STRANGER_SECONDS


class Line:
    """A connection that reads and writes whole lines and never waits.

    Parameters
    ----------
    connection
        An open one.
    longest
        So many bytes a line may have; who sends more is hung up on.
    """

    def __init__(self, connection: socket.socket, *, longest: int = LONGEST_LINE_BYTES) -> None:
        self._connection = connection
        self._connection.setblocking(False)
        self._unread, self._unwritten = bytearray(), bytearray()
        self.longest = longest
        self.closed = self.has_read = False

    def read(self) -> list[bytes]:
        """Take the lines that have arrived."""
        self._flush()
        lines: list[bytes] = []
        self.has_read = False
        for _ in range(READS_A_POLL):
            data = self._receive()
            if not data:
                break
            self.has_read = True
            *ended, rest = data.split(b"\n")  # what was read before holds no line's end, and is not searched again
            for one in ended:
                lines.append(bytes(self._unread) + one)
                self._unread.clear()
            self._unread += rest
        if max([len(self._unread), *map(len, lines)]) > self.longest:
            self.close()
            return []
        return lines

    def _receive(self) -> bytes:
        try:
            data = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        self.closed = self.closed or not data
        return data

    def write(self, line: str) -> None:
        """Send a line, now or at one of the next reads."""
        self._unwritten += line.encode(errors="replace") + b"\n"
        self._flush()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
        self.closed = True

    def _flush(self) -> None:
        try:
            while self._unwritten:
                del self._unwritten[: self._connection.send(self._unwritten)]
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True


def _describe_exit(code: int | None) -> str:
    if code is None:
        return "still running"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
