"""OpenTimelineIO adapter that writes Final Cut Pro XML (``.fcpxml``, version 1.8), which Final Cut Pro and DaVinci Resolve import.

It knows movies and sound files, no numbered pictures: a clip's active media reference counts. The lowest picture track is the primary
storyline, every other track a storyline connected to its beginning. All times are exact fractions of a second. OpenTimelineIO loads this
file alone, by its path. Needs nothing but opentimelineio.
"""

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import opentimelineio as otio

METADATA_KEY = "chromastrip"
DEFAULT_SIZE = (1920, 1080)
SEQUENCE_FORMAT = "r1"
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
        for marker in self.timeline.tracks.markers:
            self._mark(spine, marker)

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
        asset = self._asset(media, clip, sound=sound)
        if _is_still(media):
            return ET.Element("video", {"ref": asset, **place, "start": "3600s", **enabled})
        role = {"audioRole": "music"} if sound else {"videoRole": "video"}
        element = ET.Element(
            "asset-clip", {"ref": asset, **place, "start": self._time(start / speed), "tcFormat": "NDF", **role, **enabled}
        )
        element.extend(self._adjustments(clip, speed, sound=sound))
        return element

    def _adjustments(self, clip: otio.schema.Clip, speed: Fraction, *, sound: bool) -> Iterator[ET.Element]:
        if speed != 1:
            available = clip.media_reference.available_range
            media_frames = self._frames(available.duration) if available else self._frames(clip.duration())
            warp = ET.Element("timeMap")
            for frame in (0, media_frames):
                ET.SubElement(warp, "timept", {"time": self._time(frame / speed), "value": self._time(frame), "interp": "linear"})
            yield warp
        volume = math.prod((effect.metadata.get(METADATA_KEY, {}).get("volume", 1.0) for effect in clip.effects), start=1.0)
        if sound and volume != 1:
            level = max(SILENT, 20 * math.log10(volume)) if volume > 0 else SILENT
            yield ET.Element("adjust-volume", {"amount": f"{level:.6g}dB"})

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

    def _asset(self, media: otio.schema.ExternalReference, clip: otio.schema.Clip, *, sound: bool) -> str:
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
        channels = str(media.metadata.get(METADATA_KEY, {}).get("channels", 2))
        heard = {"hasAudio": "1", "audioSources": "1", "audioChannels": channels, "audioRate": "48000"}
        kind = heard if sound else {"hasVideo": "1", "format": SEQUENCE_FORMAT}
        ET.SubElement(self.resources, "asset", {**found, "duration": duration, **kind})
        return self.known[uri]

    def _effect(self, kind: str) -> str:
        if kind not in self.known:
            name, uid = EFFECTS[kind]
            self.known[kind] = f"r{len(self.resources) + 1}"
            ET.SubElement(self.resources, "effect", {"id": self.known[kind], "name": name, "uid": uid})
        return self.known[kind]

    # Parts -------------------------------------------------------------------------------------------------------------------------------

    def _mark(self, spine: ET.Element, marker: otio.schema.Marker) -> None:
        """Hang a marker on the part of the storyline that it lies over: its time counts in that part's own media."""
        position = marker.marked_range.start_time.rescaled_to(float(self.fps)).value / self.fps
        position = Fraction(position).limit_denominator(1_000_000) if not isinstance(position, Fraction) else position
        parts = [part for part in spine if part.tag != "transition"]
        part = next((part for part in reversed(parts) if _fraction(part.attrib["offset"]) <= position), parts[0])
        start = _fraction(part.get("start", "0s")) + position - _fraction(part.attrib["offset"])
        length = max(1, self._frames(marker.marked_range.duration))
        note = {"note": _clean(marker.comment)} if marker.comment else {}
        ET.SubElement(part, "marker", {"start": _seconds(start), "duration": self._time(length), "value": _clean(marker.name), **note})

    def _frames(self, time: otio.opentime.RationalTime) -> int:
        return round(time.rescaled_to(float(self.fps)).value)

    def _time(self, frames: Fraction | int) -> str:
        return _seconds(frames / self.fps)


def _seconds(time: Fraction) -> str:
    time = Fraction(time)
    return f"{time.numerator}s" if time.denominator == 1 else f"{time.numerator}/{time.denominator}s"


def _fraction(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def _exact_fps(timeline: otio.schema.Timeline) -> Fraction:
    noted = timeline.metadata.get(METADATA_KEY, {}).get("fps")
    if noted:
        return Fraction(noted)
    rate = timeline.duration().rate
    ntsc = Fraction(math.ceil(rate) * 1000, 1001)
    return ntsc if abs(float(ntsc) - rate) < 0.005 else Fraction(rate).limit_denominator(1000)  # noqa: PLR2004 (rates have two decimals)


def _speed(clip: otio.schema.Clip) -> Fraction:
    speed = Fraction(1)
    for warp in clip.effects:
        if isinstance(warp, otio.schema.LinearTimeWarp):
            noted = warp.metadata.get(METADATA_KEY, {}).get("speed")
            speed *= Fraction(noted) if noted else Fraction(warp.time_scalar).limit_denominator(10_000)
    if speed <= 0:
        raise otio.exceptions.NotSupportedError(f"“{clip.name}” plays at {speed} times its speed, which cannot be written")
    return speed


def _is_still(media: otio.core.MediaReference) -> bool:
    return bool(media.metadata.get(METADATA_KEY, {}).get("still"))


def _clean(text: Any) -> str:
    return NOT_IN_XML.sub("", str(text))
