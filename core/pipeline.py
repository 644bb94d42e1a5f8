"""The story of a film, from a request to numbered frames: listen, walk, look up, draw what is missing, calm what flashes.

Whatever ends a film early (Cancel, a crash, a full disk), the frames drawn so far are in the cache, and the next try draws only the rest.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .backends import Backend
from .checks import check, check_classes, check_loop, check_sheet
from .drawing import CancelledError as CancelledError  # noqa: PLC0414 (these two are part of this module's face)
from .drawing import Drawing
from .drawing import Report as Report  # noqa: PLC0414
from .files import check_writable
from .filling import Filling
from .film_curves import film_curves
from .finishing import Step, steps_of
from .flash_safety.flashes import tell_times
from .flash_safety.limiting import Watched, draw_and_watch
from .frame_folder import FrameFolder
from .given_latents import read_latents
from .keys import film_digest
from .latents import Latents, latents_of
from .paces import note_pace
from .protocol import FrameSequence, RenderRequest, Stage
from .sound.features import CONTROL_RATE, Features
from .sound.listening import listen
from .sound.mixing import ensure_sound
from .spans import check_span, note_span, strange_spans
from .walk.bars import bar_seconds

SILENCE = 1e-6  # of the file's loudest moment: -60 dB


@dataclass(frozen=True, kw_only=True)
class Film:
    """A finished film.

    Parameters
    ----------
    frames
        Where its numbered pictures lie.
    drawn_count
        How many of them had to be drawn.
    digest
        Names the film by its pictures.
    warnings
        Sentences for people.
    """

    frames: FrameSequence
    drawn_count: int
    digest: str
    warnings: tuple[str, ...]


def render(
    request: RenderRequest,
    *,
    open_backend: Callable[[RenderRequest], Backend],
    report: Report = lambda *_: None,
    cancelled: Callable[[], bool] = lambda: False,
    batch_size: int | None = None,
    begun: Callable[[FrameFolder], None] | None = None,
) -> Film:
    """Draw a film.

    Parameters
    ----------
    request
        What to draw, and where to.
    open_backend
        Gives what draws this request.
    report
        Told of progress.
    cancelled
        Asked before each picture is taken.
    batch_size
        So many frames are asked for at once; by default all, one stream. Never changes a pixel.
    begun
        If given, frames are drawn coarse to fine, and this is called as soon as the film's folder holds a file for each: see `filling`.

    Returns
    -------
    Film
        All frames, numbered, each whole.

    Raises
    ------
    UserError
        If the request, the sound, the disk or the model stands in the way.
    CancelledError
        If `cancelled` said so.
    """
    planned = plan(request, open_backend=open_backend, report=report, cancelled=cancelled)
    check_writable(Path(request.frames_folder))  # now, not after an hour of drawing
    open_folder = partial(FrameFolder, request, finish=[step.words for step in planned.steps])
    filling = Filling(lambda keys: open_folder(keys=keys), begun) if begun is not None else None
    drawing = Drawing(
        request, planned.backend, report=report, cancelled=cancelled, batch_size=batch_size, filling=filling, steps=planned.steps
    )
    watched = draw_and_watch(planned.latents, drawing, request)
    frames = open_folder(keys=watched.keys)
    frames.fill(drawing.pictures)
    frames.note_curves(film_curves(request, planned.heard, planned.latents))
    note_pace(request, picture_count=drawing.drawn_count, seconds=drawing.drawing_seconds)
    strange = strange_spans(request, film=planned.digest(watched.first_keys))
    warnings = (*planned.warnings(), *drawing.notes, *strange, *_flash_warnings(request, watched))
    return Film(frames=frames.sequence, drawn_count=drawing.drawn_count, digest=frames.digest, warnings=warnings)


@dataclass(frozen=True, kw_only=True)
class DrawnSpan:
    """A span of a film, all of whose pictures are in the cache.

    Parameters
    ----------
    first_frame, end_frame
        Half-open.
    drawn_count
        How many pictures had to be drawn.
    warnings
        Sentences for people.
    """

    first_frame: int
    end_frame: int
    drawn_count: int
    warnings: tuple[str, ...]


def draw_span(
    request: RenderRequest,
    span: range,
    *,
    open_backend: Callable[[RenderRequest], Backend],
    report: Report = lambda *_: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> DrawnSpan:
    """Draw some frames of a film into the cache, alone: in any order, any number of times, here or elsewhere.

    The pictures are those of the whole film, as it is before flashes are counted: only the whole can be watched, by `render`, which puts
    the film together and draws what is missing.

    Parameters
    ----------
    request, open_backend, report, cancelled
        As for `render`.
    span
        The frames.

    Raises
    ------
    UserError, CancelledError
        As `render`; and if the span is not within the film.
    """
    check_span(span, request)
    planned = plan(request, open_backend=open_backend, report=report, cancelled=cancelled)
    drawing = Drawing(request, planned.backend, report=report, cancelled=cancelled, batch_size=None, steps=planned.steps)
    keys = planned.backend.cache_keys(planned.latents)
    if drawing.missing(keys, span):
        note_span(request, span, film=planned.digest(keys))
    drawing.draw(planned.latents, keys, rows=span)
    warnings = (*planned.warnings(), *drawing.notes)
    return DrawnSpan(first_frame=span.start, end_frame=span.stop, drawn_count=drawing.drawn_count, warnings=warnings)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A film of which nothing is drawn yet.

    Parameters
    ----------
    request
        What it is made from.
    backend
        What draws it.
    steps
        What becomes of its pictures.
    heard
        What it hears.
    latents
        What its frames show, before anything is calmed.
    """

    request: RenderRequest
    backend: Backend
    steps: tuple[Step, ...]
    heard: Features
    latents: Latents

    def digest(self, keys: Sequence[str]) -> str:
        """Name the film with these keys, see `film_digest`."""
        return film_digest(keys, suffix=self.request.picture_format.suffix, finish=[step.words for step in self.steps])

    def warnings(self) -> Iterator[str]:
        """Say what is odd about its sound."""
        yield from self.heard.notes
        yield from _warnings(self.request, self.heard)


def plan(
    request: RenderRequest, *, open_backend: Callable[[RenderRequest], Backend], report: Report, cancelled: Callable[[], bool]
) -> Planned:
    """Listen, walk, and know what each frame shall show; arguments and errors are those of `render`."""
    check(request)
    steps = steps_of(request, cancelled=cancelled)
    report(Stage.LISTENING, 0, request.frame_count)
    backend = open_backend(request)
    ensure_sound(request.sound_path, request.mix, cancelled=cancelled)
    heard = listen(request)
    check_classes(request, class_total=backend.class_total)
    check_sheet(request, sound_seconds=heard.seconds)
    check_loop(request, bar_seconds=bar_seconds(heard, request.bars_seconds))
    latents = (
        read_latents(request, class_total=backend.class_total, sound_seconds=heard.seconds)
        if request.vectors_path
        else latents_of(request, heard, class_total=backend.class_total)
    )
    if latents.displacement.any():
        backend.directions(report=partial(report, Stage.CALIBRATING), cancelled=cancelled)
    return Planned(request=request, backend=backend, steps=steps, heard=heard, latents=latents)


def _warnings(request: RenderRequest, heard: Features) -> Iterator[str]:
    name, sound_end = Path(request.sound_path).name, len(heard.energy) / CONTROL_RATE
    start, end = request.source_start_seconds, request.source_start_seconds + request.frame_count / request.fps
    if end > sound_end + 1:
        yield f"“{name}” ends at {float(sound_end):.1f} s, but the film goes on to {float(end):.1f} s: its pictures stand still there."
    first, last = max(0, math.floor(start * CONTROL_RATE)), max(0, math.ceil(end * CONTROL_RATE))
    if not (heard.energy[first:last] > SILENCE).any():
        yield f"“{name}” is silent between {float(start):.1f} s and {float(end):.1f} s: the picture hardly moves."


def _flash_warnings(request: RenderRequest, watched: Watched) -> Iterator[str]:
    if watched.calmed:
        times = tell_times(((calming.first_frame, calming.end_frame) for calming in watched.calmed), fps=request.fps)
        yield f"The film flashed more than three times a second, and walks more calmly now, from {times}."
    if watched.failing:
        times = tell_times(((passage.first_frame, passage.end_frame) for passage in watched.failing), fps=request.fps)
        yield f"The film flashes more than three times a second, from {times}: that can harm people with photosensitive epilepsy."
