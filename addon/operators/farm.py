"""Writing a film for a render farm."""

import bpy

from ...core.protocol import UserError
from .. import compat, farm, jobs
from ..asking import may
from ..strips import source_strip, why_no_sound


class CHROMASTRIP_OT_render_on_farm(bpy.types.Operator):
    """Write what a render farm draws this film by: its request, a job for Flamenco, and Flamenco's script. Nothing is sent"""

    bl_idname = "chromastrip.render_on_farm"
    bl_label = "Render on Farm"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, why_no_sound(context) or ("" if bpy.data.is_saved else "Save the .blend first, on a disk that the farm sees"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the files, and say where they are."""
        scene = compat.edited_scene(context)
        try:
            folder = farm.write(scene, source_strip(scene))
        except UserError as error:
            return jobs.refuse(self, error)
        self.report({"INFO"}, f"Request and job are in {folder}")
        return {"FINISHED"}
