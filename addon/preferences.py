"""The add-on's preferences: the engine's set-up, what it draws with, and the models on this machine."""

import bpy

from ..core.protocol import AUTO, PictureFormat, Precision
from . import engine_buttons, engine_setup, model_list
from .engine import PACKAGE


def _plan_anew(_preferences: object, _context: bpy.types.Context) -> None:
    """Have it told again what setting up would do: something of it was chosen."""
    engine_setup.state.plan = engine_setup.state.condition = None


class Preferences(bpy.types.AddonPreferences):
    """Edit > Preferences > Add-ons > Chromastrip."""

    bl_idname = PACKAGE

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="A Python of your own in which the engine's packages are installed. Empty: the one that Set Up Engine makes",
        subtype="FILE_PATH",
        update=_plan_anew,
    )
    setup_python: bpy.props.StringProperty(
        name="Python for Set-Up",
        description="The Python 3.11 to 3.13 that the engine is made with. Empty: Blender's own, else the system's",
        subtype="FILE_PATH",
        update=_plan_anew,
    )
    wheel_folder: bpy.props.StringProperty(
        name="Offline Packages",
        description="A folder of wheels (made by `pip download`, say): the engine is set up from there, without going online",
        subtype="DIR_PATH",
        update=_plan_anew,
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
    cards: bpy.props.StringProperty(
        name="Cards",
        description="Which graphics cards draw a film together, as cuda:0,cuda:1. Empty: all if Device is Automatic, else the first one",
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
    steps_back: bpy.props.BoolProperty(
        name="Low Priority",
        description="Let the engine step back behind other programs: playback stays smooth while a film is drawn, which takes a seventh"
        " longer where both want the processor. Counts when the engine is started next",
        default=True,
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

    mirrors: bpy.props.StringProperty(
        name="Mirrors",
        description="Addresses that models are downloaded from first, with blanks between: of a folder that holds the files as they are"
        " published, or with {name} and {file} in it. What comes from there is checked as everything is",
    )

    release_minutes: bpy.props.IntProperty(
        name="Release Memory After",
        description="Give back the engine's memory, the graphics card's too, when nothing has been drawn for so many minutes. 0: never",
        min=0,
        max=24 * 60,
        default=10,
    )

    cache_limit_gb: bpy.props.IntProperty(
        name="Cache Limit",
        description="How many GB of pictures may stay in a cache that no film shows: tries that were cancelled, films that are gone. Those"
        " that were not used for the longest time go first, after a film is drawn. 0: all stay",
        min=0,
        max=100_000,
        default=10,
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Show the engine, what it draws with, and the models."""
        engine_buttons.draw(self.layout, context)
        column = self.layout.column()
        column.use_property_split = True
        if not engine_setup.is_set():
            column.prop(self, "setup_python", placeholder="Automatic")
            column.prop(self, "wheel_folder", placeholder="None: download")
        column.prop(self, "engine_python", placeholder="Automatic")
        column.separator()
        column.prop(self, "device")
        row = column.row()
        row.active = self.device in {AUTO, "cuda"}
        row.prop(self, "cards", placeholder="All")
        for name in ("precision", "steps_back", "picture_format"):
            column.prop(self, name)
        column.separator()
        column.prop(self, "cache_limit_gb", text="Cache Limit in GB")
        row = column.row(align=True)
        row.prop(self, "release_minutes", text="Release Memory After Minutes")
        row.operator("chromastrip.release_memory", text="Release Now", icon="MEMORY")
        column.prop(self, "mirrors", placeholder="None: the networks' own source")
        model_list.draw(self.layout, context, engine_is_set=engine_setup.is_set())
