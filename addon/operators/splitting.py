"""Films cut into pieces where markers stand."""

from collections.abc import Iterable

import bpy

from .. import compat
from ..asking import may
from ..lines import counted
from ..sections import selected_films

HEARD = ("Beat", "Bar", "Part")
"""The first words of the markers' names that Add Markers gives."""


class CHROMASTRIP_OT_split_at_markers(bpy.types.Operator):
    """Cut the selected pictures into pieces where markers stand"""

    bl_idname = "chromastrip.split_at_markers"
    bl_label = "Split at Markers"
    bl_description = (
        "Cut the selected pictures into pieces where markers stand: those called Part if there are any along them, else all but beats and"
        " bars. Each piece then has settings of its own; Render draws it again"
    )
    bl_options = {"REGISTER", "UNDO"}

    at: bpy.props.EnumProperty(
        name="At",
        description="Which markers cut",
        items=(
            ("AUTO", "Parts, Else Your Own", "Markers called Part if there are any along the strips, else all but beats and bars"),
            ("PARTS", "Parts", "Markers called Part"),
            ("BARS", "Bars", "Markers called Bar"),
            ("BEATS", "Beats", "Markers called Beat, and those called Bar, which are beats, too"),
            ("ALL", "All", "Every marker"),
        ),
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        scene = compat.edited_scene(context)
        films = selected_films(scene)
        if not films:
            return may(cls, "Select a strip of pictures that were drawn here")
        return may(
            cls, "" if inside(films, (marker.frame for marker in scene.timeline_markers)) else "No marker stands along these pictures"
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Cut them."""
        scene = compat.edited_scene(context)
        films = [strip for strip in selected_films(scene) if not strip.lock]
        frames = cutting_frames(scene, films, self.at)
        pieces = [piece for strip in films for piece in split(strip, frames)]
        for piece in pieces:
            piece.select = True
        if len(pieces) == len(films):
            self.report({"INFO"}, "None of these markers stands along the selected pictures, or they are locked")
            return {"CANCELLED"}
        self.report({"INFO"}, counted(len(pieces), "piece"))
        return {"FINISHED"}


def cutting_frames(scene: bpy.types.Scene, strips: Iterable[bpy.types.Strip], which: str = "AUTO") -> list[int]:
    """Give the frames at which strips shall be cut, rising.

    Parameters
    ----------
    scene
        Has the markers.
    strips
        Frames at which none of them can be cut are left out.
    which
        An item of the operator's `at`.
    """
    strips = list(strips)
    frames: dict[str, set[int]] = {kind: set() for kind in (*HEARD, "")}
    for marker in scene.timeline_markers:
        word = marker.name.partition(" ")[0].capitalize()
        frames[word if word in HEARD else ""].add(marker.frame)
    parts = inside(strips, frames["Part"])
    chosen = {
        "AUTO": parts or frames[""],
        "PARTS": parts,
        "BARS": frames["Bar"],
        "BEATS": frames["Beat"] | frames["Bar"],
        "ALL": set().union(*frames.values()),
    }
    return sorted(inside(strips, chosen[which]))


def inside(strips: Iterable[bpy.types.Strip], frames: Iterable[int]) -> set[int]:
    """Give those of the frames at which one of the strips can be cut."""
    edges = [(compat.left_handle(strip), compat.right_handle(strip)) for strip in strips]
    return {frame for frame in frames if any(left < frame < right for left, right in edges)}


def split(strip: bpy.types.Strip, frames: Iterable[int]) -> list[bpy.types.Strip]:
    """Cut a strip at rising frames, and give its pieces in order. Nothing is lost: each piece can be pulled out again to the whole."""
    pieces = [strip]
    for frame in frames:
        if frame in inside(pieces[-1:], [frame]) and (right := pieces[-1].split(frame=frame, split_method="SOFT")) is not None:
            pieces.append(right)
    return pieces
