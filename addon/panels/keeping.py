"""What is kept in memory and on the disk, and where frames lie."""

import bpy

from .. import compat, folders
from ..keeping import cleaning, moving
from ..keeping.cleaning import counted
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
        if cleaning.state.stock is not None and cleaning.state.folder == str(folders.base_folder(compat.edited_scene(context))):
            for line in cleaning.stock_lines():
                draw_lines(layout, context, (line,))
        row = layout.row(align=True)
        row.operator("chromastrip.take_stock", icon="VIEWZOOM")
        row.operator("chromastrip.clean_up", icon="TRASH")
        layout.operator("chromastrip.release_memory", icon="MEMORY")


def draw_elsewhere(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Say that films lie in another folder than the .blend's, and offer to bring them."""
    if not moving.state.elsewhere or not bpy.data.is_saved:
        return
    box = layout.box()
    draw_lines(box, context, (f"{counted(len(moving.state.elsewhere), 'film')} of this file lie in another folder.",), icon="INFO")
    row = box.row(align=True)
    row.operator("chromastrip.move_frames_here", text="Move Frames Here", icon="FILE_PARENT")
    row.operator("chromastrip.copy_frames_here", text="Copy Frames Here", icon="COPYDOWN")
