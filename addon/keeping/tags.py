"""How strips stand, shown in the timeline itself by their colour tag: blue up to date, yellow to be rendered, red with missing frames.

Tags are set a few at a time by a timer, and only where they change. A strip whose tag is not the one that was set here last has been given
it by the user, and is left alone. That a timer sets them makes no undo step; after an undo they are set again.
"""

import time
from collections.abc import Iterator

import bpy

from ..sections import State, all_films, frame_number, shown_frames, state
from ..strips import STRIP_COLOR, frames_folder

MOST_SECONDS = 0.001  # in one go
TO_RENDER, MISSING = "COLOR_03", "COLOR_01"
TAGS = {State.FRESH: STRIP_COLOR, State.MISSING: MISSING}

_waiting: Iterator[tuple[str, str]] = iter(())


def look(*, most_seconds: float = MOST_SECONDS) -> None:
    """Set the tags of some strips, the next ones at the next call."""
    global _waiting  # noqa: PLW0603 (where the last call ended)
    end = time.perf_counter() + most_seconds
    for names in _waiting:
        _set_tag(*names)
        if time.perf_counter() > end:
            return
    _waiting = iter([(scene.name, strip.name) for scene in bpy.data.scenes if scene.library is None for strip in all_films(scene)])


def _set_tag(scene_name: str, strip_name: str) -> None:
    scene = bpy.data.scenes.get(scene_name)
    strip = scene.sequence_editor.strips_all.get(strip_name) if scene and scene.sequence_editor else None
    if strip is None or strip.type != "IMAGE" or not strip.chromastrip.film:
        return
    tag, last = tag_of(strip), strip.chromastrip.tag or STRIP_COLOR
    if strip.color_tag != last or tag == last:
        return
    strip.color_tag = strip.chromastrip.tag = tag


def tag_of(strip: bpy.types.ImageStrip) -> str:
    """Give the tag that says how a strip stands; of its frames on the disk, only the first and the last one are looked for."""
    return TAGS.get(State.MISSING if is_missing(strip) else state(strip), TO_RENDER)


def is_missing(strip: bpy.types.ImageStrip) -> bool:
    """Say whether a strip's first or last picture is not there: where a folder is gone or was moved, both are."""
    folder, (first, end) = frames_folder(strip), shown_frames(strip)
    elements = strip.elements
    return not all((folder / elements[_index(elements, number)].filename).is_file() for number in (first, end - 1))


def _index(elements: bpy.types.bpy_prop_collection, number: int) -> int:
    """Find the element that shows a film's frame: its own place, but for strips that were put together otherwise."""
    at = min(number, len(elements) - 1)
    if frame_number(elements[at].filename) == number:
        return at
    return next((place for place, element in enumerate(elements) if frame_number(element.filename) == number), at)
