"""The add-on's preferences: which Python runs the engine, and the models on this machine."""

import bpy

from ..core.protocol import AUTO, PictureFormat, Precision
from . import model_list
from .engine import PACKAGE


class Preferences(bpy.types.AddonPreferences):
    """Edit > Preferences > Add-ons > Chromastrip."""

    bl_idname = PACKAGE

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="The Python program in which the engine's packages are installed",
        subtype="FILE_PATH",
    )

    device: bpy.props.EnumProperty(
        name="Device",
        description="What draws the pictures",
        items=(
            (AUTO, "Automatic", "The graphics card if the engine can use one, else the processor"),
            ("cuda", "Graphics Card", "An NVIDIA card; the engine's PyTorch must be built for CUDA"),
            ("mps", "Apple Silicon", "The graphics unit of an Apple computer"),
            ("cpu", "Processor", "Slower, on any computer"),
        ),
    )
    precision: bpy.props.EnumProperty(
        name="Precision",
        description="What numbers the network calculates in. Pictures of two precisions differ by a level here and there",
        items=(
            (Precision.AUTO.value, "Automatic", "What the device is fastest in"),
            (Precision.FLOAT32.value, "Full (float32)", "Exact, and slower on a graphics card"),
            (Precision.FLOAT16.value, "Half (float16)", "For graphics cards"),
            (Precision.BFLOAT16.value, "Brain (bfloat16)", "For processors and cards that are fast in it"),
        ),
    )
    picture_format: bpy.props.EnumProperty(
        name="Frames",
        description="What files the frames are",
        items=(
            (PictureFormat.PNG.value, "PNG", "Without loss: for editing"),
            (PictureFormat.JPEG.value, "JPEG", "A third of the size, with a loss that is hardly seen"),
            (PictureFormat.WEBP.value, "WebP", "Without loss and smaller, but few other editors read it"),
        ),
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Show the engine's Python, and the models."""
        column = self.layout.column()
        column.use_property_split = True
        column.prop(self, "engine_python", placeholder=".venv/worker/bin/python")
        for name in ("device", "precision", "picture_format"):
            column.prop(self, name)
        model_list.draw(self.layout, context, engine_is_set=bool(self.engine_python))
