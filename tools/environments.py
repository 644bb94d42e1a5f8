"""The virtual environments under `.venv/`: which there are, how each is made once, and how it is found again.

In: requirement files and the Pythons of this machine. Out: paths of Python programs that are ready to use.
Never touches anything outside `.venv/`, and needs nothing but the standard library.

An environment is ready when its stamp, written last, names the requirements of today. So one that was interrupted half-way, or
made for other versions, is recognised and made again; a lock keeps two runs from making the same one at once.
"""

import ctypes
import fcntl
import functools
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"

AT_ONCE = 2
"""Environments made at the same time: while one downloads, the other unpacks."""

SYSTEM_LIBRARIES = {
    "libSM.so.6": "libsm6",
    "libXi.so.6": "libxi6",
    "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3",
    "libXt.so.6": "libxt6",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""What the bpy packages link to and do not bring along, with the Debian package of each."""


class SetupError(Exception):
    """An environment cannot be made; the message names the cause and the cure."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A virtual environment.

    Attributes
    ----------
    name : str
        Folder below `.venv/`.
    pythons : tuple of str
        Python versions that it may be made with, best first, such as "3.11".
    requirements : tuple of str
        What pip installs, one requirement each.
    module : str
        Imported once at the end of set-up, to show that the installation works: one module, or several with commas.
    alone : tuple of str
        What pip installs after that without its own requirements.
    shares : Environment or None
        Another one of the same Python, made before, whose packages it sees and need not install.
    """

    name: str
    pythons: tuple[str, ...]
    requirements: tuple[str, ...]
    module: str
    alone: tuple[str, ...] = ()
    shares: "Environment | None" = None

    @property
    def folder(self) -> Path:
        """The environment itself."""
        return FOLDER / self.name

    @property
    def python(self) -> Path:
        """Its Python program."""
        return self.folder / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """The file that is written last; it holds `digest`."""
        return self.folder / "chromastrip-stamp"

    @property
    def log(self) -> Path:
        """What venv and pip said."""
        return FOLDER / f"{self.name}.log"

    @property
    def digest(self) -> str:
        """Digest of everything that, when it changes, asks for a new environment."""
        shared = [self.shares.digest] if self.shares else []
        return hashlib.sha256("\n".join([*self.pythons, *self.requirements, *self.alone, *shared]).encode()).hexdigest()

    @property
    def is_ready(self) -> bool:
        """Whether the environment is complete and made for the requirements of today."""
        return self.python.exists() and self.stamp.exists() and self.stamp.read_text() == self.digest


def read_requirements(path: Path) -> tuple[str, ...]:
    """Read a requirement file: one requirement a line, without comments."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line)


_DEVELOPMENT = read_requirements(ROOT / "tools" / "requirements-dev.txt")
_PYTEST = next(line for line in _DEVELOPMENT if line.startswith("pytest=="))
_RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


def _blender(version: str, *, bpy: str, python: str) -> Environment:
    return Environment(name=f"blender-{version}", pythons=(python,), requirements=(f"bpy=={bpy}", _PYTEST), module="bpy")


WORKER = Environment(
    name="worker",
    pythons=("3.11", "3.13", "3.12"),
    requirements=(*read_requirements(ROOT / "core" / "requirements.txt"), *_DEVELOPMENT),
    alone=read_requirements(ROOT / "core" / "requirements-alone.txt"),
    # librosa compiles itself at its first import: 15 s that the demo need not wait for.
    module="torch, librosa.core.constantq, librosa.onset",
)
"""The worker's packages, and what tests and checks need."""

RAY = Environment(name="ray", pythons=WORKER.pythons, requirements=("ray==2.60.0",), module="ray, torch", shares=WORKER)
"""The worker with Ray, for `tests/slow/test_ray.py`: 235 MB, most of it Ray. The worker alone must do without."""

NOTEBOOK = Environment(
    name="notebook",
    pythons=WORKER.pythons,
    requirements=("nbclient==0.11.0", "ipykernel==7.4.0", "ipywidgets==8.1.9"),
    module="nbclient, ipykernel, ipywidgets, torch",
    shares=WORKER,
)
"""The worker with Jupyter's kernel, for `tests/slow/test_notebook.py`."""

BLENDERS = {
    "4.5": _blender("4.5", bpy="4.5.15", python="3.11"),
    "5.0": _blender("5.0", bpy="5.0.1", python="3.11"),
    "5.1": _blender("5.1", bpy="5.1.2", python="3.13"),
    "5.2": _blender("5.2", bpy="5.2.3", python="3.13"),
    "5.3": _blender("5.3", bpy="5.3.0", python="3.13"),
}
"""Blender as a Python package, by version. Each has room for one Python version only."""


def clean_environ(**more: str) -> dict[str, str]:
    """Copy the process environment without what would bend a child Python (PYTHONPATH, VIRTUAL_ENV and the like)."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON") and key != "VIRTUAL_ENV"}
    return kept | more


def missing_system_packages() -> list[str]:
    """List the Debian packages that bpy needs and this machine lacks; and Node, which the farm's script is run under."""
    libraries = [package for library, package in SYSTEM_LIBRARIES.items() if not _loads(library)]
    return [*libraries, *([] if shutil.which("node") else ["nodejs"])]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


# --- Finding a Python -------------------------------------------------------------------------------------------------------------


def find_python(environment: Environment) -> Path | None:
    """Find the Python program that an environment is made with: the best version that this machine has."""
    found = (_find_version(version) for version in environment.pythons)
    return next((python for python in found if python), None)


def why_no_python(environment: Environment) -> str:
    """Say that no Python fits an environment, and what to do."""
    version = environment.pythons[0]
    return (
        f"no Python {' or '.join(environment.pythons)} that can make virtual environments"
        f" (`apt install python{version} python{version}-venv`, or `pyenv install {version}`)"
    )


@functools.cache
def _find_version(version: str) -> Path | None:
    return next((python for python in _candidates(version) if _works(python, version)), None)


def _candidates(version: str) -> Iterator[Path]:
    if version == _RUNNING:
        yield Path(sys.executable)
    for folder in os.get_exec_path():
        yield Path(folder) / f"python{version}"
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    yield from sorted(home.glob(f".local/share/uv/python/cpython-{version}.*/bin/python{version}"), reverse=True)


def _works(python: Path, version: str) -> bool:
    """Run a candidate: a shim may exist and not work, Debian's Python may lack venv."""
    if not python.is_file():
        return False
    probe = "import ensurepip, sys, sysconfig, venv; print(*sys.version_info[:2], sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
    try:
        done = subprocess.run([python, "-I", "-c", probe], capture_output=True, text=True, timeout=30, check=False, env=clean_environ())
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.split() == [*version.split("."), "0"]


# --- Making environments ----------------------------------------------------------------------------------------------------------


SHARE = """if True:
    import pathlib, sys, sysconfig
    paths = ({"base": folder, "platbase": folder} for folder in (sys.argv[1], sys.prefix))
    shared, own = (pathlib.Path(sysconfig.get_path("purelib", "venv", vars=where)) for where in paths)
    (own / "shared.pth").write_text(f"{shared}\\n")
"""
"""Has Python look for packages in another environment, too."""

Steps = Generator[str, None, str]
"""A set-up that is under way: yields what it is doing, and returns its closing word."""


def make(environments: Sequence[Environment]) -> None:
    """Make those environments that are not ready, two at a time, with one line of progress.

    Raises
    ------
    SetupError
        When at least one cannot be made; the others are finished first.
    """
    waiting = [environment for environment in environments if not environment.is_ready]
    running: dict[str, Steps] = {}
    problems: list[str] = []
    line = _StatusLine()
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                environment = waiting.pop(0)
                running[environment.name] = _steps(environment)
            line.show(_advance(running, problems, line))
            time.sleep(0.1)
    finally:
        line.clear()
        for steps in running.values():
            steps.close()  # ends its child processes
    if problems:
        raise SetupError("\n\n".join(problems))


def _advance(running: dict[str, Steps], problems: list[str], line: "_StatusLine") -> str:
    """Let each running set-up look at its child process once; return the line of progress."""
    status = []
    for name, steps in list(running.items()):
        try:
            status.append(f"{name}: {next(steps)}")
        except StopIteration as stop:
            del running[name]
            line.print(f"{name}: {stop.value}")
        except SetupError as problem:
            del running[name]
            problems.append(str(problem))
    return " | ".join(status)


def _steps(environment: Environment) -> Steps:
    """Make one environment in place; yield what it is doing, several times a second, and return the closing word."""
    started = time.monotonic()
    base = find_python(environment)
    if base is None:
        raise SetupError(f"{environment.name}: {why_no_python(environment)}.")
    FOLDER.mkdir(exist_ok=True)
    with _lock_file(environment) as lock:
        while not _try_lock(lock):
            yield "waiting for another run of dev.py"
        if environment.is_ready:
            return "ready (made by another run)"
        environment.stamp.unlink(missing_ok=True)  # first: from here on it counts as half-made
        for command in _commands(environment, base):
            for activity in _run(command, log=environment.log, lock=lock, name=environment.name):
                yield f"{activity} ({time.monotonic() - started:.0f} s)"
        environment.stamp.write_text(environment.digest)
    return f"ready after {time.monotonic() - started:.0f} s"


def _commands(environment: Environment, base: Path) -> Iterator[list[str]]:
    environment.log.write_text("")
    python = str(environment.python)
    yield [str(base), "-m", "venv", "--clear", str(environment.folder)]
    if environment.shares:
        yield [python, "-c", SHARE, str(environment.shares.folder)]
    # Not compiled here: most modules are never imported, and Python compiles the others at their first import. Saves about a third.
    yield [python, "-m", "pip", "install", "--no-input", "--progress-bar", "off", "--no-compile", *environment.requirements]
    if environment.alone:
        yield [python, "-m", "pip", "install", "--no-input", "--progress-bar", "off", "--no-deps", *environment.alone]
    yield [python, "-c", f"import {environment.module}"]


def _run(command: list[str], *, name: str, log: Path, lock: TextIO) -> Generator[str]:
    """Run one command with its output in the log; yield what it is doing; end it when the caller stops listening.

    The command gets a process group of its own, to be ended as a whole. It inherits the lock: should this program be killed, the next
    one waits for what goes on without it.
    """
    with log.open("a") as output:
        print("$", *command, file=output, flush=True)
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=clean_environ(),
            process_group=0,
            pass_fds=[lock.fileno()],
        )
    try:
        while process.poll() is None:
            yield _activity(log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        raise SetupError(explain_failure(name, log))


@contextmanager
def _lock_file(environment: Environment) -> Generator[TextIO]:
    with (FOLDER / f"{environment.name}.lock").open("a") as file:
        yield file  # closing it, even by dying, releases the lock


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


# --- Words for people -------------------------------------------------------------------------------------------------------------


class _StatusLine:
    """One line that is written over on a terminal; silent where output goes to a file."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown = ""

    def show(self, text: str) -> None:
        if self._live and text != self._shown:
            self._shown = text
            width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
            print(f"\r\x1b[K{text[:width]}", end="", file=sys.stderr, flush=True)

    def print(self, text: str) -> None:
        self.clear()
        print(text, file=sys.stderr, flush=True)

    def clear(self) -> None:
        self.show("")


def _activity(log: Path) -> str:
    """Find the last thing that venv or pip said it was doing."""
    found = re.findall(r"^(Collecting|Installing) (\w+)|^ +(Downloading) ([\w.]+?)-\d", log.read_text(errors="replace"), re.MULTILINE)
    if not found:
        return "preparing"
    return " ".join(word for word in found[-1] if word).replace("Collecting", "finding").lower()


CURES = {
    r"NewConnectionError|name resolution|Network is unreachable|Max retries|ConnectTimeout|ReadTimeout|ProxyError":
        "The package index could not be reached. Check the network, then run the same command again.",
    r"No space left on device": "The disk is full. Free about 6 GB, then run the same command again.",
    r"ensurepip|No module named venv": "This Python lacks venv: `apt install python3-venv`, then run the same command again.",
    r"cannot open shared object file": f"A system library is missing: `apt install {' '.join(SYSTEM_LIBRARIES.values())}`.",
    r"No matching distribution|Failed.*build|subprocess-exited-with-error": "There is no ready-made package for this Python or machine."
        " Use Python 3.11 or 3.13 on x86-64 Linux, or fix the pin in core/requirements.txt.",
}  # fmt: skip
"""What a log may say, and what to do then; the first that matches counts."""


def explain_failure(name: str, log: Path) -> str:
    """Turn a failed installation's log into a message: which package, the log's tail, the cure."""
    text = log.read_text(errors="replace")
    tail = "\n".join(f"    {line}" for line in text.splitlines()[-8:])
    cures = (cure for pattern, cure in CURES.items() if re.search(pattern, text))
    cure = next(cures, "Read the whole log, then run the same command again.")
    return f"{name}: setting up failed at {_failed_package(text)}. The end of {log.relative_to(ROOT)}:\n{tail}\n{cure}"


def _failed_package(text: str) -> str:
    patterns = (
        r"No matching distribution found for (\S+)",
        r"Failed (?:building wheel for|to build) '?([\w.-]+)",
        r"^\$ .*-c (import \w+)$",
        r"^(?:Collecting|Processing|Requirement already satisfied:) (\S+)",
        r"^\$ .*-m (venv)",
    )
    found = (re.findall(pattern, text, re.MULTILINE) for pattern in patterns)
    return next((names[-1] for names in found if names), "the start")
