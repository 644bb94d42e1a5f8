"""What long work is given beside its task: whom to tell how far it is, and whom to ask whether it shall end."""

import time
from collections.abc import Callable

from .protocol import UserError
from .protocol.models import ModelProgress

REPORT_SECONDS = 0.2
"""At most one `ModelProgress` in so long a time."""

ReportBytes = Callable[[int, int], None]
"""Called with how many of how many bytes are done; the second is 0 while nobody knows."""

ReportCount = Callable[[int, int], None]
"""Called with how many of how many things are done."""

Cancelled = Callable[[], bool]
"""Asked several times a second: True means that nobody wants the work any more."""


MEMORY_IS_FULL = UserError("The memory is full.", "Close other programs, or choose a smaller size.")


class DeviceLostError(UserError):
    """A device stopped in the middle: this process can draw nothing on it any more."""


def is_memory_full(error: BaseException) -> bool:
    """Say whether an error means that the memory is full, whatever a library calls it, or that it came from one that does."""
    texts = (
        "out of memory",
        "can't allocate memory",
        "cannot allocate memory",
        "failed to map segment",
        "bad_alloc",
        "can't start new thread",
    )
    own = isinstance(error, MemoryError | BlockingIOError) or any(  # the latter: FFmpeg, which could start no thread
        text in str(error).lower() for text in texts
    )
    before = error.__cause__ or error.__context__
    return own or (before is not None and is_memory_full(before))


class CancelledError(Exception):
    """The user asked for an end. What was finished is kept."""


def report_nothing(_done: int, _total: int) -> None:
    """Take a report, for callers that want none."""


def never() -> bool:
    """Say that the work goes on."""
    return False


def end_if(cancelled: Cancelled) -> None:
    """End the work if nobody wants it any more.

    Raises
    ------
    CancelledError
        Then.
    """
    if cancelled():
        raise CancelledError


class ModelReporter:
    """Turns counts of bytes into `ModelProgress` with rate and time left, a few a second.

    Parameters
    ----------
    name
        The model's.
    send
        Takes them.
    clock
        Seconds that only rise.
    """

    def __init__(self, name: str, send: Callable[[ModelProgress], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._send = send
        self._clock = clock
        self._first: tuple[float, int] | None = None
        self._sent = 0.0

    def __call__(self, done_bytes: int, total_bytes: int) -> None:
        """Take a count."""
        now = self._clock()
        if self._first is None:
            self._first = now, done_bytes
        elif now - self._sent < REPORT_SECONDS and done_bytes < max(total_bytes, 1):
            return
        self._sent = now
        elapsed, come = now - self._first[0], done_bytes - self._first[1]
        rate = come / elapsed if elapsed > 0 else 0.0
        left = max(total_bytes - done_bytes, 0) / rate if rate > 0 else 0.0
        self._send(ModelProgress(name=self._name, done_bytes=done_bytes, total_bytes=total_bytes, bytes_per_second=rate, seconds_left=left))
