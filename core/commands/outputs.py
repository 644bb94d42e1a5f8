"""Where commands write: nothing that is there is replaced unless that is said, and a command's own input never."""

from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..protocol import UserError


def add(command: Any) -> None:
    """Name the word that lets a file be replaced."""
    command.add_argument("--replace", action="store_true", help="write --out even if there is such a file already")


def check(options: Namespace, *, inputs: Iterable[str | Path | None], out: Path | None = None) -> None:
    """Refuse to write over a file, before anybody works for it.

    Parameters
    ----------
    options
        With `out`, a path or "-", and `replace`.
    inputs
        What the command reads; not given: None.
    out
        What is written, if it is not called what `options.out` says.

    Raises
    ------
    UserError
        If the file is there and shall not be replaced, or is read.
    """
    target = out or Path(options.out)
    if (out is None and options.out == "-") or not target.exists():
        return
    if any(target.samefile(one) for one in inputs if one and Path(one).exists()):
        raise UserError(f"“{target}” is what would be read.", "Name another file in --out.")
    if not options.replace and not target.is_dir():
        raise UserError(f"“{target}” is there already.", "Name another file, or say --replace.")
