"""Random timelines of clips, gaps, empty clips and nests, written in other programs' formats; and which of their clips are shown."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import opentimelineio as otio
from hypothesis import strategies as st

FPS = 25
SHORTEST_FRAMES = 4
"""A clip of which less is shown may be shorter than half a frame where a nest is retimed; it is not asked for."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A clip (it has no tracks), a gap (no name) or a nest; `start` in frames of its own time, `length` in those of what it lies in."""

    length: int
    name: str = ""
    start: int = 0
    speed: int = 1
    tracks: tuple[tuple[str, tuple["Piece", ...]], ...] = ()


Tracks = tuple[tuple[str, tuple[Piece, ...]], ...]


@st.composite
def _pieces(draw, *, depth, counter):
    made = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["clip", "clip", "clip", "gap", "empty", "nest"]))
        length, start = draw(st.integers(1, 40)), draw(st.integers(0, 30))
        counter[0] += 1
        number = counter[0]
        if kind == "gap":
            made.append(Piece(length=length))
        elif kind == "nest" and depth < 2:
            kinds = draw(st.lists(st.sampled_from(["video", "audio"]), min_size=1, max_size=3))
            inner = tuple((one, draw(_pieces(depth=depth + 1, counter=counter))) for one in kinds)
            speed = draw(st.sampled_from([1, 1, 2]))
            made.append(Piece(name=f"n{number}n", start=start * speed, length=length, speed=speed, tracks=inner))
        else:
            made.append(Piece(name=f"c{number}c", start=start, length=0 if kind == "empty" else length))
    return tuple(made)


@st.composite
def trees(draw):
    """Draw a timeline's tracks."""
    counter = [0]
    kinds = ["video", *draw(st.lists(st.sampled_from(["video", "audio"]), max_size=2))]
    return tuple((kind, draw(_pieces(depth=0, counter=counter))) for kind in kinds)


def at_own_speed(tracks: Tracks) -> Tracks:
    """Give the same without changes of speed."""
    return tuple((kind, tuple(replace(one, speed=1, tracks=at_own_speed(one.tracks)) for one in pieces)) for kind, pieces in tracks)


def shown(tracks: Tracks, *, low: float = 0, high: float = 1e9, within: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each clip that is seen or heard between two times, and each empty one on a track, with the nests that it lies in."""
    for _, pieces in tracks:
        place = 0
        for piece in pieces:
            first, last = max(low, place), min(high, place + piece.length)
            if piece.tracks:
                begin = piece.start + (first - place) * piece.speed
                if last > first:
                    yield from shown(piece.tracks, low=begin, high=begin + (last - first) * piece.speed, within=(*within, piece.name))
            elif piece.name and (last - first >= SHORTEST_FRAMES if within else last > first or piece.length == 0):
                yield piece.name, within
            place += piece.length


# OpenTimelineIO -------------------------------------------------------------------------------------------------------------------------


def span(start: float, length: float) -> otio.opentime.TimeRange:
    """Make a range of frames."""
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, FPS), otio.opentime.RationalTime(length, FPS))


def clip(name: str, start: float, length: float) -> otio.schema.Clip:
    """Make a clip of a movie that is longer than any part of it."""
    media = otio.schema.ExternalReference(target_url=f"/m/{name}.mov", available_range=span(0, 10_000))
    return otio.schema.Clip(name=name, media_reference=media, source_range=span(start, length))


def _otio(tracks: Tracks, path: Path) -> None:
    timeline = otio.schema.Timeline(name="T")
    timeline.tracks.extend(_tracks(tracks))
    otio.adapters.write_to_file(timeline, str(path))


def _tracks(tracks: Tracks) -> list[otio.schema.Track]:
    return [otio.schema.Track(kind=kind.title(), children=list(map(_item, pieces))) for kind, pieces in tracks]


def _item(piece: Piece) -> otio.core.Item:
    if not piece.name:
        return otio.schema.Gap(source_range=span(0, piece.length))
    if not piece.tracks:
        return clip(piece.name, piece.start, piece.length)
    nest = otio.schema.Stack(name=piece.name, source_range=span(piece.start, piece.length), children=_tracks(piece.tracks))
    if piece.speed != 1:
        nest.effects.append(otio.schema.LinearTimeWarp(time_scalar=piece.speed))
    return nest


# Final Cut Pro 7 ------------------------------------------------------------------------------------------------------------------------

RATE = f"<rate><timebase>{FPS}</timebase><ntsc>FALSE</ntsc></rate>"


def _fcp7(tracks: Tracks, path: Path) -> None:
    path.write_text(f'<?xml version="1.0"?><xmeml version="5">{_fcp7_sequence(tracks, "T")}</xmeml>')


def _fcp7_sequence(tracks: Tracks, name: str) -> str:
    media = ""
    for kind in ("video", "audio"):
        inner = "".join(f"<track>{_fcp7_items(pieces)}</track>" for one, pieces in tracks if one == kind)
        media += f"<{kind}>{inner}</{kind}>"
    return f'<sequence id="{name}"><name>{name}</name>{RATE}<media>{media}</media></sequence>'


def _fcp7_items(pieces: tuple[Piece, ...]) -> str:
    place, made = 0, ""
    for piece in pieces:
        if piece.name:
            file = f'<file id="f{piece.name}"><pathurl>/m/{piece.name}.mov</pathurl></file>'
            inner = _fcp7_sequence(piece.tracks, f"s{piece.name}") if piece.tracks else file
            speed = f"<parameter><parameterid>speed</parameterid><value>{100 * piece.speed}</value></parameter>"
            remap = f"<filter><effect><effectid>timeremap</effectid>{speed}</effect></filter>" if piece.speed != 1 else ""
            first = piece.start // piece.speed
            times = f"<start>{place}</start><end>{place + piece.length}</end><in>{first}</in><out>{first + piece.length}</out>"
            made += f"<clipitem><name>{piece.name}</name>{RATE}{times}{inner}{remap}</clipitem>"
        place += piece.length
    return made


# Final Cut Pro --------------------------------------------------------------------------------------------------------------------------

RESOURCES = (
    f'<format id="r1" frameDuration="1/{FPS}s" width="1920" height="1080"/>'
    '<asset id="a" name="A" start="0s" duration="100s" hasVideo="1" hasAudio="1" format="r1"><media-rep src="file:///m/a.mov"/></asset>'
    '<asset id="h" name="H" start="3600s" duration="100s" hasVideo="1" format="r1"><media-rep src="file:///m/h.mov"/></asset>'
    '<asset id="w" name="W" start="0s" duration="100s" hasAudio="1"><media-rep src="file:///m/w.wav"/></asset>'
)


def _fcpxml(tracks: Tracks, path: Path) -> None:
    """Write nests of one track as synchronised clips, others as compound clips."""
    resources = [RESOURCES]
    spine = _fcpxml_spine(tracks, resources)
    sequence = f'<sequence format="r1">{spine}</sequence>'
    document = f'<resources>{"".join(resources)}</resources><project name="P">{sequence}</project>'
    path.write_text(f'<fcpxml version="1.10">{document}</fcpxml>')


def _fcpxml_spine(tracks: Tracks, resources: list[str]) -> str:
    rows = ["".join(_fcpxml_part(piece, resources) for piece in pieces) for _, pieces in tracks]
    if len(rows) == 1:
        return f"<spine>{rows[0]}</spine>"
    connected = "".join(f'<spine lane="{number}" offset="0s">{row}</spine>' for number, row in enumerate(rows, 1))
    return f'<spine><gap offset="0s" duration="400s">{connected}</gap></spine>'


def _fcpxml_part(piece: Piece, resources: list[str]) -> str:
    attributes = f'name="{piece.name}" start="{piece.start}/{FPS}s" duration="{piece.length}/{FPS}s"'
    if not piece.name:
        return f'<gap duration="{piece.length}/{FPS}s"/>'
    if not piece.tracks:
        return f'<asset-clip ref="a" {attributes}/>'
    remap = ""
    if piece.speed != 1:
        end = f'<timept time="100s" value="{100 * piece.speed}s"/>'
        remap = f'<timeMap><timept time="0s" value="0s"/>{end}</timeMap>'
        attributes = attributes.replace(f'start="{piece.start}/', f'start="{piece.start // piece.speed}/')
    spine = _fcpxml_spine(piece.tracks, resources)
    if len(piece.tracks) == 1:
        return f"<sync-clip {attributes}>{remap}{spine}</sync-clip>"
    resources.append(f'<media id="m{piece.name}"><sequence format="r1" tcStart="0s">{spine}</sequence></media>')
    return f'<ref-clip ref="m{piece.name}" {attributes}>{remap}</ref-clip>'


# MLT ------------------------------------------------------------------------------------------------------------------------------------


def _mlt(tracks: Tracks, path: Path, *, is_kdenlive: bool = False) -> None:
    """Write tracks as playlists, or as Kdenlive does: as tractors of two playlists each."""
    made: list[str] = []
    _mlt_tractor(tracks, "T", made, is_kdenlive=is_kdenlive)
    profile = f'<profile frame_rate_num="{FPS}" frame_rate_den="1" width="64" height="64"/>'
    path.write_text(f'<mlt producer="T">{profile}{"".join(made)}</mlt>')


def _mlt_tractor(tracks: Tracks, name: str, made: list[str], *, is_kdenlive: bool) -> None:
    for number, (kind, pieces) in enumerate(tracks):
        entries = "".join(_mlt_entry(piece, made, is_kdenlive=is_kdenlive) for piece in pieces)
        sound = f'<property name="{"kdenlive:audio_track" if is_kdenlive else "shotcut:audio"}">1</property>' if kind == "audio" else ""
        track = f"{name}p{number}"
        if is_kdenlive:
            made += [f'<playlist id="{track}a">{entries}</playlist><playlist id="{track}b"/>']
            made += [f'<tractor id="{track}">{sound}<track producer="{track}a"/><track producer="{track}b"/></tractor>']
        else:
            made.append(f'<playlist id="{track}">{sound}{entries}</playlist>')
    names = "".join(f'<track producer="{name}p{number}"/>' for number in range(len(tracks)))
    made.append(f'<tractor id="{name}">{names}</tractor>')


def _mlt_entry(piece: Piece, made: list[str], *, is_kdenlive: bool) -> str:
    if not piece.name:
        return f'<blank length="{piece.length}"/>'
    if piece.tracks:
        _mlt_tractor(piece.tracks, piece.name, made, is_kdenlive=is_kdenlive)
    else:
        named = {"resource": f"/m/{piece.name}.mov", "mlt_service": "avformat", "shotcut:caption": piece.name}
        inner = "".join(f'<property name="{name}">{value}</property>' for name, value in named.items())
        made.append(f'<producer id="{piece.name}" in="0" out="9999">{inner}</producer>')
    return f'<entry producer="{piece.name}" in="{piece.start}" out="{piece.start + piece.length - 1}"/>'


def _kdenlive(tracks: Tracks, path: Path) -> None:
    _mlt(tracks, path, is_kdenlive=True)


WRITERS = {".otio": _otio, ".xml": _fcp7, ".fcpxml": _fcpxml, ".mlt": _mlt, ".kdenlive": _kdenlive}
"""Suffix, to what writes a timeline with nests to a path."""
