"""The adapters as other people use them: OpenTimelineIO's own programs, in processes of their own, through manifest and entry point."""

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from core.handover.export import MANIFEST, export
from core.pictures import encode_png
from core.protocol import Clip, Crossfade, Edit, ExportOptions, FrameSequence, Gap, Marker, MediaFile, Missing, Track
from core.sync_card import draw_card

PROGRAMS = Path(sys.executable).parent
FRAMES = FrameSequence(folder="/films/a", prefix="a_", suffix=".png", first_number=0, digits=6, frame_count=90)
SONG = MediaFile(path="/music/song.flac", frame_count=700)


def _clip(medium, frame_count, *, start=0, **more):
    return Clip(name="Clip", media=medium, source_start=Fraction(start), frame_count=frame_count, **more)


EDIT = Edit(
    name="Song",
    fps=Fraction(30_000, 1001),
    tracks=(
        Track(
            name="V",
            kind="video",
            items=(
                Gap(frame_count=5),
                _clip(FRAMES, 40, start=3, metadata='{"seed":7}'),
                Crossfade(in_frames=4, out_frames=4),
                _clip(FRAMES, 30, start=10),
            ),
        ),
        Track(name="A", kind="audio", items=(_clip(SONG, 75, start=12),)),
    ),
    markers=(Marker(name="Beat", start=8),),
    width=64,
    height=64,
)
WITH_MANIFEST = {"OTIO_PLUGIN_MANIFEST_PATH": str(MANIFEST), "OTIO_DISABLE_ENTRYPOINTS_PLUGINS": "1"}


def _run(program, *arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTIO", "PYTHON"))}
    ended = subprocess.run([PROGRAMS / program, *arguments], check=False, capture_output=True, text=True, env=clean | environment)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def exported(tmp_path):
    """The edit as OpenTimelineIO's own file; its media are not there."""
    export(EDIT, tmp_path / "film.otio", options=ExportOptions(missing=Missing.GO_ON))
    return tmp_path / "film.otio"


def _summary(path):
    """Say what stands on which track, and how long it is, however the file says it."""
    told = json.loads(path.read_text())
    rows = []
    for track in told["tracks"]["children"]:
        items = [
            (one["OTIO_SCHEMA"].partition(".")[0], round(one.get("source_range", {}).get("duration", {}).get("value", 0)))
            for one in track["children"]
        ]
        rows.append((track["kind"], items))
    return rows


@pytest.mark.parametrize("ending", ["mlt", "kdenlive", "chromastrip"])
def test_otioconvert_writes_and_reads_by_the_manifest(exported, tmp_path, ending):
    _run("otioconvert", "-i", exported, "-o", tmp_path / f"there.{ending}", **WITH_MANIFEST)
    _run("otioconvert", "-i", tmp_path / f"there.{ending}", "-o", tmp_path / "back.otio", **WITH_MANIFEST)
    assert _summary(tmp_path / "back.otio") == _summary(exported)


@pytest.mark.parametrize("ending", ["xml", "fcpxml", "edl"])
def test_otioconvert_writes_and_reads_movies_by_the_manifest(exported, tmp_path, ending):
    told = json.loads(exported.read_text())
    for track in told["tracks"]["children"]:
        for item in track["children"]:
            for reference in item.get("media_references", {}).values():
                if reference["OTIO_SCHEMA"] == "ImageSequenceReference.1":
                    span = reference["available_range"]
                    reference.clear()
                    reference.update({"OTIO_SCHEMA": "ExternalReference.1", "target_url": "/films/a.mov", "available_range": span})
    exported.write_text(json.dumps(told))
    name = {"xml": "chromastrip_fcp7", "fcpxml": "chromastrip_fcpxml", "edl": "chromastrip_edl"}[ending]
    there = tmp_path / f"there.{ending}"
    _run("otioconvert", "-i", exported, "-o", there, "--output-adapter", name, **WITH_MANIFEST)
    _run("otioconvert", "-i", there, "--input-adapter", name, "-o", tmp_path / "back.otio", **WITH_MANIFEST)
    assert _summary(tmp_path / "back.otio") == _summary(exported)


def test_otiotool_finds_every_range_in_bounds(exported):
    said = _run("otiotool", "-i", exported, "--verify-ranges", "--stats", **WITH_MANIFEST)
    verdicts = [line for line in said.splitlines() if "BOUNDS" in line]
    assert verdicts
    assert not any("OUT OF BOUNDS" in line for line in verdicts), said


BUNDLING = """
import pathlib, sys
import opentimelineio as otio

here, movie = pathlib.Path(sys.argv[1]), otio.schema.ExternalReference(target_url=sys.argv[2])
span = otio.opentime.TimeRange(otio.opentime.RationalTime(0, 25), otio.opentime.RationalTime(5, 25))
gone = otio.schema.ExternalReference(target_url=str(here / "gone.mov"))
clips = [otio.schema.Clip(name=str(number), media_reference=one, source_range=span) for number, one in enumerate((movie, gone))]
timeline = otio.schema.Timeline(tracks=[otio.schema.Track(children=clips)])
told = []
for policy in ("ErrorIfNotFile", "MissingIfNotFile", "AllMissing"):
    for dryrun in (True, False):
        path = here / f"{policy}.otioz"
        try:
            told.append(otio.adapters.write_to_file(timeline, str(path), media_policy=policy, dryrun=dryrun))
        except otio.exceptions.OTIOError as error:
            told.append("refused")
        told.append(path.exists())
        if path.exists():
            place = here / f"{policy} extracted"
            place.mkdir()
            back = otio.adapters.read_from_file(str(path), extract_to_directory=str(place))
            told += [sum(one.stat().st_size for one in place.rglob("media/*"))]
            told += [type(clip.media_reference).__name__ for clip in back.find_clips()]
            told += [clip.media_reference.metadata.get("original_target_url") for clip in back.find_clips()]
    try:
        told.append(otio.adapters.write_to_file(timeline, str(path), media_policy="AllMissing"))
    except otio.exceptions.OTIOError:
        told.append("is there already")
    path.unlink(missing_ok=True)
try:
    otio.adapters.read_from_file(sys.argv[2] + "z.otioz")
except Exception as error:
    told.append(type(error).__name__)
print(told)
"""


def test_a_bundles_arguments_do_what_they_do_in_opentimelineios_own_adapter(tmp_path):
    said = []
    for name, environment in (("ours", WITH_MANIFEST), ("theirs", {"OTIO_DISABLE_ENTRYPOINTS_PLUGINS": "1"})):
        place = tmp_path / name
        place.mkdir()
        movie = place / "movie.mov"
        movie.write_bytes(bytes(1000))
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("OTIO", "PYTHON"))}
        command = [sys.executable, "-c", BUNDLING, place, movie]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, env=clean | environment)
        assert ended.returncode == 0, ended.stderr
        said.append(ended.stdout.replace(str(place), ""))
    assert said[0] == said[1]
    assert "refused" in said[0]


def test_numbered_pictures_are_extracted_by_the_plugin_as_by_the_stock_adapter(tmp_path):
    frames = tmp_path / "f"
    frames.mkdir()
    for number in range(3):
        (frames / f"a_{number:06d}.png").write_bytes(encode_png(draw_card(frame=number, section=1, size=64)))
    media = FrameSequence(folder=str(frames), prefix="a_", suffix=".png", first_number=0, digits=6, frame_count=3)
    edit = Edit(name="E", fps=Fraction(25), tracks=(Track(name="V", kind="video", items=(_clip(media, 3),)),), width=64, height=64)
    export(edit, tmp_path / "film.otioz")
    (tmp_path / "out").mkdir()
    code = "import sys, opentimelineio as o; o.adapters.read_from_file(sys.argv[1], extract_to_directory=sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, tmp_path / "film.otioz", tmp_path / "out"], check=True, env={**os.environ, **WITH_MANIFEST})
    extracted = sorted((tmp_path / "out").rglob("*.png"))
    assert [path.read_bytes() for path in extracted] == [path.read_bytes() for path in sorted(frames.iterdir())]
