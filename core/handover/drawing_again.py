"""Frames of our own films that are missing where an edit names them: drawn again, by the request that lies beside them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..backends import Backend
from ..frame_folder import is_unfinished, read_request
from ..keeping import is_film
from ..pipeline import Report, render
from ..protocol import Edit, FrameSequence, RenderRequest, places
from ..working import Cancelled, never
from .media import media_of, missing_paths


def draw_missing(
    edit: Edit,
    *,
    open_backend: Callable[[RenderRequest], Backend],
    memory: str = "",
    report: Report = lambda *_: None,
    cancelled: Cancelled = never,
) -> None:
    """Have all frames of our own films where the edit wants them, as far as their requests are still there.

    Parameters
    ----------
    edit
        Names the frames.
    open_backend
        Gives what draws.
    memory
        Absolute folder for what this machine remembers of its models; empty: the cache beside the film.
    report, cancelled
        As `pipeline.render`'s.

    Raises
    ------
    UserError
        If a film cannot be drawn any more: its sound, its model or its folder is not what it was.
    CancelledError
        If `cancelled` said so.
    """
    sequences = [media for _, media in media_of(edit) if isinstance(media, FrameSequence)]
    incomplete = {media for media in sequences if missing_paths(media) or is_unfinished(Path(media.folder))}
    for folder in sorted({Path(frames.folder) for frames in incomplete}):
        if is_film(folder) and (request := read_request(folder)) is not None:
            render(_here(request, folder.parent, memory), open_backend=open_backend, report=report, cancelled=cancelled)


def _here(request: RenderRequest, base: Path, memory: str) -> RenderRequest:
    """Let a film's request, which may be a stranger's, write beside its frames only, and ask no other computer."""
    places.check(*request.read_paths())
    sound = base / "sounds" / Path(request.sound_path).name  # where mixes are made
    is_here = places.is_file(request.sound_path)
    return replace(
        request,
        sound_path=request.sound_path if is_here or request.mix is None else str(sound),
        frames_folder=str(base),
        cache_folder=str(base / "cache"),
        machine=replace(request.machine, cache_folder=memory),
    )
