"""Long use: an editor works in one Blender, and nothing grows; afterwards a fresh Blender shows the same. See `editor`."""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import build_addon
from tests import sounds
from tests.rig.jobs import ROOT, Place

SETTINGS = {"model": "emoji", "fps": 12}
SECONDS_OF_SOUND = 3
WARM_UP = 3
"""So many notes are left out: what is loaded once is no growth."""
MOST_GROWTH = 1.15
MOST_MORE = {"MB": 40, "files": 5, "threads": 5, "films": 15, "pictures": 400}
"""What is more than that, and more than `MOST_GROWTH` times as much, has grown."""
ENOUGH_ACTIONS = 300
EXERCISED = ("undone", "redone", "undone while drawing", "redone while drawing", "films cleaned up", "pictures cleaned up")
"""What happens in so many actions, or the rig itself is at fault."""


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
        count = sum(last["actions"].values())
        findings += [f"never {name}" for name in EXERCISED if count > ENOUGH_ACTIONS and not last["done"].get(name)]
        print(f"{count} actions {last['actions']}; {last['done']}; refused: {last['refusals']}", flush=True)
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
    """Hold the last quarter of the notes against the first: the middle of each, so that a steady leak shows and a peak does not."""
    found = []
    for subject in ("blender", "worker", "disk"):
        told = [note[subject] for note in notes if note[subject]][WARM_UP:]
        quarter = len(told) // 4
        for name in told[0] if quarter else ():
            before, after = (statistics.median(one[name] for one in part) for part in (told[:quarter], told[-quarter:]))
            if after > MOST_GROWTH * before and after > before + MOST_MORE[name]:
                found.append(f"{subject}: {name} grew from {before} to {after}")
    left = [name for note in notes for name in (*note["temporary"], *note["half"])]
    return [*found, *([f"left: {sorted(set(left))}"] if left else [])]
