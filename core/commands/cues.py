"""``cues``: the cue sheet of a film, which says what leads when: to read, and to edit before anything is drawn."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..protocol import Direct, LineThings, UserError, encode
from . import asking
from .telling import JOB_ID, say


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("cues", help="write the cue sheet of a film: which thing leads when")
    command.add_argument("--table", type=Path, metavar="FILE", help="write it as a .csv or .tsv to edit, for render --classes-from")
    command.add_argument("--replace", action="store_true", help="write the table even if there is one already")
    command.add_argument("--json", action="store_true", help="the result as one JSON line")
    asking.add(command)
    command.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Listen, direct, and tell."""
    from ..backends import Backends
    from ..directing_job import answer
    from ..paces import expected
    from ..sound.features import file_digest
    from ..words.class_table import ClassTable, write_table

    if options.table and options.table.exists() and not options.replace:
        raise UserError(f"“{options.table}” is there already, perhaps edited.", "Name another one, or say --replace.")
    request = asking.request(options)
    told = answer(Direct(job_id=JOB_ID, request=request), backends=Backends())
    if options.table:
        write_table(options.table, ClassTable(rows=told.rows, things=told.things, sound=file_digest(Path(request.sound_path))))
        say(f"{len(told.rows)} cues in {options.table}. For render: --classes-from {options.table}")
    if line := expected(request):
        say(line)
    sys.stdout.writelines([encode(told) + "\n"] if options.json else (f"{line}\n" for line in _lines(told.rows)))


def _lines(rows: Sequence[LineThings]) -> Iterator[str]:
    from ..canvas import clock

    for row in rows:
        lead, *guests = (thing.name for thing in row.things)
        yield f"{clock(float(row.start_seconds or 0), exact=True):>9}  {row.part:<2} {lead:<28} {', '.join(guests)}"
