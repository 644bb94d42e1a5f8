"""Edits to other editors' files: the edit description becomes an OpenTimelineIO timeline, and an adapter writes it."""

import functools
from pathlib import Path

import opentimelineio as otio

from .files import write_whole
from .protocol import Edit, UserError, encode

MANIFEST = Path(__file__).resolve().parent.parent / "otio_adapters" / "plugin_manifest.json"
FORMATS = {".otio": "otio_json"}


def export(edit: Edit, path: Path) -> None:
    """Write an edit to a file, whole or not at all.

    Parameters
    ----------
    edit
        What the timeline holds.
    path
        The file to write; its suffix names the format.

    Raises
    ------
    UserError
        If the suffix is unknown, or the file cannot be written.
    """
    adapter = FORMATS.get(path.suffix.lower())
    if adapter is None:
        raise UserError(f"“{path.suffix or path.name}” names no format that can be written.", f"Choose one of {', '.join(FORMATS)}.")
    text = otio.adapters.write_to_string(to_timeline(edit), adapter)
    write_whole(path, text.encode())  # not by opentimelineio, which does not notice that a disk is full


def to_timeline(edit: Edit) -> otio.schema.Timeline:
    """Turn an edit into an OpenTimelineIO timeline."""
    _register_adapters()
    return otio.adapters.read_from_string(encode(edit), "chromastrip_edit")


@functools.cache
def _register_adapters() -> None:
    otio.plugins.ActiveManifest().extend(otio.plugins.manifest_from_file(str(MANIFEST)))
