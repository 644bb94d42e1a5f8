"""``export``: an edit description becomes another editor's file."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from ..protocol import Edit, ProtocolError, UserError, decode


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("export", help="turn an edit description into another editor's file")
    command.add_argument("edit", metavar="EDIT.chromastrip")
    command.add_argument("--out", required=True, metavar="FILE", help="the file to write; its suffix names the format: .otio")
    command.set_defaults(run=run, json=False)


def run(options: Namespace) -> None:
    """Write the file."""
    from .. import handover

    try:
        edit = decode(Path(options.edit).read_text(encoding="utf-8"), Edit)
    except (OSError, UnicodeDecodeError, ProtocolError) as error:
        raise UserError(f"{options.edit} is no edit description: {error}.", "Export it again from Blender.") from error
    handover.export(edit, Path(options.out))
