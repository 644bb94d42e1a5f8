"""Spans of a film, drawn alone into a shared cache: the finished film is the one of a single run, byte for byte."""

import dataclasses
import os
import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core import spans
from core.backends import Backends
from core.command_line import main
from core.estimating import estimate
from core.keys import picture_key
from core.network import proving
from core.pipeline import draw_span, render
from core.protocol import Machine, Model, PictureFormat, Precision, Section, Settings, UserError
from tests import disks, films, sounds

CALM, WILD = Settings(tempo_sensitivity=0.01), Settings(tempo_sensitivity=2, truncation=0.1)


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.click_track(seconds=5), 22_050)


@pytest.fixture
def ask(tmp_path, song):
    return lambda name="spans", **changes: films.request(tmp_path / name, song, **changes)


def cut(frame_count, pieces):
    """Cut a film in spans that are about alike."""
    edges = [frame_count * piece // pieces for piece in range(pieces + 1)]
    return [range(first, end) for first, end in pairwise(edges)]


def in_spans(request, pieces, open_backend):
    """Draw a film span by span in a random order, one of them twice, and put it together."""
    order = cut(request.frame_count, pieces)
    random.Random(1).shuffle(order)
    drawn = [draw_span(request, span, open_backend=open_backend).drawn_count for span in (*order, order[0])]
    return drawn, render(request, open_backend=open_backend)


class Lamp:
    """Draws plain grey pictures, bright where the first unit's noise is."""

    width = height = 64
    class_total, at_once = 1000, 1
    follows_latents = True

    def cache_keys(self, latents):
        return [picture_key(b"lamp", bytes([level])) for level in self._levels(latents)]

    def directions(self, **_):
        return np.zeros((6, 128), np.float32)

    def load(self):
        pass

    def draw(self, latents, rows):
        levels = self._levels(latents)
        for row in rows:
            yield np.full((64, 64, 3), levels[row], np.uint8)

    def _levels(self, latents):
        return (128 + 100 * np.sin(20 * latents.noise[:, 0])).astype(np.uint8)


# What spans are -------------------------------------------------------------------------------------------------------------------------


def test_a_film_of_spans_is_byte_for_byte_that_of_one_run(ask):
    """With all at its default: hits, swell, breath, cue sheet and ground; and a section, upscaled, in an exact size."""
    settings = Settings(model=Model.EMOJI, aspect=Fraction(16, 9))
    section = Section(first_frame=10, end_frame=24, settings=dataclasses.replace(settings, seed=9), landing_seconds=Fraction(1, 5))
    changes = {"settings": settings, "sections": (section,), "frame_count": 35, "upscale": 2, "frame_size": (320, 180)}
    backends = Backends()
    drawn, film = in_spans(ask(**changes), 7, backends.open)
    alone = render(ask("alone", **changes), open_backend=backends.open)
    assert films.content(film.frames) == films.content(alone.frames)
    assert film.digest == alone.digest
    assert (sum(drawn), film.drawn_count, drawn[-1]) == (alone.drawn_count, 0, 0)


def test_a_film_that_flashes_is_calmed_over_the_whole(ask):
    section = Section(first_frame=40, end_frame=80, settings=WILD, landing_seconds=Fraction(0))
    changes = {"settings": CALM, "sections": (section,), "frame_count": 125}
    _, film = in_spans(ask(**changes), 7, lambda _: Lamp())
    alone = render(ask("alone", **changes), open_backend=lambda _: Lamp())
    assert "more calmly" in film.warnings[0]
    assert films.content(film.frames) == films.content(alone.frames)


def test_a_span_draws_its_own_frames_and_no_other(ask):
    request = ask(frame_count=20)
    assert draw_span(request, range(5, 9), open_backend=Backends().open).drawn_count == 4
    assert len(films.kept_pictures(Path(request.cache_folder))) == 4
    assert not Path(request.frames_folder).exists()
    assert render(request, open_backend=Backends().open).drawn_count == 16


@pytest.mark.parametrize("span", [range(5, 21), range(20, 25), range(5, 5), range(9, 5), range(-3, 5)])
def test_what_is_no_span_of_the_film_is_refused_before_anything_is_done(ask, span):
    request = ask(frame_count=20)
    with pytest.raises(UserError, match="no span of a film that has the frames 0:20"):
        draw_span(request, span, open_backend=Backends().open)
    assert not Path(request.cache_folder).exists()


# What is left ---------------------------------------------------------------------------------------------------------------------------


def test_what_is_left_is_counted_and_timed_and_nothing_is_stored(ask):
    request = ask(frame_count=20)
    draw_span(request, range(5, 9), open_backend=Backends().open)
    left = estimate(request, open_backend=Backends().open)
    assert (left.frame_count, left.there_count, left.picture_count) == (20, 4, 16)
    assert left.seconds > 0
    part = estimate(request, range(4, 8), open_backend=Backends().open)
    assert (part.frame_count, part.there_count, part.picture_count) == (4, 3, 1)
    assert len(films.kept_pictures(Path(request.cache_folder))) == 4


def test_of_a_finished_film_nothing_is_left_and_no_network_is_loaded(ask):
    request = ask(frame_count=5, settings=Settings(model=Model.ABSTRACT))
    backends = Backends()
    render(request, open_backend=backends.open)
    unloaded = Backends().open(request)
    left = estimate(request, open_backend=lambda _: unloaded)
    assert (left.there_count, left.picture_count, left.seconds) == (5, 0, 0)
    assert unloaded._runner is None


def test_pictures_that_are_drawn_but_not_finished_need_not_be_drawn(ask):
    render(ask(frame_count=5), open_backend=Backends().open)
    assert estimate(ask(frame_count=5, frame_size=(64, 64)), open_backend=Backends().open).picture_count == 0


# Machines that differ -------------------------------------------------------------------------------------------------------------------


def test_spans_of_a_machine_that_sees_another_film_are_told(ask, monkeypatch):
    """As of another version, which walks otherwise."""
    monkeypatch.setattr(proving, "MOST_SHARE", 1.0)  # else another precision is float32's film, or none
    request = ask(frame_count=20, settings=Settings(model=Model.ABSTRACT))
    machine = Machine(device="cpu", precision=Precision.BFLOAT16)
    draw_span(dataclasses.replace(request, machine=machine), range(4), open_backend=Backends().open)
    film = render(request, open_backend=Backends().open)
    assert film.drawn_count == 20
    (warning,) = film.warnings
    assert "Frames 0:4" in warning
    assert "not used" in warning


def test_spans_by_other_kernels_are_told(ask, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(spans, "kernels", lambda: "torch 1.0, an old processor")
        draw_span(ask(), range(4), open_backend=Backends().open)
    draw_span(ask(), range(4, 8), open_backend=Backends().open)
    film = render(ask(), open_backend=Backends().open)
    assert film.drawn_count == 12
    (warning,) = film.warnings
    assert "torch 1.0" in warning
    assert "Frames 0:4" in warning


def test_a_machine_that_drew_nothing_is_not_told_of(ask, monkeypatch):
    render(ask(), open_backend=Backends().open)
    monkeypatch.setattr(spans, "kernels", lambda: "others")
    draw_span(ask(), range(4), open_backend=Backends().open)
    monkeypatch.undo()
    assert render(ask(), open_backend=Backends().open).warnings == ()


def test_damaged_notes_are_passed_over(ask):
    request = ask()
    draw_span(request, range(4), open_backend=Backends().open)
    for note in films.files_below(Path(request.cache_folder) / "spans"):
        note.write_bytes(b'{"type": "SpanNote"')
    assert render(request, open_backend=Backends().open).warnings == ()


@pytest.mark.parametrize("years", [-30, 30])
def test_clocks_that_differ_change_nothing(ask, years):
    request = ask()
    draw_span(request, range(9), open_backend=Backends().open)
    for path in films.files_below(Path(request.cache_folder)):
        when = path.stat().st_mtime + years * 365 * 86_400
        os.utime(path, (when, when))
    assert render(request, open_backend=Backends().open).drawn_count == 11


# Disks ----------------------------------------------------------------------------------------------------------------------------------


def test_a_shared_cache_that_may_only_be_read_is_said_so(ask, tmp_path):
    films.hear(ask())
    with disks.read_only(tmp_path / "spans"), pytest.raises(UserError, match="cannot be written"):
        draw_span(ask(), range(4), open_backend=Backends().open)


def test_a_film_whose_pictures_are_all_there_needs_no_writable_cache(ask, tmp_path):
    request = ask()
    render(request, open_backend=Backends().open)
    with disks.read_only(tmp_path / "spans" / "cache"):
        again = render(dataclasses.replace(request, frames_folder=str(tmp_path / "films")), open_backend=Backends().open)
    assert again.drawn_count == 0


def test_a_shared_cache_that_is_full_is_said_so_and_what_was_drawn_stays(ask, tmp_path, monkeypatch):
    monkeypatch.setattr("core.drawing.SPARE_BYTES", -(10**9))  # as if another machine had filled it meanwhile
    films.hear(ask())
    with disks.small(tmp_path / "small", size=100_000) as folder:
        request = dataclasses.replace(films.hear(ask()), cache_folder=str(folder / "cache"), picture_format=PictureFormat.PNG)
        with pytest.raises(UserError, match="full"):
            draw_span(request, range(20), open_backend=Backends().open)


class _Pulled:
    """A sync card's backend whose cache's disk is pulled out at the third picture."""

    def __init__(self, backend, pull):
        self._backend, self._pull = backend, pull

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def draw(self, latents, rows):
        for place, picture in enumerate(self._backend.draw(latents, rows)):
            if place == 2:
                self._pull()
            yield picture


def test_a_disk_that_goes_away_is_said_so_and_nothing_is_written_in_its_place(ask, tmp_path):
    with disks.small(tmp_path / "pulled", size=100_000_000) as folder:
        request = dataclasses.replace(ask(), cache_folder=str(folder / "cache"))
        backend = _Pulled(Backends().open(request), lambda: disks.pull(folder))
        with pytest.raises(UserError, match="has gone"):
            draw_span(request, range(20), open_backend=lambda _: backend)
        found = films.files_below(folder)
        disks.push(folder)
        assert found == []


# Words ----------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(song, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user cache"))
    wanted = ["render", str(song), "--model", "sync-card", "--fps", "25", "--seconds", "0.8", "--cache", str(tmp_path / "shared")]

    def run_command(*arguments):
        try:
            code = main([*wanted, *map(str, arguments)])
        except SystemExit as end:  # argparse
            code = end.code
        return code, capsys.readouterr().err

    return run_command


def test_the_command_draws_spans_and_tells_what_is_left(run, tmp_path):
    assert "20 frames, 0 of them there; 20 pictures are to be drawn" in run("--dry-run")[1]
    code, said = run("--frames", "5:9")
    assert (code, "Frames 5:9 are in the cache (4 pictures drawn now)" in said) == (0, True)
    said = run("--dry-run")[1]
    assert "20 frames, 4 of them there; 16 pictures are to be drawn" in said
    assert "about 1 s here" in said
    assert "4 frames, 4 of them there" in run("--dry-run", "--frames", "5:9")[1]
    assert "20 frames (16 drawn now)" in run("--out", tmp_path / "out")[1]


@pytest.mark.parametrize("word", ["5", "5-9", "a:b", ":", "5:9:2", "1.5:3", "9" * 30 + ":5"])
def test_words_that_are_no_span_are_a_wrong_usage(run, word):
    code, said = run("--frames", word)
    assert code == 2
    assert "no span of frames such as 1000:2000" in said


@pytest.mark.parametrize("word", ["5:21", "9:5", "5:5"])
def test_the_command_refuses_spans_that_are_not_within_the_film(run, word):
    code, said = run("--frames", word)
    assert code == 1
    assert "0:20" in said


def test_a_film_needs_a_place(run):
    code, said = run()
    assert code == 2
    assert "--out" in said


def test_json_lines_tell_spans_and_what_is_left(run):
    assert '{"type":"DrawnSpan","first_frame":5,"end_frame":9,"drawn_count":4,"warnings":[]}' in run("--frames", "5:9", "--json")[1]
    assert '{"type":"Estimate","frame_count":20,"there_count":4,"picture_count":16,' in run("--dry-run", "--json")[1]
