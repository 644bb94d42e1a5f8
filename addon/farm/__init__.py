"""A film for a render farm: its request and Flamenco's job as files, beside the script that Flamenco's manager needs. See docs/farm.md.

In: a sound strip. Out: a folder of three files. Nothing is sent anywhere.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import bpy

from ...core.protocol import RenderRequest, UserError, encode
from ...core.protocol.farm import flamenco_job
from ...core.protocol.machine import Machine
from .. import folders, strips

SCRIPT = Path(__file__).with_name("chromastrip_render.js")

written: dict[str, str] = {}
"""The last folder for each strip, by name: the panel says where."""


def write(scene: bpy.types.Scene, strip: bpy.types.Strip) -> Path:
    """Write a film's request and job; give their folder.

    Raises
    ------
    UserError
        If the strip's sound cannot be used elsewhere, or nothing can be written.
    """
    request = strips.render_request(scene, strip)
    if request.mix is not None and not Path(request.sound_path).exists():
        raise UserError("This film hears a mix of sounds that is not there yet.", "Press Generate once, and Cancel when pictures appear.")
    request = replace(request, mix=None, machine=Machine(precision=request.machine.precision))  # the device is each machine's own
    folder = folders.base_folder(scene) / "farm" / bpy.path.clean_name(strip.name)
    try:
        _write(folder, request)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}.", "Choose another folder in Output.") from error
    written[strip.name] = str(folder)
    return folder


def _write(folder: Path, request: RenderRequest) -> None:
    for needed in (folder, Path(request.cache_folder), Path(request.frames_folder)):  # that they are there tells of the shared disk
        needed.mkdir(parents=True, exist_ok=True)
    folders.write_whole(folder / "request.json", encode(request).encode())
    folders.write_whole(folder / "job.json", flamenco_job(request, str(folder / "request.json")).encode())
    shutil.copyfile(SCRIPT, folder / SCRIPT.name)
