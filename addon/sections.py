"""Pieces of our films: which of the film's frames a strip shows, whether they still are what its settings say, and having them drawn again.

A film's request lies beside its frames (``film.json``); the strip carries its settings, and a digest of those that it was drawn with. A
piece that is drawn again becomes a `Section` of its film's request; all frames of that make a folder of their own, to which the strip is
turned. Its place, length, effects and keyframes stay, and other strips show what they showed.
"""

import enum
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import bpy

from ..core.protocol import (
    FILM_FILE,
    MIX_FILE,
    UNFINISHED_FILE,
    FrameSequence,
    Mix,
    ProtocolError,
    RenderRequest,
    Section,
    Settings,
    Stem,
    UserError,
    decode,
    places,
)
from ..core.protocol.shape import aspect_text
from . import compat, engine, fitting, folders, keyframes, retiming, scenes, shapes, sources
from .lines import redraw_sidebars
from .properties import NETWORK, StripSettings, chosen, read_settings
from .strips import (
    active_strip,
    current_strips,
    frames_folder,
    heard_span,
    main_source,
    portable,
    render_request,
    scene_fps,
    sound_path,
    stem_path,
    unpacked_sound,
)

LOOK_SECONDS = 2.0  # between two looks at the disk
MOST_ASKED = 10  # strips for a button's state: it is asked for at each redraw
NUMBER = re.compile(r"(\d+)\.\w+$")


class State(enum.Enum):
    """How a strip's pictures stand to its settings."""

    FRESH = "Up to date"
    STALE = "Settings changed since it was drawn"
    LONGER = "Partly drawn with other settings"
    MISSING = "Frames are missing"
    PARTLY = "Drawn only partly yet"
    DRAFT = "Draft"
    OUT_OF_SYNC = "Drawn for another frame rate"
    EDGES = "Its film does not go on beside it as it did when it was drawn"
    OTHER_FRAME = "Mirrored for another resolution"
    UNFITTED = "Fitted to another resolution"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A strip of ours that shall show other frames: plain data, since a strip held in a variable goes stale with every undo.

    Parameters
    ----------
    film
        The digest of the film that it shows now.
    first_frame, end_frame
        Which of that film's frames it shows; half-open.
    drawn
        The digest of the settings that it is being drawn with.
    fps
        The film's rate.
    edges
        See `film_around`.
    frames_aspect
        The shape that the new frames have.
    retimed
        Which of the new film's frames it shall show, and where, if the scene's rate is another one now.
    """

    scene_name: str
    strip_name: str
    film: str
    first_frame: int
    end_frame: int
    drawn: str
    fps: Fraction
    edges: str = ""
    frames_aspect: str = ""
    retimed: retiming.Retimed | None = None


# Which strip, which frames --------------------------------------------------------------------------------------------------------------


def is_film(strip: bpy.types.Strip) -> bool:
    """Say whether a strip shows pictures of ours."""
    return strip.type == "IMAGE" and bool(strip.chromastrip.film)


def shown_strip(scene: bpy.types.Scene | None) -> bpy.types.Strip | None:
    """Give the strip whose settings the panel shows: the active one of those selected, else the first sound, else the only film of ours."""
    if scene is None or scene.sequence_editor is None:
        return None
    active = active_strip(scene.sequence_editor)
    if active is not None and is_film(active):
        return active
    if (source := main_source(scene)) is not None:
        return source
    films = selected_films(scene)
    return films[0] if len(films) == 1 else None


def selected_films(scene: bpy.types.Scene | None) -> list[bpy.types.ImageStrip]:
    """Give the selected strips of ours that the user sees, in order."""
    if scene is None or scene.sequence_editor is None:
        return []
    return sorted(
        (strip for strip in current_strips(scene.sequence_editor) if strip.select and is_film(strip)),
        key=lambda strip: (compat.left_handle(strip), strip.channel),
    )


def all_films(scene: bpy.types.Scene) -> list[bpy.types.ImageStrip]:
    """Give all strips of ours in a scene, those in meta strips too, in order."""
    found = [strip for strip in scene.sequence_editor.strips_all if is_film(strip)] if scene.sequence_editor else []
    return sorted(found, key=lambda strip: (compat.left_handle(strip), strip.channel))


def shown_frames(strip: bpy.types.ImageStrip) -> tuple[int, int]:
    """Say which of its film's frames a strip shows, as a half-open range.

    Blender names the picture that it shows on a frame, whatever was moved, trimmed, split or retimed; our pictures' names end in their
    number. A strip that is stretched beyond its film shows the film's first or last frame there.
    """
    edges = (compat.left_handle(strip), compat.right_handle(strip) - 1)
    numbers = [frame_number(strip.strip_elem_from_frame(frame).filename) for frame in edges]
    return min(numbers), max(numbers) + 1


def is_whole(strip: bpy.types.ImageStrip) -> bool:
    """Say whether a strip shows all of its film."""
    return shown_frames(strip) == (0, len(strip.elements))


def frame_number(name: str) -> int:
    """Read a frame's number off its file name; 0 for a name without one."""
    found = NUMBER.search(name)
    return int(found[1]) if found else 0


# How it stands --------------------------------------------------------------------------------------------------------------------------


def state(strip: bpy.types.ImageStrip) -> State:
    """Say how a strip's pictures stand to its settings, from what the strip carries: reads no files.

    A strip that carries no digest (from another editor, or an older version) counts as up to date.
    """
    settings = strip.chromastrip
    if settings.unfinished:
        return State.PARTLY
    if is_out_of_sync(strip.id_data, strip):
        return State.OUT_OF_SYNC
    if settings.draft:
        return State.DRAFT
    if settings.drawn and settings.drawn != settings_digest(strip):
        return State.STALE
    first, end = shown_frames(strip)
    if settings.drawn_end and not settings.drawn_first <= first < end <= settings.drawn_end:
        return State.LONGER
    return _state_beside(strip, first, end)


def _state_beside(strip: bpy.types.ImageStrip, first: int, end: int) -> State:
    """Say how pictures that are what their settings say stand to what lies around them."""
    if strip.chromastrip.edges and not _has_edges(strip, first, end):
        return State.EDGES
    if fitting.is_mirrored_otherwise(strip.id_data, strip):
        return State.OTHER_FRAME
    return State.UNFITTED if fitting.needs_fitting(strip.id_data, strip) else State.FRESH


def state_with_files(strip: bpy.types.ImageStrip) -> State:
    """Say the same, and look whether the frames that it shows are there."""
    return State.MISSING if missing_count(strip) else state(strip)


def noted_state(strip: bpy.types.ImageStrip) -> State:
    """Say the same for a panel: from when somebody last looked at the disk, which is done again a little later. Reads no files."""
    if not bpy.app.timers.is_registered(_look_again) and time.monotonic() - _noted.when > LOOK_SECONDS:
        _noted.wanted = (strip.id_data.name, strip.name)
        bpy.app.timers.register(_look_again, first_interval=0.0)
    return State.MISSING if _noted.missing and _noted.key == _look_key(strip) else state(strip)


def are_known_to_be_fresh(strips: Sequence[bpy.types.ImageStrip]) -> bool:
    """Say whether strips need not be drawn again, as far as is known without reading files: of one, somebody has looked at the disk."""
    if len(strips) > MOST_ASKED or _noted.missing or all(_noted.key != _look_key(strip) for strip in strips):
        return False
    return all(state(strip) == State.FRESH for strip in strips)


@dataclass
class _Noted:
    """What was last seen on the disk: whether frames of one strip are missing."""

    when: float = 0.0
    wanted: tuple[str, str] = ("", "")
    key: tuple[object, ...] = ()
    missing: bool = False


_noted = _Noted()


def _look_key(strip: bpy.types.ImageStrip) -> tuple[object, ...]:
    return (strip.name, strip.directory, *shown_frames(strip))


def _look_again() -> None:
    """Look at the disk for the strip that a panel shows; called by a timer."""
    scene = bpy.data.scenes.get(_noted.wanted[0])
    strip = scene.sequence_editor.strips_all.get(_noted.wanted[1]) if scene and scene.sequence_editor else None
    _noted.when = time.monotonic()
    if strip is None or not is_film(strip):
        return
    before = (_noted.key, _noted.missing)
    _noted.key, _noted.missing = _look_key(strip), missing_count(strip) > 0
    if before != (_noted.key, _noted.missing):
        redraw_sidebars()


def missing_count(strip: bpy.types.ImageStrip) -> int:
    """Count the frames that a strip shows and that are not on the disk."""
    first, end = shown_frames(strip)
    try:
        there = {path.name for path in os.scandir(frames_folder(strip))}
    except OSError:
        return end - first
    shown = (element.filename for element in strip.elements if first <= frame_number(element.filename) < end)
    return sum(name not in there for name in shown)


def settings_digest(strip: bpy.types.ImageStrip) -> str:
    """Digest all that a strip's settings say about pictures, keyframes and drivers included: 16 hexadecimal digits.

    Only what differs from Blender's default counts, so that a version with more settings does not find all strips changed. A number that
    moves counts by its curve, not by its value on the current frame.
    """
    moving = keyframes.described(strip, origin=film_origin(strip))
    content = {name: value for name, value in chosen(strip.chromastrip).items() if name not in moving}
    content |= {"moving": moving} if moving else {}
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=8).hexdigest()


def film_origin(strip: bpy.types.Strip) -> int:
    """Say on which of the scene's frames the first frame of a strip's film lies; a sound's, that of the film that it would give."""
    return compat.left_handle(strip) - shown_frames(strip)[0] if strip.type == "IMAGE" else heard_span(strip.id_data, strip)[0]


def film_length(strip: bpy.types.Strip) -> int:
    """Say how many frames a strip's film has; a sound's, the film that it would give."""
    if strip.type == "IMAGE":
        return len(strip.elements)
    first, end = heard_span(strip.id_data, strip)
    return end - first


BEFORE, AFTER, ALONE = "before", "after", "alone"


def film_around(strip: bpy.types.ImageStrip) -> str:
    """Say on which sides of a piece its film goes on: where another strip that is not muted shows the next of the film's frames.

    Returns
    -------
    str
        Some of `BEFORE` and `AFTER`, with a blank between; `ALONE`: none.
    """
    first, end = shown_frames(strip)
    left, right = compat.left_handle(strip), compat.right_handle(strip)
    sides = {BEFORE: (left - 1, first - 1), AFTER: (right, end)}
    others = [other for other in strip.id_data.sequence_editor.strips_all if other != strip and other.type == "IMAGE" and not other.mute]
    found = [side for side, (frame, number) in sides.items() if any(_shows(other, frame, number, strip) for other in others)]
    return " ".join(found) or ALONE


def _shows(other: bpy.types.ImageStrip, frame: int, number: int, strip: bpy.types.ImageStrip) -> bool:
    """Say whether a strip shows a frame of the film that another strip is a piece of, at a place on the timeline."""
    if not compat.left_handle(other) <= frame < compat.right_handle(other) or not is_film(other):
        return False
    one, settings = other.chromastrip, strip.chromastrip
    are_of_one = one.base == settings.base if one.base and settings.base else one.sound_name == settings.sound_name
    return are_of_one and one.fps == settings.fps and frame_number(other.strip_elem_from_frame(frame).filename) == number


def _has_edges(strip: bpy.types.ImageStrip, first: int, end: int) -> bool:
    """Say whether a piece's film goes on beside it where it did when the piece was drawn; where it was cut since, it is not looked."""
    settings, around = strip.chromastrip, film_around(strip).split()
    drawn = settings.edges.split()
    ends = {BEFORE: first == settings.drawn_first, AFTER: end == settings.drawn_end}
    return all((side in drawn) == (side in around) for side, is_end in ends.items() if is_end)


def mark_as_drawn(
    settings: StripSettings,
    *,
    film: str,
    drawn: str,
    fps: Fraction,
    first_frame: int,
    end_frame: int,
    unfinished: str = "",
    draft: bool = False,
) -> None:
    """Note on a strip which film it shows, its rate, with what settings which of its frames were drawn, and whether all are, for good."""
    settings.film, settings.drawn, settings.drawn_first, settings.drawn_end = film, drawn, first_frame, end_frame
    settings.fps, settings.unfinished, settings.draft = str(fps), unfinished, draft


def mark_beside(settings: StripSettings, *, base: str, frames_aspect: str, edges: str = "") -> None:
    """Note what film a strip is a piece of, the shape of its frames, and, of a piece, where its film went on beside it: `film_around`."""
    settings.base, settings.frames_aspect, settings.edges = base, frames_aspect, edges


def is_out_of_sync(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> bool:
    """Say whether the scene has another frame rate than the strip was drawn for: pictures are not retimed as sounds are."""
    return bool(strip.chromastrip.fps) and strip.chromastrip.fps != str(scene_fps(scene))


# Asking for it --------------------------------------------------------------------------------------------------------------------------


def piece_request(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> tuple[RenderRequest, Piece]:
    """Ask for what a strip shows, with the settings that it carries now.

    Returns
    -------
    request
        The strip's film with the strip's frames as a section; the film itself, if the strip shows all of it.
    piece
        Which strip is meant.

    Raises
    ------
    UserError
        If it is not known any more what the film was drawn from, or settings are wrong.
    """
    film, origin, edges = film_request(scene, strip), film_origin(strip), film_around(strip)
    first, end = shown_frames(strip)
    retimed = None
    if is_out_of_sync(scene, strip):
        folder = folders.base_folder(scene) / "sounds"
        film, retimed = retiming.retimed_film(scene, strip, film, sounds_of(scene, strip), (first, end), folder)
        first, end, origin = retimed.first_frame, retimed.end_frame, retimed.left_handle - retimed.first_frame
    own = read_settings(strip.chromastrip)
    is_ours = bool(strip.chromastrip.drawn or strip.chromastrip.words)  # else it comes from elsewhere, and its words are the film's alone
    settings = replace(own, curves=film.settings.curves, cues=own.cues if is_ours else film.settings.cues)
    if strip.chromastrip.drawn or keyframes.moving(strip):  # else it comes from elsewhere, and its curves are the film's alone
        settings = keyframes.with_curves(settings, strip, film, origin=origin)
    section = Section(
        first_frame=first,
        end_frame=min(end, film.frame_count),
        settings=settings,
        enters=BEFORE in edges,
        lands=AFTER in edges,
    )
    laid = with_section(film, section)
    request = replace(
        laid,
        limit_flashes=strip.chromastrip.limit_flashes,
        frame_aspect=fitting.frame_aspect(scene, strip.chromastrip.fit, settings.aspect),
        **shapes.upscaling_of(strip.chromastrip),
    )
    piece = Piece(
        scene_name=scenes.noted_name(scene),
        strip_name=strip.name,
        film=strip.chromastrip.film,
        first_frame=shown_frames(strip)[0],
        end_frame=shown_frames(strip)[1],
        drawn=settings_digest(strip),
        fps=film.fps,
        edges=edges if section in laid.sections else "",
        frames_aspect=aspect_text(request.frame_aspect or request.settings.aspect),
        retimed=retimed,
    )
    return request, piece


def own_request(scene: bpy.types.Scene, strip: bpy.types.Strip) -> RenderRequest:
    """Ask for all that a strip's film hears, with the settings that the strip carries now.

    Raises
    ------
    UserError
        If the sound cannot be used, or it is not known any more what the film was drawn from.
    """
    if not is_film(strip):
        return render_request(scene, strip)
    film = film_request(scene, strip)
    return replace(film, settings=replace(read_settings(strip.chromastrip), curves=film.settings.curves), sections=())


def film_request(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> RenderRequest:
    """Read what a strip's film was drawn from, with today's folders and engine.

    Raises
    ------
    UserError
        If that is not beside its frames any more, or the sound is gone.
    """
    film = _with_network_of(strip.chromastrip, _read_film(strip)) if strip.chromastrip.draft else _read_film(strip)
    base = folders.base_folder(scene)
    places.trust(bpy.data.filepath, *(sources.file_path(one) for one in sources.inner_sounds(scene.sequence_editor.strips)))
    sound, mix = _sound_of(scene, strip, film)
    request = replace(
        film,
        sound_path=sound,
        mix=mix,
        motion_stem=_stem_of(scene, strip.chromastrip.motion_stem, film.motion_stem, base),
        class_stem=_stem_of(scene, strip.chromastrip.class_stem, film.class_stem, base),
        frames_folder=str(base),
        cache_folder=str(base / "cache"),
        machine=engine.machine(),
    )
    places.check(*request.read_paths())
    return request


def _stem_of(scene: bpy.types.Scene, named: str, stem: Stem | None, base: Path) -> Stem | None:
    """Give a sound that drives a part of the film, or where its file is now if the .blend has moved with it."""
    if stem is None or not named or places.is_file(stem.sound_path):
        return stem
    return replace(stem, sound_path=stem_path(scene, named, base))


def _read_film(strip: bpy.types.ImageStrip) -> RenderRequest:
    folder = frames_folder(strip)
    path = folder / (UNFINISHED_FILE if strip.chromastrip.unfinished and not (folder / FILM_FILE).is_file() else FILM_FILE)
    try:
        return decode(places.read_small(path), RenderRequest)
    except (OSError, ProtocolError) as error:
        raise UserError(
            f"What “{strip.name}” was drawn from is not beside its frames any more ({path}).", "Select its sound, and press Generate."
        ) from error


def _with_network_of(settings: StripSettings, draft: RenderRequest) -> RenderRequest:
    """Ask for a draft's film with the network that the user chose."""
    chosen_one = read_settings(settings)
    network = {name: getattr(chosen_one, name) for name in NETWORK}
    sections = tuple(replace(section, settings=replace(section.settings, **network)) for section in draft.sections)
    return replace(draft, settings=replace(draft.settings, **network), sections=sections)


def _sound_of(scene: bpy.types.Scene, strip: bpy.types.ImageStrip, film: RenderRequest) -> tuple[str, Mix | None]:
    """Give the film's sound file, or where it is now if the .blend has moved with it, and how it is made, if it is a mix."""
    if places.is_file(film.sound_path):
        return film.sound_path, film.mix
    if film.mix is not None:
        return _mix_of(scene, strip, film, film.mix)
    sound = sound_of(scene, strip)
    if sound is None or sound.type != "SOUND" or sound.sound is None:
        raise UserError(f"The sound of “{strip.name}” is gone: {film.sound_path}.", "Put the file back.")
    return (unpacked_sound(sound, folders.base_folder()) if sound.sound.packed_file else sound_path(sound)), None


def _mix_of(scene: bpy.types.Scene, strip: bpy.types.ImageStrip, film: RenderRequest, mix: Mix) -> tuple[str, Mix]:
    """Give the film's mix where it is now, or where it will be made again: from what it was made from, else from its strips."""
    folder = folders.base_folder(scene) / "sounds"  # nowhere else is a sound written, whatever the film's request says
    sound = folder / Path(film.sound_path).name
    for blend in (Path(mix.blend_path), folder / Path(mix.blend_path).name):
        if MIX_FILE.fullmatch(sound.name) and (sound.is_file() or places.is_file(blend)):
            return str(sound), Mix(blend_path=str(blend))
    strips = sounds_of(scene, strip)
    if not strips:
        raise UserError(f"The sounds that “{strip.name}” was drawn from are gone.", "Select the sounds for it, and press Generate.")
    sources.check(strips)
    return sources.mix(scene, strips, folder)


def sounds_of(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> list[bpy.types.Strip]:
    """Find all strips that a film was drawn from; none if one of them is gone."""
    names = strip.chromastrip.mixed_names.split("\n") if strip.chromastrip.mixed_names else []
    found = [scene.sequence_editor.strips_all.get(name) for name in names] if names else [sound_of(scene, strip)]
    return [] if None in found else [one for one in found if one is not None]


def sound_of(scene: bpy.types.Scene, strip: bpy.types.ImageStrip) -> bpy.types.Strip | None:
    """Find the sound strip that a film was drawn from: by its name, or, renamed since, by where it lies."""
    found = scene.sequence_editor.strips_all.get(strip.chromastrip.sound_name)
    if found is not None and sources.sounds(found):
        return found
    place = (film_origin(strip), len(strip.elements))
    sounds = (other for other in scene.sequence_editor.strips_all if other.type == "SOUND")
    return next((sound for sound in sounds if (compat.left_handle(sound), compat.frame_count(sound)) == place), None)


def sound_place(scene: bpy.types.Scene, strip: bpy.types.Strip) -> str:
    """Give the file that a strip, or the film that it shows, was drawn from: beside it lie words and stems; empty: there is none."""
    sound = sound_of(scene, strip) if is_film(strip) else strip
    files = (sources.file_path(one) for one in sources.inner_sounds([sound] if sound is not None else []) if one.sound is not None)
    return next(files, "")


def with_section(film: RenderRequest, section: Section) -> RenderRequest:
    """Lay a section over a film: in the place of those that lie wholly within it, over all others.

    A section of all frames is the film itself. One that would change nothing is left out, so that settings that are set back give the old
    film again.

    Raises
    ------
    UserError
        If the section has another model, size or shape than its film.
    """
    if (section.first_frame, section.end_frame) == (0, film.frame_count):
        return replace(film, settings=section.settings, sections=())
    own, whole = section.settings, film.settings
    if own.of_film() != whole.of_film():
        raise UserError(
            "A piece of a film has another model, size or shape than the film.",
            "Select the film's sound, change it there, and press Generate.",
        )
    kept = tuple(other for other in film.sections if not _covers(section, other))
    if settings_beneath(film, kept, section) == section.settings:
        return replace(film, sections=kept)
    return replace(film, sections=(*kept, section))


def settings_beneath(film: RenderRequest, sections: tuple[Section, ...], piece: Section) -> Settings | None:
    """Say with what settings a piece is drawn when these sections are laid over the film; None: with several."""
    for other in reversed(sections):
        if _covers(other, piece):
            return other.settings
        if other.first_frame < piece.end_frame and piece.first_frame < other.end_frame:
            return None
    return film.settings


def _covers(outer: Section, inner: Section) -> bool:
    return outer.first_frame <= inner.first_frame and inner.end_frame <= outer.end_frame


# Showing it -----------------------------------------------------------------------------------------------------------------------------


def show_piece(piece: Piece, frames: FrameSequence, *, film: str) -> bpy.types.ImageStrip:
    """Turn a strip to the film that was drawn for it; all else about the strip stays.

    Parameters
    ----------
    piece
        The strip, as it was when the film was asked for.
    frames
        All frames of the new film.
    film
        Its digest.

    Raises
    ------
    UserError
        If the strip is gone.
    """
    strip = find_piece(piece)
    if strip is None:
        raise UserError(f"The strip “{piece.strip_name}” is gone.", f"Its frames are kept in {frames.folder}.")
    shown, drawn = piece.retimed or piece, piece.drawn
    if piece.retimed is None:
        turn(strip, frames)
    else:
        retiming.turn(bpy.context, strip, frames, piece.retimed)
        drawn = settings_digest(strip) if keyframes.moving(strip) else drawn  # keys stay on the scene's frames
    mark_as_drawn(
        strip.chromastrip,
        film=film,
        drawn=drawn,
        fps=piece.fps,
        first_frame=shown.first_frame,
        end_frame=shown.end_frame,
    )
    base = film if is_whole(strip) else strip.chromastrip.base
    mark_beside(strip.chromastrip, base=base, frames_aspect=piece.frames_aspect, edges=piece.edges)
    return strip


def turn(strip: bpy.types.ImageStrip, frames: FrameSequence) -> None:
    """Let a strip show another film's frames, by their numbers; its edges, effects and keyframes stay."""
    names, fits = frames.file_names(), fitting.is_ours(strip.id_data, strip)
    for element in strip.elements:
        element.filename = names[min(frame_number(element.filename), len(names) - 1)]
    strip.directory = portable(frames.folder)
    if fits:  # mirrored pictures have another shape
        fitting.apply(strip.id_data, strip)
    strip.invalidate_cache("RAW")


def find_piece(piece: Piece) -> bpy.types.ImageStrip | None:
    """Find a piece's strip: by its name, or, renamed meanwhile, by what it shows."""
    scene = scenes.find(piece.scene_name)
    films = [strip for strip in all_films(scene) if strip.chromastrip.film == piece.film] if scene is not None else []
    same = (strip for strip in films if shown_frames(strip) == (piece.first_frame, piece.end_frame))
    return next((strip for strip in films if strip.name == piece.strip_name), None) or next(same, None)


# What is to do --------------------------------------------------------------------------------------------------------------------------


def outdated(scene: bpy.types.Scene) -> Iterator[bpy.types.ImageStrip]:
    """Give the strips of a scene that are not up to date; looks at the disk."""
    return (strip for strip in all_films(scene) if state_with_files(strip) != State.FRESH)
