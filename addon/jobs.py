"""The job that is under way: one module object that the timer advances, the operators start and cancel, and the panel shows.

Nothing of it is saved in the .blend. The worker is started with the first job and kept for the next ones.
"""

import atexit
import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from ..core.protocol import (
    Cancel,
    Cancelled,
    ChooseClasses,
    Drawn,
    Edit,
    Event,
    Export,
    Exported,
    ExportOptions,
    Failed,
    Heard,
    Import,
    Imported,
    Listen,
    ListModels,
    Message,
    ModelJob,
    Progress,
    ProtocolError,
    Render,
    RenderRequest,
    Settings,
    UserError,
)
from . import folders, models
from .engine import engine_python
from .lines import redraw_sidebars
from .sections import Piece
from .strips import Placement
from .worker_client import WorkerClient

POLL_SECONDS = 0.05
ROOT = Path(__file__).resolve().parent.parent  # holds `addon` and `core`, in the repository as in the installed extension


@dataclass(frozen=True, kw_only=True)
class RenderJob:
    """A film that the worker draws, and where it belongs."""

    job_id: str
    request: RenderRequest
    placement: Placement | Piece


@dataclass(frozen=True, kw_only=True)
class ExportJob:
    """A timeline that the worker writes, and sentences about what of the sequencer it does not hold."""

    job_id: str
    path: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportJob:
    """A timeline that the worker reads, and the scene and its frame that it is for."""

    job_id: str
    path: str
    scene_name: str
    first_frame: int


@dataclass(frozen=True, kw_only=True)
class ListenJob:
    """A sound strip that the worker listens to, and what shall be marked: some of `markers.KINDS`."""

    job_id: str
    scene_name: str
    strip_name: str
    kinds: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Question:
    """Anything else that the worker is asked.

    Parameters
    ----------
    take
        Called with the answer, by the timer; it shows errors by `show_error`. Not called after Cancel or a failure.
    busy_words
        What others are told meanwhile: "A sound is being listened to".
    """

    job_id: str
    take: Callable[[Event], None]
    busy_words: str


@dataclass(frozen=True, kw_only=True)
class HeardSound:
    """What was heard, and waits to be marked."""

    job: ListenJob
    heard: Heard


@dataclass(frozen=True, kw_only=True)
class FinishedFilm:
    """A drawn film that waits to be put on the timeline."""

    job: RenderJob
    drawn: Drawn

    @property
    def settings(self) -> Settings:
        """The settings that it was drawn with."""
        return self.job.request.settings


@dataclass(frozen=True, kw_only=True)
class ReadTimeline:
    """A timeline that waits to be put into the sequencer."""

    job: ImportJob
    imported: Imported


Job = RenderJob | ExportJob | ImportJob | ListenJob | Question


@dataclass
class State:
    """What the panel shows and the operators ask.

    Parameters
    ----------
    waiting
        Films that are drawn after this one, in this order.
    """

    job: Job | None = None
    progress: Progress | None = None
    cancelling: bool = False
    finished: FinishedFilm | None = None
    read: ReadTimeline | None = None
    heard: HeardSound | None = None
    error: UserError | None = None
    details: str = ""
    notes: tuple[str, ...] = field(default_factory=tuple)
    waiting: tuple[RenderJob, ...] = ()

    @property
    def busy(self) -> bool:
        """Whether a job is under way or waits for its turn, or something waits to be put on the timeline."""
        return self.job is not None or self.is_done or bool(self.waiting)

    @property
    def is_done(self) -> bool:
        """Whether a film, a timeline or markers wait to be put on the timeline."""
        return self.finished is not None or self.read is not None or self.heard is not None


state = State()
_worker: WorkerClient | None = None


# What operators call --------------------------------------------------------------------------------------------------------------------


def start_render(request: RenderRequest, placement: Placement) -> None:
    """Have a film drawn and put on the timeline.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    start_pieces([(request, placement)])


def start_pieces(films: Sequence[tuple[RenderRequest, Placement | Piece]]) -> None:
    """Have films drawn one after another, each shown where it belongs as soon as it is finished.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    first, *rest = (RenderJob(job_id=uuid.uuid4().hex, request=request, placement=place) for request, place in films)
    _start(first, Render(job_id=first.job_id, request=first.request))
    state.waiting = tuple(rest)


def _start_next() -> None:
    """Begin with the next film that waits; what was told of those before stays to be read."""
    notes, (job, *rest) = state.notes, state.waiting
    _start(job, Render(job_id=job.job_id, request=job.request))
    state.notes, state.waiting = notes, tuple(rest)


def start_export(edit: Edit, path: str, options: ExportOptions, *, warnings: tuple[str, ...] = ()) -> None:
    """Have a timeline written; `warnings` are told with the worker's own.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    job = ExportJob(job_id=uuid.uuid4().hex, path=path, warnings=warnings)
    _start(job, Export(job_id=job.job_id, edit=edit, path=path, options=options))


def start_import(path: str, scene_name: str, *, first_frame: int) -> None:
    """Have a timeline read and put into a scene's sequencer, from `first_frame` on.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    job = ImportJob(job_id=uuid.uuid4().hex, path=path, scene_name=scene_name, first_frame=first_frame)
    _start(job, Import(job_id=job.job_id, path=path))


def start_listening(scene_name: str, strip_name: str, sound_path: str, kinds: frozenset[str]) -> None:
    """Have a sound listened to, and marked on the timeline.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    job = ListenJob(job_id=uuid.uuid4().hex, scene_name=scene_name, strip_name=strip_name, kinds=kinds)
    _start(job, Listen(job_id=job.job_id, sound_path=sound_path, cache_folder=str(folders.base_folder() / "cache")))


def ask(message: ChooseClasses, take: Callable[[Event], None], *, busy_words: str) -> None:
    """Ask the worker something, and have `take` called with its answer.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    _start(Question(job_id=message.job_id, take=take, busy_words=busy_words), message)


def start_model_job(job: ModelJob) -> None:
    """Have something done about the models on this machine; `models` shows how it goes.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    _tell_worker(job)
    models.begin(job)


def cancel_model_job() -> None:
    """End the job about models; what has come of a download is kept."""
    if models.state.job is not None and _worker is not None:
        models.state.cancelling = True
        _worker.send(Cancel(job_id=models.state.job.job_id))


def why_busy() -> str:
    """Say why no other job can be started now; empty: one can. The worker does one at a time."""
    if isinstance(state.job, ListenJob):
        return "A sound is being listened to. Wait for it, or cancel it"
    if isinstance(state.job, Question):
        return f"{state.job.busy_words}. Wait for it, or cancel it"
    if state.busy:
        return "A film is being drawn. Wait for it, or cancel it"
    if models.state.busy:
        return "A model is being downloaded or checked. Wait for it, or cancel it in the add-on's preferences"
    return ""


def cancel() -> None:
    """End the job at its next batch; finished frames are kept."""
    if state.job is not None and _worker is not None:
        state.cancelling = True
        _worker.send(Cancel(job_id=state.job.job_id))
    state.finished = state.read = state.heard = None
    state.waiting = ()


def show_error(error: UserError, details: str = "") -> None:
    """Show an error in the panel until the next job."""
    state.error, state.details = error, details


def end_worker() -> None:
    """End the worker, if one runs: the next job starts another."""
    _drop_worker()


def refuse(operator: bpy.types.Operator, error: UserError) -> set[str]:
    """Say in the panel and where Blender reports why an operator does nothing; give what its `execute` returns."""
    show_error(error)
    operator.report({"ERROR"}, f"{error.cause} {error.cure}")
    return {"CANCELLED"}


def worker_pid() -> int | None:
    """Give the worker's process number, if one runs."""
    return None if _worker is None else _worker.pid


def _start(job: Job, message: Render | Export | Import | Listen | ChooseClasses) -> None:
    global state  # noqa: PLW0603 (a new job starts from a blank state)
    state = State()
    _tell_worker(message)
    state.job = job


def _tell_worker(message: Message) -> None:
    """Send a message, and have the timer listen for what becomes of it."""
    _running_worker().send(message)
    if not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=POLL_SECONDS, persistent=True)


def _running_worker() -> WorkerClient:
    global _worker  # noqa: PLW0603 (one worker for each Blender)
    if _worker is not None and _worker.has_ended:
        _drop_worker()
    if _worker is None:
        _worker = WorkerClient(engine_python(), ROOT)
    return _worker


# What the timer does --------------------------------------------------------------------------------------------------------------------


def tick() -> float | None:
    """Take the worker's news; called by Blender's timer (and by tests, where timers do not run).

    Returns
    -------
    float | None
        Seconds until the next call; None when there is nothing left to wait for.
    """
    try:
        events = [] if _worker is None else _worker.poll()
        for event in events:
            _take(event)
        if events:
            redraw_sidebars()
        if models.state.is_outdated and models.state.job is None and _worker is not None:
            start_model_job(ListModels(job_id=uuid.uuid4().hex, cache_folder=str(folders.user_cache_folder())))
        if state.is_done and _may_insert():
            _insert()
        if state.waiting and state.job is None and not state.is_done:
            _start_next()
    except UserError as error:
        _drop_worker()
        _fail(error)
    except ProtocolError as error:
        _drop_worker()
        _fail(UserError(f"The engine speaks another language: {error}.", "Install the add-on and the engine anew, of one version."))
    except Exception as error:  # noqa: BLE001 (the timer's one catch-all: what escaped here, nobody would see)
        _fail(UserError(f"Something went wrong: {error}.", "Press Generate again: finished frames are kept."), traceback.format_exc())
    return POLL_SECONDS if state.busy or models.state.job is not None else None


def _take(event: Event) -> None:
    if models.is_about(event):
        models.take(event)
        return
    if state.job is None or getattr(event, "job_id", None) != state.job.job_id:
        return  # of a job that nobody waits for any more
    if isinstance(event, Progress):
        state.progress = event
        return
    job, state.job, state.progress, state.cancelling = state.job, None, None, False
    _end(job, event)


def _end(job: Job, event: Event) -> None:
    match event:
        case Failed():
            show_error(UserError(event.cause, event.cure), event.details)
            state.waiting = ()
        case Cancelled():
            state.notes = ("Cancelled. Finished frames are kept.",)
        case _ if isinstance(job, Question):
            job.take(event)
        case Drawn():
            assert isinstance(job, RenderJob)
            state.finished, state.notes = FinishedFilm(job=job, drawn=event), (*state.notes, *event.warnings)
        case Exported():
            assert isinstance(job, ExportJob)
            state.notes = (f"Wrote {event.path}", *job.warnings, *event.warnings)
        case Imported():
            assert isinstance(job, ImportJob)
            state.read = ReadTimeline(job=job, imported=event)
        case Heard():
            assert isinstance(job, ListenJob)
            state.heard = HeardSound(job=job, heard=event)


def _insert() -> None:
    """Put what is done on the timeline, as an undo step of its own."""
    if state.finished is not None:
        bpy.ops.chromastrip.insert_strip("EXEC_DEFAULT", True)
    if state.read is not None:
        bpy.ops.chromastrip.insert_timeline("EXEC_DEFAULT", True)
    if state.heard is not None:
        bpy.ops.chromastrip.insert_markers("EXEC_DEFAULT", True)


def _may_insert() -> bool:
    """Say whether a strip may be put on the timeline now: not under a playing or rendering sequencer."""
    playing = any(window.screen.is_animation_playing for window in bpy.context.window_manager.windows)
    return not playing and not bpy.app.is_job_running("RENDER")


def _fail(error: UserError, details: str = "") -> None:
    is_about_models = models.state.job is not None
    if is_about_models:
        models.fail(error, details)
    if state.busy or not is_about_models:
        state.job, state.progress, state.cancelling, state.waiting = None, None, False, ()
        state.finished = state.read = state.heard = None
        show_error(error, details)
    redraw_sidebars()


# Coming and going -----------------------------------------------------------------------------------------------------------------------


@bpy.app.handlers.persistent
def _forget_job(*_: object) -> None:
    """Before another .blend is opened: the film's timeline goes away with this one. Its frames are kept."""
    global state  # noqa: PLW0603
    cancel()
    state = State()


@bpy.app.handlers.persistent
def _drop_worker(*_: object) -> None:
    """End the worker, if one runs."""
    global _worker
    if _worker is not None:
        ending, _worker = _worker, None
        ending.stop()


def register() -> None:
    """Watch for Blender's end and for other files."""
    bpy.app.handlers.load_pre.append(_forget_job)
    if hasattr(bpy.app.handlers, "exit_pre"):  # 5.1
        bpy.app.handlers.exit_pre.append(_drop_worker)
    atexit.register(_drop_worker)


def unregister() -> None:
    """End the worker and stop watching."""
    _forget_job()
    _drop_worker()
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    bpy.app.handlers.load_pre.remove(_forget_job)
    if hasattr(bpy.app.handlers, "exit_pre"):
        bpy.app.handlers.exit_pre.remove(_drop_worker)
    atexit.unregister(_drop_worker)
