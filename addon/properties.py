"""The settings that a strip carries, made from the core's one table of parameters."""

import json
from collections.abc import Collection, Sequence
from typing import Any

import bpy

from ..core.protocol import AUTO, EMBEDDED_SIZES, PARAMETERS, PUBLISHED_SIZES, Look, Model, Settings, class_names, default_of
from ..core.protocol.models import UPSCALER_PREFIX
from ..core.protocol.shape import Widening, aspect_text
from . import compat, fitting, lyrics, models, shapes, things

DEFAULTS = Settings()
SIZED = {Model.BIGGAN, Model.SYNC_CARD}
"""What draws in several sizes."""
CHOICES = (
    "model",
    "own_model",
    "shape",
    "aspect",
    "widening",
    "look",
    "classes",
    "excluded",
    "words",
    "motion_stem",
    "class_stem",
    "limit_flashes",
    "loop",
    "fit",
    "upscale",
    "upscaler",
)
NETWORK = ("model", "own_model", "size", "aspect", "widening", "loop")
"""What a piece of a film has in common with the film."""
OF_FILM = (*NETWORK, "shape", "motion_stem", "class_stem")
"""What is asked for with a sound, and stays as it is on pictures."""
BEFORE = {"truncation": 1.0, "blend": 1.0}
"""Defaults of the first version: digests of drawn films leave these out, and what lacks a blend was made when there was none."""
NUMBERS = tuple(name for name in PARAMETERS if name != "size")  # which is a choice, not a number


def number_property(name: str, **options: Any) -> object:
    """Make the property of a parameter: a whole number where its default is one."""
    parameter, default = PARAMETERS[name], getattr(DEFAULTS, name)
    words = {"name": parameter.label, "description": parameter.help, "default": default, "options": set(), **options}
    if isinstance(default, int):
        return bpy.props.IntProperty(min=int(parameter.minimum), max=int(parameter.maximum), **words)
    return bpy.props.FloatProperty(min=parameter.minimum, max=parameter.maximum, precision=2, **words)


def _own_models(_group: "StripSettings", _context: bpy.types.Context, typed: str) -> list[str]:
    """List the user's own networks, as far as the worker has told of them."""
    names = (entry.name for entry in models.state.entries or () if not entry.is_published)
    return [name for name in names if not name.startswith(UPSCALER_PREFIX) and typed.lower() in name.lower()]


def _upscalers(_group: "StripSettings", _context: bpy.types.Context, typed: str) -> list[str]:
    """List the user's upscalers, as far as the worker has told of them."""
    names = (entry.name for entry in models.state.entries or ())
    return [name for name in names if name.startswith(UPSCALER_PREFIX) and typed.lower() in name.lower()]


def _other_sounds(group: "StripSettings", context: bpy.types.Context, typed: str) -> list[str]:
    """List the scene's other sound strips."""
    scene = compat.edited_scene(context)
    strips = scene.sequence_editor.strips_all if scene.sequence_editor is not None else ()
    others = (strip.name for strip in strips if strip.type == "SOUND" and strip.chromastrip != group)
    return [name for name in others if typed.lower() in name.lower()]


def _follow_defaults(group: "StripSettings", _context: bpy.types.Context | None = None) -> None:
    """Let numbers that stand at the default of a model or look stand at that of the chosen one."""
    chosen_one = {"model": Model(group.model), "look": Look(group.look)}
    for name in NUMBERS:
        defaults = {default_of(name, model=model, look=look) for model in Model for look in Look}
        if len(defaults) > 1 and _python_number(getattr(group, name)) in defaults:
            setattr(group, name, default_of(name, **chosen_one))


class StripSettings(bpy.types.PropertyGroup):
    """On a sound strip: how its film shall be drawn. On our image strip: how it was drawn, and which film it shows."""

    model: bpy.props.EnumProperty(
        name="Model",
        description="What draws the pictures",
        items=(  # .blend files hold the numbers
            (
                Model.EMOJI.value,
                "Emoji",
                "Comes with the add-on: some 500 emoji that turn into each other, at once and offline",
                4,
            ),
            (Model.ABSTRACT.value, "Abstract", "Comes with the add-on: flowing patterns that show nothing, at once and offline", 0),
            (
                Model.BIGGAN.value,
                "BigGAN-deep",
                "The published networks: 1000 kinds of things in photographs. Download them once, in the add-on's preferences",
                1,
            ),
            (Model.OWN.value, "Own", "A BigGAN-deep of yours that you have added in the add-on's preferences", 2),
            (
                Model.SYNC_CARD.value,
                "Sync Card",
                "No pictures, but each frame's number in black and white cells: for checking sync in any editor",
                3,
            ),
        ),
        default=Model.EMOJI.value,
        options=set(),
        update=_follow_defaults,
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
        update=_follow_defaults,
    )
    size: bpy.props.EnumProperty(
        name="Size",
        description=PARAMETERS["size"].help,
        items=tuple((str(size), f"{size} px", f"{size} pixels along the shorter side") for size in PUBLISHED_SIZES),
        default="128",
        options=set(),
    )
    shape: bpy.props.EnumProperty(
        name="Shape",
        description="The shape that the next film is drawn in. The network draws it that wide or tall itself: nothing is cut off or"
        " stretched but a few pixels",
        items=shapes.ITEMS,
        default=shapes.SCENE,
        options=set(),
    )
    aspect: bpy.props.StringProperty(
        name="Width by Height",
        description="The shape of the pictures, as 16:9 or 2.39:1. A film that is there already needs Render",
        default=aspect_text(DEFAULTS.aspect),
        options=set(),
    )
    widening: bpy.props.EnumProperty(
        name="Widening",
        description="How a network that has learnt squares draws other shapes",
        items=shapes.WIDENINGS,
        default=AUTO,
        options=set(),
    )
    classes: bpy.props.StringProperty(
        name="Chosen Things",
        description="What shows: names or numbers of ImageNet classes with commas between, as: tabby, grand piano, 949. The first one"
        " follows the loudest note. Empty: the seed chooses",
        options=set(),
        update=things.follow,
    )
    excluded: bpy.props.StringProperty(
        name="Excluded Things",
        description="What must never come up by chance or for lyrics: names of things or of kinds of them with commas between, as:"
        " spider, tabby",
        options=set(),
        update=things.follow,
    )
    things: bpy.props.CollectionProperty(type=things.ThingItem, options={"HIDDEN"})
    excluded_things: bpy.props.CollectionProperty(type=things.ThingItem, options={"HIDDEN"})
    thing: bpy.props.IntProperty(name="Thing", description="The selected one", options={"HIDDEN"})
    excluded_thing: bpy.props.IntProperty(name="Excluded Thing", description="The selected one", options={"HIDDEN"})
    lyrics_source: bpy.props.EnumProperty(
        name="Lyrics From", description="Where the song's words are", items=lyrics.SOURCES, default="FILE", options=set()
    )
    lyrics_path: bpy.props.StringProperty(
        name="Lyrics File",
        description="A text, .lrc, .srt, .vtt or other subtitle file with the song's words, one line of the song on each line. It is read"
        " at once",
        options=set(),
        update=lyrics.read_soon,
    )
    lyrics_text: bpy.props.StringProperty(
        name="Lyrics Text",
        description="A text of this .blend with the song's words, one line of the song on each line. It is read at once",
        options=set(),
        update=lyrics.read_soon,
    )
    lyrics_strategy: bpy.props.EnumProperty(
        name="Reading", description="How lyrics become things", items=lyrics.STRATEGIES, default=lyrics.STRATEGIES[0][0], options=set()
    )
    words: bpy.props.StringProperty(
        name="Words", description="The table of lyrics and things, as text", options={"HIDDEN"}, update=lyrics.follow
    )
    lines: bpy.props.CollectionProperty(type=lyrics.LineItem, options={"HIDDEN"})
    line: bpy.props.IntProperty(name="Line", description="The selected one", options={"HIDDEN"})
    line_start: bpy.props.FloatProperty(
        name="Begins",
        description="When the line begins to show: seconds from the beginning of the sound file, wherever its strip lies",
        get=lyrics.get_start,
        set=lyrics.set_start,
        min=0,
        max=lyrics.LONGEST_SECONDS,
        step=10,
        precision=3,
        options=set(),
    )
    line_end: bpy.props.FloatProperty(
        name="Ends",
        description="When the line ceases to show, in seconds from the beginning of the sound file. Before its beginning: when the next"
        " line begins",
        get=lyrics.get_end,
        set=lyrics.set_end,
        min=0,
        max=lyrics.LONGEST_SECONDS,
        step=10,
        precision=3,
        options=set(),
    )
    line_mood: bpy.props.FloatProperty(
        name="Its Mood",
        description="-1: sad, 1: happy. Mood, below, says how far that steers the picture",
        get=lyrics.get_mood,
        set=lyrics.set_mood,
        min=-1,
        max=1,
        options=set(),
    )
    limit_flashes: bpy.props.BoolProperty(
        name="Limit Flashes",
        description="Draw passages that flash more than three times a second again, more calmly: they can harm people with photosensitive"
        " epilepsy. Off: draw the film as it is, and tell where it flashes",
        default=True,
        options=set(),
    )
    loop: bpy.props.BoolProperty(
        name="Loop",
        description="The last frame leads into the first without a seam. Set the sound strip's handles on bar lines first",
        default=False,
        options=set(),
    )
    motion_stem: bpy.props.StringProperty(
        name="Motion From",
        description="Another sound whose hits and loudness move the picture, such as the drums alone: a sound strip, which sounds where it"
        " lies, or a file, which begins when this sound's file does. It may be muted. Empty: the sound itself",
        options=set(),
        search=_other_sounds,
        search_options={"SUGGESTION"},
    )
    class_stem: bpy.props.StringProperty(
        name="Things From",
        description="Another sound whose notes change the things, such as the voice alone: a sound strip, which sounds where it lies, or a"
        " file, which begins when this sound's file does. It may be muted. Empty: the sound itself",
        options=set(),
        search=_other_sounds,
        search_options={"SUGGESTION"},
    )
    fit: bpy.props.EnumProperty(
        name="Fit",
        description="How pictures of another shape than the frame fill it",
        items=fitting.ITEMS,
        default=fitting.Fit.FIT.value,
        options=set(),
        update=fitting.changed,
    )
    upscale: bpy.props.EnumProperty(
        name="Upscale",
        description="How many times as large as they are drawn the pictures are made",
        items=(("1", "Off", "As they are drawn"), ("2", "2x", "Twice as wide and high"), ("4", "4x", "Four times as wide and high")),
        default="1",
        options=set(),
    )
    upscaler: bpy.props.StringProperty(
        name="Upscaler",
        description="Your network that makes pictures larger, as the add-on's preferences list it. Empty: Lanczos' filter",
        options=set(),
        search=_upscalers,
    )
    fitted: bpy.props.StringProperty(
        name="Fitted", description="The transform that the strip was given, and for what frame", options={"HIDDEN"}
    )
    unfinished: bpy.props.StringProperty(
        name="Unfinished", description="Names what the film is being drawn for; empty: it is finished", options={"HIDDEN"}
    )
    draft: bpy.props.BoolProperty(name="Draft", description="The pictures are a draft of what the settings say", options={"HIDDEN"})
    tag: bpy.props.StringProperty(name="Tag", description="The colour tag that was set last for how the strip stands", options={"HIDDEN"})
    film: bpy.props.StringProperty(name="Film", description="Names the drawn film by its pictures", options={"HIDDEN"})
    sound_name: bpy.props.StringProperty(name="Sound", description="The sound that the film was drawn from", options={"HIDDEN"})
    mixed_names: bpy.props.StringProperty(name="Sounds", description="All sounds that it was drawn from, if several", options={"HIDDEN"})
    fps: bpy.props.StringProperty(name="Frame Rate", description="The exact frame rate that the film was drawn for", options={"HIDDEN"})
    base: bpy.props.StringProperty(
        name="Base", description="The film whose piece this is, whatever was drawn again since", options={"HIDDEN"}
    )
    edges: bpy.props.StringProperty(
        name="Edges", description="Where its film went on when the piece was drawn: before, after; empty: all is one", options={"HIDDEN"}
    )
    frames_aspect: bpy.props.StringProperty(
        name="Frames' Shape", description="The shape that the frames have, mirrored or not", options={"HIDDEN"}
    )
    sound_starts: bpy.props.StringProperty(
        name="Sound Starts", description="Which second of each sound's file is heard with the film's first frame", options={"HIDDEN"}
    )
    drawn: bpy.props.StringProperty(name="Drawn", description="Digest of the settings that the film was drawn with", options={"HIDDEN"})
    drawn_first: bpy.props.IntProperty(
        name="Drawn From", description="The first of the film's frames that were drawn with these settings", options={"HIDDEN"}
    )
    drawn_end: bpy.props.IntProperty(
        name="Drawn To", description="The frame after the last one that was drawn with these settings", options={"HIDDEN"}
    )


# Blender reads a group's properties off its annotations.
StripSettings.__annotations__.update({name: number_property(name) for name in NUMBERS})


def read_settings(group: StripSettings) -> Settings:
    """Give a strip's settings as the worker takes them.

    Raises
    ------
    UserError
        If a chosen thing is unknown, the shape is none, or the table of lyrics cannot be read.
    """
    numbers = {name: _python_number(getattr(group, name)) for name in NUMBERS}
    if classes := things.classes_of(group.classes):
        numbers["class_count"] = len(classes)
    model = Model(group.model)
    return Settings(
        model=model,
        own_model=group.own_model if model == Model.OWN else "",
        look=Look(group.look),
        size=int(group.size) if model in SIZED else EMBEDDED_SIZES.get(model, DEFAULTS.size),
        aspect=shapes.aspect_of(group),
        widening=None if group.widening == AUTO else Widening(group.widening),
        classes=classes,
        excluded=things.excluded_classes(group.excluded),
        cues=lyrics.cues(group.words),
        loop=group.loop,
        **numbers,
    )


def write_settings(group: StripSettings, settings: Settings) -> None:
    """Set a strip's settings."""
    group.model, group.look, group.size = settings.model.value, settings.look.value, str(settings.size)
    group.own_model = settings.own_model
    group.loop = settings.loop
    group.aspect, group.widening = aspect_text(settings.aspect), settings.widening or AUTO
    group.classes = things.text_of(class_names.name(number) for number in settings.classes)
    group.excluded = things.text_of(class_names.described(settings.excluded))
    group.words = lyrics.text_with(group.words, settings.cues)
    for name in NUMBERS:
        setattr(group, name, getattr(settings, name))


def settings_json(group: StripSettings, *, keyed: Sequence[dict[str, Any]] = ()) -> str:
    """Give what made a film, for other editors' metadata: JSON with sorted keys. `keyed` are its keyframes, see `keyframes.packed`."""
    made = {"schema": 1, "film": group.film, "sound": group.sound_name, **made_with(group)}
    made |= {name: getattr(group, name) for name in ("unfinished", "draft", "mixed_names") if getattr(group, name)}
    made |= {"fps": group.fps, "drawn": group.drawn, "drawn_first": group.drawn_first, "drawn_end": group.drawn_end} if group.drawn else {}
    made |= {"keyed": list(keyed)} if keyed else {}
    return json.dumps(made, sort_keys=True, separators=(",", ":"))


def made_with(group: StripSettings) -> dict[str, Any]:
    """Give all settings that pictures follow, by name, as plain values."""
    numbers = {name: _python_number(getattr(group, name)) for name in NUMBERS}
    choices = {name: getattr(group, name) for name in CHOICES} | {"shape": shapes.shape_of(group)}
    return {"size": int(group.size), **choices, **numbers}


def chosen(group: StripSettings) -> dict[str, Any]:
    """Give those of the same settings that are not as a new strip has them."""
    known, made = group.bl_rna.properties, made_with(group)
    if group.fit != fitting.Fit.MIRROR:
        del made["fit"]  # a matter of the strip's transform, not of its frames
    del made["shape"]  # `aspect` is what it came to
    differing = {
        name: value
        for name, value in made.items()
        if (value != BEFORE[name] if name in BEFORE else getattr(group, name) != known[name].default)
    }
    shown = lyrics.shown(differing.pop("words", ""))  # lines without times are in no picture
    if "classes" in differing:  # the seed chooses nothing then
        differing.pop("excluded", None)
    return {**differing, "words": shown} if shown else differing


def set_made_with(group: StripSettings, values: dict[str, Any], *, keep: Collection[str] = ()) -> None:
    """Set settings as `made_with` gave them, but for those to keep."""
    for name, value in {"blend": BEFORE["blend"], **values}.items():
        if name not in keep:
            setattr(group, name, str(value) if name == "size" else value)


def _python_number(value: float) -> Any:
    """Undo Blender's float32: 0.25 stays, 0.1 is 0.1 again and not 0.10000000149."""
    return value if isinstance(value, int) else float(f"{value:.7g}")


@bpy.app.handlers.persistent
def _keep_as_drawn(*_: object) -> None:
    """Let films that an older version drew be what they are: all things at once. Sounds take today's defaults."""
    for scene in bpy.data.scenes:
        for strip in scene.sequence_editor.strips_all if scene.sequence_editor is not None and scene.library is None else ():
            if strip.chromastrip.film and not strip.chromastrip.is_property_set("blend"):
                strip.chromastrip.blend = BEFORE["blend"]


def register() -> None:
    """Give every strip its settings."""
    bpy.app.handlers.load_post.append(_keep_as_drawn)
    bpy.types.Strip.chromastrip = bpy.props.PointerProperty(type=StripSettings)


def unregister() -> None:
    """Take them back."""
    bpy.app.handlers.load_post.remove(_keep_as_drawn)
    del bpy.types.Strip.chromastrip
