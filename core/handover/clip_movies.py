"""Movies of an edit's numbered pictures, for programs that read no image sequences: each written once, named by what it shows.

An edit comes in, and the same edit goes out, whose picture sequences name their movies.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from pathlib import Path

from ..files import link_or_copy
from ..protocol import Clip, Edit, FrameSequence, Gap, MediaFile, MovieKind, UserError
from ..working import Cancelled, end_if, never
from . import media
from .movie import CODECS, SoundPart, write_movie
from .recognising import section_id

VERSION = b"clip movie 1"
"""Stands in every movie's name: raise it when the same frames are encoded otherwise."""


@dataclass(frozen=True, kw_only=True)
class _Job:
    frames: FrameSequence
    clip: Clip
    sound: SoundPart | None


def make(
    edit: Edit,
    folder: Path,
    *,
    kind: MovieKind,
    with_sound: bool = False,
    only: Callable[[Clip], bool] = lambda _: True,
    report: media.Counts,
    cancelled: Cancelled = never,
) -> tuple[Edit, tuple[Path, ...]]:
    """Write a movie of each picture sequence of an edit, from its first frame to its last.

    Parameters
    ----------
    edit
        Whose sequences are all there; a frame that is missing is shown as the one before it.
    folder
        Where the movies go. A movie that is there already, of the same pictures, is not written again.
    kind
        One of `core.movie.CODECS`.
    with_sound
        Whether each movie also carries the sound that lies under the first clip that shows it.
    only
        Which clips need a movie of their pictures.
    report, cancelled
        How far it is, in frames; whether to end.

    Returns
    -------
    edit
        With `movie` set in every picture sequence of which at least one frame is there.
    movies
        The files.

    Raises
    ------
    UserError
        If a frame is damaged, a movie cannot be written, or the pictures are too small for its codec.
    CancelledError
        If `cancelled` says so. Finished movies stay.
    """
    jobs = list(_jobs(edit, only=only, with_sound=with_sound))
    total, done = sum(job.frames.frame_count for job in jobs), 0
    made: dict[media.Files, media.Files] = {}
    movies: list[Path] = []
    for job in jobs:
        if paths := _without_holes(job.frames):
            path = folder / _name(job, paths, kind, edit.fps)
            if not path.is_file():
                each = _counter(done, total, report, cancelled)
                write_movie(path, paths, fps=edit.fps, codec=CODECS[kind], sound=job.sound, each=each)
            made[job.frames] = replace(job.frames, movie=str(path))
            movies.append(path)
        done += job.frames.frame_count
        report(done, total)
    edit, named = _named_apart(media.with_media(edit, made))
    return edit, (*movies, *named)


def _named_apart(edit: Edit) -> tuple[Edit, tuple[Path, ...]]:
    """Give each section a movie's path of its own: it is all that some programs keep. The file is the same, under another name."""
    settings: dict[str, set[str]] = defaultdict(set)
    for clip in _all_clips(edit):
        if isinstance(clip.media, FrameSequence) and clip.media.movie and clip.metadata:
            settings[clip.media.movie].add(clip.metadata)
    own: dict[Clip, Clip] = {}
    for clip in _all_clips(edit):
        if isinstance(clip.media, FrameSequence) and clip.metadata and len(settings.get(clip.media.movie, ())) > 1:
            movie = Path(clip.media.movie)
            path = movie.with_stem(f"{movie.stem}_{section_id(clip.metadata)}")
            link_or_copy(movie, path)
            own[clip] = replace(clip, media=replace(clip.media, movie=str(path)))
    tracks = (
        replace(track, items=tuple(own.get(item, item) if isinstance(item, Clip) else item for item in track.items))
        for track in edit.tracks
    )
    paths = (Path(clip.media.movie) for clip in own.values() if isinstance(clip.media, FrameSequence))
    return replace(edit, tracks=tuple(tracks)), tuple(dict.fromkeys(paths))


def _all_clips(edit: Edit) -> Iterator[Clip]:
    return (clip for clip, _ in _clips(edit, "video"))


def _counter(done: int, total: int, report: media.Counts, cancelled: Cancelled) -> Callable[[], None]:
    """Make what is called after each frame of one movie."""
    counted = count(done + 1)

    def each() -> None:
        end_if(cancelled)
        report(next(counted), total)

    return each


def _jobs(edit: Edit, *, only: Callable[[Clip], bool], with_sound: bool) -> Iterator[_Job]:
    seen: set[FrameSequence] = set()
    for clip, position in _clips(edit, "video"):
        frames = clip.media
        if isinstance(frames, FrameSequence) and frames not in seen and only(clip):
            seen.add(frames)
            yield _Job(frames=frames, clip=clip, sound=_sound_under(edit, clip, frames, position) if with_sound else None)


def _clips(edit: Edit, kind: str) -> Iterator[tuple[Clip, int]]:
    """Give the clips of one kind of tracks, each with the frame of the timeline at which it begins."""
    for track in edit.tracks:
        position = 0
        for item in track.items if track.kind == kind else ():
            if isinstance(item, Clip):
                yield item, position
            if isinstance(item, Clip | Gap):
                position += item.frame_count


def _sound_under(edit: Edit, clip: Clip, frames: FrameSequence, position: int) -> SoundPart | None:
    """Find the sound that lies under most of a clip, from where the clip's media begin."""
    heard = [
        (sound, start) for sound, start in _clips(edit, "audio") if isinstance(sound.media, MediaFile) and sound.speed == clip.speed == 1
    ]

    def overlap(pair: tuple[Clip, int]) -> int:
        sound, start = pair
        return min(position + clip.frame_count, start + sound.frame_count) - max(position, start)

    best = max(heard, key=overlap, default=None)
    if best is None or overlap(best) <= 0:
        return None
    sound, start = best
    assert isinstance(sound.media, MediaFile)
    first = sound.source_start + (position - clip.source_start - start)
    return SoundPart(path=Path(sound.media.path), start_seconds=first / edit.fps, duration_seconds=frames.frame_count / edit.fps)


def _without_holes(frames: FrameSequence) -> list[Path]:
    """List a sequence's files, each missing one replaced by the one before it (the first by the first that is there)."""
    gone = set(media.missing_paths(frames))
    shown: list[Path] = []
    for path in media.paths_of(frames):
        shown.append(shown[-1] if path in gone and shown else path)
    there = next((path for path in shown if path not in gone), None)
    return [] if there is None else [there if path in gone else path for path in shown]


def _name(job: _Job, paths: Sequence[Path], kind: MovieKind, fps: Fraction) -> str:
    """Name a movie by all that decides its content."""
    digest = hashlib.sha256(VERSION + f"{kind} {CODECS[kind]} {fps} {job.sound}".encode())
    with ThreadPoolExecutor(2) as pool:
        for own in pool.map(_digest, paths):
            digest.update(own)
    if job.sound is not None:
        digest.update(_digest(job.sound.path))
    return f"{media.safe_name(job.clip.name)}_{digest.hexdigest()[:12]}{CODECS[kind].suffix}"


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "Render again: missing frames are drawn anew.") from error
