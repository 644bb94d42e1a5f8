"""An edit into a scene: rate and size if the scene is empty, then strips, fades, markers, settings; nothing of it if something fails."""

from collections.abc import Iterable

import bpy

from ...core.protocol import Clip, Crossfade, Edit, Marker, limits
from .. import compat
from ..strips import MOST_CHANNELS, STRIP_COLOR, current_strips, scene_fps, set_scene_fps
from ..timeline.losses import Losses
from . import blender_otio
from .making import Site, is_missing, make_strip
from .planning import LaidTrack, frame_count, plan
from .restoring import restore_settings, share_settings

WORKSHOP = MOST_CHANNELS - 1
"""The channel that strips are made on; Blender's operator wants one more above it for a movie's sound."""


def insert_edit(context: bpy.types.Context, scene: bpy.types.Scene, edit: Edit, *, first_frame: int | None = None) -> list[str]:
    """Put an edit into a scene's sequencer, above what is there.

    Parameters
    ----------
    context
        Operators that make many frames, and speeds, run in its sequencer.
    scene
        Takes the edit's rate, size and length if its sequencer is empty.
    edit
        What to insert.
    first_frame
        Where its first frame falls; the scene's first one by default.

    Returns
    -------
    list[str]
        Sentences for people about what could not be made as it was, and which media are missing.

    Raises
    ------
    UserError
        If it needs more channels than there are, or stands for too many pictures; the scene is as it was.
    """
    limits.check_size(edit)
    losses = Losses()
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = current_strips(editor)
    _name_missing(edit, losses)
    below = max((strip.channel for strip in strips), default=0)
    origin = scene.frame_start if first_frame is None else first_frame
    tracks = plan(edit, origin=origin, below=below, channel_count=WORKSHOP - 1)
    if len(editor.strips) == 0:
        _fit_scene(scene, edit, origin)
    elif scene_fps(scene) != edit.fps:
        losses.note(f"The timeline {{}} has {float(edit.fps):g} frames a second, the scene {float(scene_fps(scene)):g}.", edit.name)
    for strip in strips:
        strip.select = False
    site = Site(context=context, scene=scene, fps=edit.fps, channel=WORKSHOP, losses=losses)
    _build(site, tracks)
    _add_markers(scene, edit.markers, origin, losses)
    return losses.sentences()


def _name_missing(edit: Edit, losses: Losses) -> None:
    clips = [item for track in edit.tracks for item in track.items if isinstance(item, Clip)]
    absent = {media for media in {clip.media for clip in clips} if is_missing(media)}
    for clip in clips:
        if clip.media in absent:
            losses.note("Media are missing: {}. Find them: File > External Data > Find Missing Files.", clip.name)


def _fit_scene(scene: bpy.types.Scene, edit: Edit, origin: int) -> None:
    set_scene_fps(scene, edit.fps)
    if edit.width > 0 and edit.height > 0:
        scene.render.resolution_x, scene.render.resolution_y = edit.width, edit.height
    scene.frame_end = origin + max([1, *(frame_count(track) for track in edit.tracks)]) - 1


def _build(site: Site, tracks: list[LaidTrack]) -> None:
    made: list[bpy.types.Strip] = []
    try:
        for laid in tracks:
            _build_track(site, laid, made)
    except Exception:
        for strip in reversed(made):
            site.strips.remove(strip)
        raise
    for strip in made:
        strip.select = True
    share_settings(made)


def _build_track(site: Site, laid: LaidTrack, made: list[bpy.types.Strip]) -> None:
    own = []
    for one in laid.clips:
        strip = make_strip(site, one, laid.track.kind)
        own.append(strip)
        made.append(strip)
        strip.channel = one.channel
        if one.clip.volume_points and strip.type == "SOUND":
            _key_volume(site.scene, strip, [(one.first + point.frame, point.volume) for point in one.clip.volume_points])
        if one.clip.metadata and restore_settings(strip, one.clip.metadata, site.losses):
            strip.color_tag = STRIP_COLOR
            blender_otio.note(strip)
    for fade in laid.fades:
        earlier, later = own[fade.earlier], own[fade.later]
        if laid.track.kind == "video":
            made.append(
                compat.new_effect(
                    site.strips, "CROSS", name="Cross", channel=fade.channel, first=fade.first, end=fade.end, inputs=(earlier, later)
                )
            )
        else:
            _fade_volume(site.scene, earlier, fade.first, fade.end, is_rising=False)
            _fade_volume(site.scene, later, fade.first, fade.end, is_rising=True)
    if sum(isinstance(item, Crossfade) for item in laid.track.items) > len(laid.fades):
        site.losses.note("A cross-fade without a clip on both sides is left out: {}.", laid.track.name)
    _name_channel(site.scene, laid)


def _fade_volume(scene: bpy.types.Scene, strip: bpy.types.SoundStrip, first: int, end: int, *, is_rising: bool) -> None:
    """Let a sound come or go evenly."""
    curve = _volume_curve(scene, strip)
    begin, after = (strip.volume if curve is None else curve.evaluate(frame) for frame in (first, end))
    _key_volume(scene, strip, [(first, 0.0 if is_rising else begin), (end, after if is_rising else 0.0)])


def _volume_curve(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> bpy.types.FCurve | None:
    path = f"{strip.path_from_id()}.volume"
    return next((curve for curve in compat.curves(scene) if curve.data_path == path), None)


def _key_volume(scene: bpy.types.Scene, strip: bpy.types.SoundStrip, points: Iterable[tuple[int, float]]) -> None:
    """Let a sound's volume go straight from point to point."""
    loud = strip.volume
    for frame, volume in points:
        strip.volume = volume
        strip.keyframe_insert("volume", frame=frame)
    strip.volume = loud
    path = f"{strip.path_from_id()}.volume"
    for curve in compat.curves(scene):
        if curve.data_path == path:
            for point in curve.keyframe_points:
                point.interpolation = "LINEAR"


def _name_channel(scene: bpy.types.Scene, laid: LaidTrack) -> None:
    editor = scene.sequence_editor
    channel = (editor.meta_stack[-1] if len(editor.meta_stack) else editor).channels[laid.channel]
    if laid.track.name and channel.name == f"Channel {laid.channel}":
        channel.name = laid.track.name


def _add_markers(scene: bpy.types.Scene, markers: tuple[Marker, ...], origin: int, losses: Losses) -> None:
    for marker in markers:
        name = marker.name or marker.comment
        scene.timeline_markers.new(name, frame=origin + marker.start)
        if marker.frame_count or marker.colour != "GREEN" or (marker.comment and marker.comment != name):
            losses.note("Blender's markers have a name and a frame, and no more: {}.", name)
