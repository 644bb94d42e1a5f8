"""Drawing pieces of films again; carrying settings from strip to strip."""

from collections.abc import Sequence

import bpy

from ...core.protocol import UserError
from .. import compat, jobs, keyframes, scenes
from ..asking import may
from ..properties import OF_FILM, made_with, set_made_with
from ..retiming import in_order
from ..sections import (
    all_films,
    are_known_to_be_fresh,
    film_length,
    film_origin,
    is_film,
    outdated,
    piece_request,
    selected_films,
    shown_strip,
    sound_of,
    sounds_of,
)
from ..sources import sounds
from ..strips import current_strips


class CHROMASTRIP_OT_render(bpy.types.Operator):
    """Draw the selected pieces again with the settings that they have now. Other pieces of their films keep their pictures"""

    bl_idname = "chromastrip.render"
    bl_label = "Render"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        scene = compat.edited_scene(context)
        return may(cls, jobs.why_not_draw() or scenes.why_not_own(scene) or _why_nothing_to_draw(selected_films(scene)))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand them to the worker, one after another."""
        scene = compat.edited_scene(context)
        return _render(self, scene, selected_films(scene))


class CHROMASTRIP_OT_render_stale(bpy.types.Operator):
    """Draw all pieces of the scene that are not what their settings say."""

    bl_idname = "chromastrip.render_stale"
    bl_label = "Render Stale Strips"
    bl_description = (
        "Draw all pieces of the scene that are not what their settings say: changed since they were drawn, drawn only partly, as a"
        " draft or for another frame rate, or with missing frames"
    )
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        scene = compat.edited_scene(context)
        return may(cls, jobs.why_not_draw() or scenes.why_not_own(scene) or _why_none_is_stale(scene))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Find them, and hand them to the worker."""
        scene = compat.edited_scene(context)
        return _render(self, scene, list(outdated(scene)))


def _why_nothing_to_draw(films: Sequence[bpy.types.ImageStrip]) -> str:
    if not films:
        return "Select a strip of pictures that were drawn here"
    return "Up to date: there is nothing to draw again. Change a setting first" if are_known_to_be_fresh(films) else ""


def _why_none_is_stale(scene: bpy.types.Scene | None) -> str:
    if scene is None or scene.sequence_editor is None:
        return "The sequencer is empty"
    return "Up to date: no strip has to be drawn again" if are_known_to_be_fresh(all_films(scene)) else ""


def _render(operator: bpy.types.Operator, scene: bpy.types.Scene, strips: Sequence[bpy.types.ImageStrip]) -> set[str]:
    if not strips:
        operator.report({"INFO"}, "All strips are up to date")
        return {"CANCELLED"}
    try:
        jobs.start_pieces([piece_request(scene, strip) for strip in in_order(scene, strips)])
    except UserError as error:
        return jobs.refuse(operator, error)
    return {"FINISHED"}


class CHROMASTRIP_OT_redo(bpy.types.Operator):
    """Give the sound the settings and keyframes of the selected strip drawn from it, and select the sound: to draw another film like it"""

    bl_idname = "chromastrip.redo"
    bl_label = "Settings to Sound"
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
        try:
            keyed = keyframes.read_keys(film, origin=film_origin(film), frame_count=film_length(film))
        except UserError as error:
            return jobs.refuse(self, error)
        for strip in current_strips(scene.sequence_editor):
            strip.select = False
        for strip in (sound, *sounds_of(scene, film)):
            strip.select = True
        scene.sequence_editor.active_strip = sound
        set_made_with(sound.chromastrip, made_with(film.chromastrip))
        keyframes.write_keys(sound, keyed, origin=film_origin(sound))
        return {"FINISHED"}


_copied: dict[str, object] = {}  # settings, until Blender ends
_copied_keys: list[keyframes.KeyedNumber] = []  # and their keyframes


class CHROMASTRIP_OT_copy_settings(bpy.types.Operator):
    """Copy the settings and keyframes of the active strip, to paste them onto others. What is driven becomes keyframes"""

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
        try:
            keyed = keyframes.read_keys(strip, origin=film_origin(strip), frame_count=film_length(strip))
        except UserError as error:
            return jobs.refuse(self, error)
        _copied.clear()
        _copied.update(made_with(strip.chromastrip))
        _copied_keys[:] = keyed
        return {"FINISHED"}


class CHROMASTRIP_OT_paste_settings(bpy.types.Operator):
    """Give all selected strips the copied settings and, from where each film begins, keyframes. Pictures keep their model and size"""

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
            set_made_with(strip.chromastrip, _copied, keep=OF_FILM if is_film(strip) else ())
            keyframes.write_keys(strip, tuple(_copied_keys), origin=film_origin(strip))
        return {"FINISHED"}


def _targets(context: bpy.types.Context) -> list[bpy.types.Strip]:
    scene = compat.edited_scene(context)
    strips = current_strips(scene.sequence_editor) if scene and scene.sequence_editor else ()
    return [strip for strip in strips if strip.select and (sounds(strip) or is_film(strip))]
