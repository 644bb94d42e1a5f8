"""The job that is under way: one module object that the timer advances, the operators start and cancel, and the panel shows.

Nothing of it is saved in the .blend; films that are asked for are listed on the disk (`job_list`). The worker is started with the first job
and kept for the next ones.
"""

import atexit
import contextlib
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import bpy

from ..core.protocol import (
    ENGINE,
    PUBLISHED_MODELS,
    Begun,
    Cancel,
    Cancelled,
    ChooseClasses,
    Direct,
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
    KeepingJob,
    Listen,
    ListModels,
    MeasureMovies,
    Message,
    Mix,
    ModelJob,
    Progress,
    ProtocolError,
    Render,
    RenderRequest,
    UserError,
)
from . import engine_setup, folders, job_list, live, models, pace, prefetch
from .engine import engine_python, steps_back
from .job_kinds import ExportJob, FinishedFilm, HeardSound, ImportJob, Job, ListenJob, Question, ReadTimeline, RenderJob
from .job_list import ListedFilm
from .lines import redraw_sidebars
from .sections import Piece, find_piece
from .strips import Placement
from .worker_client import WorkerClient

POLL_SECONDS = 0.05
CANCELLED = "Cancelled. Finished frames are kept."
LOOK_SECONDS = 1.0  # between two times that Blender is made to read frames anew
ROOT = Path(__file__).resolve().parent.parent  # holds `addon` and `core`, in the repository as in the installed extension


@dataclass
class State:
    """What the panel shows and the operators ask.

    Parameters
    ----------
    waiting
        Films that are drawn after this one, in this order.
    begun
        Whether the film that is drawn has frames that wait to be put on the timeline.
    adopts
        Whether strips of an earlier try wait to show those.
    looked
        When Blender was last made to read its frames anew, by a clock that only rises, and how many were drawn then.
    """

    job: Job | None = None
    progress: Progress | None = None
    cancelling: bool = False
    finished: FinishedFilm | None = None
    read: ReadTimeline | None = None
    heard: HeardSound | None = None
    error: UserError | None = None
    details: str = ""
    missing: str = ""
    notes: tuple[str, ...] = field(default_factory=tuple)
    waiting: tuple[RenderJob, ...] = ()
    begun: bool = False
    adopts: bool = False
    looked: tuple[float, int] = (0.0, 0)

    @property
    def is_drawing(self) -> bool:
        """Whether all that goes on is about films: others can wait behind them."""
        return (isinstance(self.job, RenderJob) or self.finished is not None or bool(self.waiting)) and not (self.read or self.heard)

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
_shown: set[tuple[str, str, str]] = set()
"""Which films that are not finished have been on the timeline: what then is not there was undone or deleted."""
_withdrawn: tuple[ListedFilm, ...] = ()
"""Films that are drawn no further, since their strips are gone: taken up again when undo or redo brings those back."""


# What operators call --------------------------------------------------------------------------------------------------------------------


def start_films(films: Sequence[ListedFilm]) -> int:
    """Have films drawn one after another, behind those that are drawn already, each shown where it belongs.

    Returns
    -------
    int
        How many were not asked for already.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    asked = {_identity(job.film) for job in _films_coming()}
    news = [RenderJob(job_id=uuid.uuid4().hex, film=film) for film in films if _identity(film) not in asked]
    news = [job for job in news if not _comes_anyway(job)]
    if state.is_drawing:
        state.waiting += tuple(news)
    elif news:
        _start(news[0], news[0].message)
        state.waiting = tuple(news[1:])
    wanted = {_identity(film) for film in films}
    job_list.state.offered = tuple(film for film in job_list.state.offered if _identity(film) not in wanted)
    _know_again(news)
    note_films()
    return len(news)


def start_pieces(films: Sequence[tuple[RenderRequest, Placement | Piece]]) -> int:
    """Have films and pieces of films drawn, see `start_films`."""
    return start_films([ListedFilm(request=request, placement=place) for request, place in films])


def _comes_anyway(job: RenderJob) -> bool:
    """Say whether a strip is drawn already as a part of its film."""
    is_piece = isinstance(job.placement, Piece) and job.mark in {other.mark for other in _films_coming()}
    return is_piece and any(strip.name == job.name for strip in live.marked_strips(job.mark))


def _identity(film: ListedFilm) -> tuple[str, str, str]:
    place = film.placement
    name = place.sound_strip_name if isinstance(place, Placement) else place.strip_name
    return live.mark_of(film.request, as_draft=film.as_draft), place.scene_name, name


def _films_under_way() -> list[RenderJob]:
    """List the films that are drawn, wait to be inserted, or wait for their turn."""
    finished = [state.finished.job] if state.finished is not None else []
    return [*finished, *([state.job] if isinstance(state.job, RenderJob) else []), *state.waiting]


def _films_coming() -> list[RenderJob]:
    """Give those of them that nobody has cancelled."""
    return [job for job in _films_under_way() if not (state.cancelling and job is state.job)]


def note_films() -> None:
    """Keep the list of films on the disk as it is now."""
    job_list.note([job.film for job in _films_under_way()])


def _give_up_films() -> None:
    """Stop drawing, and offer what is not finished to be gone on with."""
    job_list.state.offered = (*job_list.state.offered, *(job.film for job in _films_under_way()))
    state.waiting, state.begun = (), False


def _start_next() -> None:
    """Begin with the next film that waits; what was told of those before stays to be read."""
    notes, (job, *rest) = state.notes, state.waiting
    _start(job, job.message)
    state.notes, state.waiting = notes, tuple(rest)
    note_films()


def start_export(edit: Edit, path: str, options: ExportOptions, *, warnings: tuple[str, ...] = ()) -> None:
    """Have a timeline written; `warnings` are told with the worker's own.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    job = ExportJob(job_id=uuid.uuid4().hex, path=path, warnings=warnings)
    _start(job, Export(job_id=job.job_id, edit=edit, path=path, options=options, memory_folder=str(folders.user_cache_folder())))


def start_import(path: str, scene_name: str, *, first_frame: int) -> None:
    """Have a timeline read and put into a scene's sequencer, from `first_frame` on.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    job = ImportJob(job_id=uuid.uuid4().hex, path=path, scene_name=scene_name, first_frame=first_frame)
    _start(job, Import(job_id=job.job_id, path=path))


def start_listening(
    scene_name: str,
    strip_name: str,
    sound_path: str,
    kinds: frozenset[str],
    *,
    mix: Mix | None = None,
    mixed: tuple[int, int] | None = None,
) -> None:
    """Have a sound listened to, and marked on the timeline; of a mix, how it is made and where it lies.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    job = ListenJob(job_id=uuid.uuid4().hex, scene_name=scene_name, strip_name=strip_name, kinds=kinds, mixed=mixed)
    _start(job, Listen(job_id=job.job_id, sound_path=sound_path, cache_folder=str(folders.base_folder() / "cache"), mix=mix))


def ask(message: ChooseClasses | Direct | KeepingJob | MeasureMovies, take: Callable[[Event], None], *, busy_words: str) -> None:
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
    return engine_setup.why_busy()


def why_not_draw() -> str:
    """Say why no film can be asked for now; empty: one can. Films wait behind each other."""
    return "" if state.is_drawing and not models.state.busy else why_busy()


def cancel() -> None:
    """End the job at its next batch; finished frames are kept. Films that wait are drawn."""
    if state.job is not None and _worker is not None:
        state.cancelling = True
        _worker.send(Cancel(job_id=state.job.job_id))
    if state.finished is not None and not _is_settled(state.finished):
        state.finished = None
    state.read = state.heard = None
    state.begun = False
    note_films()


def cancel_waiting(job_id: str = "") -> None:
    """Let a film that waits not be drawn; without a name, none of those that wait."""
    state.waiting = tuple(job for job in state.waiting if job_id and job.job_id != job_id)
    note_films()


def show_error(error: UserError, details: str = "") -> None:
    """Show an error in the panel until the next job, or until its cause has gone."""
    if error.missing == ENGINE:
        engine_setup.state.condition = None  # what was known of it is not so any more: it is looked at again
    elif error.missing in PUBLISHED_MODELS:
        models.state.is_outdated = True
    state.error, state.details, state.missing = error, details, error.missing


def shown_error() -> UserError | None:
    """Give the error that the panel shows, in its words: none whose cause has gone meanwhile."""
    has_come = engine_setup.is_set() if state.missing == ENGINE else models.is_here(state.missing)
    if state.error is None or (state.missing and has_come):
        return None
    if state.missing not in PUBLISHED_MODELS:
        return state.error
    cure = "Press Download, or add a folder that has them in the add-on's preferences."
    return UserError(state.error.cause, cure, missing=state.missing)


def dismiss() -> None:
    """Take away the error that is shown, else the notes."""
    if shown_error() is not None:
        state.error, state.details, state.missing = None, "", ""
    else:
        state.notes = ()


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


def _start(job: Job, message: Render | Export | Import | Listen | ChooseClasses | Direct | KeepingJob | MeasureMovies) -> None:
    global state  # noqa: PLW0603 (a new job starts from a blank state)
    _tell_worker(message)
    state = State(job=job)


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
        _worker = WorkerClient(engine_python(), ROOT, steps_back=steps_back())
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
        _show_what_is_done()
        _look_at_frames()
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
    if isinstance(event, Begun):
        _begin(event)
        return
    job, state.job, state.progress, state.cancelling = state.job, None, None, False
    _end(job, event)
    note_films()


def _begin(begun: Begun) -> None:
    """Have a film's strip shown: a new one, or those of an earlier try."""
    assert isinstance(state.job, RenderJob)
    state.job = replace(state.job, film=replace(state.job.film, begun=begun))
    there = live.marked_strips(state.job.mark)
    state.adopts = bool(there)
    place = state.job.placement
    is_there = live.is_in_its_scene(there, place)
    if is_there:
        note_shown(state.job.film)
    state.begun = isinstance(place, Placement) and not is_there and not state.cancelling
    note_films()


def _show_what_is_done() -> None:
    """Have shown what waits for it, as soon as that holds nothing up: under playback, too, where the timeline does not change by it."""
    is_settled = state.finished is not None and _is_settled(state.finished)
    waits = state.adopts or is_settled or ((state.begun or state.is_done) and may_insert())
    if not waits or not prefetch.is_out_of_the_way():
        return
    if state.adopts:
        state.adopts = False
        if isinstance(state.job, RenderJob) and state.job.film.begun is not None:
            live.adopt(live.marked_strips(state.job.mark), state.job.film.begun)
    if state.finished is not None and is_settled:
        there = live.marked_strips(state.finished.job.mark)
        live.finish(there, state.finished.drawn)
        live.look_again(there)
        state.finished = None
        note_films()
    elif (state.begun or state.is_done) and may_insert():
        _insert()
    redraw_sidebars()


def _is_settled(film: FinishedFilm) -> bool:
    return live.is_settled(live.marked_strips(film.job.mark), film.drawn, film.job.placement)


def _look_at_frames() -> None:
    """Have Blender read the frames anew of the film that is drawn, if some have come, once a second."""
    if not isinstance(state.job, RenderJob) or state.job.film.begun is None or state.progress is None:
        return
    now, (when, done) = time.monotonic(), state.looked
    if state.progress.done == done or now - when < LOOK_SECONDS or bpy.app.is_job_running("RENDER"):
        return
    there = live.marked_strips(state.job.mark)
    if there and not prefetch.is_out_of_the_way():
        return
    state.looked = (now, state.progress.done)
    if there:
        live.look_again(there)
    if isinstance(state.job.placement, Placement):
        _withdraw_gone()


def note_shown(film: ListedFilm, *, is_there: bool = True) -> None:
    """Note whether a film's strip is on the timeline."""
    (_shown.add if is_there else _shown.discard)(_identity(film))


def is_gone(job: RenderJob) -> bool:
    """Say whether what a film is drawn for is not there any more: the strip that showed it already, or that shall show it."""
    if isinstance(job.placement, Piece):
        return find_piece(job.placement) is None
    return _identity(job.film) in _shown and not live.marked_strips(job.mark)


def _withdraw_gone() -> None:
    """Draw those films no further whose strips are gone."""
    if isinstance(state.job, RenderJob) and not state.cancelling and is_gone(state.job):
        _withdraw(state.job)
        cancel()
    for job in [job for job in state.waiting if is_gone(job)]:
        _withdraw(job)
        cancel_waiting(job.job_id)


def _withdraw(job: RenderJob) -> None:
    global _withdrawn  # noqa: PLW0603
    if not _is_withdrawn(job.film):
        _withdrawn = (*_withdrawn, job.film)


def _is_withdrawn(film: ListedFilm) -> bool:
    return _identity(film) in {_identity(other) for other in _withdrawn}


def _take_up_again() -> None:
    """Go on with films whose strips are back."""
    back = [film for film in _withdrawn if not is_gone(RenderJob(job_id="", film=film))]
    if back and not why_not_draw():
        with contextlib.suppress(UserError):  # there is no engine: the strips say that they are drawn only partly
            start_films(back)


def _know_again(jobs: Sequence[RenderJob]) -> None:
    """Forget of films that are asked for what became of earlier tries."""
    global _withdrawn  # noqa: PLW0603
    asked = {_identity(job.film) for job in jobs}
    _withdrawn = tuple(film for film in _withdrawn if _identity(film) not in asked)
    for job in jobs:
        note_shown(job.film, is_there=live.is_in_its_scene(live.marked_strips(job.mark), job.placement))


def _end(job: Job, event: Event) -> None:
    match event:
        case Failed():
            show_error(UserError(event.cause, event.cure, missing=event.missing), event.details)
            _give_up_films()
            if isinstance(job, RenderJob):
                job_list.state.offered = (job.film, *job_list.state.offered)
        case Cancelled():
            state.notes = _cancelled_notes(job)
        case _ if isinstance(job, Question):
            job.take(event)
        case Drawn():
            assert isinstance(job, RenderJob)
            _take_film(job, event)
        case Exported():
            assert isinstance(job, ExportJob)
            state.notes = (f"Wrote {event.path}", *job.warnings, *event.warnings)
        case Imported():
            assert isinstance(job, ImportJob)
            state.read = ReadTimeline(job=job, imported=event)
        case Heard():
            assert isinstance(job, ListenJob)
            state.heard = HeardSound(job=job, heard=event)


def _take_film(job: RenderJob, drawn: Drawn) -> None:
    """Have a finished film shown, unless what it was drawn for is gone."""
    pace.read()
    state.begun, state.adopts, state.notes = False, False, (*state.notes, *drawn.warnings)
    if isinstance(job.placement, Placement) and is_gone(job):
        _withdraw(job)
    if _is_withdrawn(job.film):  # by now, or before the worker heard of it
        state.notes = (*state.notes, *_cancelled_notes(job))
    else:
        state.finished = FinishedFilm(job=job, drawn=drawn)


def _cancelled_notes(job: Job) -> tuple[str, ...]:
    """Say why a job has ended before its time; nothing, if it was taken up again meanwhile."""
    if not isinstance(job, RenderJob):
        return (CANCELLED,)
    if _is_withdrawn(job.film):
        return (f"“{job.name}” is gone from the timeline: it is drawn no further, and its finished frames are kept.",)
    return () if _identity(job.film) in {_identity(other.film) for other in state.waiting} else (CANCELLED,)


def _insert() -> None:
    """Put what is done on the timeline, as an undo step of its own."""
    if state.begun or state.finished is not None:
        bpy.ops.chromastrip.insert_strip("EXEC_DEFAULT", True)
        note_films()
    if state.read is not None:
        bpy.ops.chromastrip.insert_timeline("EXEC_DEFAULT", True)
    if state.heard is not None:
        bpy.ops.chromastrip.insert_markers("EXEC_DEFAULT", True)


def may_insert() -> bool:
    """Say whether a strip may be put on the timeline now: not under a playing or rendering sequencer."""
    playing = any(window.screen.is_animation_playing for window in bpy.context.window_manager.windows)
    return not playing and not bpy.app.is_job_running("RENDER")


def _fail(error: UserError, details: str = "") -> None:
    is_about_models = models.state.job is not None
    if is_about_models:
        models.fail(error, details)
    if state.busy or not is_about_models:
        _give_up_films()
        state.job, state.progress, state.cancelling = None, None, False
        state.finished = state.read = state.heard = None
        note_films()
        show_error(error, details)
    redraw_sidebars()


# Coming and going -----------------------------------------------------------------------------------------------------------------------


@bpy.app.handlers.persistent
def _forget_job(*_: object) -> None:
    """Before another .blend is opened: the film's timeline goes away with this one. Its frames are kept, and so is the list of films."""
    global state, _withdrawn  # noqa: PLW0603
    job_list.forget()
    _withdrawn = ()
    _shown.clear()
    if state.job is not None and _worker is not None:
        _worker.send(Cancel(job_id=state.job.job_id))
    state = State()


@bpy.app.handlers.persistent
def _look_at_file(*_: object) -> None:
    """After a .blend was opened: offer what was not finished in it."""
    live.finish_by_disk()
    if not _films_under_way():  # asked for by a script, before the first look: they are not to be offered
        job_list.look()


@bpy.app.handlers.persistent
def _follow_file(*_: object) -> None:
    """After a .blend was saved: maybe under another name."""
    note_films()


@bpy.app.handlers.persistent
def _follow_undo(*_: object) -> None:
    """After undo and redo: strips that were inserted early may be as they were then, gone or back, and what notes tell of is gone."""
    live.finish_by_disk()
    state.notes = ()
    _withdraw_gone()
    _take_up_again()


@bpy.app.handlers.persistent
def _drop_worker(*_: object) -> None:
    """End the worker, if one runs."""
    global _worker
    if _worker is not None:
        ending, _worker = _worker, None
        ending.stop()


def _handlers() -> list[tuple[list[Any], Callable[..., None]]]:
    names = bpy.app.handlers
    return [
        (names.load_pre, _forget_job),
        (names.load_post, _look_at_file),
        (names.save_post, _follow_file),
        (names.undo_post, _follow_undo),
        (names.redo_post, _follow_undo),
    ]


def register() -> None:
    """Watch for Blender's end and for other files."""
    pace.read()
    for handlers, function in _handlers():
        handlers.append(function)
    bpy.app.timers.register(_look_at_file, first_interval=0.0)  # what is open may not be looked at yet
    if hasattr(bpy.app.handlers, "exit_pre"):  # 5.1
        bpy.app.handlers.exit_pre.append(_drop_worker)
    atexit.register(_drop_worker)


def unregister() -> None:
    """End the worker and stop watching."""
    _forget_job()
    _drop_worker()
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
    if bpy.app.timers.is_registered(_look_at_file):
        bpy.app.timers.unregister(_look_at_file)
    for handlers, function in _handlers():
        handlers.remove(function)
    job_list.release()
    if hasattr(bpy.app.handlers, "exit_pre"):
        bpy.app.handlers.exit_pre.remove(_drop_worker)
    atexit.unregister(_drop_worker)
