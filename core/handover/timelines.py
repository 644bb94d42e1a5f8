"""OpenTimelineIO timelines, whoever wrote them, to edits: tolerant, and with a note about everything that an edit cannot say.

A timeline comes in, an edit goes out, and sentences for people. Media are only asked for their length, where the timeline does not say it.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import opentimelineio as otio

from ..protocol import (
    Clip,
    Colour,
    Crossfade,
    Edit,
    FrameSequence,
    Gap,
    Marker,
    MediaFile,
    Still,
    Text,
    Track,
    UserError,
    VolumePoint,
    mean_volume,
)
from ..protocol.rates import ROUNDED, ntsc_or
from .finding import Finder
from .noting import Notes
from .numbering import MOST_PICTURES, numbered_in, sequence_on_disk
from .probing import measure
from .volumes import joined_points, multiplied, placed, within

METADATA_KEY, FRAMES_KEY = "chromastrip", "CHROMASTRIP_FRAMES"
LOWEST_FPS, HIGHEST_FPS = 1, 1000
MOST_DIGITS = 32
LONGEST = 10**9
"""Frames: a year at 30 a second."""
NUMBER = re.compile(r"\d{1,18}(/\d{1,18})?")
FINEST = 1_000_000
"""Greatest denominator of a time: OpenTimelineIO counts in floats."""
STILL_SUFFIXES = {".png", ".jpg", ".jpeg", ".exr", ".tif", ".tiff", ".bmp", ".dpx", ".tga", ".webp", ".gif", ".hdr", ".psd", ".svg", ".jp2"}
MARKER_COLOURS = {"RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "PINK", "BLACK", "WHITE"}
BLACK_KINDS = {"black", "slug", "solidcolor"}
KINDS: dict[str, Literal["video", "audio"]] = {otio.schema.TrackKind.Video: "video", otio.schema.TrackKind.Audio: "audio"}
MOST_LAYERS = 64
"""A nest has so many tracks of one kind at the most; the rest is left out, with a note."""
Item = Clip | Gap | Crossfade
Kind = Literal["video", "audio"]
Row = list[Item]
"""What lies on one track; a track with nests on it becomes several."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The part of a track's, a clip's or a nest's own time that the timeline shows.

    Parameters
    ----------
    place
        Frame of the timeline at which it begins.
    frame_count
        Its length on the timeline; None: to the end of what there is.
    start
        What it shows first, in frames of its own time.
    speed
        Frames of its own time that go by in one of the timeline's.
    enabled, volume
        Whether it is seen or heard, and how loud.
    volume_points
        How loud where that changes, at frames of the timeline; then `volume` is its mean.
    """

    place: int = 0
    frame_count: int | None = None
    start: Fraction = Fraction(0)
    speed: Fraction = Fraction(1)
    enabled: bool = True
    volume: float = 1.0
    volume_points: tuple[VolumePoint, ...] = ()


def to_edit(timeline: otio.schema.Timeline, finder: Finder, notes: Notes) -> Edit:
    """Turn a timeline into an edit.

    Parameters
    ----------
    timeline
        From any adapter. Ours leave ``fps``, ``width``, ``height`` and ``notes`` under ``chromastrip`` in its metadata.
    finder
        Says where media lie.
    notes
        Takes what could not be read, or was read otherwise.

    Returns
    -------
    Edit
        Its media as `finder` found them.

    Raises
    ------
    UserError
        If the timeline's rate is none that a timeline can have.
    """
    noted = timeline.metadata.get(METADATA_KEY, {})
    for what, whom in noted.get("notes", []):
        notes.add(str(what), str(whom))
    return _Reader(timeline, finder, notes).read()


def exact_rate(rate: float) -> Fraction:
    """Give the exact rate that a rounded one stands for: 29.97 means 30000/1001.

    Raises
    ------
    UserError
        If no timeline can have it.
    """
    if not LOWEST_FPS <= rate <= HIGHEST_FPS:  # so is NaN
        raise UserError(
            f"The timeline counts {rate:g} frames a second.", f"Export it again with {LOWEST_FPS} to {HIGHEST_FPS} frames a second."
        )
    return ntsc_or(Fraction(rate).limit_denominator(1000))


class _Reader:
    """One timeline while it is read."""

    def __init__(self, timeline: otio.schema.Timeline, finder: Finder, notes: Notes) -> None:
        self.timeline = timeline
        self.finder = finder
        self.notes = notes
        self.noted = timeline.metadata.get(METADATA_KEY, {})
        self.fps = Fraction(1)
        self.markers: list[Marker] = []
        self.marked: set[Marker] = set()
        self.lengths: dict[str, int] = {}
        self.measured: dict[str, tuple[int, int] | None] = {}
        self.nests: dict[Kind, dict[str, bool]] = {"video": {}, "audio": {}}  # name, to whether it holds what its track does not show

    def read(self) -> Edit:
        self.fps = self._fps()
        whole = self._whole()
        tracks = tuple(track for child in self.timeline.tracks for track in self._tracks(child, whole))
        self._note_one_sided_nests()
        for marker in self.timeline.tracks.markers:
            self.markers.append(self._marker(marker, self._timeline_frames(marker.marked_range.start_time)))
        return Edit(
            name=self.timeline.name,
            fps=self.fps,
            tracks=tracks,
            markers=tuple(self.markers),
            width=_size(self.noted.get("width")),
            height=_size(self.noted.get("height")),
        )

    # Time --------------------------------------------------------------------------------------------------------------------------------

    def _fps(self) -> Fraction:
        """Give the exact rate: noted by us, else the one that pictures are counted in; sound may count in samples."""
        try:
            noted = _exact(self.noted["fps"]) if self.noted.get("fps") else None
        except (ValueError, ZeroDivisionError):
            noted = None
        if noted is not None and LOWEST_FPS <= noted <= HIGHEST_FPS:
            return noted
        rates = list(self._rates())
        if not rates:
            raise UserError("The timeline is empty, and names no rate.", "Export a timeline with clips on it.")
        return exact_rate(next((rate for rate in rates if LOWEST_FPS <= rate <= HIGHEST_FPS), rates[0]))

    def _rates(self) -> Iterator[float]:
        if self.timeline.global_start_time is not None:
            yield self.timeline.global_start_time.rate
        tracks = sorted(self.timeline.tracks, key=lambda track: getattr(track, "kind", "") != otio.schema.TrackKind.Video)
        for track in tracks:
            for item in track if isinstance(track, otio.schema.Track | otio.schema.Stack) else [track]:
                if isinstance(item, otio.core.Item) and (span := _span(item)) is not None:
                    yield span.duration.rate

    def _frames(self, time: otio.opentime.RationalTime) -> Fraction:
        """Count the timeline's frames in a time, exactly."""
        value = Fraction(time.value).limit_denominator(FINEST) if math.isfinite(time.value) else Fraction(0)
        if abs(time.rate - float(self.fps)) < ROUNDED or not time.rate > 0:
            return value
        rate = exact_rate(time.rate) if time.rate <= HIGHEST_FPS and time.rate >= LOWEST_FPS else Fraction(time.rate)
        return value * self.fps / rate

    def _timeline_frames(self, time: otio.opentime.RationalTime) -> Fraction:
        """Count from the timeline's beginning; some programs write their timecode."""
        frames, begin = self._frames(time), self.timeline.global_start_time
        origin = Fraction(0) if begin is None else self._frames(begin)
        return frames - origin if 0 < origin <= frames else frames

    # Tracks ------------------------------------------------------------------------------------------------------------------------------

    def _whole(self) -> Window:
        """Give what is shown of the timeline: all, unless it is trimmed."""
        speed, span = self._speed(self.timeline.tracks), self.timeline.tracks.source_range
        if span is None:
            return Window(speed=speed)
        return Window(start=self._frames(span.start_time), frame_count=round(self._frames(span.duration)), speed=speed)

    def _tracks(self, child: otio.core.Composable, whole: Window) -> Iterator[Track]:
        """Give the tracks that a timeline's child is; something else that lies there is a track, or one of pictures and one of sound."""
        if isinstance(child, otio.schema.Track) and child.kind not in KINDS:
            self.notes.add(f"Tracks of the kind “{child.kind}” are left out", child.name)
            return
        kinds: list[Kind] = [KINDS[child.kind]] if isinstance(child, otio.schema.Track) else ["video"]
        if isinstance(child, otio.schema.Stack) and _holds(child, "audio"):
            kinds.append("audio")
        for kind in kinds:
            for row in self._laid(child, kind, whole):
                yield Track(name=child.name, kind=kind, items=tuple(self._checked_fades(row)))

    def _laid(self, child: otio.core.Composable, kind: Kind, window: Window) -> list[Row]:
        """Give what a stack's child is within a window: one row, and more for nests with several tracks."""
        if not isinstance(child, otio.schema.Track):
            return self._rows([child], kind, window)
        speed, span = self._speed(child), child.source_range
        start, count = window.start * speed, window.frame_count
        if span is not None:
            shown = round((self._frames(span.duration) - window.start) / window.speed)
            start, count = start + self._frames(span.start_time), max(0, shown if count is None else min(shown, count))
        inner = replace(
            window,
            start=start,
            frame_count=count,
            speed=window.speed * speed,
            enabled=window.enabled and child.enabled,
        )
        inner = self._louder(inner, child, window.place - window.start / window.speed, window.speed)
        for marker in child.markers:
            at = (self._frames(marker.marked_range.start_time) - inner.start) / inner.speed
            if at >= 0 and (count is None or at < count):
                self._mark_once(marker, window.place + at)
        return self._rows(child, kind, inner)

    def _rows(self, children: Iterable[otio.core.Composable], kind: Kind, window: Window) -> list[Row]:
        """Lay things in a row, and beside it what nests need more; each begins and ends at the frame nearest to its exact place."""
        rows: list[Row] = [[]]
        filled, place = 0, Fraction(0)  # frames of the timeline that are laid; where the next child lies, in the window's own time
        for child in children:
            if isinstance(child, otio.schema.Transition):
                if place > window.start and (window.frame_count is None or filled < window.frame_count):
                    rows[0].append(self._fade(child, window))
                continue
            span = self._span(child)
            if span is None:
                continue
            begin = (place - window.start) / window.speed
            place += self._frames(span.duration)
            end = round((place - window.start) / window.speed)
            if window.frame_count is not None:
                end = min(end, window.frame_count)
            if end > LONGEST:
                self.notes.add("Left out, since it ends after more than a year", child.name)
                break
            if end <= filled:
                if place > window.start and (window.frame_count is None or begin < window.frame_count):
                    self.notes.add("Left out, since it is shorter than half a frame", child.name)
                continue
            hidden = max(Fraction(0), -begin)  # frames of the timeline that the window cuts off
            shown = replace(window, place=window.place + filled, frame_count=end - filled, start=self._frames(span.start_time))
            _append(rows, self._item(child, shown, hidden, kind), filled=filled, frame_count=end - filled)
            filled = end
        if len(rows) > MOST_LAYERS:
            self.notes.add(f"A nested timeline has more than {MOST_LAYERS} tracks of a kind: the others are left out")
        return rows[:MOST_LAYERS]

    def _span(self, child: otio.core.Composable) -> otio.opentime.TimeRange | None:
        """Give a child's own range; None, with a note, if nothing can be laid for it."""
        span = _span(child) if isinstance(child, otio.core.Item) else None
        if span is None or not span.duration.value > 0 or not span.duration.rate > 0:
            if not (isinstance(child, otio.schema.Gap) and span is not None and span.duration.value == 0):
                self.notes.add("Left out, since it has no length", child.name)
            return None
        if max(abs(self._frames(span.start_time)), self._frames(span.duration)) > LONGEST:
            self.notes.add("Left out, since it is longer than a year", child.name)
            return None
        return span

    def _item(self, child: otio.core.Item, shown: Window, hidden: Fraction, kind: Kind) -> list[Row]:
        """Give a child's rows, each as long as its window: how its own time runs follows from the speed around it and from its own."""
        around, speed = shown.speed, self._speed(child)
        for marker in child.markers:
            at = (self._frames(marker.marked_range.start_time) - shown.start) / (around * speed) - hidden
            if 0 <= at < (shown.frame_count or 0):
                self._mark_once(marker, shown.place + at)
        inner = replace(
            shown,
            start=shown.start + hidden * around * speed,
            speed=around * speed,
            enabled=shown.enabled and child.enabled,
        )
        inner = self._louder(inner, child, shown.place - hidden, around)
        if isinstance(child, otio.schema.Gap):
            return [[Gap(frame_count=shown.frame_count or 0)]]
        if isinstance(child, otio.schema.Clip):
            return [[self._clip(child, inner, kind)]]
        return self._nested(child, inner, kind)

    # Nests -------------------------------------------------------------------------------------------------------------------------------

    def _nested(self, child: otio.core.Item, window: Window, kind: Kind) -> list[Row]:
        """Lay what is nested out as plain clips, a row for each of its tracks; where a track is shorter than the nest there is a gap."""
        count = window.frame_count or 0
        try:
            rows = self._rows(child, kind, window) if isinstance(child, otio.schema.Track) else self._stacked(child, kind, window)
        except (otio.exceptions.OTIOError, ValueError, TypeError, RecursionError):
            self.notes.add("A nested timeline could not be read: there is a gap", child.name)
            return [[Gap(frame_count=count)]]
        self.notes.add("A nested timeline came in as plain clips", child.name)
        other: Kind = "audio" if kind == "video" else "video"
        self.nests[kind][child.name] = self.nests[kind].get(child.name, False) or _holds(child, other)
        rows = [row for row in rows if any(isinstance(item, Clip) for item in row)] or [[]]
        for row in rows:
            _fill(row, count)
        return rows

    def _stacked(self, stack: otio.core.Item, kind: Kind, window: Window) -> list[Row]:
        if not isinstance(stack, otio.schema.Stack):
            raise TypeError(type(stack).__name__)
        return [row for child in stack if _kind(child) == kind for row in self._laid(child, kind, window)]

    def _note_one_sided_nests(self) -> None:
        """Say where a nest's sound is not heard, or its pictures are not seen, since it lies on tracks of the other kind only."""
        sides: list[tuple[Kind, Kind, str]] = [("video", "audio", "sound is"), ("audio", "video", "pictures are")]
        for kind, other, what in sides:
            for name, holds_other in self.nests[kind].items():
                if holds_other and name not in self.nests[other]:
                    self.notes.add(f"A nested timeline's {what} left out: it lies on no {other} track", name)

    # Cross-fades -------------------------------------------------------------------------------------------------------------------------

    def _fade(self, transition: otio.schema.Transition, window: Window) -> Crossfade:
        if transition.transition_type != otio.schema.TransitionTypes.SMPTE_Dissolve:
            name = transition.name or transition.transition_type or "without a name"
            self.notes.add(f"Transitions of the kind “{name}” came in as cross-fades")
        before, after = (max(0, round(self._frames(side) / window.speed)) for side in (transition.in_offset, transition.out_offset))
        return Crossfade(in_frames=before, out_frames=after)

    def _checked_fades(self, items: Row) -> Iterator[Item]:
        """Leave out fades that do not stand between two clips (from and to black), and shorten those that are longer than their clips."""
        taken = 0  # frames of the clip before that an earlier fade covers
        for index, item in enumerate(items):
            if not isinstance(item, Crossfade):
                yield item
                continue
            earlier, later = (items[side] if 0 <= side < len(items) else None for side in (index - 1, index + 1))
            if not isinstance(earlier, Clip) or not isinstance(later, Clip):
                self.notes.add("Fades from and to nothing are left out")
                continue
            if index < 2 or not isinstance(items[index - 2], Crossfade):  # noqa: PLR2004 (clip, fade, clip, fade)
                taken = 0
            fade = Crossfade(in_frames=min(item.in_frames, earlier.frame_count - taken), out_frames=min(item.out_frames, later.frame_count))
            if fade != item:
                self.notes.add("A cross-fade is longer than its clips, and was shortened", earlier.name)
            taken = fade.out_frames
            yield fade

    # Clips -------------------------------------------------------------------------------------------------------------------------------

    def _clip(self, clip: otio.schema.Clip, window: Window, kind: Kind) -> Clip | Gap:
        length, speed = window.frame_count or 0, window.speed
        reference = _chosen(clip)
        start = window.start - self._media_begin(reference)
        media, step = self._media(clip, reference, start + length * speed)
        if media is None:
            return Gap(frame_count=length)
        if kind == "video" and speed == step == 1 and not self.noted.get("fps"):
            start = Fraction(round(start))  # some write fractions where they mean frames
        ours = clip.metadata.get(METADATA_KEY)
        made = Clip(
            name=clip.name,
            media=media,
            source_start=start * step,
            frame_count=length,
            enabled=window.enabled,
            metadata="" if ours is None else _json(ours),
            speed=speed * step if isinstance(media, FrameSequence | MediaFile) else Fraction(1),
            volume=window.volume,
            volume_points=_counted_from(window.place, window.volume_points),
        )
        self._check_length(made)
        return made

    def _media_begin(self, reference: otio.core.MediaReference) -> Fraction:
        """Give the media's own timecode, which clips are counted in; of what has no beginning it is 0."""
        available = self._available(reference)
        if available is None or isinstance(reference, otio.schema.GeneratorReference) or _is_our_still(reference):
            return Fraction(0)
        return self._frames(available.start_time)

    def _available(self, reference: otio.core.MediaReference) -> otio.opentime.TimeRange | None:
        """Give what a reference says about its media's length, or the media themselves."""
        if reference.available_range is None and isinstance(reference, otio.schema.ExternalReference) and not _is_our_still(reference):
            path = self.finder.file(reference.target_url, noted=False)
            if path not in self.measured:
                is_still = any(path.lower().endswith(suffix) for suffix in STILL_SUFFIXES)
                self.measured[path] = None if is_still else measure(Path(path), self.fps)
            if (found := self.measured[path]) is not None:
                begin, count = (otio.opentime.RationalTime(frames, float(self.fps)) for frames in found)
                return otio.opentime.TimeRange(begin, count)
        return reference.available_range

    def _check_length(self, clip: Clip) -> None:
        if not isinstance(clip.media, FrameSequence | MediaFile):
            return
        last = clip.source_start + (clip.frame_count - 1) * clip.speed
        if clip.source_start <= -1 or last >= clip.media.frame_count:
            self.notes.add("Shows more than its media hold", clip.name)

    def _speed(self, clip: otio.core.Item) -> Fraction:
        speed = Fraction(1)
        for effect in clip.effects:
            if isinstance(effect, otio.schema.LinearTimeWarp):
                scalar = _noted_fraction(effect, "speed") or _fraction(effect.time_scalar)
                if scalar <= 0:
                    self.notes.add("Plays backwards or stands still: comes in forwards, at its own speed", clip.name)
                    continue
                speed *= scalar
        self._note_effects(clip)
        return speed

    def _note_effects(self, item: otio.core.Item) -> None:
        for effect in item.effects:
            if isinstance(effect, otio.schema.LinearTimeWarp) or "volume" in effect.metadata.get(METADATA_KEY, {}):
                continue
            resolve = effect.metadata.get("Resolve_OTIO", {})
            if resolve and not resolve.get("Parameters"):
                continue  # Resolve names every clip's transform, although nothing is changed
            name = resolve.get("Effect Name") or effect.effect_name or effect.name or type(effect).__name__
            self.notes.add(f"The effect “{name}” is left out", item.name)

    def _volume(self, clip: otio.core.Item) -> float:
        volume = 1.0
        for effect in clip.effects:
            value = effect.metadata.get(METADATA_KEY, {}).get("volume", 1.0)
            if isinstance(value, int | float) and math.isfinite(value) and value >= 0:
                volume *= value
        return volume

    def _louder(self, window: Window, item: otio.core.Item, origin: Fraction, speed: Fraction) -> Window:
        """Let a window be as loud as it and an item are; the item's first frame lies at `origin`, and its points go by at a speed."""
        if not item.effects and not window.volume_points:
            return window
        volume, own = self._volume(item), placed(joined_points(item.effects), origin, speed)
        count = LONGEST if window.frame_count is None else window.frame_count
        around = within(window.volume_points, window.place, window.place + count)
        points = multiplied(around, window.volume, own, volume)
        mean = mean_volume(_counted_from(window.place, points), count) if around else window.volume * volume
        return replace(window, volume=mean, volume_points=points)

    # Media -------------------------------------------------------------------------------------------------------------------------------

    def _media(
        self, clip: otio.schema.Clip, reference: otio.core.MediaReference, end: Fraction
    ) -> tuple[FrameSequence | MediaFile | Still | Colour | Text | None, Fraction]:
        """Give a clip's media, None if they are unknown, and how many media frames stand for one of the reference's."""
        if isinstance(reference, otio.schema.ImageSequenceReference):
            return self._sequence(clip, reference)
        if isinstance(reference, otio.schema.ExternalReference) and reference.target_url:
            return self._file(reference, end), Fraction(1)
        if isinstance(reference, otio.schema.GeneratorReference):
            return self._generated(clip, reference), Fraction(1)
        if isinstance(reference, otio.schema.ExternalReference | otio.schema.MissingReference):
            return MediaFile(path="", frame_count=max(0, math.ceil(end))), Fraction(1)
        self.notes.add(f"Media of the kind “{type(reference).__name__}” are unknown: there is a gap", clip.name)
        return None, Fraction(1)

    def _sequence(self, clip: otio.schema.Clip, reference: otio.schema.ImageSequenceReference) -> tuple[FrameSequence, Fraction]:
        movie = clip.media_references().get(otio.schema.Clip.DEFAULT_MEDIA_KEY)
        movie_path = movie.target_url if isinstance(movie, otio.schema.ExternalReference) else ""
        step, count = self._images(reference)
        if step != 1:
            self.notes.add("Only some of its numbered pictures are shown: comes in as a change of speed", clip.name)
        frames = FrameSequence(
            folder=reference.target_url_base.rstrip("/"),
            prefix=reference.name_prefix,
            suffix=reference.name_suffix,
            first_number=-1 if reference.metadata.get(METADATA_KEY, {}).get("first_unknown") else reference.start_frame,
            digits=min(max(1, reference.frame_zero_padding), MOST_DIGITS),
            frame_count=count,
            movie=self.finder.file(movie_path, noted=False) if movie_path else "",
        )
        return self.finder.sequence(frames), step

    def _images(self, reference: otio.schema.ImageSequenceReference) -> tuple[Fraction, int]:
        """Give how many numbers go by in a frame of the timeline, and how many pictures there are."""
        own = self.fps if abs(reference.rate - float(self.fps)) < ROUNDED or not reference.rate > 0 else exact_rate(reference.rate)
        step = own / self.fps * max(1, abs(reference.frame_step))
        available = reference.available_range
        return step, 0 if available is None else min(MOST_PICTURES, max(0, math.ceil(self._frames(available.duration) * step)))

    def _file(self, reference: otio.schema.ExternalReference, end: Fraction) -> FrameSequence | MediaFile | Still:
        available = self._available(reference)
        count = math.ceil(end) if available is None else max(0, math.ceil(self._frames(available.duration)))
        if _is_our_still(reference):
            return Still(path=self.finder.file(reference.target_url))
        if (frames := numbered_in(reference.target_url, count)) is not None:
            return self.finder.sequence(frames)
        path = self.finder.file(reference.target_url)
        if any(path.lower().endswith(suffix) for suffix in STILL_SUFFIXES):
            return sequence_on_disk(path, count) or Still(path=path)
        return MediaFile(path=path, frame_count=self._longest(path, count, known=available is not None))

    def _longest(self, path: str, count: int, *, known: bool) -> int:
        """Let a file of unknown length be as long as its longest clip so far."""
        if not known:
            count = self.lengths[path] = max(count, self.lengths.get(path, 0))
        return count

    def _generated(self, clip: otio.schema.Clip, reference: otio.schema.GeneratorReference) -> Colour | Text | None:
        kind, parameters = reference.generator_kind, _plain(reference.parameters)
        if kind == "Text" and isinstance(parameters.get("words"), str):
            return Text(words=parameters["words"])
        if kind.lower() in BLACK_KINDS:
            red, green, blue = (_part(parameters.get(part, 0)) for part in ("red", "green", "blue"))
            return Colour(red=red, green=green, blue=blue)
        self.notes.add(f"What “{kind}” makes is unknown: there is a gap", clip.name)
        return None

    # Markers -----------------------------------------------------------------------------------------------------------------------------

    def _mark_once(self, marker: otio.schema.Marker, start: Fraction) -> None:
        made = self._marker(marker, start)
        if made not in self.marked:
            self.marked.add(made)
            self.markers.append(made)

    def _marker(self, marker: otio.schema.Marker, start: Fraction) -> Marker:
        note = marker.metadata.get("Resolve_OTIO", {}).get("Note", "")
        comment = marker.comment or (note if isinstance(note, str) else "")
        length = max(0, round(self._frames(marker.marked_range.duration)))
        name = marker.name
        if not self.noted.get("fps"):  # elsewhere a marker is a frame long at least, and may have one text only
            name, comment = (name, comment) if name else (comment, "")
            length = 0 if length == 1 else length
        return Marker(
            name=name,
            start=round(start),
            frame_count=length,
            colour=marker.color if marker.color in MARKER_COLOURS else "GREEN",
            comment=comment,
        )


# Rows -----------------------------------------------------------------------------------------------------------------------------------


def _append(rows: list[Row], more: list[Row], *, filled: int, frame_count: int) -> None:
    """Lay rows behind others, with gaps where either has fewer than the other. `rows` changes."""
    while len(rows) < len(more):
        rows.append([])
    for number, row in enumerate(rows):
        if number < len(more):
            _fill(row, filled)
            row.extend(more[number])
        elif number == 0:
            row.append(Gap(frame_count=frame_count))


def _fill(row: Row, frame_count: int) -> None:
    """Let a row be so long, by a gap at its end."""
    missing = frame_count - sum(item.frame_count for item in row if not isinstance(item, Crossfade))
    if missing > 0:
        row.append(Gap(frame_count=missing))


# What OpenTimelineIO's objects say ------------------------------------------------------------------------------------------------------


def _span(item: otio.core.Item) -> otio.opentime.TimeRange | None:
    """Give an item's range in its own media, None if it has none."""
    if item.source_range is not None:
        return item.source_range
    try:
        return item.available_range()
    except (otio.exceptions.OTIOError, NotImplementedError, ValueError):
        return None


def _kind(child: otio.core.Composable) -> Kind | None:
    """Say what a stack's child shows: what is no track is a picture."""
    return KINDS.get(child.kind) if isinstance(child, otio.schema.Track) else "video"


def _holds(child: otio.core.Composable, kind: Kind) -> bool:
    """Say whether a nest holds clips on tracks of a kind."""
    if isinstance(child, otio.schema.Track):
        return _kind(child) == kind and any(not isinstance(one, otio.schema.Gap | otio.schema.Transition) for one in child)
    return isinstance(child, otio.schema.Stack) and any(_holds(one, kind) for one in child)


def _chosen(clip: otio.schema.Clip) -> otio.core.MediaReference:
    """Give a clip's numbered pictures if it has any, else what is active."""
    frames = clip.media_references().get(FRAMES_KEY)
    chosen = clip.media_reference if frames is None else frames
    return otio.schema.MissingReference() if chosen is None else chosen  # a damaged file may hold nothing under a key


def _is_our_still(reference: otio.core.MediaReference) -> bool:
    return bool(reference.metadata.get(METADATA_KEY, {}).get("still"))


def _noted_fraction(effect: otio.schema.Effect, name: str) -> Fraction | None:
    try:
        return _exact(effect.metadata.get(METADATA_KEY, {})[name])
    except (KeyError, ValueError, ZeroDivisionError):
        return None


def _exact(value: Any) -> Fraction:
    """Read a fraction that we wrote down.

    Raises
    ------
    ValueError
        If it is none, or a monstrous one.
    """
    if not isinstance(value, str) or NUMBER.fullmatch(value) is None:
        raise ValueError(value)
    return Fraction(value)


def _fraction(value: float) -> Fraction:
    return Fraction(value).limit_denominator(10_000) if math.isfinite(value) else Fraction(0)


def _counted_from(frame: int, points: tuple[VolumePoint, ...]) -> tuple[VolumePoint, ...]:
    return tuple(replace(point, frame=point.frame - frame) for point in points) if points else ()


def _part(value: Any) -> float:
    """Give a colour's part, 0 ... 1."""
    return min(1.0, max(0.0, float(value))) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _size(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _plain(value: Any) -> Any:
    return json.loads(otio.core.serialize_json_to_string(value))


def _json(value: Any) -> str:
    return json.dumps(_plain(value), separators=(",", ":"), sort_keys=True)
