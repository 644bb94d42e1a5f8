"""What may leave with a timeline that takes its media along: media alone, and from outside of the project only what the user agreed to.

An imported timeline can name any file of this computer; whoever collects its media and mails the folder would mail that file, too. Reads
each file's beginning, copies nothing.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import av
from PIL import Image

from ..protocol import Edit, ExportOptions, FrameSequence, UserError
from .media import Files, media_of, paths_of

NAMED = 8
"""So many files are named; the rest are counted."""
PICTURES = {"AVIF", "BMP", "DDS", "GIF", "JPEG", "JPEG2000", "PNG", "PSD", "SGI", "TIFF", "WEBP"}
"""Pillow also takes texts for pictures: PostScript, X bitmaps."""
TEXTS = {"tty", "bin", "xbin", "adf", "idf", "concat", "hls", "dash", "sdp", "rtsp", "imf", "ffmetadata", "lrc", "data"}
"""FFmpeg takes any .txt for a film of letters, and follows lists of other files."""
MOST_PACKETS = 500
SIGNATURE_BYTES = 2  # all numbered pictures begin alike


def check(edit: Edit, target: Path, options: ExportOptions, *, only: Callable[[Files], bool]) -> None:
    """Find out whether an edit's media may be copied.

    Parameters
    ----------
    edit
        Names the media.
    target
        The timeline's file; its own folder belongs to the project.
    options
        Say where the project lies, and whether media from elsewhere were agreed to.
    only
        Which media will be copied.

    Raises
    ------
    UserError
        Names what is no media, or lies outside of the project.
    """
    chosen = [media for _, media in media_of(edit) if only(media)]
    strange = [path for media in chosen for path in _no_media(media)]
    if strange:
        raise UserError(
            f"These are no sounds, pictures or movies, and are not copied: {_named(strange)}.", "Remove their strips, then export again."
        )
    inside = (str(target.parent), *options.inside)
    if options.inside and not options.from_elsewhere:
        outside = [str(path) for media in chosen for path in (*paths_of(media)[:1], *_movie_of(media))]
        outside = [path for path in outside if not any(_lies_in(path, folder) for folder in inside)]
        if outside:
            raise UserError(
                f"These lie outside of the project, and would be copied with it: {_named(outside)}.",
                "If that is right, allow “Media from Elsewhere” (--from-elsewhere), and export again.",
            )


def is_media(path: Path) -> bool:
    """Say whether a file is a sound, a picture or a movie, by its content: one of its frames can be decoded."""
    try:
        with Image.open(path, formats=sorted(PICTURES)):
            return True
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _plays(path)


def _plays(path: Path) -> bool:
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if TEXTS & set(container.format.name.split(",")):
                return False
            streams = [*container.streams.video, *container.streams.audio]
            packets = zip(range(MOST_PACKETS), container.demux(*streams[:1]), strict=False) if streams else ()
            return any(_decodes(packet) for _, packet in packets)
    except (av.FFmpegError, OSError, ValueError):
        return False


def _decodes(packet: av.Packet) -> bool:
    try:
        return bool(packet.decode())
    except (av.FFmpegError, ValueError):
        return False


def _no_media(media: Files) -> Iterable[str]:
    """Name those of a medium's files that are none; of numbered pictures the first one, and all that begin otherwise than that."""
    strange = [str(path) for path in _movie_of(media) if path.is_file() and not is_media(path)]
    paths = [path for path in paths_of(media) if path.is_file()]
    if strange or not paths:
        return strange
    if not is_media(paths[0]):
        return [str(paths[0])]
    signature = _beginning(paths[0])
    return [str(path) for path in paths[1:] if _beginning(path) != signature]


def _movie_of(media: Files) -> list[Path]:
    """Give the movie that a bundle takes along with its pictures."""
    return [Path(media.movie)] if isinstance(media, FrameSequence) and media.movie else []


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SIGNATURE_BYTES)


def _lies_in(path: str, folder: str) -> bool:
    """Say whether a path lies in a folder, both as they are named and where links lead."""
    return all(Path(real(path)).is_relative_to(real(folder)) for real in (os.path.abspath, os.path.realpath))


def _named(paths: list[str]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(f"“{path}”" for path in paths[:NAMED]) + more
