"""Which strips sound, and the one sound that a film hears of them.

A plain sound is its own file. Several strips, a meta or scene strip, a sound that is retimed, or one with a volume curve or modifiers, are
mixed as Blender plays them: here they are written alone into a small .blend beside the frames, and the worker has Blender mix that in the
background (`core/sound/mixing.py`). The user's own scene stays as it is. Both files are named after all that goes in.
"""

import contextlib
import hashlib
import json
import os
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import bpy

from ..core.protocol import MIXER_VARIABLE, Mix, UserError
from . import compat

MIX_RATE = 48_000
MIX_SCENE = "Chromastrip Mix"  # `mix_script` looks for it
CURVES = ("volume", "pan")
MIX_SCRIPT = os.fspath(Path(__file__).with_name("mix_script.py"))


# Which strips sound ---------------------------------------------------------------------------------------------------------------------


def sounds(strip: bpy.types.Strip) -> bool:
    """Say whether a film can be drawn for a strip: a sound, or a meta or scene strip with some in it."""
    if strip.type == "META":
        return any(sounds(inner) for inner in strip.strips)
    if strip.type == "SCENE":
        editor = strip.scene.sequence_editor if strip.scene is not None else None
        return editor is not None and any(inner.type == "SOUND" for inner in editor.strips_all)
    return strip.type == "SOUND"


def span(strips: Iterable[bpy.types.Strip]) -> tuple[int, int]:
    """Give the frames from the first strip's left handle to the last one's right handle; half-open."""
    edges = [(compat.left_handle(strip), compat.right_handle(strip)) for strip in strips]
    return min(left for left, _ in edges), max(right for _, right in edges)


def needs_mix(scene: bpy.types.Scene, strips: Sequence[bpy.types.Strip]) -> bool:
    """Say whether these strips sound otherwise than one file does from some time on."""
    if len(strips) > 1 or strips[0].type != "SOUND":
        return True
    (strip,) = strips
    changed = len(strip.retiming_keys) > 0 or any(not modifier.mute for modifier in strip.modifiers)
    return (
        changed or _is_a_movies_late_sound(scene, strip) or any(curve.data_path == _path(strip, "volume") for curve in compat.curves(scene))
    )


def _is_a_movies_late_sound(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> bool:
    """Say whether Blender added a movie's sound with room before it, since it begins after the pictures.

    Blender plays such a sound up to one and a half frames before the place that its strip names (4.5 to 5.2, measured): only its mix tells.
    """
    if compat.left_handle(strip) >= compat.content_start(strip) or scene.sequence_editor is None:
        return False
    path = file_path(strip) if strip.sound is not None else ""
    movies = (one for one in scene.sequence_editor.strips_all if one.type == "MOVIE")
    return any(os.path.normpath(bpy.path.abspath(movie.filepath)) == path for movie in movies)


def check(strips: Iterable[bpy.types.Strip]) -> None:
    """Refuse strips whose sound cannot be heard.

    Raises
    ------
    UserError
        If a file is missing.
    """
    for strip in inner_sounds(strips):
        if strip.sound is None:
            raise UserError(f"The strip “{strip.name}” has no sound.", "Choose its file in the sidebar's Strip tab.")
        if strip.sound.packed_file is None and not Path(file_path(strip)).is_file():
            raise UserError(
                f"The file of “{strip.name}” is missing: {file_path(strip)}.", "Find it: File > External Data > Find Missing Files."
            )


def inner_sounds(strips: Iterable[bpy.types.Strip]) -> Iterator[bpy.types.SoundStrip]:
    """Give the sounds among strips, those in metas too."""
    for strip in strips:
        if strip.type == "SOUND":
            yield strip
        elif strip.type == "META":
            yield from inner_sounds(strip.strips)


def file_path(strip: bpy.types.SoundStrip) -> str:
    """Give the absolute path of a strip's sound file; empty: it has none."""
    if strip.sound is None:
        return ""
    return os.path.normpath(bpy.path.abspath(strip.sound.filepath, library=strip.sound.library))


# The mix --------------------------------------------------------------------------------------------------------------------------------


def mix(scene: bpy.types.Scene, strips: Sequence[bpy.types.Strip], folder: Path) -> tuple[str, Mix]:
    """Say where the mix of some strips is, or shall be: its first sample lies at the first strip's left handle.

    Parameters
    ----------
    scene
        Has the strips; is left as it was.
    strips
        What is heard, and nothing else.
    folder
        Takes the mix, and the .blend that it is made from.

    Raises
    ------
    UserError
        If they begin before frame 0, where Blender mixes nothing, or the .blend cannot be written.
    """
    left, _ = span(strips)
    if left < 0:
        raise UserError(f"These sounds begin at frame {left}, and Blender mixes from frame 0 on.", "Move them to the right.")
    stem = folder / f"mix-{digest(scene, strips)}"
    blend = stem.with_suffix(".blend")
    if not blend.is_file():
        _write_alone(scene, strips, blend)
    return str(stem.with_suffix(".wav")), Mix(blend_path=str(blend))


def _write_alone(scene: bpy.types.Scene, strips: Sequence[bpy.types.Strip], blend: Path) -> None:
    """Write a .blend with a copy of the scene that holds these strips only."""
    copy = scene.copy()
    copy.name, copy.use_fake_user = MIX_SCENE, True  # a copy has no users yet, and would not be written
    temporary = blend.with_name(f".writing-{uuid.uuid4().hex}.blend")
    try:
        _strip_down(copy, strips)
        blend.parent.mkdir(parents=True, exist_ok=True)
        _write(copy, temporary)
        temporary.replace(blend)
    except OSError as error:
        raise UserError(f"{blend} cannot be written: {error.strerror}.", "Choose another folder in Output.") from error
    finally:
        bpy.data.scenes.remove(copy)
        with contextlib.suppress(OSError):  # a disk that may only be read says so even of a file that is not there
            temporary.unlink()


def _write(copy: bpy.types.Scene, path: Path) -> None:
    """Write the scene alone; where others are shown in it, the whole file: Blender 5.2 crashes upon writing scene strips alone."""
    if any(strip.type == "SCENE" for strip in copy.sequence_editor.strips_all):
        bpy.ops.wm.save_as_mainfile(filepath=os.fspath(path), copy=True, compress=True, check_existing=False, relative_remap=True)
    else:
        bpy.data.libraries.write(os.fspath(path), {copy}, path_remap="ABSOLUTE", compress=True)


def _strip_down(copy: bpy.types.Scene, strips: Sequence[bpy.types.Strip]) -> None:
    """Take everything out of a scene that is not heard, and set its range."""
    first, end = span(strips)
    copy.use_preview_range, copy.use_audio = False, True
    copy.frame_start, copy.frame_end = first, end - 1
    copy.render.ffmpeg.audio_mixrate, copy.render.ffmpeg.audio_channels = MIX_RATE, "MONO"
    copy.camera = copy.world = None
    for held in (copy.collection.children, copy.collection.objects):
        for item in list(held):
            held.unlink(item)
    editor = copy.sequence_editor
    _keep(editor.strips, editor.channels, {strip.name for strip in strips})


def _keep(strips: Any, channels: Any, names: set[str]) -> None:
    """Remove all strips but those of some names, and unmute those; the metas that they lie in stay around them."""
    for name in [strip.name for strip in strips]:
        strip = strips.get(name)
        if strip is None:  # an effect that has gone with its input
            continue
        if name not in names and not _holds(strip, names):
            strips.remove(strip)
            continue
        strip.mute = channels[strip.channel].mute = False
        if name not in names:
            _keep(strip.strips, strip.channels, names)


def _holds(strip: bpy.types.Strip, names: set[str]) -> bool:
    return strip.type == "META" and any(inner.name in names or _holds(inner, names) for inner in strip.strips)


# What goes in ---------------------------------------------------------------------------------------------------------------------------


def digest(scene: bpy.types.Scene, strips: Sequence[bpy.types.Strip]) -> str:
    """Digest all that a mix follows, the same wherever the strips stand together on the timeline: 16 hexadecimal digits."""
    left, right = span(strips)
    fps = (scene.render.fps, round(scene.render.fps_base, 6))
    told = [right - left, fps, scene.audio_volume, *(_told(scene, strip, left) for strip in strips)]
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=8).hexdigest()


def _told(scene: bpy.types.Scene, strip: bpy.types.Strip, left: int, *, inner: bool = False) -> list[Any]:
    """Tell all that a strip's sound follows."""
    edges = [compat.left_handle(strip) - left, compat.right_handle(strip) - left, round(compat.content_start(strip) - left, 4)]
    trims = [compat.content_trim_start(strip), compat.content_trim_end(strip)]
    told: list[Any] = [strip.type, edges, trims, inner and strip.mute, [_modifier_told(modifier) for modifier in strip.modifiers]]
    told += [[getattr(strip, name, 0), _curve_told(scene, strip, name, left)] for name in CURVES]
    if strip.type == "SOUND":
        keys = [key.timeline_frame for key in strip.retiming_keys]
        told += [
            _file_told(strip),
            strip.sound_offset,
            strip.sound is not None and strip.sound.use_mono,
            getattr(strip, "pitch_correction", True),
        ]
        told += [[key - keys[0] for key in keys]]
    elif strip.type == "META":
        told += [_told(scene, one, left, inner=True) for one in strip.strips if sounds(one)]
        told += [[channel.mute for channel in strip.channels]]
    elif strip.type == "SCENE" and strip.scene is not scene and strip.scene is not None:
        told += [[strip.scene.frame_start, strip.scene.frame_end, strip.scene.render.fps, strip.scene.audio_volume]]
        told += [_told(strip.scene, one, 0, inner=True) for one in strip.scene.sequence_editor.strips if sounds(one)]
    return told


def _modifier_told(modifier: bpy.types.StripModifier) -> list[Any]:
    """Tell a modifier's own numbers and choices; an equalizer's points, too."""
    names = sorted(name for name, known in modifier.bl_rna.properties.items() if known.type in ("BOOLEAN", "INT", "FLOAT", "ENUM"))
    values = [str(getattr(modifier, name)) for name in names if not name.startswith(("show_", "is_active"))]
    graphics = getattr(modifier, "graphics", ())
    points = [list(point.location) for graphic in graphics for curve in graphic.curve_mapping.curves for point in curve.points]
    return [modifier.type, values, points]


def _curve_told(scene: bpy.types.Scene, strip: bpy.types.Strip, name: str, left: int) -> list[Any]:
    points = (point for curve in compat.curves(scene) if curve.data_path == _path(strip, name) for point in curve.keyframe_points)
    return [
        [
            point.interpolation,
            *(number for place in (point.handle_left, point.co, point.handle_right) for number in (place[0] - left, place[1])),
        ]
        for point in points
    ]


def _file_told(strip: bpy.types.SoundStrip) -> list[Any]:
    """Tell which file it is: by its name, size and time; a packed one by its content."""
    if strip.sound is None:
        return []
    if strip.sound.packed_file is not None:
        return [hashlib.blake2b(bytes(strip.sound.packed_file.data), digest_size=8).hexdigest()]
    path = Path(file_path(strip))
    try:
        found = path.stat()
    except OSError:  # within a scene strip; whoever mixes says so
        return [path.name]
    return [path.name, found.st_size, found.st_mtime_ns]


def _path(strip: bpy.types.Strip, name: str) -> str:
    return f'sequence_editor.strips_all["{bpy.utils.escape_identifier(strip.name)}"].{name}'


# Blender in the background --------------------------------------------------------------------------------------------------------------


def mixer_command() -> list[str]:
    """Give the command that mixes; a .blend and the sound's file are added to it. Blender as a Python package is its own Python."""
    if not bpy.app.binary_path:
        return [sys.executable, MIX_SCRIPT, "--"]
    plain = ["--background", "--factory-startup", "--disable-autoexec", "--python-exit-code", "1"]
    return [bpy.app.binary_path, *plain, "--python", MIX_SCRIPT, "--"]


def register() -> None:
    """Let workers know it."""
    os.environ[MIXER_VARIABLE] = json.dumps(mixer_command())


def unregister() -> None:
    """Take it back."""
    os.environ.pop(MIXER_VARIABLE, None)
