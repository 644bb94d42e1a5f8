"""Films that lie elsewhere, since the .blend was saved in another folder: brought beside it when the user asks for that.

The engine brings them, then all strips are turned to them in one step of undo. Where they were before, they stay until the .blend is saved:
only then does nothing need them there any more.
"""

import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from ...core.protocol import CleanedUp, Event, Gather, Gathered, LetGo, UserError, blends_of, places
from .. import folders, jobs, prefetch
from ..lines import redraw_sidebars
from ..sections import is_film
from ..strips import frames_folder, portable
from . import films_here


@dataclass
class State:
    """What the panel shows, and what is to do.

    Parameters
    ----------
    elsewhere
        Films that strips show and that lie in another folder than their scene's.
    gathered
        Old and new folders, while strips wait to be turned.
    leaves
        Whether the old folders shall go.
    leaving
        Old and new folders of those that go when the .blend is saved.
    saved
        Whether it was, since.
    """

    elsewhere: tuple[Path, ...] = ()
    gathered: dict[Path, Path] = field(default_factory=dict)
    leaves: bool = False
    leaving: dict[Path, Path] = field(default_factory=dict)
    saved: bool = False


state = State()


def look() -> None:
    """See which films lie elsewhere."""
    found = tuple(sorted({folder for scene in _own_scenes() for folder in _elsewhere(scene)}))
    if found != state.elsewhere:
        state.elsewhere = found
        redraw_sidebars()


def _own_scenes() -> list[bpy.types.Scene]:
    return [scene for scene in bpy.data.scenes if scene.library is None]


def _elsewhere(scene: bpy.types.Scene) -> set[Path]:
    base = folders.base_folder(scene)
    named = {strip.directory for strip in films_here.image_strips(scene) if is_film(strip)}  # thousands of pieces show few films
    films = {Path(os.path.normpath(bpy.path.abspath(directory))) for directory in named}
    return {film for film in films if film.parent != base and os.path.realpath(film.parent) != os.path.realpath(base)}


def others_showing(films: tuple[Path, ...]) -> list[Path]:
    """Give the other .blend files that show some films, as far as is noted."""
    here = Path(os.path.normpath(bpy.data.filepath))
    return sorted(
        {blend for film in films for blend in blends_of(film) if blend != here and (places.exists(blend) or not places.may_ask(blend))}
    )


def ask_to_gather(scene: bpy.types.Scene, *, leaves: bool) -> None:
    """Have all films that lie elsewhere brought into a scene's folder, those that are not there yet; then strips are turned.

    Parameters
    ----------
    leaves
        Whether they shall go where they are now, as soon as the .blend is saved.

    Raises
    ------
    UserError
        If they belong to another scene with a folder of its own, or the engine cannot be started.
    """
    base = folders.base_folder(scene)
    films = tuple(sorted({film for one in _own_scenes() if folders.base_folder(one) == base for film in _elsewhere(one)}))
    if not films:
        raise UserError("The films that lie elsewhere belong to another scene.", "Go to that scene, and bring them there.")

    here = {film: base / film.name for film in films if not film.exists() and films_here.is_film_folder(base / film.name)}
    films = tuple(film for film in films if film not in here)

    def turn_to(gathered: dict[Path, Path]) -> None:
        state.gathered, state.leaves = here | gathered, leaves
        turn_if_may()

    def take(event: Event) -> None:
        assert isinstance(event, Gathered)
        turn_to({film: Path(new) for film, new in zip(films, event.folders, strict=True)})

    if not films:  # all have been moved here before: what was undone since
        turn_to({})
        return
    message = Gather(job_id=uuid.uuid4().hex, films=tuple(map(str, films)), folder=str(base))
    jobs.ask(message, take, busy_words="Frames are being brought here")


def turn_if_may() -> None:
    """Turn the strips to the gathered films, as an undo step of its own; not under a playing or rendering sequencer."""
    if state.gathered and jobs.may_insert() and prefetch.is_out_of_the_way():
        bpy.ops.chromastrip.turn_to_gathered("EXEC_DEFAULT", True)


def turn() -> int:
    """Turn all strips that show gathered films to where those are now; give how many."""
    gathered, state.gathered = state.gathered, {}
    count = 0
    for strip in (strip for scene in _own_scenes() for strip in films_here.image_strips(scene)):
        if (new := gathered.get(Path(os.path.normpath(frames_folder(strip))))) is not None:
            strip.directory = portable(str(new))
            strip.invalidate_cache("RAW")
            count += 1
    if state.leaves:
        state.leaving |= gathered
        state.saved = False
    films_here.look()
    look()
    return count


def let_go_if_may() -> None:
    """Have removed what has been brought here, once the .blend is saved: unless something shows it in its old place all the same."""
    if not (state.saved and state.leaving) or jobs.why_busy():
        return
    shown = films_here.shown_folders()
    pairs = {old: new for old, new in state.leaving.items() if old not in shown}
    state.leaving, state.saved = {}, False
    if pairs:
        message = LetGo(job_id=uuid.uuid4().hex, films=tuple(map(str, pairs)), gathered=tuple(map(str, pairs.values())))
        try:
            jobs.ask(message, _tell, busy_words="Frames are being moved")
        except UserError as error:
            jobs.show_error(error)


def _tell(event: Event) -> None:
    assert isinstance(event, CleanedUp)
    redraw_sidebars()


def note_saved() -> None:
    """Take note that the .blend was saved."""
    state.saved = bool(state.leaving)


def forget() -> None:
    """Another .blend was opened: what was not saved is not moved."""
    global state  # noqa: PLW0603 (blank again)
    state = State()
