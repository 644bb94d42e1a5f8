"""How long does the add-on hold Blender up?

A real Blender without a window installs the zip, presses Generate, and calls the add-on's timer function as often as Blender would, each
call timed, while the worker draws 3000 sync cards on the same cores. `in_blender.py` is what runs there.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import build_addon
from benchmarks.measure import Figure, write_results
from benchmarks.songs import DEMO_SONG, write_song
from tools.environments import BLENDERS, ROOT, Environment, clean_environ

FILM_SECONDS = 120  # 3000 frames at in_blender's rate
WORST_POLL_MILLISECONDS = 5.0
LOUD_LINES = 15


def main() -> int:
    blender = next((environment for environment in reversed(BLENDERS.values()) if environment.is_ready), None)
    if blender is None:
        print("No Blender is installed here: python3 dev.py setup", file=sys.stderr)
        return 1
    result = run_in_blender(blender)
    write_results(
        "blender",
        question=__doc__,
        figures=figures(result["measured"]),
        remarks="Ticks on the clock include what other processes take from this one. Ticks on the processor do not.",
        blender=result["blender"],
    )
    return 0


def figures(measured: dict[str, list[float]]) -> list[Figure]:
    """Name what was measured; a worst value has one repeat: all ticks together."""
    worst = max(measured["tick"])
    bar = f"worst under {WORST_POLL_MILLISECONDS:g} ms"
    return [
        Figure(name="tick of the timer without news", unit="ms", values=measured["tick without news"]),
        Figure(name="tick of the timer with news", unit="ms", values=measured["tick with news"]),
        Figure(name=f"worst of {len(measured['tick'])} ticks", unit="ms", values=[worst], bar=bar, kept=worst < WORST_POLL_MILLISECONDS),
        Figure(name="worst tick on the processor", unit="ms", values=[max(measured["tick on the processor"])]),
        Figure(name="inserting 3000 frames, sequencer on screen", unit="ms", values=measured["inserting, sequencer on screen"]),
        Figure(name="inserting 3000 frames, no sequencer on screen", unit="ms", values=measured["inserting, no sequencer on screen"]),
        Figure(name="pressing Generate, starting a worker", unit="ms", values=measured["pressing Generate, cold"]),
        Figure(name="pressing Generate, worker there", unit="ms", values=measured["pressing Generate, warm"]),
        Figure(name="tick that finds the worker killed", unit="ms", values=measured["finding the worker dead"]),
        Figure(name="ending a worker in mid-film, as quitting does", unit="ms", values=measured["ending a busy worker"]),
        Figure(name="import and registration at Blender's start", unit="ms", values=[1000 * value for value in measured["enabling"]]),
        Figure(name="installation from the zip", unit="s", values=measured["installing"]),
        *(Figure(name=name, unit="s", values=values) for name, values in measured.items() if name.startswith("first frame")),
    ]


def run_in_blender(blender: Environment) -> dict[str, Any]:
    """Run `in_blender.py` with settings and caches of its own; give what it measured."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arguments = {
            "--zip": build_addon.build(folder),
            "--worker-python": sys.executable,
            "--song": DEMO_SONG,
            "--long-song": write_song(folder / "long.wav", seconds=FILM_SECONDS),
            "--folder": folder,
            "--out": folder / "measured.json",
        }
        environ = clean_environ(BLENDER_USER_RESOURCES=str(folder / "blender"), XDG_CACHE_HOME=str(folder / "cache"))
        command = [blender.python, "-m", "benchmarks.in_blender", *(str(part) for pair in arguments.items() for part in pair)]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError("\n".join((done.stdout + done.stderr).splitlines()[-LOUD_LINES:]))
        return json.loads(arguments["--out"].read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
