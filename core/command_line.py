"""The command line: films, contact sheets and timelines without Blender, and the worker that Blender starts.

Progress goes to standard error, as a bar or (``--json``) as JSON lines; standard output carries a film if asked for (``--out -``).
"""

import argparse
import contextlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .protocol import (
    PARAMETERS,
    Drawn,
    Edit,
    Failed,
    Look,
    Model,
    Progress,
    ProtocolError,
    RenderRequest,
    Section,
    Settings,
    Stage,
    UserError,
    decode,
    encode,
)

if TYPE_CHECKING:
    from .pipeline import Film

INTERRUPTED = 130
SECTION_READERS: dict[str, Callable[[str], Any]] = {
    **{name: type(getattr(Settings(), name)) for name in PARAMETERS if name != "size"},
    "look": Look,
    "classes": lambda text: tuple(int(number) for number in text.split(",")),
}
"""What may differ in a section, and how its text is read."""
BAR_WIDTH = 30
LONGEST_SECONDS = 24 * 60 * 60
OTHER_MOVIES = {".avi", ".m4v", ".mkv", ".mov", ".mpg", ".webm", ".y4m"}
JOB_ID = "command line"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        Exit code: 0 done, 1 failed (the cause and the cure are on standard error), 2 wrong usage, 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except UserError as error:
        _tell_failure(options, error)
        return 1
    except MemoryError:
        _tell_failure(options, UserError("The memory is full.", "Close other programs, or choose a smaller size."))
        return 1
    except BrokenPipeError:  # the reader of our film ended: so do we, without complaint
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Finished frames are kept: the same command goes on from here.\n")
        return INTERRUPTED
    return 0


# Commands -------------------------------------------------------------------------------------------------------------------------------


def _render(options: argparse.Namespace) -> None:
    from . import pipeline
    from .backends import Backends
    from .files import check_writable

    request = _request(options)
    if _is_movie(options.out):
        if Path(options.out).is_dir():
            raise UserError(f"{options.out} is a folder.", "Name a film.mp4 that is not there yet.")
        check_writable(Path(options.out).absolute().parent)  # now, not after an hour of drawing
    with _progress(options) as report:
        film = pipeline.render(request, open_backend=Backends(fault=options.fault).open, report=report)
    _deliver(options, request, [Path(film.frames.folder) / name for name in film.frames.file_names()])
    _tell_film(options, film)


def _deliver(options: argparse.Namespace, request: RenderRequest, frames: Sequence[Path]) -> None:
    from . import movie

    if options.out == "-":
        movie.write_yuv4mpeg(sys.stdout.buffer, frames, fps=request.fps)
    elif _is_movie(options.out):
        movie.write_mp4(
            Path(options.out),
            frames,
            fps=request.fps,
            sound=Path(request.sound_path),
            source_start_seconds=request.source_start_seconds,
            duration_seconds=request.frame_count / request.fps,
        )


def _contact_sheet(options: argparse.Namespace) -> None:
    from . import pictures
    from .files import whole_file

    frames = sorted(Path(options.folder).glob("[!.]*.png"))
    if not frames:
        raise UserError(f"There are no frames in {options.folder}.", "Name the folder of a film's frames.")
    sheet = pictures.contact_sheet(frames, fps=float(options.fps))
    with whole_file(Path(options.out)) as temporary:
        try:
            sheet.save(temporary)
        except ValueError as error:
            raise UserError(f"“{options.out}” names no kind of picture that can be written.", "Name it sheet.png or sheet.jpg.") from error


def _export(options: argparse.Namespace) -> None:
    from . import handover

    try:
        edit = decode(Path(options.edit).read_text(encoding="utf-8"), Edit)
    except (OSError, UnicodeDecodeError, ProtocolError) as error:
        raise UserError(f"{options.edit} is no edit description: {error}.", "Export it again from Blender.") from error
    handover.export(edit, Path(options.out))


def _worker(options: argparse.Namespace) -> None:
    from .backends import Backends
    from .worker import serve

    try:
        address = json.loads(sys.stdin.readline())  # over standard input: command lines and environments are there for all to read
        port, token = int(address["port"]), str(address["token"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("Nobody said where to connect to.", "Leave this command to the add-on; for films use `render`.") from error
    serve(port=port, token=token, backends=Backends(fault=options.fault))


# From words to a request ----------------------------------------------------------------------------------------------------------------


def _request(options: argparse.Namespace) -> RenderRequest:
    sound = Path(options.sound).absolute()
    frame_count = math.ceil(_seconds(options, sound) * options.fps)
    frames_folder = _cache_folder() / "films" if options.out == "-" or _is_movie(options.out) else Path(options.out)
    return RenderRequest(
        name=sound.stem,
        sound_path=str(sound),
        source_start_seconds=options.start,
        frame_count=frame_count,
        fps=options.fps,
        settings=_settings(options),
        sections=tuple(_section(words, options) for words in options.section),
        frames_folder=str(frames_folder.absolute()),
        cache_folder=str(options.cache or _cache_folder()),
    )


def _is_movie(out: str) -> bool:
    suffix = Path(out).suffix.lower()
    if suffix in OTHER_MOVIES:
        raise UserError(f"Films of the kind “{suffix}” cannot be written.", "Name a film.mp4, or pipe --out - into ffmpeg.")
    if suffix not in ("", ".mp4") and not Path(out).is_dir():
        raise UserError(f"“{out}” is neither a film.mp4 nor a folder.", "Name a film.mp4, a folder without a dot, or -.")
    return suffix == ".mp4"


def _seconds(options: argparse.Namespace, sound: Path) -> Fraction:
    if options.seconds is not None:
        return options.seconds
    from . import audio

    seconds = Fraction(len(audio.load(sound)), audio.SAMPLE_RATE)
    if options.start >= seconds:
        raise UserError(
            f"“{sound.name}” ends at {float(seconds):.1f} s.", f"Set --start to less than that; it is {float(options.start):.1f} s."
        )
    return seconds - options.start


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        model=Model(options.model),
        look=Look(options.look),
        classes=tuple(options.classes),
        **{name: getattr(options, name) for name in PARAMETERS} | ({"class_count": len(options.classes)} if options.classes else {}),
    )


def _section(words: Sequence[str], options: argparse.Namespace) -> Section:
    """Read ``10.0:18.5 truncation=0.4 ...``: seconds of the film, and what differs there."""
    begin, _, end = words[0].partition(":")
    try:
        first_frame, end_frame = round(Fraction(begin) * options.fps), round(Fraction(end) * options.fps)
        changes = dict(_change(word) for word in words[1:])
        landing_seconds = Fraction(changes.pop("landing", "1"))
        settings = replace(_settings(options), **{name: SECTION_READERS[name](value) for name, value in changes.items()})
    except (ValueError, ZeroDivisionError, KeyError) as error:
        raise UserError(
            f"“{' '.join(words)}” is no section ({error}).",
            f"Write it as 10.0:18.5 truncation=0.4, with any of {', '.join(SECTION_READERS)} and landing.",
        ) from error
    return Section(first_frame=first_frame, end_frame=end_frame, settings=settings, landing_seconds=landing_seconds)


def _change(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name.replace("-", "_"), value


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chromastrip"


# The words ------------------------------------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Turn a song into a film of BigGAN pictures.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_render(commands)
    _add_contact_sheet(commands)
    _add_export(commands)
    _add_worker(commands)
    return parser


def _add_render(commands: Any) -> None:
    command = commands.add_parser("render", help="draw a film")
    command.add_argument("sound", metavar="SONG", help="a sound file, or a movie with sound")
    command.add_argument(
        "--out", required=True, help="a folder in which the film gets a folder of its own, a film.mp4, or - for a yuv4mpeg stream"
    )
    command.add_argument("--fps", type=_fps, default=Fraction(25), help="frames a second, as 24 or 30000/1001 (25)")
    command.add_argument("--start", type=_rational, default=Fraction(0), metavar="SECONDS", help="where in the song to begin (0)")
    command.add_argument("--seconds", type=_length, metavar="SECONDS", help="how much of it to draw (all)")
    command.add_argument(
        "--model", choices=[str(model) for model in Model], default=str(Model.ABSTRACT), help=f"what draws ({Model.ABSTRACT})"
    )
    command.add_argument(
        "--look", choices=[str(look) for look in Look], default=str(Look.CHROMASTRIP), help=f"how music becomes motion ({Look.CHROMASTRIP})"
    )
    command.add_argument(
        "--classes", type=int, nargs="+", default=[], metavar="ID", help="ImageNet classes, 0 ... 999 (chosen by the seed)"
    )
    command.add_argument(
        "--section",
        nargs="+",
        action="append",
        default=[],
        metavar=("BEGIN:END", "NAME=VALUE"),
        help="other settings between two times of the film, in seconds, landing on it without a jump; may be given several times",
    )
    for name in PARAMETERS:
        default = getattr(Settings(), name)
        command.add_argument(
            f"--{name.replace('_', '-')}", type=type(default), default=default, metavar="N", help=_parameter_help(name).replace("%", "%%")
        )
    command.add_argument("--cache", type=Path, help="where drawn pictures are kept (the user's cache folder)")
    _add_common(command)
    command.set_defaults(run=_render)


def _parameter_help(name: str) -> str:
    parameter, default = PARAMETERS[name], getattr(Settings(), name)
    return f"{parameter.help} ({parameter.minimum:g} ... {parameter.maximum:g}; {default:g})"


def _add_contact_sheet(commands: Any) -> None:
    command = commands.add_parser("contact-sheet", help="show a film at a glance")
    command.add_argument("folder", metavar="FOLDER", help="a film's frames")
    command.add_argument("--out", required=True, metavar="PICTURE", help="the sheet to write")
    command.add_argument("--fps", type=_fps, default=Fraction(25), help="the film's rate, for the times below the pictures")
    command.set_defaults(run=_contact_sheet, json=False)


def _add_export(commands: Any) -> None:
    command = commands.add_parser("export", help="turn an edit description into another editor's file")
    command.add_argument("edit", metavar="EDIT.chromastrip")
    command.add_argument("--out", required=True, metavar="FILE", help="the file to write; its suffix names the format: .otio")
    command.set_defaults(run=_export, json=False)


def _add_worker(commands: Any) -> None:
    command = commands.add_parser("worker", help="work for the add-on (it starts this itself)")
    command.add_argument("--fault", default=os.environ.get("CHROMASTRIP_FAULT", ""), help=argparse.SUPPRESS)
    command.set_defaults(run=_worker, json=False)


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="progress and result as JSON lines on standard error")
    command.add_argument("--fault", default="", help=argparse.SUPPRESS)  # for tests: what the sync card does wrong


def _fps(text: str) -> Fraction:
    rate = _rational(text)
    if not 1 <= rate <= 240:  # noqa: PLR2004 (what editors know)
        raise argparse.ArgumentTypeError(f"{text} frames a second: choose 1 ... 240, as 25 or 30000/1001")
    return rate


def _length(text: str) -> Fraction:
    seconds = _rational(text)
    if not 0 < seconds <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} seconds: choose more than 0, and at most {LONGEST_SECONDS} (a day)")
    return seconds


def _rational(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number such as 25, 29.97 or 30000/1001") from error


# Telling --------------------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _progress(options: argparse.Namespace) -> Generator[Callable[[Stage, int, int], None]]:
    from .worker import Reporter

    show = _show_json if options.json else _show_bar
    yield Reporter(JOB_ID, show, clock=time.monotonic)
    if not options.json:
        _say("")


def _show_json(progress: Progress) -> None:
    sys.stderr.write(encode(progress) + "\n")


def _show_bar(progress: Progress) -> None:
    filled = BAR_WIDTH * progress.done // max(progress.total, 1)
    rate = f"{progress.frames_per_second:5.1f} frames/s, {progress.seconds_left:4.0f} s left" if progress.frames_per_second else ""
    bar = f"{'█' * filled}{'░' * (BAR_WIDTH - filled)}"
    sys.stderr.write(f"\r{progress.stage:<13} {bar} {progress.done}/{progress.total} {rate:<30}")
    sys.stderr.flush()


def _tell_film(options: argparse.Namespace, film: "Film") -> None:
    if options.json:
        drawn = Drawn(job_id=JOB_ID, frames=film.frames, drawn_count=film.drawn_count, digest=film.digest, warnings=film.warnings)
        _say(encode(drawn))
        return
    for warning in film.warnings:
        _say(f"Note: {warning}")
    _say(f"{film.frames.frame_count} frames ({film.drawn_count} drawn now) in {film.frames.folder}")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _tell_failure(options: argparse.Namespace, error: UserError) -> None:
    if options.json:
        _say(encode(Failed(job_id=JOB_ID, cause=error.cause, cure=error.cure)))
    else:
        _say(f"\n{error.cause}\n→ {error.cure}")
