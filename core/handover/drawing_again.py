"""Frames of our own films that are missing where an edit names them: drawn again, by the request that lies beside them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..backends import Backend
from ..frame_folder import is_unfinished, read_request
from ..pipeline import Report, render
from ..protocol import Edit, FrameSequence, RenderRequest
from ..working import Cancelled, never
from .media import media_of, missing_paths


def draw_missing(
    edit: Edit,
    *,
    open_backend: Callable[[RenderRequest], Backend],
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
        if (request := read_request(folder)) is not None:
            render(replace(request, frames_folder=str(folder.parent)), open_backend=open_backend, report=report, cancelled=cancelled)
