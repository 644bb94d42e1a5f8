"""``contact-sheet``: a film at a glance."""

from argparse import Namespace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..protocol import UserError
from . import outputs, words


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("contact-sheet", help="show a film at a glance")
    command.add_argument("folder", metavar="FOLDER", help="a film's frames")
    command.add_argument("--out", required=True, metavar="PICTURE", help="the sheet to write")
    outputs.add(command)
    command.add_argument("--fps", type=words.fps, default=Fraction(25), help="the film's rate, for the times below the pictures")
    command.set_defaults(run=run, json=False)


def run(options: Namespace) -> None:
    """Write the sheet."""
    from .. import pictures

    outputs.check(options, inputs=())
    frames = sorted(Path(options.folder).glob("[!.]*.png"))
    if not frames:
        raise UserError(f"There are no frames in {options.folder}.", "Name the folder of a film's frames.")
    words.save_picture(pictures.contact_sheet(frames, fps=float(options.fps)), options.out)
