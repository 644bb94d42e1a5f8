"""A film as the rig has it made: by the command line or by a worker, told what to do in the same words, and struck in mid-work.

Both are processes of their own, led by what they say of themselves; nobody waits for a time to pass.
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from core import command_line
from core.commands import asking
from core.files import is_temporary
from core.protocol import (
    Begun,
    Cancelled,
    Clip,
    Drawn,
    Edit,
    Event,
    Export,
    Exported,
    ExportOptions,
    Failed,
    FrameSequence,
    MediaFile,
    MovieKind,
    PathStyle,
    PictureFormat,
    Progress,
    Render,
    RenderRequest,
    Track,
    decode,
)
from tests import films
from tests.slow.test_worker import START_CORE, Parent
from tests.waiting import PATIENCE_SECONDS, is_group_running, is_running, until

ROOT = Path(__file__).resolve().parents[2]
INTERRUPTED = 130
YEAR = 365 * 86_400
MOST_SILENCE_SECONDS = 3 * PATIENCE_SECONDS
"""A worker on a busy machine, or on one that slept, may say nothing for a minute."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a round happens: all that it may write lies in `project`, which has a cache and films."""

    base: Path
    deep: str = ""

    @property
    def project(self) -> Path:
        """The folder that a user chose."""
        return self.base / "project" / self.deep

    @property
    def exports(self) -> Path:
        """Where timelines go."""
        return self.project / "exports"

    @property
    def cache(self) -> Path:
        """The cache, where Blender has it, too."""
        return self.project / "cache"

    @property
    def song(self) -> Path:
        """What is listened to."""
        return self.base / "song.wav"

    @property
    def clock(self) -> Path:
        """While this is there, each process's clock is a year late."""
        return self.base / "clock"

    @property
    def prelude(self) -> str:
        """What each process does first: it takes its time from a clock that can be set back."""
        return f"""
import os, time
now, now_ns = time.time, time.time_ns
time.time = lambda: now() - {YEAR} * os.path.exists({str(self.clock)!r})
time.time_ns = lambda: now_ns() - {YEAR} * 10**9 * os.path.exists({str(self.clock)!r})
"""

    def film(self) -> FrameSequence:
        """Give the frames of the one film."""
        (folder,) = (path.parent for path in self.project.glob("*/film.json"))
        frames = sorted(path for path in folder.iterdir() if path.name.startswith(folder.name))
        return FrameSequence(
            folder=str(folder), prefix=f"{folder.name}_", suffix=frames[0].suffix, first_number=0, digits=6, frame_count=len(frames)
        )

    def digest_of_exports(self) -> str:
        """Name the bytes of all that was handed over, wherever it lies."""
        whole = hashlib.sha256()
        paths = sorted(path for path in films.files_below(self.exports) if not is_temporary(path.name))
        for path in paths:
            whole.update(f"{path.relative_to(self.exports)} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
        return f"{len(paths)} files {whole.hexdigest()[:16]}"

    def environ(self) -> dict[str, str]:
        """Give each process a home and a folder of temporary files that can be looked at afterwards."""
        own = {"HOME": "home", "XDG_CACHE_HOME": "home/.cache", "XDG_DATA_HOME": "home/.local", "TMPDIR": "tmp"}
        quiet = {"PYTHONDONTWRITEBYTECODE": "1"}
        return os.environ | {name: str(self.base / folder) for name, folder in own.items()} | quiet


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended.

    Attributes
    ----------
    film
        Names all of its frames' bytes; empty: there is no film.
    said
        The sentence, with its cure, where there is none.
    code
        The process's exit code, where it ended.
    traces
        What it said besides, which should hold no traceback.
    """

    film: str = ""
    said: str = ""
    cure: str = ""
    code: int | None = None
    traces: str = ""


class CommandLine:
    """``python -m core render``."""

    name = "command line"

    def __init__(self, place: Place, words: list[str]) -> None:
        command = [
            sys.executable,
            "-c",
            place.prelude + START_CORE,
            str(ROOT),
            "render",
            str(place.song),
            "--cache",
            str(place.cache),
            "--json",
            *words,
            "--out",
            str(place.project),
        ]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=place.environ(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.pid = self._process.pid
        self._last: Event | None = None
        self._traces = ""

    def events(self) -> Iterator[Progress]:
        """Give its progress, and remember its end."""
        for line in self._process.stderr:
            try:
                event = decode(line, Event)
            except ValueError:
                self._traces += line
                continue
            if isinstance(event, Progress):
                yield event
            else:
                self._last = event

    def outcome(self) -> Outcome:
        """Wait for its end."""
        watch = _killed_in_the_end(self.pid)
        with watch:
            for _ in self.events():
                pass
            code = self._process.wait()
        self._process.stderr.close()
        assert not is_group_running(self.pid), "a process is left"
        if isinstance(self._last, Drawn) and code == 0:
            return Outcome(film=digest(self._last.frames), code=code)
        if isinstance(self._last, Failed):
            return Outcome(said=self._last.cause, cure=self._last.cure, code=code, traces=self._traces)
        return Outcome(code=code, traces=self._traces)

    def cut(self) -> None:
        """Have the line that it speaks on end."""
        self._process.stderr.close()


class Worker:
    """A worker, with the rig in the add-on's place."""

    name = "worker"

    def __init__(self, place: Place, words: list[str]) -> None:
        with _environment(place.environ()):
            self._parent = Parent(prelude=place.prelude)
        self._parent.connection.settimeout(MOST_SILENCE_SECONDS)
        self.pid = self._parent.process.pid
        self._place = place
        self._last: Event | None = None
        self._ask(words)

    def _ask(self, words: list[str]) -> None:
        self._parent.send(Render(job_id="film", request=request_of(self._place, words), show_early=True))

    def events(self) -> Iterator[Progress]:
        """Give its progress, and remember its end."""
        try:
            while self._last is None and (event := self._parent.next_event()) is not None:
                if isinstance(event, Progress):
                    yield event
                elif not isinstance(event, Begun):
                    self._last = event
        except TimeoutError as error:
            raise AssertionError(f"it said nothing for {MOST_SILENCE_SECONDS} s") from error
        except OSError:  # it was killed, or ended itself: `outcome` tells
            pass

    def outcome(self) -> Outcome:
        """Wait for its end."""
        with _killed_in_the_end(self.pid):
            for _ in self.events():
                pass
            self._parent.hang_up()
            traces = self._parent.process.stdout.read().decode(errors="replace")  # of a native crash, too
            code = self._parent.end()
        assert not is_running(self.pid), "the worker is left"
        match self._last:
            case Drawn(frames=frames):
                return Outcome(film=digest(frames), code=code)
            case Exported():
                return Outcome(film=self._place.digest_of_exports(), code=code)
            case Failed(cause=cause, cure=cure, details=details):
                return Outcome(said=cause, cure=cure, code=code, traces=details)
            case Cancelled():
                return Outcome(said="Cancelled", cure="by the rig", code=code)
        return Outcome(code=code, traces=traces)

    def cut(self) -> None:
        """Hang up."""
        self._parent.connection.shutdown(2)


class Exporter(Worker):
    """A worker that hands a film over: as a movie and a timeline, all of it copied to one folder."""

    def _ask(self, words: list[str]) -> None:
        del words
        media = (self._place.film(), MediaFile(path=str(self._place.song), frame_count=48))
        clips = [Clip(name="film", media=one, source_start=Fraction(0), frame_count=16) for one in media]
        tracks = tuple(Track(name=kind, kind=kind, items=(clip,)) for kind, clip in zip(("video", "audio"), clips, strict=True))
        edit = Edit(name="cut", fps=Fraction(8), tracks=tracks, width=128, height=128)
        options = ExportOptions(movies=MovieKind.PRORES_422_HQ, collect=True, path_style=PathStyle.RELATIVE)
        self._parent.send(Export(job_id="film", edit=edit, path=str(self._place.exports / "cut.otio"), options=options))


Job = CommandLine | Worker


def request_of(place: Place, words: list[str]) -> RenderRequest:
    """Make the request that the command line's words ask for."""
    said = ["render", str(place.song), "--cache", str(place.cache), "--out", str(place.project), *words]
    options = command_line._parser().parse_args(said)
    finish = {"picture_format": PictureFormat(options.format), "frame_aspect": options.mirror, "upscale": options.upscale}
    return replace(asking.request(options), frames_folder=str(place.project), **finish)


def digest(frames: FrameSequence) -> str:
    """Name the bytes of all of a film's frames."""
    whole = hashlib.sha256()
    for path in films.paths(frames):
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{frames.frame_count} frames {whole.hexdigest()[:16]}"


def wait_for(job: Job, moment: Callable[[Progress], bool]) -> bool:
    """Wait until a job says that it has come to a moment; False: it ended first."""
    return any(map(moment, job.events()))


@contextlib.contextmanager
def held(pid: int) -> Iterator[None]:
    """Stop a process meanwhile, if it still runs."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def _killed_in_the_end(pid: int) -> Iterator[None]:
    """End what hangs: the rig then says so, instead of hanging itself."""
    watch = subprocess.Popen(
        [sys.executable, "-c", f"import os, sys, time\ntime.sleep({MOST_SILENCE_SECONDS})\nos.kill({pid}, 9)"], start_new_session=True
    )
    try:
        yield
    finally:
        was_needed = watch.poll() is not None
        watch.kill()
        watch.wait()
        assert not was_needed, "it never ended"


@contextlib.contextmanager
def _environment(environ: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def wait_until_gone(pid: int) -> None:
    """Wait for a process's end."""
    until(lambda: not is_running(pid))
