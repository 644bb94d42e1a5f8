"""OpenTimelineIO adapter that writes AAF for Avid, by way of ``otio-aaf-adapter``, which wants to know more than other formats do.

In: any timeline whose media are movies and sounds. Out: a file that names them; they are linked, not embedded. What this adds: an identity
for each medium, the same wherever it is used; what a cross-fade is in AAF; and gaps, with a Python warning, where AAF knows nothing of a
clip. OpenTimelineIO loads this file alone, by its path. Needs opentimelineio and otio-aaf-adapter.
"""

import hashlib
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import opentimelineio as otio

UMID_PREFIX = "urn:smpte:umid:060a2b34.01010105.01010f20.13000000"  # SMPTE 330M: 32 bytes, made by no registered scheme
DISSOLVE = {
    "Operation": {
        "Identification": "0c3bea40-fc05-11d2-8a29-0050040ef7d2",  # of the AAF Association's “Video Dissolve”
        "Name": "Video Dissolve",
        "Description": "Video Dissolve",
        "DataDefinition": {"Name": "Picture"},
        "IsTimeWarp": False,
        "Bypass": 0,
        "NumberInputs": 2,
        "OperationCategory": "OperationCategory_Effect",
    }
}


def write_to_file(input_otio: otio.schema.Timeline, filepath: str) -> bool:
    """Write a timeline.

    Parameters
    ----------
    input_otio
        All in whole frames of one rate; it is left as it is.
    filepath
        The file to write.

    Returns
    -------
    bool
        True.

    Raises
    ------
    RuntimeError
        If otio-aaf-adapter is not installed.
    """
    if "AAF" not in otio.adapters.available_adapter_names():
        raise RuntimeError("AAF needs the package otio-aaf-adapter: pip install otio-aaf-adapter")
    told = otio.schema.Timeline(name=input_otio.name, global_start_time=input_otio.global_start_time)
    for track in input_otio.tracks:
        if len(track):
            told.tracks.append(_tellable(track))
    with _each_medium_once():
        otio.adapters.write_to_file(told, filepath, adapter_name="AAF", use_empty_mob_ids=True)
    return True


@contextmanager
def _each_medium_once() -> Generator[None]:
    """Let otio-aaf-adapter describe each medium once, not once a clip, and pyaaf2 attach each part once: several times as fast.

    Lent for one file only: the packages are left as they were.
    """
    adapter = otio.adapters.from_name("AAF").module()
    writer, vector = adapter.aaf_writer, adapter.aaf2.properties.StrongRefVectorProperty
    tracks, sounds = writer._TrackTranscriber, writer.AudioTrackTranscriber  # noqa: SLF001 (it has no other place for this)
    described: dict[Any, Any] = {}
    lent = [(tracks, name, _once(getattr(tracks, name), described)) for name in ("_create_tapemob", "_create_filemob", "_create_mastermob")]
    lent += [(sounds, "aaf_sourceclip", _panned_once(sounds.aaf_sourceclip, tracks.aaf_sourceclip))]
    lent += [(vector, "extend", _attaching_new(vector.extend))]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in lent]
    for owner, name, function in lent:
        setattr(owner, name, function)
    try:
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def _once(make: Callable[..., Any], described: dict[Any, Any]) -> Callable[..., Any]:
    def create(self: Any, clip: otio.schema.Clip, *of: Any) -> Any:
        key = make, self.media_kind, clip.media_reference.metadata["AAF"]["SourceID"]
        if key not in described:
            described[key] = make(self, clip, *of)
        return described[key]

    return create


def _panned_once(with_pan: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    """Add a track's pan once; otio-aaf-adapter adds it to the track again for each clip."""
    panned: dict[int, Any] = {}  # they are held, so that no other gets the number of one

    def clip_of(self: Any, clip: otio.schema.Clip) -> Any:
        make = plain if id(self) in panned else with_pan
        panned[id(self)] = self
        return make(self, clip)

    return clip_of


def _attaching_new(extend: Callable[..., Any]) -> Callable[..., Any]:
    """Attach what is new; pyaaf2 attaches everything again, for each clip of a track."""

    def extend_by_new(self: Any, value: list[Any]) -> None:
        old, parent = len(self.references), self.parent
        if not parent.dir or old == 0:
            extend(self, value)
            return
        for number, one in enumerate(value, start=old):
            self.references.append(self.next_free_key)
            self.objects[number] = one
            self.next_free_key += 1
            one.attach(parent.dir.makedir(self.index_ref_name(number)))
        self.add_pid_entry()
        self.mark_modified()

    return extend_by_new


def _tellable(track: otio.schema.Track) -> otio.schema.Track:
    told = otio.schema.Track(name=track.name, kind=track.kind)
    items = [_as_clip(item) for item in track]
    for index, item in enumerate(items):
        if isinstance(item, otio.schema.Transition):
            both = all(isinstance(items[side], otio.schema.Clip) for side in (index - 1, index + 1) if 0 <= side < len(items))
            if track.kind == "Video" and both and 0 < index < len(items) - 1:
                told.append(_dissolve(item))
        else:
            told.append(item)
    return told


def _as_clip(item: Any) -> Any:
    """Give a clip of a file, its medium's identity written on it; a gap for one of nothing that AAF could name."""
    copy = item.deepcopy()
    if not isinstance(copy, otio.schema.Clip):
        return copy
    reference = copy.media_reference
    if not isinstance(reference, otio.schema.ExternalReference) or not copy.enabled or reference.available_range is None:
        warnings.warn(f"AAF cannot say “{copy.name}”, which is muted, or of no file of a known length: there is a gap", stacklevel=2)
        return otio.schema.Gap(source_range=otio.opentime.TimeRange(duration=copy.duration()))
    identity = {"SourceID": _identity(reference.target_url)}
    rate = copy.source_range.duration.rate
    return otio.schema.Clip(
        name=copy.name,
        source_range=_in_frames(copy.source_range, rate),
        media_reference=otio.schema.ExternalReference(
            target_url=reference.target_url, available_range=_in_frames(reference.available_range, rate), metadata={"AAF": identity}
        ),
        metadata={"AAF": identity},
    )


def _in_frames(given: otio.opentime.TimeRange, rate: float) -> otio.opentime.TimeRange:
    values = (round(value.rescaled_to(rate).value) for value in (given.start_time, given.duration))
    return otio.opentime.TimeRange(*(otio.opentime.RationalTime(value, rate) for value in values))


def _identity(address: str) -> str:
    digits = hashlib.blake2b(address.encode(), digest_size=16).hexdigest()
    return ".".join([UMID_PREFIX, *(digits[first : first + 8] for first in range(0, 32, 8))])


def _dissolve(transition: otio.schema.Transition) -> otio.schema.Transition:
    made = otio.schema.Transition(
        name=transition.name,
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=transition.in_offset,
        out_offset=transition.out_offset,
    )
    points = [{"Value": 0.0, "Time": 0.0}, {"Value": 1.0, "Time": 1.0}]
    made.metadata["AAF"] = {"PointList": points, "OperationGroup": DISSOLVE, "CutPoint": int(transition.in_offset.value)}
    return made
