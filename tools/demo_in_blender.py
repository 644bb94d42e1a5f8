"""The demo, inside Blender: a song on the timeline, the panel's button, and what comes of it.

Runs in the Python of a `bpy` package, or in `blender --background --python tools/demo_in_blender.py -- ...`. Uses the installed extension
as a user would: through its operators. `dev.py demo` starts it.
"""

import argparse
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

MODULE = "bl_ext.user_default.chromastrip"
MOVIE_SIZE = 960, 540  # frames are drawn in this shape and scaled up to it
BAR_WIDTH = 30
TICK_SECONDS = 0.05


def main(arguments: Sequence[str]) -> int:
    """Make the demo; exit code 0, or 1 if something stood in the way, or 130 if interrupted."""
    options = _parser().parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        addon = install(options.zip, options.worker_python)
        scene = new_film(options.out / "demo.blend", song=options.song, fps=options.fps, seconds=options.seconds)
        if options.lyrics is not None:
            find_things(scene, options.lyrics)
            wait(addon.jobs)
        bpy.ops.chromastrip.generate()
        wait(addon.jobs)
        bpy.ops.wm.save_mainfile()
        bpy.ops.chromastrip.export(filepath=str(options.out / "demo.otio"))
        wait(addon.jobs)
        frames = film_frames(scene)
        make_contact_sheet(options.worker_python, frames.parent, options.out / "contact_sheet.png", fps=options.fps)
        render_movie(scene, options.out / "demo.mp4")
    except KeyboardInterrupt:
        say("\nStopped. Finished frames are kept: the same command goes on from here.")
        return 130
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        say(f"\n{error}")
        return 1
    tell_results(options.out, frames)
    return 0


# The steps ------------------------------------------------------------------------------------------------------------------------------


def install(zip_path: Path, worker_python: Path) -> Any:
    """Start from Blender's factory settings, install the extension as Blender does, and show it the engine's Python."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.extensions.package_install_files(filepath=str(zip_path), repo="user_default", enable_on_install=True)
    bpy.context.preferences.addons[MODULE].preferences.engine_python = str(worker_python)
    return sys.modules[f"{MODULE}.addon"]


def new_film(path: Path, *, song: Path, fps: Fraction, seconds: Fraction | None) -> bpy.types.Scene:
    """Make a .blend with the song as a sound strip, the first `seconds` of it if given, and choose the strip."""
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = math.ceil(fps), float(math.ceil(fps) / fps)
    scene.view_settings.view_transform = "Standard"  # shows pictures in the colours that they have
    scene.render.resolution_x, scene.render.resolution_y = MOVIE_SIZE
    if hasattr(bpy.context.workspace, "sequencer_scene"):  # 5.0
        bpy.context.workspace.sequencer_scene = scene
    editor = scene.sequence_editor_create()
    strips = editor.strips
    strip = strips.new_sound(name=song.stem, filepath=str(song), channel=1, frame_start=1)
    if seconds is not None:
        set_length(strip, min(length(strip), math.ceil(seconds * fps)))
    editor.active_strip = strip
    scene.frame_start, scene.frame_end = 1, length(strip)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return scene


def find_things(scene: bpy.types.Scene, lyrics: Path) -> None:
    """Let the song's words choose what shows while they are sung."""
    say("Finding things for the lyrics")
    scene.sequence_editor.active_strip.chromastrip.lyrics_path = str(lyrics)
    bpy.ops.chromastrip.find_words()


def wait(jobs: Any) -> None:
    """Advance the add-on's job until it ends, with a progress bar.

    Raises
    ------
    RuntimeError
        With the cause and the cure, if it failed.
    """
    line = ProgressLine()
    with cancelled_by_interrupt(jobs):
        while jobs.state.busy:
            line.show(jobs.state.progress)
            time.sleep(TICK_SECONDS)
            jobs.tick()
    line.end()
    if jobs.state.error is not None:
        raise RuntimeError(f"{jobs.state.error.cause}\n→ {jobs.state.error.cure}")
    for note in jobs.state.notes:
        say(f"Note: {note}")


@contextmanager
def cancelled_by_interrupt(jobs: Any) -> Generator[None]:
    """Let Ctrl+C end the job as the Cancel button does."""
    try:
        yield
    except KeyboardInterrupt:
        jobs.cancel()
        for _ in range(100):
            if not jobs.state.busy:
                break
            jobs.tick()
            time.sleep(TICK_SECONDS)
        raise


def film_frames(scene: bpy.types.Scene) -> Path:
    """Give the first frame's file of the film on the timeline."""
    strip = next(strip for strip in scene.sequence_editor.strips if strip.type == "IMAGE")
    return Path(bpy.path.abspath(strip.directory)) / strip.elements[0].filename


def make_contact_sheet(worker_python: Path, frames: Path, picture: Path, *, fps: Fraction) -> None:
    """Show the film at a glance, through the engine's command line."""
    subprocess.run(
        [worker_python, "-m", "core", "contact-sheet", frames, "--out", picture, "--fps", str(fps)],
        cwd=Path(__file__).resolve().parent.parent,
        check=True,
    )


def render_movie(scene: bpy.types.Scene, path: Path) -> None:
    """Render the sequencer, picture and sound, to an H.264 film."""
    image_settings = scene.render.image_settings
    if hasattr(image_settings, "media_type"):  # 5.0
        image_settings.media_type = "VIDEO"
    image_settings.file_format = "FFMPEG"
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec = "MPEG4", "H264"
    scene.render.ffmpeg.constant_rate_factor, scene.render.ffmpeg.ffmpeg_preset = "HIGH", "REALTIME"
    scene.render.ffmpeg.audio_codec, scene.render.ffmpeg.audio_bitrate = "AAC", 192
    scene.render.filepath = str(path)
    with quiet_standard_output():
        bpy.ops.render.render(animation=True)


def tell_results(out: Path, frames: Path) -> None:
    """Name each result, and how to open it."""
    say(f"""
Done. In {out}:
  demo.mp4           the film, with its sound: play it in any player
  demo.blend         the edit: open it in Blender, workspace Video Editing
  contact_sheet.png  the film at a glance: any picture viewer
  demo.otio          the edit for other programs: import it as OpenTimelineIO
  {frames.parent.relative_to(out)}/
                     the frames: numbered pictures, usable anywhere""")


# Blender's versions ---------------------------------------------------------------------------------------------------------------------


def length(strip: bpy.types.Strip) -> int:
    """Give a strip's length in frames."""
    return strip.duration if bpy.app.version >= (5, 1, 0) else strip.frame_final_duration


def set_length(strip: bpy.types.Strip, frame_count: int) -> None:
    """Set a strip's length in frames by its right handle."""
    if bpy.app.version >= (5, 1, 0):
        strip.right_handle = strip.left_handle + frame_count
    else:
        strip.frame_final_end = strip.frame_final_start + frame_count


# The terminal ---------------------------------------------------------------------------------------------------------------------------


class ProgressLine:
    """One line of progress, drawn over the last one; where nobody watches (a log), one line for each stage."""

    def __init__(self) -> None:
        self._shown = ""
        self._stage = ""

    def show(self, progress: Any) -> None:
        """Show a `Progress` if it is news."""
        text = _progress_words(progress)
        if text == self._shown:
            return
        self._shown = text
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{text:<100}")
        elif text.split("  ")[0] != self._stage:
            say(text)
        self._stage = text.split("  ")[0]
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if sys.stderr.isatty():
            sys.stderr.write("\n")


def _progress_words(progress: Any) -> str:
    if progress is None:
        return "Starting engine"
    filled = BAR_WIDTH * progress.done // max(progress.total, 1)
    rate = f"{progress.frames_per_second:5.1f} frames/s, {progress.seconds_left:4.0f} s left" if progress.frames_per_second else ""
    return f"{progress.stage:<13}  {'█' * filled}{'░' * (BAR_WIDTH - filled)} {progress.done}/{progress.total} {rate}"


def say(line: str) -> None:
    """Print for people."""
    sys.stderr.write(line + "\n")


@contextmanager
def quiet_standard_output() -> Generator[None]:
    """Keep Blender's line for each rendered frame to itself."""
    sys.stdout.flush()
    kept = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(silence)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo_in_blender.py")
    parser.add_argument("--zip", type=Path, required=True)
    parser.add_argument("--worker-python", type=Path, required=True)
    parser.add_argument("--song", type=Path, required=True)
    parser.add_argument("--lyrics", type=Path)
    parser.add_argument("--fps", type=Fraction, required=True)
    parser.add_argument("--seconds", type=Fraction)
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    sys.exit(main(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]))
