"""The cue sheet: having the song direct the film, as lines of the table, and as markers."""

import uuid
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import bpy

from ...core.protocol import ClassesChosen, Direct, Event, LineThings, RenderRequest, UserError, line_table
from .. import compat, jobs, lyrics, scenes
from ..asking import may
from ..sections import is_film, own_request, shown_strip
from ..strips import heard_span
from .lyrics import frame_of, sound_seconds
from .things import NO_STRIP

WORD = "Cue "
"""Begins the names of the markers; the name of what leads follows."""


class CHROMASTRIP_OT_direct(bpy.types.Operator):
    """Have the song say what leads when, to be seen and changed before anything is drawn"""

    bl_idname = "chromastrip.direct"
    bl_label = "Write Cue Sheet"
    bl_description = (
        "Have the song say what leads when, and put it into the table to be changed: parts that are alike show the same things. Lines that"
        " are sung stay, and what you have pinned. Without it, a film goes by the same sheet by itself"
    )
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context) or jobs.why_busy())

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the worker."""
        scene, strip = compat.edited_scene(context), _strip(context)
        try:
            question = Direct(job_id=uuid.uuid4().hex, request=_with_words_only(own_request(scene, strip)))
            jobs.ask(question, partial(_take, scenes.noted_name(scene), strip.name), busy_words="The cue sheet is being written")
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_take_sheet(bpy.types.Operator):
    """Put the cue sheet into the strip's table"""

    bl_idname = "chromastrip.take_sheet"
    bl_label = "Write Cue Sheet"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when one was written."""
        return bool(_written)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Fill the table."""
        told = _written.pop()
        strip = scenes.find_strip(told.scene_name, told.strip_name)
        if strip is None:
            jobs.show_error(UserError(f"The strip “{told.strip_name}” is gone.", "Select a sound, and write the sheet again."))
            return {"CANCELLED"}
        settings = strip.chromastrip
        settings.words = line_table.pack(lyrics.with_sheet(told.rows, lyrics.rows(settings.words)))
        settings.line = 0
        return {"FINISHED"}


class CHROMASTRIP_OT_cues_to_markers(bpy.types.Operator):
    """Mark on the timeline where each cue begins, and what leads then, in the place of such markers along it before"""

    bl_idname = "chromastrip.cues_to_markers"
    bl_label = "To Markers"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context) or ("" if _sheet(context) else "The table holds no cue sheet yet"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put them."""
        scene, strip = compat.edited_scene(context), _strip(context)
        try:
            first, end = _span(scene, strip)
            places = [(max(first, frame_of(scene, strip, _begin(row))), row.things[0].name) for row in _sheet(context)]
        except UserError as error:
            return jobs.refuse(self, error)
        for marker in _markers(scene, first, end):
            scene.timeline_markers.remove(marker)
        for frame, name in dict(places).items():  # of those before the strip's beginning, the one that lasts into it
            if frame < end:
                scene.timeline_markers.new(WORD + name, frame=frame)
        return {"FINISHED"}


class CHROMASTRIP_OT_cues_from_markers(bpy.types.Operator):
    """Write the cue sheet as the markers stand that are called Cue and a thing's name: moved, renamed, added or taken away"""

    bl_idname = "chromastrip.cues_from_markers"
    bl_label = "From Markers"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = _why_no_strip(context)
        scene = compat.edited_scene(context)
        return may(cls, reason or ("" if _markers(scene, *_span(scene, _strip(context))) else "There are no Cue markers along the strip"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read them."""
        scene, strip, settings = compat.edited_scene(context), _strip(context), _strip(context).chromastrip
        table = lyrics.rows(settings.words)
        exact = {frame_of(scene, strip, _begin(row)): row.start_seconds for row in table if row.part}
        try:
            marks = [
                (exact.get(marker.frame) or sound_seconds(scene, strip, marker.frame), marker.name.removeprefix(WORD))
                for marker in _markers(scene, *_span(scene, strip))
            ]
            sheet = lyrics.from_markers(marks, table)
        except UserError as error:
            return jobs.refuse(self, error)
        settings.words = line_table.pack(lyrics.with_sheet(sheet, lyrics.sung(table)))
        return {"FINISHED"}


CLASSES = (CHROMASTRIP_OT_direct, CHROMASTRIP_OT_take_sheet, CHROMASTRIP_OT_cues_to_markers, CHROMASTRIP_OT_cues_from_markers)


# Asking ---------------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Written:
    """A cue sheet that waits to be put into a table, and the strip that it is for."""

    scene_name: str
    strip_name: str
    rows: tuple[LineThings, ...]


_written: list[Written] = []


def _take(scene_name: str, strip_name: str, event: Event) -> None:
    assert isinstance(event, ClassesChosen)
    _written[:] = [Written(scene_name=scene_name, strip_name=strip_name, rows=event.rows)]
    bpy.ops.chromastrip.take_sheet("EXEC_DEFAULT", True)


def _with_words_only(request: RenderRequest) -> RenderRequest:
    sung = tuple(cue for cue in request.settings.cues if not cue.part)
    return replace(request, settings=replace(request.settings, cues=sung))


# What is there --------------------------------------------------------------------------------------------------------------------------


def _strip(context: bpy.types.Context) -> bpy.types.Strip:
    strip = shown_strip(compat.edited_scene(context))
    assert strip is not None  # `poll`
    return strip


def _sheet(context: bpy.types.Context) -> tuple[LineThings, ...]:
    rows = lyrics.rows(_strip(context).chromastrip.words)
    return tuple(sorted((row for row in rows if row.part and row.start_seconds is not None), key=lambda row: row.start_seconds or 0))


def _begin(row: LineThings) -> Fraction:
    return row.start_seconds or Fraction(0)


def _span(scene: bpy.types.Scene, strip: bpy.types.Strip) -> tuple[int, int]:
    return (compat.left_handle(strip), compat.right_handle(strip)) if is_film(strip) else heard_span(scene, strip)


def _markers(scene: bpy.types.Scene, first: int, end: int) -> list[bpy.types.TimelineMarker]:
    """Give the cues' markers along a strip, by their frames."""
    found = [marker for marker in scene.timeline_markers if marker.name.startswith(WORD) and first <= marker.frame < end]
    return sorted(found, key=lambda marker: marker.frame)


def _why_no_strip(context: bpy.types.Context) -> str:
    return "" if shown_strip(compat.edited_scene(context)) is not None else NO_STRIP
