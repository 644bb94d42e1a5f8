"""Makes the engine's environment on a user's machine, checks it, and removes it. A program of its own: `python -I bootstrap.py --help`.

In: a folder of the user's and a requirement file. Out: `<folder>/environment` (a virtual environment), `<folder>/set-up.log`, and written
last `<folder>/ready.json`, which says what the environment was made for; JSON lines on standard output tell how far it is.

Runs in any Python from 3.10 on, so it imports nothing but the standard library, nothing of this package either. Never runs in Blender's
process. Without `ready.json` an environment is half-made, and is made anew; what pip had downloaded, pip still has in its cache.
Only what carries our mark is ever replaced or deleted: the folder is the user's choice, and may hold an `environment` of somebody else's.
"""

import argparse
import contextlib
import ctypes
import hashlib
import json
import os
import platform
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

VERSIONS = ((3, 11), (3, 13), (3, 12))
"""Pythons that the engine's packages come for."""

FOREIGN_VARIABLES = ("PYTHON", "LD_LIBRARY_PATH", "LD_PRELOAD", "OCIO", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
"""Environment variables beginning so are Blender's or the shell's: with them a Python would load the wrong libraries."""

FOREIGN_PIP_VARIABLES = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_REPORT", "PIP_QUIET", "PIP_LOG")
"""With these pip would install elsewhere, or say nothing. Where from (PIP_INDEX_URL, proxies, certificates) stays the user's choice."""

TORCH_INDEX = "https://download.pytorch.org/whl"  # see https://pytorch.org/get-started/locally
PYPI_CUDA = 13  # the major version that PyPI's PyTorch for Linux is built for
DRIVER_LIBRARIES = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
PACKAGES_MB, PACKAGES_DISK_MB = 350, 900  # all but PyTorch, measured on Linux with Python 3.11
SMALLEST_FREE_MB = 1000

WARM_UP = {"torch": "torch", "librosa": "librosa.core.constantq, librosa.onset"}
"""What is imported once at the end: it shows that the packages work, and librosa compiles itself (15 s that no film must wait for)."""

RAW_PROGRESS_PIP = (24, 1)  # https://pip.pypa.io/en/stable/news: --progress-bar raw
LOG_BEGINS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  [^\n]*  PyTorch ")
"""How a log of ours begins."""
LONGEST_LOG_BEGIN = 1000
IDLE_SECONDS = 0.5
PROBE_SECONDS = 180.0  # a cold disk and an eager virus scanner included
START_CORE = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('core', run_name='__main__', alter_sys=True)"

Say = Callable[..., None]


class SetupError(Exception):
    """What went wrong, what the user can do, and the other build of PyTorch that could be had, if that is the matter."""

    def __init__(self, cause: str, cure: str, *, offer: "Build | None" = None) -> None:
        super().__init__(f"{cause} {cure}")
        self.cause = cause
        self.cure = cure
        self.offer = offer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 done, 1 failed: the last line on standard output says why.
    """
    options = _parser().parse_args(arguments)
    if options.end_with_stdin:
        _end_with_stdin()
    try:
        options.run(options)
    except SetupError as error:
        say("failed", cause=error.cause, cure=error.cure, **(_offered(error.offer) if error.offer else {}))
        return 1
    except OSError as error:
        say("failed", cause=f"{error.filename or options.folder}: {error.strerror}.", cure=_cure(str(error)))
        return 1
    say("done")
    return 0


def say(event: str, **values: object) -> None:
    """Print one line of news."""
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make, check or remove the engine's environment.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    explanations = {
        run_plan: "say which Python would be used, and about how much would be downloaded",
        run_make: "make the environment, or bring it up to date",
        run_check: "say what the engine runs on, and the first thing that is wrong",
        run_remove: "delete the environment",
    }
    for run, explanation in explanations.items():
        command = commands.add_parser(run.__name__.removeprefix("run_"), help=explanation)
        command.add_argument("--folder", type=Path, required=True, help="the user's folder for the engine")
        command.add_argument("--requirements", type=Path, default=Path(__file__).with_name("requirements.txt"), help="what pip installs")
        command.add_argument("--python", type=Path, help="make the environment with this Python (any that fits); check: check this one")
        command.add_argument("--wheels", type=Path, help="a folder of wheels: install from there, and never go online")
        command.add_argument("--anew", action="store_true", help="make: keep nothing of an environment that is there")
        command.add_argument(
            "--pypi-build", action="store_true", help="take the build of PyTorch that pip's own index has, if another fits, too"
        )
        command.add_argument("--end-with-stdin", action="store_true", help="end, with all that was started, when standard input closes")
        command.set_defaults(run=run)
    return parser


# What would be done ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Build:
    """Which of PyTorch's builds fits a machine.

    Parameters
    ----------
    name
        "cpu", "cuda 13", "cuda 12" or "mps".
    words
        What it is for.
    index
        Where it is, beside pip's own index; empty: there.
    torch_mb, torch_disk_mb
        About how much PyTorch and what it links to are to download, and on the disk.
    tag
        What its version ends in, where one index has other builds of the same version; empty: none has.
    wheel_mb
        Of the download, how much PyTorch itself is; 0: all.
    """

    name: str
    words: str
    index: str
    torch_mb: int
    torch_disk_mb: int
    tag: str = ""
    wheel_mb: int = 0

    @property
    def download_mb(self) -> int:
        """About how much is downloaded in all."""
        return self.torch_mb + PACKAGES_MB

    @property
    def disk_mb(self) -> int:
        """About how much it is on the disk."""
        return self.torch_disk_mb + PACKAGES_DISK_MB


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the environment is made with."""

    python: Path
    version: str
    build: Build


def run_plan(options: argparse.Namespace) -> None:
    """Say what would be done."""
    _tell_plan(make_plan(options), options)


def make_plan(options: argparse.Namespace) -> Plan:
    """Find a Python, and the build of PyTorch that fits this machine.

    Raises
    ------
    SetupError
        If there is none.
    """
    python, version = find_python(options.python)
    return Plan(python=python, version=version, build=pypi_build() if options.pypi_build else choose_build())


def _tell_plan(plan: Plan, options: argparse.Namespace) -> None:
    say(
        "plan",
        python=str(plan.python),
        version=plan.version,
        build=plan.build.words,
        download_mb=0 if options.wheels else plan.build.download_mb,
        disk_mb=plan.build.disk_mb,
        free_mb=free_mb(options.folder),
    )


def choose_build(*, system: str = sys.platform, machine: str = "", cuda: int | None = None) -> Build:
    """Choose the build of PyTorch for a machine.

    Parameters
    ----------
    system
        As `sys.platform`.
    machine
        As `platform.machine()`; empty: this one's.
    cuda
        Major version of CUDA that the graphics driver can do; 0: no NVIDIA card; None: ask it.

    Raises
    ------
    SetupError
        If PyTorch is not built for such machines.
    """
    machine = machine or platform.machine()
    if system == "darwin":
        if machine != "arm64":
            raise SetupError("PyTorch is no longer built for Macs with Intel processors.", "Use another computer.")
        return Build(name="mps", words="for Apple silicon", index="", torch_mb=90, torch_disk_mb=500)
    cuda = driver_cuda() if cuda is None else cuda
    on_linux = system == "linux"
    if cuda >= PYPI_CUDA:
        return pypi_build(system) if on_linux else replace(CUDA_BUILD, index=f"{TORCH_INDEX}/cu130", tag="+cu130")
    if cuda == PYPI_CUDA - 1:
        wheel_mb = 850 if on_linux else 0  # on Windows all is in it
        return replace(CUDA_BUILD, name="cuda 12", index=f"{TORCH_INDEX}/cu126", tag="+cu126", wheel_mb=wheel_mb)
    return replace(CPU_BUILD, index=f"{TORCH_INDEX}/cpu", tag="+cpu") if on_linux else pypi_build(system)


CPU_BUILD = Build(name="cpu", words="for the processor", index="", torch_mb=200, torch_disk_mb=750)
CUDA_BUILD = Build(name=f"cuda {PYPI_CUDA}", words="for NVIDIA cards", index="", torch_mb=2750, torch_disk_mb=5500)


def pypi_build(system: str = sys.platform) -> Build:
    """Give the build of PyTorch that pip's own index has: on Linux the large one, which works on the processor, too."""
    return CUDA_BUILD if system == "linux" else CPU_BUILD


def _offered(build: Build) -> dict[str, Any]:
    return {"offer": {"build": build.words, "download_mb": build.download_mb, "disk_mb": build.disk_mb}}


def driver_cuda() -> int:
    """Give the major version of CUDA that the graphics driver can do; 0: no driver, or no card."""
    try:
        driver = ctypes.CDLL(DRIVER_LIBRARIES.get(sys.platform, ""))
        cards, version = ctypes.c_int(), ctypes.c_int()
        failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(cards)) or driver.cuDriverGetVersion(ctypes.byref(version))
    except (OSError, AttributeError):  # no such library; or one that is called so and is another
        return 0
    return version.value // 1000 if cards.value and not failed else 0


def free_mb(folder: Path) -> int:
    """Give how much room there is where a folder is, or will be."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(existing).free // 10**6


# Finding a Python -----------------------------------------------------------------------------------------------------------------------


def cuda_of_torch(package: Path) -> int | None:
    """Give the major version of CUDA that an installed PyTorch was built for; None: for none. Does not import it."""
    found = re.search(r"^cuda\b[^=\n]*= *['\"](\d+)", (package / "version.py").read_text(encoding="utf-8"), re.MULTILINE)
    return int(found[1]) if found else None


def find_python(chosen: Path | None = None) -> tuple[Path, str]:
    """Find the Python that the environment is made with.

    Parameters
    ----------
    chosen
        The one to use; None: the running one (Blender's), else the system's.

    Returns
    -------
    tuple of Path and str
        The program and its version, as "3.11.9".

    Raises
    ------
    SetupError
        If none fits.
    """
    reasons = []
    for python in [chosen] if chosen else _candidates():
        version, reason = probe_python(python)
        if not reason:
            return python, version
        reasons.append(f"{python}: {reason}")
    wanted = " or ".join(".".join(map(str, version)) for version in sorted(VERSIONS))
    found = f" ({'; '.join(reasons)})" if reasons else ""
    raise SetupError(
        f"No Python was found that the engine can use{found}.",
        f"Install Python {wanted} from python.org or your system's packages (on Debian {_venv_package(max(VERSIONS))}),"
        " or choose one in Python for Set-Up.",
    )


def _venv_package(version: tuple[int, int]) -> str:
    """Name Debian's package: python3-venv is that of the system's own Python, which may be too new."""
    return f"python{version[0]}.{version[1]}-venv"


def probe_python(python: Path) -> tuple[str, str]:
    """Try a Python.

    Returns
    -------
    tuple of str
        Its version, and why it cannot be used; empty: it can.
    """
    program = (
        "import importlib.util as u, platform, sys, sysconfig; print(platform.python_version(), sys.maxsize > 2**32,"
        " sysconfig.get_config_var('Py_GIL_DISABLED') or 0, all(map(u.find_spec, ('venv', 'ensurepip'))))"
    )
    try:
        done = subprocess.run(
            [str(python), "-I", "-c", program], capture_output=True, text=True, timeout=30, check=False, env=clean_environ()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"it cannot be started ({getattr(error, 'strerror', None) or 'no answer'})"
    words = done.stdout.split()
    if done.returncode or len(words) != 4:  # noqa: PLR2004 (what the program prints)
        return "", "it does not work"
    version, is_64_bit, has_no_gil, has_venv = words
    return version, _why_unfit(version, is_64_bit=is_64_bit == "True", has_gil=has_no_gil == "0", has_venv=has_venv == "True")


def _why_unfit(version: str, *, is_64_bit: bool, has_gil: bool, has_venv: bool) -> str:
    if tuple(map(int, version.split(".")[:2])) not in VERSIONS:
        return f"it is {version}"
    if not is_64_bit:
        return "it is a 32-bit one"
    if not has_gil:
        return "it is a free-threaded one"
    return "" if has_venv else "it lacks venv"


def _candidates() -> Iterator[Path]:
    """List Pythons that may be there, best first, each once."""
    seen = set()
    for python in (Path(sys.executable), *_of_path(), *_of_installers()):
        if python.is_file() and (key := str(python)) not in seen:
            seen.add(key)
            yield python


def _of_path() -> Iterator[Path]:
    suffix = ".exe" if sys.platform == "win32" else ""
    folders = [Path(folder) for folder in os.get_exec_path()] + [Path("/usr/local/bin"), Path("/opt/homebrew/bin")]
    for major, minor in VERSIONS:
        yield from (folder / f"python{major}.{minor}{suffix}" for folder in folders)
    is_mac = sys.platform == "darwin"  # whose own python3 is too old, and may ask to install developers' tools
    yield from (folder / f"python3{suffix}" for folder in folders if not (is_mac and folder == Path("/usr/bin")))


def _of_installers() -> Iterator[Path]:
    home = Path.home()
    for major, minor in VERSIONS:
        version = f"{major}.{minor}"
        yield from sorted(home.glob(f".pyenv/versions/{version}.*/bin/python"), reverse=True)
        yield from sorted(home.glob(f".local/share/uv/python/cpython-{version}.*/bin/python{version}"), reverse=True)
        yield Path(f"/Library/Frameworks/Python.framework/Versions/{version}/bin/python{version}")
        for variable, folder in (("LOCALAPPDATA", "Programs/Python"), ("PROGRAMFILES", ".")):
            if os.environ.get(variable):
                yield Path(os.environ[variable]) / folder / f"Python{major}{minor}" / "python.exe"


# Making it ------------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the engine's files are."""

    folder: Path

    @property
    def environment(self) -> Path:
        """The virtual environment."""
        return self.folder / "environment"

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    @property
    def stamp(self) -> Path:
        """Written last: an environment without it is half-made."""
        return self.folder / "ready.json"

    @property
    def log(self) -> Path:
        """All that venv and pip said."""
        return self.folder / "set-up.log"

    @property
    def mark(self) -> Path:
        """An empty file that says that the environment is ours; written first, deleted last."""
        return self.environment / "chromastrip-engine"

    def owns_environment(self) -> bool:
        """Say whether the environment may be replaced and deleted: it carries our mark, or none was made yet."""
        if self.environment.is_symlink():
            return False
        is_old = bool(self._stamped()) and (self.environment / "pyvenv.cfg").is_file()  # made before there were marks
        return not self.environment.exists() or self.mark.is_file() or is_old or _is_empty_folder(self.environment)

    def owns_stamp(self) -> bool:
        """Say whether `ready.json` is ours, or not there."""
        return not _is_there(self.stamp) or bool(self._stamped())

    def owns_log(self) -> bool:
        """Say whether `set-up.log` is ours, empty (what a kill may leave), or not there."""
        if not _is_there(self.log):
            return True
        try:
            with self.log.open(encoding="utf-8", errors="replace") as log:
                begin = log.readline(LONGEST_LOG_BEGIN)
            return not self.log.is_symlink() and (not begin or LOG_BEGINS.match(begin) is not None)
        except OSError:
            return False

    def check_owned(self) -> None:
        """Find out whether all that a set-up would replace is ours.

        Raises
        ------
        SetupError
            If something in the folder is somebody else's.
        """
        owned = {self.environment: self.owns_environment(), self.stamp: self.owns_stamp(), self.log: self.owns_log()}
        for path in (path for path, is_ours in owned.items() if not is_ours):
            raise SetupError(f"{path} was not made by this add-on.", "Rename it, or set CHROMASTRIP_ENGINE to another folder.")

    def remove_environment(self) -> None:
        """Delete the environment, its mark last: broken off, what is left is still known as ours."""
        if not self.environment.exists():
            return
        self.environment.joinpath(self.mark.name).touch()
        for path in self.environment.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != self.mark:
                path.unlink()
        self.mark.unlink()
        self.environment.rmdir()

    def _stamped(self) -> dict[str, Any]:
        """Give what `ready.json` says; empty: it is not there, damaged, or not ours."""
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return stamp if isinstance(stamp, dict) and "requirements" in stamp and not self.stamp.is_symlink() else {}

    def read_stamp(self) -> dict[str, Any]:
        """Give what the environment was made for; empty: it is half-made, or not there."""
        return self._stamped() if self.python.exists() else {}


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _is_empty_folder(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def run_make(options: argparse.Namespace) -> None:
    """Make the environment, or bring it up to date."""
    if options.wheels and not options.wheels.is_dir():
        raise SetupError(f"There is no folder {options.wheels}.", "Choose another folder in Offline Packages, or none.")
    options.folder.mkdir(parents=True, exist_ok=True)
    say("progress", part=0.0, words="Finding a Python")
    plan = make_plan(options)
    _tell_plan(plan, options)
    needed, free = plan.build.disk_mb, free_mb(options.folder)
    if free < needed:
        raise SetupError(
            f"The disk of {options.folder} has {free} MB left, the engine needs about {needed} MB.",
            "Free some room, or set CHROMASTRIP_ENGINE to a folder on another disk.",
        )
    with alone(options.folder):
        _make(Place(folder=options.folder), plan, options)


def _make(place: Place, plan: Plan, options: argparse.Namespace) -> None:
    place.check_owned()
    stamp = place.read_stamp()
    if stamp:
        place.mark.touch()  # older ones have none
    place.stamp.unlink(missing_ok=True)  # from here on it counts as half-made
    with place.log.open("w", encoding="utf-8") as log:
        log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {platform.platform()}  PyTorch {plan.build.words}\n")
        log.flush()  # whoever finds it knows whose it is, however this ends
        step = Steps(place=place, plan=plan, log=log, wheels=options.wheels)
        if options.anew or not _can_be_updated(place, stamp, plan):
            step.make_environment()
        step.upgrade_pip()
        step.install(options.requirements)
        step.warm_up(options.requirements)
    content = {
        "requirements": digest(options.requirements),
        "build": step.installed_build(),
        "is_chosen": bool(options.pypi_build or options.wheels),  # by the user: Check finds no fault with it
        "version": plan.version,
        "made_with": str(plan.python),
    }
    unfinished = place.environment / "ready.part"  # in the folder that is ours alone
    unfinished.write_text(json.dumps(content), encoding="utf-8")
    unfinished.replace(place.stamp)


def _can_be_updated(place: Place, stamp: dict[str, Any], plan: Plan) -> bool:
    """Say whether a whole environment can be kept: of the build that fits, and with a Python that still runs."""
    return stamp.get("build") == plan.build.name and not probe_python(place.python)[1]


def digest(requirements: Path) -> str:
    """Digest what asks for another environment when it changes."""
    alone = alone_of(requirements)
    return hashlib.sha256(requirements.read_bytes() + (alone.read_bytes() if alone.is_file() else b"")).hexdigest()


def alone_of(requirements: Path) -> Path:
    """Give the file of what is installed without its own requirements, beside a requirement file."""
    return requirements.with_name(f"{requirements.stem}-alone{requirements.suffix}")


@dataclass(kw_only=True)
class Steps:
    """The steps of making an environment; each says how far it is, and raises SetupError if it fails."""

    place: Place
    plan: Plan
    log: IO[str]
    wheels: Path | None
    said: str = ""

    def make_environment(self) -> None:
        """Make an empty virtual environment in the place of what is there."""
        say("progress", part=0.01, words=f"Making an environment with Python {self.plan.version}")
        self.place.remove_environment()  # not by `venv --clear`, which would take our mark first
        self.place.environment.mkdir()
        self.place.mark.touch()
        self._run([str(self.plan.python), "-I", "-m", "venv", str(self.place.environment)])

    def upgrade_pip(self) -> None:
        """Have a pip that tells how far a download is. If it cannot be had, the one that is there will do."""
        if self._pip_version() < RAW_PROGRESS_PIP:
            say("progress", part=0.03, words="Looking for a newer pip")
            with contextlib.suppress(SetupError):
                self._run([*self._pip(), "--upgrade", "--retries", "1", "--timeout", "15", "pip"])

    def install(self, requirements: Path) -> None:
        """Install the packages: PyTorch first and alone, for it may come from an index of its own, which need not be asked for others."""
        build, begin = self.plan.build, DOWNLOAD_FROM
        torch = next((line for line in read_requirements(requirements) if line.startswith("torch==")), "")
        has_own = bool(torch and build.tag and not self.wheels and not os.environ.get("PIP_NO_INDEX"))
        wheel_mb = (build.wheel_mb or build.torch_mb) if has_own else 0
        if has_own:
            end = begin + wheel_mb / build.download_mb * (INSTALLED_AT - begin)
            self._install_build(torch, self._progress(wheel_mb, begin=begin, end=end))
            begin = end
        progress = self._progress(build.download_mb - wheel_mb, begin=begin, end=INSTALLED_AT)
        self._run([*self._pip(), *self._raw(), "--requirement", str(requirements)], heard=progress.hear)
        if (alone := alone_of(requirements)).is_file():
            with contextlib.suppress(SetupError):  # all but upscalers works without
                self._run([*self._pip(), "--no-deps", "--requirement", str(alone)])

    def _install_build(self, torch: str, progress: "PipProgress") -> None:
        """Install the build of PyTorch that was promised, by its whole version, which no other one has; none is taken in its place."""
        build = self.plan.build
        try:
            self._run([*self._pip(), *self._raw(), "--no-deps", *self._own_index(), f"{torch}{build.tag}"], heard=progress.hear)
        except SetupError as error:
            version = re.escape(torch.removeprefix("torch=="))
            is_other_there = rf"from versions: (.*, )?{version}[,)]|ResolutionImpossible"  # the latter under the user's constraints
            if not re.search(is_other_there, self.said):
                raise  # something else: no index can be reached, or there is no room
            at = build.index if self._own_index() else "the index that pip was told of"
            raise _other_build_error(build, pypi_build(), at=at) from error

    def installed_build(self) -> str:
        """Name the build of PyTorch that is there, which is the planned one unless packages came from elsewhere."""
        try:
            cuda = cuda_of_torch(self._packages_folder() / "torch")
        except OSError:
            return self.plan.build.name
        if cuda:
            return f"cuda {cuda}"
        return "cpu" if self.plan.build.name.startswith("cuda") else self.plan.build.name

    def _progress(self, expected_mb: int, *, begin: float, end: float) -> "PipProgress":
        return PipProgress(expected_mb=expected_mb, packages_folder=self._packages_folder(), begin=begin, end=end)

    def _raw(self) -> list[str]:
        return ["--progress-bar", "raw" if self._pip_version() >= RAW_PROGRESS_PIP else "off"]

    def warm_up(self, requirements: Path) -> None:
        """Import what is slow the first time."""
        names = [re.split(r"[=<>~\[ ]", line)[0] for line in read_requirements(requirements)]
        modules = ", ".join(WARM_UP[name] for name in names if name in WARM_UP)
        if modules:
            say("progress", part=0.93, words="Preparing the engine for its first film")
            self._run([str(self.place.python), "-I", "-c", f"import {modules}"])

    def _pip(self) -> list[str]:
        only_there = ["--isolated"] if self.wheels else []  # else PIP_FIND_LINKS or a pip.conf might send it online
        source = ["--no-index", "--find-links", str(self.wheels)] if self.wheels else []
        pip = [str(self.place.python), "-I", "-u", "-m", "pip", *only_there, "install"]
        # Not compiled here: most modules are never imported, and Python compiles the others at their first import.
        return [*pip, "--no-input", "--disable-pip-version-check", "--no-compile", "--prefer-binary", *source]

    def _own_index(self) -> list[str]:
        is_users_choice = self.wheels or os.environ.get("PIP_INDEX_URL") or os.environ.get("PIP_NO_INDEX")
        return [] if is_users_choice or not self.plan.build.index else ["--extra-index-url", self.plan.build.index]

    def _pip_version(self) -> tuple[int, ...]:
        found = next(self._packages_folder().glob("pip-*.dist-info"), None)
        return tuple(map(int, re.findall(r"\d+", found.name)[:2])) if found else (0,)

    def _packages_folder(self) -> Path:
        if sys.platform == "win32":
            return self.place.environment / "Lib" / "site-packages"
        return next(self.place.environment.glob("lib/python3*/site-packages"), self.place.environment)

    def _run(self, command: list[str], heard: Callable[[str], None] = lambda _: None) -> None:
        self.log.flush()
        begin = self.place.log.stat().st_size
        failed = run_logged(command, self.log, heard)
        self.said = self.place.log.read_bytes()[begin:].decode(errors="replace")
        if failed:
            raise explain(self.said)


def _other_build_error(wanted: Build, other: Build, *, at: str) -> SetupError:
    size = "Large" if other.download_mb > wanted.download_mb else "Small"
    use = "also works on the processor" if wanted.name == "cpu" else "does not use the card"
    return SetupError(
        f"PyTorch {wanted.words}, which fits this computer, is not to be had from {at}.",
        f"Look whether that can be reached, and press Retry; or press Use {size} Build: PyTorch {other.words}, which {use}"
        f" ({other.download_mb / 1000:.1f} GB to download, {other.disk_mb / 1000:.1f} GB on the disk).",
        offer=other,
    )


def read_requirements(path: Path) -> list[str]:
    """Read a requirement file: one requirement a line, without comments."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


# How far pip is -------------------------------------------------------------------------------------------------------------------------

DOWNLOAD_FROM, DOWNLOAD_TO, INSTALLED_AT = 0.05, 0.78, 0.92  # parts of the whole
MEGABYTES = {"bytes": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}


@dataclass(kw_only=True)
class PipProgress:
    """Reads pip's lines, and says how far it is.

    Parameters
    ----------
    expected_mb
        About how much comes in all.
    packages_folder
        Where pip installs: it says nothing while it does, but what is installed can be counted.
    begin, end
        Which part of the whole this run of pip is.
    tell
        Called with ``"progress", part=, words=``.
    """

    expected_mb: int
    packages_folder: Path
    begin: float = DOWNLOAD_FROM
    end: float = INSTALLED_AT
    tell: Say = say
    names: set[str] = field(default_factory=set)
    come_mb: float = 0.0
    current: str = ""
    current_mb: float = 0.0
    part: float = 0.0
    wanted: set[str] = field(default_factory=set)
    said: str = ""

    def hear(self, line: str) -> None:
        """Take a line; an empty one: pip has been silent for a while."""
        line = line.strip()
        if found := re.match(r"Progress (\d+) of (\d+)", line):
            self._tell_download(int(found[1]) / 1e6)
        elif found := re.match(r"(?:Collecting|Processing) (\S+)", line):
            self._begin(found[1])
        elif found := re.match(r"(?:Downloading|Using cached) (\S+) \(([\d.]+) (bytes|kB|MB|GB)\)", line):
            self._begin_download(found[1], float(found[2]) * MEGABYTES[found[3]])
        elif found := re.match(r"Installing collected packages: (.*)", line):
            self.wanted = {_distribution(name) for name in found[1].split(", ")}
        elif self.wanted:
            self._tell_installed()

    def _begin(self, requirement: str) -> None:
        self._end_download()
        if (file := Path(requirement)).is_file():  # of the user's folder of packages, or of another index on this machine
            self.come_mb += file.stat().st_size / 1e6
        name = _distribution(requirement)
        self.names.add(name)
        self._tell(f"Looking up packages   {len(self.names)}: {name}")

    def _begin_download(self, file: str, size_mb: float) -> None:
        self._end_download()
        if file.endswith(".metadata"):
            return
        self.current, self.current_mb = _distribution(file), size_mb
        self._tell_download(0.0)

    def _end_download(self) -> None:
        self.come_mb += self.current_mb
        self.current, self.current_mb = "", 0.0

    def _tell_download(self, done_mb: float) -> None:
        if self.current:
            self._go_on(done_mb)
            size = f"{done_mb:.0f} / {self.current_mb:.0f} MB" if done_mb else f"{self.current_mb:.1f} MB"
            self._tell(f"Downloading {self.current}   {size}")

    def _tell_installed(self) -> None:
        here = {_distribution(path.name) for path in self.packages_folder.glob("*.dist-info")}
        done, count = len(self.wanted & here), len(self.wanted)
        self.part = max(self.part, self._downloaded_at + done / count * (self.end - self._downloaded_at))
        self._tell(f"Installing   {done} of {count} packages" if count > 1 else f"Installing {next(iter(self.wanted))}")

    @property
    def _downloaded_at(self) -> float:
        return self.begin + (self.end - self.begin) * (DOWNLOAD_TO - DOWNLOAD_FROM) / (INSTALLED_AT - DOWNLOAD_FROM)

    def _go_on(self, done_mb: float = 0.0) -> None:
        far = min((self.come_mb + done_mb) / max(self.expected_mb, 1), 1.0)
        self.part = max(self.part, self.begin + far * (self._downloaded_at - self.begin))

    def _tell(self, words: str) -> None:
        self._go_on()
        if words != self.said:  # pip tells of each 10 kB
            self.said = words
            self.tell("progress", part=round(self.part, 4), words=words)


def _distribution(text: str) -> str:
    """Give a package's normalised name, out of a requirement, a wheel's address or a folder's name."""
    name = re.split(r"[\\/]", text)[-1]
    name = re.split(r"-\d|[=<>~!;\[ ]", name)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


# Running programs -----------------------------------------------------------------------------------------------------------------------


def run_logged(command: list[str], log: IO[str], heard: Callable[[str], None]) -> int:
    """Run a program, its output into the log and to `heard`, which also gets an empty line where it is silent; give its exit code."""
    log.write(f"$ {subprocess.list2cmdline(command)}\n")
    log.flush()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=clean_environ(),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    assert process.stdout is not None
    with process.stdout as output:
        for line in _lines(output):
            if line and not line.startswith("Progress "):
                log.write(line)
                log.flush()
            heard(line)
    return process.wait()


def _lines(output: IO[str]) -> Generator[str]:
    """Give a program's lines as they come, and an empty one after each half second without."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in output:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            yield ""
            continue
        if line is None:
            return
        yield line


def clean_environ() -> dict[str, str]:
    """Copy the environment without what would bend a child Python or pip."""
    foreign = (*FOREIGN_VARIABLES, *FOREIGN_PIP_VARIABLES)
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(foreign)}


def _end_with_stdin() -> None:
    """End, with every program that was started, when who started this one closes our standard input, or dies."""
    if hasattr(os, "setpgid") and os.getpgrp() != os.getpid():
        os.setpgid(0, 0)  # a group of our own, to be ended as a whole

    def watch() -> None:
        while os.read(0, 1 << 12):  # not sys.stdin, whose lock this thread would hold when Python ends
            pass
        say("cancelled")
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(os.getpid())], capture_output=True, check=False)
            os._exit(1)
        else:
            os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def alone(folder: Path) -> Generator[None]:
    """Hold the folder's lock; it is released when this process ends, however it does.

    Raises
    ------
    SetupError
        If another process holds it.
    """
    with (folder / "lock").open("a", encoding="utf-8") as file:
        try:
            _lock(file)
        except OSError as error:
            raise SetupError("Another Blender is setting up the engine.", "Wait until it is done, then try again.") from error
        yield


def _lock(file: IO[str]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


# Words for people -----------------------------------------------------------------------------------------------------------------------

CURES = {
    r"No space left|Errno 28|not enough space":
        "Free some room on the disk, or set CHROMASTRIP_ENGINE to a folder on another one, then press Retry.",
    r"CERTIFICATE_VERIFY_FAILED|SSLError":
        "A proxy of your network changes certificates: set PIP_CERT to its certificate file, then press Retry.",
    r"ProxyError|407 Proxy": "Check the proxy's address and password (HTTPS_PROXY), then press Retry.",
    r"NewConnection|NameResolution|name resolution|unreachable|Max retries|ConnectTimeout|ReadTimeout|Connection broken|IncompleteRead":
        "Check that this computer is online, then press Retry: what has been downloaded is kept.",
    r"hash(es)? (do|does) ?n[o']t match|HASHES|BadZipFile|[Ii]nvalid wheel": "A download was damaged: press Retry.",
    r"Permission denied|Access is denied|WinError 5|WinError 32":
        "Close other Blenders, look whether a virus scanner holds the files, then press Retry.",
    r"ensurepip|No module named venv":
        "This Python lacks venv: install it (on Debian python3.13-venv, for 3.13), or choose another Python for Set-Up.",
    r"cannot open shared object|DLL load failed|WinError 126":
        "A system library is missing. On Windows install the Visual C++ Redistributable; elsewhere look into the log.",
    r"No matching distribution|Failed to build|failed-wheel-build|subprocess-exited-with-error":
        "A package does not come for this Python or machine, or is not in the folder of packages:"
        " choose a Python 3.11 to 3.13 for Set-Up, or look into the log.",
}  # fmt: skip
"""What pip may say, and what to do then; the first that matches counts."""


def explain(said: str) -> SetupError:
    """Turn a failed command's words into a cause and a cure."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(ERROR|\w*Error|OSError|FATAL)\b", line)]
    last = (errors or lines or ["nothing"])[-1]
    doing = "making the environment" if " -m venv " in lines[0] else "preparing it" if " -c " in lines[0] else "installing packages"
    return SetupError(f"The set-up stopped while {doing}: {last.removeprefix('ERROR: ').rstrip('.')}.", _cure(said))


def _cure(said: str) -> str:
    cures = (cure for pattern, cure in CURES.items() if re.search(pattern, said))
    return next(cures, "Press Retry. If it happens again, press Copy Log and ask for help with it.")


# Checking it ----------------------------------------------------------------------------------------------------------------------------

SET_UP = "Press Set Up Engine."
REPAIR = "Press Repair; if you have named an Engine Python, name another one, or none."
VERSIONS_PROGRAM = """
import importlib.metadata as m, json, platform, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = m.version(name)
    except m.PackageNotFoundError:
        found[name] = ""
print(json.dumps([platform.python_version(), found]))
"""
TORCH_PROGRAM = """
import json, torch
if torch.cuda.is_available():
    card = torch.cuda.get_device_properties(0)
    device = [card.name, card.total_memory]
elif torch.backends.mps.is_available():
    device = ["Apple silicon", 0]
else:
    device = ["", 0]
print(json.dumps([torch.__version__, torch.version.cuda or "", *device]))
"""
SOUND_PROGRAM = "import json, av, librosa, numpy, soundfile; print(json.dumps([librosa.__version__, av.__version__, numpy.__version__]))"


def run_check(options: argparse.Namespace) -> None:
    """Say row by row what the engine runs on; stop at the first row that is wrong."""
    cause = cure = ""
    try:
        for name, words in check_rows(options):
            say("row", name=name, words=words, ok=True)
    except SetupError as error:
        cause, cure = error.cause, error.cure
        say("row", name="Fault", words=f"{cause} {cure}", ok=False)
    say("checked", cause=cause, cure=cure)


def check_rows(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Look at one thing after the other.

    Yields
    ------
    tuple of str
        What it is, and how it is.

    Raises
    ------
    SetupError
        At the first that is wrong.
    """
    yield "System", f"{platform.platform()}, {os.cpu_count()} cores, {memory_mb() / 1e3:.1f} GB memory"
    yield "Disk", _check_disk(options.folder)
    python = options.python or _check_made(options)
    requirements = dict(line.split("==", 1) for line in read_requirements(options.requirements) if "==" in line)
    version, packages = _ask(python, VERSIONS_PROGRAM, *requirements, what="Python")
    yield "Python", f"{version}, {python}"
    yield "Packages", _check_packages(requirements, packages)
    if "torch" in requirements:
        torch, cuda, card, memory = _ask(python, TORCH_PROGRAM, what="PyTorch")
        yield "PyTorch", f"{torch}, built {f'for CUDA {cuda}' if cuda else 'without CUDA'}"
        yield "Device", f"{card}{f', {memory / 1e9:.0f} GB' if memory else ''}" if card else f"the processor{_why_no_card(cuda)}"
    if "librosa" in requirements:
        librosa, av, numpy = _ask(python, SOUND_PROGRAM, what="a package for sound")
        yield "Sound", f"librosa {librosa}, PyAV {av}, NumPy {numpy}"
    yield "Models", _list_models(python)
    if "torch" in requirements and not options.python and not Place(folder=options.folder).read_stamp().get("is_chosen"):
        check_build(cuda, choose_build())


def _check_disk(folder: Path) -> str:
    free = free_mb(folder)
    if free < SMALLEST_FREE_MB:
        raise SetupError(f"The disk of {folder} has only {free} MB left.", "Free some room: films need it.")
    return f"{free / 1e3:.1f} GB free at {folder}"


def _check_made(options: argparse.Namespace) -> Path:
    place = Place(folder=options.folder)
    stamp = place.read_stamp()
    if not place.environment.exists():
        raise SetupError(f"The engine is not set up: there is nothing in {place.folder}.", SET_UP)
    if not place.python.exists():
        raise SetupError("The Python that the engine was made with is gone: with the Blender it belonged to, perhaps.", REPAIR)
    if not stamp:
        raise SetupError("The engine's environment is half-made.", REPAIR)
    if stamp.get("requirements") != digest(options.requirements):
        raise SetupError("The engine was made for another version of the add-on.", "Press Update.")
    return place.python


def _check_packages(wanted: dict[str, str], found: dict[str, str]) -> str:
    wrong = [f"{name} {found[name] or 'missing'} (not {version})" for name, version in wanted.items() if _public(found[name]) != version]
    if wrong:
        raise SetupError(f"Packages are not as they must be: {', '.join(wrong)}.", REPAIR)
    return f"all {len(wanted)} as required"


def _public(version: str) -> str:
    return version.partition("+")[0]  # 2.13.0+cpu is 2.13.0


def check_build(cuda_of_torch: str, fits: Build) -> None:
    """Find out whether a PyTorch is of the build that fits this computer.

    Raises
    ------
    SetupError
        If it leaves the card unused, or is larger than what fits.
    """
    major = int(cuda_of_torch.partition(".")[0] or 0)
    cause = ""
    if fits.name == CPU_BUILD.name and major:
        cause = "PyTorch is built for NVIDIA cards, and this computer has none that it can use."
    elif fits.name.startswith("cuda") and not major:
        cause = "PyTorch is built without CUDA: the NVIDIA card is not used."
    elif fits.name.startswith("cuda") and major > int(fits.name.split()[1]):
        cause = f"PyTorch is built for CUDA {cuda_of_torch}, which the NVIDIA card's driver does not know: the card is not used."
    if cause:
        size = f"{fits.download_mb / 1000:.1f} GB to download, {fits.disk_mb / 1000:.1f} GB on the disk"
        cure = f"Press Repair to have PyTorch {fits.words}: {size}."
        raise SetupError(cause, cure)


def _why_no_card(cuda_of_torch: str) -> str:
    driver = driver_cuda()
    if not driver:
        return ""
    if not cuda_of_torch:
        return "; the NVIDIA card is not used: PyTorch is built without CUDA"
    return f"; the NVIDIA card is not used: its driver knows CUDA {driver}, PyTorch needs {cuda_of_torch}. Update the driver to use it"


def _ask(python: Path, program: str, *arguments: str, what: str) -> list[Any]:
    """Run a few lines in the engine's Python and give what they print as JSON."""
    return json.loads(_run_probe([str(python), "-I", "-c", program, *arguments], what=what).stdout.splitlines()[-1])


def _list_models(python: Path) -> str:
    root = str(Path(__file__).resolve().parent.parent)
    said = _run_probe([str(python), "-I", "-c", START_CORE, root, "models", "list", "--json"], what="the engine").stderr
    entries = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    here = [entry["name"] for entry in entries if entry["state"] == "ready"]
    return f"the embedded one, {', '.join(here)}" if here else "the embedded one"


def _run_probe(command: list[str], *, what: str) -> "subprocess.CompletedProcess[str]":
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False, env=clean_environ())
    except OSError as error:
        raise SetupError(f"{command[0]} cannot be started: {error.strerror}.", REPAIR) from error
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"No answer from {what} within {PROBE_SECONDS:.0f} s.", "Try again; then restart the computer.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise SetupError(f"{what[0].upper()}{what[1:]} does not work: {last}.", _cure(last) if _is_known(last) else REPAIR)
    return done


def _is_known(said: str) -> bool:
    return any(re.search(pattern, said) for pattern in CURES)


def memory_mb() -> int:
    """Give this machine's memory; 0: not known."""
    if sys.platform != "win32":
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10**6
    kilobytes = ctypes.c_ulonglong()
    ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
    return kilobytes.value * 1024 // 10**6


# Removing it ----------------------------------------------------------------------------------------------------------------------------


def run_remove(options: argparse.Namespace) -> None:
    """Delete the environment, and nothing else that may lie in the folder."""
    place = Place(folder=options.folder)
    if not place.folder.exists():
        return
    say("progress", part=0.0, words="Removing the engine")
    with alone(place.folder):
        _remove_owned(place)
    with contextlib.suppress(OSError):  # another Blender holds the lock by now; or files that are not ours
        if (place.folder / "lock").stat().st_size == 0:  # ours never holds a byte
            (place.folder / "lock").unlink()
        place.folder.rmdir()


def _remove_owned(place: Place) -> None:
    """Delete what carries our mark; the stamp after the environment, which older ones are known by."""
    owns_stamp, owns_log = place.owns_stamp(), place.owns_log()
    if place.owns_environment():
        place.remove_environment()
    if owns_stamp:
        place.stamp.unlink(missing_ok=True)
    if owns_log:
        place.log.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
