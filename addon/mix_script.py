"""Mixes a scene's sound in a Blender of its own, in the background: ``BLENDER ... mix_script.py -- FILE.blend SOUND.wav``.

Nothing of the add-on is loaded there. Ends with 1 where a sound is missing: Blender would mix silence.
"""

import os
import struct
import sys
import time

import bpy

MIX_SCENE = "Chromastrip Mix"
RIFF = struct.Struct("<4sI")  # and how many bytes follow
PATIENCE_SECONDS = 60.0  # without a byte more
LOOK_SECONDS = 0.02


def main(blend_path: str, sound_path: str) -> int:
    """Append the .blend's scene and mix its frame range into 32-bit floats, which cannot clip."""
    with bpy.data.libraries.load(blend_path) as (there, wanted):
        wanted.scenes = [next(name for name in there.scenes if name.startswith(MIX_SCENE))]
    (scene,) = wanted.scenes
    missing = [sound.filepath for sound in bpy.data.sounds if sound.users and not sound.packed_file and not _is_there(sound)]
    if missing:
        sys.stdout.write(f"Missing: {', '.join(missing)}\n")
        return 1
    with bpy.context.temp_override(scene=scene, view_layer=scene.view_layers[0]):
        bpy.ops.sound.mixdown(filepath=sound_path, check_existing=False, container="WAV", codec="PCM", format="F32")
    return 0 if _is_finished(sound_path) else 1


def _is_finished(sound_path: str) -> bool:
    """Wait for the file's end: Blender 5.2 returns at once and mixes on, on a thread of its own. A WAV's size is written last."""
    began, size = time.monotonic(), 0
    while time.monotonic() - began < PATIENCE_SECONDS:
        if (found := _size(sound_path)) != size:
            began, size = time.monotonic(), found
        if size > RIFF.size:
            with open(sound_path, "rb") as file:  # noqa: PTH123 (no need of pathlib)
                if RIFF.unpack(file.read(RIFF.size)) == (b"RIFF", size - RIFF.size):
                    return True
        time.sleep(LOOK_SECONDS)
    return False


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.exists(path) else 0  # noqa: PTH110, PTH202


def _is_there(sound: bpy.types.Sound) -> bool:
    return os.path.isfile(bpy.path.abspath(sound.filepath, library=sound.library))  # noqa: PTH113 (no need of pathlib)


if __name__ == "__main__":
    result = main(*sys.argv[sys.argv.index("--") + 1 :])
    sys.stdout.flush()
    os._exit(result)  # at once: nothing here is worth a clean end
