"""What is drawn under a film's strip: exact in time, small, and beside the film's frames."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.backends import Backends
from core.film_curves import MOST_OTHERS, MOST_POINTS, MOST_THINGS, film_curves
from core.latents import latents_of
from core.pipeline import render
from core.protocol import Section, Settings, decode, encode
from core.protocol.film_curves import CURVES_FILE, FilmCurves, unpack
from core.sound.listening import listen
from tests import films, sounds


@pytest.fixture(scope="module")
def clicks(tmp_path_factory):
    """Give a sound of 6 seconds with clicks at 1.0, 2.5 and 4.2."""
    samples = np.zeros(6 * 22_050, np.float32)
    for second in (1.0, 2.5, 4.2):
        first = round(second * 22_050)
        samples[first : first + 60] = 0.8 * (-1.0) ** np.arange(60)
    return sounds.write(tmp_path_factory.mktemp("sound") / "clicks.wav", samples, 22_050)


def curves_of(request):
    heard = listen(request)
    return film_curves(request, heard, latents_of(request, heard))


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(60)])
@pytest.mark.parametrize("start", [Fraction(0), Fraction(1, 3), Fraction(-2)])
def test_a_click_stands_at_its_frame(tmp_path, clicks, fps, start):
    count = int(4 * fps)
    curves = curves_of(films.request(tmp_path, clicks, fps=fps, frame_count=count, source_start_seconds=start))
    levels = np.array(list(unpack(curves.onset_strength, count=curves.point_count)))
    for second in (1.0, 2.5, 4.2):
        frame = int((Fraction(second) - start) * fps)
        if 4 < frame < count - 4:
            around = levels[frame - 4 : frame + 5]
            assert abs(int(np.argmax(around)) - 4) <= max(1, round(float(fps) / 43)), (second, around)  # a control frame lasts 23 ms


def test_there_is_nothing_before_the_sound(tmp_path, clicks):
    curves = curves_of(films.request(tmp_path, clicks, fps=Fraction(24), frame_count=48, source_start_seconds=Fraction(-1)))
    assert not any(unpack(curves.energy, count=48)[:24])
    assert not any(unpack(curves.onset_strength, count=48)[:24])


def test_a_long_film_has_no_more_points_than_needed(tmp_path, clicks):
    curves = curves_of(films.request(tmp_path, clicks, frame_count=10_000, settings=Settings(class_count=40, blend=1.0)))
    assert curves.frames_in_a_point == 3
    assert curves.point_count <= MOST_POINTS
    assert MOST_THINGS <= len(curves.things) <= MOST_THINGS + MOST_OTHERS
    assert len(encode(curves)) < 150_000


def test_things_are_those_that_show_most(tmp_path, clicks):
    request = films.request(tmp_path, clicks, settings=Settings(classes=(281, 579, 949)))
    curves = curves_of(request)
    assert {thing.number for thing in curves.things} <= {281, 579, 949}
    totals = [sum(unpack(thing.levels, count=curves.point_count)) for thing in curves.things]
    assert totals == sorted(totals, reverse=True)


def test_they_lie_beside_the_films_frames(tmp_path, clicks):
    request = films.request(tmp_path, clicks)
    film = render(request, open_backend=Backends().open)
    read = decode((Path(film.frames.folder) / CURVES_FILE).read_bytes(), FilmCurves)
    assert read == curves_of(request)


@pytest.mark.parametrize("text", ["", "AAAA", "no base 64!", "ÄÖ"])
def test_damaged_levels_are_none(text):
    assert list(unpack(text, count=5)) == [0] * 5


def test_each_frame_has_a_class_that_is_told_of_in_pieces_with_classes_of_their_own_too(tmp_path, clicks):
    own = Settings(classes=(1, 2, 3))
    request = films.request(tmp_path, clicks, frame_count=144, settings=Settings(classes=tuple(range(10, 22)), blend=1.0))
    piece = Section(first_frame=60, end_frame=84, settings=replace(own, blend=1.0))
    curves = curves_of(replace(request, sections=(piece,)))
    levels = np.array([list(unpack(thing.levels, count=144)) for thing in curves.things])
    assert (levels.max(axis=0) > 0).all()
    within = {curves.things[place].number for place in levels[:, 70:75].argmax(axis=0)}
    assert within <= {1, 2, 3}
    assert within
