#!/usr/bin/env python3
"""Everything a developer does, by one command each: `python3 dev.py --help`.

In: the command line. Out: an exit code, 0 when all went well. Needs nothing but Python 3.11 or newer; whatever else a command needs,
it installs under `.venv/` first. Works on Linux and macOS.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from types import FrameType

import build_addon
from tools.environments import (
    BLENDERS,
    NOTEBOOK,
    RAY,
    ROOT,
    WORKER,
    Environment,
    SetupError,
    clean_environ,
    find_python,
    make,
    missing_system_packages,
    why_no_python,
)

IN_CI = os.environ.get("CI") == "true"
DEMO_SONG, DEMO_LYRICS = (ROOT / "tools" / f"demo_song{suffix}" for suffix in (".ogg", ".lrc"))
AT_ONCE = 2  # tests: more Blenders than that want more memory than many a machine has
INTERRUPTED = 130  # what a shell reports for a program that Ctrl+C ended


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # `kill` and a closed terminal end a run as Ctrl+C does
        signal.signal(number, _interrupt)
    options = parse(arguments)
    try:
        return options.command(options)
    except SetupError as problem:
        print(f"dev.py: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dev.py: interrupted. The same command goes on where it stopped.", file=sys.stderr)
        return INTERRUPTED


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; `options.command` is the function to call."""
    parser = argparse.ArgumentParser(prog="dev.py", description="Chromastrip's tools for developers.", allow_abbrev=False)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], explanation: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=explanation, description=explanation, allow_abbrev=False)
        one.set_defaults(command=command, name=name)
        return one

    setting_up = add("setup", setup, "Install the engine, for use in Blender.")
    setting_up.add_argument("--all", action="store_true", help="also a Blender of each version for the tests, as far as this machine can")
    _add_test_options(add("test", test, "Run the tests; more arguments go to pytest."))
    checking = add("check", check, "Format, lint, types, fast tests, zip: about a minute once set up.")
    checking.add_argument("--fix", action="store_true", help="format, and mend what the linter can mend")
    benchmarking = add("bench", bench, "Run benchmarks/bench_*.py, or those that are named.")
    benchmarking.add_argument("names", nargs="*", metavar="NAME", help="such as 'generator' for benchmarks/bench_generator.py")
    _add_demo_options(add("demo", demo, "A song to a film: sound strip, synced image strip, .blend, movie, contact sheet, .otio."))
    rigging = add("rig", rig, "Look for faults by seed: faults at moments, strangers' bytes, long use. More arguments go to tests/rig.")
    rigging.usage = "dev.py rig [-h] [SUBJECT ...] [--rounds N] [--seed S] [--seconds N] [--keep DIR]"
    add("zip", make_zip, "Build the add-on's zip into dist/.")
    add("packages", packages, "Print the Debian packages that bpy needs and this machine lacks.")

    options, options.rest = parser.parse_known_args(arguments)
    if options.rest and options.name not in ("test", "rig"):
        parser.error(f"{options.name} does not know {' '.join(options.rest)}")
    return options


# --- setup ------------------------------------------------------------------------------------------------------------------------


def setup(options: argparse.Namespace) -> int:
    """Make the engine's environment, or all that this machine can make; say where the engine's Python is, and what is missing."""
    make_all() if options.all else make([WORKER])
    if options.all:
        _print_missing()
    print(f"The engine's Python, for the add-on's preferences: {WORKER.python}")
    return 0


def make_all() -> None:
    """Make what this machine can make; last what shares the worker's packages."""
    make(possible_environments())
    make([RAY, NOTEBOOK])


def possible_environments() -> list[Environment]:
    """List the environments that a Python of this machine fits."""
    return [environment for environment in (WORKER, *BLENDERS.values()) if environment.is_ready or find_python(environment)]


def packages(_options: argparse.Namespace) -> int:
    """Print Debian packages for `apt-get install`."""
    print(*missing_system_packages())
    return 0


def _print_missing() -> None:
    for version, environment in BLENDERS.items():
        if not environment.is_ready:
            reason = "not installed" if find_python(environment) else why_no_python(environment)
            print(f"Tests in Blender {version} are skipped: {reason}.")
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print("Tests in a window are skipped: they need root on Debian, to make a system with a virtual screen.")


# --- test -------------------------------------------------------------------------------------------------------------------------


def test(options: argparse.Namespace) -> int:
    """Run pytest once over all layers of `tests/`, or over the fast one."""
    if options.fast:
        make([WORKER])
        return pytest("tests/fast", *options.rest)
    try:
        make_all()
    except SetupError as problem:
        if IN_CI or not WORKER.is_ready:
            raise
        print(problem, file=sys.stderr)
    _print_missing()
    return pytest("-n", str(AT_ONCE), "--dist", "loadscope", *options.rest)


def pytest(*arguments: str) -> int:
    """Run pytest in the worker's environment."""
    return run(WORKER.python, "-m", "pytest", *arguments)


def rig(options: argparse.Namespace) -> int:
    """Let the rig look for faults, see `tests/rig/__main__.py`."""
    make([WORKER])
    return run(WORKER.python, "-m", "tests.rig", *options.rest)


def _add_test_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fast", action="store_true", help="only tests/fast, which needs no Blender")
    parser.usage = "dev.py test [-h] [--fast] [pytest arguments ...]"


# --- check ------------------------------------------------------------------------------------------------------------------------


def check(options: argparse.Namespace) -> int:
    """Run every quick check, also after one has failed, and tell how long each took."""
    make([WORKER])
    tool = str(WORKER.python.parent)
    steps: dict[str, Callable[[], int]] = {
        "format": lambda: run(f"{tool}/ruff", "format", *([] if options.fix else ["--check"]), "--quiet"),
        "lint": lambda: run(f"{tool}/ruff", "check", *(["--fix"] if options.fix else []), "--quiet", "--output-format", "concise"),
        "types": check_types,
        "fast tests": lambda: pytest("tests/fast", "--quiet", "-n", str(AT_ONCE)),
        "zip": validate_zip,
    }
    if options.fix:  # what the linter mends may want formatting: lint goes first
        steps = {"lint": steps.pop("lint"), **steps}
    failed = [name for name, step in steps.items() if not _passes(name, step)]
    print(f"Failed: {', '.join(failed)}." if failed else "All checks passed.")
    return 1 if failed else 0


def check_types() -> int:
    """Type-check the add-on in the layout that Blender sees (one package, so that `..core` exists), and the developers' tools."""
    layout = ROOT / ".venv" / "types" / "chromastrip"
    shutil.rmtree(layout, ignore_errors=True)
    for name, data in build_addon.contents().items():
        (layout / name).parent.mkdir(parents=True, exist_ok=True)
        (layout / name).write_bytes(data)
    command = [WORKER.python.parent / "ty", "check", "--output-format", "concise", layout, "tools", "dev.py", "build_addon.py"]
    done = subprocess.run(command, cwd=ROOT, env=clean_environ(), stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout.replace(f"{layout.relative_to(ROOT)}/", ""), end="")
    return done.returncode


def validate_zip() -> int:
    """Build the zip into a temporary folder and have Blender's own validator look at it."""
    with tempfile.TemporaryDirectory() as folder:
        path = build_addon.build(Path(folder))
        validators = list((ROOT / ".venv").glob("blender-*/lib/*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
        if not validators:
            print("built; not validated: no Blender environment yet (python3 dev.py setup --all)")
            return 0
        return run(WORKER.python, max(validators), "validate", path, stdout=subprocess.DEVNULL)


def _passes(name: str, step: Callable[[], int]) -> bool:
    started = time.monotonic()
    print(f"{name} ...", flush=True)
    code = step()
    print(f"{name}: {'FAILED' if code else 'passed'} in {time.monotonic() - started:.1f} s", flush=True)
    return code == 0


# --- bench ------------------------------------------------------------------------------------------------------------------------


def bench(options: argparse.Namespace) -> int:
    """Run benchmarks one after the other; each prints its own result."""
    existing = {path.stem.removeprefix("bench_"): path for path in sorted((ROOT / "benchmarks").glob("bench_*.py"))}
    unknown = [name for name in options.names if name not in existing]
    if unknown:
        print(f"dev.py: no benchmark named {', '.join(unknown)}; there are: {', '.join(existing) or 'none yet'}", file=sys.stderr)
        return 2
    if not existing:
        print("No benchmarks yet: a file benchmarks/bench_NAME.py would be one.")
        return 0
    make([WORKER])
    return max(run(WORKER.python, "-m", f"benchmarks.bench_{name}") for name in options.names or existing)


# --- demo -------------------------------------------------------------------------------------------------------------------------


def demo(options: argparse.Namespace) -> int:
    """Set up what the demo needs, then let `tools/demo_in_blender.py` make the film."""
    song = options.song or DEMO_SONG
    blender = demo_blender() if options.blender is None else None
    make([WORKER, blender] if blender else [WORKER])
    program = [blender.python] if blender else [options.blender, "--background", "--factory-startup", "--python-exit-code", "1", "--python"]
    separator = [] if blender else ["--"]
    settings = {
        "--zip": build_addon.build(ROOT / "dist"),
        "--worker-python": WORKER.python,
        "--song": song,
        "--lyrics": options.lyrics or (None if options.song else DEMO_LYRICS),
        "--fps": options.fps,
        "--seconds": options.seconds,
        "--out": options.out.resolve(),
    }
    arguments = [str(part) for name, value in settings.items() if value is not None for part in (name, value)]
    with tempfile.TemporaryDirectory(prefix="chromastrip-demo-") as resources:  # the user's own Blender settings stay as they are
        environ = clean_environ(BLENDER_USER_RESOURCES=resources)
        return run_interruptible([*program, ROOT / "tools" / "demo_in_blender.py", *separator, *arguments], environ)


def demo_blender() -> Environment:
    """Choose one Blender package: the one for the running Python, else any that a Python of this machine fits."""
    choices = [BLENDERS["4.5"], BLENDERS["5.2"], BLENDERS["5.3"]]
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    choices.sort(key=lambda environment: running not in environment.pythons)
    chosen = next((environment for environment in choices if environment.is_ready or find_python(environment)), None)
    if chosen is None:
        reasons = "; ".join(why_no_python(environment) for environment in choices)
        raise SetupError(f"the demo needs Python 3.11 or 3.13, or a Blender by --blender PATH: {reasons}.")
    return chosen


def _add_demo_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("song", nargs="?", type=_file, metavar="SONG", help="any sound or movie file (default: the project's own song)")
    parser.add_argument("--lyrics", type=_file, metavar="FILE", help="its words: text, .lrc, .srt, .vtt (the project's song has its own)")
    parser.add_argument("--fps", type=_positive_fraction, default=Fraction(25), help="such as 24 or 30000/1001 (default: 25)")
    parser.add_argument("--seconds", type=_positive_fraction, help="only the first N seconds of the song")
    parser.add_argument("--blender", type=_program, metavar="PATH", help="use this Blender, 4.5 or newer (default: installs one)")
    parser.add_argument("--out", type=Path, default=ROOT / "demo_out", metavar="DIR", help="where the results go (default: demo_out)")


def _file(text: str) -> Path:
    path = Path(text).expanduser().resolve()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {path}")
    return path


def _program(text: str) -> str:
    path = shutil.which(Path(text).expanduser())
    if path is None:
        raise argparse.ArgumentTypeError(f"{text} is no program that can be run; give the path of the file 'blender'")
    return str(Path(path).absolute())


def _positive_fraction(text: str) -> Fraction:
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        value = Fraction(0)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0; write it like 24, 12.5 or 30000/1001")
    return value


# --- zip --------------------------------------------------------------------------------------------------------------------------


def make_zip(_options: argparse.Namespace) -> int:
    """Build the zip into dist/ and print its path."""
    print(build_addon.build(ROOT / "dist").relative_to(ROOT))
    return 0


# --- Child processes --------------------------------------------------------------------------------------------------------------


def run(*command: str | Path, stdout: int | None = None) -> int:
    """Run a program in the repository and wait for it, also when Ctrl+C is on its way to both."""
    process = subprocess.Popen(command, cwd=ROOT, env=clean_environ(), stdout=stdout)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()  # a second word for one that a terminal's Ctrl+C has not reached
        process.wait()
        raise


def run_interruptible(command: Iterable[str | Path], environ: dict[str, str]) -> int:
    """Run a program that tidies up when interrupted.

    It gets a process group of its own, so that an interruption arrives there exactly once, and at the program only, whether it came
    from the keyboard or by `kill`. The second one ends the whole group.
    """
    process = subprocess.Popen([*command], cwd=ROOT, env=environ, process_group=0, stdin=subprocess.DEVNULL)
    interruptions = 0
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            interruptions += 1
            if interruptions == 1:
                process.send_signal(signal.SIGINT)
            else:
                os.killpg(process.pid, signal.SIGKILL)
        else:
            return INTERRUPTED if interruptions else code


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
