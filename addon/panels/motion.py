"""The hyperparameters."""

from collections.abc import Callable, Sequence

import bpy

from ...core.protocol import BAND_TARGETS, BANDS, WITHOUT_EFFECT, Look, Model
from .. import keyframes
from ..operators.stems import STEMS
from ..sections import is_film
from .base import NumbersPanel, draw_refusals


class CHROMASTRIP_PT_motion(NumbersPanel, bpy.types.Panel):
    """How the picture follows the music"""

    bl_label = "Motion"
    bl_options = {"DEFAULT_CLOSED"}
    numbers = ("tempo_sensitivity", "pitch_sensitivity", "smooth_factor", "blend", "jitter", "truncation", "depth")


class CHROMASTRIP_PT_hits(NumbersPanel, bpy.types.Panel):
    """What each hit does to the picture"""

    bl_label = "Hits"
    bl_options = {"DEFAULT_CLOSED"}
    numbers = ("hit", "hit_zoom", "hit_turn", "hit_shift", "hit_light", "hit_release_seconds", "swell", "breath")


class CHROMASTRIP_PT_listening(NumbersPanel, bpy.types.Panel):
    """What in the sound drives what"""

    bl_label = "Listening"
    bl_options = {"DEFAULT_CLOSED"}

    numbers = ("split", "loud_notes", "beat")

    def draw_settings(self, context: bpy.types.Context, strip: bpy.types.Strip, /) -> None:
        """Draw which sounds drive what, of a film that is still to be drawn, and the numbers."""
        if not is_film(strip):
            for name in STEMS:
                row = self.layout.row(align=True)
                row.prop(strip.chromastrip, name, icon="SOUND")
                row.operator("chromastrip.choose_stem_file", text="", icon="FILE_FOLDER").stem = name
        super().draw_settings(context, strip)
        _draw_bands(self.layout, strip)
        draw_refusals(self.layout, context, strip, [f"{band}_to_{target}" for band in BANDS for target in BAND_TARGETS])


def _draw_bands(layout: bpy.types.UILayout, strip: bpy.types.Strip) -> None:
    """Draw how much each band of the sound does to what: a column a band."""
    column = layout.column(align=True)
    column.active = (
        strip.chromastrip.model != Model.SYNC_CARD and f"{BANDS[0]}_to_motion" not in WITHOUT_EFFECT[Look(strip.chromastrip.look)]
    )
    column.use_property_split = False
    _draw_row(column, "", [(lambda row, band=band: row.label(text=band.title())) for band in BANDS])
    for target, (label, _) in BAND_TARGETS.items():
        names = [f"{keyframes.PREFIX}{band}_to_{target}" for band in BANDS]
        _draw_row(column, label, [(lambda row, name=name: row.prop(strip, name, text="")) for name in names])


def _draw_row(column: bpy.types.UILayout, label: str, cells: Sequence[Callable[[bpy.types.UILayout], object]]) -> None:
    parts = column.split(factor=0.34)
    parts.label(text=label)
    row = parts.row(align=True)
    for draw in cells:
        draw(row)
