"""Settings under a name, by Blender's own preset system: in the panel's header; styles are those that stand in the panel, with pictures.

A preset is everything but model and size, which belong to a machine and a film rather than to a taste, and the chosen things. It is
executed for the active strip. Ours lie in `ready_made/presets/chromastrip`, the styles' pictures in `ready_made/styles`, drawn by
`tools/style_pictures.py`.
"""

from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from ..core.protocol import Model
from .asking import may
from .properties import NUMBERS, StripSettings

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


STYLES = {
    "Storybook": "One thing after another, each whole and clear. It moves with the music, and gives way to the next one",
    "Dream": "Slow and soft: things melt into each other over seconds, and hardly move",
    "Quick_Cuts": "Lively: things change with the notes, nearly as fast as cuts",
    "Parade": "36 things in turn, three times as many as elsewhere, each for a moment",
    "Collage": "8 things that mix freely: each picture is made of several of them",
    "Chord_Dance": "4 things at once: each note of the chord brings one out, as fast as it is played",
}
"""Names and tooltips, in the panel's order."""
PICTURE_SCALE = 2.0


class CHROMASTRIP_OT_use_style(bpy.types.Operator):
    """Give the strip the settings of this style."""

    bl_idname = "chromastrip.use_style"
    bl_label = "Use Style"
    bl_options = {"REGISTER", "UNDO"}

    style: bpy.props.StringProperty(name="Style", description="Its name", options={"HIDDEN"})

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Say what each style does."""
        return f"{STYLES.get(properties.style, 'Give the strip the settings of a style')}. Model, subjects and seed stay"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, "" if getattr(context, "active_strip", None) is not None else "Click the strip first")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Execute its preset."""
        path = READY_MADE / "presets" / SUBFOLDER / f"{self.style}.py"
        if self.style not in STYLES or not path.is_file():
            self.report({"ERROR"}, f"There is no style “{self.style}”")
            return {"CANCELLED"}
        return bpy.ops.script.execute_preset(filepath=str(path), menu_idname=CHROMASTRIP_PT_presets.__name__)


def draw_styles(layout: bpy.types.UILayout) -> None:
    """Draw a button for each style, below its picture."""
    grid = layout.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
    for style in STYLES:
        column = grid.column(align=True)
        if style in _pictures:
            column.template_icon(_pictures[style].icon_id, scale=PICTURE_SCALE)
        column.operator("chromastrip.use_style", text=style.replace("_", " ")).style = style


def draw_embedded_models(layout: bpy.types.UILayout, settings: StripSettings) -> None:
    """Draw a button for each model that needs nothing, below its picture."""
    row = layout.row(align=True)
    row.use_property_split = False  # each button holds its name
    for model in (Model.EMOJI.value, Model.ABSTRACT.value):
        column = row.column(align=True)
        if model in _pictures:
            column.template_icon(_pictures[model].icon_id, scale=PICTURE_SCALE)
        column.prop_enum(settings, "model", model)


CLASSES = (CHROMASTRIP_PT_presets, CHROMASTRIP_OT_add_preset, CHROMASTRIP_OT_use_style)
_pictures: Any = {}  # a collection of previews, by styles


def register() -> None:
    """Let Blender find our presets."""
    global _pictures  # noqa: PLW0603 (Blender's own: made and removed)
    bpy.utils.register_preset_path(str(READY_MADE))
    _pictures = bpy.utils.previews.new()
    for path in (*(READY_MADE / "styles").glob("*.png"), *(READY_MADE / "models").glob("*.png")):
        _pictures.load(path.stem, str(path), "IMAGE")


def unregister() -> None:
    """Let Blender forget them."""
    bpy.utils.unregister_preset_path(str(READY_MADE))
    bpy.utils.previews.remove(_pictures)
