"""The real programs that other people edit with, run in the Debian root: melt, Kdenlive, Shotcut."""

from collections.abc import Sequence
from pathlib import Path

from tests.window.virtual_screen import PACKAGES, _clean, _locked, _run_logged, _screen, inside

HERE = Path(__file__).resolve().parent

KDENLIVE = (
    *("kdenlive", "dbus", "dbus-x11", "libglib2.0-bin", "frei0r-plugins", "libxcb-cursor0", "breeze-icon-theme"),
    *("qml6-module-org-kde-desktop", "qml6-module-org-kde-kirigami", "qml6-module-qtquick-controls", "qml6-module-qtquick-dialogs"),
)
EDITORS = (*PACKAGES, "melt", "shotcut", "openbox", "xauth", *KDENLIVE)
"""Debian packages; without the qml modules Kdenlive crashes at its start."""

FFV1 = ("vcodec=ffv1", "pix_fmt=bgr0", "mlt_image_format=rgba", "acodec=pcm_s16le", "real_time=-1", "terminate_on_pause=1")
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen", "SDL_AUDIODRIVER": "dummy", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}


def run(root: Path, command: Sequence[str], *, folder: Path, log: str, seconds: float, home: Path | None = None) -> str:
    """Run a program inside the root, without a screen, and give what it said.

    Parameters
    ----------
    root
        From `ensure_root`.
    command
        Program and arguments.
    folder
        All files that it may see, at the same path.
    log
        Name of the file in `folder` for what it says.
    seconds
        After which it is ended.
    home
        Its own settings; by default a new folder within `folder`.
    """
    home = home or folder / "home"
    (home / "rt").mkdir(parents=True, exist_ok=True)
    (home / "rt").chmod(0o700)
    environment = {**OFFSCREEN, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "rt")}
    with _locked(root, exclusive=False):
        ended = _run_logged(inside(root, [*_clean(environment), *command], binds=[folder]), log=folder / log, seconds=seconds)
    said = (folder / log).read_text(errors="replace")
    assert ended is not None, f"{command[0]} did not end within {seconds} s; it said:\n{said[-3000:]}"
    return said


def melt(root: Path, file: Path, *, seconds: float = 600) -> Path:
    """Render a file that MLT reads, losslessly; give the movie."""
    movie = file.with_name(f"{file.name}.mkv")
    said = run(
        root, ["melt", str(file), "-consumer", f"avformat:{movie}", *FFV1], folder=file.parent, log=f"{file.name}.log", seconds=seconds
    )
    assert movie.is_file(), said
    return movie


def kdenlive_render(root: Path, file: Path, *, seconds: float = 600) -> Path:
    """Have the real Kdenlive render its project; give the movie. A dialog would hang it, and fail."""
    movie = file.with_name(f"{file.name}.mp4")
    movie.unlink(missing_ok=True)  # it is not written over, and nothing would be said
    said = run(root, ["kdenlive", "--render", str(file), str(movie)], folder=file.parent, log=f"{file.name}.log", seconds=seconds)
    assert movie.is_file(), said
    return movie


def with_screen(root: Path, script: str, *arguments: str, folder: Path, log: str, seconds: float) -> str:
    """Run one of this folder's shell scripts on a virtual screen, with a session bus and fresh settings; give what it said.

    Parameters
    ----------
    root
        From `ensure_root`.
    script
        File name of the script; it must end with 0.
    *arguments
        Its arguments.
    folder, log, seconds
        As in `run`.
    """
    home = folder / f"home of {log}"
    (home / "rt").mkdir(parents=True)
    (home / "rt").chmod(0o700)
    environment = {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "rt"),
        "SDL_AUDIODRIVER": "dummy",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
    }
    command = [*_clean(environment), *_screen(), "dbus-run-session", "bash", str(HERE / script), *arguments]
    with _locked(root, exclusive=False):
        ended = _run_logged(inside(root, command, binds=[folder, HERE]), log=folder / log, seconds=seconds)
    said = (folder / log).read_text(errors="replace")
    assert ended == 0, f"{script} ended with {ended}; it said:\n{said[-3000:]}"
    return said
