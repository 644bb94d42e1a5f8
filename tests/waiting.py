"""Waiting for what other processes and threads do: for a condition, never for a time to pass.

Standard library only: Blender runs it, too.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 60
"""Ends what hangs; no slow machine shall ever need it all."""


def until(condition: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait until a condition holds, and give what it gave."""
    end = time.monotonic() + seconds
    while not (held := condition()):
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.01)
    return held


def is_running(pid: int) -> bool:
    """Say whether a process runs: a zombie, which only waits for whoever adopted it, does not."""
    return _state(Path(f"/proc/{pid}"))[0] not in {"", "Z"}


def is_group_running(number: int) -> bool:
    """Say whether any process of a group runs."""
    states = [_state(folder) for folder in Path("/proc").iterdir() if folder.name.isdecimal()]
    return any(group == str(number) and state != "Z" for state, group in states)


def _state(folder: Path) -> tuple[str, str]:
    """Give the letter of a process's state, and its group; empty: there is none such."""
    try:
        state, _, group, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it is gone; or went while this was read
        return "", ""
    return state, group
