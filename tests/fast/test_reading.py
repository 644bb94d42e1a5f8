"""Timelines that come back: our own from every format, and other programs' dialects."""

import dataclasses
import json
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.handover.export import export, to_timeline
from core.handover.finding import Finder, plain_path
from core.handover.fitting import fit
from core.handover.noting import Notes
from core.handover.numbering import numbered_in
from core.handover.reading import ADAPTERS, read_edit
from core.handover.timelines import exact_rate, to_edit
from core.pictures import encode_png
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
    MovieKind,
    PathStyle,
    RenderRequest,
    Settings,
    Still,
    Text,
    Track,
    decode,
    encode,
)
from core.sync_card import draw_card
from tests import sounds
from tests.fast.test_handover import EDITS, RATES
from tools.environments import ROOT

GOLDEN = ROOT / "tests" / "golden"
COUNT = 16
FORMATS = [".otio", "_frames.otio", ".otioz", ".kdenlive", ".mlt", ".xml", ".fcpxml", ".edl"]
MOVIE_FORMATS = [".xml", ".fcpxml", ".edl"]
SETTINGS = '{"film":"0123456789ab","seed":7}'


@pytest.fixture
def edit(tmp_path):
    """Two sections that fade into each other (the first one used twice), a gap, a sound, markers."""
    first, second = _cards(tmp_path / "ä b", section=1), _cards(tmp_path / "other", section=2)
    sound = MediaFile(path=str(sounds.write(tmp_path / "song #1.wav", sounds.click_track(seconds=2))), frame_count=50)
    pictures = (
        _clip(first, 10, start=2, name="One", metadata=SETTINGS),
        Crossfade(in_frames=2, out_frames=2),
        _clip(second, 12, start=3, name="Two", metadata='{"film":"2"}'),
        Gap(frame_count=5),
        _clip(first, 6, name="One", metadata=SETTINGS),
    )
    tracks = (
        Track(name="Pictures", kind="video", items=pictures),
        Track(name="Sound", kind="audio", items=(_clip(sound, 30, start=4, name="Song"),)),
    )
    markers = (Marker(name="Beat", start=3), Marker(name="Part", start=8, frame_count=4))
    return Edit(name="Söng", fps=Fraction(25), tracks=tracks, markers=markers, width=64, height=64)


def _cards(folder, *, section, count=COUNT, size=64):
    folder.mkdir()
    for frame in range(count):
        (folder / f"a_{frame + 1:04d}.png").write_bytes(encode_png(draw_card(frame=frame, section=section, size=size)))
    return FrameSequence(folder=str(folder), prefix="a_", suffix=".png", first_number=1, digits=4, frame_count=count)


def _clip(medium, frame_count, *, start=0, name="Clip", **more):
    return Clip(name=name, media=medium, source_start=Fraction(start), frame_count=frame_count, **more)


def _one_track(*items, fps=25, kind="video"):
    return Edit(name="One", fps=Fraction(fps), tracks=(Track(name="Track", kind=kind, items=items),))


def _without_movies(edit):
    """Leave out what the file adds: the names of movies."""
    return _changed(edit, lambda clip: dataclasses.replace(clip, media=_without_movie(clip.media)))


def _without_movie(medium):
    return dataclasses.replace(medium, movie="") if isinstance(medium, FrameSequence) else medium


def _changed(edit, change):
    def new(item):
        return change(item) if isinstance(item, Clip) else item

    return dataclasses.replace(edit, tracks=tuple(dataclasses.replace(track, items=tuple(map(new, track.items))) for track in edit.tracks))


def _items(edit, track=0):
    return edit.tracks[track].items


def _pieces(edit, track=0):
    return [(item.name, item.source_start, item.frame_count) for item in _items(edit, track) if isinstance(item, Clip)]


def _read(timeline):
    notes = Notes()
    return to_edit(timeline, Finder(Path("/nowhere"), (), notes), notes), notes.sentences()


# Our own --------------------------------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(EDITS.map(lambda edit: fit(edit)[0]))
def test_an_edit_comes_back_equal_from_opentimelineio(edit):
    assert _read(to_timeline(edit))[0] == edit


@pytest.mark.parametrize("ending", FORMATS)
def test_an_edit_comes_back_equal_from_every_format(edit, tmp_path, ending):
    edit = dataclasses.replace(edit, fps=Fraction(30_000, 1001))
    export(edit, tmp_path / "out" / f"film{ending}")
    back = read_edit(tmp_path / "out" / f"film{ending}", media_folder=tmp_path / "media")
    assert back.notes == ()
    assert _as_told(back.edit, ending) == _as_told(edit, ending)


def _as_told(edit, ending):
    """Say what a format can say: EDL no size, no names of tracks, no lengths of markers; Kdenlive one size at 29.97."""
    edit = _without_movies(edit)
    if ending == ".otioz":
        edit = _changed(edit, lambda clip: dataclasses.replace(clip, media=type(clip.media).__name__))
    if ending in (".edl", ".kdenlive"):
        edit = dataclasses.replace(edit, width=0, height=0)
    if ending == ".edl":
        edit = dataclasses.replace(edit, markers=tuple(dataclasses.replace(one, frame_count=0) for one in edit.markers))
    if ending == ".edl":  # sounds are measured, where nothing says how long they are
        edit = _changed(edit, lambda clip: dataclasses.replace(clip, media=getattr(clip.media, "path", clip.media)))
    if ending in (".edl", ".fcpxml"):
        edit = dataclasses.replace(edit, tracks=tuple(dataclasses.replace(track, name="") for track in edit.tracks))
    return edit


WHOLE = [".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml"]
SIZE = {"width": 320, "height": 240}


@st.composite
def _plain_edits(draw):
    """Timelines of everything that all formats but EDL hold: several tracks, even cross-fades, gaps, speeds, volumes, muted clips."""
    lengths = st.integers(12, 60)

    def clip(medium, start, length, *, sound):
        speed = draw(st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 2)])) if isinstance(medium, MediaFile) else Fraction(1)
        volume = draw(st.sampled_from([1.0, 0.5, 2.0])) if sound else 1.0
        return _clip(medium, length, start=start * speed, speed=speed, volume=volume, enabled=draw(st.booleans()), name=draw(NAMES))

    def track(kind, number):
        media = (
            [MediaFile(path=f"/m/s{n}.wav", frame_count=1000) for n in range(2)]
            if kind == "audio"
            else [MediaFile(path=f"/m/v{n}.mov", frame_count=1000) for n in range(2)]
        )
        items = []
        for _ in range(draw(st.integers(1, 5))):
            what = draw(st.sampled_from(["gap", "clip", "fade"]))
            if what == "gap" and items and not isinstance(items[-1], Gap):
                items.append(Gap(frame_count=draw(lengths)))
                continue
            if what == "fade" and items and isinstance(items[-1], Clip):
                half = draw(st.integers(1, 5))
                items.append(Crossfade(in_frames=half, out_frames=half))
            items.append(clip(draw(st.sampled_from(media)), draw(st.integers(20, 200)), draw(lengths), sound=kind == "audio"))
        return Track(name=f"{kind} {number}", kind=kind, items=tuple(items))

    tracks = [track("video", number) for number in range(draw(st.integers(1, 2)))]
    tracks += [track("audio", number) for number in range(draw(st.integers(0, 2)))]
    return Edit(name="Random", fps=draw(st.sampled_from(RATES)), tracks=tuple(tracks), **SIZE)


NAMES = st.sampled_from(["One", "Ünï & <two>", "3", "日本"])


@settings(max_examples=15, deadline=None)
@given(edit=_plain_edits())
@pytest.mark.parametrize("ending", WHOLE)
def test_random_timelines_come_back_equal_from_every_adapter(ending, edit):
    from core.handover.export import FORMATS as ADAPTED

    text = otio.adapters.write_to_string(_with_channels(to_timeline(edit)), ADAPTED[ending].adapter)
    back, _ = _read(otio.adapters.read_from_string(text, ADAPTERS[ending]))
    assert _comparable(back, ending) == _comparable(edit, ending)


def _with_channels(timeline):
    for clip in timeline.find_clips():
        clip.media_reference.metadata["chromastrip"] = {"channels": 2}
    return timeline


def _comparable(edit, ending):
    """Leave out what a format rounds (a volume's last digits) or cannot say: last gaps, storylines' names, clips' own names."""
    tracks = [dataclasses.replace(one, items=one.items[:-1] if isinstance(one.items[-1], Gap) else one.items) for one in edit.tracks]
    edit = dataclasses.replace(edit, tracks=tuple(one for one in tracks if one.items))
    edit = _changed(edit, lambda clip: dataclasses.replace(clip, volume=round(clip.volume, 5), media=clip.media.path))
    if ending == ".fcpxml":
        edit = dataclasses.replace(edit, tracks=tuple(dataclasses.replace(track, name="") for track in edit.tracks))
    if ending == ".kdenlive":
        edit = dataclasses.replace(_changed(edit, lambda clip: dataclasses.replace(clip, name="")), width=0, height=0)
    return edit


def test_speeds_stills_colours_words_volumes_and_muted_clips_come_back(tmp_path, edit):
    frames, sound = _items(edit)[0].media, _items(edit, 1)[0].media
    ground = _clip(Colour(red=1.0, green=0.0, blue=0.2), 40, name="Ground")
    slow = _clip(frames, 10, start=2, speed=Fraction(1, 2), name="Slow")
    muted = _clip(frames, 6, enabled=False, name="Muted")
    still = _clip(Still(path=str(Path(frames.folder) / "a_0007.png")), 9, name="Still")
    words = _clip(Text(words="Ünï #1"), 5, name="Words")
    half = _clip(sound, 40, volume=0.5, name="Half")
    tracks = [(ground,), (Gap(frame_count=5), slow, muted, still), (Gap(frame_count=30), words)]
    made = Edit(
        name="All",
        fps=Fraction(25),
        width=64,
        height=64,
        tracks=(
            *(Track(name=f"V{number}", kind="video", items=items) for number, items in enumerate(tracks)),
            Track(name="S", kind="audio", items=(half,)),
        ),
    )
    for ending in (".otio", ".mlt", ".kdenlive", ".xml", ".fcpxml"):
        export(made, tmp_path / f"film{ending}")
        back = read_edit(tmp_path / f"film{ending}")
        for track, expected in zip(back.edit.tracks, made.tracks, strict=True):
            for item, other in zip(track.items, expected.items, strict=True):
                assert type(item) is type(other), ending
                if isinstance(item, Clip):
                    assert (item.frame_count, item.enabled, item.speed) == (other.frame_count, other.enabled, other.speed), ending
                    assert item.name == other.name or ending == ".kdenlive", ending  # where clips of one medium have one name
                    assert item.volume == pytest.approx(other.volume), ending
                    if isinstance(other.media, Colour):
                        assert (item.media.red, item.media.green, item.media.blue) == pytest.approx((1, 0, 0.2), abs=0.002)
                    elif not (ending == ".kdenlive" and other.speed != 1):
                        assert _without_movie(item.media) == other.media, ending


@pytest.mark.parametrize("fps", RATES)
def test_rates_that_others_rounded_are_exact_again(fps):
    for rounded in (float(fps), round(float(fps), 3), round(float(fps), 2)):
        assert exact_rate(rounded) == fps


# Sections -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", MOVIE_FORMATS)
def test_settings_and_frames_are_found_by_the_movie_when_metadata_are_gone(edit, tmp_path, ending):
    file = tmp_path / f"film{ending}"
    export(edit, file)
    text = file.read_text()
    for noted in ("note", "comments"):
        text = _cut_elements(text, noted)
    assert "0123456789ab" not in text
    file.write_text(text.replace(">One<", ">Renamed<").replace('"One"', '"Renamed"').replace(": One\n", ": Renamed\n"))
    back = read_edit(file)
    assert [clip.metadata for clip in _items(back.edit) if isinstance(clip, Clip)] == [SETTINGS, '{"film":"2"}', SETTINGS]
    assert [_without_movie(clip.media) for clip in _items(back.edit) if isinstance(clip, Clip)] == [
        clip.media for clip in _items(edit) if isinstance(clip, Clip)
    ]


def _cut_elements(text, name):
    while f"<{name}>" in text:
        begin, end = text.index(f"<{name}>"), text.index(f"</{name}>") + len(name) + 3
        text = text[:begin] + text[end:]
    return text


def test_cuts_trims_moves_and_repeats_made_elsewhere_come_back_as_such(edit, tmp_path):
    """As another editor would: metadata gone, the first clip split, its halves swapped, one repeated."""
    export(edit, tmp_path / "film.otio", options=ExportOptions(movies=MovieKind.H264))
    timeline = otio.adapters.read_from_file(str(tmp_path / "film.otio"))
    clip = timeline.video_tracks()[0][0].deepcopy()
    clip.set_media_references({"DEFAULT_MEDIA": clip.media_references()["DEFAULT_MEDIA"]}, "DEFAULT_MEDIA")
    clip.metadata.clear()
    clip.name = "whatever"
    halves = [clip.deepcopy() for _ in range(3)]
    for half, (start, length) in zip(halves, [(8, 4), (2, 6), (8, 4)], strict=True):
        half.source_range = otio.opentime.TimeRange(otio.opentime.RationalTime(start, 25), otio.opentime.RationalTime(length, 25))
    made = otio.schema.Timeline(tracks=[otio.schema.Track(kind="Video", children=halves)])
    otio.adapters.write_to_file(made, str(tmp_path / "film back.otio"))
    back = read_edit(tmp_path / "film back.otio", media_folder=tmp_path / "film_media")
    assert _pieces(back.edit) == [("whatever", 8, 4), ("whatever", 2, 6), ("whatever", 8, 4)]
    assert {clip.metadata for clip in _items(back.edit)} == {SETTINGS}
    assert {_without_movie(clip.media) for clip in _items(back.edit)} == {_items(edit)[0].media}


def test_a_section_without_media_is_found_by_its_name(edit, tmp_path):
    export(edit, tmp_path / "film.otio", options=ExportOptions(movies=MovieKind.H264))
    missing = otio.schema.Clip(
        name="ONE.mov", source_range=otio.opentime.TimeRange(otio.opentime.RationalTime(1, 25), otio.opentime.RationalTime(5, 25))
    )
    made = otio.schema.Timeline(tracks=[otio.schema.Track(kind="Video", children=[missing])])
    otio.adapters.write_to_file(made, str(tmp_path / "film.otio"))
    back = read_edit(tmp_path / "film.otio")
    assert _items(back.edit)[0].metadata == SETTINGS
    assert _items(back.edit)[0].media.folder == _items(edit)[0].media.folder
    assert back.notes == ("Recognised by the name alone: “ONE.mov”.",)


def test_a_section_is_found_by_a_marker_on_it(tmp_path):
    clip = _clip(MediaFile(path="/m/cut.mov", frame_count=50), 20)
    marker = Marker(name="Chromastrip", start=4, comment='settings: {"chromastrip":{"seed":3}}')
    export_edit = dataclasses.replace(_one_track(Gap(frame_count=2), clip), markers=(marker,))
    otio.adapters.write_to_file(to_timeline(export_edit), str(tmp_path / "a.otio"), "otio_json")
    assert _items(read_edit(tmp_path / "a.otio").edit)[1].metadata == '{"seed":3}'


def test_a_film_of_ours_is_known_by_its_own_folder(tmp_path):
    frames = _cards(tmp_path / "song_0123456789ab", section=1)
    request = RenderRequest(
        name="song",
        sound_path="/s/song.wav",
        source_start_seconds=Fraction(0),
        frame_count=COUNT,
        fps=Fraction(25),
        settings=Settings(seed=5, classes=(281, 1)),
        frames_folder=str(tmp_path),
        cache_folder=str(tmp_path),
    )
    (tmp_path / "song_0123456789ab" / "film.json").write_text(encode(request))
    otio.adapters.write_to_file(to_timeline(_one_track(_clip(frames, 5))), str(tmp_path / "a.otio"), "otio_json")
    told = json.loads(_items(read_edit(tmp_path / "a.otio").edit)[0].metadata)
    assert (told["film"], told["seed"], told["sound"]) == ("0123456789ab", 5, "song.wav")
    assert told["classes"].startswith("tabby")


def test_foreign_clips_come_in_as_plain_clips(tmp_path):
    foreign = _clip(MediaFile(path="/m/cut.mov", frame_count=50), 20, start=3)
    otio.adapters.write_to_file(to_timeline(_one_track(foreign)), str(tmp_path / "a.otio"), "otio_json")
    back = read_edit(tmp_path / "a.otio")
    assert _items(back.edit) == (foreign,)
    assert back.notes == ("Media are missing: “/m/cut.mov”.",)


# Media ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", [PathStyle.ABSOLUTE, PathStyle.RELATIVE, PathStyle.URI])
def test_media_are_found_however_they_are_named(edit, tmp_path, style):
    export(edit, tmp_path / "film.otio", options=ExportOptions(path_style=style))
    assert read_edit(tmp_path / "film.otio").edit == edit


def test_a_moved_folder_is_found_beside_the_timeline(edit, tmp_path):
    export(edit, tmp_path / "here" / "film.otio", options=ExportOptions(collect=True, path_style=PathStyle.ABSOLUTE))
    shutil.move(tmp_path / "here", tmp_path / "there")
    shutil.rmtree(tmp_path / "ä b")
    back = read_edit(tmp_path / "there" / "film.otio")
    assert all(Path(clip.media.folder).is_relative_to(tmp_path / "there") for clip in _items(back.edit) if isinstance(clip, Clip))
    assert [note.partition(":")[0] for note in back.notes] == ["Media lay elsewhere, and were found beside the timeline"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/a b/c.mov", "/a b/c.mov"),
        ("file:///a%20b/%23c.mov", "/a b/#c.mov"),
        ("file://localhost/a/c.mov", "/a/c.mov"),
        ("file:///C:/a/c.mov", "C:/a/c.mov"),
        ("file://localhost/D%3a/a/c.mov", "D:/a/c.mov"),
        ("file://localhost/D|/a/c.mov", "D:/a/c.mov"),
        ("file:///d%7C/a/c.mov", "d:/a/c.mov"),
        ("file:/D|/a/c.mov", "D:/a/c.mov"),
        ("file://server/share/c.mov", "//server/share/c.mov"),
        ("c%20d.mov", "c%20d.mov"),
    ],
)
def test_uris_become_paths(url, path):
    assert plain_path(url) == path


@pytest.mark.parametrize(
    ("name", "first", "digits", "count"),
    [
        ("/f/a.[0101-0150].png", 101, 4, 50),
        ("/f/a.%5B0101-0150%5D.png", 101, 4, 50),
        ("C:\\f\\a.{7..9}.exr", 7, 1, 3),
        ("/f/a_%06d.png?begin=101", 101, 6, 30),
        ("/f/a_%04d.png?begin:5", 5, 4, 30),
        ("/f/a.####.dpx", -1, 4, 30),
    ],
)
def test_numbered_pictures_are_understood_in_every_dialect(name, first, digits, count):
    frames = numbered_in(name, 30)
    assert (frames.first_number, frames.digits, frames.frame_count) == (first, digits, count)
    assert frames.folder in ("/f", "C:\\f")
    assert frames.prefix.rstrip("._") == "a"


@pytest.mark.parametrize("name", ["/f/a.png", "/f/100%/b.mov", "/f/a[1-2].mov", "/f/a#1.wav", "/f/a_%d"])
def test_other_names_are_one_file(name):
    assert numbered_in(name, 30) is None


# Other programs' files ------------------------------------------------------------------------------------------------------------------


def test_kdenlives_own_project_of_our_edit_is_read_frame_for_frame():
    back = read_edit(GOLDEN / "kdenlive_26.08_saved.kdenlive").edit
    assert (back.name, back.fps, back.width) == ("Scene", 25, 128)
    assert _pieces(back) == [("Section 1", 10, 70), ("Section 2", 12, 40), ("Section 3", 50, 60)]
    assert Crossfade(in_frames=6, out_frames=8) in _items(back)
    assert [clip.metadata for clip in _items(back) if isinstance(clip, Clip)] == [f'{{"section":{n}}}' for n in (1, 2, 3)]
    assert [(marker.name, marker.start, marker.frame_count, marker.colour) for marker in back.markers] == [
        ("Ünï & <beat>", 30, 0, "RED"),
        ("Part", 60, 25, "BLUE"),
    ]
    assert _pieces(back, 1) == [("Clicks", 12, 180)]


def test_kdenlives_own_project_of_an_imported_timeline_is_read():
    back = read_edit(GOLDEN / "kdenlive_26.08_imported_otio.kdenlive").edit
    assert [(start, length) for _, start, length in _pieces(back)] == [(10, 70), (12, 40), (0, 60)]
    assert [track.kind for track in back.tracks] == ["video", "audio"]
    assert _items(back, 1)[0] == Gap(frame_count=5)


def test_kdenlives_own_opentimelineio_is_read_frame_for_frame():
    back = read_edit(GOLDEN / "kdenlive_26.08_export.otio").edit
    assert _pieces(back) == [("Section 1", 10, 70), ("Section 2", 12, 40), ("Section 3", 50, 60)]
    assert Crossfade(in_frames=6, out_frames=8) in _items(back)
    pictures = [clip.media for clip in _items(back) if isinstance(clip, Clip)]
    assert [(one.first_number, one.digits, one.frame_count) for one in pictures] == [(0, 6, 100), (1, 6, 60), (101, 6, 400)]
    assert [(marker.name, marker.start, marker.frame_count) for marker in back.markers] == [("Ünï & <beat>", 30, 0), ("Part", 60, 0)]


def test_shotcuts_own_project_of_our_edit_is_read():
    back = read_edit(GOLDEN / "shotcut_26.9_saved.mlt").edit
    assert _pieces(back) == [("Section 1", 10, 71), ("Section 2", 13, 39), ("Section 3", 50, 60)]  # it forgets where a fade's cut was
    assert Crossfade(in_frames=7, out_frames=7) in _items(back)
    assert [clip.metadata for clip in _items(back) if isinstance(clip, Clip)] == [f'{{"section":{n}}}' for n in (1, 2, 3)]
    assert [(marker.name, marker.start, marker.frame_count) for marker in back.markers] == [("Ünï & <beat>", 30, 0), ("Part", 60, 25)]


def test_resolves_dialect_of_opentimelineio_is_read():
    read = read_edit(GOLDEN / "resolve.otio")
    back = read.edit
    assert back.fps == Fraction(24_000, 1001)
    pictures, fade, camera = _items(back)
    assert (pictures.media.first_number, pictures.media.frame_count, pictures.source_start) == (1, 100, 5)
    assert fade == Crossfade(in_frames=6, out_frames=6)
    assert (camera.source_start, camera.media.frame_count, camera.enabled) == (10, 500, False)  # counted from its own timecode
    assert _items(back, 1)[0].media.frame_count == 240  # said in samples
    assert [(marker.start, marker.comment, marker.colour) for marker in back.markers] == [(12, "look here", "PINK")]
    assert any("“Cropping”" in note for note in read.notes)
    assert not any("“Transform”" in note for note in read.notes)
    assert any("Subtitle" in note for note in read.notes)


def test_premieres_dialect_of_opentimelineio_is_read(tmp_path):
    _cards(tmp_path / "shots", section=1, count=1)
    for number in range(101, 126):
        (tmp_path / "shots" / f"shot_{number:04d}.png").write_bytes(b"")
    text = (GOLDEN / "premiere.otio").read_text().replace("/FOLDER/", f"{tmp_path}/shots/")
    (tmp_path / "a.otio").write_text(text)
    read = read_edit(tmp_path / "a.otio")
    gap, clip, lost = _items(read.edit)
    assert read.edit.fps == Fraction(30_000, 1001)
    assert gap == Gap(frame_count=15)
    assert (clip.media.first_number, clip.media.digits, clip.media.frame_count) == (101, 4, 25)
    assert (clip.source_start, clip.frame_count, clip.speed) == (3, 20, Fraction(1, 2))
    assert lost == Gap(frame_count=10)
    assert any("AdobeNestReference" in note for note in read.notes)
    assert any("“Iris Box”" in note for note in read.notes)


def test_premieres_dialect_of_final_cut_7_xml_is_read():
    read = read_edit(GOLDEN / "premiere.xml")
    gap, first, fade, second, black = _items(read.edit)
    assert (read.edit.fps, read.edit.width, read.edit.height) == (Fraction(30_000, 1001), 1280, 720)
    assert (gap.frame_count, first.source_start, first.frame_count, first.enabled) == (10, 5, 35, True)
    assert fade == Crossfade(in_frames=5, out_frames=5)
    assert (second.source_start, second.frame_count, second.speed, second.enabled) == (Fraction(25, 2), 35, Fraction(1, 2), False)
    assert black.media == Colour(red=0, green=0, blue=0)
    assert len(read.edit.tracks) == 2  # a stereo pair is one sound
    assert _items(read.edit, 1)[0].volume == 0.5
    assert any("Gaussian Blur" in note for note in read.notes)


def test_final_cuts_connected_compound_and_sounding_clips_are_read():
    read = read_edit(GOLDEN / "final_cut.fcpxml")
    assert read.edit.fps == Fraction(24_000, 1001)
    assert [track.kind for track in read.edit.tracks] == ["video", "video", "audio", "audio"]
    assert _pieces(read.edit) == [("camera", 10, 40), ("inner", 2, 20)]
    assert _items(read.edit, 1)[0] == Gap(frame_count=42)
    assert _items(read.edit, 1)[1].media == Text(words="Hello")
    assert _items(read.edit, 3)[0] == Gap(frame_count=10)
    assert _items(read.edit, 3)[1].volume == pytest.approx(0.5, abs=1e-6)
    assert [(marker.name, marker.start, marker.comment) for marker in read.edit.markers] == [("Look", 2, "why")]
    assert any("Gaussian" in note for note in read.notes)


def test_an_edit_decision_list_with_dropped_numbers_is_read():
    read = read_edit(GOLDEN / "avid.edl")
    first, fade, second, gap, fast = _items(read.edit)
    assert read.edit.fps == Fraction(30_000, 1001)
    assert (first.name, first.frame_count, fade.in_frames + fade.out_frames, second.frame_count) == ("FIRST.MOV", 66, 12, 84)
    assert gap == Gap(frame_count=30)
    assert (fast.speed, fast.frame_count) == (2, 30)
    assert _items(read.edit, 1)[0] == Gap(frame_count=180)
    assert [(marker.name, marker.start, marker.colour) for marker in read.edit.markers] == [("HERE WE ARE", 90, "CYAN")]
    assert any("rate" in note for note in read.notes)


# The command ----------------------------------------------------------------------------------------------------------------------------


def test_the_command_writes_the_edit_and_says_its_notes(tmp_path):
    command = [sys.executable, "-m", "core", "import", GOLDEN / "premiere.xml", "--out", tmp_path / "edit.json"]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert decode((tmp_path / "edit.json").read_text(), Edit) == read_edit(GOLDEN / "premiere.xml").edit
    assert "Note: The effect “Gaussian Blur” is left out" in ended.stderr
