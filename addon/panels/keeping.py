"""What is kept in memory and on the disk, and where frames lie."""

import bpy

from .. import compat, folders
from ..keeping import cleaning
from ..lines import draw_lines
from .base import SequencerPanel


class CHROMASTRIP_PT_keeping(SequencerPanel, bpy.types.Panel):
    """What is kept in memory and on the disk"""

    bl_label = "Disk and Memory"
    bl_parent_id = "CHROMASTRIP_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the buttons, and what is known of the folder."""
        layout = self.layout
        row = layout.row(align=True)
        row.operator("chromastrip.take_stock", icon="VIEWZOOM")
        row.operator("chromastrip.clean_up", icon="TRASH")
        layout.operator("chromastrip.release_memory", icon="MEMORY")
        if cleaning.state.stock is not None and cleaning.state.folder == str(folders.base_folder(compat.edited_scene(context))):
            for line in cleaning.stock_lines():  # below the buttons, which stay where they are
                draw_lines(layout, context, (line,))
