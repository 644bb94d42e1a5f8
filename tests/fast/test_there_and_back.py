"""What goes out to other editors, and what comes back from there: rules that hold for each format."""

import re
from fractions import Fraction
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pytest

from core.handover.export import export, to_timeline
from core.handover.fitting import fit
from core.handover.movie import CODECS, write_movie
from core.handover.probing import measure_movies
from core.handover.reading import read_edit
from core.handover.volumes import at
from core.pictures import encode_png
from core.protocol import (
    Clip,
    Edit,
    ExportOptions,
    FrameSequence,
    Gap,
    Marker,
    MediaFile,
    Missing,
    MovieKind,
    Track,
    UserError,
    VolumePoint,
    crossfaded,
)
from core.sync_card import draw_card

COUNT = 16
MOVIE = MediaFile(path="/media/cam.mov", frame_count=100)
SOUND = MediaFile(path="/media/song.wav", frame_count=100)
NTSC = [Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(60_000, 1001)]
GO_ON = ExportOptions(missing=Missing.GO_ON)


def _frames(folder):
    folder.mkdir()
    for frame in range(COUNT):
        (folder / f"a_{frame:04d}.png").write_bytes(encode_png(draw_card(frame=frame, size=64)))
    return FrameSequence(folder=str(folder), prefix="a_", suffix=".png", first_number=0, digits=4, frame_count=COUNT)


def _clip(medium, frame_count, *, start=0, name="Clip", **more):
    return Clip(name=name, media=medium, source_start=Fraction(start), frame_count=frame_count, **more)


def _edit(*tracks, fps=25, **more):
    """Tracks as ("video", items ...)."""
    made = tuple(Track(name=f"T{number}", kind=kind, items=tuple(items)) for number, (kind, *items) in enumerate(tracks))
    return Edit(name="E", fps=Fraction(fps), tracks=made, **{"width": 64, "height": 64, **more})


def _shape(edit):
    return [(track.kind, [(type(item).__name__, item.frame_count) for item in track.items]) for track in edit.tracks]


# A movie and its own sound ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("ending", [".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml", ".edl"])
def test_a_movie_and_its_own_sound_come_back_as_picture_and_sound(tmp_path, ending, order):
    tracks = (("video", _clip(MOVIE, 20, start=4)), ("audio", _clip(MOVIE, 20, start=4)))
    edit = _edit(*tracks[::order])
    export(edit, tmp_path / f"film{ending}", options=GO_ON)
    back = read_edit(tmp_path / f"film{ending}").edit
    assert sorted(_shape(back)) == sorted(_shape(edit))
    assert {item.media.path for track in back.tracks for item in track.items} == {MOVIE.path}


def test_a_file_that_is_seen_and_heard_says_both_in_final_cuts_formats(tmp_path):
    edit = _edit(("video", _clip(MOVIE, 20)), ("audio", _clip(MOVIE, 20)), ("audio", _clip(SOUND, 20)))
    for ending in (".xml", ".fcpxml"):
        export(edit, tmp_path / f"film{ending}", options=GO_ON)
    both, heard = ET.parse(tmp_path / "film.fcpxml").getroot().findall("resources/asset")
    assert (both.get("hasVideo"), both.get("hasAudio")) == ("1", "1")
    assert (heard.get("hasVideo"), heard.get("hasAudio")) == (None, "1")
    files = [file for file in ET.parse(tmp_path / "film.xml").getroot().iter("file") if len(file)]
    assert [[kind.tag for kind in file.find("media")] for file in files] == [["video", "audio"], ["audio"]]


# Losses -----------------------------------------------------------------------------------------------------------------------------------


def test_an_edit_decision_list_names_each_track_that_it_has_no_place_for(tmp_path):
    tracks = [("video", _clip(MOVIE, 20)), ("video", _clip(MOVIE, 20)), *[("audio", _clip(SOUND, 20))] * 3]
    warnings = export(_edit(*tracks), tmp_path / "film.edl", options=GO_ON).warnings
    assert any("“T1”" in told and "“T4”" in told and "“T0”" not in told for told in warnings)
    assert _shape(read_edit(tmp_path / "film.edl").edit) == [("video", [("Clip", 20)]), *[("audio", [("Clip", 20)])] * 2]


@pytest.mark.parametrize("ending", [".edl", ".xml", ".fcpxml", ".aaf"])
def test_numbered_pictures_of_which_no_movie_can_be_made_are_told(tmp_path, ending):
    gone = FrameSequence(folder="/gone", prefix="a_", suffix=".png", first_number=0, digits=4, frame_count=COUNT)
    edit = _edit(("video", _clip(gone, 8, name="Gone"), _clip(MOVIE, 20)))
    warnings = export(edit, tmp_path / f"film{ending}", options=GO_ON).warnings
    assert any("Gone" in told and "movie" in told for told in warnings)


@pytest.mark.parametrize("name", ["chromastrip_edl", "chromastrip_fcp7", "chromastrip_fcpxml"])
def test_adapters_of_movies_refuse_numbered_pictures(tmp_path, name):
    timeline = to_timeline(_edit(("video", _clip(_frames(tmp_path / "f"), 8))))
    with pytest.raises(otio.exceptions.NotSupportedError):
        otio.adapters.write_to_string(timeline, name)


def test_the_adapter_of_edit_decision_lists_warns_of_each_track_that_it_leaves_out():
    timeline = to_timeline(_edit(("video", _clip(MOVIE, 20)), ("video", _clip(MOVIE, 20)), ("video", _clip(MOVIE, 20))))
    with pytest.warns(UserWarning, match="has no place") as told:
        otio.adapters.write_to_string(timeline, "chromastrip_edl")
    assert [str(one.message).count("T1") + 2 * str(one.message).count("T2") for one in told] == [1, 2]


# Rates, sizes, numbers --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", NTSC)
@pytest.mark.parametrize("ending", [".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml"])
def test_the_pictures_size_comes_back_at_every_ntsc_rate(tmp_path, fps, ending):
    export(_edit(("video", _clip(MOVIE, 20)), fps=fps, width=512, height=288), tmp_path / f"film{ending}", options=GO_ON)
    back = read_edit(tmp_path / f"film{ending}").edit
    assert (back.width, back.height, back.fps) == (512, 288, fps)


@pytest.mark.parametrize("ending", [".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml"])
def test_a_markers_comment_comes_back(tmp_path, ending):
    markers = (Marker(name="Hit", start=3, comment="loud & clear"), Marker(name="", start=5, comment="only"), Marker(name="Only", start=9))
    export(_edit(("video", _clip(MOVIE, 20)), markers=markers), tmp_path / f"film{ending}", options=GO_ON)
    assert read_edit(tmp_path / f"film{ending}").edit.markers == markers


@pytest.mark.parametrize("ending", [".mlt", ".kdenlive", ".edl"])
def test_programs_that_know_one_text_of_a_marker_show_its_comment(tmp_path, ending):
    edit = _edit(("video", _clip(MOVIE, 20)), markers=(Marker(name="Hit", start=3, comment="loud"),))
    export(edit, tmp_path / f"film{ending}", options=GO_ON)
    assert "Hit loud" in (tmp_path / f"film{ending}").read_text()


def _list(*times):
    lines = [f"{number:03d}  AX       V     C        {time}" for number, time in enumerate(times, 1)]
    return "TITLE: L\nFCM: NON-DROP FRAME\n\n" + "\n* SOURCE FILE: cam.mov\n".join(lines) + "\n* SOURCE FILE: cam.mov\n"


@pytest.mark.parametrize(("media", "last", "fps"), [(25, 29, 30), (25, 24, 25), (24, 59, 60), (Fraction(30_000, 1001), 29, NTSC[1])])
def test_a_lists_own_numbers_win_over_the_rate_of_its_media(tmp_path, monkeypatch, media, last, fps):
    monkeypatch.setattr("core.handover.reading.picture_rate", lambda _: Fraction(media))
    first = f"00:00:00:00 00:00:00:{last:02d} 01:00:00:00 01:00:00:{last:02d}"
    second = f"00:00:10:00 00:00:11:00 01:00:00:{last:02d} 01:00:01:{last:02d}"
    (tmp_path / "cut.edl").write_text(_list(first, second))
    back = read_edit(tmp_path / "cut.edl").edit
    assert back.fps == fps
    assert _shape(back) == [("video", [("Clip", last), ("Clip", round(fps))])]


@pytest.mark.parametrize("word", ["Inf", "-Inf", "Infinity", "NaN"])
def test_infinities_of_others_are_read(tmp_path, word):
    export(_edit(("video", _clip(MOVIE, 20, name='An "Inf" \\'))), tmp_path / "film.otio", options=GO_ON)
    text = (tmp_path / "film.otio").read_text()
    (tmp_path / "film.otio").write_text(text.replace('"metadata": {}', f'"metadata": {{"far": {word}}}'))
    (track,) = read_edit(tmp_path / "film.otio").edit.tracks
    assert [clip.name for clip in track.items] == ['An "Inf" \\']


@pytest.mark.parametrize("ending", [".otio", ".mlt", ".kdenlive", ".xml", ".fcpxml"])
def test_no_infinity_is_written(tmp_path, ending):
    made = _clip(MOVIE, 20, metadata='{"film":"1","seed":Infinity,"truncation":NaN}')
    export(_edit(("video", made)), tmp_path / f"film{ending}", options=GO_ON)
    text = (tmp_path / f"film{ending}").read_text()
    assert not re.search(r"\bInf|\bNaN", text)
    assert read_edit(tmp_path / f"film{ending}").edit.tracks[0].items[0].metadata == '{"film":"1","seed":null,"truncation":null}'


@pytest.mark.parametrize("volume", [float("inf"), float("nan"), -1.0])
def test_a_volume_that_is_no_number_is_refused(tmp_path, volume):
    with pytest.raises(UserError, match="volume"):
        export(_edit(("audio", _clip(SOUND, 20, volume=volume))), tmp_path / "film.mlt", options=GO_ON)


# Volume that changes ----------------------------------------------------------------------------------------------------------------------

FADED = tuple(VolumePoint(frame=frame, volume=volume) for frame, volume in ((-3, 0.0), (9, 1.0), (14, 1.0), (18, 0.25)))


@pytest.mark.parametrize("start", [0, 30])
@pytest.mark.parametrize("ending", [".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml"])
def test_a_volume_that_changes_comes_back_as_it_changes(tmp_path, ending, start):
    sound = _clip(SOUND, 20, start=start, volume=0.75, volume_points=FADED)
    export(_edit(("audio", Gap(frame_count=5), sound)), tmp_path / f"film{ending}", options=GO_ON)
    back = read_edit(tmp_path / f"film{ending}").edit.tracks[0].items[1]
    lines = [[(point.frame, point.volume) for point in points] for points in (FADED, back.volume_points)]
    assert all(abs(at(lines[0], frame) - at(lines[1], frame)) < 0.03 for frame in range(21))
    assert 0.5 < back.volume < 1
    assert len(back.volume_points) <= 6


@pytest.mark.parametrize("ending", [".edl", ".aaf"])
def test_a_volume_that_changes_is_told_where_it_has_no_place(tmp_path, ending):
    sound = _clip(SOUND, 20, name="Faded", volume=1.0, volume_points=FADED)
    assert any("Faded" in told for told in export(_edit(("audio", sound)), tmp_path / f"film{ending}", options=GO_ON).warnings)


def test_kdenlives_fades_do_not_silence_a_sound(tmp_path):
    export(_edit(("audio", _clip(SOUND, 20, start=30, volume=0.5))), tmp_path / "film.kdenlive", options=GO_ON)
    fade = '<filter in="30" out="40"><property name="mlt_service">volume</property><property name="gain">0</property>'
    text = (tmp_path / "film.kdenlive").read_text()
    text = text.replace("<filter>", fade + '<property name="end">1</property></filter><filter>', 1)
    (tmp_path / "film.kdenlive").write_text(text)
    (clip,) = read_edit(tmp_path / "film.kdenlive").edit.tracks[0].items
    assert [(point.frame, pytest.approx(point.volume)) for point in clip.volume_points] == [(0, 0), (10, 0.5)]
    assert clip.volume > 0


def test_a_cut_or_a_fade_moves_the_points_with_the_sound():
    earlier, later = (_clip(SOUND, 20, volume_points=FADED) for _ in range(2))
    first, _, second = crossfaded(earlier, later, overlap_frames=8)
    assert first.volume_points == FADED
    assert [point.frame for point in second.volume_points] == [point.frame - 4 for point in FADED]
    fitted, _ = fit(_edit(("audio", _clip(SOUND, 20, start=-5, volume_points=FADED))))
    _, cut = fitted.tracks[0].items
    assert [point.frame for point in cut.volume_points] == [point.frame - 5 for point in FADED]


# Movies that are measured in Blender's stead ----------------------------------------------------------------------------------------------


def test_movies_are_measured_by_their_own_rate_and_what_is_none_is_said_to_be_none(tmp_path):
    paths = [tmp_path / "f" / f"a_{n:04d}.png" for n in range(COUNT)]
    _frames(tmp_path / "f")
    write_movie(tmp_path / "m.mp4", paths, fps=NTSC[1], codec=CODECS[MovieKind.H264])
    (tmp_path / "no movie.txt").write_text("words")
    movie, words, gone = measure_movies([str(tmp_path / name) for name in ("m.mp4", "no movie.txt", "gone.mp4")])
    assert (movie.fps, movie.frame_count) == (NTSC[1], COUNT)
    assert [(one.fps, one.frame_count) for one in (words, gone)] == [(0, 0)] * 2
