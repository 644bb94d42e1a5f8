"""``export``: an edit description becomes another editor's file."""

import enum
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ..input_files import read_bytes
from ..protocol import PROFILES, Edit, ExportOptions, Missing, MovieKind, PathStyle, ProtocolError, Target, UserError, decode
from . import outputs
from .asking import cache_folder
from .telling import progress, say

Choice = TypeVar("Choice", bound=enum.StrEnum)


def add(commands: Any) -> None:
    """Name the command's words."""
    targets = "; ".join(f"{_word(target)}: {profile.help}" for target, profile in PROFILES.items())
    command = commands.add_parser("export", help="turn an edit description into another editor's file")
    command.add_argument("edit", metavar="EDIT.chromastrip")
    command.add_argument(
        "--out", required=True, metavar="FILE", help="the file to write; its ending names the format, unless --target does"
    )
    outputs.add(command)
    _add_choice(command, "--target", Target, Target.FILE_NAME, help=f"who gets it ({targets})")
    _add_choice(command, "--paths", PathStyle, PathStyle.AUTO, help="how media are named")
    _add_choice(command, "--movies", MovieKind, MovieKind.AUTO, help="what numbered pictures are turned into, beside the frames")
    command.add_argument("--movie-sound", action="store_true", help="movies also carry the sound that lies under them")
    command.add_argument("--collect", action="store_true", help="copy all media beside the file, so that the folder can be moved")
    command.add_argument(
        "--from-elsewhere",
        action="store_true",
        help="with --collect or .otioz: take media along that lie outside of EDIT's and FILE's folders",
    )
    _add_choice(command, "--missing", Missing, Missing.REFUSE, help="what to do about media that are not there")
    command.add_argument("--json", action="store_true", help="progress as JSON lines on standard error")
    command.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Write the file."""
    from ..backends import Backends
    from ..handover.drawing_again import draw_missing
    from ..handover.export import export, target_path

    try:
        edit = decode(read_bytes(Path(options.edit), cure="Export it again from Blender.").decode(), Edit)
    except (UnicodeDecodeError, ProtocolError) as error:
        raise UserError(f"{options.edit} is no edit description: {error}.", "Export it again from Blender.") from error
    chosen = ExportOptions(
        target=options.target,
        path_style=options.paths,
        movies=options.movies,
        movie_sound=options.movie_sound,
        collect=options.collect,
        missing=options.missing,
        inside=(str(Path(options.edit).absolute().parent), str(cache_folder())),
        from_elsewhere=options.from_elsewhere,
    )
    outputs.check(options, inputs=(options.edit,), out=target_path(Path(options.out), chosen.target))
    with progress(options) as report:
        if chosen.missing == Missing.RENDER:
            draw_missing(edit, open_backend=Backends().open, memory=str(cache_folder()), report=report)
        done = export(edit, Path(options.out), options=chosen, report=report)
    if not options.json:
        for warning in done.warnings:
            say(f"Note: {warning}")
        say(str(done.path))


def _add_choice(command: Any, name: str, kind: type[Choice], default: Choice, *, help: str) -> None:  # noqa: A002 (argparse's word)
    words = ", ".join(_word(member) for member in kind)
    command.add_argument(
        name, type=_chooser(kind), default=_word(default), metavar="WORD", help=f"{help}: one of {words}".replace("%", "%%")
    )


def _chooser(kind: type[Choice]) -> Callable[[str], Choice]:
    members = {_word(member): member for member in kind}

    def choose(word: str) -> Choice:
        if word not in members:
            raise ArgumentTypeError(f"“{word}” is none of {', '.join(members)}")
        return members[word]

    return choose


def _word(member: enum.StrEnum) -> str:
    return member.name.lower().replace("_", "-")
