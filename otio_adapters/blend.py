"""OpenTimelineIO adapter that reads the Video Sequencer of ``.blend`` files: ``otioconvert -i film.blend -o film.otio``.

A Blender in the background does it: the program that the environment variable ``CHROMASTRIP_BLENDER`` names (a Python that has ``bpy`` will
do, too), else ``blender`` on the search path, else this very Python if it has ``bpy``. Chromastrip's add-on, whose folder lies beside this
one, reads the sequencer; the file's own scripts are not run. Needs nothing but opentimelineio.

What of the sequencer cannot be said is listed in the timeline's metadata, under ``chromastrip`` and ``notes``: pairs of what happened, and
to which clip (empty: named in the sentence).
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import opentimelineio as otio

METADATA_KEY = "chromastrip"
VARIABLE = "CHROMASTRIP_BLENDER"
ROOT = Path(__file__).resolve().parents[1]  # holds `addon` and `core`
TIMEOUT_SECONDS = 600
LAST_WORDS = 2000  # characters of Blender's output in an error message
PROGRAM = """
import importlib, importlib.machinery, importlib.util, os, sys, traceback
root, blend, out = sys.argv[-3:]
spec = importlib.machinery.ModuleSpec("chromastrip_addon", None, is_package=True)
spec.submodule_search_locations = [root]
sys.modules["chromastrip_addon"] = importlib.util.module_from_spec(spec)
try:
    importlib.import_module("chromastrip_addon.addon.timeline.of_file").write_edit_of_file(blend, out)
except BaseException:
    traceback.print_exc()
sys.stdout.flush()
sys.stderr.flush()
os._exit(0)
"""
"""Run where `bpy` is. The hard end: bpy 4.5 as a module can hang while it is taken down."""


def read_from_file(filepath: str) -> otio.schema.Timeline:
    """Read the timeline of a .blend file: of the scene that is open in it, or if that has no strips, of the one with the most.

    Raises
    ------
    otio.exceptions.OTIOError
        If there is no Blender, it cannot open the file, or no scene has strips.
    """
    path = Path(filepath).absolute()
    if not path.is_file():
        raise otio.exceptions.OTIOError(f"{path} is missing.")
    if not (ROOT / "addon").is_dir():
        raise otio.exceptions.OTIOError(f"Chromastrip's add-on is missing in {ROOT}: install it whole to read .blend files.")
    told = _told_by_blender(path)
    if told["edit"] is None:
        raise otio.exceptions.OTIOError(f"No scene of {path} has strips in its Video Sequencer.")
    timeline = otio.adapters.read_from_string(json.dumps(told["edit"]), "chromastrip_edit")
    if told["warnings"]:
        timeline.metadata.setdefault(METADATA_KEY, {})["notes"] = [[sentence.removesuffix("."), ""] for sentence in told["warnings"]]
    return timeline


def _told_by_blender(path: Path) -> dict:
    with tempfile.TemporaryDirectory(prefix="chromastrip") as folder:
        out = Path(folder) / "edit.json"
        command = [*_start(), str(ROOT), str(path), str(out)]
        try:
            done = subprocess.run(
                command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise otio.exceptions.OTIOError(f"Blender could not be run: {error}. Set {VARIABLE} to its program.") from error
        if not out.is_file():  # Blender's exit code says little
            words = (done.stdout + done.stderr).decode(errors="replace").strip()[-LAST_WORDS:]
            raise otio.exceptions.OTIOError(f"{command[0]} could not read {path}. Its last words:\n{words}")
        return json.loads(out.read_text(encoding="utf-8"))


def _start() -> list[str]:
    """Give the beginning of the command that runs `PROGRAM` where `bpy` is."""
    program = os.environ.get(VARIABLE) or shutil.which("blender")
    if not program and importlib.util.find_spec("bpy") is not None:
        program = sys.executable
    if not program:
        raise otio.exceptions.OTIOError(f"No Blender was found. Set {VARIABLE} to its program, or to a Python that has bpy.")
    if Path(program).name.lower().startswith("python"):
        return [program, "-I", "-c", PROGRAM]
    return [program, "--background", "--factory-startup", "--disable-autoexec", "--python-expr", PROGRAM, "--"]


def _environment() -> dict[str, str]:
    """Leave out what would give Blender's Python this one's packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") and name != "VIRTUAL_ENV"}
