"""OpenTimelineIO adapter for Final Cut Pro 7 XML (``.xml``), both ways, which Premiere Pro, DaVinci Resolve and Avid's helpers know.

It knows movies and sound files, no numbered pictures: a clip's active media reference counts. A sound of two channels stands on a pair of
tracks, as Premiere writes it. OpenTimelineIO loads this file alone, by its path. Needs nothing but opentimelineio.

What cannot be said: sound that begins between two frames begins at the nearest one; a cross-fade is centred on its own length.
What cannot be read is listed in the timeline's metadata, under ``chromastrip`` and ``notes``: pairs of what happened, and to which clip.
"""

import json
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
DEEPEST = 10
MOST_PIECES = 50_000
"""Nested timelines can name each other: a small file could stand for more clips than there is memory."""
KEYFRAMES_A_PIECE = 100
NUMBER = re.compile(r"\s*-?\d{1,18}(?:\.\d{1,18}|/\d{1,18})?\s*")
"""Fractions as files write them; Python would also take 1e999999999, and never come back."""
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


def read_from_string(input_str: str | bytes) -> otio.schema.Timeline:
    """Turn Final Cut Pro 7 XML into a timeline: its first sequence.

    Returns
    -------
    otio.schema.Timeline
        All times at the sequence's exact rate, which its metadata hold; paths as the file has them.

    Raises
    ------
    ValueError
        If the document holds no sequence, or no rate.
    """
    return _Reader(input_str).read()


class _Sequence:
    """One sequence while it is written."""

    def __init__(self, timeline: otio.schema.Timeline) -> None:
        self.timeline = timeline
        self.fps = _exact_fps(timeline)
        noted = timeline.metadata.get(METADATA_KEY, {})
        size = noted.get("width", 0), noted.get("height", 0)
        self.size = size if min(size) > 0 else DEFAULT_SIZE
        self.files: dict[str, str] = {}
        self.uses = _uses(timeline)
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
        element = ET.Element("track", {"MZ.TrackName": NOT_IN_XML.sub("", track.name), **(pair if channel else {})})
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
        item.append(self._generator(media) if generator else self._file(media, clip))
        if METADATA_KEY in clip.metadata and channel <= 1:
            told = otio.core.serialize_json_to_string({METADATA_KEY: clip.metadata[METADATA_KEY]}, indent=-1)
            _put(ET.SubElement(item, "comments"), mastercomment1=told)
        item.extend(_filters(clip, speed, sound=channel > 0, first=start + shift))
        if channel:
            _put(ET.SubElement(item, "sourcetrack"), mediatype="audio", trackindex=channel)
        return item

    # Media -------------------------------------------------------------------------------------------------------------------------------

    def _media_frames(self, media: otio.core.MediaReference, speed: Fraction) -> int:
        if media.available_range is None or _is_endless(media):
            return round(DAY_SECONDS * self.fps)
        return math.ceil(self._frames(media.available_range.duration) / speed)

    def _file(self, media: otio.core.MediaReference, clip: otio.schema.Clip) -> ET.Element:
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
        uses, kinds = self.uses[media.target_url], ET.SubElement(file, "media")
        if otio.schema.TrackKind.Video in uses:
            ET.SubElement(kinds, "video").extend(self._picture_format())
        if otio.schema.TrackKind.Audio in uses:
            kind = ET.SubElement(kinds, "audio")
            _put(ET.SubElement(kind, "samplecharacteristics"), depth=16, samplerate=48000)
            _put(kind, channelcount=uses[otio.schema.TrackKind.Audio])
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


def _filters(clip: otio.schema.Clip, speed: Fraction, *, sound: bool, first: int) -> Iterator[ET.Element]:
    if speed != 1 and not _is_endless(clip.media_reference):
        parameters = [("variablespeed", 0), ("speed", f"{float(100 * speed):.9g}"), ("reverse", "FALSE"), ("frameblending", "FALSE")]
        yield _filter("Time Remap", "timeremap", "motion", "video", parameters)
    volume = math.prod((effect.metadata.get(METADATA_KEY, {}).get("volume", 1.0) for effect in clip.effects), start=1.0)
    points = _volume_points(clip)
    if sound and (volume != 1 or points):
        levels = _filter("Audio Levels", "audiolevels", "audiolevels", "audio", [("level", f"{min(volume, LOUDEST):.9g}")])
        parameter = levels.find("effect/parameter")
        assert parameter is not None
        for frame, level in points:
            _put(ET.SubElement(parameter, "keyframe"), when=first + frame, value=f"{min(level, LOUDEST):.9g}")
        yield levels


def _volume_points(clip: otio.schema.Clip) -> list[tuple[int, float]]:
    """Give where a clip's volume changes: frames from its first one, and what the sound is multiplied with; straight between two."""
    found = (effect.metadata.get(METADATA_KEY, {}).get("volume_points") for effect in clip.effects)
    return [(int(frame), float(volume)) for points in found if points for frame, volume in points]


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


def _uses(timeline: otio.schema.Timeline) -> dict[str, dict[str, int]]:
    """Say of each file on which kinds of tracks it lies, and how many channels of its sound are written."""
    uses: dict[str, dict[str, int]] = {}
    for track in timeline.tracks:
        for clip in track.find_clips():
            if isinstance(clip.media_reference, otio.schema.ExternalReference):
                uses.setdefault(clip.media_reference.target_url, {})[track.kind] = _channels(clip)
    return uses


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


# Reading --------------------------------------------------------------------------------------------------------------------------------


class _Reader:
    """One document while it is read."""

    def __init__(self, text: str | bytes) -> None:
        self.root = ET.fromstring(text)  # noqa: S314 (expat limits what entities may grow to; core/handover refuses them altogether)
        self.files = {file.get("id", ""): file for file in self.root.iter("file") if len(file) > 0}
        self.notes: list[list[str]] = []
        self.fps = Fraction(25)
        self.depth = self.pieces = 0

    def read(self) -> otio.schema.Timeline:
        nested = {one for item in self.root.iter("clipitem") for one in item.iter("sequence")}
        sequences = [one for one in self.root.iter("sequence") if one not in nested and one.find("media") is not None]
        if not sequences:
            raise ValueError("it holds no sequence")
        sequence = sequences[0]
        for other in sequences[1:]:
            self.note("Only the first sequence of the file was read, not", other.findtext("name") or "")
        rate = self.rate_of(sequence)
        if rate is None:
            raise ValueError("its sequence names no rate")
        self.fps = rate
        look = sequence.find("media/video/format/samplecharacteristics")
        size = (0, 0) if look is None else (_integer(look.findtext("width")), _integer(look.findtext("height")))
        timeline = otio.schema.Timeline(name=sequence.findtext("name") or "")
        timeline.tracks.extend(self._tracks(sequence))
        timeline.tracks.markers.extend(self._markers(sequence))
        told = {"schema": 1, "fps": f"{rate.numerator}/{rate.denominator}", "width": size[0], "height": size[1], "notes": self.notes}
        timeline.metadata[METADATA_KEY] = told
        return timeline

    def rate_of(self, element: ET.Element) -> Fraction | None:
        """Give an element's own rate, None if it names none."""
        base = _integer(element.findtext("rate/timebase"))
        if element.find("rate") is None or base == 0:
            return None
        return Fraction(base * 1000, 1001) if (element.findtext("rate/ntsc") or "").upper() == "TRUE" else Fraction(base)

    def note(self, what: str, whom: str = "") -> None:
        """Note what could not be read."""
        self.notes.append([what, whom])

    # Tracks ------------------------------------------------------------------------------------------------------------------------------

    def _tracks(self, sequence: ET.Element) -> Iterator[otio.schema.Track]:
        for element in sequence.findall("media/video/track"):
            yield self._track(element, otio.schema.TrackKind.Video)
        before: set[tuple[str | None, ...]] = set()
        for element in sequence.findall("media/audio/track"):
            heard = {_place(item) for item in element.findall("clipitem")}
            is_second = (
                element.get("currentExplodedTrackIndex", "0") != "0" or _integer(element.findtext("clipitem/sourcetrack/trackindex")) > 1
            )
            if not (is_second and heard <= before):  # else it is the other half of a stereo pair
                yield self._track(element, otio.schema.TrackKind.Audio)
                before = heard

    def _track(self, element: ET.Element, kind: str) -> otio.schema.Track:
        track = otio.schema.Track(name=element.get("MZ.TrackName", ""), kind=kind)
        track.enabled = (element.findtext("enabled") or "TRUE").upper() != "FALSE"
        track.extend(self._items([child for child in element if child.tag in ("clipitem", "generatoritem", "transitionitem")]))
        return track

    def _items(self, children: list[ET.Element]) -> Iterator[otio.core.Composable]:
        place = 0
        for index, child in enumerate(children):
            if child.tag == "transitionitem":
                start, end, cut = self._fade(child)
                name = child.findtext("effect/name") or ""
                plain = _is_dissolve(child)
                yield otio.schema.Transition(
                    name=name,
                    transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve if plain else name,
                    in_offset=self._time(cut - start),
                    out_offset=self._time(end - cut),
                )
                continue
            span = self._span(child, children[index - 1] if index else None, children[index + 1] if index + 1 < len(children) else None)
            start, end, media_start = span
            if start > place:
                yield otio.schema.Gap(source_range=self._range(0, start - place))
                place = start
            if end - place < 1:
                self.note("Left out, since it has no length, or lies under another clip of its track", child.findtext("name") or "")
                continue
            yield self._clip(child, media_start + place - start, end - place)
            place = end

    def _fade(self, item: ET.Element) -> tuple[int, int, int]:
        """Give a transition's start, its end, and the cut that it lies over."""
        start, end = _integer(item.findtext("start")), _integer(item.findtext("end"))
        alignment = item.findtext("alignment") or "center"
        cut = start if alignment.startswith("start") else end if alignment.startswith("end") else start + (end - start) // 2
        return start, max(start, end), cut

    def _span(self, item: ET.Element, before: ET.Element | None, after: ET.Element | None) -> tuple[int, int, int]:
        """Give where a clip begins and ends on the track, and the frame of its media, at the clip's own speed, that it begins with."""
        start, end, first, last = (_integer(item.findtext(name)) for name in ("start", "end", "in", "out"))
        if start == WITHIN_TRANSITION and before is not None and before.tag == "transitionitem":
            fade_start, _, start = self._fade(before)
            first += start - fade_start
        if end == WITHIN_TRANSITION and after is not None and after.tag == "transitionitem":
            _, fade_end, end = self._fade(after)
            last -= fade_end - end
        if start == WITHIN_TRANSITION:
            start = max(0, end - (last - first))
        if end == WITHIN_TRANSITION:
            end = start + last - first
        return start, end, first

    # Clips -------------------------------------------------------------------------------------------------------------------------------

    def _clip(self, item: ET.Element, first: int, length: int) -> otio.core.Item:
        self._count(1)
        name = item.findtext("name") or ""
        sequence = item.find("sequence")
        if sequence is not None:
            return self._nested(item, sequence, first, length)
        speed = self._speed(item, name)
        scale = self.fps / (self.rate_of(item) or self.fps)
        start = 0.0 if item.tag == "generatoritem" else float(first * speed * scale)
        clip = otio.schema.Clip(name=name, media_reference=self._media(item), source_range=self._range(start, length))
        clip.enabled = (item.findtext("enabled") or "TRUE").upper() != "FALSE"
        if (own := _own_metadata(item)) is not None:
            clip.metadata[METADATA_KEY] = own
        if speed != 1:
            clip.effects.append(otio.schema.LinearTimeWarp(name="Speed", time_scalar=float(speed), metadata=_noted_speed(speed)))
        clip.effects.extend(self._effects(item, first))
        clip.markers.extend(self._markers(item))
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

    def _nested(self, item: ET.Element, sequence: ET.Element, first: int, length: int) -> otio.core.Item:
        name = item.findtext("name") or ""
        whole = next((one for one in self.root.iter("sequence") if one.get("id") == sequence.get("id") and len(one) > 0), sequence)
        if self.depth > DEEPEST or whole.find("media") is None:
            self.note("A nested sequence is not in the file: there is a gap", name)
            return otio.schema.Gap(name=name, source_range=self._range(0, length))
        self.depth += 1
        stack = otio.schema.Stack(name=name, children=list(self._tracks(whole)))
        self.depth -= 1
        speed = self._speed(item, name)
        scale = self.fps / (self.rate_of(item) or self.fps)
        stack.source_range = self._range(float(first * speed * scale), length)
        stack.enabled = (item.findtext("enabled") or "TRUE").upper() != "FALSE"
        if speed != 1:
            stack.effects.append(otio.schema.LinearTimeWarp(name="Speed", time_scalar=float(speed), metadata=_noted_speed(speed)))
        stack.effects.extend(self._effects(item, first))
        stack.markers.extend([*self._markers(whole), *self._markers(item)])
        return stack

    def _media(self, item: ET.Element) -> otio.core.MediaReference:
        if item.tag == "generatoritem":
            return self._generated(item)
        named = item.find("file")
        file = None if named is None else self.files.get(named.get("id", ""), named)
        url = None if file is None else file.findtext("pathurl")
        if file is None or not url:
            return otio.schema.MissingReference(name=item.findtext("name") or "")
        duration = _integer(file.findtext("duration") or item.findtext("duration"))
        scale = self.fps / (self.rate_of(file) or self.fps)
        reference = otio.schema.ExternalReference(target_url=url)
        if duration > 0:
            reference.available_range = self._range(0, math.ceil(duration * scale))
        return reference

    def _generated(self, item: ET.Element) -> otio.schema.GeneratorReference:
        kind = item.findtext("effect/effectid") or item.findtext("effect/name") or ""
        parameters = {one.findtext("parameterid") or "": one for one in item.findall("effect/parameter")}
        if kind == "Color" and (colour := parameters.get("fillcolor")) is not None:
            found = {part: _integer(colour.findtext(f"value/{part}")) / 255 for part in ("red", "green", "blue")}
            return otio.schema.GeneratorReference(generator_kind="SolidColor", parameters=found)
        if "str" in parameters:
            return otio.schema.GeneratorReference(generator_kind="Text", parameters={"words": parameters["str"].findtext("value") or ""})
        return otio.schema.GeneratorReference(generator_kind=kind)

    def _speed(self, item: ET.Element, name: str) -> Fraction:
        for one in item.findall("filter/effect"):
            if one.findtext("effectid") == "timeremap":
                found = {each.findtext("parameterid"): each.findtext("value") or "" for each in one.findall("parameter")}
                if found.get("variablespeed", "0") not in ("0", "FALSE"):
                    self.note("Changes its speed in between: comes in at its own speed", name)
                    return Fraction(1)
                speed = _fraction(found.get("speed", "100")) / 100
                if found.get("reverse", "").upper() == "TRUE" or speed <= 0:
                    self.note("Plays backwards or stands still: comes in forwards", name)
                return abs(speed) or Fraction(1)
        return Fraction(1)

    def _effects(self, item: ET.Element, first: int) -> Iterator[otio.schema.Effect]:
        for one in item.findall("filter/effect"):
            kind, name = one.findtext("effectid") or "", one.findtext("name") or ""
            level = next((each.findtext("value") for each in one.findall("parameter") if each.findtext("parameterid") == "level"), None)
            if kind == "audiolevels" and level is not None:
                told: dict[str, Any] = {"volume": max(0.0, float(_fraction(level)))}
                keys = [(_integer(key.findtext("when")) - first, _fraction(key.findtext("value") or "0")) for key in one.iter("keyframe")]
                self._count(len(keys) // KEYFRAMES_A_PIECE)
                if len(keys) > 1:
                    told["volume_points"] = [[frame, max(0.0, float(value))] for frame, value in keys]
                yield otio.schema.Effect(name="Volume", effect_name="Volume", metadata={METADATA_KEY: told})
            elif kind != "timeremap":
                yield otio.schema.Effect(name=name or kind, effect_name=name or kind)

    def _markers(self, element: ET.Element) -> Iterator[otio.schema.Marker]:
        for one in element.findall("marker"):
            start, end = _integer(one.findtext("in")), _integer(one.findtext("out"))
            span = self._range(start, max(0, end - start) if end > 0 else 0)
            yield otio.schema.Marker(
                name=one.findtext("name") or "", comment=one.findtext("comment") or "", marked_range=span, color="GREEN"
            )

    def _time(self, frames: float) -> otio.opentime.RationalTime:
        return otio.opentime.RationalTime(frames, float(self.fps))

    def _range(self, start: float, length: float) -> otio.opentime.TimeRange:
        return otio.opentime.TimeRange(self._time(start), self._time(length))


def _place(item: ET.Element) -> tuple[str | None, ...]:
    """Say what an item shows and where, so that the two halves of a stereo pair are the same."""
    file = item.find("file")
    return (None if file is None else file.get("id"), *(item.findtext(name) for name in ("name", "start", "end", "in", "out")))


def _is_dissolve(item: ET.Element) -> bool:
    kind = (item.findtext("effect/effectid") or item.findtext("effect/name") or "").lower()
    return "dissolve" in kind or "crossfade" in kind.replace(" ", "") or "constant" in kind or "exponential" in kind


def _noted_speed(speed: Fraction) -> dict[str, Any]:
    return {METADATA_KEY: {"speed": f"{speed.numerator}/{speed.denominator}"}}


def _own_metadata(item: ET.Element) -> Any:
    """Give what we noted on a clip, None if we did not."""
    for one in item.findall("comments/*"):
        if (one.text or "").lstrip().startswith("{"):
            try:
                told = json.loads(one.text or "")
            except (ValueError, RecursionError):
                continue
            if isinstance(told.get(METADATA_KEY), dict):
                return told[METADATA_KEY]
    return None


def _integer(text: str | None) -> int:
    return round(_fraction(text or "0"))


def _fraction(text: str) -> Fraction:
    try:
        return Fraction(text) if NUMBER.fullmatch(text) else Fraction(0)
    except ZeroDivisionError:
        return Fraction(0)
