"""Export and import."""

import bpy

from .base import SequencerPanel


class CHROMASTRIP_PT_hand_over(SequencerPanel, bpy.types.Panel):
    """The edit, for other editors"""

    bl_label = "Hand-over"
    bl_parent_id = "CHROMASTRIP_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the buttons."""
        column = self.layout.column(align=True)
        column.operator("chromastrip.export", icon="EXPORT")
        column.operator("chromastrip.import_timeline", icon="IMPORT")
