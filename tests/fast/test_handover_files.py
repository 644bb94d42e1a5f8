"""Edits to files for other editors: what every format says, what happens to media, and what is refused."""

import dataclasses
import zipfile
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import av
import numpy as np
import opentimelineio as otio
import pytest
from hypothesis import given, settings

from core.handover import clip_movies, media
from core.handover import export as exporting
from core.handover.export import export, target_path
from core.handover.fitting import fit
from core.handover.reading import read_edit
from core.pictures import encode_png, read_picture
from core.protocol import (
    PROFILES,
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
    MovieKind,
    PathStyle,
    Still,
    Target,
    Text,
    Track,
    UserError,
    crossfaded,
)
from core.sync_card import draw_card, read_card
from core.working import CancelledError
from tests import sounds
from tests.fast.test_handover import EDITS

COUNT = 20
FILE_FORMATS = [".otio", "_frames.otio", ".otioz", ".kdenlive", ".mlt", ".xml", ".fcpxml", ".aaf", ".edl"]
RATES = [Fraction(24), Fraction(25), Fraction(30), Fraction(60), Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(60_000, 1001)]


@pytest.fixture
def edit(tmp_path):
    """Two sections that fade into each other, a gap, a third clip of the first section; a sound; markers."""
    first, second = _cards(tmp_path / "ä b", section=1), _cards(tmp_path / "other", section=2)
    sound = MediaFile(path=str(sounds.write(tmp_path / "song #1?.wav", sounds.click_track(seconds=2))), frame_count=50)
    pictures = (
        _clip(first, 10, start=2, metadata='{"section":1}'),
        Crossfade(in_frames=2, out_frames=2),
        _clip(second, 12, start=3),
        Gap(frame_count=5),
        _clip(first, 6),
    )
    tracks = (
        Track(name="Pictures", kind="video", items=pictures),
        Track(name="Sound", kind="audio", items=(_clip(sound, 30, start=4),)),
    )
    markers = (Marker(name="Beat", start=3, colour="RED", comment="one"), Marker(name="Part", start=8, frame_count=4))
    return Edit(name="Söng", fps=Fraction(25), tracks=tracks, markers=markers)


def _cards(folder, *, section, count=COUNT, size=64):
    folder.mkdir()
    for frame in range(count):
        (folder / f"a_{frame + 1:04d}.png").write_bytes(encode_png(draw_card(frame=frame, section=section, size=size)))
    return FrameSequence(folder=str(folder), prefix="a_", suffix=".png", first_number=1, digits=4, frame_count=count)


def _clip(medium, frame_count, *, start=0, **more):
    return Clip(name="Clip", media=medium, source_start=Fraction(start), frame_count=frame_count, **more)


def _one_track(*items, fps=25, kind="video"):
    return Edit(name="One", fps=Fraction(fps), tracks=(Track(name="Track", kind=kind, items=items),))


def _files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# Formats --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FILE_FORMATS)
def test_every_format_is_written_and_leaves_nothing_else(edit, tmp_path, ending):
    out = tmp_path / "out"
    done = export(edit, out / f"film{ending}")
    assert done.path == out / f"film{ending}"
    beside = {path for path in _files(out) if not path.startswith("film_media/")}
    assert beside == {f"film{ending}"}
    assert {str(path.relative_to(out)) for path in done.movies} == set(_files(out)) - beside - {"film_media/sections.json"}


@pytest.mark.parametrize("target", list(PROFILES))
def test_every_target_gets_its_format_and_its_movies(edit, tmp_path, target):
    done = export(edit, tmp_path / "out" / "film.otio", options=ExportOptions(target=target, movies=MovieKind.H264))
    assert done.path.name == f"film{PROFILES[target].ending}"
    assert len(done.movies) == 2


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        ("a.mov", Target.KDENLIVE, "a.mov.kdenlive"),
        ("a", Target.SHOTCUT, "a.mlt"),
        ("a.otio", Target.OPENRV, "a_frames.otio"),
        ("a_frames.otio", Target.OPENRV, "a_frames.otio"),
        ("a.MLT", Target.SHOTCUT, "a.MLT"),
    ],
)
def test_a_target_names_the_file(name, target, expected):
    assert target_path(Path(name), target).name == expected


def test_numbered_pictures_stay_the_second_reference_beside_a_movie(edit, tmp_path):
    for ending, active in ((".otio", "DEFAULT_MEDIA"), ("_frames.otio", "CHROMASTRIP_FRAMES")):
        done = export(edit, tmp_path / f"film{ending}", options=ExportOptions(movies=MovieKind.H264))
        timeline = otio.adapters.read_from_file(str(done.path))
        clip = timeline.video_tracks()[0][0]
        assert clip.active_media_reference_key == active
        assert Path(clip.media_references()["DEFAULT_MEDIA"].target_url) in done.movies
        assert clip.media_references()["CHROMASTRIP_FRAMES"].number_of_images_in_sequence() == COUNT


@pytest.mark.parametrize("style", [PathStyle.ABSOLUTE, PathStyle.RELATIVE, PathStyle.URI])
def test_paths_are_named_as_wished(edit, tmp_path, style):
    export(edit, tmp_path / "film.otio", options=ExportOptions(path_style=style))
    timeline = otio.adapters.read_from_file(str(tmp_path / "film.otio"))
    sound = timeline.audio_tracks()[0][0].media_reference.target_url
    frames = timeline.video_tracks()[0][0].media_reference.target_url_base
    absolute = tmp_path / "song #1?.wav"
    expected = {
        PathStyle.ABSOLUTE: (str(absolute), f"{tmp_path}/ä b/"),
        PathStyle.RELATIVE: ("song #1?.wav", "ä b/"),
        PathStyle.URI: (absolute.as_uri(), (tmp_path / "ä b").as_uri() + "/"),
    }
    assert (sound, frames) == expected[style]


def test_a_bundle_is_extracted_by_opentimelineio_alone(edit, tmp_path):
    export(edit, tmp_path / "film.otioz", options=ExportOptions(movies=MovieKind.H264))
    out = tmp_path / "extracted"
    out.mkdir()
    timeline = otio.adapters.read_from_file(str(tmp_path / "film.otioz"), "otioz", extract_to_directory=str(out))
    names = [Path(path).name for path in _files(out / "media")]
    assert len(names) == len(set(names)) == 2 * COUNT + 2 + 1  # frames, movies, sound
    for clip in timeline.find_clips():
        for reference in clip.media_references().values():
            if isinstance(reference, otio.schema.ImageSequenceReference):
                paths = [reference.target_url_for_image_number(number) for number in range(COUNT)]
                section = 1 if clip.source_range.start_time.value != 3 else 2
                assert [read_card(read_picture(out / path)) for path in paths] == [(frame, section) for frame in range(COUNT)]
            else:
                assert (out / reference.target_url).is_file()
    with zipfile.ZipFile(tmp_path / "film.otioz") as bundle:
        assert bundle.read("version.txt") == b"1.0.0"


@pytest.mark.parametrize("fps", RATES)
def test_final_cut_7_xml_counts_in_exact_rates(edit, tmp_path, fps):
    export(dataclasses.replace(edit, fps=fps), tmp_path / "film.xml")
    root = ET.parse(tmp_path / "film.xml").getroot()
    ntsc = "TRUE" if fps.denominator == 1001 else "FALSE"
    assert {(rate.findtext("timebase"), rate.findtext("ntsc")) for rate in root.iter("rate")} == {(str(round(fps)), ntsc)}
    first, second, third = root.findall("sequence/media/video/track/clipitem")
    assert [_numbers(item) for item in (first, second, third)] == [(0, -1, 2, 14), (-1, 22, 1, 15), (27, 33, 0, 6)]
    (fade,) = root.findall("sequence/media/video/track/transitionitem")
    assert (fade.findtext("start"), fade.findtext("end")) == ("8", "12")
    assert [marker.findtext("comment") for marker in root.findall("sequence/marker")] == ["one", ""]
    assert all("%23" in one.text or "media" in one.text for one in root.iter("pathurl"))


def _numbers(item):
    return tuple(int(item.findtext(name)) for name in ("start", "end", "in", "out"))


@pytest.mark.parametrize("fps", RATES)
def test_final_cut_xml_counts_in_exact_seconds(edit, tmp_path, fps):
    sub_frame = dataclasses.replace(edit.tracks[1].items[0], source_start=Fraction(7, 3), volume=0.5)
    edit = dataclasses.replace(edit, fps=fps, tracks=(edit.tracks[0], dataclasses.replace(edit.tracks[1], items=(sub_frame,))))
    assert export(edit, tmp_path / "film.fcpxml").warnings == ()
    root = ET.parse(tmp_path / "film.fcpxml").getroot()
    _check_fcpxml(root)
    spine = root.find(".//sequence/spine")
    placed = [[_frames(part.get(name), fps) for name in ("offset", "duration")] for part in spine if part.tag != "transition"]
    assert placed == [[0, 10], [10, 12], [22, 5], [27, 6]]
    assert [_frames(part.get("start"), fps) for part in spine.findall("asset-clip")] == [2, 3, 0]
    (fade,) = spine.findall("transition")
    assert (_frames(fade.get("offset"), fps), _frames(fade.get("duration"), fps)) == (8, 4)
    sound = spine.find("asset-clip/spine/asset-clip")
    assert _frames(sound.get("start"), fps) == Fraction(7, 3)
    assert sound.find("adjust-volume").get("amount") == "-6.0206dB"


def _frames(time, fps):
    return Fraction(time.removesuffix("s")) * fps


FCPXML = {
    "fcpxml": ({"version"}, ("resources", "library")),
    "resources": (set(), ("format", "asset", "effect")),
    "format": ({"id", "name", "frameDuration", "width", "height", "colorSpace"}, ()),
    "asset": (
        {"id", "name", "src", "start", "duration", "hasVideo", "format", "hasAudio", "audioSources", "audioChannels", "audioRate"},
        (),
    ),
    "effect": ({"id", "name", "uid"}, ()),
    "library": (set(), ("event",)),
    "event": ({"name"}, ("project",)),
    "project": ({"name"}, ("sequence",)),
    "sequence": ({"format", "duration", "tcStart", "tcFormat", "audioLayout", "audioRate"}, ("spine",)),
    "spine": ({"lane", "offset", "name"}, ("asset-clip", "video", "title", "gap", "transition")),
    "asset-clip": (
        {"ref", "name", "offset", "duration", "start", "tcFormat", "srcEnable", "audioRole", "videoRole", "enabled"},
        ("note", "timeMap", "adjust-volume", "spine", "marker"),
    ),
    "gap": ({"name", "offset", "duration", "start"}, ("spine", "marker")),
    "video": ({"ref", "name", "offset", "duration", "start", "enabled"}, ("param", "spine", "marker")),
    "title": ({"ref", "name", "offset", "duration", "start", "enabled"}, ("text", "text-style-def", "spine", "marker")),
    "transition": ({"name", "offset", "duration"}, ()),
    "marker": ({"start", "duration", "value", "note"}, ()),
    "note": (set(), ()),
    "timeMap": (set(), ("timept",)),
    "timept": ({"time", "value", "interp"}, ()),
    "adjust-volume": ({"amount"}, ()),
    "param": ({"name", "key", "value"}, ()),
    "text": (set(), ("text-style",)),
    "text-style": ({"ref", "font", "fontSize", "fontColor"}, ()),
    "text-style-def": ({"id"}, ("text-style",)),
}
"""Apple's document type 1.8 as far as we use it: attributes, and the order of children (those of resources and spines are free)."""


def _check_fcpxml(root):
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    for element in root.iter():
        attributes, children = FCPXML[element.tag]
        assert set(element.attrib) <= attributes, element.tag
        places = [children.index(child.tag) for child in element]
        assert element.tag in ("resources", "spine") or places == sorted(places), element.tag
        assert element.get("ref", next(iter(ids))) in ids


def test_an_edit_decision_list_is_read_back(edit, tmp_path):
    export(edit, tmp_path / "film.edl")
    timeline = otio.adapters.read_from_file(str(tmp_path / "film.edl"), "cmx_3600", rate=25)
    clips = [item for item in timeline.video_tracks()[0] if isinstance(item, otio.schema.Clip)]
    starts = [(clip.source_range.start_time.value, clip.source_range.duration.value) for clip in clips]
    assert starts == [(2, 8), (1, 14), (0, 6)]  # a dissolve begins where the later clip does
    assert len(timeline.audio_tracks()[0]) == 1


def test_final_cut_7_xml_is_read_back(edit, tmp_path):
    export(edit, tmp_path / "film.xml")
    timeline = otio.adapters.read_from_file(str(tmp_path / "film.xml"), "fcp_xml")
    pictures = timeline.video_tracks()[0]
    assert [type(item).__name__ for item in pictures] == ["Clip", "Transition", "Clip", "Gap", "Clip"]
    clips = [item for item in pictures if isinstance(item, otio.schema.Clip)]
    ranges = [(clip.source_range.start_time.value, clip.source_range.duration.value) for clip in clips]
    assert ranges == [(2, 10), (3, 12), (0, 6)]
    assert [marker.name for marker in timeline.tracks.markers] == ["Beat", "Part"]


def test_aaf_is_read_back_by_its_own_adapter(tmp_path, edit):
    done = export(edit, tmp_path / "film.aaf")
    assert done.warnings == (".aaf gets no markers: 2 are left out.",)
    timeline = otio.adapters.read_from_file(str(tmp_path / "film.aaf"), "AAF")
    pictures, sound = timeline.tracks
    assert [type(item).__name__ for item in pictures] == ["Clip", "Transition", "Clip", "Gap", "Clip"]
    assert [(item.in_offset.value, item.out_offset.value) for item in pictures if isinstance(item, otio.schema.Transition)] == [(2, 2)]
    clips = [*pictures.find_clips()]
    assert [(clip.source_range.start_time.value, clip.source_range.duration.value) for clip in clips] == [(2, 10), (3, 12), (0, 6)]
    movies = [Path(unquote(urlsplit(clip.media_reference.target_url).path)) for clip in clips]
    assert movies == [done.movies[0], done.movies[1], done.movies[0]]
    assert [(clip.source_range.start_time.value, clip.source_range.duration.value) for clip in sound] == [(4, 30)]
    assert unquote(sound[0].media_reference.target_url).endswith("song #1?.wav")


def test_what_aaf_cannot_say_is_a_gap_or_told(tmp_path, edit):
    red = Clip(name="Red", media=Colour(red=1, green=0, blue=0), source_start=Fraction(0), frame_count=5)
    quiet = dataclasses.replace(edit.tracks[1].items[0], volume=0.5)
    muted = dataclasses.replace(edit.tracks[0].items[-1], enabled=False, name="Muted")
    tracks = (Track(name="P", kind="video", items=(red, muted)), Track(name="S", kind="audio", items=(quiet,)))
    done = export(dataclasses.replace(edit, tracks=tracks, markers=()), tmp_path / "film.aaf")
    assert len(done.warnings) == 3
    timeline = otio.adapters.read_from_file(str(tmp_path / "film.aaf"), "AAF")
    assert [clip for track in timeline.video_tracks() for clip in track.find_clips()] == []
    assert [clip.duration().value for track in timeline.audio_tracks() for clip in track.find_clips()] == [30]


def test_what_a_format_cannot_say_is_told(tmp_path, edit):
    loud = dataclasses.replace(edit.tracks[1].items[0], volume=2.0, source_start=Fraction(1, 2), name="Loud")
    told = export(
        dataclasses.replace(edit, tracks=(edit.tracks[0], dataclasses.replace(edit.tracks[1], items=(loud,)))), tmp_path / "a.edl"
    )
    assert len(told.warnings) == 2
    assert all("Loud" in warning for warning in told.warnings)


# Plugins --------------------------------------------------------------------------------------------------------------------------------


def test_every_adapter_is_named_in_the_manifest_and_explains_itself():
    manifest = otio.plugins.manifest_from_file(str(exporting.MANIFEST))
    files = {Path(adapter.filepath).name for adapter in manifest.adapters}
    assert files == {path.name for path in exporting.MANIFEST.parent.glob("*.py")}
    exporting.register_adapters()
    for adapter in manifest.adapters:
        assert otio.adapters.from_name(adapter.name).module().__doc__


# Movies ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MovieKind.PRORES_422_HQ, MovieKind.PRORES_4444, MovieKind.H264])
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(24_000, 1001)])
def test_a_movie_shows_every_frame_at_its_exact_time(tmp_path, kind, fps):
    edit = _one_track(_clip(_cards(tmp_path / "cards", section=3), 5, start=9), fps=fps)
    made, (movie,) = clip_movies.make(edit, tmp_path / "movies", kind=kind, report=lambda *_: None)
    assert made.tracks[0].items[0].media.movie == str(movie)
    with av.open(str(movie)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == fps
        context = stream.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        shown = [(image.pts * image.time_base, read_card(image.to_ndarray(format="rgb24"))) for image in container.decode(stream)]
    assert shown == [(n / fps, (n, 3)) for n in range(COUNT)]


def test_dnxhr_refuses_small_pictures_and_takes_others(tmp_path):
    small, large = _cards(tmp_path / "small", section=1), _cards(tmp_path / "large", section=1, size=256, count=3)
    done = export(_one_track(_clip(small, 5)), tmp_path / "film.aaf", options=ExportOptions(target=Target.AVID))
    assert done.movies[0].suffix == ".mov"  # ProRes: nobody asked for DNxHR by name
    with pytest.raises(UserError, match="64 x 64"):
        clip_movies.make(_one_track(_clip(small, 5)), tmp_path, kind=MovieKind.DNXHR_HQ, report=lambda *_: None)
    _, (movie,) = clip_movies.make(_one_track(_clip(large, 3)), tmp_path, kind=MovieKind.DNXHR_HQ, report=lambda *_: None)
    with av.open(str(movie)) as container:
        assert [read_card(image.to_ndarray(format="rgb24")) for image in container.decode(video=0)] == [(n, 1) for n in range(3)]


def test_colours_keep_their_values(tmp_path):
    (tmp_path / "f").mkdir()
    colours = np.array([[200, 30, 40], [20, 180, 60], [30, 40, 210], [128, 128, 128]], np.uint8)
    picture = np.repeat(np.repeat(colours.reshape(2, 2, 3), 32, axis=0), 32, axis=1)
    (tmp_path / "f" / "a0.png").write_bytes(encode_png(picture))
    frames = FrameSequence(folder=str(tmp_path / "f"), prefix="a", suffix=".png", first_number=0, digits=1, frame_count=1)
    for kind in (MovieKind.PRORES_4444, MovieKind.H264):
        _, (movie,) = clip_movies.make(_one_track(_clip(frames, 1)), tmp_path, kind=kind, report=lambda *_: None)
        with av.open(str(movie)) as container:
            (image,) = [frame.reformat(format="rgb24", src_colorspace=1).to_ndarray() for frame in container.decode(video=0)]
        assert np.abs(image[8::32, 8::32].astype(int) - picture[8::32, 8::32]).max() <= 4


def test_a_movie_is_written_once_and_again_when_a_frame_changes(tmp_path):
    frames = _cards(tmp_path / "cards", section=1)
    edit = _one_track(_clip(frames, 5), _clip(frames, 3, start=7))

    def write():
        return clip_movies.make(edit, tmp_path / "movies", kind=MovieKind.H264, report=lambda *_: None)[1]

    (first,) = write()
    before = first.stat().st_mtime_ns
    assert write() == (first,)
    assert first.stat().st_mtime_ns == before
    (tmp_path / "cards" / "a_0004.png").write_bytes(encode_png(draw_card(frame=99, size=64)))
    assert write() != (first,)


def test_a_movie_carries_the_sound_that_lies_under_it(tmp_path):
    frames = _cards(tmp_path / "cards", section=1)
    sound = MediaFile(path=str(sounds.write(tmp_path / "song.wav", sounds.click_track(seconds=2))), frame_count=50)
    tracks = (
        Track(name="P", kind="video", items=(Gap(frame_count=10), _clip(frames, 5, start=4))),
        Track(name="S", kind="audio", items=(_clip(sound, 40, start=2),)),
    )
    edit = Edit(name="With sound", fps=Fraction(25), tracks=tracks)
    _, (movie,) = clip_movies.make(edit, tmp_path, kind=MovieKind.PRORES_422_HQ, with_sound=True, report=lambda *_: None)
    with av.open(str(movie)) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
    samples = np.concatenate([block.reshape(-1, 2)[:, 0] / 2**31 for block in blocks])
    expected = sounds.click_times(2.0) - 8 / 25  # frame 0 of the cards lies at frame 6, and the sound begins with its frame 2
    np.testing.assert_allclose(sounds.find_clicks(samples, 48_000), [t for t in expected if 0 <= t < 0.79], atol=0.001)


def test_progress_counts_every_frame_and_a_cancel_leaves_no_half_movie(tmp_path):
    edit = _one_track(_clip(_cards(tmp_path / "cards", section=1), 5), _clip(_cards(tmp_path / "more", section=2), 5))
    told = []
    clip_movies.make(edit, tmp_path / "a", kind=MovieKind.H264, report=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (2 * COUNT, 2 * COUNT)
    told.clear()
    with pytest.raises(CancelledError):
        clip_movies.make(
            edit, tmp_path / "b", kind=MovieKind.H264, report=lambda *pair: told.append(pair), cancelled=lambda: len(told) > COUNT + 5
        )
    assert len(_files(tmp_path / "b")) == 1


# Media ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".otio", ".mlt", ".kdenlive", ".xml"])
def test_collected_media_lie_beside_the_file(edit, tmp_path, ending):
    out = tmp_path / "out"
    export(edit, out / f"film{ending}", options=ExportOptions(collect=True))
    text = (out / f"film{ending}").read_text()
    assert "ä b" not in text
    assert "song #1" not in text
    if ending != ".xml":  # which knows no relative paths, and numbered pictures neither
        assert str(tmp_path) not in text
        assert len(_files(out)) == 1 + 2 * COUNT + 1 + 1  # the file, frames, sound, what made the sections


def test_a_second_collection_copies_nothing(edit, tmp_path):
    def collect():
        export(edit, tmp_path / "out" / "film.mlt", options=ExportOptions(collect=True))
        return {path: (tmp_path / "out" / path).stat().st_ino for path in _files(tmp_path / "out") if path != "film.mlt"}

    assert collect() == collect()


def test_a_cancelled_collection_leaves_nothing(edit, tmp_path):
    calls = []
    with pytest.raises(CancelledError):
        export(
            edit,
            tmp_path / "out" / "film.mlt",
            options=ExportOptions(collect=True),
            report=lambda *told: calls.append(told),
            cancelled=lambda: len(calls) > 7,
        )
    assert list((tmp_path / "out").iterdir()) == []


def test_missing_media_are_named_and_refused(edit, tmp_path):
    (tmp_path / "ä b" / "a_0003.png").unlink()
    (tmp_path / "song #1?.wav").unlink()
    with pytest.raises(UserError, match=r"2 files are missing: .*a_0003\.png.*song #1\?\.wav"):
        export(edit, tmp_path / "out" / "film.otio")
    assert _files(tmp_path / "out") == []


def test_missing_media_are_left_out_if_wished(edit, tmp_path):
    (tmp_path / "other" / "a_0003.png").unlink()
    done = export(edit, tmp_path / "film.otio", options=ExportOptions(missing=Missing.SKIP))
    track = otio.adapters.read_from_file(str(done.path)).video_tracks()[0]
    assert [(type(item).__name__, item.duration().value) for item in track] == [("Clip", 10), ("Gap", 17), ("Clip", 6)]
    assert "a_0003.png" in done.warnings[0]


def test_a_movie_bridges_missing_frames_if_wished(edit, tmp_path):
    (tmp_path / "other" / "a_0003.png").unlink()
    done = export(edit, tmp_path / "film.xml", options=ExportOptions(missing=Missing.GO_ON, movies=MovieKind.H264))
    with av.open(str(done.movies[1])) as container:
        shown = [read_card(image.to_ndarray(format="rgb24"))[0] for image in container.decode(video=0)]
    assert shown == [0, 1, 1, *range(3, COUNT)]


def test_names_that_a_format_stumbles_over_are_copied_or_refused(tmp_path):
    folder = tmp_path / "100%"
    folder.mkdir()
    edit = _one_track(_clip(_cards(folder / "cards", section=1), 5))
    assert "copies lie in" in export(edit, tmp_path / "film.mlt").warnings[0]
    with pytest.raises(UserError, match="%"):
        export(edit, folder / "film.mlt")
    assert not (folder / "film.mlt").exists()


# Fitting --------------------------------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(EDITS)
def test_fitting_keeps_every_length(edit):
    fitted, _ = fit(edit)
    assert [_length(track) for track in fitted.tracks] == [_length(track) for track in edit.tracks]


@settings(max_examples=60)
@given(EDITS)
def test_fitted_clips_and_fades_stay_within_their_media(edit):
    for track in fit(edit)[0].tracks:
        for index, item in enumerate(track.items):
            if isinstance(item, Clip) and isinstance(item.media, FrameSequence | MediaFile):
                before = track.items[index - 1].in_frames if index and isinstance(track.items[index - 1], Crossfade) else 0
                following = track.items[index + 1] if index + 1 < len(track.items) else None
                after = following.out_frames if isinstance(following, Crossfade) else 0
                assert item.source_start - before * item.speed >= 0
                last = item.source_start + (item.frame_count + after - 1) * item.speed
                assert last < item.media.frame_count


@settings(max_examples=60)
@given(EDITS)
def test_fitting_twice_changes_nothing(edit):
    once = fit(edit)[0]
    assert fit(once) == (once, ())


def _length(track):
    return sum(item.frame_count for item in track.items if not isinstance(item, Crossfade))


def test_a_strip_longer_than_its_pictures_holds_the_first_and_the_last(tmp_path):
    frames = FrameSequence(folder="/f", prefix="a", suffix=".png", first_number=5, digits=3, frame_count=10)
    (track,) = fit(_one_track(_clip(frames, 20, start=-4)))[0].tracks
    assert [(item.media, item.source_start, item.frame_count) for item in track.items] == [
        (Still(path="/f/a005.png"), 0, 4),
        (frames, 0, 10),
        (Still(path="/f/a014.png"), 0, 6),
    ]


@pytest.mark.parametrize("fps", [Fraction(0), Fraction(-25), Fraction(48_000)])
def test_rates_that_no_timeline_has_are_refused(fps):
    with pytest.raises(UserError, match="frames a second"):
        fit(_one_track(Gap(frame_count=1), fps=fps))


@pytest.mark.parametrize(
    "item",
    [
        _clip(Colour(red=0, green=0, blue=0), 0),
        _clip(Text(words="a"), -3),
        Gap(frame_count=-1),
        _clip(Text(words="a"), 3, speed=Fraction(0)),
    ],
)
def test_lengths_and_speeds_that_cannot_be_are_refused(item):
    with pytest.raises(UserError):
        fit(_one_track(item))


def test_strips_that_overlap_become_a_cross_fade():
    frames = FrameSequence(folder="/f", prefix="a", suffix=".png", first_number=0, digits=3, frame_count=100)
    first, fade, second = crossfaded(_clip(frames, 30), _clip(frames, 25, start=10, speed=Fraction(2)), overlap_frames=9)
    assert (first.frame_count, fade, second.frame_count) == (25, Crossfade(in_frames=4, out_frames=5), 21)
    assert second.source_start == 18
    assert first.frame_count + second.frame_count == 30 + 25 - 9


def test_safe_names_are_plain():
    assert [media.safe_name(name) for name in ("Ünï #1?", "日本", "a/../b", "x" * 99)] == ["Uni_1", "clip", "a_b", "x" * 60]


@pytest.mark.parametrize("ending", [".mlt", ".kdenlive", ".xml"])
def test_in_points_that_are_rounded_to_a_retimed_frame_are_told(tmp_path, ending):
    frames = _cards(tmp_path / "cards", section=1)
    exact, rounded = (_clip(frames, 4, start=start, speed=Fraction(2)) for start in (6, 7))
    assert export(_one_track(exact), tmp_path / f"exact{ending}").warnings == ()
    (told,) = export(_one_track(rounded), tmp_path / f"rounded{ending}").warnings
    assert "begin between two frames" in told


@pytest.mark.parametrize("speed", [Fraction(2), Fraction(3, 2), Fraction(617, 500), Fraction(1001, 1000), Fraction(1, 97)])
def test_speeds_that_are_written_a_little_above_themselves_come_back_exactly(tmp_path, speed):
    clip = _clip(_cards(tmp_path / "cards", section=1), 4, speed=speed)
    export(_one_track(clip), tmp_path / "film.mlt")
    assert read_edit(tmp_path / "film.mlt").edit.tracks[0].items[0].speed == speed
