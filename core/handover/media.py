"""The files that an edit names: whether they are there, how large their pictures are, and copies of them beside a timeline.

An edit comes in, and an edit that names other files goes out. Writes nothing outside the folder that it is given.
"""

import contextlib
import functools
import hashlib
import re
import shutil
import unicodedata
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import av
from PIL import Image

from ..files import disk_errors_explained, whole_file
from ..frame_folder import is_unfinished
from ..protocol import Clip, Crossfade, Edit, FrameSequence, Gap, MediaFile, Missing, Still, UserError
from ..working import Cancelled, end_if, never

Files = FrameSequence | MediaFile | Still
Counts = Callable[[int, int], None]
"""Called with how many of how many are done."""

NAMED = 5
"""So many missing files are named; the rest are counted."""
SAFE_LENGTH = 60
DIGITS = 6
SPARE_BYTES = 50_000_000


# What is there --------------------------------------------------------------------------------------------------------------------------


def media_of(edit: Edit) -> list[tuple[Clip, Files]]:
    """List every medium of an edit once, with the first clip that uses it."""
    found: dict[Files, Clip] = {}
    for track in edit.tracks:
        for item in track.items:
            if isinstance(item, Clip) and isinstance(item.media, Files):
                found.setdefault(item.media, item)
    return [(clip, media) for media, clip in found.items()]


def paths_of(media: Files) -> list[Path]:
    """List a medium's files, in order."""
    if isinstance(media, FrameSequence):
        return [Path(media.folder) / name for name in media.file_names()]
    return [Path(media.path)]


def check_present(edit: Edit, missing: Missing) -> tuple[Edit, tuple[str, ...]]:
    """Look whether all files are there.

    Parameters
    ----------
    edit
        Names the files.
    missing
        What to do about those that are not.

    Returns
    -------
    edit
        Without the clips whose files are missing, if they shall be skipped.
    warnings
        Sentences that name what is missing.

    Raises
    ------
    UserError
        If something is missing and that is refused.
    """
    halves = _tell_halves(edit, missing)
    gone = {media: paths for _, media in media_of(edit) if (paths := missing_paths(media))}
    if not gone:
        return edit, halves
    every = [path for paths in gone.values() for path in paths]
    named = ", ".join(str(path) for path in every[:NAMED]) + (f" and {len(every) - NAMED} more" if len(every) > NAMED else "")
    if missing in {Missing.REFUSE, Missing.RENDER}:  # what could be drawn again is there by now
        raise UserError(
            f"{len(every)} file{'s are' if len(every) > 1 else ' is'} missing: {named}.",
            "Put them back, or let frames be drawn again; or export without these clips, or with their names all the same.",
        )
    if missing == Missing.SKIP:
        edit = without_clips_of(edit, set(gone))
    return edit, (*halves, f"Missing: {named}.")


def _tell_halves(edit: Edit, missing: Missing) -> tuple[str, ...]:
    """Name our films that are not drawn to their end: none of their files is missing, but some show their neighbours' pictures."""
    clips = [clip for clip, media in media_of(edit) if isinstance(media, FrameSequence) and is_unfinished(Path(media.folder))]
    if not clips:
        return ()
    named = ", ".join(f"“{clip.name}”" for clip in clips[:NAMED]) + (f" and {len(clips) - NAMED} more" if len(clips) > NAMED else "")
    if missing in {Missing.REFUSE, Missing.RENDER}:
        raise UserError(f"Drawn only partly yet: {named}.", "Wait for it, or select the strip and press Render. Then export again.")
    return (f"Drawn only partly yet: {named}.",)


def missing_paths(media: Files) -> list[Path]:
    """List which of a medium's files are not there, with one look into its folder."""
    if not isinstance(media, FrameSequence):
        return [] if Path(media.path).is_file() else [Path(media.path)]
    folder = Path(media.folder)
    try:
        present = {path.name for path in folder.iterdir()}
    except OSError:
        present = set()
    return [folder / name for name in media.file_names() if name not in present]


def without_clips_of(edit: Edit, gone: set[Files]) -> Edit:
    """Turn the clips of some media into gaps; a cross-fade with one of them goes too."""
    return without_clips(edit, lambda clip: clip.media in gone)


def without_clips(edit: Edit, is_gone: Callable[[Clip], bool]) -> Edit:
    """Turn some clips into gaps; a cross-fade with one of them goes too."""
    tracks = []
    for track in edit.tracks:
        items = [Gap(frame_count=item.frame_count) if isinstance(item, Clip) and is_gone(item) else item for item in track.items]
        kept = [item for index, item in enumerate(items) if not isinstance(item, Crossfade) or _joins_clips(items, index)]
        tracks.append(replace(track, items=tuple(kept)))
    return replace(edit, tracks=tuple(tracks))


def _joins_clips(items: Sequence[Clip | Gap | Crossfade], index: int) -> bool:
    return 0 < index < len(items) - 1 and isinstance(items[index - 1], Clip) and isinstance(items[index + 1], Clip)


def with_size(edit: Edit) -> Edit:
    """Give an edit that names no size that of its lowest picture; leave it at 0 where there is none."""
    if edit.width > 0 and edit.height > 0:
        return edit
    for track in edit.tracks:
        for item in track.items if track.kind == "video" else ():
            if isinstance(item, Clip) and isinstance(item.media, Files) and (size := _picture_size(paths_of(item.media))):
                return replace(edit, width=size[0], height=size[1])
    return edit


def _picture_size(paths: list[Path]) -> tuple[int, int] | None:
    for path in paths[:1]:
        try:
            with Image.open(path) as picture:
                return picture.size
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return _movie_size(path)
    return None


def _movie_size(path: Path) -> tuple[int, int] | None:
    try:
        with av.open(str(path)) as movie:
            return (movie.streams.video[0].width, movie.streams.video[0].height) if movie.streams.video else None
    except (av.FFmpegError, OSError):
        return None


@functools.lru_cache(maxsize=1024)
def channel_count(path: str) -> int:
    """Count the channels of a file's sound; 2 if it cannot be read."""
    try:
        with av.open(path, metadata_errors="replace") as container:
            return container.streams.audio[0].channels if container.streams.audio else 2
    except (av.FFmpegError, OSError):
        return 2


# Copies ---------------------------------------------------------------------------------------------------------------------------------


def collect(
    edit: Edit, folder: Path, *, only: Callable[[Files], bool] = lambda _: True, report: Counts, cancelled: Cancelled = never
) -> Edit:
    """Copy media into a folder, under names of their own that every program understands, and let the edit name the copies.

    Parameters
    ----------
    edit
        Names the media.
    folder
        Where the copies go; made if need be. Media that lie in it already are not copied again.
    only
        Which media to copy.
    report, cancelled
        How far it is, in files; whether to end.

    Raises
    ------
    UserError
        If the disk has too little space, or a file cannot be read or written. No copy of this run is left behind.
    CancelledError
        If `cancelled` says so; neither then.
    """
    chosen = [(clip, media) for clip, media in media_of(edit) if only(media) and not _lies_in(media, folder)]
    copies = {media: _copy_of(clip, media, folder) for clip, media in chosen}
    pairs = [pair for media, copy in copies.items() for pair in zip(paths_of(media), paths_of(copy), strict=True) if pair[0].is_file()]
    check_space(folder, sum(source.stat().st_size for source, target in pairs if not _is_copied(source, target)))
    with removed_upon_failure(folder) as made:
        for done, (source, target) in enumerate(pairs):
            end_if(cancelled)
            if not _is_copied(source, target):
                made.append(target)
                _copy(source, target)
            report(done + 1, len(pairs))
    return with_media(edit, copies)


def with_media(edit: Edit, changed: dict[Files, Files]) -> Edit:
    """Give an edit that uses other media in some media's place."""

    def new(item: Clip | Gap | Crossfade) -> Clip | Gap | Crossfade:
        if isinstance(item, Clip) and isinstance(item.media, Files) and item.media in changed:
            return replace(item, media=changed[item.media])
        return item

    return replace(edit, tracks=tuple(replace(track, items=tuple(map(new, track.items))) for track in edit.tracks))


def _lies_in(media: Files, folder: Path) -> bool:
    return paths_of(media)[0].is_relative_to(folder) if paths_of(media) else True


def _copy_of(clip: Clip, media: Files, folder: Path) -> Files:
    name = unique_name(clip, media)
    if isinstance(media, FrameSequence):
        return replace(media, folder=str(folder / name), prefix=f"{name}_", first_number=0, digits=DIGITS)
    return replace(media, path=str(folder / f"{name}{Path(media.path).suffix}"))


def unique_name(clip: Clip, media: Files) -> str:
    """Name a medium so that it stays apart from all others, in letters that every program understands."""
    place = f"{media.folder}/{media.prefix}" if isinstance(media, FrameSequence) else media.path
    own = clip.name if isinstance(media, FrameSequence) else Path(media.path).stem
    return f"{safe_name(own)}_{hashlib.sha256(place.encode(errors='surrogateescape')).hexdigest()[:8]}"


def safe_name(text: str) -> str:
    """Write a name with ASCII letters, digits and underscores only, at most 60 of them."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:SAFE_LENGTH] or "clip"


def _is_copied(source: Path, target: Path) -> bool:
    """Judge by size and time whether a copy is there already."""
    try:
        there, here = source.stat(), target.stat()
    except OSError:
        return False
    return (there.st_size, there.st_mtime_ns) == (here.st_size, here.st_mtime_ns)


def _copy(source: Path, target: Path) -> None:
    with whole_file(target) as temporary:
        try:
            shutil.copy2(source, temporary)
        except PermissionError as error:
            if Path(error.filename or "") == source:
                raise UserError(f"{source} cannot be read: {error.strerror}.", "Ask for the right to read it.") from error
            raise


def check_space(folder: Path, needed_bytes: int) -> None:
    """Find out early whether files fit on a disk.

    Raises
    ------
    UserError
        If not.
    """
    with disk_errors_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    if needed_bytes + SPARE_BYTES > free and needed_bytes > 0:
        raise UserError(
            f"The disk of {folder} is too full: the copies take {needed_bytes / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free.",
            "Free some space, or choose another place.",
        )


@contextmanager
def removed_upon_failure(folder: Path) -> Generator[list[Path]]:
    """Lend a list for the files that are made; upon any error they are removed, and the folders that are empty then."""
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for path in made:
            with contextlib.suppress(OSError):  # the disk may be what failed: that is told, not this
                path.unlink()
        for place in sorted({*(path.parent for path in made), folder}, key=lambda path: -len(path.parts)):
            _remove_if_empty(place)
        raise


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):  # something is left in it, or it is not there
        folder.rmdir()
