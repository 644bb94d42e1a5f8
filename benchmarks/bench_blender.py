"""How long does the add-on hold Blender up?

A real Blender without a window installs the zip, presses Generate, and calls the add-on's timer function as often as Blender would, each
call timed, while the worker draws 3000 sync cards on the same cores: `in_blender.py` is what runs there. Another one, in a window on a
virtual screen, shows the sidebar with all panels open beside a film of 10 000 frames: `in_window.py`.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import build_addon
from benchmarks.measure import Figure, write_results
from benchmarks.songs import DEMO_SONG, write_song
from tests.window.virtual_screen import UnfitMachineError, ensure_root, run_in_window
from tools.environments import BLENDERS, ROOT, Environment, clean_environ

FILM_SECONDS = 120  # 3000 frames at in_blender's rate
WORST_POLL_MILLISECONDS = 2.0
WORST_DRAW_MILLISECONDS = 1.0
LARGE_FRAMES = 10_000
LONGEST_INSERTION_MILLISECONDS = 200.0
LONGEST_START_MILLISECONDS = 30.0
WINDOW_SECONDS = 400
LOUD_LINES = 15


def main() -> int:
    blender = next((environment for environment in reversed(BLENDERS.values()) if environment.is_ready), None)
    if blender is None:
        print("No Blender is installed here: python3 dev.py setup", file=sys.stderr)
        return 1
    result = run_in_blender(blender)
    drawn = run_in_a_window()
    remarks = "On the clock, ticks and draws include what other processes take from this one; on the processor they do not."
    if drawn["measured"] and not any(name.startswith("garbage collector within a draw") for name in drawn["measured"]):
        remarks += " Python's garbage collector never ran within a draw."
    write_results(
        "blender",
        question=__doc__,
        figures=[*figures(result["measured"]), *panel_figures(drawn["measured"])],
        remarks=remarks,
        blender=result["blender"],
        **({"blender_in_a_window": drawn["blender"]} if drawn["blender"] else {}),
    )
    return 0


def figures(measured: dict[str, list[float]]) -> list[Figure]:
    """Name what was measured; a worst value has one repeat: all ticks together."""
    worst, work = max(measured["tick"]), max(measured["tick on the processor"])
    bar = f"worst under {WORST_POLL_MILLISECONDS:g} ms"
    large = {screen: measured[f"inserting {LARGE_FRAMES}, {screen} on screen"] for screen in ("sequencer", "no sequencer")}
    return [
        Figure(name="tick of the timer without news", unit="ms", values=measured["tick without news"]),
        Figure(name="tick of the timer with news", unit="ms", values=measured["tick with news"]),
        Figure(name=f"worst of {len(measured['tick'])} ticks", unit="ms", values=[worst]),
        Figure(name="worst tick on the processor", unit="ms", values=[work], bar=bar, kept=work < WORST_POLL_MILLISECONDS),
        Figure(name="inserting 3000 frames, sequencer on screen", unit="ms", values=measured["inserting, sequencer on screen"]),
        Figure(name="inserting 3000 frames, no sequencer on screen", unit="ms", values=measured["inserting, no sequencer on screen"]),
        _median(large["sequencer"], f"inserting {LARGE_FRAMES} frames, sequencer on screen", below=LONGEST_INSERTION_MILLISECONDS),
        Figure(name=f"inserting {LARGE_FRAMES} frames, no sequencer on screen", unit="ms", values=large["no sequencer"]),
        Figure(name=f"turning a strip of {LARGE_FRAMES} frames to others", unit="ms", values=measured[f"turning {LARGE_FRAMES}"]),
        Figure(name="pressing Generate, starting a worker", unit="ms", values=measured["pressing Generate, cold"]),
        Figure(name="pressing Generate, worker there", unit="ms", values=measured["pressing Generate, warm"]),
        Figure(name="tick that finds the worker killed", unit="ms", values=measured["finding the worker dead"]),
        Figure(name="ending a worker in mid-film, as quitting does", unit="ms", values=measured["ending a busy worker"]),
        _median(measured["enabling"], "import and registration at Blender's start", below=LONGEST_START_MILLISECONDS),
        Figure(name="import and registration, on the processor", unit="ms", values=measured["enabling, on the processor"]),
        Figure(name="installation from the zip", unit="s", values=measured["installing"]),
        *(Figure(name=name, unit="s", values=values) for name, values in measured.items() if name.startswith("first frame")),
    ]


def _median(values: list[float], name: str, *, below: float) -> Figure:
    return Figure(name=name, unit="ms", values=values, bar=f"median under {below:g} ms", kept=statistics.median(values) < below)


def panel_figures(measured: dict[str, list[float]]) -> list[Figure]:
    """Name what was measured of the panels: each one's draws, and the worst of all."""
    bar = f"worst under {WORST_DRAW_MILLISECONDS:g} ms"
    figures = []
    for subject, words in (("film", f"film of {LARGE_FRAMES} frames"), ("sound", "sound"), ("1000 things", "sound with 1000 things")):
        draws = {name: values for name, values in measured.items() if name.startswith(f"draw, {subject}, ")}
        if not draws:
            continue
        name = max(draws, key=lambda name: statistics.median(draws[name]))
        work = max(measured[f"draw on the processor, {subject}"])
        count = sum(map(len, draws.values()))
        figures += [
            Figure(name=f"draw of the slowest panel ({name.rpartition(', ')[2]}), {words}", unit="ms", values=draws[name]),
            Figure(name=f"worst of {count} draws on the clock, {words}", unit="ms", values=[max(map(max, draws.values()))]),
            Figure(name=f"worst draw on the processor, {words}", unit="ms", values=[work], bar=bar, kept=work < WORST_DRAW_MILLISECONDS),
        ]
    figures += [Figure(name=name, unit="ms", values=values) for name, values in measured.items() if name == "choosing 1000 things"]
    return figures


def run_in_a_window() -> dict[str, Any]:
    """Run `in_window.py` in a window on a virtual screen, and give what it measured: nothing where the machine can have none."""
    try:
        root = ensure_root()
    except UnfitMachineError as unfit:
        print(f"The panels are not measured: {unfit}", file=sys.stderr)
        return {"blender": "", "measured": {}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = run_in_window(
            ROOT / "benchmarks" / "in_window.py",
            out=folder / "out",
            root=root,
            zip_path=build_addon.build(folder),
            extension_id="chromastrip",
            env={"WINDOW_MODULE": "bl_ext.user_default.chromastrip", "WINDOW_SONG": str(DEMO_SONG)},
            binds=[folder, ROOT],
            seconds=WINDOW_SECONDS,
        )
        if not result.ok:
            raise RuntimeError(result.report())
        return json.loads((folder / "out" / "measured.json").read_text(encoding="utf-8"))


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
