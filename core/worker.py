"""The worker process: takes jobs from the add-on over a loopback socket, one at a time, and tells how they go.

The add-on listens and hands its port and a one-time token over standard input; the worker connects, both prove that they know the token
(`protocol.handshake`), and it ends as soon as that connection does.

Standard output and error stay free for libraries' chatter: nobody reads a protocol there.
"""

import faulthandler
import os
import queue
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from . import pipeline
from .backends import Backends
from .frame_folder import FrameFolder
from .handover.drawing_again import draw_missing
from .handover.export import export
from .protocol import (
    Begun,
    Cancel,
    Cancelled,
    Challenge,
    ChooseClasses,
    ClassesChosen,
    Direct,
    Drawn,
    Event,
    Export,
    Exported,
    Failed,
    Heard,
    Import,
    Imported,
    KeepingAnswer,
    KeepingJob,
    Listen,
    MeasureMovies,
    Message,
    Missing,
    ModelJob,
    ModelsListed,
    MoviesMeasured,
    Ping,
    Pong,
    Progress,
    ProtocolError,
    Render,
    Shutdown,
    Stage,
    UserError,
    Welcome,
    decode,
    encode,
    handshake,
)
from .working import MEMORY_IS_FULL, CancelledError, DeviceLostError, is_memory_full

REPORT_SECONDS = 0.2
"""At most one `Progress` in so long a time."""

CALLS, CALL_SECONDS = 60, 0.5
"""How often it calls again: the add-on drops who is slow to answer, as a busy machine may make us."""
ANSWER_SECONDS = 10.0
FIRST_LINE_BYTES = 1000

ALIVE_SECONDS, HANG_SECONDS = 10.0, 300.0
"""A worker in which Python does not run for so long ends itself: nobody could tell it that Blender has gone."""

Job = ModelJob | KeepingJob | Render | Export | Import | Listen | Direct | ChooseClasses | MeasureMovies


def serve(*, port: int, token: str, backends: Backends) -> None:
    """Work for the add-on that listens at `port` of this machine, until it ends or says `Shutdown`.

    Parameters
    ----------
    port
        Where the add-on listens.
    token
        What proves to it that this is the process that it started.
    backends
        What can draw.

    It also ends when it has lost its graphics card, having said so.

    Raises
    ------
    ConnectionError
        If nobody listens there, or somebody who does not know the token.
    """
    _end_when_hung()
    connection, lines = _meet(port, token)
    with connection:
        outbox = Outbox(connection)
        inbox = Inbox(lines, outbox)
        while (job := inbox.next_job()) is not None:
            try:
                outbox.send(_run(job, inbox=inbox, outbox=outbox, backends=backends))
            except DeviceLostError as error:  # whoever asks next gets a fresh process
                outbox.send(Failed(job_id=job.job_id, cause=error.cause, cure=error.cure))
                return
            _keep_cache_small(job)


def _meet(port: int, token: str) -> tuple[socket.socket, BinaryIO]:
    """Call until the one who listens has proved to be the add-on, and takes us for its worker."""
    for _ in range(CALLS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = connection.makefile("rb")
        connection.settimeout(ANSWER_SECONDS)
        try:
            if _is_known(connection, lines, token):
                connection.settimeout(None)
                return connection, lines
        except (OSError, ProtocolError):  # hung up on, or talked nonsense to
            pass
        lines.close()
        connection.close()
        time.sleep(CALL_SECONDS)
    raise ConnectionError("who listens there is not the add-on that started this process")


def _is_known(connection: socket.socket, lines: BinaryIO, token: str) -> bool:
    asked = decode(lines.readline(FIRST_LINE_BYTES), Challenge)
    hello = handshake.answer(asked, token=token, pid=os.getpid())
    connection.sendall(encode(hello).encode() + b"\n")
    return handshake.is_add_on(asked, hello, decode(lines.readline(FIRST_LINE_BYTES), Welcome), token=token)


def _end_when_hung() -> None:
    """End this process if no Python runs in it any more, as in a pattern that never comes to its end."""
    if sys.platform == "darwin":  # where the watch would also count the time that a computer sleeps
        return

    def live() -> None:
        while True:
            faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
            time.sleep(ALIVE_SECONDS)

    threading.Thread(target=live, daemon=True, name="alive").start()


class Outbox:
    """Sends events to the add-on, from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, event: Event) -> None:
        """Send one line. If the add-on has gone, so does this process."""
        try:
            with self._lock:
                self._connection.sendall(encode(event).encode() + b"\n")
        except OSError:
            _end_process()


class Inbox:
    """Reads the add-on's messages on a thread of its own, so that Cancel and the add-on's end are noticed in the middle of a job.

    That thread also answers whether the worker is still there.
    """

    def __init__(self, lines: BinaryIO, outbox: Outbox) -> None:
        self._lines, self._outbox = lines, outbox
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._cancelled: set[str] = set()
        threading.Thread(target=self._read, daemon=True, name="inbox").start()

    def next_job(self) -> Job | None:
        """Wait for the next job; None: the worker shall end."""
        return self._jobs.get()

    def is_cancelled(self, job_id: str) -> bool:
        """Say whether the add-on has cancelled that job."""
        return job_id in self._cancelled

    def _read(self) -> None:
        try:
            for line in self._lines:
                self._take(decode(line))
        finally:  # the add-on has gone, or talks nonsense: whatever is being drawn, nobody waits for it
            _end_process()

    def _take(self, message: Message) -> None:
        if isinstance(message, Cancel):
            self._cancelled.add(message.job_id)
        elif isinstance(message, Ping):
            self._outbox.send(Pong())
        elif isinstance(message, Shutdown):
            self._jobs.put(None)
        elif isinstance(message, Job):
            self._jobs.put(message)


class Reporter:
    """Turns the pipeline's counts into `Progress` events with rate and time left, a few a second.

    Parameters
    ----------
    job_id
        The job that they belong to.
    send
        Takes the events.
    clock
        Seconds that only rise.
    """

    def __init__(self, job_id: str, send: Callable[[Progress], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._job_id = job_id
        self._send = send
        self._clock = clock
        self._stage: Stage | None = None
        self._stage_began = self._sent = 0.0
        self._done_before = 0

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        """Take a count of finished frames."""
        now = self._clock()
        if stage != self._stage:
            self._stage, self._stage_began, self._done_before = stage, now, done
        elif now - self._sent < REPORT_SECONDS and done < total:
            return
        self._sent = now
        elapsed = now - self._stage_began
        rate = (done - self._done_before) / elapsed if elapsed > 0 else 0.0
        left = (total - done) / rate if rate > 0 else 0.0
        self._send(Progress(job_id=self._job_id, stage=stage, done=done, total=total, frames_per_second=rate, seconds_left=left))


def _run(job: Job, *, inbox: Inbox, outbox: Outbox, backends: Backends) -> Event:
    """Do a job; whatever happens, it ends in one event, or in a lost device."""
    try:
        return _do(job, inbox=inbox, outbox=outbox, backends=backends)
    except (pipeline.CancelledError, CancelledError):
        return Cancelled(job_id=job.job_id)
    except DeviceLostError:
        raise
    except UserError as error:
        return Failed(job_id=job.job_id, cause=error.cause, cure=error.cure, missing=error.missing)
    except Exception as error:  # noqa: BLE001 (the process's one catch-all: becomes a report)
        if is_memory_full(error):
            return Failed(job_id=job.job_id, cause=MEMORY_IS_FULL.cause, cure=MEMORY_IS_FULL.cure)
        return Failed(
            job_id=job.job_id,
            cause=f"The engine met an error that it does not know: {type(error).__name__}: {error}.",
            cure="Try again; if it comes back, report it with the details.",
            details=traceback.format_exc(),
        )


def _do(job: Job, *, inbox: Inbox, outbox: Outbox, backends: Backends) -> Event:
    if isinstance(job, Export):
        return _export(job, inbox=inbox, outbox=outbox, backends=backends)
    if isinstance(job, Render):
        return _render(job, inbox=inbox, outbox=outbox, backends=backends)
    if isinstance(job, Direct):
        return _direct(job, inbox=inbox, outbox=outbox, backends=backends)
    return _answer(job, inbox=inbox, outbox=outbox)


def _answer(job: ModelJob | KeepingJob | Import | Listen | ChooseClasses | MeasureMovies, *, inbox: Inbox, outbox: Outbox) -> Event:
    """Do a job that draws nothing."""
    if isinstance(job, Import):
        return _import(job, inbox=inbox)
    if isinstance(job, Listen):
        return _listen(job, inbox=inbox, outbox=outbox)
    if isinstance(job, ChooseClasses):
        return _choose(job, inbox=inbox, outbox=outbox)
    if isinstance(job, KeepingJob):
        return _keep(job, inbox=inbox, outbox=outbox)
    if isinstance(job, MeasureMovies):
        return _measure(job, inbox=inbox)
    return _about_models(job, inbox=inbox, outbox=outbox)


def _render(job: Render, *, inbox: Inbox, outbox: Outbox, backends: Backends) -> Drawn:
    def begun(folder: FrameFolder) -> None:
        outbox.send(Begun(job_id=job.job_id, frames=folder.sequence, digest=folder.digest))

    film = pipeline.render(
        backends.draft_of(job.request) if job.as_draft else job.request,
        open_backend=backends.open,
        report=Reporter(job.job_id, outbox.send),
        cancelled=lambda: inbox.is_cancelled(job.job_id),
        begun=begun if job.show_early else None,
    )
    return Drawn(job_id=job.job_id, frames=film.frames, drawn_count=film.drawn_count, digest=film.digest, warnings=film.warnings)


def _export(job: Export, *, inbox: Inbox, outbox: Outbox, backends: Backends) -> Exported:
    report = Reporter(job.job_id, outbox.send)

    def cancelled() -> bool:
        return inbox.is_cancelled(job.job_id)

    if job.options.missing == Missing.RENDER:
        draw_missing(job.edit, open_backend=backends.open, memory=job.memory_folder, report=report, cancelled=cancelled)
    done = export(job.edit, Path(job.path), options=job.options, report=report, cancelled=cancelled)
    return Exported(job_id=job.job_id, path=str(done.path), warnings=done.warnings)


def _import(job: Import, *, inbox: Inbox) -> Imported:
    from .handover.reading import read_edit

    folder = Path(job.media_folder) if job.media_folder else None
    read = read_edit(Path(job.path), media_folder=folder, cancelled=lambda: inbox.is_cancelled(job.job_id))
    return Imported(job_id=job.job_id, edit=read.edit, notes=read.notes)


def _listen(job: Listen, *, inbox: Inbox, outbox: Outbox) -> Heard:
    from .sound import listening_job
    from .sound.mixing import ensure_sound

    outbox.send(Progress(job_id=job.job_id, stage=Stage.LISTENING, done=0, total=1))
    ensure_sound(job.sound_path, job.mix, cancelled=lambda: inbox.is_cancelled(job.job_id))
    return listening_job.answer(job)


def _direct(job: Direct, *, inbox: Inbox, outbox: Outbox, backends: Backends) -> ClassesChosen:
    from . import directing_job

    outbox.send(Progress(job_id=job.job_id, stage=Stage.LISTENING, done=0, total=1))
    return directing_job.answer(job, backends=backends, cancelled=lambda: inbox.is_cancelled(job.job_id))


def _choose(job: ChooseClasses, *, inbox: Inbox, outbox: Outbox) -> ClassesChosen:
    from .words import choosing_job

    return choosing_job.answer(job, report=Reporter(job.job_id, outbox.send), cancelled=lambda: inbox.is_cancelled(job.job_id))


def _keep(job: KeepingJob, *, inbox: Inbox, outbox: Outbox) -> KeepingAnswer:
    from . import keeping_jobs

    return keeping_jobs.answer(job, report=Reporter(job.job_id, outbox.send), cancelled=lambda: inbox.is_cancelled(job.job_id))


def _measure(job: MeasureMovies, *, inbox: Inbox) -> MoviesMeasured:
    from .handover.probing import measure_movies

    return MoviesMeasured(job_id=job.job_id, movies=measure_movies(job.paths, cancelled=lambda: inbox.is_cancelled(job.job_id)))


def _keep_cache_small(job: Job) -> None:
    """After a film, which nobody waits for any more: let pictures go that were not used for long, where there is a limit."""
    if isinstance(job, Render) and job.request.machine.cache_limit_bytes:
        from .keeping import keep_within

        keep_within(Path(job.request.cache_folder), most_bytes=job.request.machine.cache_limit_bytes)


def _about_models(job: ModelJob, *, inbox: Inbox, outbox: Outbox) -> ModelsListed:
    from .models import model_jobs

    return model_jobs.answer(job, report=outbox.send, cancelled=lambda: inbox.is_cancelled(job.job_id))


def _end_process() -> None:
    os._exit(0)  # at once, from any thread: pictures are whole or not there, nothing else is worth a clean end
