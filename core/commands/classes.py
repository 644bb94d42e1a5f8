"""``classes``: find the things that a film shows: by words, like others, by chance, or for lyrics. Results go to standard output."""

import argparse
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..protocol import ChooseClasses, ClassesChosen, LineThings, Pin, Settings, Strategy, Thing, UserError, class_names, encode, printable
from .asking import cache_folder
from .telling import JOB_ID, say

WORDS_WIDTH = 48
UNKNOWN_TIME = ""


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("classes", help="find the things that a film shows: by words, by likeness, by chance, or for lyrics")
    command.add_argument("words", nargs="*", metavar="WORD", help="search the names and kinds of the 1000 classes, as: tabby")
    command.add_argument(
        "--like", action="append", default=[], metavar="NAME", help="find things like this one; may be given several times"
    )
    command.add_argument("--describe", metavar="WORDS", help="find things for free words, as: a stormy sea at night")
    command.add_argument("--random", action="store_true", help="let the seed choose")
    command.add_argument("--lyrics", type=Path, metavar="FILE", help="find things for a song's words: text, LRC, SRT, VTT, other subtitles")
    _add_wishes(command)
    _add_model(command)
    command.add_argument("--table", type=Path, metavar="FILE", help="write the table as a .csv or .tsv to edit, for render --classes-from")
    command.add_argument("--replace", action="store_true", help="write the table even if there is one already")
    command.add_argument("--json", action="store_true", help="the result as one JSON line")
    command.add_argument("--cache", type=Path, help="where the sentence model and what it has read are kept (the user's cache folder)")
    command.set_defaults(run=run)


def _add_wishes(command: argparse.ArgumentParser) -> None:
    default = Settings()
    command.add_argument(
        "--strategy",
        choices=[str(strategy) for strategy in Strategy],
        default=str(Strategy.CONTEXT),
        help="how lyrics become things: read with their verse, or as the original visualizer does (context)",
    )
    command.add_argument(
        "--things", type=int, default=default.class_count, metavar="N", help=f"how many the film has ({default.class_count})"
    )
    command.add_argument("--seed", type=int, default=default.seed, metavar="N", help=f"what chance comes from ({default.seed})")
    command.add_argument(
        "--block", action="append", default=[], metavar="NAME", help="a thing or a kind of things (as: spiders) that must not come up"
    )
    command.add_argument("--pin", type=_pin, action="append", default=[], metavar="LINE=NAME", help="choose a line's thing by hand")
    command.add_argument("--mood", action="store_true", help="tell each line's mood too, -1 (sad) ... 1 (happy)")
    command.add_argument("--encoding", default="", metavar="NAME", help="of the lyrics file, as shift_jis (found out)")


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", type=Path, metavar="FOLDER", help="the sentence model's folder (the one on this machine)")
    command.add_argument("--download", action="store_true", help="download the sentence model (90 MB) if it is not on this machine")


def _pin(text: str) -> Pin:
    line, _, thing = text.partition("=")
    if not line.strip().isdigit() or not thing.strip():
        raise argparse.ArgumentTypeError(f"{text!r} pins nothing: write it as 12=tabby")
    return Pin(line=int(line), thing=thing.strip())


def run(options: Namespace) -> None:
    """Find the things and tell them; or, if nothing but that is asked for, download the sentence model."""
    _check(options)
    if options.download and not (options.words or options.like or options.random or options.lyrics or options.describe is not None):
        _download(options)
        return
    if options.words or not (options.like or options.random or options.lyrics or options.describe is not None):
        chosen = _search(" ".join(options.words))
    else:
        from ..words import choosing_job

        chosen = choosing_job.answer(_job(options))
    if options.table:
        from ..words.class_table import ClassTable, write_table

        write_table(options.table, ClassTable(rows=chosen.rows, things=chosen.things))
    _tell(chosen, options)


def _check(options: Namespace) -> None:
    if sum(map(bool, (options.words, options.like, options.random, options.lyrics, options.describe))) > 1:
        raise UserError("Several ways to choose are asked for at once.", "Give words, --like, --describe, --random or --lyrics.")
    if options.table and options.table.exists() and not options.replace:
        raise UserError(f"“{options.table}” is there already, perhaps edited.", "Name another one, or say --replace.")


def _search(words: str) -> ClassesChosen:
    found = class_names.search(words) if words else range(class_names.CLASS_COUNT)
    if not found:
        class_names.resolve(words)  # says what is spelled alike
    things = tuple(Thing(class_id=number, name=class_names.name(number), similarity=0.0) for number in found)
    return ClassesChosen(job_id=JOB_ID, rows=(), things=things)


def _download(options: Namespace) -> None:
    from ..words import sentences

    say(f"The sentence model is in {sentences.find_model(options.model, cache_folder=options.cache or cache_folder(), may_download=True)}")


def _job(options: Namespace) -> ChooseClasses:
    return ChooseClasses(
        job_id=JOB_ID,
        cache_folder=str(options.cache or cache_folder()),
        lyrics_path=str(options.lyrics.absolute()) if options.lyrics else "",
        encoding=options.encoding,
        like=tuple(options.like),
        description=" " if options.describe == "" else options.describe or "",
        strategy=Strategy(options.strategy),
        class_count=options.things,
        seed=options.seed,
        blocklist=tuple(options.block),
        pins=tuple(options.pin),
        with_mood=options.mood,
        model_folder=str(options.model.absolute()) if options.model else "",
        download=options.download,
    )


# Telling --------------------------------------------------------------------------------------------------------------------------------


def _tell(chosen: ClassesChosen, options: Namespace) -> None:
    if options.json:
        _out([encode(chosen)])
        return
    for warning in chosen.warnings:
        say(f"Note: {warning}")
    if chosen.rows:
        _out([*_table(chosen.rows, with_mood=options.mood), "", "The film's own:"])
    _out(f"{thing.class_id:>5}  {thing.name:<32} {_closeness(thing):>5}  {class_names.kinds()[thing.class_id]}" for thing in chosen.things)
    if not options.words and len(chosen.things) < class_names.CLASS_COUNT:
        say(f"For render: --classes {' '.join(str(thing.class_id) for thing in chosen.things)}")


def _table(rows: Sequence[LineThings], *, with_mood: bool) -> Iterable[str]:
    """Give the table's lines: number, time, words, thing with similarity, and what else fits."""
    for before, row in zip((None, *rows), rows, strict=False):
        if before is not None and before.verse != row.verse:
            yield ""
        first, *others = row.things
        also = ", ".join(f"{thing.name} {thing.similarity:.2f}" for thing in others)
        mood = f" {row.mood:+.2f}" if with_mood else ""
        pinned = " (pinned)" if row.is_pinned else ""
        time = UNKNOWN_TIME if row.start_seconds is None else f"{float(row.start_seconds):8.2f} "
        yield f"{row.number:>4} {time}{mood} {_shortened(row.text):<{WORDS_WIDTH}} → {first.name} {first.similarity:.2f}{pinned}; {also}"
        if row.meant:
            yield f"{'':>4} {' ' * len(time + mood)} read as: {row.meant}"


def _shortened(text: str) -> str:
    return text if len(text) <= WORDS_WIDTH else text[: WORDS_WIDTH - 1] + "…"


def _closeness(thing: Thing) -> str:
    return f"{thing.similarity:.2f}" if thing.similarity else ""


def _out(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{printable(line)}\n" for line in lines)
