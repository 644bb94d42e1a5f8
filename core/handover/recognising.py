"""Our own sections, found again in a timeline that has been through other programs, with the settings that made them.

Most programs throw metadata away. So whatever made a clip is also written down beside the movies and copies of an export, in
``sections.json``, and beside each film's frames, in ``film.json``. Clips are known by their metadata, by their section's id, by their media
(where several sections share them, by their names too), by their names alone, and by markers, in this order.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..files import write_whole
from ..protocol import (
    AUTO,
    PARAMETERS,
    Clip,
    Crossfade,
    Edit,
    FrameSequence,
    Gap,
    Marker,
    MediaFile,
    ProtocolError,
    RenderRequest,
    class_names,
    decode,
    encode,
    limits,
    line_table,
    places,
)
from ..protocol.shape import aspect_text
from .noting import Notes
from .probing import picture_rate

FILE_NAME, FILM_NAME = "sections.json", "film.json"
SCHEMA = 1
MOST_SECTIONS = 10_000
COPY_ENDINGS = (" copy", ".mov", ".mp4", ".png")
KNOWN_BY = ("film", "model", "chromastrip", "section")
"""Any of these makes a marker's JSON ours."""
ID_KEY = "section_id"
"""Stands alone in a clip's metadata where a format has room for no more."""
ID_DIGITS = 8
FPS = re.compile(r"[1-9]\d{0,8}(/[1-9]\d{0,8})?")


@dataclass(frozen=True, kw_only=True)
class Section:
    """A clip that we made: what it was called, what it showed, and what made it.

    `fps` is the rate of its movie, None if it was not written down; `is_older` says whether it comes from an earlier export.
    """

    name: str
    metadata: str
    frames: FrameSequence | None
    fps: Fraction | None = None
    is_older: bool = False


def section_id(metadata: str) -> str:
    """Give a section's own name, which no other settings share; empty for a clip that we did not make."""
    return hashlib.sha256(_json(_plain_json(metadata)).encode()).hexdigest()[:ID_DIGITS] if metadata else ""


def write_sections(edit: Edit, folder: Path) -> None:
    """Write down, beside an export's media, what made each clip of ours, and which pictures its movies show.

    Parameters
    ----------
    edit
        As exported, before its pictures' places are changed for the format's sake; its sequences name their movies.
    folder
        The export's own folder of media.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    sections = []
    for clip in dict.fromkeys(replace(clip, source_start=Fraction(0), frame_count=1) for clip in _clips(edit) if _is_ours(clip)):
        frames = json.loads(encode(clip.media)) if isinstance(clip.media, FrameSequence) else None
        sections.append({"name": clip.name, "metadata": _plain_json(clip.metadata or "{}"), "frames": frames, "fps": str(edit.fps)})
    if sections:
        before = _read_json(folder / FILE_NAME)
        found = before.get("sections") if isinstance(before, dict) else None
        told = found if isinstance(found, list) else []
        older = [{**one, "older": True} for one in told if isinstance(one, dict)]  # an earlier export's file may still come back
        sections += [one for one in older if {key: one[key] for key in one if key != "older"} not in sections][:MOST_SECTIONS]
        text = json.dumps({"schema": SCHEMA, "sections": sections}, indent=1, ensure_ascii=False)
        if sections != told:
            write_whole(folder / FILE_NAME, text.encode(errors="replace"))


def recognise(edit: Edit, folders: Iterable[Path], notes: Notes) -> Edit:
    """Give our clips their settings back, and their numbered pictures in place of the movies that we made of them.

    Parameters
    ----------
    edit
        As read.
    folders
        Where ``sections.json`` may lie, beside the folders of the clips' own media.
    notes
        Takes what was recognised by its name alone.

    Returns
    -------
    Edit
        With the same clips, at the same places.
    """
    return _Recogniser(edit, folders, notes).run()


class _Recogniser:
    """What is known about our sections, and the clips that are held against it."""

    def __init__(self, edit: Edit, folders: Iterable[Path], notes: Notes) -> None:
        self.edit, self.notes = edit, notes
        beside = (Path(_place(clip)).parent for clip in _clips(edit) if _place(clip))
        self.folders = dict.fromkeys([*folders, *beside])
        self.by_media: dict[str, _Sharing] = {}
        self.by_id: dict[str, Section] = {}
        self.by_name: dict[str, list[Section]] = {}
        self.films: dict[str, str] = {}
        self.rates: dict[str, Fraction] = {}
        known = [section for folder in self.folders for section in _read_sections(folder)]
        known += [
            Section(name=clip.name, metadata=clip.metadata, frames=clip.media)
            for clip in _clips(edit)
            if clip.metadata and isinstance(clip.media, FrameSequence) and not _told_id(clip)
        ]
        for section in dict.fromkeys(known):
            self._know(section)

    def _know(self, section: Section) -> None:
        for key in dict.fromkeys(_keys(section.frames)) if section.frames else ():
            self.by_media.setdefault(key, _Sharing()).add(section)
        if section.metadata:
            self.by_id.setdefault(section_id(section.metadata), section)
        self.by_name.setdefault(_plain_name(section.name), []).append(section)

    def run(self) -> Edit:
        tracks, markers = [], [marker for marker in self.edit.markers if "{" in marker.comment]
        for track in self.edit.tracks:
            items: list[Clip | Gap | Crossfade] = []
            place = 0
            for item in track.items:
                items.append(self._recognised(item, place, markers, pictures=track.kind == "video") if isinstance(item, Clip) else item)
                place += 0 if isinstance(item, Crossfade) else item.frame_count
            tracks.append(replace(track, items=tuple(items)))
        return replace(self.edit, tracks=tuple(tracks))

    def _recognised(self, clip: Clip, place: int, markers: list[Marker], *, pictures: bool) -> Clip:
        if not pictures:
            return clip
        told = _told_id(clip)
        clip = replace(clip, metadata="") if told else clip
        section = self._section(clip, told, place, markers)
        if section is None:
            return clip
        clip = replace(clip, metadata=clip.metadata or section.metadata)
        if isinstance(clip.media, MediaFile) and section.frames is not None and self._is_movie_of(clip, clip.media, section.frames):
            pace = self._rate(clip.media, section) / self.edit.fps  # frames of ours in one of the timeline
            return replace(clip, media=section.frames, source_start=clip.source_start * pace, speed=clip.speed * pace)
        return clip

    def _section(self, clip: Clip, told: str, place: int, markers: list[Marker]) -> Section | None:
        """Find what made a clip: by its id, its media, its name, or a marker on it. Its own metadata count before all of them."""
        sharing = next((self.by_media[key] for key in _keys(clip.media) if key in self.by_media), None)
        if told in self.by_id:
            return replace(self.by_id[told], frames=sharing.first.frames if sharing else self.by_id[told].frames)
        if sharing is not None:
            return sharing.first if clip.metadata else self._told_apart(clip, sharing)
        if clip.metadata:
            return None
        if film := self._film(clip):
            return Section(name=clip.name, metadata=film, frames=None)
        named = _differing(self.by_name.get(_plain_name(clip.name), []))
        if len(named) == 1 and _could_show(clip, named[0]):
            self.notes.add("Recognised by the name alone", clip.name)
            return named[0]
        return next((found for marker in markers if (found := _told_by(marker, clip, place))), None)

    def _told_apart(self, clip: Clip, sharing: "_Sharing") -> Section:
        """Choose among the sections that share a clip's media: never one of several, if nothing else tells which."""
        if (found := sharing.named(clip.name) or sharing.only) is not None:
            return found
        self.notes.add("Several sections share its media, and nothing says which one it is: it came in without settings", clip.name)
        return replace(sharing.first, metadata="")

    def _rate(self, movie: MediaFile, section: Section) -> Fraction:
        """Give the rate of a movie of ours: as written down, else its own."""
        if section.fps is not None or not movie.path:
            return section.fps or self.edit.fps
        if movie.path not in self.rates:
            self.rates[movie.path] = picture_rate(Path(movie.path)) or self.edit.fps
        return self.rates[movie.path]

    def _film(self, clip: Clip) -> str:
        """Give what the film's own folder says about it, empty if it says nothing."""
        if not isinstance(clip.media, FrameSequence):
            return ""
        if clip.media.folder not in self.films:
            self.films[clip.media.folder] = _film_metadata(Path(clip.media.folder))
        return self.films[clip.media.folder]

    def _is_movie_of(self, clip: Clip, movie: MediaFile, frames: FrameSequence) -> bool:
        """Say whether a movie's frames lie where they were; if not, the movie stays."""
        known = not movie.path or _file_name(movie.path) == _file_name(frames.movie)
        first = f"{frames.prefix}{frames.first_number:0{frames.digits}d}{frames.suffix}"
        there = frames.frame_count > 0 and places.is_file(Path(frames.folder) / first)
        if known and not there:
            self.notes.add("The frames of a movie of ours are not here: the movie came in", clip.name)
        return known and there


class _Sharing:
    """The sections that share some media, the newest export's first."""

    def __init__(self) -> None:
        self._all = _Alike()
        self._newest = _Alike()
        self._by_name: dict[tuple[str, bool], _Alike] = {}

    def add(self, section: Section) -> None:
        alike = self._by_name.setdefault((_plain_name(section.name), section.is_older), _Alike())
        for one in (self._all, alike, *(() if section.is_older else (self._newest,))):
            one.add(section)

    @property
    def first(self) -> Section:
        """Any of them: all show the same frames."""
        return self._all.sections[0]

    @property
    def only(self) -> Section | None:
        """The one that made all, if the newest export, or all exports, know of no other."""
        return self._newest.only or self._all.only

    def named(self, name: str) -> Section | None:
        """Give the one of that name, if there are not several."""
        found = (self._by_name.get((_plain_name(name), is_older)) for is_older in (False, True))
        return next((alike.only for alike in found if alike is not None and alike.only is not None), None)


class _Alike:
    """Sections of which each is another, or all of which have the same settings."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self._settings: set[str] = set()

    def add(self, section: Section) -> None:
        if section.metadata not in self._settings or not self.sections:
            self.sections.append(section)
        self._settings.add(section.metadata)

    @property
    def only(self) -> Section | None:
        return self.sections[0] if len(self._settings) == 1 else None


def _clips(edit: Edit) -> Iterator[Clip]:
    for track in edit.tracks:
        for item in track.items:
            if isinstance(item, Clip):
                yield item


def _is_ours(clip: Clip) -> bool:
    return bool(clip.metadata) or (isinstance(clip.media, FrameSequence) and bool(clip.media.movie))


def _told_id(clip: Clip) -> str:
    """Give the section's id where a clip carries nothing but that, else an empty text."""
    if ID_KEY not in clip.metadata:
        return ""
    told = json.loads(clip.metadata)
    return str(told[ID_KEY]) if isinstance(told, dict) and set(told) == {ID_KEY} else ""


def _differing(sections: list[Section]) -> list[Section]:
    """Give each section once, whichever export it comes from."""
    return list({(one.metadata, one.frames): one for one in reversed(sections)}.values())


def _keys(media: Any) -> Iterator[str]:
    """Name media so that another machine names them the same: a movie by its file, numbered pictures by folder and prefix."""
    if isinstance(media, MediaFile) and media.path:
        yield f"movie {_file_name(media.path)}"
    if isinstance(media, FrameSequence):
        yield f"frames {_file_name(media.folder)}/{media.prefix}"
        if media.movie:
            yield f"movie {_file_name(media.movie)}"


def _place(clip: Clip) -> str:
    if isinstance(clip.media, FrameSequence):
        return clip.media.movie or f"{clip.media.folder}"
    return clip.media.path if isinstance(clip.media, MediaFile) else ""


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _plain_name(name: str) -> str:
    """Give a name as it was before editors put endings to it."""
    name = name.casefold().strip()
    for ending in COPY_ENDINGS:
        name = name.removesuffix(ending)
    return name


def _could_show(clip: Clip, section: Section) -> bool:
    """Say whether a name may decide: nothing is known about the clip's media, or they are a movie of the same length."""
    if not isinstance(clip.media, MediaFile) or section.frames is None:
        return False
    return not clip.media.path or clip.media.frame_count == section.frames.frame_count


def _told_by(marker: Marker, clip: Clip, place: int) -> Section | None:
    """Read a marker on a clip whose comment ends with our JSON."""
    begin = marker.comment.find("{")
    if begin < 0 or not place <= marker.start < place + clip.frame_count:
        return None
    try:
        told = json.loads(marker.comment[begin:])
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not any(name in told for name in KNOWN_BY):
        return None
    told = told.get("chromastrip", told)
    return Section(name=clip.name, metadata=_json(told), frames=None)


# Files ----------------------------------------------------------------------------------------------------------------------------------


def _read_sections(folder: Path) -> list[Section]:
    """Read what an export wrote down; a damaged file says nothing."""
    found = _read_json(folder / FILE_NAME)
    sections = found.get("sections") if isinstance(found, dict) else None
    return [section for one in sections for section in _sections(one, folder)] if isinstance(sections, list) else []


def _sections(told: Any, folder: Path) -> Iterator[Section]:
    if not isinstance(told, dict) or not isinstance(told.get("name"), str) or not isinstance(told.get("metadata"), dict):
        return
    frames = None
    if told.get("frames"):
        try:
            frames = decode(json.dumps(told["frames"]), FrameSequence)
        except ProtocolError:
            return
        if not limits.is_possible(frames):
            return
        moved = folder / _file_name(frames.folder)
        frames = replace(frames, folder=str(moved)) if not places.is_folder(frames.folder) and places.is_folder(moved) else frames
        movie = folder / _file_name(frames.movie)
        if frames.movie and (places.is_file(movie) or not places.may_ask(frames.movie)):
            frames = replace(frames, movie=str(movie))
    yield Section(
        name=told["name"], metadata=_json(told["metadata"]), frames=frames, fps=_fps(told.get("fps")), is_older=told.get("older") is True
    )


def _fps(told: Any) -> Fraction | None:
    return Fraction(told) if isinstance(told, str) and FPS.fullmatch(told) else None


def _film_metadata(folder: Path) -> str:
    """Give what a film's folder says about its making, in the words of the add-on's metadata; empty if it says nothing."""
    try:
        request = decode(json.dumps(_read_json(folder / FILM_NAME)), RenderRequest)
    except ProtocolError:
        return ""
    settings = request.settings
    made = {
        "schema": SCHEMA,
        "film": folder.name.rpartition("_")[2],
        "sound": Path(request.sound_path).name,
        "model": settings.model.value,
        "look": settings.look.value,
        "size": settings.size,
        "aspect": aspect_text(settings.aspect),
        "widening": settings.widening or AUTO,
        "classes": ", ".join(class_names.name(number) for number in settings.classes),
        "excluded": ", ".join(class_names.described(settings.excluded)),
        "words": line_table.pack(line_table.of_cues(settings.cues)),
        "limit_flashes": request.limit_flashes,
        "upscale": request.upscale,
        "upscaler": request.upscaler,
    }
    made |= {"fit": "mirror"} if request.frame_aspect is not None else {}
    made |= {name: getattr(settings, name) for name in PARAMETERS if name not in made}
    return _json(made)


def _plain_json(text: str) -> Any:
    """Read metadata as every reader of JSON can have it: without infinities and the like."""
    return json.loads(text, parse_constant=lambda _: None)


def _json(value: Any) -> str:
    """Write metadata as clips carry them; nothing is an empty text."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True) if value else ""


def _read_json(path: Path) -> Any:
    try:
        return json.loads(places.read_small(path))
    except (OSError, ValueError, RecursionError):
        return None
