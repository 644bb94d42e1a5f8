"""Timelines that come back from other editors, to edits: an adapter reads the file, media are looked for, our own sections recognised.

A path comes in; an edit and sentences for people go out. Writes nothing, except that a bundle's media are unpacked into a folder of their
own.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.parsers import expat

import opentimelineio as otio

from ..input_files import check_is_file, read_bytes
from ..protocol import Clip, Edit, MediaFile, UserError, limits, places
from ..working import Cancelled, end_if, never
from .bundles import unpack
from .export import register_adapters
from .finding import Finder, plain_path
from .media import safe_name, without_clips_of
from .noting import Notes
from .otio_json import checked
from .probing import picture_rate
from .recognising import recognise
from .timelines import to_edit

ADAPTERS = {
    ".otio": "otio_json",
    ".otioz": "otio_json",
    ".kdenlive": "chromastrip_kdenlive",
    ".mlt": "chromastrip_mlt",
    ".xml": "chromastrip_fcp7",
    ".fcpxml": "chromastrip_fcpxml",
    ".edl": "chromastrip_edl",
}
"""How file names end, to what reads them."""
IS_XML = {".kdenlive", ".mlt", ".xml", ".fcpxml"}
LARGEST_BYTES = 100_000_000
"""A timeline of 2 000 clips takes up to 9 MB."""
MOST_FOLDERS = 100
"""So many bundles of one name are unpacked beside each other."""
DEEPEST_XML, MOST_ELEMENTS = 200, 2_000_000
"""A timeline of 2 000 clips has 80 000 elements."""
PROBED = 20
"""So many media are asked for their rate, where a timeline names none."""


@dataclass(frozen=True, kw_only=True)
class ReadEdit:
    """What a file holds, and sentences about what could not be read, or was read otherwise."""

    edit: Edit
    notes: tuple[str, ...]


def read_edit(path: Path, *, media_folder: Path | None = None, cancelled: Cancelled = never) -> ReadEdit:
    """Read a timeline that another program, or we, wrote.

    Parameters
    ----------
    path
        An .otio, .otioz, Final Cut Pro 7 .xml, .fcpxml, .edl, .mlt or .kdenlive file.
    media_folder
        Into which a bundle's media are unpacked, and in which media are looked for, too; by default ``<name>_media`` beside the file.
    cancelled
        Whether to end.

    Returns
    -------
    ReadEdit
        Clips of ours carry their settings in `Clip.metadata`; foreign ones come in as plain clips.

    Raises
    ------
    UserError
        If the file is not there, too large, damaged, of an unknown kind or version, or counts in a rate that no timeline has.
    CancelledError
        If `cancelled` says so. Nothing half unpacked stays.
    """
    path = path.absolute()
    places.trust(path, *([media_folder] if media_folder else []))
    ending = path.suffix.lower()
    if ending not in ADAPTERS:
        raise UserError(f"“{path.suffix or path.name}” names no format that can be read.", f"Choose one of {', '.join(ADAPTERS)}.")
    own_folder = path.parent / f"{safe_name(path.stem)}_media"
    folder = media_folder.absolute() if media_folder else own_folder
    notes = Notes()
    if ending == ".otioz":
        free = (own_folder.with_name(f"{own_folder.name}_{number}") for number in range(2, MOST_FOLDERS))
        choices = (folder,) if media_folder else (one for one in (folder, *free) if not one.is_symlink())
        text, folder = unpack(path, choices, largest_text=LARGEST_BYTES, cancelled=cancelled)
        others, base = (folder,), folder
    else:
        text = _read_text(path)
        others, base = tuple(dict.fromkeys((folder, own_folder))), path.parent
    end_if(cancelled)
    timeline = _understood(path, lambda: _timeline(text, ending, base, notes))
    edit = _understood(path, lambda: to_edit(timeline, Finder(base, others, notes), notes))
    edit = replace(edit, name=edit.name or path.stem)
    edit = _without_unknown(recognise(edit, (*others, path.parent), notes), notes)
    edit = limits.shortened(edit)
    limits.check_size(edit)
    return ReadEdit(edit=edit, notes=notes.sentences())


def _without_unknown(edit: Edit, notes: Notes) -> Edit:
    """Leave gaps where clips name no media, and nobody knows them by anything else."""
    clips = (item for track in edit.tracks for item in track.items if isinstance(item, Clip))
    unknown = [clip for clip in clips if isinstance(clip.media, MediaFile) and not clip.media.path]
    for clip in unknown:
        notes.add("Names no media: there is a gap", clip.name)
    return without_clips_of(edit, {clip.media for clip in unknown if isinstance(clip.media, MediaFile)}) if unknown else edit


def _read_text(path: Path) -> bytes:
    cure = "Choose a file that is there, and that you may read."
    check_is_file(path, cure=cure)
    if (size := path.stat().st_size) > LARGEST_BYTES:
        raise UserError(
            f"{path.name} has {size / 1e6:.0f} MB; timelines of up to {LARGEST_BYTES / 1e6:.0f} MB are read.",
            "Export it again with fewer clips, or without media inside.",
        )
    return read_bytes(path, cure=cure)


def _understood(path: Path, read: Callable[[], Any]) -> Any:
    """Let whatever a stranger's file makes a reader stumble over be one sentence for people."""
    try:
        return read()
    except UserError:
        raise
    except (
        *(otio.exceptions.OTIOError, expat.ExpatError, SyntaxError, RuntimeError, ZeroDivisionError, OverflowError),
        *(ValueError, LookupError, TypeError, AttributeError, AssertionError),
    ) as error:
        raise UserError(
            f"{path.name} is damaged, or no timeline: {type(error).__name__}: {_first_line(error)}.",
            "Export it again; if it opens elsewhere, please report it.",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200].rstrip(".")


# Texts ----------------------------------------------------------------------------------------------------------------------------------


def _timeline(text: bytes, ending: str, base: Path, notes: Notes) -> otio.schema.Timeline:
    register_adapters()
    more: dict[str, Any] = {}
    if ending in IS_XML:
        _check_xml(text)
        content = text  # the parser reads the encoding off the first line
    elif ADAPTERS[ending] == "otio_json":
        content = checked(text, notes)
    else:
        content = _list_text(text)
        if (fps := _rate_of_media(content, base)) is not None:
            more["rate"] = fps
    found = otio.adapters.read_from_string(content, ADAPTERS[ending], **more)
    return _first_timeline(found, notes)


def _list_text(text: bytes) -> str:
    """Decode an edit decision list: UTF-8 or UTF-16, else as Windows in the west writes it."""
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return text.decode("utf-16", errors="replace")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace")


def _first_timeline(found: Any, notes: Notes) -> otio.schema.Timeline:
    """Take the first timeline out of whatever an OpenTimelineIO file holds."""
    if isinstance(found, otio.schema.SerializableCollection):
        timelines = [one for one in found if isinstance(one, otio.schema.Timeline)]
        if timelines:
            for other in timelines[1:]:
                notes.add("Only the first timeline of the file was read, not", other.name)
            return timelines[0]
        found = otio.schema.Track(kind=otio.schema.TrackKind.Video, children=[one.deepcopy() for one in found])
    if isinstance(found, otio.schema.Timeline):
        return found
    timeline = otio.schema.Timeline(name=getattr(found, "name", ""))
    if isinstance(found, otio.schema.Stack):
        timeline.tracks = found
    elif isinstance(found, otio.core.Composable):
        timeline.tracks.append(found)
    else:
        raise TypeError(f"it holds a {type(found).__name__}")
    return timeline


def _check_xml(text: bytes) -> None:
    """Refuse XML that declares entities, which can make a small file fill the memory, or read others; and what is too deep, or too much.

    Raises
    ------
    ValueError
        If it does.
    xml.parsers.expat.ExpatError
        If it is no XML.
    """
    depth = count = 0

    def refuse(*_: object) -> None:
        raise ValueError("it declares XML entities, which no editor needs")

    def begin(*_: object) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > DEEPEST_XML or count > MOST_ELEMENTS:
            raise ValueError(f"it has more than {MOST_ELEMENTS} elements, or some more than {DEEPEST_XML} deep")

    def end(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.EntityDeclHandler, parser.StartElementHandler, parser.EndElementHandler = refuse, begin, end
    parser.Parse(text, True)


# Rates ----------------------------------------------------------------------------------------------------------------------------------


def _rate_of_media(text: str, base: Path) -> float | None:
    """Ask the movies that an edit decision list names for their rate, which it does not say itself; None if none is there."""
    named = [
        line.partition(":")[2].strip() for line in text.splitlines() if line.startswith(("* SOURCE FILE:", "* FROM CLIP:", "* TO CLIP:"))
    ]
    finder = Finder(base, (), Notes())
    for name in list(dict.fromkeys(named))[:PROBED]:
        if (fps := picture_rate(Path(finder.file(plain_path(name), noted=False)))) is not None:
            return float(fps)
    return None
