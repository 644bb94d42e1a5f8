"""OpenTimelineIO adapter for Chromastrip's own edit description (``.chromastrip``, JSON), both ways.

The add-on reads the edit off Blender's sequencer and writes it down as `core.protocol.edit` says; this adapter makes an OpenTimelineIO
timeline of it, which any other adapter can then write. OpenTimelineIO loads this file alone, by its path: no imports of ours, no
dataclasses. Needs nothing but opentimelineio.

A clip of numbered pictures that also exist as a movie has two media references: ``DEFAULT_MEDIA``, the movie, active, since hardly any
editor reads image sequences from OpenTimelineIO; and ``CHROMASTRIP_FRAMES``, the pictures.
"""

import json
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import opentimelineio as otio

METADATA_KEY = "chromastrip"
FRAMES_KEY = "CHROMASTRIP_FRAMES"
MOVIE_KEY = otio.schema.Clip.DEFAULT_MEDIA_KEY
TRACK_KINDS = {"video": otio.schema.TrackKind.Video, "audio": otio.schema.TrackKind.Audio}
POINTS = "volume_points"
VOLUME, SOLID_COLOUR, TEXT = "Volume", "SolidColor", "Text"
COLOURS = {"RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "PINK", "BLACK", "WHITE"}
OTHER_COLOUR = "GREEN"
NUMBER = re.compile(r"-?\d{1,400}+(?:/\d{1,400}+)?")


def read_from_string(input_str: str) -> otio.schema.Timeline:
    """Turn an edit description into a timeline.

    Parameters
    ----------
    input_str
        JSON text of a `core.protocol.Edit`.

    Returns
    -------
    otio.schema.Timeline
        All times at the edit's rate; paths as the edit has them; our own metadata under ``chromastrip``.
    """
    edit = json.loads(input_str)
    rate = float(_exact(edit["fps"]))
    noted = {"schema": 1, "fps": edit["fps"], "width": edit.get("width", 0), "height": edit.get("height", 0)}
    timeline = otio.schema.Timeline(name=edit["name"], metadata={METADATA_KEY: noted})
    timeline.tracks.extend(_track(track, rate) for track in edit["tracks"])
    timeline.tracks.markers.extend(_marker(marker, rate) for marker in edit.get("markers", []))
    return timeline


def write_to_string(input_otio: otio.schema.Timeline) -> str:
    """Turn a timeline into an edit description; `read_from_string` gives the same timeline back.

    Raises
    ------
    otio.exceptions.NotSupportedError
        If the timeline holds something else than gaps, dissolves, and clips of files, image sequences, colours and words.
    """
    fps = _fps(input_otio)
    noted = input_otio.metadata.get(METADATA_KEY, {})
    edit = {
        "type": "Edit",
        "name": input_otio.name,
        "fps": _fraction(fps),
        "tracks": [_track_description(track, fps) for track in input_otio.tracks],
        "markers": [_marker_description(marker, fps) for marker in input_otio.tracks.markers],
        "width": noted.get("width", 0),
        "height": noted.get("height", 0),
    }
    return _json(edit)


# Edit description to OpenTimelineIO -----------------------------------------------------------------------------------------------------


def _track(track: dict, rate: float) -> otio.schema.Track:
    children = list(_items(track["items"], rate))
    return otio.schema.Track(name=track["name"], kind=TRACK_KINDS[track["kind"]], children=children)


def _items(items: list[dict], rate: float) -> Iterator[otio.core.Composable]:
    for index, item in enumerate(items):
        if item["type"] == "Gap":
            yield otio.schema.Gap(source_range=_range(0, item["frame_count"], rate))
        elif item["type"] == "Crossfade":
            yield _transition(item, rate)
        else:
            before = items[index - 1].get("in_frames", 0) if index > 0 else 0
            after = items[index + 1].get("out_frames", 0) if index + 1 < len(items) else 0
            yield _clip(item, rate, before=before, after=after)


def _transition(fade: dict, rate: float) -> otio.schema.Transition:
    return otio.schema.Transition(
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=otio.opentime.RationalTime(fade["in_frames"], rate),
        out_offset=otio.opentime.RationalTime(fade["out_frames"], rate),
    )


def _clip(clip: dict, rate: float, *, before: int, after: int) -> otio.schema.Clip:
    start = float(_exact(clip["source_start"]))
    metadata = {METADATA_KEY: json.loads(clip["metadata"], parse_constant=lambda _: None)} if clip["metadata"] else {}
    made = otio.schema.Clip(
        name=clip["name"],
        source_range=_range(start, clip["frame_count"], rate),
        metadata=metadata,
        effects=list(_effects(clip)),
    )
    shown = _range(start - before, clip["frame_count"] + before + after, rate)
    made.set_media_references(_media(clip["media"], rate, shown=shown), MOVIE_KEY)
    made.enabled = clip["enabled"]
    return made


def _effects(clip: dict) -> Iterator[otio.schema.Effect]:
    speed, volume, points = clip.get("speed", "1/1"), clip.get("volume", 1.0), clip.get("volume_points", [])
    if _exact(speed) != 1:  # a time warp of 1 confuses some readers
        yield otio.schema.LinearTimeWarp(
            name="Speed", time_scalar=float(_exact(speed)), metadata={METADATA_KEY: {"speed": _fraction(_exact(speed))}}
        )
    if volume != 1 or points:
        told = {"volume": volume, **({POINTS: [[point["frame"], point["volume"]] for point in points]} if points else {})}
        yield otio.schema.Effect(name=VOLUME, effect_name=VOLUME, metadata={METADATA_KEY: told})


def _media(media: dict, rate: float, *, shown: otio.opentime.TimeRange) -> dict[str, otio.core.MediaReference]:
    """Make a clip's references; what has no length of its own is available in the range `shown`."""
    if media["type"] == "FrameSequence":
        frames = _image_sequence(media, rate)
        return {MOVIE_KEY: _file(media["movie"], frames.available_range), FRAMES_KEY: frames} if media.get("movie") else {MOVIE_KEY: frames}
    if media["type"] == "MediaFile":
        return {MOVIE_KEY: _file(media["path"], _range(0, media["frame_count"], rate))}
    if media["type"] == "Still":
        still = _file(media["path"], shown)
        still.metadata[METADATA_KEY] = {"still": True}
        return {MOVIE_KEY: still}
    return {MOVIE_KEY: _generator(media, shown)}


def _generator(media: dict, shown: otio.opentime.TimeRange) -> otio.schema.GeneratorReference:
    kind = {"Colour": SOLID_COLOUR, "Text": TEXT}[media["type"]]
    parameters = {name: value for name, value in media.items() if name != "type"}
    return otio.schema.GeneratorReference(generator_kind=kind, parameters=parameters, available_range=shown)


def _image_sequence(media: dict, rate: float) -> otio.schema.ImageSequenceReference:
    return otio.schema.ImageSequenceReference(
        target_url_base=media["folder"].rstrip("/") + "/",
        name_prefix=media["prefix"],
        name_suffix=media["suffix"],
        start_frame=media["first_number"],
        frame_zero_padding=media["digits"],
        rate=rate,
        available_range=_range(0, media["frame_count"], rate),
    )


def _file(path: str, available: otio.opentime.TimeRange) -> otio.schema.ExternalReference:
    return otio.schema.ExternalReference(target_url=path, available_range=available)


def _marker(marker: dict, rate: float) -> otio.schema.Marker:
    return otio.schema.Marker(
        name=marker["name"],
        marked_range=_range(marker["start"], marker["frame_count"], rate),
        color=marker["colour"],
        comment=marker["comment"],
    )


def _range(start: float, frame_count: int, rate: float) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(frame_count, rate))


# OpenTimelineIO to edit description -----------------------------------------------------------------------------------------------------


def _fps(timeline: otio.schema.Timeline) -> Fraction:
    """Give the exact rate: ours if it is noted, else the fraction that editors mean by the rounded one."""
    noted = timeline.metadata.get(METADATA_KEY, {}).get("fps")
    return _exact(noted) if noted else exact_rate(timeline.duration().rate)


def exact_rate(rate: float) -> Fraction:
    """Give the exact rate that a rounded one stands for: 29.97 means 30000/1001."""
    ntsc = Fraction(math.ceil(rate) * 1000, 1001)
    return ntsc if abs(float(ntsc) - rate) < 0.005 else Fraction(rate).limit_denominator(1000)  # noqa: PLR2004 (rates have two decimals)


def _track_description(track: otio.schema.Track, fps: Fraction) -> dict:
    kind = next(ours for ours, theirs in TRACK_KINDS.items() if theirs == track.kind)
    return {"type": "Track", "name": track.name, "kind": kind, "items": [_item_description(item, fps) for item in track]}


def _item_description(item: otio.core.Composable, fps: Fraction) -> dict:
    if isinstance(item, otio.schema.Transition):
        return {"type": "Crossfade", "in_frames": _frames(item.in_offset, fps), "out_frames": _frames(item.out_offset, fps)}
    if not isinstance(item, otio.schema.Gap | otio.schema.Clip):
        raise otio.exceptions.NotSupportedError(f"{type(item).__name__} “{item.name}” is neither a clip nor a gap")
    if isinstance(item, otio.schema.Gap):
        return {"type": "Gap", "frame_count": _frames(item.duration(), fps)}
    return _clip_description(item, fps)


def _clip_description(clip: otio.schema.Clip, fps: Fraction) -> dict:
    start = clip.trimmed_range().start_time.rescaled_to(float(fps)).value
    ours = clip.metadata.get(METADATA_KEY)
    return {
        "type": "Clip",
        "name": clip.name,
        "media": _media_description(clip),
        "source_start": _fraction(Fraction(start).limit_denominator(1_000_000)),
        "frame_count": _frames(clip.duration(), fps),
        "enabled": clip.enabled,
        "metadata": "" if ours is None else _json(_plain(ours)),
        "speed": _fraction(_speed(clip)),
        "volume": _volume(clip),
        "volume_points": list(_volume_points(clip)),
    }


def _speed(clip: otio.schema.Clip) -> Fraction:
    speed = Fraction(1)
    for warp in clip.effects:
        if isinstance(warp, otio.schema.LinearTimeWarp):
            noted = warp.metadata.get(METADATA_KEY, {}).get("speed")
            speed *= _exact(noted) if noted else Fraction(warp.time_scalar).limit_denominator(10_000)
    return speed


def _volume(clip: otio.schema.Clip) -> float:
    volumes = (effect.metadata.get(METADATA_KEY, {}).get("volume", 1.0) for effect in clip.effects)
    return math.prod(volumes, start=1.0)


def _volume_points(clip: otio.schema.Clip) -> Iterator[dict]:
    """Give the points of the one effect that has some."""
    for effect in clip.effects:
        if points := effect.metadata.get(METADATA_KEY, {}).get(POINTS):
            yield from ({"type": "VolumePoint", "frame": frame, "volume": volume} for frame, volume in points)
            return


def _media_description(clip: otio.schema.Clip) -> dict:
    references = clip.media_references()
    frames = references.get(FRAMES_KEY, references.get(MOVIE_KEY))
    movie = references.get(MOVIE_KEY)
    media = frames if isinstance(frames, otio.schema.ImageSequenceReference) else clip.media_reference
    if isinstance(media, otio.schema.ImageSequenceReference):
        return _sequence_description(media, movie.target_url if isinstance(movie, otio.schema.ExternalReference) else "")
    if isinstance(media, otio.schema.ExternalReference):
        return _file_description(media)
    if isinstance(media, otio.schema.GeneratorReference) and media.generator_kind in (SOLID_COLOUR, TEXT):
        return {"type": "Colour" if media.generator_kind == SOLID_COLOUR else "Text", **_plain(media.parameters)}
    raise otio.exceptions.NotSupportedError(f"{type(media).__name__} is neither a file, an image sequence, a colour nor words")


def _sequence_description(media: otio.schema.ImageSequenceReference, movie: str) -> dict:
    return {
        "type": "FrameSequence",
        "folder": media.target_url_base.rstrip("/"),
        "prefix": media.name_prefix,
        "suffix": media.name_suffix,
        "first_number": media.start_frame,
        "digits": media.frame_zero_padding,
        "frame_count": _available_frames(media),
        "movie": movie,
    }


def _file_description(media: otio.schema.ExternalReference) -> dict:
    if media.metadata.get(METADATA_KEY, {}).get("still"):
        return {"type": "Still", "path": media.target_url}
    return {"type": "MediaFile", "path": media.target_url, "frame_count": _available_frames(media)}


def _available_frames(media: otio.core.MediaReference) -> int:
    return round(media.available_range.duration.value) if media.available_range else 0


def _marker_description(marker: otio.schema.Marker, fps: Fraction) -> dict:
    return {
        "type": "Marker",
        "name": marker.name,
        "start": _frames(marker.marked_range.start_time, fps),
        "frame_count": _frames(marker.marked_range.duration, fps),
        "colour": marker.color if marker.color in COLOURS else OTHER_COLOUR,
        "comment": marker.comment,
    }


def _frames(time: otio.opentime.RationalTime, fps: Fraction) -> int:
    return round(time.rescaled_to(float(fps)).value)


def _exact(text: str) -> Fraction:
    """Read a number that was written down exactly; Python would also take 1e999999999, and never come back."""
    if NUMBER.fullmatch(text) is None:
        raise ValueError(f"“{text[:40]}” is no number")
    return Fraction(text)


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _plain(value: Any) -> Any:
    return json.loads(otio.core.serialize_json_to_string(value))


def _json(value: dict) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
