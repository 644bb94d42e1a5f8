"""Edits to OpenTimelineIO and back."""

import dataclasses
import json
import subprocess
import sys
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.handover.export import export, to_timeline
from core.protocol import (
    Clip,
    Colour,
    Crossfade,
    Edit,
    ExportOptions,
    FrameSequence,
    Gap,
    Marker,
    MediaFile,
    Missing,
    Still,
    Text,
    Track,
    UserError,
    decode,
)

RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(60), Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(60_000, 1001)]
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=20)
FOLDERS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
NAME_PARTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), max_size=20)
COUNTS = st.integers(1, 10**6)
JSON = st.recursive(
    st.one_of(TEXT, st.booleans(), st.integers(-(2**31), 2**31), st.decimals(-1000, 1000, places=4).map(float)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=5,
)
METADATA = st.dictionaries(TEXT, JSON, max_size=3).map(lambda value: json.dumps(value, separators=(",", ":"), sort_keys=True))

PATHS = st.tuples(FOLDERS, NAMES).map("/".join)
SEQUENCES = st.builds(
    FrameSequence,
    folder=FOLDERS,
    prefix=NAME_PARTS,
    suffix=NAME_PARTS,
    first_number=COUNTS,
    digits=st.integers(1, 9),
    frame_count=COUNTS,
    movie=st.one_of(st.just(""), PATHS),
)
PARTS = st.decimals(0, 1, places=4).map(float)  # OpenTimelineIO's reader rounds the last of a float's sixteen digits
MEDIA = st.one_of(
    SEQUENCES,
    st.builds(MediaFile, path=PATHS, frame_count=COUNTS),
    st.builds(Still, path=PATHS),
    st.builds(Colour, red=PARTS, green=PARTS, blue=PARTS),
    st.builds(Text, words=TEXT),
)
CLIPS = st.builds(
    Clip,
    name=TEXT,
    media=MEDIA,
    source_start=st.fractions(-(10**5), 10**5, max_denominator=1001),
    frame_count=COUNTS,
    enabled=st.booleans(),
    metadata=st.one_of(st.just(""), METADATA),
    speed=st.one_of(st.just(Fraction(1)), st.fractions(Fraction(1, 100), 100, max_denominator=1001)),
    volume=st.one_of(st.just(1.0), st.decimals(0, 100, places=4).map(float)),
)
GAPS = st.builds(Gap, frame_count=COUNTS)
FADED = st.tuples(CLIPS, st.builds(Crossfade, in_frames=st.integers(0, 99), out_frames=st.integers(0, 99)), CLIPS)
TRACKS = st.builds(
    Track,
    name=TEXT,
    kind=st.sampled_from(["video", "audio"]),
    items=st.lists(st.one_of(CLIPS.map(lambda clip: (clip,)), GAPS.map(lambda gap: (gap,)), FADED), max_size=3).map(
        lambda groups: sum(groups, ())
    ),
)
COLOURS = ["RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "PINK", "BLACK", "WHITE"]
MARKERS = st.builds(
    Marker, name=TEXT, start=st.integers(0, 10**6), frame_count=st.integers(0, 10**5), colour=st.sampled_from(COLOURS), comment=TEXT
)
EDITS = st.builds(
    Edit,
    name=TEXT,
    fps=st.one_of(st.sampled_from(RATES), st.fractions(1, 240, max_denominator=1001)),
    tracks=st.lists(TRACKS, max_size=3).map(tuple),
    markers=st.lists(MARKERS, max_size=2).map(tuple),
    width=st.integers(0, 8192),
    height=st.integers(0, 8192),
)

FRAMES = FrameSequence(folder="/films/a b", prefix="a_", suffix=".png", first_number=0, digits=6, frame_count=90)
EDIT = Edit(
    name="Song",
    fps=Fraction(30_000, 1001),
    tracks=(
        Track(
            name="Chromastrip",
            kind="video",
            items=(Gap(frame_count=12), Clip(name="Film", media=FRAMES, source_start=Fraction(0), frame_count=80, metadata='{"seed":7}')),
        ),
        Track(
            name="Sound",
            kind="audio",
            items=(
                Clip(name="Song", media=MediaFile(path="/music/söng.flac", frame_count=700), source_start=Fraction(31, 3), frame_count=92),
            ),
        ),
    ),
)


def back(timeline):
    return decode(otio.adapters.write_to_string(timeline, "chromastrip_edit"), Edit)


@given(EDITS)
def test_an_edit_comes_back_equal(edit):
    assert back(to_timeline(edit)) == edit


@given(EDITS)
def test_an_edit_comes_back_equal_from_a_file(edit):
    text = otio.adapters.write_to_string(to_timeline(edit), "otio_json")
    assert back(otio.adapters.read_from_string(text, "otio_json")) == edit


@given(EDITS)
def test_lengths_add_up(edit):
    timeline = to_timeline(edit)  # kept by a name: its tracks die with it
    for track, made in zip(edit.tracks, timeline.tracks, strict=True):
        assert made.duration().value == sum(item.frame_count for item in track.items if not isinstance(item, Crossfade))


@pytest.mark.parametrize("fps", RATES)
def test_rates_are_exact_in_every_time(fps):
    timeline = to_timeline(dataclasses.replace(EDIT, fps=fps))
    for clip in timeline.find_clips():
        for time in (clip.source_range, clip.media_reference.available_range):
            assert {time.start_time.rate, time.duration.rate} == {float(fps)}
    assert timeline.metadata["chromastrip"]["fps"] == f"{fps.numerator}/{fps.denominator}"


@pytest.mark.parametrize("fps", RATES)
def test_a_rate_that_others_rounded_is_understood(fps):
    timeline = to_timeline(dataclasses.replace(EDIT, fps=fps))
    del timeline.metadata["chromastrip"]
    assert back(timeline).fps == fps


def test_pictures_are_an_image_sequence_as_others_know_it():
    timeline = to_timeline(EDIT)
    (clip,) = timeline.video_tracks()[0].find_clips()
    media = clip.media_reference
    assert isinstance(media, otio.schema.ImageSequenceReference)
    assert (media.name_prefix, media.name_suffix, media.frame_zero_padding) == ("a_", ".png", 6)
    assert (media.start_frame, media.frame_step, media.rate) == (0, 1, 30_000 / 1001)
    assert media.number_of_images_in_sequence() == 90
    assert media.target_url_for_image_number(89) == "/films/a b/a_000089.png"
    assert dict(clip.metadata["chromastrip"]) == {"seed": 7}


def test_sound_is_a_file_from_its_exact_place():
    timeline = to_timeline(EDIT)
    (clip,) = timeline.audio_tracks()[0].find_clips()
    assert clip.media_reference.target_url == "/music/söng.flac"
    assert clip.source_range.start_time.value == pytest.approx(31 / 3, abs=1e-12)
    assert clip.source_range.duration.value == 92


def test_an_exported_file_is_read_by_opentimelineio_alone(tmp_path):
    export(EDIT, tmp_path / "Ünï demo.otio", options=ExportOptions(missing=Missing.GO_ON))
    program = (
        "import opentimelineio as o, sys; t = o.adapters.read_from_file(sys.argv[1]); print(t.name, len(t.tracks), t.duration().value)"
    )
    command = [sys.executable, "-I", "-c", program, tmp_path / "Ünï demo.otio"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert said.split() == ["Song", "2", "92.0"]
    assert [path.name for path in tmp_path.iterdir()] == ["Ünï demo.otio"]


def test_an_upper_case_suffix_names_the_same_format(tmp_path):
    export(EDIT, tmp_path / "DEMO.OTIO", options=ExportOptions(missing=Missing.GO_ON))
    assert otio.adapters.read_from_file(str(tmp_path / "DEMO.OTIO"), "otio_json").name == "Song"


@pytest.mark.parametrize("name", ["demo.mov", "demo", ".otio.txt", "demo.otio "])
def test_an_unknown_format_is_refused_and_leaves_nothing(tmp_path, name):
    with pytest.raises(UserError, match="no format") as refusal:
        export(EDIT, tmp_path / name)
    assert ".otio" in refusal.value.cure
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_nothing_can_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="file"):
        export(EDIT, tmp_path / "file" / "demo.otio")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_we_cannot_describe_is_refused():
    timeline = to_timeline(EDIT)
    timeline.tracks[0].append(otio.schema.Stack(children=[otio.schema.Clip()]))
    with pytest.raises(otio.exceptions.NotSupportedError):
        back(timeline)
