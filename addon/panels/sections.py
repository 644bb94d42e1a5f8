"""Where a film may be cut: markers of beats, bars and parts, and the cut itself."""

import bpy

from .. import compat
from ..lines import counted
from ..markers import FEW, KINDS
from ..sections import is_film, shown_strip
from ..strips import beat_frames
from .base import SequencerPanel


class CHROMASTRIP_PT_sections(SequencerPanel, bpy.types.Panel):
    """Where a film may be cut: what is heard as markers, and the cut at them"""

    bl_label = "Sections"
    bl_parent_id = "CHROMASTRIP_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the buttons, and say which markers count."""
        column = self.layout.column(align=True)
        column.operator("chromastrip.add_markers", text="Add Parts and Bars", icon="MARKER_HLT").kinds = set(FEW)
        row = column.row(align=True)
        for kind, (label, _) in KINDS.items():
            row.operator("chromastrip.add_markers", text=label).kinds = {kind}
        column.operator("chromastrip.remove_markers", icon="X")
        self.layout.operator("chromastrip.split_at_markers", icon="MOD_EDGESPLIT")
        scene = compat.edited_scene(context)
        strip = shown_strip(scene)
        if strip is not None and not is_film(strip):  # a row with or without markers: nothing below moves when they come
            count = len(beat_frames(scene, strip))
            self.layout.label(text=f"Beats of the next film: {counted(count, 'marker') if count else 'as heard'}", icon="INFO")
