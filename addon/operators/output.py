"""How pictures that are on the timeline fit the frame, and the scene's range the pictures."""

import bpy

from .. import compat, fitting, scene_range, scenes
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


class CHROMASTRIP_OT_set_scene_range(bpy.types.Operator):
    """Let the scene begin and end with the selected films, or with all of them: so far playback and Render Animation go"""

    bl_idname = "chromastrip.set_scene_range"
    bl_label = "Set Scene Range to Film"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        scene = compat.edited_scene(context)
        reason = scenes.why_not_own(scene)
        wanted = None if reason else scene_range.wanted_range(scene)
        if not reason and wanted is None:
            reason = "There are no pictures that were drawn here"
        return may(cls, reason or ("The scene's range is the film's already" if wanted == (scene.frame_start, scene.frame_end) else ""))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set it."""
        scene = compat.edited_scene(context)
        wanted = scene_range.wanted_range(scene)
        assert wanted is not None  # `poll`
        scene.frame_start, scene.frame_end = wanted
        return {"FINISHED"}
