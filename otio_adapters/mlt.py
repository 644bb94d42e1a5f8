"""OpenTimelineIO adapter that writes MLT XML (``.mlt``), which Shotcut opens and melt renders; numbered pictures stay numbered pictures.

Every picture is shown for exactly one frame (``qimage``, ``ttl=1``), so that a render of an edit of hard cuts has the picture files' own
pixels. OpenTimelineIO loads this file alone, by its path. Needs nothing but opentimelineio.

What cannot be said in MLT: sound that begins between two frames begins at the nearest one.
"""

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname
from xml.etree import ElementTree as ET

import opentimelineio as otio

METADATA_KEY = "chromastrip"
FRAMES_KEY = "CHROMASTRIP_FRAMES"
DEFAULT_SIZE = (1920, 1080)
MLT_VERSION = "7.22.0"
SILENT_LEVEL = -100.0  # dB
TEXT_SHARE = 10  # a line of words is a tenth of the picture high
MARKER_COLOURS = {
    "RED": "#ff0000",
    "ORANGE": "#ff8000",
    "YELLOW": "#ffff00",
    "GREEN": "#00c000",
    "CYAN": "#00ffff",
    "BLUE": "#0000ff",
    "PURPLE": "#8000ff",
    "MAGENTA": "#ff00ff",
    "PINK": "#ff80c0",
    "BLACK": "#000000",
    "WHITE": "#ffffff",
}
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_to_string(input_otio: otio.schema.Timeline) -> str:
    """Turn a timeline into MLT XML.

    Parameters
    ----------
    input_otio
        Its metadata may hold the exact rate (``fps``) and the picture's ``width`` and ``height`` under ``chromastrip``.

    Returns
    -------
    str
        The XML document. Relative paths stay relative: MLT looks for them beside the file.

    Raises
    ------
    otio.exceptions.NotSupportedError
        If a clip is neither a file, numbered pictures, a colour nor words.
    """
    return to_text(_Document(input_otio).write())


class _Document:
    """One document while it is written."""

    def __init__(self, timeline: otio.schema.Timeline) -> None:
        self.timeline = timeline
        self.fps = exact_fps(timeline)
        self.size = picture_size(timeline)
        self.root = ET.Element("mlt", {"LC_NUMERIC": "C", "version": MLT_VERSION, "title": xml_text(timeline.name), "producer": "timeline"})
        self.ids = 0

    def write(self) -> ET.Element:
        """Write everything: profile, the clips, the tracks, how they are mixed."""
        self.root.append(profile(self.fps, self.size))
        length = max(1, frames_of(self.timeline.duration(), self.fps))
        tracks = [("background", ""), *((self._track(track), track.kind) for track in self.timeline.tracks)]
        self._background(length)
        tractor = ET.SubElement(self.root, "tractor", {"id": "timeline", "in": "0", "out": str(length - 1)})
        put(tractor, {"shotcut": 1, "shotcut:projectAudioChannels": 2, "shotcut:projectFolder": 0})
        self._markers(tractor)
        for name, kind in tracks:
            hide = {"hide": "video"} if kind == otio.schema.TrackKind.Audio else {}
            ET.SubElement(tractor, "track", {"producer": name, **hide})
        self._mixing(tractor, [kind for _, kind in tracks])
        return self.root

    def _new_id(self, kind: str) -> str:
        self.ids += 1
        return f"{kind}{self.ids}"

    def _background(self, length: int) -> None:
        black = ET.SubElement(self.root, "producer", {"id": "black", "in": "0", "out": str(length - 1)})
        put(black, {"mlt_service": "color", "resource": "0", "length": length, "eof": "pause", "aspect_ratio": 1, "set.test_audio": 0})
        playlist = ET.SubElement(self.root, "playlist", {"id": "background"})
        entry(playlist, "black", 0, length)

    def _track(self, track: otio.schema.Track) -> str:
        """Write a track's clips and the playlist that strings them together; give its name."""
        name = self._new_id("playlist")
        playlist = ET.Element("playlist", {"id": name})
        sound = track.kind == otio.schema.TrackKind.Audio
        put(playlist, {"shotcut:audio" if sound else "shotcut:video": 1, "shotcut:name": track.name})
        before: Piece | None = None
        for item, fade_in, fade_out in with_fades(track, self.fps):
            if isinstance(item, otio.schema.Gap):
                ET.SubElement(playlist, "blank", {"length": str(frames_of(item.duration(), self.fps))})
                continue
            piece = Piece(item, self.fps, fade_in=fade_in, fade_out=fade_out)
            piece.producer = self._producer(piece, sound=sound)
            if before is not None and sum(fade_in) > 0:
                fade = self._fade(before, piece)
                entry(playlist, fade, 0, sum(fade_in))
            if piece.alone_frames > 0:
                entry(playlist, piece.producer, piece.alone_start, piece.alone_frames)
            before = piece
        self.root.append(playlist)
        return name

    def _producer(self, piece: "Piece", *, sound: bool) -> str:
        name = self._new_id("producer")
        producer = ET.SubElement(self.root, producer_tag(piece), {"id": name, "in": "0", "out": str(piece.length - 1)})
        put(producer, producer_properties(piece, sound=sound))
        put(producer, {"shotcut:caption": piece.clip.name, **own_properties(piece.clip)})
        add_warp(producer, piece)
        add_filters(producer, piece, height=self.size[1])
        return name

    def _fade(self, earlier: "Piece", later: "Piece") -> str:
        """Write a tractor that lays the two clips' overlapping ends over each other."""
        name, length = self._new_id("fade"), sum(later.fade_in)
        tractor = ET.SubElement(self.root, "tractor", {"id": name, "in": "0", "out": str(length - 1)})
        put(tractor, {"shotcut:transition": "lumaMix"})
        for producer, start in ((earlier.producer, earlier.end - earlier.fade_out[0]), (later.producer, later.start - later.fade_in[0])):
            ET.SubElement(tractor, "track", {"producer": producer, "in": str(start), "out": str(start + length - 1)})
        span = {"in": "0", "out": str(length - 1)}
        tracks = {"a_track": 0, "b_track": 1}
        dissolve = ET.SubElement(tractor, "transition", span)
        put(dissolve, {**tracks, "factory": "loader", "mlt_service": "luma", "progressive": 1, "alpha_over": 1, "fix_background_alpha": 1})
        mix = ET.SubElement(tractor, "transition", span)
        put(mix, {**tracks, "start": -1, "accepts_blanks": 1, "mlt_service": "mix"})
        return name

    def _mixing(self, tractor: ET.Element, kinds: list[str]) -> None:
        """Say how the tracks are put together: sound is added up, pictures lie over each other."""
        lowest = None
        for index, kind in enumerate(kinds[1:], start=1):
            mix = ET.SubElement(tractor, "transition")
            put(mix, {"a_track": 0, "b_track": index, "mlt_service": "mix", "always_active": 1, "sum": 1})
            if kind == otio.schema.TrackKind.Audio:
                continue
            blend = ET.SubElement(tractor, "transition")
            put(blend, {"a_track": lowest or 0, "b_track": index, "compositing": 0, "distort": 0, "rotate_center": 0})
            put(blend, {"mlt_service": "qtblend", "threads": 0, "disable": 1 if lowest is None else 0})
            lowest = lowest or index

    def _markers(self, tractor: ET.Element) -> None:
        markers = self.timeline.tracks.markers
        if not markers:
            return
        group = ET.SubElement(tractor, "properties", {"name": "shotcut:markers"})
        for index, marker in enumerate(markers):
            start, length = (frames_of(time, self.fps) for time in (marker.marked_range.start_time, marker.marked_range.duration))
            one = ET.SubElement(group, "properties", {"name": str(index)})
            colour = MARKER_COLOURS.get(marker.color, MARKER_COLOURS["GREEN"])
            put(one, {"text": marker.name, "start": clock(start, self.fps), "end": clock(start + length, self.fps), "color": colour})


# Clips ----------------------------------------------------------------------------------------------------------------------------------


class Piece:
    """A clip with whole frame numbers.

    Its `media` are the clip's numbered pictures if it has any, unless others are given. `start` ... `end` is what it shows of its
    producer, and `length` how many frames the producer has. `fade_in` and `fade_out` are the
    frames before and after the cut of the cross-fades at its two ends.
    """

    def __init__(
        self,
        clip: otio.schema.Clip,
        fps: Fraction,
        *,
        fade_in: tuple[int, int],
        fade_out: tuple[int, int],
        media: otio.core.MediaReference | None = None,
    ) -> None:
        self.clip = clip
        self.fps = fps
        self.media = media or chosen_media(clip)
        self.speed = clip_speed(clip)
        self.fade_in, self.fade_out = fade_in, fade_out
        media_start = Fraction(clip.trimmed_range().start_time.rescaled_to(float(fps)).value)
        self.start = math.floor(media_start / self.speed + Fraction(1, 2))
        if _is_endless(self.media):
            self.start = max(self.start, fade_in[0])
        self.end = self.start + frames_of(clip.duration(), fps)
        self.length = max(self.end + fade_out[1], math.ceil(self._media_frames() / self.speed))
        self.producer = ""

    def _media_frames(self) -> int:
        available = self.media.available_range
        return 0 if available is None or _is_endless(self.media) else frames_of(available.duration, self.fps)

    @property
    def alone_start(self) -> int:
        """First frame that is not part of a cross-fade."""
        return self.start + self.fade_in[1]

    @property
    def alone_frames(self) -> int:
        """How many frames are not part of a cross-fade."""
        return self.end - self.fade_out[0] - self.alone_start


def with_fades(track: otio.schema.Track, fps: Fraction) -> Iterator[tuple[otio.core.Item, tuple[int, int], tuple[int, int]]]:
    """Give a track's clips and gaps, each with the cross-fades (frames before and after the cut) at its beginning and its end."""
    items = list(track)
    for index, item in enumerate(items):
        if not isinstance(item, otio.schema.Transition):
            yield item, _fade_at(items, index - 1, fps), _fade_at(items, index + 1, fps)


def _fade_at(items: list[otio.core.Composable], index: int, fps: Fraction) -> tuple[int, int]:
    if not 0 < index < len(items) - 1 or not isinstance(items[index], otio.schema.Transition):
        return 0, 0
    if not all(isinstance(items[index + side], otio.schema.Clip) for side in (-1, 1)):
        return 0, 0
    return frames_of(items[index].in_offset, fps), frames_of(items[index].out_offset, fps)


def chosen_media(clip: otio.schema.Clip) -> otio.core.MediaReference:
    """Give a clip's numbered pictures if it has any, else what is active."""
    frames = clip.media_references().get(FRAMES_KEY)
    return clip.media_reference if frames is None else frames


def clip_speed(clip: otio.schema.Clip) -> Fraction:
    """Give how many media frames go by in one frame of the timeline."""
    speed = Fraction(1)
    for warp in clip.effects:
        if isinstance(warp, otio.schema.LinearTimeWarp):
            noted = warp.metadata.get(METADATA_KEY, {}).get("speed")
            speed *= Fraction(noted) if noted else Fraction(warp.time_scalar).limit_denominator(10_000)
    if speed <= 0:
        raise otio.exceptions.NotSupportedError(f"“{clip.name}” plays at {speed} times its speed, which cannot be written")
    return speed


def clip_volume(clip: otio.schema.Clip) -> float:
    """Give what a clip's sound is multiplied with."""
    return math.prod((effect.metadata.get(METADATA_KEY, {}).get("volume", 1.0) for effect in clip.effects), start=1.0)


def producer_properties(piece: Piece, *, sound: bool) -> dict[str, Any]:
    """Say where a clip's pictures or its sound come from, in MLT's words."""
    found = {**_source(piece.media, piece.clip, sound=sound), "length": piece.length, "eof": "pause"}
    if piece.speed != 1 and producer_tag(piece) == "producer" and not _is_endless(piece.media):
        resource = found["resource"]
        warp = {"mlt_service": "timewarp", "resource": f"{float(piece.speed):.12g}:{resource}", "warp_resource": resource}
        found |= {**warp, "warp_speed": f"{float(piece.speed):.12g}", "warp_pitch": 0}
    if not piece.clip.enabled:
        found |= {"set.test_image": 1, "set.test_audio": 1}
    return found


def producer_tag(piece: Piece) -> str:
    """Name a clip's element: numbered pictures change their speed by a link, and only chains have links."""
    return "chain" if piece.speed != 1 and isinstance(piece.media, otio.schema.ImageSequenceReference) else "producer"


def add_warp(producer: ET.Element, piece: Piece) -> None:
    """Add the link that changes the speed of numbered pictures."""
    if producer.tag == "chain":
        warp = {"mlt_service": "timeremap", "speed_map": f"0={float(piece.speed):.12g}", "image_mode": "nearest", "pitch": 0}
        put(ET.SubElement(producer, "link"), warp)


def _source(media: otio.core.MediaReference, clip: otio.schema.Clip, *, sound: bool) -> dict[str, Any]:
    if isinstance(media, otio.schema.ImageSequenceReference):
        return {"mlt_service": "qimage", "resource": _numbered(media), "ttl": 1, "aspect_ratio": 1}
    if isinstance(media, otio.schema.ExternalReference):
        path = plain_path(media.target_url)
        if is_still(media):
            return {"mlt_service": "qimage", "resource": path, "aspect_ratio": 1}
        return {"mlt_service": "avformat", "resource": path, "seekable": 1, ("video_index" if sound else "audio_index"): -1}
    if isinstance(media, otio.schema.GeneratorReference) and media.generator_kind in ("SolidColor", "Text"):
        return {"mlt_service": "color", "resource": _colour(media), "aspect_ratio": 1, "mlt_image_format": "rgba"}
    raise otio.exceptions.NotSupportedError(f"“{clip.name}” is neither a file, numbered pictures, a colour nor words")


def _numbered(media: otio.schema.ImageSequenceReference) -> str:
    names = f"{media.name_prefix}%0{media.frame_zero_padding}d{media.name_suffix}"
    begin = f"?begin={media.start_frame}" if media.start_frame else ""
    return f"{plain_path(media.target_url_base)}{names}{begin}"


def _colour(media: otio.schema.GeneratorReference) -> str:
    if media.generator_kind == "Text":
        return "#00000000"
    parts = (round(255 * media.parameters[part]) for part in ("red", "green", "blue"))
    return "#ff" + "".join(f"{min(max(part, 0), 255):02x}" for part in parts)


def is_still(media: otio.core.MediaReference) -> bool:
    """Say whether it is one picture that stands."""
    return bool(media.metadata.get(METADATA_KEY, {}).get("still"))


def _is_endless(media: otio.core.MediaReference) -> bool:
    return is_still(media) or isinstance(media, otio.schema.GeneratorReference)


def add_filters(producer: ET.Element, piece: Piece, *, height: int) -> None:
    """Add a clip's volume, and its words if it has any."""
    volume = clip_volume(piece.clip)
    if volume != 1:
        level = max(SILENT_LEVEL, 20 * math.log10(volume)) if volume > 0 else SILENT_LEVEL
        found = {"mlt_service": "volume", "level": f"{level:.6f}", "max_gain": "40dB", "window": 75}
        put(ET.SubElement(producer, "filter"), {**found, "shotcut:filter": "audioGain", "kdenlive_id": "volume"})
    if isinstance(piece.media, otio.schema.GeneratorReference) and piece.media.generator_kind == "Text":
        words = str(piece.media.parameters["words"]).replace("\\", "\\\\").replace("#", "\\#")
        look = {"geometry": "0% 0% 100% 100%", "family": "Sans", "size": max(1, height // TEXT_SHARE), "weight": 400}
        paint = {"fgcolour": "#ffffffff", "bgcolour": "#00000000", "olcolour": "#00000000", "halign": "center", "valign": "middle"}
        put(ET.SubElement(producer, "filter"), {"mlt_service": "dynamictext", "argument": words, **look, **paint})


def own_properties(clip: otio.schema.Clip) -> dict[str, str]:
    """Give what we noted on a clip: Shotcut and Kdenlive keep a producer's properties when they save."""
    noted = clip.metadata.get(METADATA_KEY)
    return {} if noted is None else {"chromastrip": otio.core.serialize_json_to_string(noted, indent=-1)}


# Parts that every MLT dialect has ---------------------------------------------------------------------------------------------------------


def profile(fps: Fraction, size: tuple[int, int], **more: str) -> ET.Element:
    """Make the element that says the rate and the picture's size."""
    width, height = size
    shape = Fraction(width, height)
    numbers = {
        "width": width,
        "height": height,
        "progressive": 1,
        "sample_aspect_num": 1,
        "sample_aspect_den": 1,
        "display_aspect_num": shape.numerator,
        "display_aspect_den": shape.denominator,
        "frame_rate_num": fps.numerator,
        "frame_rate_den": fps.denominator,
        "colorspace": 709,
    }
    described = {"description": f"{width}x{height} {float(fps):.3f} fps", **more}
    return ET.Element("profile", {**described, **{name: str(number) for name, number in numbers.items()}})


def exact_fps(timeline: otio.schema.Timeline) -> Fraction:
    """Give a timeline's exact rate: noted, or the fraction that its rounded rate stands for."""
    noted = timeline.metadata.get(METADATA_KEY, {}).get("fps")
    if noted:
        return Fraction(noted)
    rate = timeline.duration().rate
    ntsc = Fraction(math.ceil(rate) * 1000, 1001)
    return ntsc if abs(float(ntsc) - rate) < 0.005 else Fraction(rate).limit_denominator(1000)  # noqa: PLR2004 (rates have two decimals)


def picture_size(timeline: otio.schema.Timeline) -> tuple[int, int]:
    """Give width and height in pixels."""
    noted = timeline.metadata.get(METADATA_KEY, {})
    width, height = noted.get("width", 0), noted.get("height", 0)
    return (width, height) if width > 0 and height > 0 else DEFAULT_SIZE


def frames_of(time: otio.opentime.RationalTime, fps: Fraction) -> int:
    """Count the frames in a time."""
    return round(time.rescaled_to(float(fps)).value)


def clock(frame: int, fps: Fraction) -> str:
    """Write a frame's time as MLT's clock does: 00:00:01.040."""
    milliseconds = math.floor(frame / fps * 1000 + Fraction(1, 2))
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds:03d}"


def plain_path(url: str) -> str:
    """Turn a file URI into a path; leave paths as they are."""
    return url2pathname(unquote(urlsplit(url).path)) if url.startswith("file://") else url


def entry(playlist: ET.Element, producer: str, start: int, length: int) -> ET.Element:
    """Put `length` frames of a producer at a playlist's end."""
    return ET.SubElement(playlist, "entry", {"producer": producer, "in": str(start), "out": str(start + length - 1)})


def put(element: ET.Element, properties: dict[str, Any]) -> None:
    """Write properties into an element."""
    for name, value in properties.items():
        ET.SubElement(element, "property", {"name": name}).text = xml_text(str(value))


def xml_text(text: str) -> str:
    """Leave out the characters that XML cannot hold."""
    return NOT_IN_XML.sub("", text)


def to_text(root: ET.Element) -> str:
    """Write an XML document."""
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
