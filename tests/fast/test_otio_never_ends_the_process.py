"""OpenTimelineIO's native reader ends the process at some objects; what is given to it holds none of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STRANGE = [None, 3, "x", [], {}, [None], {"a": 3}, {"OTIO_SCHEMA": "Gap.1"}, [{"OTIO_SCHEMA": "Gap.1"}], {"a": {"OTIO_SCHEMA": "Gap.1"}}]
READ = """
import json, sys
from pathlib import Path
from core.handover.reading import read_edit
from core.protocol import UserError
path = Path(sys.argv[1], "a.otio")
for line in sys.stdin:
    print(line, end="", flush=True)
    path.write_text(line)
    try:
        read_edit(path)
    except UserError:
        pass
"""


def objects(kind):
    """Give an object of each version of a kind, each with a field missing or holding something strange."""
    import opentimelineio as otio

    make = getattr(otio.schema, kind)
    fields = json.loads(otio.core.serialize_json_to_string(make()))
    for version in range(1, otio.core.type_version_map()[kind] + 1):
        whole = {**fields, "media_reference": None, "OTIO_SCHEMA": f"{kind}.{version}"}
        for name in set(whole) - {"OTIO_SCHEMA"}:
            yield {key: value for key, value in whole.items() if key != name}
            yield from ({**whole, name: strange} for strange in STRANGE)


def around(one):
    """Put an object where it may be in a timeline."""
    clip = {"OTIO_SCHEMA": "Clip.2", "media_references": {"DEFAULT_MEDIA": None}, "active_media_reference_key": "DEFAULT_MEDIA"}
    kind = one["OTIO_SCHEMA"].partition(".")[0]
    if kind == "Timeline":
        return one
    if kind == "Marker":
        one = {**clip, "markers": [one]}
    elif kind == "LinearTimeWarp":
        one = {**clip, "effects": [one]}
    elif kind.endswith("Reference"):
        one = {**clip, "media_references": {"DEFAULT_MEDIA": one}}
    track = one if kind == "Track" else {"OTIO_SCHEMA": "Track.1", "kind": "Video", "children": [one]}
    return {"OTIO_SCHEMA": "Timeline.1", "tracks": {"OTIO_SCHEMA": "Stack.1", "children": [track]}}


KINDS = [
    "Clip",
    "Marker",
    "Timeline",
    "Track",
    "Gap",
    "Stack",
    "Transition",
    "LinearTimeWarp",
    "ExternalReference",
    "ImageSequenceReference",
]


@pytest.mark.parametrize("kind", KINDS)
def test_no_object_with_a_strange_field_ends_the_process(tmp_path, kind):
    lines = "".join(json.dumps(around(one)) + "\n" for one in objects(kind))
    command = [sys.executable, "-c", READ, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stdout.splitlines()[-1:], done.stderr[-600:])
    assert done.stdout == lines


def test_a_clip_of_the_first_version_keeps_its_medium(tmp_path):
    from core.handover.reading import read_edit

    medium = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": "/m/a.mov", "name": "a"}
    length = {"OTIO_SCHEMA": "RationalTime.1", "rate": 25, "value": 9}
    span = {"OTIO_SCHEMA": "TimeRange.1", "start_time": {**length, "value": 0}, "duration": length}
    clip = {"OTIO_SCHEMA": "Clip.1", "name": "C", "media_reference": medium, "source_range": span}
    path = tmp_path / "a.otio"
    path.write_text(json.dumps(around(clip)))
    ((read,),) = (track.items for track in read_edit(path).edit.tracks)
    assert read.media.path == "/m/a.mov"
    assert read.frame_count == 9
