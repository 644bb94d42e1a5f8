"""OpenTimelineIO adapter for Chromastrip's own edit description (``.chromastrip``, JSON), both ways.

The add-on reads the edit off Blender's sequencer and writes it down as `core.protocol.edit` says; this adapter makes an OpenTimelineIO
timeline of it, which any other adapter can then write. OpenTimelineIO loads this file alone, by its path: no imports of ours, no
dataclasses. Needs nothing but opentimelineio.
"""

import json
import math
from fractions import Fraction

import opentimelineio as otio

METADATA_KEY = "chromastrip"
TRACK_KINDS = {"video": otio.schema.TrackKind.Video, "audio": otio.schema.TrackKind.Audio}


def read_from_string(input_str: str) -> otio.schema.Timeline:
    """Turn an edit description into a timeline.

    Parameters
    ----------
    input_str
        JSON text of a `core.protocol.Edit`.

    Returns
    -------
    otio.schema.Timeline
        All times at the edit's rate; paths plain and absolute; our own metadata under ``chromastrip``.
    """
    edit = json.loads(input_str)
    fps = Fraction(edit["fps"])
    timeline = otio.schema.Timeline(name=edit["name"], metadata={METADATA_KEY: {"schema": 1, "fps": edit["fps"]}})
    timeline.tracks.extend(_track(track, float(fps)) for track in edit["tracks"])
    return timeline


def write_to_string(input_otio: otio.schema.Timeline) -> str:
    """Turn a timeline into an edit description; `read_from_string` gives the same timeline back.

    Raises
    ------
    otio.exceptions.NotSupportedError
        If the timeline holds something else than gaps and clips of sound files, movies and image sequences.
    """
    fps = _fps(input_otio)
    tracks = [_track_description(track, fps) for track in input_otio.tracks]
    return _json({"type": "Edit", "name": input_otio.name, "fps": _fraction(fps), "tracks": tracks})


# Edit description to OpenTimelineIO -----------------------------------------------------------------------------------------------------


def _track(track: dict, rate: float) -> otio.schema.Track:
    items = [_gap(item, rate) if item["type"] == "Gap" else _clip(item, rate) for item in track["items"]]
    return otio.schema.Track(name=track["name"], kind=TRACK_KINDS[track["kind"]], children=items)


def _gap(gap: dict, rate: float) -> otio.schema.Gap:
    return otio.schema.Gap(source_range=_range(0, gap["frame_count"], rate))


def _clip(clip: dict, rate: float) -> otio.schema.Clip:
    metadata = {METADATA_KEY: json.loads(clip["metadata"])} if clip["metadata"] else {}
    made = otio.schema.Clip(
        name=clip["name"],
        media_reference=MEDIA_MAKERS[clip["media"]["type"]](clip["media"], rate),
        source_range=_range(float(Fraction(clip["source_start"])), clip["frame_count"], rate),
        metadata=metadata,
    )
    made.enabled = clip["enabled"]
    return made


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


def _file(media: dict, rate: float) -> otio.schema.ExternalReference:
    return otio.schema.ExternalReference(target_url=media["path"], available_range=_range(0, media["frame_count"], rate))


MEDIA_MAKERS = {"FrameSequence": _image_sequence, "MediaFile": _file}


def _range(start: float, frame_count: int, rate: float) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(frame_count, rate))


# OpenTimelineIO to edit description -----------------------------------------------------------------------------------------------------


def _fps(timeline: otio.schema.Timeline) -> Fraction:
    """Give the exact rate: ours if it is noted, else the fraction that editors mean by the rounded one."""
    noted = timeline.metadata.get(METADATA_KEY, {}).get("fps")
    return Fraction(noted) if noted else exact_rate(timeline.duration().rate)


def exact_rate(rate: float) -> Fraction:
    """Give the exact rate that a rounded one stands for: 29.97 means 30000/1001."""
    ntsc = Fraction(math.ceil(rate) * 1000, 1001)
    return ntsc if abs(float(ntsc) - rate) < 0.005 else Fraction(rate).limit_denominator(1000)  # noqa: PLR2004 (rates have two decimals)


def _track_description(track: otio.schema.Track, fps: Fraction) -> dict:
    kind = next(ours for ours, theirs in TRACK_KINDS.items() if theirs == track.kind)
    return {"type": "Track", "name": track.name, "kind": kind, "items": [_item_description(item, fps) for item in track]}


def _item_description(item: otio.core.Item, fps: Fraction) -> dict:
    if not isinstance(item, otio.schema.Gap | otio.schema.Clip):
        raise otio.exceptions.NotSupportedError(f"{type(item).__name__} “{item.name}” is neither a clip nor a gap")
    frame_count = round(item.duration().rescaled_to(float(fps)).value)
    if isinstance(item, otio.schema.Gap):
        return {"type": "Gap", "frame_count": frame_count}
    start = item.trimmed_range().start_time.rescaled_to(float(fps)).value
    ours = item.metadata.get(METADATA_KEY)
    return {
        "type": "Clip",
        "name": item.name,
        "media": _media_description(item.media_reference),
        "source_start": _fraction(Fraction(start).limit_denominator(1_000_000)),
        "frame_count": frame_count,
        "enabled": item.enabled,
        "metadata": "" if ours is None else _json(json.loads(otio.core.serialize_json_to_string(ours))),
    }


def _media_description(media: otio.core.MediaReference) -> dict:
    frame_count = round(media.available_range.duration.value) if media.available_range else 0
    if isinstance(media, otio.schema.ImageSequenceReference):
        return {
            "type": "FrameSequence",
            "folder": media.target_url_base.rstrip("/"),
            "prefix": media.name_prefix,
            "suffix": media.name_suffix,
            "first_number": media.start_frame,
            "digits": media.frame_zero_padding,
            "frame_count": frame_count,
        }
    if isinstance(media, otio.schema.ExternalReference):
        return {"type": "MediaFile", "path": media.target_url, "frame_count": frame_count}
    raise otio.exceptions.NotSupportedError(f"{type(media).__name__} is neither a file nor an image sequence")


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _json(value: dict) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
