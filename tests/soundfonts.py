"""MIDI files as sound: FluidSynth and a free soundfont of Debian, unpacked into the user's cache folder if not installed."""

import os
import shutil
import subprocess
from pathlib import Path

from tools import debian

SYNTH, SOUNDFONT = "fluidsynth", "timgm6mb-soundfont"
SOUNDFONT_FILE = "usr/share/sounds/sf2/TimGM6mb.sf2"  # 6 MB; GPL


def render(midi: Path, sound: Path) -> Path:
    """Write a MIDI file's sound as .wav, at 44 100 Hz; its first sample is the file's first tick.

    Raises
    ------
    NoPackageError
        If FluidSynth is not here and cannot be fetched.
    """
    needed = [] if shutil.which(SYNTH) else [debian.unpacked(name) for name in _missing()]
    programs = [str(folder / "usr/bin") for folder in needed]
    libraries = [str(place) for folder in needed for place in folder.glob("usr/lib/*-linux-gnu*/**/") if any(place.glob("*.so*"))]
    environment = os.environ | {
        "PATH": os.pathsep.join([*programs, os.environ["PATH"]]),
        "LD_LIBRARY_PATH": os.pathsep.join([*libraries, os.environ.get("LD_LIBRARY_PATH", "")]),
    }
    quiet = ["-ni", "-q", "-R", "0", "-C", "0", "-r", "44100", "-o", "synth.polyphony=64"]  # no room, no chorus: they blur beginnings
    soundfont = debian.unpacked(SOUNDFONT) / SOUNDFONT_FILE
    subprocess.run([SYNTH, *quiet, "-F", sound, soundfont, midi], env=environment, check=True, capture_output=True)
    return sound


def _missing() -> list[str]:
    """Name FluidSynth's package, and those of its libraries that are not installed."""
    if not shutil.which("apt-get"):
        raise debian.NoPackageError(f"{SYNTH} is not installed, and there is no apt-get to fetch it")
    told = subprocess.run(
        ["apt-get", "install", "--simulate", "--no-install-recommends", SYNTH], capture_output=True, text=True, check=False
    )
    return [line.split()[1] for line in told.stdout.splitlines() if line.startswith("Inst ")] or [SYNTH]
