"""Sections: nothing changes outside, and nobody can tell where one begins and ends."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.generator import Generator, abstract_network
from core.latents import make_latents
from core.network.running import Way
from core.protocol import Cue, Curve, Look, Section, Settings
from tests.films import random_features

FRAMES, FPS = 240, Fraction(30)
HEARD = random_features(360)
BASE = Settings(seed=3)

some_settings = st.builds(
    Settings,
    seed=st.integers(0, 5),
    look=st.sampled_from(Look),
    tempo_sensitivity=st.floats(0.05, 0.8),
    truncation=st.floats(0.1, 1),
    class_count=st.integers(1, 30),
    depth=st.floats(0.2, 1),
    split=st.floats(0, 1),
    low_to_truncation=st.floats(-0.5, 0.5),
    curves=st.sampled_from([(), (Curve(parameter="jitter", seconds=(Fraction(1), Fraction(5)), values=(0.0, 1.0)),)]),
    cues=st.sampled_from([(), (Cue(start_seconds=Fraction(2), end_seconds=Fraction(5), classes=(7, 8, 9)),)]),
)
some_sections = st.builds(
    lambda first, count, own, landing: Section(
        first_frame=first, end_frame=min(first + count, FRAMES), settings=own, landing_seconds=landing
    ),
    st.integers(0, FRAMES - 2),
    st.integers(2, FRAMES),
    some_settings,
    st.fractions(0, 3, max_denominator=10),
)


def make(*sections, base=BASE):
    return make_latents(HEARD, base, sections=sections, source_start_seconds=Fraction(0), frame_count=FRAMES, fps=FPS)


def rows(latents):
    """Give all that the network sees: float32 [N, 128 + 1000 + 1]."""
    return np.concatenate([latents.noise, latents.class_vectors(range(FRAMES)), latents.truncation[:, None]], axis=1)


@given(st.lists(some_sections, min_size=1, max_size=3), some_settings)
@hypothesis_settings(max_examples=40)
def test_outside_all_sections_not_one_bit_changes(sections, base):
    plain, film = rows(make(base=base)), rows(make(*sections, base=base))
    outside = np.ones(FRAMES, bool)
    for section in sections:
        outside[section.first_frame : section.end_frame] = False
    np.testing.assert_array_equal(film[outside], plain[outside])
    assert np.isfinite(film).all()


def test_outside_all_sections_every_cache_key_stays():
    section = Section(first_frame=100, end_frame=150, settings=Settings(seed=9, classes=(1, 2, 3), class_count=3))
    generator = Generator(abstract_network(), Way(device="cpu", precision="float32"))
    plain, film = (generator.cache_keys(latents) for latents in (make(), make(section)))
    changed = [frame for frame in range(FRAMES) if plain[frame] != film[frame]]
    assert set(changed) <= set(range(100, 150))
    assert len(changed) > 45


@given(some_sections)
@hypothesis_settings(max_examples=60)
def test_a_section_starts_from_the_exact_state_that_it_finds(section):
    plain, film = make(), make(section)
    np.testing.assert_allclose(film.noise[section.first_frame], plain.noise[section.first_frame], atol=1e-5)


@given(some_sections)
@hypothesis_settings(max_examples=60)
def test_neither_edge_jumps(section):
    """The step over an edge is no larger than the largest one inside, beside the film's own steps around there."""
    assume(section.end_frame - section.first_frame >= 10)  # a third of a second: shorter ones have no room to land
    plain, film = make(), make(section)
    for name in ("noise", "class_weights", "truncation"):
        if name == "class_weights":
            before, after = plain.class_vectors(range(FRAMES)), film.class_vectors(range(FRAMES))
        else:
            before, after = getattr(plain, name).reshape(FRAMES, -1), getattr(film, name).reshape(FRAMES, -1)
        steps, own = (np.linalg.norm(np.diff(curve, axis=0), axis=1) for curve in (after, before))
        inside = steps[section.first_frame : section.end_frame - 1]
        for edge in (section.first_frame - 1, section.end_frame - 1):
            if 0 <= edge < FRAMES - 1:
                assert steps[edge] <= inside.max() + own[max(0, section.first_frame - 1) : section.end_frame].max() + 1e-5


def test_in_its_middle_a_section_is_its_own_film():
    own = Settings(seed=9, truncation=0.4)
    film = make(Section(first_frame=60, end_frame=200, settings=own), base=Settings(truncation=1.0))
    np.testing.assert_array_equal(film.truncation[92:168], np.float32(0.4))
    np.testing.assert_allclose(film.class_vectors(range(92, 168)), make(base=own).class_vectors(range(92, 168)), atol=1e-6)
    assert np.abs(film.noise[170]).max() < 0.4 * 2
    assert np.abs(film.noise[60]).max() > 0.4 * 2


def test_where_the_film_begins_or_ends_a_section_shows_fully():
    own = Settings(seed=9, truncation=0.4)
    first, last = (make(Section(first_frame=first, end_frame=first + 100, settings=own)) for first in (0, FRAMES - 100))
    np.testing.assert_array_equal(first.truncation[:68], np.float32(0.4))
    np.testing.assert_array_equal(last.truncation[-68:], np.float32(0.4))
    np.testing.assert_allclose(last.class_vectors([FRAMES - 1]), make(base=own).class_vectors([FRAMES - 1]), atol=1e-6)


def test_a_section_neither_comes_from_nor_lands_on_film_that_is_not_there():
    own = Settings(seed=9, truncation=0.4)
    alone = make(Section(first_frame=60, end_frame=180, settings=own, enters=False, lands=False))
    np.testing.assert_array_equal(alone.truncation[60:180], np.float32(0.4))
    np.testing.assert_allclose(alone.class_vectors(range(60, 180)), make(base=own).class_vectors(range(60, 180)), atol=1e-6)
    lands, enters = (make(Section(first_frame=60, end_frame=180, settings=own, enters=one, lands=not one)) for one in (False, True))
    both = make(Section(first_frame=60, end_frame=180, settings=own))
    np.testing.assert_array_equal(rows(lands)[120:], rows(both)[120:])
    np.testing.assert_array_equal(rows(enters)[:120], rows(both)[:120])


def test_sections_that_do_not_meet_may_come_in_any_order():
    one = Section(first_frame=20, end_frame=80, settings=Settings(seed=1))
    other = Section(first_frame=100, end_frame=180, settings=Settings(seed=2, class_count=4))
    np.testing.assert_array_equal(rows(make(one, other)), rows(make(other, one)))
    np.testing.assert_array_equal(rows(make(one, other))[:100], rows(make(one))[:100])


def test_a_nested_section_lands_on_the_one_around_it():
    around = Section(first_frame=20, end_frame=220, settings=Settings(seed=1))
    within = Section(first_frame=80, end_frame=140, settings=Settings(seed=2))
    film, plain = rows(make(around, within)), rows(make(around))
    np.testing.assert_array_equal(film[:80], plain[:80])
    np.testing.assert_array_equal(film[140:], plain[140:])
    assert (film[81:139] != plain[81:139]).any(axis=1).all()


@pytest.mark.parametrize("landing", [Fraction(0), Fraction(1, 2), Fraction(100)])
def test_a_section_lands_in_the_time_it_is_given(landing):
    section = Section(first_frame=60, end_frame=180, settings=Settings(seed=9, truncation=0.5), landing_seconds=landing)
    truncation = make(section).truncation
    whole = np.flatnonzero(truncation == np.float32(0.5))
    frames = min(max(float(landing * FPS), 3), 60)
    assert len(whole) == pytest.approx(120 - 2 * frames, abs=2)


def test_the_same_sections_give_the_same_film():
    section = Section(first_frame=60, end_frame=180, settings=Settings(seed=9))
    one, other = make(section), make(section)
    assert all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
