"""OpenTimelineIO adapter for Final Cut Pro XML (``.fcpxml``), both ways, which Final Cut Pro and DaVinci Resolve know.

It knows movies and sound files, no numbered pictures: a clip's active media reference counts. The lowest picture track is the primary
storyline, every other track a storyline connected to its beginning. All times are exact fractions of a second. Version 1.8 is
written, and 1.3 to 1.13 are read. OpenTimelineIO loads this file alone, by its path. Needs nothing but opentimelineio.

What cannot be read is listed in the timeline's metadata, under ``chromastrip`` and ``notes``: pairs of what happened, and to which clip.
"""

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import opentimelineio as otio

METADATA_KEY = "chromastrip"
DEFAULT_SIZE = (1920, 1080)
SEQUENCE_FORMAT = "r1"
DEEPEST = 10
MOST_LAYERS = 100
MOST_PIECES = 50_000
"""Nested timelines can name each other: a small file could stand for more clips than there is memory."""
KEYFRAMES_A_PIECE = 100
NUMBER = re.compile(r"\s*-?\d{1,18}(?:\.\d{1,18}|/\d{1,18})?\s*")
"""Fractions as files write them; Python would also take 1e999999999, and never come back."""
MOST_PARTS = 50
"""Of one straight line of volume, in keyframes."""
STRAIGHT = 0.002
SILENT = -96.0  # dB, where the format's scale ends
EFFECTS = {
    "SolidColor": ("Custom", ".../Generators.localized/Solids.localized/Custom.localized/Custom.motn"),
    "Text": ("Basic Title", ".../Titles.localized/Bumper:Opener.localized/Basic Title.localized/Basic Title.moti"),
}
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_to_string(input_otio: otio.schema.Timeline) -> str:
    """Turn a timeline into Final Cut Pro XML.

    Raises
    ------
    otio.exceptions.NotSupportedError
        If a clip's active media are neither a file, a colour nor words.
    """
    root = _Document(input_otio).write()
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n' + ET.tostring(root, encoding="unicode") + "\n"


def read_from_string(input_str: str | bytes) -> otio.schema.Timeline:
    """Turn Final Cut Pro XML into a timeline: its first project.

    Returns
    -------
    otio.schema.Timeline
        All times at the sequence's exact rate, which its metadata hold; paths as the file has them. Each lane is a track.

    Raises
    ------
    ValueError
        If the document holds no sequence, or no rate.
    """
    return _Reader(input_str).read()


class _Document:
    """One document while it is written."""

    def __init__(self, timeline: otio.schema.Timeline) -> None:
        self.timeline = timeline
        self.fps = _exact_fps(timeline)
        noted = timeline.metadata.get(METADATA_KEY, {})
        size = noted.get("width", 0), noted.get("height", 0)
        self.size = size if min(size) > 0 else DEFAULT_SIZE
        self.resources = ET.Element("resources")
        self.known: dict[str, str] = {}
        self.uses = _uses(timeline)

    def write(self) -> ET.Element:
        root = ET.Element("fcpxml", {"version": "1.8"})
        root.append(self.resources)
        width, height = self.size
        look = {"width": str(width), "height": str(height), "colorSpace": "1-1-1 (Rec. 709)"}
        ET.SubElement(self.resources, "format", {"id": SEQUENCE_FORMAT, "frameDuration": _seconds(1 / self.fps), **look})
        name = _clean(self.timeline.name)
        event = ET.SubElement(ET.SubElement(root, "library"), "event", {"name": name})
        project = ET.SubElement(event, "project", {"name": name})
        length = self._frames(self.timeline.duration())
        sound = {"audioLayout": "stereo", "audioRate": "48k"}
        told = {"format": SEQUENCE_FORMAT, "duration": self._time(length), "tcStart": "0s", "tcFormat": "NDF", **sound}
        self._spine(ET.SubElement(project, "sequence", told), length)
        return root

    # Storylines --------------------------------------------------------------------------------------------------------------------------

    def _spine(self, sequence: ET.Element, length: int) -> None:
        pictures = [track for track in self.timeline.tracks if track.kind == otio.schema.TrackKind.Video]
        sounds = [track for track in self.timeline.tracks if track.kind == otio.schema.TrackKind.Audio]
        spine = ET.SubElement(sequence, "spine")
        used = self._fill(spine, pictures[0]) if pictures else 0
        if used < length or len(spine) == 0:  # what is connected needs something to hang on
            spine.append(self._gap(used, max(1, length - used)))
        anchor = spine[0]
        lanes = [*enumerate(pictures[1:], start=1), *((-number, track) for number, track in enumerate(sounds, start=1))]
        for lane, track in lanes:
            if len(track) > 0:
                story = ET.SubElement(anchor, "spine", {"lane": str(lane), "offset": anchor.get("start", "0s"), "name": _clean(track.name)})
                self._fill(story, track)
        parts = [part for part in spine if part.tag != "transition"]
        offsets = [_fraction(part.attrib["offset"]) for part in parts]
        for marker in self.timeline.tracks.markers:
            self._mark(parts, offsets, marker)

    def _fill(self, spine: ET.Element, track: otio.schema.Track) -> int:
        position = 0
        for item in track:
            if isinstance(item, otio.schema.Transition):
                before, after = self._frames(item.in_offset), self._frames(item.out_offset)
                found = {"name": "Cross Dissolve", "offset": self._time(position - before), "duration": self._time(before + after)}
                ET.SubElement(spine, "transition", found)
                continue
            length = self._frames(item.duration())
            if isinstance(item, otio.schema.Clip):
                spine.append(self._clip(item, position, length, sound=track.kind == otio.schema.TrackKind.Audio))
            elif length > 0:
                spine.append(self._gap(position, length))
            position += length
        return position

    def _gap(self, position: int, length: int) -> ET.Element:
        return ET.Element("gap", {"name": "Gap", "offset": self._time(position), "start": "0s", "duration": self._time(length)})

    def _clip(self, clip: otio.schema.Clip, position: int, length: int, *, sound: bool) -> ET.Element:
        media, speed = clip.media_reference, _speed(clip)
        start = Fraction(clip.trimmed_range().start_time.rescaled_to(float(self.fps)).value).limit_denominator(1_000_000)
        place = {"name": _clean(clip.name), "offset": self._time(position), "duration": self._time(length)}
        enabled = {} if clip.enabled else {"enabled": "0"}
        if isinstance(media, otio.schema.GeneratorReference):
            return self._generated(media, {**place, "start": "3600s", **enabled})
        if not isinstance(media, otio.schema.ExternalReference):
            raise otio.exceptions.NotSupportedError(f"“{clip.name}” is neither a movie, a sound, a colour nor words")
        asset = self._asset(media, clip)
        if _is_still(media):
            return ET.Element("video", {"ref": asset, **place, "start": "3600s", **enabled})
        role = {"audioRole": "music"} if sound else {"videoRole": "video"}
        if len(self.uses[media.target_url]) > 1:  # else a movie's sound would also bring its picture, and the other way round
            role = {"srcEnable": "audio" if sound else "video", **role}
        element = ET.Element(
            "asset-clip", {"ref": asset, **place, "start": self._time(start / speed), "tcFormat": "NDF", **role, **enabled}
        )
        if METADATA_KEY in clip.metadata:
            told = otio.core.serialize_json_to_string({METADATA_KEY: clip.metadata[METADATA_KEY]}, indent=-1)
            ET.SubElement(element, "note").text = _clean(told)
        element.extend(self._adjustments(clip, speed, sound=sound, start=start / speed))
        return element

    def _adjustments(self, clip: otio.schema.Clip, speed: Fraction, *, sound: bool, start: Fraction) -> Iterator[ET.Element]:
        if speed != 1:
            available = clip.media_reference.available_range
            media_frames = self._frames(available.duration) if available else self._frames(clip.duration())
            warp = ET.Element("timeMap")
            for frame in (0, media_frames):
                ET.SubElement(warp, "timept", {"time": self._time(frame / speed), "value": self._time(frame), "interp": "linear"})
            yield warp
        volume = math.prod((effect.metadata.get(METADATA_KEY, {}).get("volume", 1.0) for effect in clip.effects), start=1.0)
        points = _volume_points(clip)
        if sound and (volume != 1 or points):
            adjusted = ET.Element("adjust-volume", {"amount": _level(volume)})
            if points:
                keyframes = ET.SubElement(ET.SubElement(adjusted, "param", {"name": "amount"}), "keyframeAnimation")
                for frame, value in _in_decibels(points):
                    ET.SubElement(keyframes, "keyframe", {"time": self._time(start + frame), "value": _level(value), "curve": "linear"})
            yield adjusted

    def _generated(self, media: otio.schema.GeneratorReference, told: dict[str, str]) -> ET.Element:
        if media.generator_kind not in EFFECTS:
            raise otio.exceptions.NotSupportedError(f"“{media.generator_kind}” is neither a colour nor words")
        reference = self._effect(media.generator_kind)
        if media.generator_kind == "SolidColor":
            element = ET.Element("video", {"ref": reference, **told})
            value = " ".join(f"{media.parameters[part]:.6g}" for part in ("red", "green", "blue"))
            ET.SubElement(element, "param", {"name": "Color", "key": "9999/955322170/100/955322171/2/351", "value": value})
            return element
        element = ET.Element("title", {"ref": reference, **told})
        ET.SubElement(ET.SubElement(element, "text"), "text-style", {"ref": "ts1"}).text = _clean(media.parameters["words"])
        if "ts1" not in self.known:
            self.known["ts1"] = "ts1"
            style = ET.SubElement(element, "text-style-def", {"id": "ts1"})
            ET.SubElement(style, "text-style", {"font": "Helvetica", "fontSize": str(self.size[1] // 10), "fontColor": "1 1 1 1"})
        return element

    # Resources ---------------------------------------------------------------------------------------------------------------------------

    def _asset(self, media: otio.schema.ExternalReference, clip: otio.schema.Clip) -> str:
        uri = media.target_url if media.target_url.startswith("file://") else Path(media.target_url).absolute().as_uri()
        if uri in self.known:
            return self.known[uri]
        name = _clean(clip.name)
        self.known[uri] = f"r{len(self.resources) + 1}"
        found = {"id": self.known[uri], "name": name, "src": uri, "start": "0s"}
        if _is_still(media):
            still = {"id": f"{self.known[uri]}f", "name": "FFVideoFormatRateUndefined"}
            ET.SubElement(self.resources, "format", {**still, "width": str(self.size[0]), "height": str(self.size[1])})
            ET.SubElement(self.resources, "asset", {**found, "duration": "0s", "hasVideo": "1", "format": still["id"]})
            return self.known[uri]
        available = media.available_range
        duration = self._time(self._frames(available.duration if available else clip.duration()))
        uses = self.uses[media.target_url]
        channels = str(uses.get(otio.schema.TrackKind.Audio, 2))
        heard = {"hasAudio": "1", "audioSources": "1", "audioChannels": channels, "audioRate": "48000"}
        seen = {"hasVideo": "1", "format": SEQUENCE_FORMAT}
        kinds = {otio.schema.TrackKind.Video: seen, otio.schema.TrackKind.Audio: heard}
        told = {name: value for kind, one in kinds.items() if kind in uses for name, value in one.items()}
        ET.SubElement(self.resources, "asset", {**found, "duration": duration, **told})
        return self.known[uri]

    def _effect(self, kind: str) -> str:
        if kind not in self.known:
            name, uid = EFFECTS[kind]
            self.known[kind] = f"r{len(self.resources) + 1}"
            ET.SubElement(self.resources, "effect", {"id": self.known[kind], "name": name, "uid": uid})
        return self.known[kind]

    # Parts -------------------------------------------------------------------------------------------------------------------------------

    def _mark(self, parts: list[ET.Element], offsets: list[Fraction], marker: otio.schema.Marker) -> None:
        """Hang a marker on the part of the storyline that it lies over: its time counts in that part's own media."""
        position = marker.marked_range.start_time.rescaled_to(float(self.fps)).value / self.fps
        position = Fraction(position).limit_denominator(1_000_000) if not isinstance(position, Fraction) else position
        part = parts[max(0, bisect_right(offsets, position) - 1)]
        start = _fraction(part.get("start", "0s")) + position - _fraction(part.attrib["offset"])
        length = max(1, self._frames(marker.marked_range.duration))
        note = {"note": _clean(marker.comment)} if marker.comment else {}
        ET.SubElement(part, "marker", {"start": _seconds(start), "duration": self._time(length), "value": _clean(marker.name), **note})

    def _frames(self, time: otio.opentime.RationalTime) -> int:
        return round(time.rescaled_to(float(self.fps)).value)

    def _time(self, frames: Fraction | int) -> str:
        return _seconds(frames / self.fps)


def _level(volume: float) -> str:
    return f"{max(SILENT, 20 * math.log10(volume)) if volume > 0 else SILENT:.6g}dB"


def _volume_points(clip: otio.schema.Clip) -> list[tuple[int, float]]:
    """Give where a clip's volume changes: frames from its first one, and what the sound is multiplied with; straight between two."""
    found = (effect.metadata.get(METADATA_KEY, {}).get("volume_points") for effect in clip.effects)
    return [(int(frame), float(volume)) for points in found if points for frame, volume in points]


def _in_decibels(points: list[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    """Cut straight lines into so many that they nearly are straight in decibels, too."""
    yield points[0]
    for (begin, low), (end, high) in pairwise(points):
        parts = 1 if low == high else min(end - begin, MOST_PARTS)
        yield from ((begin + (end - begin) * part // parts, low + (high - low) * part / parts) for part in range(1, parts + 1))


def _uses(timeline: otio.schema.Timeline) -> dict[str, dict[str, int]]:
    """Say of each file on which kinds of tracks it lies, and how many channels its sound has."""
    uses: dict[str, dict[str, int]] = {}
    for track in timeline.tracks:
        for clip in track.find_clips():
            media = clip.media_reference
            if isinstance(media, otio.schema.ExternalReference):
                uses.setdefault(media.target_url, {})[track.kind] = media.metadata.get(METADATA_KEY, {}).get("channels", 2)
    return uses


def _seconds(time: Fraction) -> str:
    time = Fraction(time)
    return f"{time.numerator}s" if time.denominator == 1 else f"{time.numerator}/{time.denominator}s"


def _fraction(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def _exact_fps(timeline: otio.schema.Timeline) -> Fraction:
    noted = timeline.metadata.get(METADATA_KEY, {}).get("fps")
    if noted:
        return _noted(noted)
    rate = timeline.duration().rate
    ntsc = Fraction(math.ceil(rate) * 1000, 1001)
    return ntsc if abs(float(ntsc) - rate) < 0.005 else Fraction(rate).limit_denominator(1000)  # noqa: PLR2004 (rates have two decimals)


def _noted(text: str) -> Fraction:
    """Read a number that was noted exactly; Python would also take 1e999999999, and never come back."""
    if NUMBER.fullmatch(text) is None:
        raise ValueError(f"“{text[:40]}” is no number")
    return Fraction(text)


def _speed(clip: otio.schema.Clip) -> Fraction:
    speed = Fraction(1)
    for warp in clip.effects:
        if isinstance(warp, otio.schema.LinearTimeWarp):
            noted = warp.metadata.get(METADATA_KEY, {}).get("speed")
            speed *= _noted(noted) if noted else Fraction(warp.time_scalar).limit_denominator(10_000)
    if speed <= 0:
        raise otio.exceptions.NotSupportedError(f"“{clip.name}” plays at {speed} times its speed, which cannot be written")
    return speed


def _is_still(media: otio.core.MediaReference) -> bool:
    return bool(media.metadata.get(METADATA_KEY, {}).get("still"))


def _clean(text: Any) -> str:
    return NOT_IN_XML.sub("", str(text))


# Reading --------------------------------------------------------------------------------------------------------------------------------

CLIPS = ("asset-clip", "clip", "video", "audio", "title", "ref-clip", "sync-clip", "mc-clip", "gap", "audition")
NESTS = ("clip", "ref-clip", "sync-clip", "mc-clip")
KINDS = {"video": otio.schema.TrackKind.Video, "audio": otio.schema.TrackKind.Audio}
PLAIN = {"adjust-volume", "adjust-conform", "adjust-transform", "adjust-panner"}
"""Adjustments that are written although nothing is changed, or that are read."""


class _Lane:
    """What lies on one lane: clips with their frames (begin, end), and fades."""

    def __init__(self) -> None:
        self.name = ""
        self.clips: list[tuple[Fraction, Fraction, otio.core.Item]] = []
        self.fades: list[tuple[Fraction, Fraction, str]] = []


class _Reader:
    """One document while it is read. Times are in seconds, exact, until they become OpenTimelineIO's."""

    def __init__(self, text: str | bytes) -> None:
        self.root = ET.fromstring(text)  # noqa: S314 (expat limits what entities may grow to; core/handover refuses them altogether)
        self.resources = {one.get("id", ""): one for one in self.root.iterfind("resources/*")}
        self.notes: list[list[str]] = []
        self.fps = Fraction(25)
        self.lanes: dict[tuple[str, int], _Lane] = {}
        self.markers: list[otio.schema.Marker] = []
        self.depth = self.pieces = 0
        self.shown: tuple[Fraction, Fraction] | None = None
        """Of a nest that is being read: from where to where it is seen, in its own seconds."""

    def read(self) -> otio.schema.Timeline:
        projects = list(self.root.iter("project"))
        sequence = next((found for one in projects if (found := one.find("sequence")) is not None), None)
        if sequence is None:
            raise ValueError("it holds no project with a sequence")
        for other in projects[1:]:
            self.note("Only the first project of the file was read, not", other.get("name", ""))
        form = self.resources.get(sequence.get("format", ""), ET.Element("format"))
        duration = _time(form.get("frameDuration", "0s"))
        if duration <= 0:
            raise ValueError("its sequence names no rate")
        self.fps = 1 / duration
        timeline = otio.schema.Timeline(name=projects[0].get("name", ""))
        timeline.tracks.extend(self._sequence_tracks(sequence))
        timeline.tracks.markers.extend(self.markers)
        size = {name: int(form.get(name, "0")) if form.get(name, "0").isdigit() else 0 for name in ("width", "height")}
        timeline.metadata[METADATA_KEY] = {
            "schema": 1,
            "fps": f"{self.fps.numerator}/{self.fps.denominator}",
            **size,
            "notes": self.notes,
        }
        return timeline

    def note(self, what: str, whom: str = "") -> None:
        """Note what could not be read."""
        self.notes.append([what, whom])

    # Lanes -------------------------------------------------------------------------------------------------------------------------------

    def _sequence_tracks(self, sequence: ET.Element) -> list[otio.schema.Track]:
        outer, self.lanes = self.lanes, {}
        spine = sequence.find("spine")
        if spine is not None:
            self._storyline(spine, -_time(sequence.get("tcStart", "0s")), lane=0)
        lanes, self.lanes = self.lanes, outer
        return self._lane_tracks(lanes)

    def _lane_tracks(self, lanes: dict[tuple[str, int], _Lane]) -> list[otio.schema.Track]:
        order = sorted(lanes, key=lambda key: (key[0] != "video", key[1] if key[0] == "video" else -key[1]))
        return [track for key in order for track in self._tracks(lanes[key], key[0])]

    def _storyline(self, spine: ET.Element, origin: Fraction, *, lane: int) -> None:
        """Lay a storyline's parts on a lane; their offsets count from `origin` on, in the timeline's seconds."""
        place, names = Fraction(0), spine.get("name", "")
        for child in spine:
            if child.tag == "transition":
                begin = origin + _time(child.get("offset", "0s"))
                for kind in KINDS:
                    if (kind, lane) in self.lanes:
                        self.lanes[kind, lane].fades.append((begin, begin + _time(child.get("duration", "0s")), child.get("name", "")))
            elif child.tag in CLIPS:
                begin = origin + _time(child.get("offset", "")) if "offset" in child.attrib else origin + place
                place = begin - origin + self._length(child)
                self._part(child, begin, lane=lane, name=names)
            elif "duration" in child.attrib:
                self.note(f"What is of the kind “{child.tag}” is left out", child.get("name", ""))

    def _part(self, element: ET.Element, begin: Fraction, *, lane: int, name: str = "") -> None:
        """Lay one part on its lane, and whatever is connected to it on theirs."""
        if element.tag == "audition":
            chosen = next((child for child in element if child.tag in CLIPS), None)
            if chosen is not None:
                self.note("Of several takes the first came in", chosen.get("name", ""))
                self._part(chosen, begin, lane=lane, name=name)
            return
        start = _time(element.get("start", "0s"))
        length = self._length(element)
        if element.tag != "gap":
            self._lay(element, begin, start, length, lane=lane, name=name)
        for child in element:
            offset = begin + _time(child.get("offset", "0s")) - start
            if _is_content(element, child):
                continue
            if child.tag == "spine":
                self._storyline(child, offset, lane=_lane(child))
            elif child.tag in CLIPS:
                self._part(child, offset, lane=_lane(child))
            elif child.tag in ("marker", "chapter-marker"):
                self._mark(child, begin, start, length)
            elif child.tag == "caption":
                self.note("Captions are left out", child.get("name", ""))

    def _length(self, element: ET.Element) -> Fraction:
        if "duration" in element.attrib:
            return _time(element.attrib["duration"])
        named = self.resources.get(element.get("ref", ""), element)
        if named.tag == "media":
            named = next((child for child in named if "duration" in child.attrib), named)
        return _time(named.get("duration", "0s"))

    def _lay(self, element: ET.Element, begin: Fraction, start: Fraction, length: Fraction, *, lane: int, name: str) -> None:
        """Lay a part's picture and its sound; of a split edit they begin and end apart."""
        if "audioStart" not in element.attrib and "audioDuration" not in element.attrib:
            self._lay_kinds(element, begin, start, length, lane=lane, name=name, kinds=("video", "audio"))
            return
        heard = _time(element.get("audioStart", "")) if "audioStart" in element.attrib else start
        seconds = _time(element.get("audioDuration", "")) if "audioDuration" in element.attrib else length
        self._lay_kinds(element, begin, start, length, lane=lane, name=name, kinds=("video",))
        self._lay_kinds(element, begin + heard - start, heard, seconds, lane=lane, name=name, kinds=("audio",))

    def _lay_kinds(
        self, element: ET.Element, begin: Fraction, start: Fraction, length: Fraction, *, lane: int, name: str, kinds: tuple[str, ...]
    ) -> None:
        if begin < 0 < begin + length:  # a part of it is seen
            begin, start, length = Fraction(0), start - begin, begin + length
        if begin < 0 or length <= 0:
            self.note("Left out, since it has no length, or lies before the timeline's beginning", element.get("name", ""))
            return
        if self.shown is not None and not (begin < self.shown[1] and begin + length > self.shown[0]):
            return
        for kind, item in self._items(element, start, length):
            if kind in kinds and element.get("srcEnable", "all") in ("all", kind):
                found = self.lanes.setdefault((kind, lane), _Lane())
                found.name = found.name or name
                found.clips.append((begin, begin + length, item))

    def _items(self, element: ET.Element, start: Fraction, length: Fraction) -> Iterator[tuple[str, otio.core.Item]]:
        """Give what is seen and what is heard of a part, one of them or both."""
        if element.tag in NESTS:
            yield from self._nests(element, start, length)
            return
        asset = self.resources.get(element.get("ref", ""), ET.Element("none"))
        is_asset = asset.tag == "asset"
        only_sound = element.tag == "audio" or (is_asset and asset.get("hasVideo", "0") != "1" and asset.get("hasAudio") == "1")
        heard = asset.get("hasAudio") == "1" and element.tag == "asset-clip"
        for kind in ["audio"] if only_sound else ["video", "audio"] if heard else ["video"]:
            item = self._clip(element, asset, start, length, sound=kind == "audio")
            if kind == "audio" and not only_sound:
                item.metadata.pop(METADATA_KEY, None)
            yield kind, item

    # Nests -------------------------------------------------------------------------------------------------------------------------------

    def _nests(self, element: ET.Element, start: Fraction, length: Fraction) -> Iterator[tuple[str, otio.core.Item]]:
        """Give a part with parts of its own: a nest of pictures and one of sound, or the one clip that a nest would hold."""
        asset = self.resources.get(element.get("ref", ""), ET.Element("none"))
        name = element.get("name") or asset.get("name", "")
        first, (speed, start) = start, self._speed(element, start, name)
        found = self._content(element, asset, (start, start + length * speed))
        if found is None:
            self.note("A compound or multicam clip could not be read: there is a gap", name)
            yield "video", otio.schema.Gap(name=name, source_range=self._range(Fraction(0), length))
            return
        tracks, begin, markers = found
        own = _own_metadata(element.findtext("note") or "")
        for kind, track_kind in KINDS.items():
            inner = [track for track in tracks if track.kind == track_kind]
            if not inner:
                continue
            span = self._range(start - begin, length)
            alone = self._only(inner, start - begin, length) if element.tag == "clip" and speed == 1 and not markers else None
            item = otio.schema.Stack(children=inner, source_range=span) if alone is None else alone
            item.name, item.enabled = name, element.get("enabled", "1") != "0" and item.enabled
            if own is not None and kind == "video":
                item.metadata[METADATA_KEY] = own
            if speed != 1:
                item.effects.append(_time_warp(speed))
            item.effects.extend(self._effects(element, sound=kind == "audio", start=first))
            if kind == "video" or len(inner) == len(tracks):
                item.markers.extend(markers)
            yield kind, item

    def _content(
        self, element: ET.Element, asset: ET.Element, shown: tuple[Fraction, Fraction]
    ) -> tuple[list[otio.schema.Track], Fraction, list[otio.schema.Marker]] | None:
        """Read what lies in a nest: its tracks, where its own time begins, and its markers; None if it cannot be read."""
        sequence, angles = asset.find("sequence"), asset.find("multicam")
        if self.depth > DEEPEST or (element.tag in ("ref-clip", "mc-clip") and sequence is None and angles is None):
            return None
        holder = sequence if sequence is not None else angles if angles is not None else element
        begin = _time(holder.get("tcStart", "0s")) if holder is not element else Fraction(0)
        outer, outer_markers = self.shown, self.markers
        self.shown, self.markers = (shown[0] - begin, shown[1] - begin), []
        self.depth += 1
        if sequence is not None:
            tracks = self._sequence_tracks(sequence)
        elif angles is not None:
            tracks = self._angle_tracks(element, angles, begin)
        else:
            tracks = self._own_tracks(element)
        self.depth -= 1
        markers, self.markers, self.shown = self.markers, outer_markers, outer
        return tracks, begin, markers

    def _own_tracks(self, element: ET.Element) -> list[otio.schema.Track]:
        """Read what lies within a clip or a synchronised clip itself."""
        outer, self.lanes = self.lanes, {}
        for child in element:
            if _is_content(element, child):
                offset = _time(child.get("offset", "0s"))
                if child.tag == "spine":
                    self._storyline(child, offset, lane=_lane(child))
                else:
                    self._part(child, offset, lane=_lane(child))
        lanes, self.lanes = self.lanes, outer
        muted = {source.get("sourceID", "") for source in element.findall("sync-source") if _is_muted(source)}
        for (kind, lane), found in lanes.items():
            if kind == "audio" and ("connected" if lane else "storyline") in muted:
                for _, _, item in found.clips:
                    item.enabled = False
        return self._lane_tracks(lanes)

    def _angle_tracks(self, element: ET.Element, angles: ET.Element, begin: Fraction) -> list[otio.schema.Track]:
        """Read the angles of a multicam clip that are seen and heard: those that it names, else the first."""
        sources = [(one.get("angleID", ""), one.get("srcEnable", "all")) for one in element.findall("mc-source")]
        found = {one.get("angleID", ""): one for one in angles.findall("mc-angle")}
        sources = sources or [(name, "all") for name in list(found)[:1]]
        tracks, seen = [], False
        for name, enabled in sources:
            if name not in found:
                self.note("A multicam clip names an angle that is not there", element.get("name", ""))
                continue
            outer, self.lanes = self.lanes, {}
            self._storyline(found[name], -begin, lane=0)
            lanes, self.lanes = self.lanes, outer
            made = self._lane_tracks(lanes)
            tracks += [track for track in made if enabled in ("all", "video") and track.kind == KINDS["video"] and not seen]
            tracks += [track for track in made if enabled in ("all", "audio") and track.kind == KINDS["audio"]]
            seen = seen or enabled in ("all", "video")
        return tracks

    def _only(self, tracks: list[otio.schema.Track], start: Fraction, length: Fraction) -> otio.schema.Clip | None:
        """Give the clip that alone fills a part of what lies on tracks, trimmed to it; None if there is more, or less."""
        low, high = start * self.fps, (start + length) * self.fps
        if len(tracks) > 1:
            return None
        place = Fraction(0)
        for item in tracks[0]:
            if isinstance(item, otio.schema.Transition):
                return None
            count = Fraction(item.duration().value).limit_denominator(10**6)
            if isinstance(item, otio.schema.Clip) and place <= low and place + count >= high:
                own = item.deepcopy()
                shown = Fraction(own.source_range.start_time.value).limit_denominator(10**6) + (low - place) * _speed(own)
                own.source_range = self._range(shown / self.fps, length)
                return own
            place += count
        return None

    def _tracks(self, lane: _Lane, kind: str) -> Iterator[otio.schema.Track]:
        """Put a lane's clips in a row; those that lie under others get a track of their own."""
        waiting = sorted(lane.clips, key=lambda clip: clip[0])
        unused = list(lane.fades)
        for _ in range(MOST_LAYERS):
            if not waiting:
                break
            track = otio.schema.Track(name=lane.name, kind=KINDS[kind])
            place, left = Fraction(0), []
            for begin, end, item in waiting:
                if begin < place:
                    left.append((begin, end, item))
                    continue
                if begin > place:
                    track.append(otio.schema.Gap(source_range=self._range(Fraction(0), begin - place)))
                fade = next((fade for fade in lane.fades if fade[0] <= begin <= fade[1]), None)
                if fade is not None:
                    self._fade(track, fade, begin)
                    unused = [one for one in unused if one != fade]
                track.append(item)
                place = end
            last = next((fade for fade in lane.fades if fade[0] < place <= fade[1]), None)
            if last is not None:
                self._fade(track, last, place)
                unused = [one for one in unused if one != last]
            yield track
            waiting = left
        for _, _, item in waiting:
            self.note(f"Left out, since more than {MOST_LAYERS} clips lie over each other", item.name)
        if unused and kind == "video" and self.shown is None:
            self.note("Transitions that stand between no clips are left out")

    def _fade(self, track: otio.schema.Track, fade: tuple[Fraction, Fraction, str], cut: Fraction) -> None:
        low, high, name = fade
        plain = "dissolve" in name.lower() or "fade" in name.lower() or not name
        track.append(
            otio.schema.Transition(
                name=name,
                transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve if plain else name,
                in_offset=self._rational(cut - low),
                out_offset=self._rational(high - cut),
            )
        )

    # Clips -------------------------------------------------------------------------------------------------------------------------------

    def _clip(self, element: ET.Element, asset: ET.Element, start: Fraction, length: Fraction, *, sound: bool) -> otio.schema.Clip:
        self._count(1)
        name = element.get("name") or asset.get("name", "")
        first, (speed, start) = start, self._speed(element, start, name)
        media = self._media(element, asset, name)
        if asset.tag == "asset" and "start" in element.attrib:  # without, a part begins where its asset does
            start -= _time(asset.get("start", "0s"))
        if isinstance(media, otio.schema.GeneratorReference) or media.metadata.get(METADATA_KEY, {}).get("still"):
            start = Fraction(0)
        clip = otio.schema.Clip(name=name, media_reference=media, source_range=self._range(start, length))
        clip.enabled = element.get("enabled", "1") != "0"
        if (own := _own_metadata(element.findtext("note") or "")) is not None:
            clip.metadata[METADATA_KEY] = own
        if speed != 1:
            clip.effects.append(_time_warp(speed))
        clip.effects.extend(self._effects(element, sound=sound, start=first))
        return clip

    def _count(self, pieces: int) -> None:
        """Count pieces before they are made; what is nested counts as often as it is named.

        Raises
        ------
        ValueError
            If there are too many.
        """
        self.pieces += pieces
        if self.pieces > MOST_PIECES:
            raise ValueError(f"it stands for more than {MOST_PIECES} clips")

    def _media(self, source: ET.Element, asset: ET.Element, name: str) -> otio.core.MediaReference:
        if source.tag == "title":
            words = "".join("".join(one.itertext()) for one in source.findall("text/text-style"))  # between them only indents stand
            return otio.schema.GeneratorReference(generator_kind="Text", parameters={"words": words})
        if asset.tag == "effect":
            return self._generated(source, asset)
        inner = asset.find("media-rep")
        url = asset.get("src") or ("" if inner is None else inner.get("src", ""))
        if asset.tag != "asset" or not url:
            return otio.schema.MissingReference(name=name)
        reference = otio.schema.ExternalReference(target_url=url)
        duration = _time(asset.get("duration", "0s"))
        form = self.resources.get(asset.get("format", ""), ET.Element("format"))
        if source.tag == "video" and (duration == 0 or form.get("name") == "FFVideoFormatRateUndefined"):
            reference.metadata[METADATA_KEY] = {"still": True}
        elif duration > 0:
            reference.available_range = self._range(Fraction(0), duration)
        return reference

    def _generated(self, source: ET.Element, effect: ET.Element) -> otio.schema.GeneratorReference:
        value = next((one.get("value", "") for one in source.findall("param") if one.get("name") == "Color"), "")
        parts = [_number(part) for part in value.split()[:3]]
        if len(parts) == 3:  # noqa: PLR2004 (red, green, blue)
            return otio.schema.GeneratorReference(
                generator_kind="SolidColor", parameters=dict(zip(("red", "green", "blue"), parts, strict=True))
            )
        return otio.schema.GeneratorReference(generator_kind=effect.get("name", ""))

    def _speed(self, element: ET.Element, start: Fraction, name: str) -> tuple[Fraction, Fraction]:
        """Give a part's speed, and where in its media it begins."""
        points = [(_time(one.get("time", "0s")), _time(one.get("value", "0s"))) for one in element.findall("timeMap/timept")]
        if len(points) < 2 or points[-1][0] == points[0][0]:  # noqa: PLR2004 (a line has two ends)
            return Fraction(1), start
        speed = (points[-1][1] - points[0][1]) / (points[-1][0] - points[0][0])
        if len(points) > 2 and any(value != points[0][1] + (time - points[0][0]) * speed for time, value in points):  # noqa: PLR2004
            self.note("Changes its speed in between: comes in at its mean speed", name)
        if speed <= 0:
            self.note("Plays backwards or stands still: comes in forwards, at its own speed", name)
            return Fraction(1), min(value for _, value in points)
        return speed, points[0][1] + (start - points[0][0]) * speed

    def _effects(self, element: ET.Element, *, sound: bool, start: Fraction) -> Iterator[otio.schema.Effect]:
        for child in element:
            if child.tag == "adjust-volume" and sound:
                told: dict[str, Any] = {"volume": _volume(child.get("amount", "0dB"))}
                keys = [(_time(key.get("time", "0s")) - start, _volume(key.get("value", "0dB"))) for key in child.iter("keyframe")]
                self._count(len(keys) // KEYFRAMES_A_PIECE)
                if len(keys) > 1:
                    told["volume_points"] = _straightened([(round(time * self.fps), volume) for time, volume in keys])
                yield otio.schema.Effect(name="Volume", effect_name="Volume", metadata={METADATA_KEY: told})
            elif (child.tag.startswith("adjust-") and child.tag not in PLAIN) or child.tag.startswith("filter-"):
                name = child.get("name") or self.resources.get(child.get("ref", ""), child).get("name") or child.tag
                yield otio.schema.Effect(name=name, effect_name=name)

    def _mark(self, marker: ET.Element, begin: Fraction, start: Fraction, length: Fraction) -> None:
        """Put a marker on the timeline, if its clip shows the place; one frame long is what all of them are at least."""
        place = _time(marker.get("start", "0s")) - start
        if not 0 <= place < length:
            return
        duration = _time(marker.get("duration", "0s"))
        span = self._range(begin + place, Fraction(0) if duration * self.fps <= 1 else duration)
        self.markers.append(
            otio.schema.Marker(name=marker.get("value", ""), comment=marker.get("note", ""), marked_range=span, color="GREEN")
        )

    def _rational(self, seconds: Fraction) -> otio.opentime.RationalTime:
        return otio.opentime.RationalTime(float(seconds * self.fps), float(self.fps))

    def _range(self, start: Fraction, length: Fraction) -> otio.opentime.TimeRange:
        return otio.opentime.TimeRange(self._rational(start), self._rational(length))


def _is_content(element: ET.Element, child: ET.Element) -> bool:
    """Say whether a part's child lies within it, and is cut off where it ends; other children are connected to it."""
    if element.tag == "sync-clip":
        return child.tag in CLIPS or child.tag == "spine"
    return element.tag == "clip" and (child.tag in ("video", "audio") or (child.tag in (*CLIPS, "spine") and "lane" not in child.attrib))


def _is_muted(source: ET.Element) -> bool:
    """Say whether a synchronised clip's source has roles, and none that is heard."""
    active = [role.get("active", "1") != "0" for role in source.findall("audio-role-source")]
    return bool(active) and not any(active)


def _time_warp(speed: Fraction) -> otio.schema.LinearTimeWarp:
    noted = {METADATA_KEY: {"speed": f"{speed.numerator}/{speed.denominator}"}}
    return otio.schema.LinearTimeWarp(name="Speed", time_scalar=float(speed), metadata=noted)


def _time(text: str) -> Fraction:
    try:
        return _fraction(text) if NUMBER.fullmatch(text.removesuffix("s")) else Fraction(0)
    except ZeroDivisionError:
        return Fraction(0)


def _lane(element: ET.Element) -> int:
    try:
        return int(element.get("lane", "0"))
    except ValueError:
        return 0


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _volume(level: str) -> float:
    decibels = _number(level.removesuffix("dB"))
    return 0.0 if decibels <= SILENT else 10 ** (decibels / 20)


def _straightened(points: list[tuple[int, float]]) -> list[list[float]]:
    """Leave out the points that lie on the straight line between others: a line is many points in decibels."""
    kept = points[:1]
    for index, (frame, volume) in enumerate(points[1:], start=1):
        (begin, low), following = kept[-1], points[index + 1] if index + 1 < len(points) else None
        if following is not None and following[0] > begin:
            between = low + (following[1] - low) * (frame - begin) / (following[0] - begin)
            if abs(between - volume) < STRAIGHT * max(1.0, volume):
                continue
        kept.append((frame, volume))
    return [list(point) for point in kept]


def _own_metadata(note: str) -> Any:
    """Give what we noted on a clip, None if we did not."""
    begin = note.find("{")
    try:
        told = json.loads(note[begin:]) if begin >= 0 else None
    except (ValueError, RecursionError):
        return None
    return told[METADATA_KEY] if isinstance(told, dict) and isinstance(told.get(METADATA_KEY), dict) else None
