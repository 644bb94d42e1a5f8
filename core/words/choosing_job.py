"""The story of choosing classes, from a job to its answer: lyrics, model, table."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..handover.noting import Notes
from ..protocol import ChooseClasses, ClassesChosen, Pin, Stage, Thing, UserError, class_names
from ..walk.themes import well_drawn
from ..working import Cancelled, end_if, never
from . import choosing, lyrics, mood, sentences
from .lyrics import LyricLine

MB = 1_000_000
Report = Callable[[Stage, int, int], None]


def answer(job: ChooseClasses, *, report: Report = lambda *_: None, cancelled: Cancelled = never) -> ClassesChosen:
    """Choose the classes that a job asks for.

    Parameters
    ----------
    job
        Lyrics, or classes to find more of, or neither: then by chance.
    report
        Takes stage, count of what is done, and of what there is to do: of a download, megabytes.
    cancelled
        Asked between one step and the next.

    Raises
    ------
    CancelledError
        If `cancelled` said so.
    UserError
        If lyrics, names, numbers or the model are not as they should be; about all but the model before that is loaded.
    """
    wishes = _wishes(job)
    liked = [class_names.resolve(name) for name in job.like]
    notes = Notes()
    lines = _lines(job, notes)
    if not lines and not liked and not job.description:
        drawn = choosing.at_random(seed=job.seed, class_count=job.class_count, blocked=wishes.blocked)
        return ClassesChosen(job_id=job.job_id, rows=(), things=_named(drawn))
    report(Stage.LOADING, 0, 1)
    encoder = _encoder(job, report=report, cancelled=cancelled)
    end_if(cancelled)
    report(Stage.READING, 0, 1)
    if not lines and job.description:
        return _described(job, encoder, wishes)
    if not lines:
        things = choosing.like(liked, encoder, class_count=job.class_count, blocked=wishes.blocked)
        return ClassesChosen(job_id=job.job_id, rows=(), things=things)
    chosen = _for_lyrics(job, lines, Stoppable(encoder, cancelled), wishes)
    report(Stage.READING, 1, 1)
    return replace(chosen, warnings=(*notes.sentences(), *chosen.warnings))


def _described(job: ChooseClasses, encoder: choosing.Encoder, wishes: choosing.Wishes) -> ClassesChosen:
    if not any(map(str.isalnum, job.description)):
        raise UserError("The description holds no words.", "Say what shall be seen, as: a stormy sea at night.")
    badly_drawn = frozenset(range(class_names.CLASS_COUNT)) - frozenset(well_drawn()) if job.well_drawn else frozenset[int]()
    blocked = wishes.blocked | badly_drawn
    if class_names.CLASS_COUNT - len(blocked) < job.class_count:
        blocked = wishes.blocked
    things, is_understood = choosing.describe(job.description, encoder, class_count=job.class_count, blocked=blocked)
    strange = (f"No thing is near to “{job.description[:60]}”: describe in English what can be seen. These are guesses.",)
    return ClassesChosen(job_id=job.job_id, rows=(), things=things, warnings=() if is_understood else strange)


class Stoppable:
    """An encoder that ends the work before it reads more, once nobody wants it."""

    def __init__(self, encoder: choosing.Encoder, cancelled: Cancelled) -> None:
        self._encoder, self._cancelled = encoder, cancelled

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Give unit vectors, float32 [len(texts), size]."""
        end_if(self._cancelled)
        return self._encoder.encode(texts)


def _for_lyrics(job: ChooseClasses, lines: tuple[LyricLine, ...], encoder: choosing.Encoder, wishes: choosing.Wishes) -> ClassesChosen:
    choice = choosing.choose(lines, encoder, wishes)
    rows = choice.rows
    if job.with_mood:
        moods = mood.moods(choosing.read(lines, encoder).vectors, encoder)
        rows = tuple(replace(row, mood=felt) for row, felt in zip(rows, moods, strict=True))
    foreign = ("The lyrics hold no common English word: the model knows English best, so their things may fit badly.",)
    return ClassesChosen(job_id=job.job_id, rows=rows, things=choice.things, warnings=() if choosing.speaks_english(lines) else foreign)


def _wishes(job: ChooseClasses) -> choosing.Wishes:
    if len({pin.line for pin in job.pins}) < len(job.pins):
        raise UserError("Two classes are pinned to one line.", "Pin one to each line.")
    return choosing.Wishes(
        strategy=job.strategy,
        class_count=job.class_count,
        seed=job.seed,
        blocked=frozenset[int]().union(*map(class_names.resolve_group, job.blocklist)),
        pins={pin.line: _pinned_class(pin) for pin in job.pins},
    )


def _pinned_class(pin: Pin) -> int:
    try:
        return class_names.resolve(pin.thing)
    except UserError as error:
        raise UserError(f"Pinned to line {pin.line}: {error.cause}", error.cure) from error


def _lines(job: ChooseClasses, notes: Notes) -> tuple[LyricLine, ...]:
    if job.lyrics_path:
        return lyrics.read(Path(job.lyrics_path), encoding=job.encoding, notes=notes)
    return lyrics.parse(job.words, notes=notes) if job.words else ()


def _encoder(job: ChooseClasses, *, report: Report, cancelled: Cancelled) -> sentences.Sentences:
    cache_folder = Path(job.cache_folder)
    given = Path(job.model_folder) if job.model_folder else None
    folder = sentences.find_model(
        given,
        cache_folder=cache_folder,
        may_download=job.download,
        report=lambda done, total: report(Stage.DOWNLOADING, done // MB, -(-total // MB)),
        cancelled=cancelled,
    )
    return sentences.opened(folder, cache_folder=cache_folder)


def _named(class_ids: tuple[int, ...]) -> tuple[Thing, ...]:
    return tuple(Thing(class_id=number, name=class_names.name(number), similarity=0.0) for number in class_ids)
