"""What movies say about themselves: asked of the worker, since opening hundreds of files would stop Blender's window."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, kw_only=True)
class MeasureMovies:
    """Say the rates and lengths of movies. `paths` are absolute."""

    job_id: str
    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MovieMeasure:
    """A movie's own frames a second, and how many frames it has, about; both 0 if it is missing or no movie."""

    path: str
    fps: Fraction
    frame_count: int


@dataclass(frozen=True, kw_only=True)
class MoviesMeasured:
    """A finished `MeasureMovies`, in its order."""

    job_id: str
    movies: tuple[MovieMeasure, ...]
