"""What the sidebar's notices offer."""

import bpy

from .. import compat, jobs


class CHROMASTRIP_OT_copy_error(bpy.types.Operator):
    """Copy the error with all its details, to paste it into a report"""

    bl_idname = "chromastrip.copy_error"
    bl_label = "Copy Error"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it on the clipboard."""
        state = jobs.state
        context.window_manager.clipboard = "\n".join(filter(None, (f"Blender {bpy.app.version_string}", str(state.error), state.details)))
        return {"FINISHED"}


class CHROMASTRIP_OT_dismiss(bpy.types.Operator):
    """Take this away: it has been read"""

    bl_idname = "chromastrip.dismiss"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Forget the error, else the notes."""
        jobs.dismiss()
        return {"FINISHED"}


class CHROMASTRIP_OT_use_standard_view(bpy.types.Operator):
    """Show pictures with the colours that they were drawn in: set the scene's view transform to Standard"""

    bl_idname = "chromastrip.use_standard_view"
    bl_label = "Use Standard View"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set it."""
        compat.edited_scene(context).view_settings.view_transform = "Standard"
        return {"FINISHED"}
