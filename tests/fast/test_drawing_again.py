"""Frames that are missing where an edit names them."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest

from core.backends import Backends
from core.handover.drawing_again import draw_missing
from core.handover.export import export
from core.pipeline import render
from core.protocol import Clip, Edit, ExportOptions, Missing, Track, UserError
from tests import films, sounds


@pytest.fixture
def film(tmp_path):
    song = sounds.write(tmp_path / "song.wav", sounds.melody(seconds=1), 22_050)
    return render(films.request(tmp_path, song, frame_count=12), open_backend=Backends().open).frames


@pytest.fixture
def edit(film):
    clip = Clip(name="Film", media=film, source_start=Fraction(2), frame_count=8)
    return Edit(name="Film", fps=Fraction(25), tracks=(Track(name="V", kind="video", items=(clip,)),))


def test_missing_frames_are_drawn_again_where_they_were(tmp_path, film, edit):
    before = films.content(film)
    for path in [*films.paths(film)[3:6], *films.files_below(tmp_path / "cache" / "pictures")]:
        path.unlink()
    with pytest.raises(UserError, match="3 files are missing"):
        export(edit, tmp_path / "film.otio")
    draw_missing(edit, open_backend=Backends().open)
    assert films.content(film) == before
    assert export(edit, tmp_path / "film.otio", options=ExportOptions(missing=Missing.RENDER)).warnings == ()


def test_a_film_that_was_moved_is_drawn_where_it_is_now(tmp_path, film, edit):
    (tmp_path / "elsewhere").mkdir()
    moved = Path(film.folder).rename(tmp_path / "elsewhere" / Path(film.folder).name)
    there = dataclasses.replace(film, folder=str(moved))
    films.paths(there)[5].unlink()
    clip = Clip(name="Film", media=there, source_start=Fraction(0), frame_count=12)
    draw_missing(Edit(name="F", fps=edit.fps, tracks=(Track(name="V", kind="video", items=(clip,)),)), open_backend=Backends().open)
    assert all(path.is_file() for path in films.paths(there))


def test_nothing_is_drawn_where_nothing_is_missing(edit):
    draw_missing(edit, open_backend=None)


def test_without_its_request_a_film_stays_incomplete_and_is_named(tmp_path, film, edit):
    (Path(film.folder) / "film.json").unlink()
    films.paths(film)[4].unlink()
    draw_missing(edit, open_backend=Backends().open)
    with pytest.raises(UserError, match="000004"):
        export(edit, tmp_path / "film.otio", options=ExportOptions(missing=Missing.RENDER))


def test_a_sound_that_is_gone_is_named(tmp_path, film, edit):
    films.paths(film)[4].unlink()
    (tmp_path / "song.wav").unlink()
    with pytest.raises(UserError, match=r"song\.wav"):
        draw_missing(edit, open_backend=Backends().open)
