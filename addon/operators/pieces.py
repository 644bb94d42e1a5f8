"""Drawing pieces of films again; carrying settings from strip to strip."""

from collections.abc import Sequence

import bpy

from ...core.protocol import UserError
from .. import compat, jobs
from ..properties import NETWORK, made_with, set_made_with
from ..sections import is_film, outdated, piece_request, selected_films, shown_strip, sound_of
from ..strips import current_strips
from .asking import may


class CHROMASTRIP_OT_render(bpy.types.Operator):
    """Draw the selected pieces again with the settings that they have now. Other pieces of their films keep their pictures"""

    bl_idname = "chromastrip.render"
    bl_label = "Render"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = jobs.why_busy() or (
            "" if selected_films(compat.edited_scene(context)) else "Select a strip of pictures that were drawn here"
        )
        return may(cls, reason)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand them to the worker, one after another."""
        scene = compat.edited_scene(context)
        return _render(self, scene, selected_films(scene))


class CHROMASTRIP_OT_render_stale(bpy.types.Operator):
    """Draw all pieces of the scene whose settings were changed since they were drawn, or whose frames are missing"""

    bl_idname = "chromastrip.render_stale"
    bl_label = "Render Stale Strips"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        scene = compat.edited_scene(context)
        return may(cls, jobs.why_busy() or ("" if scene and scene.sequence_editor else "The sequencer is empty"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Find them, and hand them to the worker."""
        scene = compat.edited_scene(context)
        return _render(self, scene, list(outdated(scene)))


def _render(operator: bpy.types.Operator, scene: bpy.types.Scene, strips: Sequence[bpy.types.ImageStrip]) -> set[str]:
    if not strips:
        operator.report({"INFO"}, "All strips are up to date")
        return {"CANCELLED"}
    try:
        jobs.start_pieces([piece_request(scene, strip) for strip in strips])
    except UserError as error:
        return jobs.refuse(operator, error)
    return {"FINISHED"}


class CHROMASTRIP_OT_redo(bpy.types.Operator):
    """Give the sound the settings of the selected strip that was drawn from it, and select the sound: to draw another film like it"""

    bl_idname = "chromastrip.redo"
    bl_label = "Redo"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        scene = compat.edited_scene(context)
        films = selected_films(scene)
        if len(films) != 1:
            return may(cls, "Select one strip of pictures that were drawn here")
        return may(cls, "" if sound_of(scene, films[0]) else f"The sound “{films[0].chromastrip.sound_name}” is not in this scene")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Copy them."""
        scene = compat.edited_scene(context)
        (film,) = selected_films(scene)
        sound = sound_of(scene, film)
        assert sound is not None  # `poll`
        set_made_with(sound.chromastrip, made_with(film.chromastrip))
        film.select, sound.select = False, True
        scene.sequence_editor.active_strip = sound
        return {"FINISHED"}


_copied: dict[str, object] = {}  # settings, until Blender ends


class CHROMASTRIP_OT_copy_settings(bpy.types.Operator):
    """Copy the settings of the active strip, to paste them onto others"""

    bl_idname = "chromastrip.copy_settings"
    bl_label = "Copy Settings"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, "" if shown_strip(compat.edited_scene(context)) else "Select a sound, or pictures that were drawn here")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remember them."""
        strip = shown_strip(compat.edited_scene(context))
        assert strip is not None  # `poll`
        _copied.clear()
        _copied.update(made_with(strip.chromastrip))
        return {"FINISHED"}


class CHROMASTRIP_OT_paste_settings(bpy.types.Operator):
    """Give all selected strips the copied settings. Pictures keep their model and size: those belong to the whole film"""

    bl_idname = "chromastrip.paste_settings"
    bl_label = "Paste Settings"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = "" if _copied else "No settings have been copied yet"
        return may(cls, reason or ("" if _targets(context) else "Select sounds, or pictures that were drawn here"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set them."""
        for strip in _targets(context):
            set_made_with(strip.chromastrip, _copied, keep=NETWORK if is_film(strip) else ())
        return {"FINISHED"}


def _targets(context: bpy.types.Context) -> list[bpy.types.Strip]:
    scene = compat.edited_scene(context)
    strips = current_strips(scene.sequence_editor) if scene and scene.sequence_editor else ()
    return [strip for strip in strips if strip.select and (strip.type == "SOUND" or is_film(strip))]
