"""OpenTimelineIO adapter for Kdenlive projects (``.kdenlive``), both ways; numbered pictures stay numbered pictures.

Document version 1.1 is written, and that of every Kdenlive since 19.12 is read. A project is MLT XML with a bin of clips, two playlists for
each track (clips that fade into each other lie on different ones), and properties of Kdenlive's own. OpenTimelineIO loads this file alone,
by its path; what all MLT files have in common comes from the adapter ``chromastrip_mlt``, which stands in the same manifest. Needs nothing
but opentimelineio.
"""

import json
import re
import uuid
from collections.abc import Iterator
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as ET

import opentimelineio as otio

VERSION = "1.1"
ADDED_BY_KDENLIVE = 237
SEQUENCE = 17  # Kdenlive's number for this kind of clip
SOUND_ONLY, PICTURE_ONLY = 1, 2
STOCK_PROFILES = {
    Fraction(24_000, 1001): ("atsc_1080p_2398", "HD 1080p 23.98 fps"),
    Fraction(30_000, 1001): ("atsc_1080p_2997", "HD 1080p 29.97 fps"),
    Fraction(60_000, 1001): ("atsc_1080p_5994", "HD 1080p 59.94 fps"),
}
"""At these rates Kdenlive asks about any size but its own, in a dialog that nobody sees when it renders without a screen."""
STOCK_SIZE = (1920, 1080)
SIZE_NOTE = "chromastripsize"
"""A property of the document that Kdenlive keeps: the picture's size before it became the stock one."""
SIZE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})")
GUIDE_KINDS = {
    "PURPLE": 0,
    "MAGENTA": 0,
    "PINK": 0,
    "BLUE": 1,
    "BLACK": 1,
    "CYAN": 2,
    "GREEN": 3,
    "YELLOW": 4,
    "WHITE": 5,
    "ORANGE": 6,
    "RED": 8,
}
GUIDE_COLOURS = {0: "PURPLE", 1: "BLUE", 2: "CYAN", 3: "GREEN", 4: "YELLOW", 5: "WHITE", 6: "ORANGE", 7: "ORANGE", 8: "RED"}
GUIDE_CATEGORIES = ("#9b59b6", "#3daee9", "#1abc9c", "#1cdc9a", "#c9ce3b", "#fdbc4b", "#f39c1f", "#f47750", "#da4453")


def write_to_string(input_otio: otio.schema.Timeline) -> str:
    """Turn a timeline into a Kdenlive project.

    Parameters
    ----------
    input_otio
        Its metadata may hold the exact rate (``fps``) and the picture's ``width`` and ``height`` under ``chromastrip``. At 23.976,
        29.97 and 59.94 frames a second the project is 1920 x 1080, whatever they say.

    Raises
    ------
    otio.exceptions.NotSupportedError
        If a clip is neither a file, numbered pictures, a colour nor words; or if it changes the speed of numbered pictures without a movie.
    """
    mlt = otio.adapters.from_name("chromastrip_mlt").module()
    return mlt.to_text(_Project(input_otio, mlt).write())


def read_from_string(input_str: str | bytes) -> otio.schema.Timeline:
    """Turn a Kdenlive project into a timeline: its active sequence.

    Returns
    -------
    otio.schema.Timeline
        All times at the profile's exact rate, which its metadata hold; paths as the file has them.

    Raises
    ------
    ValueError
        If the document holds no timeline, or no rate.
    """
    mlt = otio.adapters.from_name("chromastrip_mlt").module()
    return _Reader(mlt.Document(input_str), mlt).read()


class _Project:
    """One project while it is written. `mlt` is the MLT adapter's module."""

    def __init__(self, timeline: otio.schema.Timeline, mlt: Any) -> None:
        self.timeline = timeline
        self.mlt = mlt
        self.fps = mlt.exact_fps(timeline)
        self.profile_name, description = STOCK_PROFILES.get(self.fps, ("", ""))
        self.size = STOCK_SIZE if self.profile_name else mlt.picture_size(timeline)
        self.profile = mlt.profile(self.fps, self.size, **({"description": description} if description else {}))
        self.profile_name = self.profile_name or f"chromastrip_{self.size[0]}_{self.size[1]}_{self.fps.numerator}_{self.fps.denominator}"
        self.uuid = "{" + str(uuid.uuid5(uuid.NAMESPACE_URL, f"chromastrip:{timeline.name}")) + "}"
        self.root = ET.Element("mlt", {"LC_NUMERIC": "C", "version": mlt.MLT_VERSION, "producer": "main_bin", "root": ""})
        self.length = max(1, mlt.frames_of(timeline.duration(), self.fps))
        self.in_bin: dict[str, tuple[str, int]] = {}
        self.producers: dict[str, ET.Element] = {}
        self.ids = 0

    def write(self) -> ET.Element:
        """Write everything: profile, the bin's clips, the tracks, the sequence, the bin, the project."""
        self.root.append(self.profile)
        tracks = self.timeline.tracks
        ordered = [
            *reversed([track for track in tracks if track.kind == otio.schema.TrackKind.Audio]),  # A1 lies nearest to the pictures
            *(track for track in tracks if track.kind == otio.schema.TrackKind.Video),
        ]
        names = [self._track(track) for track in ordered]
        self._sequence(names, [track.kind for track in ordered])
        self._bin()
        project = ET.SubElement(self.root, "tractor", {"id": "project", **self._span(self.length)})
        self.mlt.put(project, {"kdenlive:projectTractor": 1})
        ET.SubElement(project, "track", {"producer": self.uuid, **self._span(self.length)})
        return self.root

    def _span(self, length: int) -> dict[str, str]:
        return {"in": "0", "out": str(length - 1)}

    def _new_id(self, kind: str) -> str:
        self.ids += 1
        return f"{kind}{self.ids}"

    # Tracks ------------------------------------------------------------------------------------------------------------------------------

    def _track(self, track: otio.schema.Track) -> str:
        """Write a track: two playlists, between which clips that fade into each other alternate."""
        sound = track.kind == otio.schema.TrackKind.Audio
        playlists = [ET.Element("playlist", {"id": self._new_id("playlist")}) for _ in range(2)]
        tractor = ET.Element("tractor", {"id": self._new_id("track"), "in": "0"})
        for element in (tractor, *playlists):
            self.mlt.put(element, {"kdenlive:audio_track": 1} if sound else {})
        self.mlt.put(tractor, {"kdenlive:track_name": track.name, "kdenlive:timeline_active": 1})
        for playlist in playlists:
            ET.SubElement(tractor, "track", {"hide": "video" if sound else "audio", "producer": playlist.attrib["id"]})
        self._fill(track, playlists, tractor, sound=sound)
        self.root.extend([*playlists, tractor])
        return tractor.attrib["id"]

    def _fill(self, track: otio.schema.Track, playlists: list[ET.Element], tractor: ET.Element, *, sound: bool) -> None:
        position, ends, side = 0, [0, 0], 0
        for item, fade_in, fade_out in self.mlt.with_fades(track, self.fps):
            if isinstance(item, otio.schema.Gap):
                position += self.mlt.frames_of(item.duration(), self.fps)
                continue
            piece = self.mlt.Piece(item, self.fps, fade_in=fade_in, fade_out=fade_out, media=self._media(item))
            side = 1 - side if sum(fade_in) > 0 else 0  # whatever fades in from nothing lies on the first: else Kdenlive moves it there
            if sum(fade_in) > 0:
                self._fade(tractor, position, fade_in, reverse=side == 0, sound=sound)
            begin, length = position - fade_in[0], piece.end - piece.start + fade_in[0] + fade_out[1]
            if begin > ends[side]:
                ET.SubElement(playlists[side], "blank", {"length": str(begin - ends[side])})
            self._entry(playlists[side], piece, length, sound=sound)
            ends[side] = begin + length
            position += piece.end - piece.start

    def _media(self, clip: otio.schema.Clip) -> otio.core.MediaReference:
        """Give a clip's numbered pictures, or its movie if its speed is changed: Kdenlive drops retimed pictures."""
        media = self.mlt.chosen_media(clip)
        if self.mlt.clip_speed(clip) == 1 or not isinstance(media, otio.schema.ImageSequenceReference):
            return media
        if isinstance(clip.media_reference, otio.schema.ImageSequenceReference):
            raise otio.exceptions.NotSupportedError(f"“{clip.name}” changes its speed: Kdenlive needs a movie of its pictures")
        return clip.media_reference

    def _entry(self, playlist: ET.Element, piece: Any, length: int, *, sound: bool) -> None:
        producer, number = self._bin_clip(piece, sound=sound)
        if piece.speed != 1 or not piece.clip.enabled:
            producer = self._timeline_producer(piece, number, sound=sound)
        entry = self.mlt.entry(playlist, producer, piece.start - piece.fade_in[0], length)
        self.mlt.put(entry, {"kdenlive:id": number})
        self.mlt.add_filters(entry, piece, height=self.size[1])

    def _fade(self, tractor: ET.Element, cut: int, fade: tuple[int, int], *, reverse: bool, sound: bool) -> None:
        before, after = fade
        transition = ET.SubElement(tractor, "transition", {"in": str(cut - before), "out": str(cut + after)})  # one more: Kdenlive's way
        service = "mix" if sound else "luma"
        found = {"a_track": 0, "b_track": 1, "mlt_service": service, "kdenlive_id": service, "kdenlive:mixcut": after}
        own = {"start": -1, "accepts_blanks": 1} if sound else {"factory": "loader", "resource": "", "softness": 0, "alpha_over": 0}
        self.mlt.put(transition, {**found, **own, "reverse": int(reverse)})

    # The bin -----------------------------------------------------------------------------------------------------------------------------

    def _bin_clip(self, piece: Any, *, sound: bool) -> tuple[str, int]:
        """Find or write the bin's clip of a piece's media; give its producer and its number."""
        source = self.mlt.producer_properties(_at_plain_speed(piece, self), sound=sound)
        service, resource = source["mlt_service"], source["resource"]
        own = self.mlt.own_properties(piece.clip)  # a section is known by them: pieces of one film may have several settings
        key = f"{service} {resource} {sound} {piece.clip.name if resource == '#00000000' else ''} {own}"
        if key in self.in_bin:
            self._lengthen(key, source["length"])
            return self.in_bin[key]
        number = len(self.in_bin) + 3  # 2 is the sequence's
        name = self._new_id("producer")
        producer = ET.SubElement(self.root, "producer", {"id": name, **self._span(source["length"])})
        kind = {"kdenlive:clip_type": SOUND_ONLY if sound else PICTURE_ONLY} if service == "avformat" else {}
        named = {"kdenlive:clipname": piece.clip.name, "kdenlive:folderid": -1, **kind}
        self.mlt.put(producer, {**source, **named, **self._of_bin_clip(number), **own})
        self.in_bin[key] = name, number
        self.producers[name] = producer
        return self.in_bin[key]

    def _of_bin_clip(self, number: int) -> dict[str, Any]:
        """Say which clip of the bin a producer belongs to; by its number alone Kdenlive mixes up two clips of one file."""
        return {"kdenlive:id": number, "kdenlive:control_uuid": "{" + str(uuid.uuid5(uuid.UUID(self.uuid), str(number))) + "}"}

    def _lengthen(self, key: str, length: int) -> None:
        """Let a bin clip be at least so long: colours and stills have no length of their own."""
        producer = self.producers[self.in_bin[key][0]]
        found = producer.find("property[@name='length']")
        assert found is not None
        if int(found.text or 0) < length:
            found.text = str(length)
            producer.set("out", str(length - 1))

    def _timeline_producer(self, piece: Any, number: int, *, sound: bool) -> str:
        name = self._new_id("producer")
        producer = ET.SubElement(self.root, "producer", {"id": name, **self._span(piece.length)})
        self.mlt.put(producer, {**self.mlt.producer_properties(piece, sound=sound), **self._of_bin_clip(number)})
        return name

    def _bin(self) -> None:
        playlist = ET.SubElement(self.root, "playlist", {"id": "main_bin"})
        document = {
            "kdenliveversion": "26.08.0",
            "version": VERSION,
            "uuid": self.uuid,
            "opensequences": self.uuid,
            "activetimeline": self.uuid,
            "profile": self.profile_name,
            "guidesCategories": json.dumps(list(_categories())),
            "audioChannels": 2,
            SIZE_NOTE: "{}x{}".format(*self.mlt.picture_size(self.timeline)),
        }
        self.mlt.put(playlist, {f"kdenlive:docproperties.{name}": value for name, value in document.items()})
        self.mlt.put(playlist, {"xml_retain": 1})
        self.mlt.entry(playlist, self.uuid, 0, self.length)
        for name, _ in self.in_bin.values():
            self.mlt.entry(playlist, name, 0, int(self.producers[name].attrib["out"]) + 1)

    # The sequence ------------------------------------------------------------------------------------------------------------------------

    def _sequence(self, tracks: list[str], kinds: list[str]) -> None:
        black = ET.SubElement(self.root, "producer", {"id": "black_track", **self._span(self.length)})
        source = {"mlt_service": "color", "resource": "black", "length": 2147483647, "eof": "continue", "aspect_ratio": 1}
        self.mlt.put(black, {**source, "kdenlive:playlistid": "black_track", "mlt_image_format": "rgba", "set.test_audio": 0})
        sequence = ET.SubElement(self.root, "tractor", {"id": self.uuid, **self._span(self.length)})
        self.mlt.put(sequence, self._sequence_properties(kinds))
        for name in ("black_track", *tracks):
            ET.SubElement(sequence, "track", {"producer": name})
        for index, kind in enumerate(kinds, start=1):
            sound = {"mlt_service": "mix", "kdenlive_id": "mix", "accepts_blanks": 1, "sum": 1}
            picture = {"mlt_service": "qtblend", "kdenlive_id": "qtblend", "compositing": 0, "distort": 0, "rotate_center": 0}
            mixed = sound if kind == otio.schema.TrackKind.Audio else picture
            transition = ET.SubElement(sequence, "transition")
            self.mlt.put(transition, {"a_track": 0, "b_track": index, **mixed, "always_active": 1, "internal_added": ADDED_BY_KDENLIVE})

    def _sequence_properties(self, kinds: list[str]) -> dict[str, Any]:
        has_sound = otio.schema.TrackKind.Audio in kinds
        own = {
            "documentuuid": self.uuid,
            "hasAudio": int(has_sound),
            "hasVideo": int(otio.schema.TrackKind.Video in kinds),
            "activeTrack": max(0, len(kinds) - 1),
            "tracksCount": len(kinds),
            "tracks": len(kinds),
            "zonein": 0,
            "zoneout": self.length - 1,
            "groups": "[]",
            "guides": json.dumps(list(self._guides()), ensure_ascii=False),
        }
        return {
            "kdenlive:uuid": self.uuid,
            "kdenlive:clipname": self.timeline.name,
            "kdenlive:producer_type": SEQUENCE,
            "kdenlive:id": 2,
            "kdenlive:clip_type": 0,
            "kdenlive:folderid": -1,
            "kdenlive:duration": self.mlt.clock(self.length, self.fps),
            "kdenlive:maxduration": self.length,
            **{f"kdenlive:sequenceproperties.{name}": value for name, value in own.items()},
        }

    def _guides(self) -> Iterator[dict[str, Any]]:
        """Give the markers; Kdenlive knows one text for each, its comment."""
        for marker in self.timeline.tracks.markers:
            yield {
                "comment": self.mlt.xml_text(self.mlt.marker_text(marker)),
                **self.mlt.marker_comment(marker),
                "pos": self.mlt.frames_of(marker.marked_range.start_time, self.fps),
                "duration": self.mlt.frames_of(marker.marked_range.duration, self.fps),
                "type": GUIDE_KINDS.get(marker.color, GUIDE_KINDS["GREEN"]),
            }


def _at_plain_speed(piece: Any, project: _Project) -> Any:
    """Give what a piece would be in the bin: seen, at its own speed."""
    if piece.speed == 1 and piece.clip.enabled:
        return piece
    clip = piece.clip.deepcopy()
    clip.enabled = True
    clip.effects[:] = []
    clip.source_range = clip.available_range()
    return project.mlt.Piece(clip, project.fps, fade_in=(0, 0), fade_out=(0, 0), media=piece.media)


def _categories() -> Iterator[dict[str, Any]]:
    for index, colour in enumerate(GUIDE_CATEGORIES):
        yield {"comment": f"Category {index + 1}", "index": index, "color": colour}


# Reading --------------------------------------------------------------------------------------------------------------------------------


class _Reader:
    """One project while it is read. `mlt` is the MLT adapter's module."""

    def __init__(self, document: Any, mlt: Any) -> None:
        self.document, self.mlt = document, mlt
        bin_list = document.elements.get("main_bin")
        self.bin = {} if bin_list is None else mlt.properties(bin_list)
        for entry in [] if bin_list is None else bin_list.findall("entry"):
            producer = document.elements.get(entry.get("producer", ""))
            found = {} if producer is None else mlt.properties(producer)
            document.names[found.get("kdenlive:id", "")] = found.get("kdenlive:clipname", "")
            if found.get("chromastrip"):
                document.own[found.get("kdenlive:id", "")] = found["chromastrip"]

    def read(self) -> otio.schema.Timeline:
        sequence = self._sequence()
        found = self.mlt.properties(sequence)
        elements = [self.document.elements.get(track.get("producer", "")) for track in sequence.findall("track")]
        hides = [track.get("hide", "") for track in sequence.findall("track")]
        if None in elements:
            self.document.note("Names a track that the file does not hold", found.get("kdenlive:clipname", ""))
        tracks = [
            self._track(one, hide)
            for one, hide in zip(elements, hides, strict=True)
            if one is not None and not self.document.is_ground(one)
        ]
        pictures = [track for track in tracks if track.kind == otio.schema.TrackKind.Video]
        sounds = [track for track in tracks if track.kind == otio.schema.TrackKind.Audio]
        name = found.get("kdenlive:clipname", "")
        markers = list(self._guides(found))
        return self.document.timeline([*pictures, *reversed(sounds)], name=name, markers=markers, size=self._size())

    def _size(self) -> tuple[int, int]:
        """Give the picture's size: the one that we noted, where the profile has the only one that Kdenlive takes at its rate."""
        noted = SIZE.fullmatch(self.bin.get(f"kdenlive:docproperties.{SIZE_NOTE}", ""))
        if noted is None or self.document.size != STOCK_SIZE or self.document.fps not in STOCK_PROFILES:
            return self.document.size
        return int(noted[1]), int(noted[2])

    def _sequence(self) -> ET.Element:
        """Find the active sequence; projects before Kdenlive 23.04 have one timeline."""
        active = self.document.elements.get(self.bin.get("kdenlive:docproperties.activetimeline", ""))
        tractors = [one for one in self.document.root.findall("tractor") if self.mlt.properties(one).get("kdenlive:producer_type") == "17"]
        chosen = active if active is not None else tractors[0] if tractors else self.document.main()
        for other in tractors:
            if other is not chosen:
                name = self.mlt.properties(other).get("kdenlive:clipname", other.attrib["id"])
                self.document.note("Only the active sequence was read, not", name)
        return chosen

    def _track(self, element: ET.Element, hide: str) -> otio.schema.Track:
        """Read a track: what its two playlists hold, in the order of time."""
        found = self.mlt.properties(element)
        inner = [track.get("hide", "") for track in element.findall("track")]
        if element.tag != "tractor":
            return self.document.track(element, hide=hide)
        sound = found.get("kdenlive:audio_track") == "1"
        track = otio.schema.Track(
            name=found.get("kdenlive:track_name", ""), kind=otio.schema.TrackKind.Audio if sound else otio.schema.TrackKind.Video
        )
        silent = sound or "audio" in (hide, *inner) or "both" in (hide, *inner)
        track.extend(self._items(element, sound=sound, silent=silent))
        track.enabled = hide != "both" and not (inner and all(one == "both" for one in inner))
        for effect in self.document.effects(element):
            track.effects.append(effect)
        return track

    def _items(self, tractor: ET.Element, *, sound: bool, silent: bool) -> Iterator[otio.core.Composable]:
        parts = sorted((part for track in tractor.findall("track") for part in self._parts(track)), key=lambda part: part[0])
        fades = {self.document.frames(one.get("in", "0")): one for one in tractor.findall("transition")}
        end, shorten = 0, 0
        for index, (begin, part) in enumerate(parts):
            if begin > end:
                yield self.document.gap(begin - end)
            following = parts[index + 1][0] if index + 1 < len(parts) else begin + part.length
            overlap = max(0, begin + part.length - following)
            before = self._frames_before_cut(fades.get(following), overlap)
            length = part.length - shorten - (overlap - before)
            if length > 0:
                yield self.document.piece(part.element, part.first + shorten, length, sound=sound, silent=silent, entry=part.entry)
            else:
                self.document.note("Left out, since it lies under a cross-fade", self.mlt.clip_name(self.mlt.properties(part.element)))
            if overlap > 0:
                yield self._transition(fades.get(following), before, overlap - before)
            end, shorten = max(end, begin + part.length), before

    def _parts(self, track: ET.Element) -> Iterator[tuple[int, Any]]:
        """Give a playlist's pieces, each with the frame of the timeline at which it begins."""
        playlist, place = self.document.elements.get(track.get("producer", "")), 0
        for child in [] if playlist is None else playlist:
            self.document.count(child)
            if child.tag == "blank":
                place += self.document.frames(child.get("length", "0"))
            elif child.tag == "entry":
                element = self.document.elements.get(child.get("producer", ""))
                first = self.document.frames(child.get("in", "0"))
                length = self.document.frames(child.get("out", "0")) - first + 1
                if element is None:
                    self.document.note("Names a clip that the file does not hold", child.get("producer", ""))
                else:
                    yield place, self.mlt.Part(element, first, length, entry=child)
                place += length

    def _frames_before_cut(self, fade: ET.Element | None, overlap: int) -> int:
        """Give how much of an overlap lies before the cut: Kdenlive notes how much lies after it."""
        found = {} if fade is None else self.mlt.properties(fade)
        after = self.document.frames(found.get("kdenlive:mixcut") or str(overlap - overlap // 2))
        return overlap - min(max(0, after), overlap)

    def _transition(self, fade: ET.Element | None, before: int, after: int) -> otio.schema.Transition:
        found = {} if fade is None else self.mlt.properties(fade)
        plain = found.get("mlt_service", "luma") in ("luma", "mix") and not found.get("resource")
        kind = otio.schema.TransitionTypes.SMPTE_Dissolve if plain else found.get("kdenlive_id", found.get("mlt_service", ""))
        times = (otio.opentime.RationalTime(frames, self.document.rate) for frames in (before, after))
        return otio.schema.Transition(transition_type=kind, in_offset=next(times), out_offset=next(times))

    def _guides(self, sequence: dict[str, str]) -> Iterator[otio.schema.Marker]:
        text = sequence.get("kdenlive:sequenceproperties.guides") or self.bin.get("kdenlive:docproperties.guides") or "[]"
        try:
            guides = json.loads(text)
        except (ValueError, RecursionError):
            guides = []
        for guide in guides if isinstance(guides, list) else []:
            if isinstance(guide, dict) and isinstance(guide.get("pos"), int):
                colour = GUIDE_COLOURS.get(guide.get("type", 3), "GREEN")
                span = self.document.span(guide["pos"], guide.get("duration", 0) if isinstance(guide.get("duration"), int) else 0)
                words = self.mlt.marker_words(str(guide.get("comment", "")), guide.get(self.mlt.COMMENT_NOTE))
                yield otio.schema.Marker(**words, marked_range=span, color=colour)
