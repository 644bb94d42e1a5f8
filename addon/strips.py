"""Strips in, strips out: which sound is meant and where it lies, and the image strip that shows the film."""

import hashlib
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from ..core.protocol import FrameSequence, RenderRequest, UserError
from . import compat, engine, folders
from .properties import read_settings

MOST_CHANNELS = 128
STRIP_COLOR = "COLOR_05"
FLOAT32_STEP = 2.0**-24  # half of what lies between a number of seven digits and the next, as a share of it


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a film belongs: plain data, since a strip held in a variable goes stale with every undo."""

    scene_name: str
    sound_strip_name: str
    left_handle: int
    frame_count: int
    channel: int


# The sound ------------------------------------------------------------------------------------------------------------------------------


def source_strip(scene: bpy.types.Scene | None) -> bpy.types.SoundStrip:
    """Give the sound strip that the user means: the active one if it is selected, else the only selected one.

    Raises
    ------
    UserError
        If none or several could be meant.
    """
    if scene is None or scene.sequence_editor is None:
        raise UserError("The sequencer is empty.", "Add a sound: Add > Sound.")
    editor = scene.sequence_editor
    selected = [strip for strip in current_strips(editor) if strip.select and strip.type == "SOUND"]
    if not selected:
        raise UserError("No sound strip is selected.", "Click the sound strip to draw a film for.")
    active = next((strip for strip in selected if strip == editor.active_strip), None)
    if active is None and len(selected) > 1:
        names = ", ".join(f"“{strip.name}”" for strip in selected[:3])
        raise UserError(f"{len(selected)} sound strips are selected ({names}).", "Click the one to draw a film for.")
    return active or selected[0]


def check_source(strip: bpy.types.SoundStrip) -> None:
    """Refuse a strip whose sound cannot be heard.

    Raises
    ------
    UserError
        If its file is missing, or it has been retimed.
    """
    if strip.sound is None:
        raise UserError(f"The strip “{strip.name}” has no sound.", "Choose its file in the sidebar's Strip tab.")
    if strip.sound.packed_file is None and not Path(sound_path(strip)).is_file():
        raise UserError(
            f"The file of “{strip.name}” is missing: {sound_path(strip)}.", "Find it: File > External Data > Find Missing Files."
        )
    if len(strip.retiming_keys) > 0:
        raise UserError(f"“{strip.name}” has retiming keys.", "Mix it down to a file (Render > Render Audio), and use that.")


def sound_path(strip: bpy.types.SoundStrip) -> str:
    """Give the absolute path of a strip's sound file."""
    return os.path.normpath(bpy.path.abspath(strip.sound.filepath, library=strip.sound.library))


def render_request(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> RenderRequest:
    """Put all that decides a film into a request.

    Raises
    ------
    UserError
        If the strip's sound cannot be used.
    """
    check_source(strip)
    base = folders.base_folder()
    return RenderRequest(
        name=strip.name,
        sound_path=unpacked_sound(strip, base) if strip.sound.packed_file else sound_path(strip),
        source_start_seconds=source_start_seconds(scene, strip),
        frame_count=compat.frame_count(strip),
        fps=scene_fps(scene),
        settings=read_settings(strip.chromastrip),
        frames_folder=str(base),
        cache_folder=str(base / "cache"),
        beats_seconds=marked_beats(scene, strip),
        limit_flashes=strip.chromastrip.limit_flashes,
        machine=engine.machine(),
        picture_format=engine.picture_format(),
    )


def placement(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> Placement:
    """Say where the film of a strip belongs."""
    return Placement(
        scene_name=scene.name,
        sound_strip_name=strip.name,
        left_handle=compat.left_handle(strip),
        frame_count=compat.frame_count(strip),
        channel=strip.channel,
    )


def source_start_seconds(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> Fraction:
    """Say where in the sound file the strip's first frame lies, in seconds."""
    frames = compat.left_handle(strip) - exact(compat.content_start(strip)) + compat.content_trim_start(strip)
    return frames / scene_fps(scene) + exact(strip.sound_offset)


def marked_beats(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> tuple[Fraction, ...]:
    """Give the beats that the user has marked along a sound strip, in the sound's own time; none marked: they are heard."""
    start, left = source_start_seconds(scene, strip), compat.left_handle(strip)
    times = (start + (frame - left) / scene_fps(scene) for frame in beat_frames(scene, strip))
    return tuple(time for time in times if time >= 0)


def beat_frames(scene: bpy.types.Scene, strip: bpy.types.Strip) -> list[int]:
    """Give the frames of the beats that are marked along a strip: of markers called "Beat", and of those called "Bar" where some are."""
    frames: dict[str, set[int]] = {"Beat": set(), "Bar": set()}
    for marker in scene.timeline_markers:
        kind = marker.name.partition(" ")[0].capitalize()
        if kind in frames and compat.left_handle(strip) <= marker.frame < compat.right_handle(strip):
            frames[kind].add(marker.frame)
    return sorted(frames["Beat"] | frames["Bar"]) if frames["Beat"] else []


def scene_fps(scene: bpy.types.Scene) -> Fraction:
    """Give the scene's exact rate: 30 / 1.001 is 30000/1001, though Blender keeps the base as a float."""
    base = Fraction(scene.render.fps_base)
    return Fraction(scene.render.fps) / (base.limit_denominator(10_000) or base)


def set_scene_fps(scene: bpy.types.Scene, fps: Fraction) -> None:
    """Set a scene's exact rate as Blender's own menus do: 30000/1001 is 30 / 1.001."""
    scene.render.fps = math.ceil(fps)
    scene.render.fps_base = float(math.ceil(fps) / fps)


def exact(number: float, *, per: Fraction = Fraction(1)) -> Fraction:
    """Give the simplest fraction that one of Blender's floats, of seven digits, can stand for, times `per`: 1/75 for 0.013333334."""
    value = Fraction(number) * per
    close = max(abs(number), 1e-6) * FLOAT32_STEP * per
    simpler = (value.limit_denominator(10**digits) for digits in range(1, 7))
    return next((fraction for fraction in simpler if abs(fraction - value) <= close), value.limit_denominator(1_000_000))


def unpacked_sound(strip: bpy.types.SoundStrip, base: Path) -> str:
    """Write a sound that is packed in the .blend to a file below `base`, if it is not there yet, and give its path."""
    content = bytes(strip.sound.packed_file.data)
    name = re.sub(r"[^\w.]+", "-", Path(strip.sound.filepath.replace("\\", "/")).name) or "sound"
    path = base / "sounds" / f"{hashlib.blake2b(content, digest_size=8).hexdigest()}-{name}"
    if not path.is_file() or path.stat().st_size != len(content):
        folders.write_whole(path, content)
    return str(path)


# The image strip ------------------------------------------------------------------------------------------------------------------------


def insert_film(context: bpy.types.Context, where: Placement, frames: FrameSequence) -> bpy.types.ImageStrip:
    """Put a film's frames on the timeline: in the first free channel above the sound, with the same first frame.

    Raises
    ------
    UserError
        If the scene has gone, or has no room.
    """
    scene = bpy.data.scenes.get(where.scene_name)
    if scene is None:
        raise UserError(f"The scene “{where.scene_name}” is gone.", f"The frames are kept in {frames.folder}.")
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = current_strips(editor)
    sound = strips.get(where.sound_strip_name)
    if sound is not None and compat.frame_count(sound) == where.frame_count:  # moved while the film was drawn: follow it
        where = placement(scene, sound)
    channel = free_channel(strips, above=where.channel, first=where.left_handle, last=where.left_handle + where.frame_count)
    active = editor.active_strip.name if editor.active_strip is not None else ""
    strip = new_image_strip(context, scene, frames, name=where.sound_strip_name, channel=channel, first=where.left_handle)
    if active in strips:  # the user goes on with what was selected before
        strip.select, editor.active_strip = False, strips[active]
    strip.name = f"{where.sound_strip_name} Film"
    strip.color_tag = STRIP_COLOR
    return strip


def current_strips(editor: bpy.types.SequenceEditor) -> bpy.types.StripsTopLevel:
    """Give the strips that the user sees: those inside the meta strip that is open, if one is."""
    return editor.meta_stack[-1].strips if len(editor.meta_stack) else editor.strips


def free_channel(strips: Sequence[bpy.types.Strip], *, above: int, first: int, last: int) -> int:
    """Find the lowest channel above another in which no strip touches the frames first ... last - 1.

    Raises
    ------
    UserError
        If there is none.
    """
    taken = {strip.channel for strip in strips if compat.left_handle(strip) < last and compat.right_handle(strip) > first}
    channel = next((channel for channel in range(above + 1, MOST_CHANNELS + 1) if channel not in taken), None)
    if channel is None:
        raise UserError(f"All channels above {above} are taken there.", "Free one, and press Generate again: the frames are kept.")
    return channel


def new_image_strip(
    context: bpy.types.Context, scene: bpy.types.Scene, frames: FrameSequence, *, name: str, channel: int, first: int
) -> bpy.types.ImageStrip:
    """Make the strip: by Blender's operator where there is a sequencer to run it in (10 000 frames in 0.05 s), else one by one."""
    names = frames.file_names()
    strips = current_strips(scene.sequence_editor)
    before = {strip.name for strip in strips}
    override = sequencer_of(context, scene)
    if override is None:
        strip = strips.new_image(
            name=name,
            filepath=str(Path(frames.folder) / names[0]),
            channel=channel,
            frame_start=first,
            fit_method="FIT",
        )
        for other in names[1:]:
            strip.elements.append(other)
        strip.directory = portable(frames.folder)
    else:
        with context.temp_override(**override):
            bpy.ops.sequencer.image_strip_add(
                directory=frames.folder,
                files=[{"name": name} for name in names],
                frame_start=first,
                channel=channel,
                fit_method="FIT",
                replace_sel=False,
                set_view_transform=False,
                relative_path=bpy.data.is_saved,
                **only_known(bpy.ops.sequencer.image_strip_add, move_strips=False, use_sequence_detection=False),
            )
        strip = next(strip for strip in strips if strip.name not in before)
    strip.name = name
    return strip


def sequencer_of(context: bpy.types.Context, scene: bpy.types.Scene) -> dict[str, object] | None:
    """Give what an operator of the sequencer must be told to run in one that edits this scene; None if there is none on the screen."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            edited = getattr(window.workspace, "sequencer_scene", None) or window.scene
            if area.type == "SEQUENCE_EDITOR" and area.spaces.active.view_type != "PREVIEW" and edited == scene:
                region = next(region for region in area.regions if region.type == "WINDOW")
                return {"window": window, "area": area, "region": region, "scene": scene}
    return None


def only_known(operator: Any, **options: object) -> dict[str, object]:
    """Leave out the options that this Blender's operator does not have yet."""
    known = operator.get_rna_type().properties.keys()
    return {name: value for name, value in options.items() if name in known}


def portable(path: str) -> str:
    """Name a file or folder from the .blend's place, where that can be done."""
    try:
        return bpy.path.relpath(path) if bpy.data.is_saved else path
    except ValueError:  # another drive
        return path
