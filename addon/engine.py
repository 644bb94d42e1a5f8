"""How the engine runs: its Python, and what the user has chosen in the add-on's preferences."""

import enum
import hashlib
import json
import os
import sys
from pathlib import Path

import bpy

from ..core.protocol import AUTO, ENGINE, Machine, PictureFormat, Precision, UserError
from . import folders
from .output import AS_PREFERENCES

PACKAGE = __name__.rsplit(".", 2)[0]  # bl_ext.<repository>.chromastrip: Blender's name for this add-on
ROOT = Path(__file__).resolve().parent.parent  # holds `addon` and `core`
REQUIREMENTS = ROOT / "core" / "requirements.txt"
GB = 10**9
ENGINE_VARIABLE = "CHROMASTRIP_ENGINE"
WHERE = "in Edit > Preferences > Add-ons > Chromastrip"


class Condition(enum.Enum):
    """How the engine's environment is that Set Up Engine makes."""

    ABSENT = "absent"
    HALF_MADE = "half-made"
    BROKEN = "broken"
    OUTDATED = "outdated"
    READY = "ready"


REASONS = {
    Condition.ABSENT: ("The engine is not set up.", f"Press Set Up Engine {WHERE}."),
    Condition.HALF_MADE: ("The engine's environment is half-made.", f"Press Repair, or Retry, {WHERE}."),
    Condition.BROKEN: ("The Python that the engine was made with is gone.", f"Press Repair {WHERE}."),
    Condition.OUTDATED: ("The engine was made for another version of the add-on.", f"Press Update {WHERE}."),
}


def engine_python() -> Path:
    """Give the Python that runs the engine: the one that the user has named, else that of the environment that Set Up Engine made.

    Reads files: not for `draw()`.

    Raises
    ------
    UserError
        If there is none that is whole and fits this add-on.
    """
    if chosen := chosen_python():
        return Path(bpy.path.abspath(chosen))
    found = condition()
    if found != Condition.READY:
        raise UserError(*REASONS[found], missing=ENGINE)
    return made_python()


def chosen_python() -> str:
    """Give the Python that the user has named; empty: none."""
    addon = bpy.context.preferences.addons.get(PACKAGE)
    return addon.preferences.engine_python if addon else ""


def engine_folder() -> Path:
    """Give the user's folder for the engine, which all Blenders share: CHROMASTRIP_ENGINE, or where this system keeps users' data."""
    if os.environ.get(ENGINE_VARIABLE):
        return Path(os.environ[ENGINE_VARIABLE]).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "chromastrip" / "engine"
    data = Path.home() / ("Library/Application Support" if sys.platform == "darwin" else ".local/share")
    return Path(os.environ.get("XDG_DATA_HOME") or data) / "chromastrip" / "engine"


def made_python() -> Path:
    """Give the Python of the environment that Set Up Engine makes."""
    return engine_folder() / "environment" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def condition() -> Condition:
    """Say how that environment is: `core/bootstrap.py` writes `ready.json` last. Takes 0.1 ms; reads files, so not for `draw()`."""
    folder = engine_folder()
    if not (folder / "environment").exists():
        return Condition.ABSENT
    try:
        stamp = json.loads((folder / "ready.json").read_text(encoding="utf-8"))
        made_for = stamp["requirements"]
    except (OSError, ValueError, KeyError, TypeError):
        return Condition.HALF_MADE
    if not _can_run(folder / "environment"):
        return Condition.BROKEN
    return Condition.READY if made_for == _wanted() else Condition.OUTDATED


def _wanted() -> str:
    """Digest what the environment must hold, as `digest` in `core/bootstrap.py` does, which imports nothing and is not imported."""
    alone = REQUIREMENTS.with_name(f"{REQUIREMENTS.stem}-alone{REQUIREMENTS.suffix}")
    return hashlib.sha256(REQUIREMENTS.read_bytes() + (alone.read_bytes() if alone.is_file() else b"")).hexdigest()


def _can_run(environment: Path) -> bool:
    """Say whether the Python is still there that an environment was made from: it goes with the Blender that it belonged to."""
    try:
        lines = (environment / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    home = next((line.partition("=")[2].strip() for line in lines if line.startswith("home")), "")
    return made_python().exists() and Path(home).is_dir()


def steps_back() -> bool:
    """Say whether the engine leaves other programs, Blender first of all, the processor when they want it."""
    return bpy.context.preferences.addons[PACKAGE].preferences.steps_back


def mirrors() -> str:
    """Give the addresses that the user wants models to be downloaded from first, with blanks between."""
    return bpy.context.preferences.addons[PACKAGE].preferences.mirrors


def machine() -> Machine:
    """Give what shall draw."""
    chosen = bpy.context.preferences.addons[PACKAGE].preferences
    return Machine(
        device=(chosen.device in {AUTO, "cuda"} and chosen.cards.strip()) or chosen.device,
        precision=Precision(chosen.precision),
        cache_folder=str(folders.user_cache_folder()),
        cache_limit_bytes=chosen.cache_limit_gb * GB,
    )


def picture_format(scene: bpy.types.Scene) -> PictureFormat:
    """Give what files the frames of a scene's films shall be."""
    if scene.chromastrip.picture_format != AS_PREFERENCES:
        return PictureFormat(scene.chromastrip.picture_format)
    return PictureFormat(bpy.context.preferences.addons[PACKAGE].preferences.picture_format)
