"""The sequencer as an edit description: strips become clips, channels become tracks.

The only place where the two vocabularies meet.
"""

import re
from collections import defaultdict
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Literal

import bpy

from ..core.protocol import Clip, Edit, FrameSequence, Gap, MediaFile, Track
from . import compat
from .properties import settings_json
from .strips import scene_fps, sound_path, source_start_seconds

NUMBERED_NAME = re.compile(r"(?P<prefix>.*?)(?P<number>\d+)(?P<suffix>\.[^.]+)")


def read_edit(scene: bpy.types.Scene) -> tuple[Edit, list[str]]:
    """Read a scene's image and sound strips.

    Parameters
    ----------
    scene
        A scene with a sequence editor.

    Returns
    -------
    edit
        Begins at the scene's first frame, or at the first strip if that lies before it.
    left_out
        Names of the strips that are not in it.
    """
    fps = scene_fps(scene)
    rows: dict[tuple[Literal["video", "audio"], int], list[tuple[bpy.types.Strip, Clip]]] = defaultdict(list)
    left_out = []
    for strip in scene.sequence_editor.strips:
        clip = _clip(scene, strip)
        if clip is None:
            left_out.append(strip.name)
        else:
            rows["audio" if strip.type == "SOUND" else "video", strip.channel].append((strip, clip))
    origin = min([scene.frame_start, *(compat.left_handle(strip) for row in rows.values() for strip, _ in row)])
    order = sorted(rows, key=lambda row: (row[0] != "video", row[1]))  # pictures from the bottom up, then sound
    tracks = tuple(_track(kind, channel, rows[kind, channel], origin=origin) for kind, channel in order)
    return Edit(name=scene.name, fps=fps, tracks=tracks), left_out


def _track(kind: Literal["video", "audio"], channel: int, row: list[tuple[bpy.types.Strip, Clip]], *, origin: int) -> Track:
    items: list[Clip | Gap] = []
    position = origin
    for strip, clip in sorted(row, key=lambda pair: compat.left_handle(pair[0])):
        if (gap := compat.left_handle(strip) - position) > 0:
            items.append(Gap(frame_count=gap))
        items.append(clip)
        position = compat.right_handle(strip)
    return Track(name=f"Channel {channel}", kind=kind, items=tuple(items))


def _clip(scene: bpy.types.Scene, strip: bpy.types.Strip) -> Clip | None:
    if strip.type in ("SOUND", "IMAGE") and len(strip.retiming_keys) > 0:
        return None  # neither tracks nor frames could be told without its speed
    if strip.type == "SOUND" and strip.sound is not None:
        return _sound_clip(scene, strip)
    if strip.type == "IMAGE":
        return _picture_clip(strip)
    return None


def _sound_clip(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> Clip:
    fps = scene_fps(scene)
    start = source_start_seconds(scene, strip) * fps
    media_frames = max(compat.content_frame_count(strip) + compat.content_trim_start(strip), ceil(start) + compat.frame_count(strip))
    return Clip(
        name=strip.name,
        media=MediaFile(path=sound_path(strip), frame_count=media_frames),
        source_start=start,
        frame_count=compat.frame_count(strip),
        enabled=not strip.mute,
    )


def _picture_clip(strip: bpy.types.ImageStrip) -> Clip | None:
    names = [element.filename for element in strip.elements]
    match = NUMBERED_NAME.fullmatch(names[0]) if names else None
    if match is None:
        return None
    frames = FrameSequence(
        folder=str(Path(bpy.path.abspath(strip.directory))),
        prefix=match["prefix"],
        suffix=match["suffix"],
        first_number=int(match["number"]),
        digits=len(match["number"]),
        frame_count=len(names),
    )
    if frames.file_names() != names:  # not one numbered sequence
        return None
    start = compat.left_handle(strip) - Fraction(compat.content_start(strip)) + compat.content_trim_start(strip)
    return Clip(
        name=strip.name,
        media=frames,
        source_start=start,
        frame_count=compat.frame_count(strip),
        enabled=not strip.mute,
        metadata=settings_json(strip.chromastrip) if strip.chromastrip.film else "",
    )
