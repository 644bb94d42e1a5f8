"""OpenTimelineIO adapter for MLT XML (``.mlt``), which Shotcut opens and melt renders, both ways; numbered pictures stay numbered pictures.

Every picture is shown for exactly one frame (``qimage``, ``ttl=1``), so that a render of an edit of hard cuts has the picture files' own
pixels. OpenTimelineIO loads this file alone, by its path. Needs nothing but opentimelineio.

What cannot be said in MLT: sound that begins between two frames begins at the nearest one. What cannot be read is listed in the timeline's
metadata, under ``chromastrip`` and ``notes``: pairs of what happened, and to which clip.
"""

import json
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname
from xml.etree import ElementTree as ET

import opentimelineio as otio

METADATA_KEY = "chromastrip"
FRAMES_KEY = "CHROMASTRIP_FRAMES"
COMMENT_NOTE = "chromastrip.comment"
DEFAULT_SIZE = (1920, 1080)
MLT_VERSION = "7.22.0"
NUDGE = 1 + Fraction(1, 10**7)
"""MLT rounds a retimed position down, and its floats fall just below whole frames; a million frames later this is a tenth of one."""
SILENT_LEVEL = -100.0  # dB
STRAIGHT = 0.002
MOST_KEYFRAMES = 100_000
LINE_PARTS = 250
"""Of one straight line of volume, in keyframes."""
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
COLOUR_NAMES = {"black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#00ff00", "blue": "#0000ff", "transparent": "#00000000"}
NUMBERED = re.compile(
    r"(?P<folder>(?:[^/\\]*+[/\\])*+)(?P<prefix>(?:(?!%0?\d{0,4}+d)[^/\\])*+)%0?(?P<digits>\d{0,4}+)d(?P<suffix>[^/\\?]*+)"
    r"(?:\?begin[=:](?P<begin>\d{1,18}+))?"
)
"""Each part ends where the next one begins, so that nothing is tried twice."""
UNSEEN = {
    "audiolevel",
    "audiowaveform",
    "panner",
    "fieldorder",
    "swscale",
    "resize",
    "audioconvert",
    "imageconvert",
    "dynamic_loudness_meter",
}
"""Filters that programs add on their own, and that change nothing."""
DEEPEST = 20
MOST_PARTS = 100
MOST_PIECES = 50_000
"""Nested timelines can name each other: a small file could stand for more clips than there is memory."""
NUMBER = re.compile(r"\s*-?\d{1,18}(?:\.\d{1,18}|/\d{1,18})?\s*")
"""Fractions as files write them; Python would also take 1e999999999, and never come back."""
LONGEST_PATH = 10_000
TIMECODE_COLONS = 3
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


def read_from_string(input_str: str | bytes) -> otio.schema.Timeline:
    """Turn MLT XML into a timeline: melt's, Shotcut's, or our own.

    Returns
    -------
    otio.schema.Timeline
        All times at the profile's exact rate, which its metadata hold; paths as the file has them.

    Raises
    ------
    ValueError
        If the document holds no timeline, or no rate.
    """
    document = Document(input_str)
    title = document.root.get("title", "")
    name = "" if title.startswith("Shotcut version") else title
    return document.timeline(document.tracks_of(document.main()), name=name, markers=document.shotcut_markers())


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
        put(tractor, {"shotcut:transition": "lumaMix", "chromastrip.in_frames": later.fade_in[0]})
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
            put(
                one,
                {
                    "text": marker_text(marker),
                    **marker_comment(marker),
                    "start": clock(start, self.fps),
                    "end": clock(start + length, self.fps),
                    "color": colour,
                },
            )


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
            speed *= fraction(noted) if noted else Fraction(warp.time_scalar).limit_denominator(10_000)
    if speed <= 0:
        raise otio.exceptions.NotSupportedError(f"“{clip.name}” plays at {speed} times its speed, which cannot be written")
    return speed


def clip_volume(clip: otio.schema.Clip) -> float:
    """Give what a clip's sound is multiplied with."""
    return math.prod((effect.metadata.get(METADATA_KEY, {}).get("volume", 1.0) for effect in clip.effects), start=1.0)


def volume_points(clip: otio.schema.Clip) -> list[tuple[int, float]]:
    """Give where a clip's volume changes: frames from its first one, and what the sound is multiplied with; straight between two."""
    found = (effect.metadata.get(METADATA_KEY, {}).get("volume_points") for effect in clip.effects)
    return [(int(frame), float(volume)) for points in found if points for frame, volume in points]


def _level(volume: float) -> float:
    return max(SILENT_LEVEL, 20 * math.log10(volume)) if volume > 0 else SILENT_LEVEL


def _levels(piece: "Piece", first: int) -> str:
    """Write a changing volume as keyframes in decibels; a straight line is none there, so it becomes several."""
    points = volume_points(piece.clip)
    told = {first + points[0][0]: points[0][1]}
    for (begin, low), (end, high) in pairwise(points):
        parts = 1 if low == high else min(end - begin, LINE_PARTS)
        for part in range(1, parts + 1):
            told[first + begin + (end - begin) * part // parts] = low + (high - low) * Fraction(part, parts)
    return ";".join(f"{frame}={_level(float(volume)):.4f}" for frame, volume in _from_first(told))


def _from_first(told: dict[int, Any]) -> list[tuple[int, Any]]:
    """Leave out what lies before MLT's first frame, but for the volume that is reached there."""
    before = [frame for frame in told if frame < 0]
    kept = [(frame, volume) for frame, volume in told.items() if frame >= 0]
    return kept if not before or (kept and kept[0][0] == 0) else [(0, told[before[-1]]), *kept]


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
        warp = {"mlt_service": "timeremap", "speed_map": f"0={float(piece.speed * NUDGE):.12g}", "image_mode": "nearest", "pitch": 0}
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
    if volume != 1 or volume_points(piece.clip):
        level = _levels(piece, piece.start) if volume_points(piece.clip) else f"{_level(volume):.6f}"
        found = {"mlt_service": "volume", "level": level, "max_gain": "40dB", "window": 75}
        put(ET.SubElement(producer, "filter"), {**found, "shotcut:filter": "audioGain", "kdenlive_id": "volume"})
    if isinstance(piece.media, otio.schema.GeneratorReference) and piece.media.generator_kind == "Text":
        words = str(piece.media.parameters["words"]).replace("\\", "\\\\").replace("#", "\\#")
        look = {"geometry": "0% 0% 100% 100%", "family": "Sans", "size": max(1, height // TEXT_SHARE), "weight": 400}
        paint = {"fgcolour": "#ffffffff", "bgcolour": "#00000000", "olcolour": "#00000000", "halign": "center", "valign": "middle"}
        put(
            ET.SubElement(producer, "filter"),
            {"mlt_service": "dynamictext", "kdenlive_id": "dynamictext", "argument": words, **look, **paint},
        )


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


def marker_text(marker: otio.schema.Marker) -> str:
    """Give a marker's name and comment for programs that know one text."""
    return f"{marker.name} {marker.comment}".strip()


def marker_comment(marker: otio.schema.Marker) -> dict[str, str]:
    """Note what of the text is the comment, for as long as nobody changes either."""
    return {COMMENT_NOTE: marker.comment} if marker.comment else {}


def marker_words(text: str, comment: Any) -> dict[str, str]:
    """Give a marker's name and comment back from its text and what was noted."""
    if not isinstance(comment, str) or not comment or not text.endswith(comment):
        return {"name": text}
    return {"name": text.removesuffix(comment).rstrip(), "comment": comment}


def exact_fps(timeline: otio.schema.Timeline) -> Fraction:
    """Give a timeline's exact rate: noted, or the fraction that its rounded rate stands for."""
    noted = timeline.metadata.get(METADATA_KEY, {}).get("fps")
    if noted:
        return fraction(noted)
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


# Reading --------------------------------------------------------------------------------------------------------------------------------


class Document:
    """An MLT document while it is read. Kdenlive's are read with the same parts."""

    def __init__(self, text: str | bytes) -> None:
        self.root = ET.fromstring(text)  # noqa: S314 (expat limits what entities may grow to; core/handover refuses them altogether)
        self.elements = {element.attrib["id"]: element for element in self.root.iter() if "id" in element.attrib}
        self.notes: list[list[str]] = []
        found = self.root.find("profile")
        numbers = dict(found.attrib) if found is not None else {}
        self.fps = Fraction(int(numbers.get("frame_rate_num", 25)), int(numbers.get("frame_rate_den", 1)))
        self.size = int(numbers.get("width", 0)), int(numbers.get("height", 0))
        if self.fps <= 0:
            raise ValueError(f"its profile counts {self.fps} frames a second")
        self.own: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self._within: list[str] = []
        self._pieces = 0
        self._lengths: dict[ET.Element, int] = {}

    @property
    def rate(self) -> float:
        """The rate as OpenTimelineIO counts."""
        return float(self.fps)

    def timeline(
        self, tracks: list[otio.schema.Track], *, name: str, markers: list[otio.schema.Marker], size: tuple[int, int] | None = None
    ) -> otio.schema.Timeline:
        """Put a timeline together."""
        width, height = size or self.size
        fps = f"{self.fps.numerator}/{self.fps.denominator}"
        noted = {"schema": 1, "fps": fps, "width": width, "height": height, "notes": self.notes}
        timeline = otio.schema.Timeline(name=name, metadata={METADATA_KEY: noted})
        timeline.tracks.extend(tracks)
        timeline.tracks.markers.extend(markers)
        return timeline

    def main(self) -> ET.Element:
        """Find the element that plays: Shotcut's timeline, the one that the document names, else its last tractor or playlist."""
        shotcut = next((element for element in self.root.findall("tractor") if "shotcut" in properties(element)), None)
        named = shotcut if shotcut is not None else self.elements.get(self.root.get("producer", ""))
        if named is not None and named.tag in ("tractor", "playlist") and named.get("id") != "main_bin":
            return named
        found = [element for element in self.root if element.tag in ("tractor", "playlist")]
        if not found:
            raise ValueError("it holds neither a tractor nor a playlist")
        return next((element for element in reversed(found) if element.tag == "tractor"), found[-1])

    # Tracks ------------------------------------------------------------------------------------------------------------------------------

    def tracks_of(self, main: ET.Element, *, sound: bool = False) -> list[otio.schema.Track]:
        """Read what a tractor, or a single playlist, plays, as `sound` if it is itself a track of that; its black ground is no track."""
        if main.tag != "tractor":
            return [self.track(main, hide="", sound=sound)]
        playlists = [(self.elements.get(track.get("producer", "")), track.get("hide", "")) for track in main.findall("track")]
        if any(one is None for one, _ in playlists):
            self.note("Names a track that the file does not hold", main.get("id", ""))
        return [self.track(one, hide=hide, sound=sound) for one, hide in playlists if one is not None and not self.is_ground(one)]

    def is_ground(self, element: ET.Element) -> bool:
        """Say whether a track is the black ground that programs lay under all others."""
        if element.get("id") in ("background", "black_track", "black"):
            return True
        if properties(element).get("kdenlive:playlistid") == "black_track":
            return True
        entries = element.findall("entry")
        return len(entries) == 1 and entries[0].get("producer") == "black"

    def track(self, element: ET.Element, *, hide: str, sound: bool = False) -> otio.schema.Track:
        """Read one track."""
        found = properties(element)
        sound = sound or hide == "video" or "shotcut:audio" in found or "kdenlive:audio_track" in found
        name = found.get("shotcut:name", found.get("kdenlive:track_name", ""))
        kind = otio.schema.TrackKind.Audio if sound else otio.schema.TrackKind.Video
        made = otio.schema.Track(name=name, kind=kind, children=list(self._items(element, sound=sound, silent=hide in ("audio", "both"))))
        made.enabled = hide != "both"
        for effect in self.effects(element):
            made.effects.append(effect)
        return made

    def _items(self, playlist: ET.Element, *, sound: bool, silent: bool) -> Iterator[otio.core.Composable]:
        if playlist.tag != "playlist":  # a tractor or a producer as a track
            length = self.length_of(playlist)
            if playlist.tag == "tractor":  # Kdenlive's tracks are tractors of two playlists
                yield self._nested(playlist, 0, length, None, sound=sound)
            else:
                yield self.piece(playlist, 0, length, sound=sound, silent=silent)
            return
        for one in self._joined(playlist):
            if isinstance(one, Part):
                if one.length > 0:
                    yield self.piece(one.element, one.first, one.length, sound=sound, silent=silent, entry=one.entry)
                else:
                    self.note("Left out, since it has no length", clip_name(properties(one.element)))
            else:
                yield one

    def _joined(self, playlist: ET.Element) -> list["Part | otio.core.Composable"]:
        """Give a playlist's parts; a clip that a cross-fade cut into two or three pieces is one again."""
        items: list[Part | otio.core.Composable] = []
        for child in playlist:
            self.count(child)
            if child.tag == "blank":
                items.append(self.gap(self.frames(child.get("length", "0"))))
            elif child.tag == "entry":
                element = self.elements.get(child.get("producer", ""))
                if element is None:
                    self.note("Names a clip that the file does not hold", child.get("producer", ""))
                    continue
                if element.tag == "tractor" and is_fade(element):
                    self._join_fade(items, element)
                    continue
                first = self.frames(child.get("in", "0"))
                last = self.frames(child.get("out", "")) if child.get("out") else self.length_of(element) - 1
                self._join(items, Part(element, first, last - first + 1, entry=child))
        return items

    def _join(self, items: list["Part | otio.core.Composable"], part: "Part") -> None:
        before = items[-1] if items else None
        if isinstance(before, Part) and before.is_open and before.goes_on_with(part):
            before.length += part.length
            before.is_open = False
            before.entry = part.entry
        else:
            items.append(part)

    def _join_fade(self, items: list["Part | otio.core.Composable"], tractor: ET.Element) -> None:
        sides = [(self.elements.get(track.get("producer", "")), track) for track in tractor.findall("track")[:2]]
        spans = [(self.frames(track.get("in", "0")), self.frames(track.get("out", "0"))) for _, track in sides]
        length = spans[0][1] - spans[0][0] + 1
        before_cut = int(properties(tractor).get("chromastrip.in_frames", length // 2))
        before_cut = min(max(0, before_cut), length)
        earlier, later = (Part(element, span[0], 0) for (element, _), span in zip(sides, spans, strict=True) if element is not None)
        last = items[-1] if items else None
        if not isinstance(last, Part) or not last.goes_on_with(earlier):
            items.append(earlier)
            last = earlier
        last.length += before_cut
        items.append(
            otio.schema.Transition(
                transition_type=self._fade_kind(tractor),
                in_offset=otio.opentime.RationalTime(before_cut, self.rate),
                out_offset=otio.opentime.RationalTime(length - before_cut, self.rate),
            )
        )
        later.first, later.length, later.is_open = later.first + before_cut, length - before_cut, True
        items.append(later)

    def _fade_kind(self, tractor: ET.Element) -> str:
        wipes = (
            properties(one).get("resource", "") for one in tractor.findall("transition") if properties(one).get("mlt_service") == "luma"
        )
        name = next((resource for resource in wipes if resource), "")
        return f"Wipe {name}" if name else otio.schema.TransitionTypes.SMPTE_Dissolve

    def gap(self, length: int) -> otio.schema.Gap:
        """Make nothing, for so many frames."""
        return otio.schema.Gap(source_range=self.span(0, max(0, length)))

    # Clips -------------------------------------------------------------------------------------------------------------------------------

    def piece(
        self, element: ET.Element, first: int, length: int, *, sound: bool, silent: bool, entry: ET.Element | None = None
    ) -> otio.core.Item:
        """Read a clip, or what is nested in place of one, `length` frames from its frame `first` on."""
        self.count(element)
        if element.tag in ("tractor", "playlist"):
            return self._nested(element, first, length, entry, sound=sound and element.tag == "playlist")  # a tractor's tracks say it
        found = properties(element)
        speed = self._speed(element, found)
        reference = self._reference(element, found, speed, entry)
        if not sound and not silent and may_sound(reference, found):
            self.note("Comes in with its pictures only: the sound, if it has any, is not on a track of its own", clip_name(found))
        start = float(first * speed) if isinstance(reference, otio.schema.ImageSequenceReference | otio.schema.ExternalReference) else first
        own = self._own_metadata(found)
        clip = otio.schema.Clip(
            name=self.names.get(found.get("kdenlive:id", "")) or clip_name(found),
            media_reference=reference,
            source_range=self.span(start, length),
            metadata={} if own is None else {METADATA_KEY: own},
        )
        clip.enabled = not (found.get("set.test_image") == found.get("set.test_audio") == "1")
        if speed != 1:
            noted = {METADATA_KEY: {"speed": f"{speed.numerator}/{speed.denominator}"}}
            clip.effects.append(otio.schema.LinearTimeWarp(name="Speed", time_scalar=float(speed), metadata=noted))
        for holder in (element, entry):
            if holder is not None:
                for effect in self.effects(
                    holder, of_words=isinstance(reference, otio.schema.GeneratorReference), first=first, length=length
                ):
                    clip.effects.append(effect)
        return clip

    def count(self, element: ET.Element) -> None:
        """Count a piece before it is made, a clip or a gap; one with many properties or filters counts as several.

        Raises
        ------
        ValueError
            If there are too many: nested timelines name each other, and what is in them counts as often as it is named.
        """
        self._count(1 + len(element) // MOST_PARTS)

    def _count(self, pieces: int) -> None:
        self._pieces += pieces
        if self._pieces > MOST_PIECES:
            raise ValueError(f"it stands for more than {MOST_PIECES} clips")

    def _nested(self, element: ET.Element, first: int, length: int, entry: ET.Element | None, *, sound: bool = False) -> otio.core.Item:
        name = element.attrib["id"]
        if name in self._within or len(self._within) > DEEPEST:
            self.note("Is nested in itself, or too deeply: there is a gap", name)
            return self.gap(length)
        self._within.append(name)
        stack = otio.schema.Stack(name=clip_name(properties(element)) or name, children=self.tracks_of(element, sound=sound))
        self._within.pop()
        stack.source_range = self.span(first, length)
        for effect in self.effects(entry, first=first, length=length) if entry is not None else ():
            stack.effects.append(effect)
        return stack

    def _own_metadata(self, found: dict[str, str]) -> Any:
        """Give what we noted on a clip: with the clip itself, or with its media in the bin."""
        text = found.get("chromastrip") or self.own.get(found.get("kdenlive:id", ""), "")
        try:
            told = json.loads(text) if text else None
        except (ValueError, RecursionError):
            told = None
        return told if isinstance(told, dict) else None

    def _speed(self, element: ET.Element, found: dict[str, str]) -> Fraction:
        """Give how many media frames go by in one frame: of a producer that warps, of a chain that does, of pictures that stand longer."""
        try:
            if found.get("mlt_service") == "timewarp":
                speed = fraction(found.get("warp_speed") or found.get("resource", "").partition(":")[0])
            else:
                speeds = (properties(link).get("speed_map", "") for link in element.findall("link"))
                told = next((one for one in speeds if one), "1")
                if ";" in told or any(properties(link).get("time_map") for link in element.findall("link")):
                    self.note("Changes its speed in between: comes in at its own speed", clip_name(found))
                    told = "1"
                speed = _as_meant(fraction(told.rpartition("=")[2]))
        except (ValueError, ZeroDivisionError):
            speed = Fraction(1)
        if speed <= 0:
            self.note("Plays backwards or stands still: comes in forwards, at its own speed", clip_name(found))
            speed = Fraction(1)
        ttl = int(found.get("ttl") or 1) if is_numbered(found) else 1
        return speed.limit_denominator(10_000) / max(1, ttl)

    def _reference(self, element: ET.Element, found: dict[str, str], speed: Fraction, entry: ET.Element | None) -> otio.core.MediaReference:
        service, resource = found.get("mlt_service", ""), self._resource(found)
        available = self.span(0, math.ceil(self.length_of(element) * speed))
        if service in ("qimage", "pixbuf", "") and is_numbered(found):
            return self._sequence(resource, available)
        if service in ("color", "colour"):
            filters = [*element.findall("filter"), *(entry.findall("filter") if entry is not None else ())]
            return self._colour(filters, resource, available)
        if service in ("kdenlivetitle", "qtext", "pango", "dynamictext"):
            return self._title(found, available)
        if service and not service.startswith(("avformat", "timewarp", "qimage", "pixbuf", "xml")):
            return otio.schema.GeneratorReference(generator_kind=service, available_range=available)
        reference = otio.schema.ExternalReference(target_url=resource, available_range=available)
        if service in ("qimage", "pixbuf"):
            reference.metadata[METADATA_KEY] = {"still": True}
        return reference

    def _resource(self, found: dict[str, str]) -> str:
        resource = found.get("warp_resource") or found.get("resource", "")
        base = self.root.get("root", "")
        is_absolute = resource.startswith(("/", "\\", "file:")) or re.match(r"[A-Za-z]:[\\/]", resource)
        return f"{base.rstrip('/')}/{resource}" if base and resource and not is_absolute and not resource.startswith("#") else resource

    def _sequence(self, resource: str, available: otio.opentime.TimeRange) -> otio.core.MediaReference:
        match = NUMBERED.fullmatch(resource[:LONGEST_PATH])
        if match is None:  # .all.png: every picture of a folder
            return otio.schema.ExternalReference(target_url=resource, available_range=available)
        return otio.schema.ImageSequenceReference(
            target_url_base=match["folder"],
            name_prefix=match["prefix"],
            name_suffix=match["suffix"],
            start_frame=int(match["begin"] or 0),
            frame_zero_padding=int(match["digits"] or 1),
            rate=self.rate,
            available_range=available,
            metadata={} if match["begin"] else {METADATA_KEY: {"first_unknown": True}},
        )

    def _colour(self, filters: list[ET.Element], resource: str, available: otio.opentime.TimeRange) -> otio.schema.GeneratorReference:
        for one in filters:
            found = properties(one)
            if found.get("mlt_service") == "dynamictext":
                words = found.get("argument", "").replace("\\#", "#").replace("\\\\", "\\")
                return otio.schema.GeneratorReference(generator_kind="Text", parameters={"words": words}, available_range=available)
        parts = dict(zip(("red", "green", "blue"), colour_parts(resource), strict=True))
        return otio.schema.GeneratorReference(generator_kind="SolidColor", parameters=parts, available_range=available)

    def _title(self, found: dict[str, str], available: otio.opentime.TimeRange) -> otio.schema.GeneratorReference:
        words = found.get("text") or found.get("argument") or ""
        if found.get("xmldata"):
            words = "\n".join(re.findall(r"<content[^>]*>([^<]*)</content>", found["xmldata"][:LONGEST_PATH]))
        self.note("A title came in as its plain words", clip_name(found))
        return otio.schema.GeneratorReference(generator_kind="Text", parameters={"words": words}, available_range=available)

    def effects(self, holder: ET.Element, *, of_words: bool = False, first: int = 0, length: int = 0) -> Iterator[otio.schema.Effect]:
        """Read the filters of a clip or a track: volumes as ours, all others by their names. `first` and `length` are what a clip shows."""
        for one in holder.findall("filter"):
            found = properties(one)
            service = found.get("mlt_service", "")
            if "internal_added" in found or found.get("disable") == "1" or service in UNSEEN or (of_words and service == "dynamictext"):
                continue
            self._count(found.get("level", "").count(";") // MOST_PARTS)  # keyframes, read once for each clip that has them
            points = (
                [(frame - first, volume) for frame, volume in self._volume_points(one, found)] if service == "volume" and length else []
            )
            volume = filter_volume(found) if service == "volume" and not points else None
            if points:
                told = {"volume": mean_volume(points, length), "volume_points": [list(point) for point in points]}
                yield otio.schema.Effect(name="Volume", effect_name="Volume", metadata={METADATA_KEY: told})
            elif volume is not None:
                yield otio.schema.Effect(name="Volume", effect_name="Volume", metadata={METADATA_KEY: {"volume": volume}})
            else:
                name = found.get("shotcut:filter") or found.get("kdenlive_id") or service
                yield otio.schema.Effect(name=name, effect_name=name)

    def _volume_points(self, one: ET.Element, found: dict[str, str]) -> list[tuple[int, float]]:
        """Read a volume that changes, by keyframes or as a fade; empty if it does not. Frames are the producer's."""
        try:
            if found.get("end") and found.get("gain"):  # Kdenlive's fades
                edges = self.frames(one.get("in", "0")), self.frames(one.get("out", "0"))
                return list(zip(edges, (max(0.0, float(found[name])) for name in ("gain", "end")), strict=True))
            parts = [part.partition("=") for part in found.get("level", "").split(";")[:MOST_KEYFRAMES] if part.strip()]
            if len(parts) < 2:  # noqa: PLR2004 (a line has two ends)
                return []
            begin = self.frames(one.get("in", "0"))
            levels = ((begin + self.frames(frame.strip(" |~!$")), float(level)) for frame, _, level in parts)
            return straightened([(frame, 0.0 if level <= SILENT_LEVEL else 10 ** (level / 20)) for frame, level in levels])
        except (ValueError, OverflowError):
            return []

    # Numbers -----------------------------------------------------------------------------------------------------------------------------

    def frames(self, text: str) -> int:
        """Count the frames in a number or a clock's time."""
        if ":" not in text:
            return int(float(text or 0))
        *clock, seconds = text.replace(",", ".").split(":")
        if len(clock) == TIMECODE_COLONS:
            base = math.ceil(self.fps)
            return (int(clock[0]) * 3600 + int(clock[1]) * 60 + int(clock[2])) * base + int(seconds)
        minutes = sum(int(part) * 60**power for power, part in enumerate(reversed(clock)))
        return math.floor((minutes * 60 + fraction(seconds)) * self.fps + Fraction(1, 2))

    def length_of(self, element: ET.Element) -> int:
        """Give how many frames an element has; one that holds itself has none."""
        if element not in self._lengths:
            self._lengths[element] = 0
            self._lengths[element] = self._counted_length(element)
        return self._lengths[element]

    def _counted_length(self, element: ET.Element) -> int:
        if element.get("out"):
            return max(0, self.frames(element.attrib["out"]) + 1)
        length = self.frames(properties(element).get("length", "0"))
        if length or element.tag not in ("playlist", "tractor"):
            return length
        if element.tag == "tractor":
            inner = [self.elements.get(track.get("producer", "")) for track in element.findall("track")]
            return max((self.length_of(one) for one in inner if one is not None), default=0)
        blanks = sum(self.frames(blank.get("length", "0")) for blank in element.findall("blank"))
        return blanks + sum(self.frames(one.get("out", "0")) - self.frames(one.get("in", "0")) + 1 for one in element.findall("entry"))

    def span(self, start: float, length: float) -> otio.opentime.TimeRange:
        """Make a range of frames."""
        return otio.opentime.TimeRange(otio.opentime.RationalTime(start, self.rate), otio.opentime.RationalTime(length, self.rate))

    def note(self, what: str, whom: str = "") -> None:
        """Note what could not be read."""
        self.notes.append([what, whom])

    def shotcut_markers(self) -> list[otio.schema.Marker]:
        """Read Shotcut's markers."""
        made = []
        for group in self.root.iterfind(".//properties[@name='shotcut:markers']"):
            for one in group.findall("properties"):
                found = properties(one)
                start = self.frames(found.get("start", "0"))
                length = max(0, self.frames(found.get("end", "0")) - start)
                colour = nearest_colour(found.get("color", ""))
                words = marker_words(found.get("text", ""), found.get(COMMENT_NOTE))
                made.append(otio.schema.Marker(**words, marked_range=self.span(start, length), color=colour))
        return made


class Part:
    """A piece of a clip on a playlist: `length` frames from `first` on. It is open if its end is only a cross-fade's."""

    def __init__(self, element: ET.Element, first: int, length: int, *, entry: ET.Element | None = None) -> None:
        self.element, self.first, self.length, self.entry = element, first, length, entry
        self.is_open = False

    def goes_on_with(self, other: "Part") -> bool:
        """Say whether another piece shows the same media from where this one ends."""
        return self.first + self.length == other.first and self._source() == other._source()  # noqa: SLF001 (its own kind)

    def _source(self) -> tuple[str | None, ...]:
        found = properties(self.element)
        return tuple(found.get(name) for name in ("mlt_service", "resource", "warp_speed", "chromastrip"))


def properties(element: ET.Element) -> dict[str, str]:
    """Read an element's own properties."""
    return {one.get("name", ""): one.text or "" for one in element.findall("property")}


def _as_meant(speed: Fraction) -> Fraction:
    """Give the speed that was written a little above itself, any other as it is."""
    if speed.denominator == 1:
        return speed
    meant = (speed / NUDGE).limit_denominator(10_000)
    return meant if abs(meant * NUDGE - speed) < speed / 10**11 else speed


def fraction(text: str) -> Fraction:
    """Read a number exactly.

    Raises
    ------
    ValueError
        If it is none, or a monstrous one.
    """
    if NUMBER.fullmatch(text) is None:
        raise ValueError(f"“{text[:40]}” is no number")
    return Fraction(text)


def is_fade(tractor: ET.Element) -> bool:
    """Say whether a tractor lays the ends of two clips over each other."""
    services = {properties(one).get("mlt_service") for one in tractor.findall("transition")}
    return len(tractor.findall("track")) == 2 and bool(services & {"luma", "mix"}) and "qtblend" not in services  # noqa: PLR2004 (two clips)


def is_numbered(found: dict[str, str]) -> bool:
    """Say whether a producer shows numbered pictures."""
    resource = found.get("resource", "")[:LONGEST_PATH]
    return found.get("mlt_service", "qimage") in ("qimage", "pixbuf") and (NUMBERED.fullmatch(resource) is not None or "/.all." in resource)


def may_sound(reference: otio.core.MediaReference, found: dict[str, str]) -> bool:
    """Say whether a clip of pictures may be a movie whose sound is heard."""
    is_movie = isinstance(reference, otio.schema.ExternalReference) and not is_still(reference)
    return is_movie and found.get("audio_index") != "-1" and found.get("set.test_audio") != "1"


def clip_name(found: dict[str, str]) -> str:
    """Give a clip's name: the user's, or its file's."""
    named = found.get("shotcut:caption") or found.get("kdenlive:clipname")
    return named if named is not None else re.split(r"[\\/]", found.get("resource", ""))[-1]


def colour_parts(text: str) -> tuple[float, float, float]:
    """Read MLT's colours: names, #rrggbb, #aarrggbb, 0xrrggbbaa."""
    digits = COLOUR_NAMES.get(text.lower(), text)
    digits = digits[1:][-6:] if digits.startswith("#") else digits[2:8] if digits.startswith("0x") else "000000"
    try:
        red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    except ValueError:
        return 0.0, 0.0, 0.0
    return red, green, blue


def nearest_colour(text: str) -> str:
    """Give OpenTimelineIO's name for a marker's colour."""
    wanted = colour_parts(text)

    def distance(name: str) -> float:
        return sum((one - other) ** 2 for one, other in zip(wanted, colour_parts(MARKER_COLOURS[name]), strict=True))

    return min(MARKER_COLOURS, key=distance)


def straightened(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Leave out the points that lie on the straight line between others: a line is many points in decibels."""
    kept = points[:1]
    for index, (frame, volume) in enumerate(points[1:], start=1):
        (begin, low), following = kept[-1], points[index + 1] if index + 1 < len(points) else None
        if following is not None and following[0] > begin:
            between = low + (following[1] - low) * (frame - begin) / (following[0] - begin)
            if abs(between - volume) < STRAIGHT * max(1.0, volume):
                continue
        kept.append((frame, volume))
    return kept


def mean_volume(points: list[tuple[int, float]], length: int) -> float:
    """Give the mean of what is heard of a clip whose volume changes, for programs that know no other; 0 if nothing is."""
    edges = [(0, _volume_at(points, 0)), *(point for point in points if 0 < point[0] < length), (length, _volume_at(points, length))]
    parts = [(end - begin, (low + high) / 2) for (begin, low), (end, high) in pairwise(edges) if low + high > 0]
    heard = sum(frames for frames, _ in parts)
    return sum(frames * volume for frames, volume in parts) / heard if heard else 0.0


def _volume_at(points: list[tuple[int, float]], frame: int) -> float:
    for (begin, low), (end, high) in pairwise(points):
        if begin <= frame < end:
            return low + (high - low) * (frame - begin) / (end - begin)
    return points[0][1] if frame < points[0][0] else points[-1][1]


def filter_volume(found: dict[str, str]) -> float | None:
    """Read what a volume filter multiplies sound with; None if it changes over time."""
    try:
        if found.get("level"):
            level = float(found["level"].rpartition("=")[2] if found["level"].count("=") == 1 else found["level"])
            return 0.0 if level <= SILENT_LEVEL else 10 ** (level / 20)
        gain = found.get("gain", "1")
        return 10 ** (float(gain[:-2]) / 20) if gain.lower().endswith("db") else max(0.0, float(gain))
    except ValueError:
        return None
