"""Blender with the add-on, led by the rig: run by Blender's Python. Standard library and `bpy` only.

It says what it has come to in lines of JSON on standard output, and waits where the rig has to do something meanwhile.
"""

import atexit
import json
import os
import random
import sys
import time
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.chromastrip"
PATIENCE_SECONDS = 240


class Session:
    """A Blender with the add-on installed."""

    def __init__(self, *, archive: str, python: str) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
        preferences = bpy.context.preferences.addons[MODULE].preferences
        preferences.engine_python, preferences.precision = python, "float32"  # "auto" is measured anew in each cache
        self.jobs = sys.modules[f"{MODULE}.addon.jobs"]

    @property
    def scene(self):
        """The scene that is edited."""
        return getattr(bpy.context.workspace, "sequencer_scene", None) or bpy.context.scene

    @property
    def strips(self):
        """The sequencer's strips."""
        return self.scene.sequence_editor.strips

    def start_file(self, blend: Path, song: Path, settings: dict) -> None:
        """Make a .blend with a sound, or open the one that is there."""
        if blend.exists():
            self.open(blend)
            return
        bpy.ops.wm.read_homefile(use_empty=True)
        scene = bpy.context.scene
        scene.render.resolution_x = scene.render.resolution_y = 128
        scene.render.fps = settings["fps"]
        if hasattr(bpy.context.workspace, "sequencer_scene"):
            bpy.context.workspace.sequencer_scene = scene
        strip = scene.sequence_editor_create().strips.new_sound(name="song", filepath=str(song), channel=1, frame_start=1)
        strip.chromastrip.model = settings["model"]
        scene.sequence_editor.active_strip = strip
        bpy.ops.wm.save_as_mainfile(filepath=str(blend))

    def open(self, blend: Path) -> None:
        """Open a .blend as a user does."""
        bpy.ops.wm.open_mainfile(filepath=str(blend))
        if hasattr(bpy.context.workspace, "sequencer_scene"):
            bpy.context.workspace.sequencer_scene = bpy.context.scene
        self.scene.sequence_editor.active_strip = self.strips["song"]

    def advance(self, until=lambda: False) -> bool:
        """Let the timer work until a job has ended (False) or has come to a moment (True)."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self.jobs.state.busy:
            if until():
                return True
            if time.monotonic() > end:
                raise TimeoutError(f"still busy: {self.jobs.state}")
            time.sleep(0.01)
            self.jobs.tick()
        return False

    def films(self) -> list:
        """List the films on the timeline."""
        return [strip for strip in self.strips if strip.type == "IMAGE"]

    def shown(self) -> list[str]:
        """Give the files that the first film shows."""
        films = self.films()
        folder = Path(bpy.path.abspath(films[0].directory)) if films else None
        return [str(folder / element.filename) for element in films[0].elements] if films else []

    def at(self, moment: str):
        """Give what says that a job has come to a moment."""
        state = self.jobs.state
        stages = {"listening": "Listening", "loading": "Loading model", "exporting": "Copying media"}

        def come() -> bool:
            progress = self.jobs.state.progress
            if moment == "inserting":
                return bool(self.films()) or self.jobs.state.finished is not None
            if progress is None:
                return False
            if moment in stages:
                return progress.stage == stages[moment]
            least = {"first frame": 1, "middle": 0.4 * progress.total, "writing": progress.total}[moment]
            return progress.stage == "Drawing" and progress.done >= least

        del state
        return come

    def told(self) -> dict:
        """Give what the panel says."""
        error = self.jobs.state.error
        details = self.jobs.state.details
        return {
            "error": [error.cause, error.cure] if error else None,
            "details": details,
            "notes": list(self.jobs.state.notes),
            "films": len(self.films()),
            "shown": self.shown(),
        }


def say(**words) -> None:
    """Tell the rig."""
    print(f"\nRIG {json.dumps(words)}", flush=True)  # Blender itself may just have written half a line


def hear() -> str:
    """Wait for the rig's word."""
    return sys.stdin.readline().strip()


# Faults that happen in Blender itself ---------------------------------------------------------------------------------------------------


def switch_file(session: Session, blend: Path) -> None:
    """Open another file in mid-job, and the first one again."""
    bpy.ops.wm.read_homefile(use_empty=True)
    for _ in range(20):
        session.jobs.tick()
        time.sleep(0.01)
    session.open(blend)


def undo_storm(session: Session, blend: Path, rng: random.Random) -> None:
    """Undo and redo, the timer working meanwhile."""
    del blend
    for _ in range(rng.randint(5, 30)):
        redo = rng.random() < 0.4
        try:
            (bpy.ops.ed.redo if redo else bpy.ops.ed.undo)()
        except RuntimeError:  # nothing to undo
            bpy.ops.ed.undo_push(message="a step")
        session.jobs.tick()


def cut_line(session: Session) -> None:
    """Cut the connection to the worker."""
    line = session.jobs._worker._line
    if line is not None:
        line._connection.shutdown(2)


def main(said: str) -> None:
    """Do a round: generate, stop at the moment, be struck, go on, and once more undisturbed."""
    plan = json.loads(said)
    blend = Path(plan["blend"])
    session = Session(archive=plan["archive"], python=plan["python"])
    session.start_file(blend, Path(plan["song"]), plan["settings"])
    if plan["fault"]:
        _disturbed(session, plan, blend)
        hear()
    session.jobs.state.error = None
    if not session.strips.get("song"):
        session.open(blend)
    session.scene.sequence_editor.active_strip = session.strips["song"]
    bpy.ops.chromastrip.generate()
    session.advance()
    bpy.ops.wm.save_mainfile()
    say(ended=session.told())
    atexit._run_exitfuncs()
    os._exit(0)  # Blender 4.5 sometimes waits for its sound thread for ever: see tests/in_blender/conftest.py


def _disturbed(session: Session, plan: dict, blend: Path) -> None:
    bpy.ops.ed.undo_push(message="before")
    rng = random.Random(plan["seed"])
    bpy.ops.chromastrip.generate()
    came = session.advance(until=session.at(plan["moment"]))
    say(came=came, worker=session.jobs.worker_pid())
    hear()  # struck from outside meanwhile
    match plan["fault"] if came else "":
        case "file switched":
            switch_file(session, blend)
        case "undo storm":
            undo_storm(session, blend, rng)
        case "line cut":
            cut_line(session)
        case "worker hung":
            bpy.ops.chromastrip.cancel()
        case "Blender closed":
            atexit._run_exitfuncs()
            os._exit(0)
    session.advance()
    say(struck=session.told())


if __name__ == "__main__":
    main(sys.argv[1])
