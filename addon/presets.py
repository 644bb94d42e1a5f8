"""Settings under a name, by Blender's own preset system: in the panel's header, ours beside the user's own.

A preset is everything but model and size, which belong to a machine and a film rather than to a taste, and the chosen things. It is
executed for the active strip. Ours lie in `ready_made/presets/chromastrip`.
"""

from pathlib import Path

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from .properties import NUMBERS

READY_MADE = Path(__file__).resolve().parent / "ready_made"  # Blender adds `presets`
SUBFOLDER = "chromastrip"
VALUES = ("look", *(name for name in NUMBERS if name != "seed"))


class CHROMASTRIP_PT_presets(PresetPanel, bpy.types.Panel):
    """Settings under a name: click one to give them to the active strip"""

    bl_label = "Chromastrip Presets"
    bl_space_type = "SEQUENCE_EDITOR"
    preset_subdir = SUBFOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "chromastrip.add_preset"


class CHROMASTRIP_OT_add_preset(AddPresetBase, bpy.types.Operator):
    """Keep the active strip's settings under a name, or remove such a preset"""

    bl_idname = "chromastrip.add_preset"
    bl_label = "Add Chromastrip Preset"
    preset_menu = "CHROMASTRIP_PT_presets"
    preset_subdir = SUBFOLDER
    preset_defines = ["settings = bpy.context.active_strip.chromastrip"]
    preset_values = [f"settings.{name}" for name in VALUES]


CLASSES = (CHROMASTRIP_PT_presets, CHROMASTRIP_OT_add_preset)


def register() -> None:
    """Let Blender find our presets."""
    bpy.utils.register_preset_path(str(READY_MADE))


def unregister() -> None:
    """Let Blender forget them."""
    bpy.utils.unregister_preset_path(str(READY_MADE))
