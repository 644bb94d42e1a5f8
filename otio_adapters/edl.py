"""OpenTimelineIO adapter that writes edit decision lists (``.edl``, CMX 3600), which nearly every editor reads.

One picture track and up to two sound tracks, cuts and dissolves, speeds (M2), markers (LOC), full media paths in comments. It knows movies
and sound files, no numbered pictures: a clip's active media reference counts. Timecode never drops frames. OpenTimelineIO loads this file
alone, by its path. Needs nothing but opentimelineio.

What cannot be said is left out: more tracks, muted clips, colours, words, volumes, the length and the comment's line breaks of markers.
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import opentimelineio as otio

METADATA_KEY = "chromastrip"
REEL_LENGTH = 8
BLACK = "BL"
SOUND_TRACKS = 2
MARKER_COLOURS = {"RED", "GREEN", "BLUE", "CYAN", "MAGENTA", "YELLOW", "BLACK", "WHITE"}


def write_to_string(input_otio: otio.schema.Timeline) -> str:
    """Turn a timeline into an edit decision list."""
    return _List(input_otio).write()


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
        for track in pictures[:1]:
            self._track(track, "V")
        for number, track in enumerate(sounds[:SOUND_TRACKS]):
            self._track(track, "A" if number == 0 else f"A{number + 1}")
        self.lines.extend(self._markers())
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
        return clip.enabled and isinstance(clip.media_reference, otio.schema.ExternalReference)

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
        self.lines += [f"* SOURCE FILE: {path}", ""]

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


def _plain_path(url: str) -> str:
    return url2pathname(unquote(urlsplit(url).path)) if url.startswith("file://") else url


def _line(text: str) -> str:
    """Put a text in one line."""
    return " ".join(text.split())
