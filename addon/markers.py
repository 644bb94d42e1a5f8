"""A sound's beats, bars and parts as markers on the timeline. Where they are is heard by the worker; here they are put, and taken away.

Markers called "Beat" are the beats of the next film, whether put by hand, moved or as they were heard: see `strips.marked_beats`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import bpy

from ..core.protocol import Heard, UserError
from . import compat, jobs, scenes
from .asking import may
from .lines import counted
from .strips import heard_span, own_start_seconds, scene_fps, sound_file, source_strip, why_no_sound

KINDS = {
    "PARTS": ("Parts", "Part"),
    "BARS": ("Bars", "Bar"),
    "BEATS": ("Beats", "Beat"),
}
"""What can be marked, the fewest first: a label, and the first word of the markers' names."""
FEW = frozenset({"PARTS", "BARS"})
"""What does not hide the timeline: a film has a beat each half second."""

BEATS_IN_A_BAR = 4


class CHROMASTRIP_OT_add_markers(bpy.types.Operator):
    """Listen to the selected sound, and mark it on the timeline"""

    bl_idname = "chromastrip.add_markers"
    bl_label = "Add Markers"
    bl_description = (
        "Listen to the selected sound and mark it on the timeline, in the place of what was marked so along it before. Beats that you move,"
        " or add by hand as markers called Beat, win over those that are heard when the next film is drawn"
    )
    bl_options = {"REGISTER"}

    kinds: bpy.props.EnumProperty(
        name="Markers",
        description="What is marked",
        items=(
            ("BEATS", "Beats", "Each beat"),
            ("BARS", "Bars", "The first of four beats, numbered"),
            ("PARTS", "Parts", "Where another part of the song begins; parts with one letter are alike"),
        ),
        options={"ENUM_FLAG"},
        default=set(KINDS),
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, jobs.why_busy() or why_no_sound(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Have the worker listen."""
        scene = compat.edited_scene(context)
        try:
            strip = source_strip(scene)
            path, mix = sound_file(scene, strip)
            first, end = heard_span(scene, strip)
            mixed = (first - compat.left_handle(strip), end - first) if mix else None
            jobs.start_listening(scenes.noted_name(scene), strip.name, path, frozenset(self.kinds), mix=mix, mixed=mixed)
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_insert_markers(bpy.types.Operator):
    """Put what was heard on the timeline"""

    bl_idname = "chromastrip.insert_markers"
    bl_label = "Add Markers"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when something was heard."""
        return jobs.state.heard is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Put them along the strip, wherever that is now."""
        told = jobs.state.heard
        assert told is not None  # `poll`
        jobs.state.heard = None
        scene = scenes.find(told.job.scene_name)
        strip = scenes.find_strip(told.job.scene_name, told.job.strip_name)
        if scene is None or strip is None:
            jobs.show_error(UserError(f"The strip “{told.job.strip_name}” is gone.", "Select a sound, and add the markers again."))
            return {"CANCELLED"}
        stretch = stretch_of(scene, strip, told.job.mixed)
        remove(scene, stretch, told.job.kinds)
        count = put(scene, stretch, told.heard, told.job.kinds)
        jobs.state.notes = (
            (f"Added {counted(count, 'marker')} along “{strip.name}”.",) if count else ("No beats or parts were heard there.",)
        )
        return {"FINISHED"}


class CHROMASTRIP_OT_remove_markers(bpy.types.Operator):
    """Remove all markers of beats, bars and parts along the selected sound"""

    bl_idname = "chromastrip.remove_markers"
    bl_label = "Remove Markers"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, why_no_sound(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove them."""
        scene = compat.edited_scene(context)
        first, end = heard_span(scene, source_strip(scene))
        remove(scene, Stretch(first=first, end=end), frozenset(KINDS))
        return {"FINISHED"}


CLASSES = (CHROMASTRIP_OT_add_markers, CHROMASTRIP_OT_insert_markers, CHROMASTRIP_OT_remove_markers)


# What is put, and taken away ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The frames first ... end - 1 along which markers stand, and the sound's own time at the first of them."""

    first: int
    end: int
    begin_seconds: Fraction = Fraction(0)


def stretch_of(scene: bpy.types.Scene, strip: bpy.types.Strip, mixed: tuple[int, int] | None) -> Stretch:
    """Give the stretch of a strip, wherever it is now; of a mix, see `jobs.ListenJob`."""
    left = compat.left_handle(strip)
    if mixed is not None:
        return Stretch(first=left + mixed[0], end=left + sum(mixed))
    return Stretch(first=left, end=compat.right_handle(strip), begin_seconds=own_start_seconds(scene, strip))


def put(scene: bpy.types.Scene, stretch: Stretch, heard: Heard, kinds: frozenset[str]) -> int:
    """Put markers along a sound, and give their number. Where a bar is marked, its beat is not."""
    begin, fps = stretch.begin_seconds, scene_fps(scene)
    taken, count = _bar_frames(scene), 0
    for name, seconds in _marks(heard, kinds, begin=begin):
        frame = stretch.first + _nearest((max(Fraction(seconds), begin) - begin) * fps)
        if not stretch.first <= frame < stretch.end or (name == "Beat" and frame in taken):
            continue
        scene.timeline_markers.new(name, frame=frame)
        taken |= {frame} if name.startswith("Bar ") else set()
        count += 1
    return count


def _marks(heard: Heard, kinds: frozenset[str], *, begin: Fraction) -> Iterator[tuple[str, float]]:
    """Give names and times of the wanted markers: bars before the beats that they stand for."""
    beats = heard.beats_seconds
    if "PARTS" in kinds:
        ends = (*(part.start_seconds for part in heard.parts[1:]), math.inf)
        yield from ((f"Part {part.label}", part.start_seconds) for part, end in zip(heard.parts, ends, strict=True) if end > begin)
    if "BARS" in kinds:
        bars = beats[heard.first_bar :: BEATS_IN_A_BAR]
        yield from ((f"Bar {number}", seconds) for number, seconds in enumerate(bars, 1) if seconds >= begin)
    if "BEATS" in kinds:
        yield from (("Beat", seconds) for seconds in beats if seconds >= begin)


def remove(scene: bpy.types.Scene, stretch: Stretch, kinds: frozenset[str]) -> None:
    """Remove the markers of some kinds along a sound."""
    words = {KINDS[kind][1] for kind in kinds}
    for marker in list(scene.timeline_markers):
        inside = stretch.first <= marker.frame < stretch.end
        if inside and marker.name.partition(" ")[0] in words:
            scene.timeline_markers.remove(marker)


def _bar_frames(scene: bpy.types.Scene) -> set[int]:
    return {marker.frame for marker in scene.timeline_markers if marker.name.startswith("Bar ")}


def _nearest(frames: Fraction) -> int:
    return math.floor(frames + Fraction(1, 2))
