"""Long use: an editor works in one Blender, and nothing grows; afterwards a fresh Blender shows the same. See `editor`."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import build_addon
from tests import sounds
from tests.rig.jobs import ROOT, Place

SETTINGS = {"model": "sync-card", "fps": 24}
SECONDS_OF_SOUND = 3
WARM_UP = 3
"""So many notes are left out: what is loaded once is no growth."""
MOST_GROWTH_MB, MOST_GROWTH = 60, 1.25
MOST_MORE_FILES, MOST_MORE_THREADS = 6, 6


def main(*, seconds: int, seed: int, python: Path, actions: int = 0, every: int = 20) -> list[str]:
    """Work for so long, or so many actions; give the findings."""
    with tempfile.TemporaryDirectory(prefix="rig-editor-") as folder:
        place = Place(base=Path(folder))
        for one in (place.project, place.base / "home", place.base / "tmp", place.base / "blender"):
            one.mkdir()
        sounds.write(place.song, sounds.melody(seconds=SECONDS_OF_SOUND), 22_050)
        plan = {
            "archive": str(build_addon.build(place.base)),
            "python": sys.executable,
            "blend": str(place.project / "film.blend"),
            "song": str(place.song),
            "settings": SETTINGS,
            "seed": seed,
            "seconds": seconds,
            "actions": actions,
            "every": every,
        }
        notes, last = _work(place, plan, python)
        if "shown" not in last:
            return [f"Blender ended: {(place.base / 'said.txt').read_text(errors='replace')[-3000:]}"]
        _, fresh = _work(place, plan | {"look": True}, python)
        findings = list(_growth(notes))
        if fresh.get("shown") != last["shown"]:
            findings.append(f"a fresh Blender shows {fresh.get('shown')}, not {last['shown']}")
        print(f"{sum(last['actions'].values())} actions {last['actions']}; refused: {last['refusals']}", flush=True)
        return findings


def _work(place: Place, plan: dict, python: Path) -> tuple[list[dict], dict]:
    environ = place.environ() | {"BLENDER_USER_RESOURCES": str(place.base / "blender")}
    command = [python, ROOT / "tests" / "rig" / "editor.py", json.dumps(plan)]
    notes: list[dict] = []
    with (place.base / "said.txt").open("ab") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        for line in process.stdout:
            if line.startswith("RIG "):
                notes.append(json.loads(line[4:]))
                print({name: notes[-1][name] for name in notes[-1] if name != "shown"}, flush=True)
        process.wait()
        process.stdout.close()
    return notes[:-1], notes[-1] if notes else {}


def _growth(notes: list[dict]) -> list[str]:
    """Hold the second half of the notes against the first."""
    found = []
    for process in ("blender", "worker"):
        told = [note[process] for note in notes if note[process]][WARM_UP:]
        half = len(told) // 2
        for name, most in (("MB", MOST_GROWTH_MB), ("files", MOST_MORE_FILES), ("threads", MOST_MORE_THREADS)):
            before, after = ([one[name] for one in part] for part in (told[:half], told[half:]))
            if half and min(after) > MOST_GROWTH * max(before) and min(after) > max(before) + most:
                found.append(f"{process}: {name} grew from {before} to {after}")
    left = [name for note in notes for name in (*note["temporary"], *note["half"])]
    return [*found, *([f"left: {sorted(set(left))}"] if left else [])]
