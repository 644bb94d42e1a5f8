"""What step scripts find in Blender's window: the add-on, enabled; a saved timeline with the project's song; its strips, looked up anew.

An undo makes what is held in a variable stale: ask each time.
"""

import os
import shutil
import sys
from types import ModuleType

import bpy
from driver import OUT, region, sequencer

SONG = "Dog at the Grand Piano"
FPS = 25


def enable_addon() -> ModuleType:
    """Enable the add-on, let its engine run in the tests' Python, and give it."""
    module = os.environ["WINDOW_MODULE"]
    bpy.ops.preferences.addon_enable(module=module)  # Blender's --addons alone gives it no preferences
    bpy.context.preferences.addons[module].preferences.engine_python = os.environ["WINDOW_WORKER_PYTHON"]
    return sys.modules[f"{module}.addon"]


def new_film(*, frames: int, name: str = SONG) -> bpy.types.SoundStrip:
    """Put the song on the timeline of a saved .blend, and show all of it.

    Parameters
    ----------
    frames : int
        How many of its frames.
    name : str
        The strip's name.

    Returns
    -------
    bpy.types.SoundStrip
        The strip: selected, active.
    """
    strip = add_song(name, channel=1, frame_start=1, frames=frames)
    scene().sequence_editor.active_strip = strip
    save_and_view()
    return strip


def add_song(name: str, *, channel: int, frame_start: int, frames: int) -> bpy.types.SoundStrip:
    """Put the song somewhere on the timeline."""
    here = scene()
    here.render.fps = FPS
    here.view_settings.view_transform = "Standard"
    sequencer()[1].spaces.active.timeline_overlay.show_strip_source = False  # names of folders are nobody's business
    song = shutil.copy(os.environ["WINDOW_SONG"], OUT)  # beside the .blend, as an editor has it
    editor = here.sequence_editor or here.sequence_editor_create()
    strip = editor.strips.new_sound(name=name, filepath=song, channel=channel, frame_start=frame_start)
    strip.right_handle = strip.left_handle + frames
    strip.show_waveform = True
    here.frame_end = max(other.right_handle for other in editor.strips)
    return strip


def save_and_view() -> None:
    """Save the .blend, and show all strips."""
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    window, area = sequencer()
    with bpy.context.temp_override(window=window, area=area, region=region(area)):
        bpy.ops.sequencer.view_all()


def scene() -> bpy.types.Scene:
    """Give the scene that the sequencer shows."""
    return sequencer()[0].workspace.sequencer_scene


def strips() -> list[bpy.types.Strip]:
    """Give all strips."""
    editor = scene().sequence_editor
    return list(editor.strips) if editor else []


def sound() -> bpy.types.SoundStrip:
    """Give the first sound strip."""
    return next(strip for strip in strips() if strip.type == "SOUND")


def films() -> list[bpy.types.ImageStrip]:
    """Give the strips of pictures, from the lowest channel up, from left to right."""
    return sorted((strip for strip in strips() if strip.type == "IMAGE"), key=lambda strip: (strip.channel, strip.left_handle))


def select(*chosen: bpy.types.Strip) -> None:
    """Select strips and no others; the first one is active."""
    for strip in strips():
        strip.select = strip in chosen
    scene().sequence_editor.active_strip = chosen[0]
