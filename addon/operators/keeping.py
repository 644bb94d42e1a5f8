"""What the Disk and Memory panel's buttons do."""

from collections.abc import Callable

import bpy

from ...core.protocol import UserError
from .. import compat, jobs
from ..asking import may
from ..keeping import cleaning, memory, moving
from ..lines import counted


class CHROMASTRIP_OT_release_memory(bpy.types.Operator):
    """Give back the memory that the engine holds, the graphics card's too. The next film loads it again, which takes a few seconds"""

    bl_idname = "chromastrip.release_memory"
    bl_label = "Release Memory"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, memory.why_not())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """End the engine's process."""
        memory.release()
        self.report({"INFO"}, "Memory released")
        return {"FINISHED"}


class CHROMASTRIP_OT_take_stock(bpy.types.Operator):
    """See what the folder of frames holds, how much room it takes, and what of it nothing shows any more"""

    bl_idname = "chromastrip.take_stock"
    bl_label = "Look Through Files"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, jobs.why_busy())

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the worker."""
        return _try(self, lambda: cleaning.ask_for_stock(compat.edited_scene(context)))


class CHROMASTRIP_OT_clean_up(bpy.types.Operator):
    """Remove what nothing shows any more; asks before"""

    bl_idname = "chromastrip.clean_up"
    bl_description = (
        "Remove films that only this file has shown and shows no more, and pictures of the cache that no film shows; asks before."
        " Films of other files, and what Undo may bring back, stay"
    )
    bl_label = "Clean Up"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, jobs.why_busy() or cleaning.why_nothing_to_clean())

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Show what would go."""
        return context.window_manager.invoke_props_dialog(self, width=480)

    def draw(self, _context: bpy.types.Context) -> None:
        """List it."""
        column = self.layout.column(align=True)
        for line in cleaning.going_lines() if cleaning.state.stock else ():
            column.label(text=line)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Have it removed."""
        return _try(self, lambda: cleaning.ask_to_clean_up(compat.edited_scene(context)))


class CHROMASTRIP_OT_copy_frames_here(bpy.types.Operator):
    """Copy films that lie elsewhere into this file's folder"""

    bl_idname = "chromastrip.copy_frames_here"
    bl_description = (
        "Copy the films that lie elsewhere into this file's folder, and let the strips show them there. On the same disk that takes no room"
    )
    bl_label = "Copy Frames Here"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, jobs.why_busy() or _why_not_gather())

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the worker."""
        return _try(self, lambda: moving.ask_to_gather(compat.edited_scene(context), leaves=False))


class CHROMASTRIP_OT_move_frames_here(bpy.types.Operator):
    """Move films that lie elsewhere into this file's folder"""

    bl_idname = "chromastrip.move_frames_here"
    bl_description = (
        "Bring the films that lie elsewhere into this file's folder, and let the strips show them there. "
        "Where they are now, they are removed when you save this file"
    )
    bl_label = "Move Frames Here"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, jobs.why_busy() or _why_not_gather())

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Warn where another .blend would lose its frames."""
        self._others = [str(blend) for blend in moving.others_showing(moving.state.elsewhere)]
        return context.window_manager.invoke_props_dialog(self, width=480) if self._others else self.execute(context)

    def draw(self, _context: bpy.types.Context) -> None:
        """Name those that would."""
        column = self.layout.column(align=True)
        column.label(text="These files show the same frames, and will not find them any more:", icon="ERROR")
        for name in self._others:
            column.label(text=f"    {name}")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the worker."""
        return _try(self, lambda: moving.ask_to_gather(compat.edited_scene(context), leaves=True))


class CHROMASTRIP_OT_turn_to_gathered(bpy.types.Operator):
    """Let strips show their frames in this file's folder"""

    bl_idname = "chromastrip.turn_to_gathered"
    bl_label = "Bring Frames Here"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when frames have been brought."""
        return bool(moving.state.gathered)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Turn them."""
        told = counted(moving.turn(), "strip", "now show")
        later = " Where they were, they go when you save." if moving.state.leaving else ""
        jobs.state.notes = (f"{told} frames in this file's folder.{later}",)
        return {"FINISHED"}


def _why_not_gather() -> str:
    if not bpy.data.is_saved:
        return "Save the file first: frames go beside it"
    return "" if moving.state.elsewhere else "All frames lie in this file's folder"


def _try(operator: bpy.types.Operator, do: Callable[[], None]) -> set[str]:
    try:
        do()
    except UserError as error:
        return jobs.refuse(operator, error)
    return {"FINISHED"}
