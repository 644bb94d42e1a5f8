"""The settings that a strip carries, made from the core's one table of parameters."""

import json
from collections.abc import Collection
from typing import Any

import bpy

from ..core.protocol import PARAMETERS, PUBLISHED_SIZES, Look, Model, Settings, class_names
from . import models

DEFAULTS = Settings()
SIZED = {Model.BIGGAN, Model.SYNC_CARD}
"""What draws in several sizes."""
CHOICES = ("model", "own_model", "look", "classes", "limit_flashes")
NETWORK = ("model", "own_model", "size")
"""What a piece of a film has in common with the film."""
NUMBERS = tuple(name for name in PARAMETERS if name != "size")  # which is a choice, not a number


def _number(name: str) -> object:
    """Make the property of a parameter: a whole number where its default is one."""
    parameter, default = PARAMETERS[name], getattr(DEFAULTS, name)
    words = {"name": parameter.label, "description": parameter.help, "default": default, "options": set()}
    if isinstance(default, int):
        return bpy.props.IntProperty(min=int(parameter.minimum), max=int(parameter.maximum), **words)
    return bpy.props.FloatProperty(min=parameter.minimum, max=parameter.maximum, precision=2, **words)


def _own_models(_group: "StripSettings", _context: bpy.types.Context, typed: str) -> list[str]:
    """List the user's own networks, as far as the worker has told of them."""
    return [entry.name for entry in models.state.entries or () if not entry.is_published and typed.lower() in entry.name.lower()]


class StripSettings(bpy.types.PropertyGroup):
    """On a sound strip: how its film shall be drawn. On our image strip: how it was drawn, and which film it shows."""

    model: bpy.props.EnumProperty(
        name="Model",
        description="What draws the pictures",
        items=(
            (Model.ABSTRACT.value, "Abstract", "Embedded model: flowing patterns, at once and offline"),
            (
                Model.BIGGAN.value,
                "BigGAN-deep",
                "The published networks: 1000 kinds of things in photographs. Download them once, in the add-on's preferences",
            ),
            (Model.OWN.value, "Own", "A BigGAN-deep of yours that you have added in the add-on's preferences"),
            (
                Model.SYNC_CARD.value,
                "Sync Card",
                "No pictures, but each frame's number in black and white cells: for checking sync in any editor",
            ),
        ),
        default=Model.ABSTRACT.value,
        options=set(),
    )
    own_model: bpy.props.StringProperty(
        name="Own Model", description="The name of your network, as the add-on's preferences list it", options=set(), search=_own_models
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
        items=tuple((str(size), f"{size} px", f"{size} x {size} pixels") for size in PUBLISHED_SIZES),
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
    fps: bpy.props.StringProperty(name="Frame Rate", description="The exact frame rate that the film was drawn for", options={"HIDDEN"})
    drawn: bpy.props.StringProperty(name="Drawn", description="Digest of the settings that the film was drawn with", options={"HIDDEN"})
    drawn_first: bpy.props.IntProperty(
        name="Drawn From", description="The first of the film's frames that were drawn with these settings", options={"HIDDEN"}
    )
    drawn_end: bpy.props.IntProperty(
        name="Drawn To", description="The frame after the last one that was drawn with these settings", options={"HIDDEN"}
    )


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
    model = Model(group.model)
    return Settings(
        model=model,
        own_model=group.own_model if model == Model.OWN else "",
        look=Look(group.look),
        size=int(group.size) if model in SIZED else DEFAULTS.size,
        classes=classes,
        **numbers,
    )


def write_settings(group: StripSettings, settings: Settings) -> None:
    """Set a strip's settings."""
    group.model, group.look, group.size = settings.model.value, settings.look.value, str(settings.size)
    group.own_model = settings.own_model
    group.classes = ", ".join(class_names.name(number) for number in settings.classes)
    for name in NUMBERS:
        setattr(group, name, getattr(settings, name))


def settings_json(group: StripSettings) -> str:
    """Give what made a film, for other editors' metadata: JSON with sorted keys."""
    made = {"schema": 1, "film": group.film, "sound": group.sound_name, **made_with(group)}
    made |= {"fps": group.fps, "drawn": group.drawn, "drawn_first": group.drawn_first, "drawn_end": group.drawn_end} if group.drawn else {}
    return json.dumps(made, sort_keys=True, separators=(",", ":"))


def made_with(group: StripSettings) -> dict[str, Any]:
    """Give all settings that pictures follow, by name, as plain values."""
    numbers = {name: _python_number(getattr(group, name)) for name in NUMBERS}
    return {"size": int(group.size), **{name: getattr(group, name) for name in CHOICES}, **numbers}


def chosen(group: StripSettings) -> dict[str, Any]:
    """Give those of the same settings that are not as a new strip has them."""
    known = group.bl_rna.properties
    return {name: value for name, value in made_with(group).items() if getattr(group, name) != known[name].default}


def set_made_with(group: StripSettings, values: dict[str, Any], *, keep: Collection[str] = ()) -> None:
    """Set settings as `made_with` gave them, but for those to keep."""
    for name, value in values.items():
        if name not in keep:
            setattr(group, name, str(value) if name == "size" else value)


def _python_number(value: float) -> Any:
    """Undo Blender's float32: 0.25 stays, 0.1 is 0.1 again and not 0.10000000149."""
    return value if isinstance(value, int) else float(f"{value:.7g}")


def register() -> None:
    """Give every strip its settings."""
    bpy.types.Strip.chromastrip = bpy.props.PointerProperty(type=StripSettings)


def unregister() -> None:
    """Take them back."""
    del bpy.types.Strip.chromastrip
