"""What movies and sounds say about themselves, where a timeline does not: their rate, where their timecode begins, how long they are."""

import re
from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path

import av

from ..protocol import MovieMeasure, places
from ..working import Cancelled, end_if, never

TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;])(\d\d)")


def picture_rate(path: Path) -> Fraction | None:
    """Give a movie's frames a second, None if it is no movie or not there."""
    if not places.is_file(path):
        return None
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            return next((stream.average_rate for stream in container.streams.video if stream.average_rate), None)
    except (av.FFmpegError, OSError, ValueError):
        return None


def measure_movies(paths: Sequence[str], *, cancelled: Cancelled = never) -> tuple[MovieMeasure, ...]:
    """Measure movies as Blender counts them: by the rate that FFmpeg guesses from the stream.

    Raises
    ------
    CancelledError
        If `cancelled` says so.
    """
    return tuple(_measured(path, cancelled) for path in paths)


def _measured(path: str, cancelled: Cancelled) -> MovieMeasure:
    end_if(cancelled)
    unknown = MovieMeasure(path=path, fps=Fraction(0), frame_count=0)
    if not places.is_file(path):
        return unknown
    try:
        with av.open(path, metadata_errors="replace") as container:
            stream = next(iter(container.streams.video), None)
            fps = stream.guessed_rate if stream is not None else None
            if stream is None or not fps:
                return unknown
            seconds = Fraction(container.duration or 0, av.time_base)
            return MovieMeasure(path=path, fps=fps, frame_count=stream.frames or round(seconds * fps))
    except (av.FFmpegError, OSError, ValueError):
        return unknown


def measure(path: Path, fps: Fraction) -> tuple[int, int] | None:
    """Measure a file in frames of a timeline.

    Returns
    -------
    tuple[int, int] or None
        Where its timecode begins (0 if it carries none), and how many frames it has, rounded up; None if it cannot be read.
    """
    if not places.is_file(path):
        return None
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if container.duration is None:
                return None
            said = [container.metadata, *(stream.metadata for stream in container.streams)]
            begin = next((match for one in said if (match := TIMECODE.fullmatch(one.get("timecode", "")))), None)
            return _count(begin, fps), ceil(Fraction(container.duration, av.time_base) * fps - Fraction(1, 100))
    except (av.FFmpegError, OSError, ValueError):
        return None


def _count(match: re.Match[str] | None, fps: Fraction) -> int:
    """Count a timecode's frames; after a semicolon two numbers (at 60: four) are dropped in every minute that is no tenth."""
    if match is None:
        return 0
    hours, minutes, seconds, frames = (int(match[place]) for place in (1, 2, 3, 5))
    base, total = ceil(fps), hours * 60 + minutes
    dropped = (base // 15) * (total - total // 10) if match[4] == ";" else 0
    return (total * 60 + seconds) * base + frames - dropped
