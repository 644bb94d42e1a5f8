"""Which section a clip is that came back: it is told by what is its own, never by media that several sections share."""

import dataclasses
import json
import re
from fractions import Fraction

import pytest

from core.handover.export import export
from core.handover.reading import read_edit
from core.pictures import encode_png
from core.protocol import Clip, Edit, ExportOptions, FrameSequence, MediaFile, MovieKind, Track
from core.sync_card import draw_card

COUNT = 16
MADE = [f'{{"film":"0123456789ab","seed":{seed}}}' for seed in range(3)]
FORMATS = [".otio", ".otioz", ".kdenlive", ".mlt", ".xml", ".fcpxml", ".edl"]


@pytest.fixture
def film(tmp_path):
    """Three pieces of one film, each with settings of its own."""
    folder = tmp_path / "film_0123456789ab"
    folder.mkdir()
    for frame in range(COUNT):
        (folder / f"a_{frame:04d}.png").write_bytes(encode_png(draw_card(frame=frame, size=64)))
    frames = FrameSequence(folder=str(folder), prefix="a_", suffix=".png", first_number=0, digits=4, frame_count=COUNT)
    pieces = (
        Clip(name=f"Film.{number:03d}", media=frames, source_start=Fraction(5 * number), frame_count=5, metadata=made)
        for number, made in enumerate(MADE)
    )
    return Edit(name="F", fps=Fraction(25), tracks=(Track(name="T", kind="video", items=tuple(pieces)),), width=64, height=64)


def _clips(edit):
    return [item for track in edit.tracks for item in track.items if isinstance(item, Clip)]


def _settings(edit):
    return [clip.metadata for clip in _clips(edit)]


def _renamed(edit, *names):
    clips = (dataclasses.replace(clip, name=name) for clip, name in zip(_clips(edit), names, strict=True))
    return dataclasses.replace(edit, tracks=(dataclasses.replace(edit.tracks[0], items=tuple(clips)),))


@pytest.mark.parametrize("names", [("One", "Two", "Three"), ("Film",) * 3])
@pytest.mark.parametrize("ending", FORMATS)
def test_pieces_of_one_film_come_back_with_their_own_settings(film, tmp_path, ending, names):
    export(_renamed(film, *names), tmp_path / f"out{ending}")
    back = read_edit(tmp_path / f"out{ending}")
    assert _settings(back.edit) == MADE
    assert [clip.source_start for clip in _clips(back.edit)] == [0, 5, 10]


@pytest.mark.parametrize("ending", [".xml", ".fcpxml", ".edl"])
def test_a_program_that_keeps_nothing_but_the_movies_paths_keeps_the_sections(film, tmp_path, ending):
    export(_renamed(film, *["Film"] * 3), tmp_path / f"out{ending}")
    text = (tmp_path / f"out{ending}").read_text()
    text = re.sub(r"<comments>.*?</comments>|<note>.*?</note>|\* CHROMASTRIP SECTION.*?\n", "", text, flags=re.DOTALL)
    (tmp_path / f"out{ending}").write_text(text)
    back = read_edit(tmp_path / f"out{ending}")
    assert _settings(back.edit) == MADE
    assert all(isinstance(clip.media, FrameSequence) for clip in _clips(back.edit))


def _without_metadata(path):
    """Throw away what we noted on the clips, as most programs do."""

    def cleaned(value):
        if isinstance(value, dict):
            return {key: {} if key == "metadata" else cleaned(one) for key, one in value.items()}
        return [cleaned(one) for one in value] if isinstance(value, list) else value

    path.write_text(json.dumps(cleaned(json.loads(path.read_text()))))


def test_frames_that_several_sections_share_are_told_apart_by_the_clips_names(film, tmp_path):
    export(film, tmp_path / "out_frames.otio", options=ExportOptions(movies=MovieKind.H264))
    _without_metadata(tmp_path / "out_frames.otio")
    assert _settings(read_edit(tmp_path / "out_frames.otio", media_folder=tmp_path / "out_media").edit) == MADE


def test_a_piece_that_nothing_tells_apart_comes_in_without_settings_and_with_a_note(film, tmp_path):
    film = _renamed(film, *["Film"] * 3)
    export(film, tmp_path / "out_frames.otio", options=ExportOptions(movies=MovieKind.H264))
    path = tmp_path / "out_frames.otio"
    _without_metadata(path)
    told = json.loads(path.read_text())
    for clip in told["tracks"]["children"][0]["children"]:
        clip["media_references"] = {"DEFAULT_MEDIA": clip["media_references"]["CHROMASTRIP_FRAMES"]}
        clip["active_media_reference_key"] = "DEFAULT_MEDIA"
    path.write_text(json.dumps(told))
    back = read_edit(path, media_folder=tmp_path / "out_media")
    assert _settings(back.edit) == ["", "", ""]
    assert any("Several sections share its media" in note for note in back.notes)


def test_the_newest_export_counts_where_settings_were_changed_since(film, tmp_path):
    one = dataclasses.replace(film, tracks=(dataclasses.replace(film.tracks[0], items=film.tracks[0].items[:1]),))
    for made in MADE[:2]:
        clip = dataclasses.replace(_clips(one)[0], metadata=made)
        changed = dataclasses.replace(one, tracks=(dataclasses.replace(one.tracks[0], items=(clip,)),))
        export(changed, tmp_path / "out.edl")
        (tmp_path / f"{clip.metadata[-2]}.edl").write_text((tmp_path / "out.edl").read_text())
    media = tmp_path / "out_media"
    assert _settings(read_edit(tmp_path / "0.edl", media_folder=media).edit) == MADE[:1]  # by its id
    nameless = re.sub(r"\* CHROMASTRIP SECTION.*?\n", "", (tmp_path / "out.edl").read_text())
    (tmp_path / "out.edl").write_text(nameless)
    assert _settings(read_edit(tmp_path / "out.edl").edit) == MADE[1:2]


@pytest.mark.parametrize("fps", [Fraction(50), Fraction(30), Fraction(24_000, 1001)])
def test_a_movie_of_ours_in_a_timeline_of_another_rate_becomes_the_frames_that_it_shows(film, tmp_path, fps):
    export(film, tmp_path / "out.fcpxml")
    there = read_edit(tmp_path / "out.fcpxml").edit
    movie = _clips(there)[1].media.movie
    at = 2 * fps / 25
    shown = Clip(name="X", media=MediaFile(path=movie, frame_count=int(COUNT * fps / 25)), source_start=at, frame_count=6)
    other = Edit(name="O", fps=fps, tracks=(Track(name="T", kind="video", items=(shown,)),), width=64, height=64)
    export(other, tmp_path / "other.otio")
    (clip,) = _clips(read_edit(tmp_path / "other.otio").edit)
    assert isinstance(clip.media, FrameSequence)
    assert (clip.source_start, clip.speed) == (2, 25 / fps)
    assert clip.metadata == MADE[1]
