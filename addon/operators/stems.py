"""Choosing the file of a sound that drives a part of the film."""

import bpy

from .. import compat
from ..asking import choose_file, may
from ..sections import is_film, shown_strip, sound_place
from ..strips import portable

STEMS = ("motion_stem", "class_stem")
"""The strip's settings that name such a sound."""


class CHROMASTRIP_OT_choose_stem_file(bpy.types.Operator):
    """Choose a sound file that drives this part of the film, such as the song's drums alone. It begins when the song's file does"""

    bl_idname = "chromastrip.choose_stem_file"
    bl_label = "Choose Sound File"
    bl_options = {"REGISTER", "UNDO"}

    stem: bpy.props.EnumProperty(name="Drives", items=tuple((name, name, "") for name in STEMS), options={"HIDDEN"})
    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_sound: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        strip = shown_strip(compat.edited_scene(context))
        return may(cls, "" if strip is not None and not is_film(strip) else "Select a sound")

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose a file."""
        strip = shown_strip(compat.edited_scene(context))
        return choose_file(self, context, near=sound_place(compat.edited_scene(context), strip) if strip is not None else "")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Name it, from the .blend's place where that can be done."""
        strip = shown_strip(compat.edited_scene(context))
        assert strip is not None  # `poll`
        setattr(strip.chromastrip, self.stem, portable(bpy.path.abspath(self.filepath)))
        return {"FINISHED"}
