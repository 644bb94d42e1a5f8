"""The edit of a .blend file, written by a Blender in the background that has just been started: what `otio_adapters/blend.py` calls."""

import json
from pathlib import Path

import bpy

from ...core.protocol import encode
from .. import lyrics, properties, things
from .reading import read_edit


def write_edit_of_file(blend: str, path: str) -> None:
    """Open a .blend file without running its scripts, and write its timeline to a file.

    Parameters
    ----------
    blend
        The .blend file.
    path
        The file to write: JSON, `edit` as `encode` gives it, and the list of `warnings`. If the .blend has no timeline, `edit` is null.
    """
    if not hasattr(bpy.types.Strip, "chromastrip"):  # our add-on is not enabled in a factory Blender
        for group in (things.ThingItem, lyrics.LineItem, properties.StripSettings):
            bpy.utils.register_class(group)
        properties.register()
    bpy.ops.wm.open_mainfile(filepath=blend, load_ui=False, use_scripts=False)
    scene = _scene()
    edit, warnings = (None, []) if scene is None else read_edit(scene)
    told = {"edit": edit and json.loads(encode(edit)), "warnings": warnings}
    Path(path).write_text(json.dumps(told), encoding="utf-8")


def _scene() -> bpy.types.Scene | None:
    """Choose the scene that is open if it has strips, else the one with the most."""
    with_strips = [scene for scene in bpy.data.scenes if _strip_count(scene) > 0]
    if bpy.context.scene in with_strips:
        return bpy.context.scene
    return max(with_strips, key=_strip_count, default=None)


def _strip_count(scene: bpy.types.Scene) -> int:
    return len(scene.sequence_editor.strips) if scene.sequence_editor is not None else 0
