"""``clean``: what a folder of films holds, and removing pictures that no film shows."""

import dataclasses
import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from ..protocol import UserError, printable
from ..protocol.keeping import Keeper

MB = 10**6


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("clean", help="say what a folder of films holds; remove cached pictures that no film shows")
    command.add_argument("folder", type=Path, metavar="FOLDER", help="where films are: the folder chromastrip beside a .blend")
    command.add_argument(
        "--remove",
        action="store_true",
        help="remove cached pictures that no film shows, and leftovers of broken writing. Films stay: only Blender knows who shows them",
    )
    command.add_argument("--json", action="store_true", help="say it as JSON, on standard output")
    command.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Look, remove if asked to, and tell.

    Raises
    ------
    UserError
        If there is no such folder.
    """
    from ..keeping import clean_up, take_stock

    if not options.folder.is_dir():
        raise UserError(f"There is no folder {options.folder}.", "Name the one that holds the films: chromastrip, beside the .blend.")
    keeper = Keeper(folder=str(options.folder.absolute()))
    stock = take_stock(keeper)
    told: dict[str, Any] = {
        "films": [{"name": film.name, "frames": film.frames.count, "bytes": film.frames.bytes} for film in stock.films],
        **{name: dataclasses.asdict(getattr(stock, name)) for name in ("cached", "unshown", "sounds", "features", "leftovers")},
    }
    if options.remove:
        told["freed_bytes"] = clean_up(keeper, ()).freed_bytes
    sys.stdout.write(json.dumps(told) + "\n" if options.json else printable("\n".join(_lines(told))) + "\n")


def _lines(told: dict[str, Any]) -> list[str]:
    lines = [f"{film['name']}  {_size(film['frames'], film['bytes'], 'frames')}" for film in told["films"]]
    words = {
        "cached": "pictures in the cache",
        "unshown": "of them shown by no film",
        "sounds": "sounds",
        "features": "analysed sounds",
        "leftovers": "left behind by broken writing",
    }
    lines += [_size(told[name]["count"], told[name]["bytes"], what) for name, what in words.items()]
    return [*lines, f"{told['freed_bytes'] / MB:.1f} MB freed"] if "freed_bytes" in told else lines


def _size(count: int, size: int, what: str) -> str:
    return f"{count} {what}, {size / MB:.1f} MB"
