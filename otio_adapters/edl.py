"""OpenTimelineIO adapter for edit decision lists (``.edl``, CMX 3600), both ways, which nearly every editor knows.

One picture track and up to two sound tracks, cuts and dissolves, speeds (M2), markers (LOC), full media paths in comments. It knows movies
and sound files, no numbered pictures: a clip's active media reference counts. Timecode never drops frames. OpenTimelineIO loads this file
alone, by its path. Needs nothing but opentimelineio.

What cannot be said is left out, each with a Python warning: more tracks, muted clips, colours, words; without one: volumes, the length and
the comment's line breaks of markers.
What cannot be read is listed in the timeline's metadata, under ``chromastrip`` and ``notes``: pairs of what happened, and to which clip.
"""

import hashlib
import json
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import opentimelineio as otio

METADATA_KEY = "chromastrip"
REEL_LENGTH = 8
SECTION_DIGITS = 8
BLACK = "BL"
SOUND_TRACKS = 2
RATE_NOTE, SECTION_NOTE, SECTION_KEY = "CHROMASTRIP RATE", "CHROMASTRIP SECTION", "section_id"
TIMECODE = re.compile(r"\d\d[:;]\d\d[:;]\d\d[:;.,]\d\d")
KIND = re.compile(r"(C|D|W\d{0,4}|KB|KO|K)(\d{0,4})")
CHANNELS = re.compile(r"(?:[VA]\d{0,3})+|B")
LONGEST_LINE = 5000
KNOWN_LINES = ("FCM", "TITLE", "SPLIT", ">>>", "FINAL CUT", "EFFECTS NAME", "REEL", "M2")
USUAL_RATES = (24, 25, 30, 50, 60)
MARKER_COLOURS = {"RED", "GREEN", "BLUE", "CYAN", "MAGENTA", "YELLOW", "BLACK", "WHITE"}


def write_to_string(input_otio: otio.schema.Timeline) -> str:
    """Turn a timeline into an edit decision list.

    Raises
    ------
    otio.exceptions.NotSupportedError
        If a clip shows numbered pictures.
    """
    return _List(input_otio).write()


def read_from_string(input_str: str, rate: float | None = None) -> otio.schema.Timeline:
    """Turn an edit decision list into a timeline that begins at its first event, or, if we wrote it, at its hour.

    Parameters
    ----------
    input_str
        The list.
    rate
        Frames a second, where the list does not name them (ours do), and its numbers allow them. By default the lowest usual rate that they
        allow, with a note.

    Returns
    -------
    otio.schema.Timeline
        All times at that rate, which its metadata hold; paths as the list has them.

    Raises
    ------
    ValueError
        If it holds no event.
    """
    return _Reader(input_str, rate).read()


class _List:
    """One list while it is written."""

    def __init__(self, timeline: otio.schema.Timeline) -> None:
        self.timeline = timeline
        self.fps = _exact_fps(timeline)
        self.reels: dict[str, str] = {}
        self.lines: list[str] = []
        self.events = 0

    def write(self) -> str:
        self.lines = [f"TITLE: {_line(self.timeline.name)}", "FCM: NON-DROP FRAME", ""]
        pictures = [track for track in self.timeline.tracks if track.kind == otio.schema.TrackKind.Video]
        sounds = [track for track in self.timeline.tracks if track.kind == otio.schema.TrackKind.Audio]
        for track in [*pictures[1:], *sounds[SOUND_TRACKS:]]:
            _tell(f"An edit decision list has no place for the track “{track.name}”: left out")
        for track in pictures[:1]:
            self._track(track, "V")
        for number, track in enumerate(sounds[:SOUND_TRACKS]):
            self._track(track, "A" if number == 0 else f"A{number + 1}")
        self.lines.extend(self._markers())
        if self.events:  # a remark belongs to an event
            self.lines.append(f"* {RATE_NOTE}: {self.fps.numerator}/{self.fps.denominator}")
        return "\n".join(self.lines) + "\n"

    def _track(self, track: otio.schema.Track, channel: str) -> None:
        position, fade = 0, (0, 0)
        earlier: otio.schema.Clip | None = None
        items = list(track)
        for index, item in enumerate(items):
            if isinstance(item, otio.schema.Transition):
                fade = self._frames(item.in_offset), self._frames(item.out_offset)
                continue
            length = self._frames(item.duration())
            following = items[index + 1] if index + 1 < len(items) else None
            shortened = self._frames(following.in_offset) if isinstance(following, otio.schema.Transition) else 0
            if isinstance(item, otio.schema.Clip) and self._can_say(item):
                self._event(
                    item, channel, position - fade[0], position + length - shortened, faded_from=earlier if sum(fade) else None, fade=fade
                )
                earlier = item
            else:
                earlier = None
            position, fade = position + length, (0, 0)

    def _can_say(self, clip: otio.schema.Clip) -> bool:
        if isinstance(clip.media_reference, otio.schema.ImageSequenceReference):
            raise otio.exceptions.NotSupportedError(f"“{clip.name}” shows numbered pictures: an edit decision list knows movies only")
        if clip.enabled and isinstance(clip.media_reference, otio.schema.ExternalReference):
            return True
        _tell(f"An edit decision list cannot say “{clip.name}”, which is muted, or of no file: left out")
        return False

    def _event(
        self, clip: otio.schema.Clip, channel: str, start: int, end: int, *, faded_from: otio.schema.Clip | None, fade: tuple[int, int]
    ) -> None:
        """Write a cut, or a dissolve: there the earlier clip stands for no time at all, right where the later one begins."""
        self.events += 1
        reel, speed = self._reel(clip), _speed(clip)
        begin = self._source_start(clip) - math.floor(fade[0] * speed + Fraction(1, 2))
        if faded_from is None:
            self._statement(reel, channel, "C", (begin, begin + math.ceil((end - start) * speed)), (start, end))
        else:
            from_end = self._source_start(faded_from) + self._frames(faded_from.duration()) - fade[0]
            self._statement(self._reel(faded_from), channel, "C", (from_end, from_end), (start, start))
            source = begin, begin + math.ceil((end - start) * speed)
            self._statement(reel, channel, f"D    {sum(fade):03d}", source, (start, end))
            self.lines += [f"* FROM CLIP NAME: {_line(faded_from.name)}", f"* TO CLIP NAME: {_line(clip.name)}"]
        if speed != 1:
            self.lines.append(f"M2   {reel:<8} {float(self.fps * speed):05.1f}                {self._timecode(begin)}")
        if faded_from is None:
            self.lines.append(f"* FROM CLIP NAME: {_line(clip.name)}")
        path = _line(_plain_path(clip.media_reference.target_url))
        self.lines.append(f"* {'TO' if faded_from else 'FROM'} CLIP: {path}")
        self.lines.append(f"* SOURCE FILE: {path}")
        if METADATA_KEY in clip.metadata:
            self.lines.append(f"* {SECTION_NOTE}: {_section_id(clip)}")
        self.lines.append("")

    def _statement(self, reel: str, channel: str, kind: str, source: tuple[int, int], record: tuple[int, int]) -> None:
        times = " ".join(self._timecode(frame) for frame in (*source, *record))
        self.lines.append(f"{self.events:03d}  {reel:<8} {channel:<5} {kind:<8} {times}")

    def _reel(self, clip: otio.schema.Clip) -> str:
        """Give a medium's reel: eight letters and digits, another for each medium."""
        url = clip.media_reference.target_url
        if url not in self.reels:
            plain = unicodedata.normalize("NFKD", clip.name).encode("ascii", "ignore").decode()
            safe = re.sub(r"[^A-Za-z0-9]", "", plain).upper() or "CLIP"
            number = str(len(self.reels) + 1)
            self.reels[url] = f"{safe[: REEL_LENGTH - max(3, len(number))]}{number:0>3}"
        return self.reels[url]

    def _markers(self) -> Iterator[str]:
        for marker in self.timeline.tracks.markers:
            colour = marker.color if marker.color in MARKER_COLOURS else "GREEN"
            time = self._timecode(self._frames(marker.marked_range.start_time))
            yield f"* LOC: {time} {colour:<7} {_line(f'{marker.name} {marker.comment}')}"

    def _source_start(self, clip: otio.schema.Clip) -> int:
        return self._frames(clip.trimmed_range().start_time)

    def _frames(self, time: otio.opentime.RationalTime) -> int:
        return round(time.rescaled_to(float(self.fps)).value)

    def _timecode(self, frame: int) -> str:
        base = math.ceil(self.fps)
        seconds, frames = divmod(max(0, frame), base)
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


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
    return speed


def _tell(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=2)


def _section_id(clip: otio.schema.Clip) -> str:
    """Give what stands for a clip's settings, which have no room in a list: the same as `core.handover.recognising.section_id`."""
    noted = json.loads(otio.core.serialize_json_to_string(clip.metadata[METADATA_KEY]))
    text = json.dumps(noted, separators=(",", ":"), sort_keys=True) if noted else ""
    return hashlib.sha256(text.encode()).hexdigest()[:SECTION_DIGITS]


def _plain_path(url: str) -> str:
    return url2pathname(unquote(urlsplit(url).path)) if url.startswith("file://") else url


def _line(text: str) -> str:
    """Put a text in one line."""
    return " ".join(text.split())


# Reading --------------------------------------------------------------------------------------------------------------------------------


class _Line:
    """A line that is an event, in its parts; times as they are written."""

    def __init__(self, fields: list[str], first: int) -> None:
        """Take a line's words, of which four from the `first` on are timecodes."""
        head = fields[1:first]
        self.length = head.pop() if head[-1].isdecimal() else ""
        kind = KIND.fullmatch(head.pop())
        assert kind is not None, "as `parted` has seen"
        self.kind, self.length = kind[1], kind[2] or self.length
        self.channels = head.pop().upper()
        self.reel = " ".join(head)
        self.times = fields[first : first + 4]

    @classmethod
    def parted(cls, line: str) -> "_Line | None":
        """Part a line; None: it is no event. Words are looked at once each, so that no line takes long."""
        fields = line.split()
        if not fields or not fields[0].isdecimal():
            return None
        first = next((place for place, field in enumerate(fields) if TIMECODE.fullmatch(field)), 0)
        last_of_head = first - 2 if first and fields[first - 1].isdecimal() else first - 1
        enough = last_of_head >= 2 and len(fields) >= first + 4  # noqa: PLR2004 (number, channel, kind; four times)
        if not enough or not all(map(TIMECODE.fullmatch, fields[first : first + 4])) or not KIND.fullmatch(fields[last_of_head]):
            return None
        return cls(fields, first)


class _Event:
    """One event, in frames: what it shows, and where."""

    def __init__(self, line: _Line, frames: Callable[[str], int]) -> None:
        self.reel, self.channels, self.kind = line.reel, line.channels, line.kind
        self.fade_frames = int(line.length[:6] or 0) if self.kind != "C" else 0
        self.source_in, _, self.record_in, self.record_out = map(frames, line.times)
        self.name = self.path = self.section = ""
        self.speed = Fraction(1)
        self.more_sound: list[int] = []
        """Sound tracks that a line of its own adds."""

    def tracks(self) -> list[tuple[str, int]]:
        """Name the tracks that it lies on, kind and number: none for a channel that nobody knows."""
        found = [("A", number) for number in self.more_sound]
        for channel in re.split(r"[/+,]", self.channels):
            if channel == "B":
                found += [("V", 1), ("A", 1)]
            elif CHANNELS.fullmatch(channel):
                parts = re.findall(r"([VA])(\d*)", channel)
                for place, (kind, number) in enumerate(parts):  # AA is A1 and A2
                    found.append((kind, int(number) if number else parts[: place + 1].count((kind, ""))))
        return list(dict.fromkeys(found))


class _Reader:
    """One list while it is read."""

    def __init__(self, text: str, rate: float | None) -> None:
        self.lines = [line[:LONGEST_LINE].strip() for line in text.splitlines()]
        self.notes: list[list[str]] = []
        self.drops = any(re.fullmatch(r"FCM:\s*DROP FRAME", line) for line in self.lines)
        self.fps = self._fps(rate)
        self.origin = 0

    def read(self) -> otio.schema.Timeline:
        title = next((line.partition(":")[2].strip() for line in self.lines if line.startswith("TITLE:")), "")
        events, markers = self._events()
        if not events:
            raise ValueError("it holds no event")
        self._pass_midnight(events)
        self.origin = self._begin(events)
        timeline = otio.schema.Timeline(name=title)
        keys = sorted({key for event in events for key in event.tracks()}, key=lambda key: (key[0] != "V", key[1]))
        timeline.tracks.extend(self._track(events, key) for key in keys)
        timeline.tracks.markers.extend(self._marker(*marker) for marker in markers)
        self._note_silent(events)
        noted = {"schema": 1, "fps": f"{self.fps.numerator}/{self.fps.denominator}", "notes": self.notes}
        timeline.metadata[METADATA_KEY] = noted
        return timeline

    def _fps(self, rate: float | None) -> Fraction:
        """Take the rate that the list names, or the one that was given, or the lowest usual one; none that its own numbers rule out."""
        named = next((line.partition(":")[2].strip() for line in self.lines if RATE_NOTE in line), "")
        if re.fullmatch(r"\d{1,9}/[1-9]\d{0,8}", named) and Fraction(named) > 0:
            return Fraction(named)
        times = [time for line in self.lines if (parts := _Line.parted(line)) is not None for time in parts.times]
        highest = max((int(time[-2:]) for time in times), default=0)
        if rate and highest < math.ceil(rate) and not (self.drops and math.ceil(rate) % 30):
            ntsc = Fraction(math.ceil(rate) * 1000, 1001)
            return ntsc if abs(float(ntsc) - rate) < 0.005 else Fraction(rate).limit_denominator(1000)  # noqa: PLR2004 (two decimals)
        base = next((usual for usual in USUAL_RATES if highest < usual), 60)
        fps = Fraction(max(base, 30) * 1000, 1001) if self.drops else Fraction(base)
        self.notes.append([f"The list does not say its rate: it was read at {float(fps):.6g} frames a second", ""])
        return fps

    def _events(self) -> tuple[list[_Event], list[tuple[str, str, str]]]:
        events: list[_Event] = []
        markers = []
        for line in self.lines:
            if parts := _Line.parted(line):
                events.append(_Event(parts, self._frames))
            elif marker := _locator(line):
                markers.append(marker)
            else:
                self._remark(line, events)
        return events, markers

    def _pass_midnight(self, events: list[_Event]) -> None:
        """Let a day's end be no end: what is more than half a day before its neighbour lies in the next day."""
        day, before = self._frames("23:59:59:00") + math.ceil(self.fps), events[0].record_in
        for event in events:
            event.record_in += max(0, round((before - event.record_in) / day)) * day
            event.record_out += max(0, round((event.record_in - event.record_out) / day)) * day
            before = event.record_in

    def _begin(self, events: list[_Event]) -> int:
        """Begin at the first event. Our own lists count from 0, and may begin with a gap; but a leader stands right before the hour."""
        first, hour = min(event.record_in for event in events), self._frames("01:00:00:00")
        is_ours = any(RATE_NOTE in line for line in self.lines)
        is_leader = first > hour // 2 and max(event.record_in for event in events) >= hour
        return 0 if is_ours and 0 <= first < hour and not is_leader else first

    def _note_silent(self, events: list[_Event]) -> None:
        """Say which events are nowhere: on no track that we know, or without a length that no fade explains."""
        for event, following in zip(events, [*events[1:], None], strict=True):
            whom = event.name or event.reel
            if not event.tracks():
                self.notes.append([f"Left out, since its channel “{event.channels}” names no track", whom])
            elif event.record_out <= event.record_in and not (following and following.fade_frames):
                self.notes.append(["Left out, since it has no length", whom])

    def _remark(self, line: str, events: list[_Event]) -> None:
        """Take what a line says about the event before it."""
        is_known = (bool(events) and self._describe(events[-1], line, events)) or not line or line.startswith(("*", *KNOWN_LINES))
        if not is_known:
            self.notes.append([f"The line “{line[:60]}” says something unknown", ""])

    def _describe(self, event: _Event, line: str, events: list[_Event]) -> bool:
        """Take what a line says about an event, the last of so many; say whether it does."""
        fields = line.split()
        key, _, value = (part.strip() for part in line.lstrip("* ").partition(":"))
        is_fade = event.fade_frames > 0
        if fields[:1] == ["AUD"]:
            event.more_sound += [int(number) for number in fields[1:] if number.isdecimal() and 0 < int(number[:4]) < 1000]  # noqa: PLR2004
        elif fields[:1] == ["M2"] and len(fields) > 3:  # noqa: PLR2004 (M2, reel, rate, time)
            reel = " ".join(fields[1:-2])
            self._retime(next((one for one in reversed(events) if one.reel == reel), event), fields[-2])
        elif key == "SPLIT":
            self.notes.append(["A split edit's delay is left out: picture and sound begin together", event.name or event.reel])
        elif key == ("TO CLIP NAME" if is_fade else "FROM CLIP NAME") or (key == "CLIP NAME" and not event.name):
            event.name = value
        elif key == SECTION_NOTE and re.fullmatch(r"[0-9a-f]{8}", value):
            event.section = value
        elif key in ("SOURCE FILE", "MEDIA FILE", "FROM FILE", "TO CLIP" if is_fade else "FROM CLIP"):
            event.path = event.path or value
        elif key in ("EFFECT NAME", "EFFECTS NAME", "BLEND") and not re.search("dissolve", value, re.IGNORECASE):
            self.notes.append([f"The effect “{value}” is left out", event.name])
        else:
            return False
        return True

    def _retime(self, event: _Event, rate: str) -> None:
        """Set a speed: the simplest fraction that a rate with one decimal can stand for."""
        fps = float(rate) if re.fullmatch(r"-?\d{1,6}(?:\.\d{0,6})?", rate) else 0.0
        if fps <= 0:
            self.notes.append(["Plays backwards or stands still: comes in forwards, at its own speed", event.name or event.reel])
            return
        for denominator in range(1, 1000):
            event.speed = Fraction(round(fps / float(self.fps) * denominator), denominator)
            if event.speed > 0 and abs(float(event.speed * self.fps) - fps) <= 0.05:  # noqa: PLR2004 (half of the last decimal)
                return

    def _track(self, events: list[_Event], key: tuple[str, int]) -> otio.schema.Track:
        kind = otio.schema.TrackKind.Video if key[0] == "V" else otio.schema.TrackKind.Audio
        track = otio.schema.Track(name=f"{key[0]}{key[1]}", kind=kind)
        chosen = [event for event in events if key in event.tracks() and event.record_out > event.record_in]
        track.extend(self._items(sorted(chosen, key=lambda event: event.record_in)))
        return track

    def _items(self, events: list[_Event]) -> Iterator[otio.core.Composable]:
        place, before_cut = self.origin, 0
        for index, event in enumerate(events):
            following = events[index + 1] if index + 1 < len(events) else None
            if event.record_in > place:
                yield otio.schema.Gap(source_range=self._range(0, event.record_in - place))
            if event.fade_frames and before_cut == 0 and (index == 0 or event.record_in > place):
                yield self._fade(event, 0)
            touches = following is not None and following.record_in == event.record_out and following.fade_frames > 0
            borrowed = min(following.fade_frames // 2, following.record_out - following.record_in) if following and touches else 0
            begin = max(place, event.record_in) if before_cut == 0 else event.record_in + before_cut
            length = event.record_out + borrowed - begin
            if length > 0:
                yield self._clip(event, begin - event.record_in, length)
            else:
                self.notes.append(["Left out, since it lies under another event of its track", event.name or event.reel])
            if following is not None and touches:
                yield self._fade(following, borrowed)
            place, before_cut = max(place, event.record_out), borrowed

    def _fade(self, event: _Event, before: int) -> otio.schema.Transition:
        kind = otio.schema.TransitionTypes.SMPTE_Dissolve if event.kind == "D" else f"Wipe {event.kind}"
        times = (otio.opentime.RationalTime(frames, float(self.fps)) for frames in (before, event.fade_frames - before))
        return otio.schema.Transition(transition_type=kind, in_offset=next(times), out_offset=next(times))

    def _clip(self, event: _Event, skipped: int, length: int) -> otio.core.Item:
        if event.reel == BLACK:
            return otio.schema.Gap(source_range=self._range(0, length))
        path = event.path or (event.name if "." in event.name else "")
        reference = otio.schema.ExternalReference(target_url=path) if path else otio.schema.MissingReference(name=event.reel)
        start = float(event.source_in + skipped * event.speed)
        clip = otio.schema.Clip(name=event.name or event.reel, media_reference=reference, source_range=self._range(start, length))
        if event.section:
            clip.metadata[METADATA_KEY] = {SECTION_KEY: event.section}
        if event.speed != 1:
            noted = {METADATA_KEY: {"speed": f"{event.speed.numerator}/{event.speed.denominator}"}}
            clip.effects.append(otio.schema.LinearTimeWarp(name="Speed", time_scalar=float(event.speed), metadata=noted))
        return clip

    def _marker(self, time: str, colour: str, name: str) -> otio.schema.Marker:
        place = self._frames(time) - self.origin
        if place < 0:  # after midnight, or before the first event
            place = max(0, place + self._frames("23:59:59:00") + math.ceil(self.fps) if -place > self._frames("12:00:00:00") else 0)
        return otio.schema.Marker(name=name, marked_range=self._range(place, 0), color=colour if colour in MARKER_COLOURS else "GREEN")

    def _frames(self, timecode: str) -> int:
        """Count frames; dropped numbers are the first two (at 60: four) of every minute that is no tenth."""
        base = math.ceil(self.fps)
        hours, minutes, seconds, frames = (int(part) for part in re.split(r"[:;.,]", timecode))
        count = ((hours * 60 + minutes) * 60 + seconds) * base + frames
        if not self.drops:
            return count
        total = hours * 60 + minutes
        return count - (base // 15) * (total - total // 10)

    def _range(self, start: float, length: float) -> otio.opentime.TimeRange:
        rate = float(self.fps)
        return otio.opentime.TimeRange(otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(length, rate))


def _locator(line: str) -> tuple[str, str, str] | None:
    """Give a marker's time, colour and text; None: the line is none."""
    key, sign, rest = line.lstrip("* ").partition(":")
    fields = rest.split(None, 2)
    if not line.startswith("*") or not sign or key.strip() != "LOC" or not fields or not TIMECODE.fullmatch(fields[0]):
        return None
    return fields[0], fields[1].upper() if len(fields) > 1 else "", fields[2].strip() if len(fields) > 2 else ""  # noqa: PLR2004
