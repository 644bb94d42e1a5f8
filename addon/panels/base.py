"""What our panels have in common."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import bpy

from ...core.protocol import WITHOUT_EFFECT, Look, Model
from .. import compat, keyframes
from ..lines import draw_lines
from ..sections import shown_strip


class SequencerPanel:
    """Where all our panels are: the sequencer's sidebar, in a tab of their own."""

    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Chromastrip"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not beside the preview alone."""
        return context.space_data.view_type != "PREVIEW"


class StripPanel(SequencerPanel):
    """A sub-panel of settings of the selected sound, or of pictures of ours."""

    bl_parent_id = "CHROMASTRIP_PT_main"
    if TYPE_CHECKING:
        layout: bpy.types.UILayout  # every panel has one

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only for a sound, or pictures of ours."""
        return super().poll(context) and shown_strip(compat.edited_scene(context)) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the strip's settings in two columns."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        strip = shown_strip(compat.edited_scene(context))
        assert strip is not None  # `poll`
        self.draw_settings(context, strip)

    def draw_settings(self, context: bpy.types.Context, strip: bpy.types.Strip, /) -> None:
        """Draw them; each panel its own."""
        raise NotImplementedError


class NumbersPanel(StripPanel):
    """A sub-panel of numbers, pale where they do nothing."""

    numbers: tuple[str, ...] = ()

    def draw_settings(self, context: bpy.types.Context, strip: bpy.types.Strip, /) -> None:
        """Draw the numbers, those that can change over time as Blender knows them: with a dot for keyframes."""
        settings = strip.chromastrip
        for name in self.numbers:
            row = self.layout.row()
            row.active = settings.model != Model.SYNC_CARD and name not in WITHOUT_EFFECT[Look(settings.look)]
            row.use_property_decorate = True
            if name in keyframes.ANIMATABLE:
                row.prop(strip, keyframes.PREFIX + name)
            else:
                row.prop(settings, name)
        draw_refusals(self.layout, context, strip, self.numbers)


def draw_refusals(layout: bpy.types.UILayout, context: bpy.types.Context, strip: bpy.types.Strip, names: Collection[str]) -> None:
    """Say which of the drivers of some numbers cannot be followed."""
    for error in keyframes.refusals(strip, names):
        draw_lines(layout, context, (error.cause, error.cure), icon="ERROR")
