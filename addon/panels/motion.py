"""The hyperparameters."""

import bpy

from ...core.protocol import BANDS, PARAMETERS
from .base import NumbersPanel


class CHROMASTRIP_PT_motion(NumbersPanel, bpy.types.Panel):
    """How the picture follows the music"""

    bl_label = "Motion"
    numbers = ("tempo_sensitivity", "pitch_sensitivity", "smooth_factor", "jitter", "truncation", "depth")


class CHROMASTRIP_PT_listening(NumbersPanel, bpy.types.Panel):
    """What in the sound drives what"""

    bl_label = "Listening"
    bl_options = {"DEFAULT_CLOSED"}
    numbers = ("split", "loud_notes", "beat", *(name for name in PARAMETERS if name.startswith(tuple(f"{band}_to_" for band in BANDS))))
