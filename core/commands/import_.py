"""``import``: a timeline that came back from another editor becomes an edit description, as ``export`` takes it."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from ..files import write_whole
from ..protocol import Imported, encode
from . import outputs
from .telling import JOB_ID, say


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("import", help="read a timeline that another editor wrote")
    command.add_argument("file", help="an .otio, .otioz, FCP7 .xml, .fcpxml, .edl, .mlt or .kdenlive file")
    command.add_argument("--out", default="-", help="where the edit description goes, as JSON; - is standard output")
    outputs.add(command)
    command.add_argument("--media", default="", help="folder for a bundle's media, and where to look for media (default: beside the file)")
    command.add_argument("--json", action="store_true", help="the result as one JSON line on standard error, with its notes")
    command.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Read the file."""
    from ..handover.reading import read_edit

    outputs.check(options, inputs=(options.file,))
    read = read_edit(Path(options.file), media_folder=Path(options.media) if options.media else None)
    text = encode(read.edit)
    if options.out == "-":
        sys.stdout.write(text + "\n")
    else:
        write_whole(Path(options.out).absolute(), text.encode())
    if options.json:
        say(encode(Imported(job_id=JOB_ID, edit=read.edit, notes=read.notes)))
        return
    for note in read.notes:
        say(f"Note: {note}")
