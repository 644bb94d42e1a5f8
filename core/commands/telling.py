"""What a command says while it works: a bar, sentences, or (``--json``) JSON lines. All of it on standard error."""

import contextlib
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Generator

from ..protocol import Failed, Progress, Stage, UserError, encode, printable

BAR_WIDTH = 30
JOB_ID = "command line"


@contextlib.contextmanager
def progress(options: Namespace) -> Generator[Callable[[Stage, int, int], None]]:
    """Lend what shows how far a film is."""
    from ..worker import Reporter

    yield Reporter(JOB_ID, _show_json if options.json else _show_bar, clock=time.monotonic)
    if not options.json:
        say("")


def _show_json(event: Progress) -> None:
    sys.stderr.write(encode(event) + "\n")


def _show_bar(event: Progress) -> None:
    filled = BAR_WIDTH * event.done // max(event.total, 1)
    rate = f"{event.frames_per_second:5.1f} frames/s, {event.seconds_left:4.0f} s left" if event.frames_per_second else ""
    bar = f"{'█' * filled}{'░' * (BAR_WIDTH - filled)}"
    sys.stderr.write(f"\r{event.stage:<13} {bar} {event.done}/{event.total} {rate:<30}")
    sys.stderr.flush()


def say(line: str) -> None:
    """Say one line."""
    sys.stderr.write(printable(line) + "\n")


def tell_failure(options: Namespace, error: UserError) -> None:
    """Say what went wrong and what to do."""
    if options.json:
        say(encode(Failed(job_id=JOB_ID, cause=error.cause, cure=error.cure)))
    else:
        say(f"\n{error.cause}\n→ {error.cure}")
