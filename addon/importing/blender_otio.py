"""Blender's own .otio, which it reads and writes since 5.3: our films' settings go out with it, and come back from it.

Blender keeps a clip's foreign metadata in the strip's custom property `otio_metadata`, one text of JSON for each program, and writes them
out as metadata again. So what a film is made with is noted there when the film is shown. No handler tells of Blender's import: new
strips are found by a timer, whose work makes no undo step; after an undo it is done again.
"""

import bpy

from .. import compat
from ..lyrics import OF_SELECTED_LINE
from ..properties import StripSettings
from ..strips import STRIP_COLOR
from ..timeline.clips import film_metadata
from ..timeline.losses import Losses
from .restoring import restore_settings, share_settings

KEY, OURS = "otio_metadata", "chromastrip"

_seen: dict[int, int] = {}  # how many strips each scene had at the last look, by its session's number


def note(strip: bpy.types.ImageStrip) -> None:
    """Note what a film is made with where Blender's export takes it from; other programs' metadata stay."""
    if compat.WRITES_OTIO:
        strip[KEY] = _kept(strip) | {OURS: film_metadata(strip)}


def look() -> None:
    """Make the films that Blender's import has brought ours again; quick where no strip has come or gone."""
    for scene in bpy.data.scenes if compat.WRITES_OTIO else ():
        if scene.library is None and scene.sequence_editor is not None:
            strips = scene.sequence_editor.strips_all
            if _seen.get(scene.session_uid) != (count := len(strips)):
                _seen[scene.session_uid] = count
                _take_up(list(strips))


def forget() -> None:
    """After an undo, or in another .blend: what was found may be lost again."""
    _seen.clear()


def _take_up(strips: list[bpy.types.Strip]) -> None:
    losses = Losses()  # nobody asked: of what another version has set, nothing is told
    found = []
    for strip in strips:
        told = _kept(strip).get(OURS) if strip.type == "IMAGE" and not strip.chromastrip.film else None
        if isinstance(told, str) and restore_settings(strip, told, losses):
            strip.color_tag = STRIP_COLOR
            found.append(strip)
    if found:
        share_settings([*found, *(strip for strip in strips if strip.type == "SOUND" and _is_new(strip.chromastrip))])


def _is_new(settings: StripSettings) -> bool:
    """Say whether nobody has set anything: what a user has chosen for a sound that is there already stays."""
    names = settings.bl_rna.properties.keys()
    return not any(settings.is_property_set(name) for name in names if name not in ("rna_type", *OF_SELECTED_LINE))


def _kept(strip: bpy.types.Strip) -> dict[str, object]:
    kept = strip.get(KEY)
    return kept.to_dict() if hasattr(kept, "to_dict") else {}
