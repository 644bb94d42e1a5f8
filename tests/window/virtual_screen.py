"""Runs a script inside a real Blender window on a virtual screen.

In: a script of steps (see `driver.py`), perhaps an extension zip, and host folders that Blender must see.
Out: a `WindowResult` and, in the `out` folder, `result.json`, `blender.log`, pictures.

Blender lives in a Debian sid root that is made once per machine. Every run gets private mount and process namespaces: its mounts are
seen by nobody else, and all that it started ends with it. This module never mounts anything in the host's own namespace, and needs only
the standard library.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

# python3-cattr and python3-requests: without them Debian's Blender cannot register its extension system.
BLENDER = ("blender", "python3-numpy", "python3-requests", "python3-cattr", "python3-zstandard")
SCREEN = ("xvfb", "xauth", "xdotool", "libgl1-mesa-dri", "libegl1", "libglx-mesa0", "mesa-vulkan-drivers", "ffmpeg")
PACKAGES = (*BLENDER, *SCREEN)

STAMP = "etc/chromastrip-packages"  # inside the root: the packages that it surely has, one a line
OWN_FOLDERS = frozenset(
    ("/", "/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/var")
)
SCREEN_SIZE = (1600, 900)

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # the caller's may lack the sbin folders
# Namespaces for mounts and processes: all ends when the outermost process ends, or when we do.
PRIVATE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child")
LEFT = "left behind: "
# Runs as the first process of its own mount and process namespaces; ends with what still runs 3 s after the command.
ENTER = f"""
set -eu
PATH={SYSTEM_PATH}
root=$1; shift
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys" 2>/dev/null || mount --rbind /sys "$root/sys"
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --rbind "$1" "$root$1"
  shift
done
shift
code=0; chroot "$root" "$@" || code=$?
cat "$root"/tmp/*.crash.txt 2>/dev/null || :  # where Blender was when it died
for patience in 1 2 3 4 5 6; do
  left=
  for file in "$root"/proc/[0-9]*/cmdline; do
    line=
    [ "$file" = "$root/proc/1/cmdline" ] || {{ read -r line <"$file" || :; }} 2>/dev/null
    [ -z "$line" ] || left="${{left}}{LEFT}$line\\n"  # a zombie has no command line
  done
  [ -n "$left" ] || exit $code
  sleep 0.5
done
printf "%b" "$left" >&2
exit $code
"""


class WindowError(RuntimeError):
    """The virtual screen cannot be had; the message says why and what to do."""


class UnfitMachineError(WindowError):
    """As it is, the machine can never have it (another system, no root, no mounts): its tests are skipped, not failed."""


@dataclass(frozen=True, kw_only=True)
class WindowResult:
    """What a run in the window came to.

    Attributes
    ----------
    passed, failed : tuple of str
        Rules as given to `driver.check`, with what was found.
    error : str
        Why the run as a whole failed (a traceback, a timeout, a missing result), else empty.
    log_tail : str
        The last lines of `blender.log`.
    left_behind : tuple of str
        Command lines, without their spaces, of processes that outlived Blender by 3 s, and were then ended: a test of workers wants none.
    seconds : float
        Wall-clock time of Blender's run, without the installation of the extension.
    out : Path
        The folder with `result.json`, `blender.log` and the pictures.
    """

    passed: tuple[str, ...]
    failed: tuple[str, ...]
    error: str
    log_tail: str
    left_behind: tuple[str, ...]
    seconds: float
    out: Path

    @property
    def ok(self) -> bool:
        """Whether the script came to its end and every rule held."""
        return not self.failed and not self.error

    def report(self) -> str:
        """Say what failed, for an assertion's message."""
        lines = [f"FAIL {rule}" for rule in self.failed]
        if self.error:
            lines += [self.error, f"--- end of {self.out / 'blender.log'} ---", self.log_tail]
        return "\n".join(lines)


# --- the root -------------------------------------------------------------------------------------------------------------------------


def ensure_root(packages: Sequence[str] = PACKAGES) -> Path:
    """Find or make the Debian sid root; a root that lacks some of the packages gets them.

    Parameters
    ----------
    packages : sequence of str
        Debian packages that must be inside, e.g. ``(*PACKAGES, "kdenlive")``.

    Returns
    -------
    Path
        The root, shared by all clones of the project on this machine. Made anew it takes 1.9 GB and about 80 s.

    Raises
    ------
    WindowError
        Where this machine cannot make or use such a root.
    """
    _check_machine()
    root = root_path()
    if set(packages) <= stamped_packages(root):
        return root
    with _locked(root, exclusive=True):
        if not set(packages) <= stamped_packages(root):  # another process may have made it while we waited
            _make(root, packages)
    return root


def root_path() -> Path:
    """Return where the root lies or will lie."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache).absolute() / "chromastrip" / "window-root"


def stamped_packages(root: Path) -> set[str]:
    """Return the packages that a finished making has left in the root; empty without one."""
    stamp = root / STAMP
    return set(stamp.read_text().split()) if stamp.is_file() else set()


def _check_machine() -> None:
    if sys.platform != "linux":
        raise UnfitMachineError(
            f"window tests need Linux (a Debian root, Xvfb), this is {sys.platform}: deselect them with -m 'not window'"
        )
    if os.geteuid() != 0:
        raise UnfitMachineError(
            "window tests mount and chroot, which needs root: run them with sudo, or deselect them with -m 'not window'"
        )
    trial = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        why = trial.stderr.strip()
        raise UnfitMachineError(f"no private mounts on this machine ({why}): in a container give it CAP_SYS_ADMIN (--privileged)")


@contextmanager
def _locked(root: Path, *, exclusive: bool) -> Iterator[None]:
    """Hold the root: exclusively to change it, shared to use it. The kernel lets go of the lock of a process that died."""
    import fcntl  # Linux only, while tests must be collected anywhere

    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_name(root.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield


def _make(root: Path, packages: Sequence[str]) -> None:
    """Bring the root to hold the packages, from whatever state an interrupted making has left; the stamp comes last."""
    wanted = sorted(stamped_packages(root) | set(packages))
    if not _has_base(root):
        _remove(root)
        _debootstrap(root)
    _apt_install(root, wanted)
    stamp = root / STAMP
    stamp.with_suffix(".new").write_text("\n".join(wanted) + "\n")
    stamp.with_suffix(".new").replace(stamp)


def _has_base(root: Path) -> bool:
    return (root / "usr/bin/apt-get").exists() and not (root / "debootstrap").exists()  # debootstrap removes that folder at its end


def _remove(root: Path) -> None:
    """Remove a half-made root, never through a mount that somebody else has left in it."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    inside = [mount for mount in mounts if Path(mount).is_relative_to(root)]
    if inside:
        raise WindowError(f"{root} is half made and something is mounted in it: umount {' '.join(reversed(inside))}, then try again")
    if root.exists():
        shutil.rmtree(root)


def _debootstrap(root: Path) -> None:
    if not shutil.which("debootstrap", path=SYSTEM_PATH):
        _install_debootstrap()
    # Private, since debootstrap mounts proc inside, and would leave it there when killed.
    _must("debootstrap", [*PRIVATE, "--mount-proc", "debootstrap", "--variant=minbase", "sid", str(root), _mirror()])


def _install_debootstrap() -> None:
    if not shutil.which("apt-get"):
        raise UnfitMachineError("debootstrap is missing and this machine has no apt-get to install it: install debootstrap by hand")
    _must("apt-get update", ["apt-get", "update", "-qq"])
    _must("apt-get install debootstrap", ["apt-get", "install", "-y", "--no-install-recommends", "debootstrap"])


def _mirror() -> str:
    """Return this machine's own Debian mirror."""
    sources = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.*"))]
    text = "\n".join(path.read_text(errors="replace") for path in sources if path.is_file())
    found = re.search(r"^(?:URIs:|deb(?: \[.*?\])?) (https?://\S+/debian/?)\s", text, re.MULTILINE)
    if found is None:
        raise UnfitMachineError("window tests make a Debian root, and /etc/apt names no Debian mirror: add one to /etc/apt/sources.list")
    return found[1]


def _apt_install(root: Path, packages: Sequence[str]) -> None:
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "apt-get", "-y"]
    install = [*apt, "install", "--no-install-recommends", *packages]
    _must("dpkg --configure", inside(root, ["dpkg", "--configure", "-a"]))  # repairs an interrupted installation, else does nothing
    if subprocess.run(inside(root, install), stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0:
        return
    # The package lists have aged, or are lost. sid's Release file can be past its Valid-Until date on a mirror.
    _must("apt-get update in the root", inside(root, [*apt, "-o", "Acquire::Check-Valid-Until=false", "update"]))
    _must("apt-get install in the root", inside(root, install))


def _must(name: str, command: Sequence[str]) -> None:
    """Run a step of the making; its last words become the error."""
    environment = {**os.environ, "PATH": SYSTEM_PATH, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, check=False)
    except OSError as error:
        raise WindowError(f"{name}: {error}") from error
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).splitlines()[-12:])
        raise WindowError(f"{name} failed with {done.returncode}; the making goes on from here when tried again. It said:\n{words}")


# --- inside -----------------------------------------------------------------------------------------------------------------------------


def inside(root: Path, command: Sequence[str], *, binds: Sequence[Path] = ()) -> list[str]:
    """Build the command line that runs a command inside the root, in namespaces of its own.

    Parameters
    ----------
    root : Path
        From `ensure_root`.
    command : sequence of str
        Program and arguments, as seen inside.
    binds : sequence of Path
        Host folders to be seen inside at the same paths. ``/tmp`` and ``/dev/shm`` are empty and private, apart from these.

    Returns
    -------
    list of str
        For `subprocess`. Its processes, daemons too, all end when the outermost one ends or when the caller dies.

    Raises
    ------
    ValueError
        For a folder that is missing or would hide the root's own programs.
    """
    folders = sorted({bind.absolute() for bind in binds})  # sorted: a parent is mounted before its children, and hides none
    for folder in folders:
        if os.fspath(folder) in OWN_FOLDERS or ".." in folder.parts or not folder.is_dir():
            raise ValueError(f"cannot show {folder} inside the root: it is missing, not plain, or hides the root's own; bind one below it")
    return [*PRIVATE, "sh", "-c", ENTER, "enter", str(root), *map(str, folders), "--", *command]


def run_in_window(
    script: Path,
    *,
    out: Path,
    root: Path,
    zip_path: Path | None = None,
    extension_id: str | None = None,
    env: Mapping[str, str] | None = None,
    binds: Sequence[Path] = (),
    seconds: float = 600,
) -> WindowResult:
    """Run a script of steps in a real Blender window and collect its result.

    Parameters
    ----------
    script : Path
        Python file that calls `driver.run`; its folder is seen inside, and `import driver` works.
    out : Path
        Folder for the results, seen inside at the same path; the script finds it as ``driver.OUT``.
    root : Path
        From `ensure_root`.
    zip_path, extension_id : Path and str, optional
        An extension to install by Blender's own command line and to enable.
    env : mapping, optional
        More environment variables for Blender, which otherwise gets a clean environment.
    binds : sequence of Path
        More host folders to be seen inside at the same paths, e.g. the worker's environment and its base Python.
    seconds : float
        Time allowed, after which every process of the run is killed.

    Returns
    -------
    WindowResult
        A failure too is a result, never an exception.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "result.json").unlink(missing_ok=True)
    everything = (out, script.parent, HERE, *binds)
    environment = {**_environment(out), **(env or {})}
    addons: list[str] = []
    with _locked(root, exclusive=False):
        if zip_path is not None:
            problem = _install_extension(zip_path, extension_id, root=root, out=out, environment=environment)
            if problem:
                return _failed_install(problem, out)
            addons = ["--addons", f"bl_ext.user_default.{extension_id}"]
        environment["WINDOW_ENDS"] = str(time.time() + seconds)
        command = [*_clean(environment), *_screen(), *_blender(script, addons)]
        start = time.monotonic()
        ended = _run_logged(inside(root, command, binds=everything), log=out / "blender.log", seconds=seconds)
        return _read_result(out, ended=ended, seconds=time.monotonic() - start)


def _environment(out: Path) -> dict[str, str]:
    """Return the clean environment inside; everything that Blender keeps goes below `out`."""
    return {
        "HOME": str(out),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": "/tmp",  # private to the run
        "BLENDER_USER_RESOURCES": str(out / "resources"),
        "WINDOW_OUT": str(out),
    }


def _clean(environment: Mapping[str, str]) -> list[str]:
    return ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]


def _screen() -> list[str]:
    """Return the start of the virtual screen; its number differs between runs, as display sockets are seen across namespaces."""
    width, height = SCREEN_SIZE
    number = 1000 + threading.get_native_id() % 50_000
    return ["xvfb-run", "-a", "-n", str(number), "-s", f"-screen 0 {width}x{height}x24"]


def _blender(script: Path, addons: Sequence[str]) -> list[str]:
    geometry = ["--window-geometry", "0", "0", *map(str, SCREEN_SIZE)]
    find_driver = ["--python-expr", f"import sys; sys.path.insert(0, {str(HERE)!r})"]
    options = ["--factory-startup", "-noaudio", "--gpu-backend", "opengl", *geometry, "--app-template", "Video_Editing", *addons]
    # The exit code: a script that fails before its first step must end Blender, not leave an idle window.
    return ["blender", *options, "--python-exit-code", "3", *find_driver, "--python", str(script.absolute())]


def _install_extension(zip_path: Path, extension_id: str | None, *, root: Path, out: Path, environment: Mapping[str, str]) -> str:
    """Install a zip by Blender's command line; return what went wrong, else an empty string."""
    if extension_id is None or not zip_path.is_file():
        return f"cannot install {zip_path} as {extension_id}: the zip must exist and the id be given"
    copy = Path(shutil.copy(zip_path, out))
    install = ["blender", "--command", "extension", "install-file", "-r", "user_default", "--enable", str(copy)]
    _run_logged(inside(root, [*_clean(environment), *install], binds=[out]), log=out / "install.log", seconds=300)
    installed = out / "resources" / "extensions" / "user_default" / extension_id
    return "" if installed.is_dir() else f"Blender did not install {zip_path.name}: {installed} is missing"  # it exits 0 all the same


def _failed_install(problem: str, out: Path) -> WindowResult:
    tail = _tail(out / "install.log")
    return WindowResult(passed=(), failed=(), error=problem, log_tail=tail, left_behind=(), seconds=0.0, out=out)


def _run_logged(command: Sequence[str], *, log: Path, seconds: float) -> int | None:
    """Run a command with its output in a file; return its exit code, or None when it was killed for its time."""
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the group; with `unshare --kill-child` the kernel ends every process of the namespace too, whatever group it is in."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read_result(out: Path, *, ended: int | None, seconds: float) -> WindowResult:
    path = out / "result.json"
    written = json.loads(path.read_text()) if path.is_file() else {}
    error = written.get("error", f"Blender ended with {ended} and without a result")
    if ended is None:
        error = f"Blender did not end within {seconds:.0f} s and was killed" + (f"\n{error}" if written else "")
    return WindowResult(
        passed=tuple(written.get("passed", ())),
        failed=tuple(written.get("failed", ())),
        error=error,
        log_tail=_tail(out / "blender.log"),
        left_behind=_left_behind(out / "blender.log"),
        seconds=seconds,
        out=out,
    )


def _left_behind(log: Path) -> tuple[str, ...]:
    lines = log.read_text(errors="replace").splitlines()
    return tuple(line.removeprefix(LEFT) for line in lines if line.startswith(LEFT))


def _tail(log: Path, lines: int = 40) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.is_file() else "(no log)"
