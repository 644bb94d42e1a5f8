"""How pictures that are on the timeline fit the frame."""

import bpy

from .. import compat, fitting
from ..asking import may
from ..sections import selected_films


class CHROMASTRIP_OT_apply_fit(bpy.types.Operator):
    """Let the selected pictures fit the frame as it is now; what was moved, scaled or turned by hand is put back"""

    bl_idname = "chromastrip.apply_fit"
    bl_label = "Apply Fit"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, "" if selected_films(compat.edited_scene(context)) else "Select a strip of pictures that were drawn here")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Apply it to each."""
        scene = compat.edited_scene(context)
        for strip in selected_films(scene):
            fitting.apply(scene, strip)
        return {"FINISHED"}
