"""The engine's set-up: what is known of it, and the task that `core/bootstrap.py` is at. The preferences draw it; a timer feeds it.

In: the program's news. Out: `state`. Blender never waits for the program, and the program ends when Blender does. Nothing of it is saved.
"""

import atexit
import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..core.protocol import UserError
from ..core.protocol.proofs import told_proofs
from . import engine, folders, models
from .bootstrap_client import BootstrapClient, blenders_python
from .engine import Condition
from .lines import redraw_sidebars

POLL_SECONDS = 0.1
SCRIPT = engine.ROOT / "core" / "bootstrap.py"


class Task(enum.Enum):
    """What the program is asked to do: its command."""

    PLAN = "plan"
    MAKE = "make"
    CHECK = "check"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What setting up would do."""

    version: str
    build: str
    download_mb: int
    disk_mb: int
    free_mb: int


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Another build of PyTorch, where the one that fits cannot be had: taken only if the user says so."""

    build: str
    download_mb: int
    disk_mb: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of what Check found."""

    name: str
    words: str
    is_well: bool


@dataclass
class State:
    """What the preferences show and the buttons ask.

    Parameters
    ----------
    condition
        None: nobody has looked yet.
    part, words
        How far the task is, of 1, and in words.
    plan
        None: nobody has asked yet.
    rows
        What Check found.
    failed
        The task that `error` is about.
    offer
        What could be set up in the place of what cannot be had.
    takes_offer
        Whether that is what is being set up.
    """

    condition: Condition | None = None
    task: Task | None = None
    cancelling: bool = False
    part: float = 0.0
    words: str = ""
    plan: Plan | None = None
    rows: tuple[Row, ...] = ()
    error: UserError | None = None
    failed: Task | None = None
    offer: Offer | None = None
    takes_offer: bool = False
    note: str = ""

    @property
    def is_faulty(self) -> bool:
        """Whether the last Check found a fault."""
        return bool(self.rows) and not self.rows[-1].is_well

    @property
    def busy(self) -> bool:
        """Whether a task is under way that a button began."""
        return self.task not in {None, Task.PLAN}


state = State()
_client: BootstrapClient | None = None


# What buttons call ----------------------------------------------------------------------------------------------------------------------


def start(task: Task, *, take_offer: bool = False) -> None:
    """Begin a task; `state` shows how it goes. No worker may run that holds the files which it changes.

    Parameters
    ----------
    task
        What to do.
    take_offer
        Make the environment with the other build of PyTorch that was offered.

    Raises
    ------
    UserError
        If there is no Python to run the program with.
    """
    global _client  # noqa: PLW0603 (one task at a time)
    _drop_client()
    _client = BootstrapClient(SCRIPT, _arguments(task, take_offer=take_offer), python=_running_python())
    state.task, state.cancelling, state.part, state.words, state.takes_offer = task, False, 0.0, "", take_offer
    if task != Task.PLAN or state.failed == Task.PLAN:
        state.error, state.failed, state.offer, state.note, state.rows = None, None, None, "", ()
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=POLL_SECONDS, persistent=True)


def cancel() -> None:
    """End the task, with every program that it started. What pip has downloaded, it keeps."""
    if _client is not None:
        state.cancelling = True
        _client.cancel()


def look() -> None:
    """Look how the environment is, and what setting it up would do if that is wanted; called by a timer, and by tests."""
    state.condition = engine.condition()
    needs_plan = state.condition != Condition.READY and not engine.chosen_python()
    if needs_plan and state.plan is None and state.task is None:
        try:
            start(Task.PLAN)
        except UserError as error:
            state.error, state.failed = error, Task.PLAN
    redraw_sidebars()


def fail(task: Task, error: UserError) -> None:
    """Show an error until the next task."""
    state.task, state.error, state.failed, state.note = None, error, task, ""


def why_busy() -> str:
    """Say why the engine cannot be asked for anything now; empty: it can, or there is none."""
    match state.task:
        case Task.MAKE:
            return "The engine is being set up. Wait until it is ready"
        case Task.REMOVE:
            return "The engine is being removed"
        case _:
            return ""


def is_set() -> bool:
    """Say whether there is an engine to ask, as far as is known without looking."""
    return bool(engine.chosen_python()) or state.condition == Condition.READY


def log() -> str:
    """Read what venv and pip said. Reads a file: not for `draw()`."""
    try:
        return (engine.engine_folder() / "set-up.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def process_id() -> int | None:
    """Give the program's process number, if it runs."""
    return None if _client is None else _client.pid


def _running_python() -> Path:
    """Give the Python that runs the program: Blender's own, for the one to set up with may be too old for it."""
    try:
        return blenders_python()
    except UserError:
        if chosen := _preferences().setup_python:
            return Path(bpy.path.abspath(chosen))
        raise


def _preferences() -> Any:
    return bpy.context.preferences.addons[engine.PACKAGE].preferences


def _arguments(task: Task, *, take_offer: bool) -> list[str]:
    given = {"--folder": str(engine.engine_folder()), "--requirements": str(engine.REQUIREMENTS)}
    preferences = _preferences()
    if task == Task.CHECK and preferences.engine_python:
        given["--python"] = bpy.path.abspath(preferences.engine_python)
    elif task in {Task.PLAN, Task.MAKE}:
        if preferences.setup_python:
            given["--python"] = bpy.path.abspath(preferences.setup_python)
        if preferences.wheel_folder:
            given["--wheels"] = bpy.path.abspath(preferences.wheel_folder)
    anew = ["--anew"] if task == Task.MAKE and state.is_faulty else []
    other = ["--pypi-build"] if take_offer else []
    return [task.value, *(word for pair in given.items() for word in pair), *anew, *other]


# What the timer does --------------------------------------------------------------------------------------------------------------------


def tick() -> float | None:
    """Take the program's news; called by Blender's timer (and by tests, where timers do not run).

    Returns
    -------
    float | None
        Seconds until the next call; None when there is nothing left to wait for.
    """
    try:
        _advance()
    except Exception as error:  # noqa: BLE001 (the timer's one catch-all: what escaped here, nobody would see)
        _drop_client()
        fail(state.task or Task.MAKE, UserError(f"Something went wrong: {error}.", "Press Retry."))
        redraw_sidebars()
    return None if _client is None else POLL_SECONDS


def _advance() -> None:
    if _client is None:
        return
    has_ended = _client.has_ended  # asked first: so its last words are among those that are polled
    news = _client.poll()
    for event in news:
        _take(event)
    if has_ended:
        _finish(_client)
    if news or has_ended:
        redraw_sidebars()


def _take(event: dict[str, Any]) -> None:
    match event:
        case {"event": "progress", "part": part, "words": words}:
            state.part, state.words = part, words
        case {"event": "plan"}:
            state.plan = Plan(**{name: event[name] for name in ("version", "build", "download_mb", "disk_mb", "free_mb")})
        case {"event": "row", "name": name, "words": words, "ok": is_well}:
            state.rows += (Row(name=name, words=words, is_well=is_well),)
        case {"event": "failed", "cause": cause, "cure": cure} if not state.cancelling:
            state.error, state.failed = UserError(cause, cure), state.task
            state.offer = Offer(**event["offer"]) if "offer" in event else None


def _finish(client: BootstrapClient) -> None:
    task, state.task = state.task, None
    if task == Task.CHECK:
        proofs = told_proofs(folders.user_cache_folder())
        state.rows += tuple(Row(name="Precision", words=words, is_well=True) for words in proofs)
    if state.cancelling:
        state.note = "Cancelled. What has been downloaded is kept for the next time."
    elif client.exit_code and state.failed != task:
        said = client.last_words()
        cause = f"The set-up ended unexpectedly (exit code {client.exit_code}).{f' It said: {said}' if said else ''}"
        state.error, state.failed = UserError(cause, "Press Retry, or choose another Python for Set-Up."), task
    elif not client.exit_code and task != Task.PLAN:
        state.note = {Task.MAKE: "The engine is ready.", Task.REMOVE: "The engine is removed."}.get(task, "")
    _drop_client()
    state.condition = engine.condition()
    if state.condition == Condition.READY and models.state.entries is None:
        models.state.error = None  # that there was no engine; now the list can be read
    if task == Task.REMOVE or state.takes_offer:  # what setting up would do is another thing now
        state.plan, state.takes_offer = None, False
        look()


# Coming and going -----------------------------------------------------------------------------------------------------------------------


@bpy.app.handlers.persistent
def _drop_client(*_: object) -> None:
    """End the program, if it runs."""
    global _client
    if _client is not None:
        ending, _client = _client, None
        ending.stop()


def register() -> None:
    """Watch for Blender's end."""
    if hasattr(bpy.app.handlers, "exit_pre"):  # 5.1
        bpy.app.handlers.exit_pre.append(_drop_client)
    atexit.register(_drop_client)


def unregister() -> None:
    """End the program, and forget what was known."""
    global state  # noqa: PLW0603
    _drop_client()
    state = State()
    for function in (tick, look):
        if bpy.app.timers.is_registered(function):
            bpy.app.timers.unregister(function)
    if hasattr(bpy.app.handlers, "exit_pre"):
        bpy.app.handlers.exit_pre.remove(_drop_client)
    atexit.unregister(_drop_client)
