"""The hyperparameters."""

import bpy

from ...core.protocol import BANDS, PARAMETERS
from ..operators.stems import STEMS
from ..sections import is_film
from .base import NumbersPanel


class CHROMASTRIP_PT_motion(NumbersPanel, bpy.types.Panel):
    """How the picture follows the music"""

    bl_label = "Motion"
    numbers = ("tempo_sensitivity", "pitch_sensitivity", "smooth_factor", "blend", "jitter", "truncation", "depth")


class CHROMASTRIP_PT_hits(NumbersPanel, bpy.types.Panel):
    """What each hit does to the picture"""

    bl_label = "Hits"
    numbers = ("hit", "hit_zoom", "hit_turn", "hit_shift", "hit_light", "hit_release_seconds", "swell", "breath")


class CHROMASTRIP_PT_listening(NumbersPanel, bpy.types.Panel):
    """What in the sound drives what"""

    bl_label = "Listening"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_settings(self, context: bpy.types.Context, strip: bpy.types.Strip, /) -> None:
        """Draw which sounds drive what, of a film that is still to be drawn, and the numbers."""
        if not is_film(strip):
            for name in STEMS:
                row = self.layout.row(align=True)
                row.prop(strip.chromastrip, name, icon="SOUND")
                row.operator("chromastrip.choose_stem_file", text="", icon="FILE_FOLDER").stem = name
        super().draw_settings(context, strip)

    numbers = ("split", "loud_notes", "beat", *(name for name in PARAMETERS if name.startswith(tuple(f"{band}_to_" for band in BANDS))))
