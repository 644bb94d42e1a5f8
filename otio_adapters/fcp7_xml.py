"""OpenTimelineIO adapter that writes Final Cut Pro 7 XML (``.xml``), which Premiere Pro, DaVinci Resolve and Avid's helpers import.

It knows movies and sound files, no numbered pictures: a clip's active media reference counts. A sound of two channels stands on a pair of
tracks, as Premiere writes it. OpenTimelineIO loads this file alone, by its path. Needs nothing but opentimelineio.

What cannot be said: sound that begins between two frames begins at the nearest one; a cross-fade is centred on its own length.
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
LOUDEST = 3.98109  # +12 dB, where the format's own scale ends
WITHIN_TRANSITION = -1  # instead of a start or an end
DAY_SECONDS = 86_400  # how long a still or a colour could go on
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_to_string(input_otio: otio.schema.Timeline) -> str:
    """Turn a timeline into Final Cut Pro 7 XML.

    Raises
    ------
    otio.exceptions.NotSupportedError
        If a clip's active media are neither a file, a colour nor words.
    """
    root = ET.Element("xmeml", {"version": "5"})
    root.append(_Sequence(input_otio).write())
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n' + ET.tostring(root, encoding="unicode") + "\n"


class _Sequence:
    """One sequence while it is written."""

    def __init__(self, timeline: otio.schema.Timeline) -> None:
        self.timeline = timeline
        self.fps = _exact_fps(timeline)
        noted = timeline.metadata.get(METADATA_KEY, {})
        size = noted.get("width", 0), noted.get("height", 0)
        self.size = size if min(size) > 0 else DEFAULT_SIZE
        self.files: dict[str, str] = {}
        self.clips = 0

    def write(self) -> ET.Element:
        sequence = ET.Element("sequence", {"id": "sequence-1"})
        _put(sequence, name=self.timeline.name, duration=self._frames(self.timeline.duration()))
        sequence.append(self._rate())
        sequence.append(self._timecode())
        media = ET.SubElement(sequence, "media")
        video, audio = ET.SubElement(media, "video"), ET.SubElement(media, "audio")
        video.append(self._picture_format())
        _put(audio, numOutputChannels=2)
        for track in self.timeline.tracks:
            if track.kind == otio.schema.TrackKind.Video:
                video.append(self._track(track, channel=0))
            else:
                audio.extend(self._track(track, channel=channel) for channel in (1, 2))
        sequence.extend(self._marker(marker) for marker in self.timeline.tracks.markers)
        return sequence

    # Tracks ------------------------------------------------------------------------------------------------------------------------------

    def _track(self, track: otio.schema.Track, *, channel: int) -> ET.Element:
        """Write a track; `channel` is 0 for pictures, else which channel of the sound."""
        pair = {"currentExplodedTrackIndex": str(channel - 1), "totalExplodedTrackCount": "2", "premiereTrackType": "Stereo"}
        element = ET.Element("track", pair if channel else {})
        position, items = 0, list(track)
        for index, item in enumerate(items):
            if isinstance(item, otio.schema.Transition):
                element.append(self._transition(item, position, sound=channel > 0))
                continue
            length = self._frames(item.duration())
            if isinstance(item, otio.schema.Clip) and channel <= _channels(item):
                fades = [self._fade(items, index + side) for side in (-1, 1)]
                element.append(self._clip(item, position, length, fades=fades, channel=channel))
            position += length
        _put(element, enabled="TRUE", locked="FALSE")
        if channel:
            _put(element, outputchannelindex=channel)
        return element

    def _fade(self, items: list[otio.core.Composable], index: int) -> tuple[int, int] | None:
        if not 0 < index < len(items) - 1 or not isinstance(items[index], otio.schema.Transition):
            return None
        return self._frames(items[index].in_offset), self._frames(items[index].out_offset)

    def _transition(self, transition: otio.schema.Transition, cut: int, *, sound: bool) -> ET.Element:
        item = ET.Element("transitionitem")
        _put(item, start=cut - self._frames(transition.in_offset), end=cut + self._frames(transition.out_offset), alignment="center")
        item.append(self._rate())
        name = "Cross Fade (+3dB)" if sound else "Cross Dissolve"
        effect = {"name": name, "effectid": "KGAudioTransCrossFade3dB" if sound else name, "effectcategory": "Dissolve"}
        _put(ET.SubElement(item, "effect"), **effect, effecttype="transition", mediatype="audio" if sound else "video")
        return item

    def _clip(self, clip: otio.schema.Clip, position: int, length: int, *, fades: list[tuple[int, int] | None], channel: int) -> ET.Element:
        """Write a clip; where it meets a cross-fade, its media go on to the fade's far end."""
        media, speed = clip.media_reference, _speed(clip)
        before, after = fades
        generator = isinstance(media, otio.schema.GeneratorReference)
        self.clips += 1
        item = ET.Element("generatoritem" if generator else "clipitem", {"id": f"clipitem-{self.clips}"})
        start = math.floor(Fraction(clip.trimmed_range().start_time.rescaled_to(float(self.fps)).value) / speed + Fraction(1, 2))
        first = start - (before[0] if before else 0)
        shift = max(0, -first)  # a still has no beginning
        duration = self._media_frames(media, speed)
        _put(item, name=clip.name, enabled="TRUE" if clip.enabled else "FALSE", duration=duration)
        item.append(self._rate())
        _put(item, start=WITHIN_TRANSITION if before else position, end=WITHIN_TRANSITION if after else position + length)
        _put(item, **{"in": first + shift, "out": start + shift + length + (after[1] if after else 0)})
        item.append(self._generator(media) if generator else self._file(media, clip, sound=channel > 0))
        item.extend(_filters(clip, speed, sound=channel > 0))
        if channel:
            _put(ET.SubElement(item, "sourcetrack"), mediatype="audio", trackindex=channel)
        return item

    # Media -------------------------------------------------------------------------------------------------------------------------------

    def _media_frames(self, media: otio.core.MediaReference, speed: Fraction) -> int:
        if media.available_range is None or _is_endless(media):
            return round(DAY_SECONDS * self.fps)
        return math.ceil(self._frames(media.available_range.duration) / speed)

    def _file(self, media: otio.core.MediaReference, clip: otio.schema.Clip, *, sound: bool) -> ET.Element:
        if not isinstance(media, otio.schema.ExternalReference):
            raise otio.exceptions.NotSupportedError(f"“{clip.name}” is neither a movie, a sound, a colour nor words")
        url = _localhost_url(media.target_url)
        if url in self.files:
            return ET.Element("file", {"id": self.files[url]})
        self.files[url] = f"file-{len(self.files) + 1}"
        file = ET.Element("file", {"id": self.files[url]})
        _put(file, name=Path(_plain(media.target_url)).name, pathurl=url)
        file.append(self._rate())
        _put(file, duration=self._media_frames(media, Fraction(1)))
        file.append(self._timecode())
        kind = ET.SubElement(ET.SubElement(file, "media"), "audio" if sound else "video")
        if sound:
            characteristics = ET.SubElement(kind, "samplecharacteristics")
            _put(characteristics, depth=16, samplerate=48000)
            _put(kind, channelcount=_channels(clip))
        else:
            kind.extend(self._picture_format())
        return file

    def _generator(self, media: otio.schema.GeneratorReference) -> ET.Element:
        effect = ET.Element("effect")
        if media.generator_kind == "Text":
            _put(effect, name="Text", effectid="Text", effectcategory="Text", effecttype="generator", mediatype="video")
            _put(ET.SubElement(effect, "parameter"), parameterid="str", name="Text", value=media.parameters["words"])
            return effect
        if media.generator_kind != "SolidColor":
            raise otio.exceptions.NotSupportedError(f"“{media.generator_kind}” is neither a colour nor words")
        _put(effect, name="Color", effectid="Color", effectcategory="Matte", effecttype="generator", mediatype="video")
        parameter = ET.SubElement(effect, "parameter")
        _put(parameter, parameterid="fillcolor", name="Color")
        parts = {part: round(255 * media.parameters[part]) for part in ("red", "green", "blue")}
        _put(ET.SubElement(parameter, "value"), alpha=255, **parts)
        return effect

    # Parts -------------------------------------------------------------------------------------------------------------------------------

    def _marker(self, marker: otio.schema.Marker) -> ET.Element:
        element = ET.Element("marker")
        start, length = self._frames(marker.marked_range.start_time), self._frames(marker.marked_range.duration)
        _put(element, name=marker.name, comment=marker.comment, **{"in": start, "out": start + length if length else -1})
        return element

    def _picture_format(self) -> ET.Element:
        element = ET.Element("format")
        characteristics = ET.SubElement(element, "samplecharacteristics")
        characteristics.append(self._rate())
        _put(characteristics, width=self.size[0], height=self.size[1], pixelaspectratio="square", fielddominance="none")
        return element

    def _rate(self) -> ET.Element:
        rate = ET.Element("rate")
        _put(rate, timebase=math.ceil(self.fps), ntsc="TRUE" if self.fps.denominator == 1001 else "FALSE")  # noqa: PLR2004 (NTSC)
        return rate

    def _timecode(self) -> ET.Element:
        timecode = ET.Element("timecode")
        timecode.append(self._rate())
        _put(timecode, string="00:00:00:00", frame=0, displayformat="NDF")
        return timecode

    def _frames(self, time: otio.opentime.RationalTime) -> int:
        return round(time.rescaled_to(float(self.fps)).value)


def _filters(clip: otio.schema.Clip, speed: Fraction, *, sound: bool) -> Iterator[ET.Element]:
    if speed != 1 and not _is_endless(clip.media_reference):
        parameters = [("variablespeed", 0), ("speed", f"{float(100 * speed):.9g}"), ("reverse", "FALSE"), ("frameblending", "FALSE")]
        yield _filter("Time Remap", "timeremap", "motion", "video", parameters)
    volume = math.prod((effect.metadata.get(METADATA_KEY, {}).get("volume", 1.0) for effect in clip.effects), start=1.0)
    if sound and volume != 1:
        yield _filter("Audio Levels", "audiolevels", "audiolevels", "audio", [("level", f"{min(volume, LOUDEST):.9g}")])


def _filter(name: str, effect_id: str, kind: str, media_type: str, parameters: list[tuple[str, Any]]) -> ET.Element:
    element = ET.Element("filter")
    effect = ET.SubElement(element, "effect")
    _put(effect, name=name, effectid=effect_id, effectcategory=kind, effecttype=kind, mediatype=media_type)
    for parameter, value in parameters:
        _put(ET.SubElement(effect, "parameter"), parameterid=parameter, name=parameter, value=value)
    return element


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


def _channels(clip: otio.schema.Clip) -> int:
    """Give how many channels of a clip's sound are written: 1 or 2. Programs mix more down to two."""
    return min(2, clip.media_reference.metadata.get(METADATA_KEY, {}).get("channels", 2))


def _is_endless(media: otio.core.MediaReference) -> bool:
    return isinstance(media, otio.schema.GeneratorReference) or bool(media.metadata.get(METADATA_KEY, {}).get("still"))


def _localhost_url(url: str) -> str:
    uri = url if url.startswith("file://") else Path(url).absolute().as_uri()
    return uri.replace("file:///", "file://localhost/", 1)


def _plain(url: str) -> str:
    return otio.url_utils.filepath_from_url(url) if url.startswith("file://") else url


def _put(element: ET.Element, **texts: Any) -> None:
    for name, text in texts.items():
        ET.SubElement(element, name).text = NOT_IN_XML.sub("", str(text))
