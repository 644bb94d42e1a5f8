"""What the worker can be asked to do, as `jobs` remembers it, and what waits to be put on the timeline. Plain data."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from ..core.protocol import Drawn, Event, Heard, Imported, Render, RenderRequest
from . import live
from .job_list import ListedFilm
from .sections import Piece
from .strips import Placement


@dataclass(frozen=True, kw_only=True)
class RenderJob:
    """A film that the worker draws, and where it belongs.

    Parameters
    ----------
    job_id
        Names it to the worker.
    film
        What is drawn, where it belongs, and its frames, once there are some.
    """

    job_id: str
    film: ListedFilm

    @property
    def request(self) -> RenderRequest:
        """What the film shall be."""
        return self.film.request

    @property
    def placement(self) -> Placement | Piece:
        """Where it belongs."""
        return self.film.placement

    @functools.cached_property
    def mark(self) -> str:
        """What strips carry that it is drawn for."""
        return live.mark_of(self.request, as_draft=self.film.as_draft)

    @property
    def name(self) -> str:
        """What to call it in the panel."""
        return self.request.name if isinstance(self.placement, Placement) else self.placement.strip_name

    @property
    def message(self) -> Render:
        """What the worker is told. A piece keeps its old pictures until the new ones are there, unless those never were finished."""
        early = isinstance(self.placement, Placement) or bool(live.marked_strips(self.mark))
        return Render(job_id=self.job_id, request=self.request, show_early=early, as_draft=self.film.as_draft)


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
    """A sound strip that the worker listens to, and what shall be marked: some of `markers.KINDS`.

    Parameters
    ----------
    mixed
        Of a mix: where it begins, in frames from the strip's left handle, and its length.
    """

    job_id: str
    scene_name: str
    strip_name: str
    kinds: frozenset[str]
    mixed: tuple[int, int] | None = None


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


@dataclass(frozen=True, kw_only=True)
class ReadTimeline:
    """A timeline that waits to be put into the sequencer."""

    job: ImportJob
    imported: Imported


Job = RenderJob | ExportJob | ImportJob | ListenJob | Question
