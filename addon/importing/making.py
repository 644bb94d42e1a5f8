"""One clip as one strip, made on a channel where nothing else is: Blender pushes aside what a growing strip touches."""

import math
from dataclasses import dataclass
from fractions import Fraction

import bpy

from ...core.protocol import Colour, FrameSequence, MediaFile, Still, Text, places
from .. import compat
from ..sequencers import not_moving, sequencer_of
from ..strips import current_strips, new_image_strip, portable, scene_fps
from ..timeline.losses import Losses
from .planning import Laid

TEXT_SHARE = 10  # an edit's words are a tenth of the picture high
KEY_MARGIN = 0.25  # frames: whether Blender rounds or cuts, a key that is meant for frame n falls there
HALF_A_PICTURE = 0.5
OWN_RATE_TOLERANCE = 0.01  # frames a second: 29.97 and 30000/1001 are the same


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where strips are made.

    Parameters
    ----------
    context, scene
        Whose sequencer; operators run in it if one is on the screen.
    fps
        The edit's rate, which source times count in.
    channel
        The one on which nothing else is.
    losses
        Takes what cannot be made.
    """

    context: bpy.types.Context
    scene: bpy.types.Scene
    fps: Fraction
    channel: int
    losses: Losses

    @property
    def strips(self) -> bpy.types.StripsTopLevel:
        """The strips that the user sees."""
        return current_strips(self.scene.sequence_editor)


def make_strip(site: Site, laid: Laid, kind: str) -> bpy.types.Strip:
    """Make a clip's strip on the site's channel, muted, trimmed and as fast as the clip says."""
    clip = laid.clip
    if isinstance(clip.media, Colour | Text):
        strip = _generated(site, laid, clip.media)
    elif isinstance(clip.media, MediaFile) and kind == "audio":
        strip = _sound(site, laid, clip.media)
    elif isinstance(clip.media, MediaFile):
        strip = _movie(site, laid, clip.media)
    elif isinstance(clip.media, Still):
        strip = _still(site, laid, clip.media)
    else:
        strip = _film(site, laid, clip.media)
    strip.name = clip.name or strip.name
    strip.mute = not clip.enabled
    strip.select = False
    return strip


def is_missing(media: FrameSequence | MediaFile | Still | Colour | Text) -> bool:
    """Say whether some of these files are not where they should be."""
    if isinstance(media, FrameSequence):
        names = places.names_in(media.folder)  # fewer than the pictures: no need to name two millions of them
        return len(names) < max(1, media.frame_count) or not names.issuperset(media.file_names())
    return isinstance(media, MediaFile | Still) and not places.is_file(media.path)


# One function a kind --------------------------------------------------------------------------------------------------------------------


def _generated(site: Site, laid: Laid, media: Colour | Text) -> bpy.types.EffectStrip:
    kind = "COLOR" if isinstance(media, Colour) else "TEXT"
    strip = compat.new_effect(site.strips, kind, name=laid.clip.name or kind.title(), channel=site.channel, first=laid.first, end=laid.end)
    if isinstance(media, Colour):
        strip.color = media.red, media.green, media.blue
    else:
        strip.text, strip.font_size = media.words, site.scene.render.resolution_y / TEXT_SHARE
        strip.location = 0.5, 0.5
    return strip


def _still(site: Site, laid: Laid, media: Still) -> bpy.types.ImageStrip:
    strip = site.strips.new_image(
        name=laid.clip.name, filepath=portable(media.path), channel=site.channel, frame_start=laid.first, fit_method="FIT"
    )
    compat.set_edges(strip, laid.first, laid.end)
    return strip


def _film(site: Site, laid: Laid, media: FrameSequence) -> bpy.types.ImageStrip:
    strip = new_image_strip(site.context, site.scene, media, name=laid.clip.name, channel=site.channel, first=laid.first)
    _trim(site, strip, laid, laid.clip.source_start, laid.clip.speed)
    return strip


def _movie(site: Site, laid: Laid, media: MediaFile) -> bpy.types.MovieStrip:
    strip = site.strips.new_movie(
        name=laid.clip.name, filepath=portable(media.path), channel=site.channel, frame_start=laid.first, fit_method="FIT"
    )
    if strip.fps > 0 and abs(strip.fps - scene_fps(site.scene)) >= OWN_RATE_TOLERANCE:
        strip = _in_its_own_time(site, strip, laid, media)
    _trim(site, strip, laid, _source_start(site, laid), laid.clip.speed)
    return strip


def _in_its_own_time(site: Site, strip: bpy.types.MovieStrip, laid: Laid, media: MediaFile) -> bpy.types.MovieStrip:
    """Load a movie again so that it keeps its rate, which only Blender's operator can."""
    override = sequencer_of(site.context, site.scene)
    if override is None:
        site.losses.note("No sequencer is on the screen: check the speed of {}, whose rate is not the scene's.", laid.clip.name)
        return strip
    site.strips.remove(strip)
    before = {strip.name for strip in site.strips}
    with site.context.temp_override(**override):
        bpy.ops.sequencer.movie_strip_add(
            filepath=media.path,
            frame_start=laid.first,
            channel=site.channel,
            sound=False,
            use_framerate=False,
            adjust_playback_rate=True,
            fit_method="FIT",
            replace_sel=False,
            set_view_transform=False,
            relative_path=bpy.data.is_saved,
            **not_moving(bpy.ops.sequencer.movie_strip_add),
        )
    return next(strip for strip in site.strips if strip.name not in before)


def _sound(site: Site, laid: Laid, media: MediaFile) -> bpy.types.SoundStrip:
    strip = site.strips.new_sound(name=laid.clip.name, filepath=portable(media.path), channel=site.channel, frame_start=laid.first)
    start, speed = _source_start(site, laid), laid.clip.speed
    whole = math.floor(start / speed) * speed  # what the strip's place can say; the rest is less than a frame
    strip.sound_offset = float((start - whole) / scene_fps(site.scene))
    _trim(site, strip, laid, whole, speed)
    strip.volume = laid.clip.volume
    return strip


def _source_start(site: Site, laid: Laid) -> Fraction:
    """Give where a file begins, in the scene's frames: its time stays if the rates differ."""
    return laid.clip.source_start * scene_fps(site.scene) / site.fps


# Trims and speed ------------------------------------------------------------------------------------------------------------------------


def _trim(site: Site, strip: bpy.types.Strip, laid: Laid, start: Fraction, speed: Fraction) -> None:
    """Let the strip begin with its media's frame `start`, and show on the clip's frames only."""
    if speed != 1:
        _retime(site, strip, speed, laid.clip.name)
    place = laid.first - round(start / speed)
    if round(start / speed) * speed != start:
        site.losses.note("Begins between two pictures, and was moved to the nearest: {}.", laid.clip.name)
    compat.set_content_start(strip, place)
    compat.set_edges(strip, laid.first, laid.end)


def _retime(site: Site, strip: bpy.types.Strip, speed: Fraction, name: str) -> None:
    """Give the strip a speed by Blender's operator: keys stand on whole frames, and moving them from Python can crash (4.5 to 5.2)."""
    override = sequencer_of(site.context, site.scene)
    content = compat.retimed_frames(compat.content_frame_count(strip))
    if override is None or content < 1:
        why = "no sequencer is on the screen" if override is None else "its length is unknown"
        site.losses.note(f"The speed could not be set ({why}): {{}}.", name)
        return
    frames = max(1, round(content / speed))
    strip.select, site.scene.sequence_editor.active_strip = True, strip
    with site.context.temp_override(**override):
        bpy.ops.sequencer.retiming_segment_speed_set(speed=100 * content / (frames + KEY_MARGIN))
    strip.select = False
    if abs(content / speed - frames) * speed > HALF_A_PICTURE:
        site.losses.note("Blender keeps speeds only so that media end on a whole frame: {} is a little off.", name)
