"""Our sections' settings, out of a clip's metadata back onto its strip, so that they can be changed and the film drawn again."""

import json

import bpy

from .. import keyframes, shapes
from ..lyrics import OF_SELECTED_LINE
from ..sections import film_length, film_origin
from ..timeline.losses import Losses

OTHER_NAMES = {"sound": "sound_name"}
"""What `properties.settings_json` calls a property otherwise."""
NOT_SETTINGS = ("schema", "film", "sound_name", "unfinished", "draft", *OF_SELECTED_LINE)


def restore_settings(strip: bpy.types.Strip, metadata: str, losses: Losses) -> bool:
    """Write a clip's metadata onto its strip.

    Parameters
    ----------
    strip
        The new strip.
    metadata
        What `properties.settings_json` gave.
    losses
        Takes the strip's name if there are settings that this version does not know.

    Returns
    -------
    bool
        Whether it is a film of ours.
    """
    made = _read(metadata)
    if not made.get("film"):
        return False
    known = strip.chromastrip.bl_rna.properties.keys()
    for key, value in made.items():
        name = OTHER_NAMES.get(key, key)
        if name == "schema":
            continue
        if name == "keyed":
            keyframes.write_keys(strip, keyframes.unpacked(value), origin=film_origin(strip))
            continue
        if name not in known or name in OF_SELECTED_LINE or not _set(strip.chromastrip, name, value):
            losses.note("Made by another version of Chromastrip; settings that this one does not know are left out: {}.", strip.name)
    return True


def share_settings(strips: list[bpy.types.Strip]) -> None:
    """Give the sounds that came along the settings of the films that were drawn from them: Generate reads a sound's settings."""
    sounds = {strip.name: strip for strip in strips if strip.type == "SOUND"}
    for film in (strip for strip in strips if strip.type == "IMAGE" and strip.chromastrip.film):
        sound = sounds.pop(film.chromastrip.sound_name, None)
        for name in film.chromastrip.bl_rna.properties.keys() if sound is not None else ():
            if name not in ("rna_type", "name", *NOT_SETTINGS):
                _set(sound.chromastrip, name, getattr(film.chromastrip, name))
        if sound is not None:
            sound.chromastrip.shape = shapes.shape_of(film.chromastrip)
        if sound is not None:  # on the same frames, wherever the sound begins
            keyed = keyframes.read_keys(film, origin=film_origin(film), frame_count=film_length(film))
            keyframes.write_keys(sound, keyed, origin=film_origin(film))


def _read(metadata: str) -> dict:
    try:
        made = json.loads(metadata)
    except (ValueError, RecursionError):
        return {}
    return made if isinstance(made, dict) else {}


def _set(group: bpy.types.PropertyGroup, name: str, value: object) -> bool:
    kind = group.bl_rna.properties[name].type
    try:
        setattr(group, name, str(value) if kind == "ENUM" else value)
    except (TypeError, ValueError, AttributeError, OverflowError):
        return False
    return True
