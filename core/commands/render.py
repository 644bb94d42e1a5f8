"""``render``: a song becomes a film: a folder of frames, a film.mp4, or a stream for a pipe."""

import argparse
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import saved_requests
from ..checks import UPSCALES
from ..protocol import AUTO, Drawn, PictureFormat, Precision, RenderRequest, UserError, encode
from . import asking, outputs, words
from .telling import JOB_ID, progress, say

if TYPE_CHECKING:
    from ..backends import Backend
    from ..pipeline import Film

SAID_ANEW = {"sound", "out", "replace", "frames", "dry_run", "map", "device", "precision", "cache", "json", "fault"} | {
    *("ray", "shared_cache", "run", "refuse", "default_of", "command", "save_request")
}
"""What may stand beside a saved request."""
OTHER_MOVIES = {".avi", ".m4v", ".mkv", ".mov", ".mpg", ".webm", ".y4m"}


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("render", help="draw a film")
    command.add_argument("--out", help="a folder in which the film gets a folder of its own, a film.mp4, or - for a yuv4mpeg stream")
    outputs.add(command)
    asking.add(command)
    command.add_argument(
        "--allow-flashes",
        action="store_true",
        help="leave passages as they are that flash more than three times a second (they are drawn again with a calmer walk)",
    )
    command.add_argument(
        "--format", choices=[str(kind) for kind in PictureFormat], default=str(PictureFormat.PNG), help="what files the frames are (png)"
    )
    command.add_argument(
        "--mirror", type=words.aspect, metavar="WIDTH:HEIGHT", help="fill frames of this shape, as 16:9, with the pictures' mirror images"
    )
    command.add_argument(
        "--upscale", type=int, choices=UPSCALES, default=1, help="make pictures so many times as large as they are drawn (1: off)"
    )
    command.add_argument(
        "--upscaler", default="", metavar="NAME", help="by which of your networks, as `models list` names it (none: Lanczos' filter)"
    )
    command.add_argument(
        "--frames",
        type=words.span,
        metavar="A:B",
        help="draw only these frames, into the cache, which several machines may share; the same command without it makes the film",
    )
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="only tell how many frames are there, how many are to be drawn, and about how long that takes",
    )
    command.add_argument(
        "--ray", metavar="ADDRESS", help="draw with the cards of a Ray cluster: auto, HOST:PORT or ray://HOST:PORT (this machine draws)"
    )
    command.add_argument(
        "--shared-cache", action="store_true", help="with --ray: all nodes see the cache folder (--cache) under the same path"
    )
    command.add_argument(
        "--save-request",
        type=Path,
        metavar="FILE.json",
        help="draw nothing: write what would be drawn to a file, which stands for SONG and all its words, here or on another machine",
    )
    command.add_argument(
        "--map",
        type=words.path_map,
        action="append",
        default=[],
        metavar="FROM=TO",
        help="with a saved request: paths that begin with FROM where it was saved begin with TO here; may be given several times",
    )
    command.add_argument(
        "--vectors",
        type=Path,
        metavar="FILE.npz",
        help="draw these latents, as `vectors` writes them or of your own making, in place of what the song and the settings give",
    )
    command.add_argument("--json", action="store_true", help="progress and result as JSON lines on standard error")
    command.add_argument("--fault", default="", help=argparse.SUPPRESS)  # for tests: what the sync card does wrong
    command.set_defaults(run=run, refuse=command.error, default_of=command.get_default)


def run(options: Namespace) -> None:
    """Draw the film, or a span of it; or tell what is left to do."""
    if options.shared_cache and options.ray is None:
        options.refuse("--shared-cache is for nodes of a Ray cluster: say --ray ADDRESS, too")
    if options.dry_run and options.ray is not None:
        options.refuse("--dry-run times this machine: leave --ray out")
    if options.save_request is not None:
        _save_request(options)
    elif options.dry_run:
        _estimate(options)
    elif options.frames is not None:
        _draw_span(options)
    elif options.out is None and not _is_saved(options):
        options.refuse("the following arguments are required: --out")
    else:
        _draw_film(options)


def _save_request(options: Namespace) -> None:
    file = options.save_request.absolute()
    if file.suffix.lower() != saved_requests.SUFFIX:
        raise UserError(f"A request would be saved as “{file.name}”.", "Name a file.json.")
    outputs.check(options, inputs=asking.inputs(options), out=file)
    request = film_request(options)
    if options.out is not None:
        request = replace(request, frames_folder=str(Path(options.out).absolute()))
    saved_requests.save(file, request)
    say(f"{request.frame_count} frames are asked for in {file}")


def _draw_film(options: Namespace) -> None:
    from .. import pipeline
    from ..files import check_writable
    from ..paces import expected

    if options.out is None:
        options.out = film_request(options).frames_folder
    into_folder = options.out != "-" and not _is_movie(options.out)
    outputs.check(options, inputs=(*asking.inputs(options), options.vectors))
    request = film_request(options)
    if into_folder:
        request = replace(request, frames_folder=str(Path(options.out).absolute()))
    elif options.out != "-":
        if Path(options.out).is_dir():
            raise UserError(f"{options.out} is a folder.", "Name a film.mp4 that is not there yet.")
        check_writable(Path(options.out).absolute().parent)  # now, not after an hour of drawing
    if not options.json and (line := expected(request)):
        say(line)
    with progress(options) as report:
        film = pipeline.render(request, open_backend=_open_backend(options), report=report)
    _deliver(options, request, [Path(film.frames.folder) / name for name in film.frames.file_names()])
    _tell(options, film)


def _draw_span(options: Namespace) -> None:
    from ..pipeline import draw_span

    with progress(options) as report:
        drawn = draw_span(film_request(options), options.frames, open_backend=_open_backend(options), report=report)
    if options.json:
        say(encode(drawn))
        return
    _tell_warnings(drawn.warnings)
    say(f"Frames {drawn.first_frame}:{drawn.end_frame} are in the cache ({drawn.drawn_count} pictures drawn now).")


def _estimate(options: Namespace) -> None:
    from ..estimating import estimate
    from ..protocol.pace import duration_told

    with progress(options) as report:
        left = estimate(film_request(options), options.frames, open_backend=_open_backend(options), report=report)
    if options.json:
        say(encode(left))
        return
    say(f"{left.frame_count} frames, {left.there_count} of them there; {left.picture_count} pictures are to be drawn.")
    if left.picture_count:
        say(f"That takes {duration_told(left.seconds)} here; more if passages flash and must be drawn again, calmer.")


def _is_saved(options: Namespace) -> bool:
    return Path(options.sound).suffix.lower() == saved_requests.SUFFIX


def _saved_request(options: Namespace) -> RenderRequest:
    """Read the request; what says how to draw on this machine may be said anew, what would change the film may not."""
    changed = [name for name, value in vars(options).items() if name not in SAID_ANEW and value != options.default_of(name)]
    if changed:
        raise UserError(
            f"--{changed[0].replace('_', '-')} is given, but {options.sound} says all that.", "Leave it out, or save another request."
        )
    own = str(asking.cache_folder())
    request = saved_requests.load(
        Path(options.sound), maps=options.map, cache_folder=str(options.cache.absolute()) if options.cache else "", lasting_cache=own
    )
    machine = request.machine
    if options.device != AUTO:
        machine = replace(machine, device=options.device)
    if options.precision != AUTO:
        machine = replace(machine, precision=Precision(options.precision))
    return replace(request, machine=machine)


def film_request(options: Namespace) -> RenderRequest:
    """Make the request that the command's words ask for, or read the one that they name."""
    if _is_saved(options):
        return _saved_request(options)
    if options.map:
        raise UserError("--map is given without a saved request.", "Name one instead of the song, or leave --map out.")
    request = asking.request(options)
    if options.vectors is not None:
        from ..given_latents import row_count

        path = options.vectors.absolute()
        frame_count = row_count(path) if options.seconds is None and options.loop_bars is None else request.frame_count
        request = replace(request, vectors_path=str(path), frame_count=frame_count)
    return replace(
        request,
        limit_flashes=not options.allow_flashes,
        picture_format=PictureFormat(options.format),
        frame_aspect=options.mirror,
        upscale=options.upscale,
        upscaler=options.upscaler,
    )


def _open_backend(options: Namespace) -> "Callable[[RenderRequest], Backend]":
    from ..backends import Backends

    if options.ray is None:
        return Backends(fault=options.fault).open
    from ..ray_cards import Cluster

    return Backends(cluster=Cluster(address=options.ray, is_shared=options.shared_cache)).open


def _is_movie(out: str) -> bool:
    suffix = Path(out).suffix.lower()
    if suffix in OTHER_MOVIES:
        raise UserError(f"Films of the kind “{suffix}” cannot be written.", "Name a film.mp4, or pipe --out - into ffmpeg.")
    if suffix not in ("", ".mp4") and not Path(out).is_dir():
        raise UserError(f"“{out}” is neither a film.mp4 nor a folder.", "Name a film.mp4, a folder without a dot, or -.")
    return suffix == ".mp4"


def _deliver(options: Namespace, request: RenderRequest, frames: Sequence[Path]) -> None:
    from ..handover import movie

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


def _tell(options: Namespace, film: "Film") -> None:
    if options.json:
        drawn = Drawn(job_id=JOB_ID, frames=film.frames, drawn_count=film.drawn_count, digest=film.digest, warnings=film.warnings)
        say(encode(drawn))
        return
    _tell_warnings(film.warnings)
    say(f"{film.frames.frame_count} frames ({film.drawn_count} drawn now) in {film.frames.folder}")


def _tell_warnings(warnings: Sequence[str]) -> None:
    for warning in warnings:
        say(f"Note: {warning}")
