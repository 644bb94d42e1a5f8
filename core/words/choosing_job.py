"""The story of choosing classes, from a job to its answer: lyrics, model, table."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..protocol import ChooseClasses, ClassesChosen, Pin, Stage, Thing, UserError, class_names
from . import choosing, lyrics, mood, sentences
from .lyrics import LyricLine


def answer(job: ChooseClasses, *, report: Callable[[Stage, int, int], None] = lambda *_: None) -> ClassesChosen:
    """Choose the classes that a job asks for.

    Parameters
    ----------
    job
        Lyrics, or classes to find more of, or neither: then by chance.
    report
        Takes stage, count of what is done, and of what there is to do.

    Raises
    ------
    UserError
        If lyrics, names, numbers or the model are not as they should be; about all but the model before that is loaded.
    """
    wishes = _wishes(job)
    liked = [class_names.resolve(name) for name in job.like]
    lines = _lines(job)
    if not lines and not liked:
        drawn = choosing.at_random(seed=job.seed, class_count=job.class_count, blocked=wishes.blocked)
        return ClassesChosen(job_id=job.job_id, rows=(), things=_named(drawn))
    report(Stage.LOADING, 0, 1)
    encoder = _encoder(job)
    if not lines:
        things = choosing.like(liked, encoder, class_count=job.class_count, blocked=wishes.blocked)
        return ClassesChosen(job_id=job.job_id, rows=(), things=things)
    return _for_lyrics(job, lines, encoder, wishes)


def _for_lyrics(job: ChooseClasses, lines: tuple[LyricLine, ...], encoder: sentences.Sentences, wishes: choosing.Wishes) -> ClassesChosen:
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


def _lines(job: ChooseClasses) -> tuple[LyricLine, ...]:
    if job.lyrics_path:
        return lyrics.read(Path(job.lyrics_path), encoding=job.encoding)
    return lyrics.parse(job.words) if job.words else ()


def _encoder(job: ChooseClasses) -> sentences.Sentences:
    cache_folder = Path(job.cache_folder)
    given = Path(job.model_folder) if job.model_folder else None
    folder = sentences.find_model(given, cache_folder=cache_folder, may_download=job.download)
    return sentences.opened(folder, cache_folder=cache_folder)


def _named(class_ids: tuple[int, ...]) -> tuple[Thing, ...]:
    return tuple(Thing(class_id=number, name=class_names.name(number), similarity=0.0) for number in class_ids)
