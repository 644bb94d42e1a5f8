"""A sound that is mixed from several of Blender's strips, or heard through what Blender does to one: made by Blender in the background.

In: a small .blend whose one scene holds only what shall be heard, and that scene's frame range. Out: a sound file of exactly that range. It
is what Blender plays, retiming, volume curves, metas, effects and all, and Blender's own window never waits for it.
"""

import json
import os
import subprocess
from pathlib import Path

from ..files import whole_file
from ..protocol import MIX_FILE, MIXER_VARIABLE, Mix, UserError, places
from ..working import Cancelled, end_if, never

LOOK_SECONDS = 0.05
LAST_WORDS = 400  # characters
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # on Windows


def ensure_sound(sound_path: str, mix: Mix | None, *, cancelled: Cancelled = never) -> None:
    """Have a mixed sound made, if it is one and is not there.

    Parameters
    ----------
    sound_path
        Where it is, or shall be.
    mix
        What it is made from; None: it is a file that nobody can make.
    cancelled
        Asked all the while.

    Raises
    ------
    UserError
        If Blender cannot mix it.
    CancelledError
        If `cancelled` said so.
    """
    sound = Path(sound_path)
    if mix is None or sound.is_file():
        return
    if not MIX_FILE.fullmatch(sound.name):
        raise UserError(f"{sound} is not what a mixed sound is called.", "Select its sounds, and press Generate.")
    if not places.is_file(mix.blend_path):
        raise UserError(f"The mixed sound {sound} is gone, and so is what it was mixed from.", "Select its sounds, and press Generate.")
    with whole_file(sound) as temporary:
        _run([*_mixer(), mix.blend_path, str(temporary)], made=temporary, cancelled=cancelled)


def _mixer() -> list[str]:
    """Give the command that mixes: the add-on names it when it starts the worker. A file could not be trusted to name one."""
    command = json.loads(os.environ.get(MIXER_VARIABLE, "[]"))
    if not command:
        raise UserError("Sounds are mixed by Blender, which is not at hand here.", "Open the .blend in Blender, and press Render there.")
    return command


def _run(command: list[str], *, made: Path, cancelled: Cancelled) -> None:
    """Run Blender until it has made the file."""
    try:
        mixer = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, creationflags=NO_WINDOW
        )
    except OSError as error:
        raise UserError(f"Blender could not be started to mix the sound: {error}.", "Try again.") from error
    with mixer:
        try:
            words = _words_of(mixer, cancelled)
        finally:
            mixer.kill()
    if mixer.returncode != 0 or not made.is_file() or not made.stat().st_size:
        raise UserError(
            f"Blender could not mix the sound. Its last words: {words[-LAST_WORDS:]}", "Put missing sounds back, then try again."
        )


def _words_of(mixer: subprocess.Popen[bytes], cancelled: Cancelled) -> str:
    """Wait for its end, and give what it has said."""
    while True:
        end_if(cancelled)
        try:
            return mixer.communicate(timeout=LOOK_SECONDS)[0].decode(errors="replace").strip()
        except subprocess.TimeoutExpired:
            continue
