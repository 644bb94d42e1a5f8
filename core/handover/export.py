"""Edits to other editors' files: the edit is fitted, its media are found, filmed and copied, and an OpenTimelineIO adapter writes it.

An edit and a place come in, a file goes out, whole or not at all; beside it a folder of movies and copies where they are needed.
"""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import opentimelineio as otio

from ..files import check_writable, whole_file, write_whole
from ..protocol import (
    PROFILES,
    Clip,
    Colour,
    Crossfade,
    Edit,
    ExportOptions,
    FrameSequence,
    MovieKind,
    PathStyle,
    Still,
    Target,
    Text,
    Track,
    UserError,
    encode,
)
from ..protocol.messages import Stage
from ..working import Cancelled, never
from . import clip_movies, collecting, media
from .fitting import fit
from .movie import CODECS
from .recognising import write_sections

MANIFEST = Path(__file__).resolve().parents[2] / "otio_adapters" / "plugin_manifest.json"
PINNED_SCHEMAS = {"Clip": 2, "Marker": 2}
"""Newer markers make Resolve give up, and Kdenlive import nothing."""
METADATA_KEY, FRAMES_KEY = "chromastrip", "CHROMASTRIP_FRAMES"

Report = Callable[[Stage, int, int], None]
"""Called with the stage, and how many of how many frames or files are done."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """What a kind of file can say.

    Parameters
    ----------
    adapter
        OpenTimelineIO's name for what writes it.
    numbered
        Whether it holds numbered pictures; if not, they must be movies.
    warps_numbered
        Whether it can change their speed.
    styles
        How it can name media, its own way first.
    lacks
        What it cannot say.
    awkward
        Characters that its programs stumble over in the paths of pictures.
    counts_channels
        Whether it must be told how many channels a sound has.
    is_text
        Whether the adapter gives text; if not, it writes a file itself.
    keeps_settings
        Whether it has room for what made a clip; if not, that stands beside it.
    """

    adapter: str
    numbered: bool
    warps_numbered: bool = True
    styles: tuple[PathStyle, ...] = (PathStyle.URI,)
    lacks: frozenset[str] = frozenset()
    awkward: str = ""
    counts_channels: bool = False
    is_text: bool = True
    keeps_settings: bool = True


EVERY_STYLE = (PathStyle.ABSOLUTE, PathStyle.RELATIVE, PathStyle.URI)
PLAIN_PATHS = (PathStyle.ABSOLUTE, PathStyle.RELATIVE)
FORMATS = {
    "_frames.otio": Format(adapter="otio_json", numbered=True, styles=EVERY_STYLE),
    ".otio": Format(adapter="otio_json", numbered=True, styles=EVERY_STYLE),
    ".otioz": Format(adapter="chromastrip_otioz", numbered=True, styles=(PathStyle.ABSOLUTE,), is_text=False),
    ".kdenlive": Format(
        adapter="chromastrip_kdenlive",
        numbered=True,
        warps_numbered=False,
        styles=PLAIN_PATHS,
        lacks=frozenset({"subframes", "retimed starts"}),
        awkward="%:",
    ),
    ".mlt": Format(
        adapter="chromastrip_mlt", numbered=True, styles=PLAIN_PATHS, lacks=frozenset({"subframes", "retimed starts"}), awkward="%"
    ),
    ".xml": Format(
        adapter="chromastrip_fcp7",
        numbered=False,
        lacks=frozenset({"subframes", "retimed starts", "uneven fades"}),
        counts_channels=True,
    ),
    ".fcpxml": Format(adapter="chromastrip_fcpxml", numbered=False, counts_channels=True),
    ".aaf": Format(
        adapter="chromastrip_aaf",
        numbered=False,
        lacks=frozenset({"subframes", "volume", "colours", "words", "disabled", "speed", "markers", "sound fades"}),
        is_text=False,
    ),
    ".edl": Format(
        adapter="chromastrip_edl",
        numbered=False,
        lacks=frozenset({"subframes", "volume", "colours", "words", "tracks", "disabled", "uneven fades"}),
        keeps_settings=False,
    ),
}
"""How file names end, to what is written there; the first that fits counts."""


@dataclass(frozen=True, kw_only=True)
class HandedOver:
    """What an export came to: the file, the movies that it names, and sentences about what is not as it was."""

    path: Path
    movies: tuple[Path, ...]
    warnings: tuple[str, ...]


def export(
    edit: Edit,
    path: Path,
    *,
    options: ExportOptions = ExportOptions(),  # noqa: B008 (frozen)
    report: Report = lambda *_: None,
    cancelled: Cancelled = never,
) -> HandedOver:
    """Write an edit to a file, whole or not at all.

    Parameters
    ----------
    edit
        What the timeline holds.
    path
        The file to write. Its name's ending says the format, unless a target does: then the ending is changed to that target's.
    options
        Who gets it, and how.
    report, cancelled
        How far movies and copies are; whether to end.

    Returns
    -------
    HandedOver
        The file, and what to tell the user.

    Raises
    ------
    UserError
        If the ending is unknown, media are missing, or something cannot be written. Finished movies stay, all else is removed.
    CancelledError
        If `cancelled` says so.
    """
    path = target_path(path, options.target).absolute()
    form = FORMATS[_ending(path)]
    check_writable(path.parent)
    edit = _with_absolute_paths(edit)
    edit, missing = media.check_present(edit, options.missing)
    collecting.check(edit, path, options, only=functools.partial(_is_taken_along, options=options, form=form))
    edit, fitted = fit(edit)
    edit, movies = _with_movies(media.with_size(edit), path, options, form, report, cancelled)
    edit, copied = _with_copies(edit, path, options, form, report, cancelled)
    if media_folder(path).is_dir() or (not form.keeps_settings and any(clip.metadata for clip in _clips(edit))):
        write_sections(edit, media_folder(path))
    _write(_timeline(_sayable(edit, form), path, options, form), path, form)
    return HandedOver(path=path, movies=movies, warnings=(*missing, *fitted, *copied, *_losses(edit, _ending(path), form)))


def target_path(path: Path, target: Target) -> Path:
    """Give a file the name that its target wants.

    Raises
    ------
    UserError
        If no target is chosen, and the name says no format.
    """
    if target == Target.FILE_NAME:
        _ending(path)
        return path
    wanted = PROFILES[target].ending
    if path.name.lower().endswith(wanted):
        return path
    stem = path.stem if any(path.name.lower().endswith(ending) for ending in FORMATS) else path.name
    return path.with_name(stem + wanted)


def to_timeline(edit: Edit) -> otio.schema.Timeline:
    """Turn an edit into an OpenTimelineIO timeline."""
    register_adapters()
    return otio.adapters.read_from_string(encode(edit), "chromastrip_edit")


@functools.cache
def register_adapters() -> None:
    """Let OpenTimelineIO know our adapters."""
    otio.plugins.ActiveManifest().extend(otio.plugins.manifest_from_file(str(MANIFEST)))


def _ending(path: Path) -> str:
    ending = next((ending for ending in FORMATS if path.name.lower().endswith(ending) and path.name.lower() != ending), None)
    if ending is None:
        raise UserError(f"“{path.suffix or path.name}” names no format that can be written.", f"Choose one of {', '.join(FORMATS)}.")
    return ending


# Media ----------------------------------------------------------------------------------------------------------------------------------


def media_folder(path: Path) -> Path:
    """Say where the movies and copies of a timeline go: beside it, under a name that every program understands."""
    return path.parent / f"{media.safe_name(path.name[: -len(_ending(path))])}_media"


def _with_absolute_paths(edit: Edit) -> Edit:
    changed: dict[media.Files, media.Files] = {}
    for _, one in media.media_of(edit):
        if isinstance(one, FrameSequence):
            changed[one] = replace(one, folder=os.path.abspath(one.folder))  # noqa: PTH100 (resolves "..", but follows no links)
        else:
            changed[one] = replace(one, path=os.path.abspath(one.path))  # noqa: PTH100
    return media.with_media(edit, changed)


def _with_movies(
    edit: Edit, path: Path, options: ExportOptions, form: Format, report: Report, cancelled: Cancelled
) -> tuple[Edit, tuple[Path, ...]]:
    kind, needed = _movie_kind(options, edit), functools.partial(_needs_movie, form=form)
    wanted = (lambda _: True) if kind != MovieKind.NONE else needed
    if not any(isinstance(clip.media, FrameSequence) and wanted(clip) for clip in _clips(edit)):
        return edit, ()
    return clip_movies.make(
        edit,
        media_folder(path),
        kind=MovieKind.PRORES_422_HQ if kind == MovieKind.NONE else kind,
        with_sound=options.movie_sound,
        only=wanted,
        report=functools.partial(report, Stage.ENCODING),
        cancelled=cancelled,
    )


def _movie_kind(options: ExportOptions, edit: Edit) -> MovieKind:
    if options.movies != MovieKind.AUTO:
        return options.movies
    kind = PROFILES[options.target].movies if options.target in PROFILES else MovieKind.NONE
    too_small = kind in CODECS and (edit.width < CODECS[kind].smallest[0] or edit.height < CODECS[kind].smallest[1])
    return MovieKind.PRORES_422_HQ if too_small else kind


def _needs_movie(clip: Clip, *, form: Format) -> bool:
    """Say whether a clip of numbered pictures can only be told as a movie."""
    return not form.numbered or (clip.speed != 1 and not form.warps_numbered)


def _clips(edit: Edit) -> list[Clip]:
    return [item for track in edit.tracks for item in track.items if isinstance(item, Clip)]


def _is_taken_along(one: media.Files, *, options: ExportOptions, form: Format) -> bool:
    """Say whether a medium's own file leaves with the timeline."""
    if form.adapter == "chromastrip_otioz" or options.collect:
        return True
    return isinstance(one, FrameSequence | Still) and _is_awkward(one, form)


def _with_copies(
    edit: Edit, path: Path, options: ExportOptions, form: Format, report: Report, cancelled: Cancelled
) -> tuple[Edit, tuple[str, ...]]:
    """Copy what shall be collected, and what the format's programs could not find where it is."""
    awkward = {one for _, one in media.media_of(edit) if isinstance(one, FrameSequence | Still) and _is_awkward(one, form)}

    def chosen(one: media.Files) -> bool:
        return one in awkward or (options.collect and (form.numbered or not isinstance(one, FrameSequence)))

    if form.adapter == "chromastrip_otioz" or not any(chosen(one) for _, one in media.media_of(edit)):
        return edit, ()
    folder = media_folder(path)
    if any(character in str(folder) for character in form.awkward):
        raise UserError(
            f"{path} holds one of the characters {form.awkward}, which its programs do not understand.", "Choose another place."
        )
    told = functools.partial(report, Stage.COPYING)
    collected = media.collect(edit, folder, only=chosen, report=told, cancelled=cancelled)
    warning = f"{len(awkward)} media have names that its programs do not understand; copies lie in {folder}."
    return collected, ((warning,) if awkward and not options.collect else ())


def _is_awkward(one: FrameSequence | Still, form: Format) -> bool:
    place = f"{one.folder}/{one.prefix}{one.suffix}" if isinstance(one, FrameSequence) else one.path
    drive = Path(place).drive
    return any(character in place.removeprefix(drive) for character in form.awkward)


# The file -------------------------------------------------------------------------------------------------------------------------------


def _timeline(edit: Edit, path: Path, options: ExportOptions, form: Format) -> otio.schema.Timeline:
    timeline = to_timeline(edit)
    frames_wanted = _ending(path) == "_frames.otio"
    rename = _renaming(_path_style(options, form), path.parent)
    for clip in timeline.find_clips():
        references = clip.media_references()
        for reference in references.values():
            if form.counts_channels and isinstance(clip.parent(), otio.schema.Track) and clip.parent().kind == otio.schema.TrackKind.Audio:
                reference.metadata[METADATA_KEY] = {"channels": media.channel_count(reference.target_url)}
            _rename(reference, rename)
        if frames_wanted and FRAMES_KEY in references:
            clip.set_media_references(references, FRAMES_KEY)
    return timeline


def _path_style(options: ExportOptions, form: Format) -> PathStyle:
    style = options.path_style
    if style == PathStyle.AUTO and options.collect and PathStyle.RELATIVE in form.styles:
        return PathStyle.RELATIVE  # so that the folder can be moved
    if style == PathStyle.AUTO and options.target in PROFILES:
        style = PROFILES[options.target].path_style
    return style if style in form.styles else form.styles[0]


def _renaming(style: PathStyle, beside: Path) -> Callable[[str], str]:
    if style == PathStyle.RELATIVE:
        return lambda path: _relative(path, beside)
    if style == PathStyle.URI:
        return lambda path: Path(path).as_uri()
    return lambda path: path


def _relative(path: str, beside: Path) -> str:
    try:
        return Path(os.path.relpath(path, beside)).as_posix()
    except ValueError:  # another drive
        return path


def _rename(reference: otio.core.MediaReference, rename: Callable[[str], str]) -> None:
    if isinstance(reference, otio.schema.ImageSequenceReference):
        reference.target_url_base = rename(reference.target_url_base).rstrip("/") + "/"
    elif isinstance(reference, otio.schema.ExternalReference):
        reference.target_url = rename(reference.target_url)


def _write(timeline: otio.schema.Timeline, path: Path, form: Format) -> None:
    if not form.is_text:
        with whole_file(path) as temporary:
            otio.adapters.write_to_file(timeline, str(temporary), form.adapter)
        return
    pinned = {"target_schema_versions": PINNED_SCHEMAS} if form.adapter == "otio_json" else {}
    text = otio.adapters.write_to_string(timeline, form.adapter, **pinned)
    write_whole(path, text.encode())  # not by opentimelineio, which does not notice that a disk is full


# What a format cannot say ---------------------------------------------------------------------------------------------------------------


def _sayable(edit: Edit, form: Format) -> Edit:
    """Leave out what the file would have no place for: `_losses` tells it."""
    if "tracks" in form.lacks:
        spare = _spare_tracks(edit)
        edit = replace(edit, tracks=tuple(track for track in edit.tracks if track not in spare))
    kinds = {"colours": Colour, "words": Text}
    lost = tuple(kind for name, kind in kinds.items() if name in form.lacks)
    unseen = "disabled" in form.lacks
    return media.without_clips(
        edit, lambda clip: isinstance(clip.media, lost) or (unseen and not clip.enabled) or _has_no_movie(clip, form)
    )


def _spare_tracks(edit: Edit) -> list[Track]:
    """List the tracks that an edit decision list has no place for: it holds one of pictures, and two of sound."""
    pictures, sounds = ([track for track in edit.tracks if track.kind == kind] for kind in ("video", "audio"))
    return [*pictures[1:], *sounds[2:]]


def _has_no_movie(clip: Clip, form: Format) -> bool:
    return isinstance(clip.media, FrameSequence) and not clip.media.movie and not form.numbered


def _losses(edit: Edit, ending: str, form: Format) -> tuple[str, ...]:
    """Tell what the file cannot say, one sentence a kind."""
    clips = _clips(edit)
    found = {
        "subframes": (
            [clip for clip in clips if clip.source_start.denominator != 1],
            "begin between two frames of their media: moved there",
        ),
        "retimed starts": (
            [clip for clip in clips if clip.source_start.denominator == 1 != (clip.source_start / clip.speed).denominator],
            "have a speed of their own and begin between two frames of it: moved there",
        ),
        "volume": ([clip for clip in clips if clip.volume != 1 or clip.volume_points], "have a volume of their own: left out"),
        "colours": ([clip for clip in clips if isinstance(clip.media, Colour)], "are colours: left out"),
        "words": ([clip for clip in clips if isinstance(clip.media, Text)], "are words: left out"),
        "disabled": ([clip for clip in clips if not clip.enabled], "are muted: left out"),
        "speed": ([clip for clip in clips if clip.speed != 1], "have a speed of their own: left out"),
    }
    told = [
        f"{ending} cannot say that {len(some)} clip(s) {what}: {', '.join(clip.name for clip in some[: media.NAMED])}."
        for name, (some, what) in found.items()
        if name in form.lacks and some
    ]
    if "tracks" in form.lacks and (spare := _spare_tracks(edit)):
        named = ", ".join(f"“{track.name}”" for track in spare[: media.NAMED])
        told.append(f"{ending} holds one track of pictures and two of sound: {len(spare)} track(s) are left out: {named}.")
    if unfilmed := [clip.name for clip in clips if _has_no_movie(clip, form)]:
        told.append(
            f"{ending} holds movies only, and none of these pictures are there to make one of: {', '.join(unfilmed[: media.NAMED])}."
        )
    if "markers" in form.lacks and edit.markers:
        told.append(f"{ending} gets no markers: {len(edit.markers)} are left out.")
    if "sound fades" in form.lacks and any(
        isinstance(item, Crossfade) for track in edit.tracks if track.kind == "audio" for item in track.items
    ):
        told.append(f"{ending} gets no cross-fades of sound: they are cuts.")
    fades = [item for track in edit.tracks for item in track.items if isinstance(item, Crossfade)]
    if "uneven fades" in form.lacks and (uneven := sum(fade.in_frames != fade.out_frames for fade in fades)):
        told.append(f"{ending} puts the cut into a cross-fade's middle: that of {uneven} is moved; the fades cover the same frames.")
    return tuple(told)
