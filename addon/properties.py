"""The settings that a strip carries, made from the core's one table of parameters."""

import json
from typing import Any

import bpy

from ..core.protocol import PARAMETERS, Look, Model, Settings, class_names

DEFAULTS = Settings()
NUMBERS = tuple(name for name in PARAMETERS if name != "size")  # which is a choice, not a number


def _number(name: str) -> object:
    """Make the property of a parameter: a whole number where its default is one."""
    parameter, default = PARAMETERS[name], getattr(DEFAULTS, name)
    words = {"name": parameter.label, "description": parameter.help, "default": default, "options": set()}
    if isinstance(default, int):
        return bpy.props.IntProperty(min=int(parameter.minimum), max=int(parameter.maximum), **words)
    return bpy.props.FloatProperty(min=parameter.minimum, max=parameter.maximum, precision=2, **words)


class StripSettings(bpy.types.PropertyGroup):
    """On a sound strip: how its film shall be drawn. On our image strip: how it was drawn, and which film it shows."""

    model: bpy.props.EnumProperty(
        name="Model",
        description="What draws the pictures",
        items=(
            (Model.ABSTRACT.value, "Abstract", "Embedded model: flowing patterns, at once and offline"),
            (
                Model.SYNC_CARD.value,
                "Sync Card",
                "No pictures, but each frame's number in black and white cells: for checking sync in any editor",
            ),
        ),
        default=Model.ABSTRACT.value,
        options=set(),
    )
    look: bpy.props.EnumProperty(
        name="Look",
        description="How music becomes motion",
        items=(
            (
                Look.CHROMASTRIP.value,
                "Chromastrip",
                "Hits move the picture when they sound; one loud hit does not freeze the rest of the song",
            ),
            (Look.ORIGINAL_MSIEG.value, "Original (msieg)", "As deep-music-visualizer does it, number for number"),
            (
                Look.ORIGINAL_RUSHK.value,
                "Original (rushk)",
                "As biggan-visualizer does it, number for number: a tint of all things on every picture",
            ),
        ),
        default=Look.CHROMASTRIP.value,
        options=set(),
    )
    size: bpy.props.EnumProperty(
        name="Size",
        description=PARAMETERS["size"].help,
        items=(("128", "128 px", "128 x 128 pixels"),),
        default="128",
        options=set(),
    )
    classes: bpy.props.StringProperty(
        name="Chosen Things",
        description="What shows: names or numbers of ImageNet classes with commas between, as: tabby, grand piano, 949. The first one"
        " follows the loudest note. Empty: the seed chooses",
        options=set(),
    )
    limit_flashes: bpy.props.BoolProperty(
        name="Limit Flashes",
        description="Draw passages that flash more than three times a second again, more calmly: they can harm people with photosensitive"
        " epilepsy. Off: draw the film as it is, and tell where it flashes",
        default=True,
        options=set(),
    )
    film: bpy.props.StringProperty(name="Film", description="Names the drawn film by its pictures", options={"HIDDEN"})
    sound_name: bpy.props.StringProperty(name="Sound", description="The sound that the film was drawn from", options={"HIDDEN"})


# Blender reads a group's properties off its annotations.
StripSettings.__annotations__.update({name: _number(name) for name in NUMBERS})


def read_settings(group: StripSettings) -> Settings:
    """Give a strip's settings as the worker takes them.

    Raises
    ------
    UserError
        If a chosen thing is unknown.
    """
    numbers = {name: _python_number(getattr(group, name)) for name in NUMBERS}
    if classes := tuple(class_names.resolve(text) for text in group.classes.split(",") if text.strip()):
        numbers["class_count"] = len(classes)
    return Settings(model=Model(group.model), look=Look(group.look), size=int(group.size), classes=classes, **numbers)


def write_settings(group: StripSettings, settings: Settings) -> None:
    """Set a strip's settings."""
    group.model, group.look, group.size = settings.model.value, settings.look.value, str(settings.size)
    group.classes = ", ".join(class_names.name(number) for number in settings.classes)
    for name in NUMBERS:
        setattr(group, name, getattr(settings, name))


def settings_json(group: StripSettings) -> str:
    """Give what made a film, for other editors' metadata: JSON with sorted keys."""
    made = {"schema": 1, "film": group.film, "sound": group.sound_name, "model": group.model, "look": group.look, "size": int(group.size)}
    made |= {"classes": group.classes, "limit_flashes": group.limit_flashes}
    numbers = {name: _python_number(getattr(group, name)) for name in NUMBERS}
    return json.dumps(made | numbers, sort_keys=True, separators=(",", ":"))


def _python_number(value: float) -> Any:
    """Undo Blender's float32: 0.25 stays, 0.1 is 0.1 again and not 0.10000000149."""
    return value if isinstance(value, int) else float(f"{value:.7g}")


def register() -> None:
    """Give every strip its settings."""
    bpy.types.Strip.chromastrip = bpy.props.PointerProperty(type=StripSettings)


def unregister() -> None:
    """Take them back."""
    del bpy.types.Strip.chromastrip
