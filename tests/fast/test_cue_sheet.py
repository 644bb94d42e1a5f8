"""The cue sheet: the song says which class leads when."""

import dataclasses
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.latents import make_latents, random_streams
from core.protocol import Cue, Curve, Look, Model, Section, Settings
from core.sound.features import CONTROL_RATE
from core.walk import cue_sheet, direction, themes
from core.walk.curves import over_time
from tests.films import random_features, silence

FPS = Fraction(25)


def one_hit(frames):
    strength = np.zeros(frames, np.float32)
    strength[frames // 2] = 5
    return dataclasses.replace(silence(frames), onset_strength=strength, energy=strength / 5.0)


def song(frames=3000, *, seed=0, pattern="ABAB", beat=20):
    """Make features of parts with chords of their own: so many control frames in all, each letter another sound."""
    heard = random_features(frames, seed=seed)
    rng = np.random.default_rng(99)
    chords = {letter: rng.random((12, 4)).astype(np.float32) ** 4 for letter in "ABCDEFG"}
    edges = np.linspace(0, frames, len(pattern) + 1).astype(int)
    chroma = heard.harmonic_chroma * 0.05
    for letter, first, end in zip(pattern, edges, edges[1:], strict=False):
        for frame in range(first, end):
            chroma[:, frame] += chords[letter][:, (frame - first) // (4 * beat) % 4]
    chroma /= chroma.max(axis=0)
    return dataclasses.replace(
        heard,
        chroma=chroma,
        harmonic_chroma=chroma,
        chroma_energy=np.ones(frames, np.float32),
        beat_times=np.arange(beat // 2, frames, beat) / float(CONTROL_RATE),
    )


def directed(heard, settings=None, **options):
    settings = settings or Settings()
    readiness = over_time(settings, "pitch_sensitivity", control_frames=len(heard.energy))
    return direction.direct(direction.Song(heard, **options), settings, random_streams(settings.seed)[0], readiness=readiness)


def sheet(heard, settings=None, **options):
    return directed(heard, settings, **options).cues


def make(heard, settings=None, *, start=Fraction(0), count=400, **options):
    return make_latents(heard, settings or Settings(), source_start_seconds=start, frame_count=count, fps=FPS, **options)


def cue(start, end, *classes, part=""):
    return Cue(start_seconds=Fraction(start), end_seconds=Fraction(end), classes=classes, part=part)


SOUNDS = st.one_of(
    st.builds(song, st.integers(1, 6000), seed=st.integers(0, 9), pattern=st.text("ABCD", min_size=1, max_size=6), beat=st.integers(8, 90)),
    st.builds(random_features, st.integers(1, 4000), seed=st.integers(0, 9), quiet=st.sampled_from([0.0, 0.9])),
    st.builds(silence, st.integers(1, 4000)),
    st.builds(one_hit, st.integers(3, 4000)),
)
SETTINGS = st.builds(
    Settings,
    seed=st.integers(0, 2**31 - 1),
    class_count=st.integers(1, 40),
    pitch_sensitivity=st.floats(1, 299),
    smooth_factor=st.integers(1, 200),
    blend=st.floats(0, 0.9),
    loud_notes=st.floats(0, 1),
)


# The sheet ------------------------------------------------------------------------------------------------------------------------------


@given(SOUNDS, SETTINGS)
@hypothesis_settings(max_examples=60)
def test_the_sheet_covers_the_sound_without_a_gap_and_is_whole(heard, settings):
    cues = sheet(heard, settings)
    assert cues[0].start_seconds == 0
    assert abs(cues[-1].end_seconds - len(heard.energy) / CONTROL_RATE) <= Fraction(1, 1000)
    assert all(before.end_seconds == after.start_seconds for before, after in pairwise(cues))
    assert list(dataclasses.replace(settings, cues=cues).problems()) == []


@given(SOUNDS, SETTINGS)
@example(song(4924, pattern="C", beat=80), Settings(class_count=3, pitch_sensitivity=1.0, smooth_factor=41))  # parts of one cue each
@hypothesis_settings(max_examples=60)
def test_leads_change_on_bar_lines_neither_faster_than_can_be_followed_nor_slower_than_15_seconds(heard, settings):
    told = directed(heard, settings)
    lines = direction.Song(heard).bar_lines
    shortest = min(max(2 * told.morph_seconds[0], cue_sheet.SHORTEST_SECONDS), cue_sheet.LONGEST_BAR_SECONDS)
    for before, after in pairwise(told.cues):
        assert np.abs(lines - float(after.start_seconds)).min() <= 0.001
        for one in (before, after):
            assert one.end_seconds - one.start_seconds >= shortest - 0.002
    if settings.class_count >= 3:
        runs = [cue.start_seconds for before, cue in pairwise(told.cues) if before.classes[0] != cue.classes[0]]
        runs = [Fraction(0), *runs, told.cues[-1].end_seconds]
        assert max(after - before for before, after in pairwise(runs)) <= 15 + Fraction(1, 100)


@pytest.mark.parametrize("pattern", ["ABAB", "ABACAB", "ABCABC"])
def test_parts_that_are_alike_show_the_same_classes_in_the_same_order(pattern):
    heard = song(4800, pattern=pattern)
    parts = direction.Song(heard).parts
    assert len({part.label for part in parts}) < len(parts), "the example must have parts that are alike"
    cues = sheet(heard)
    leads = {}
    stretches = [list(stretch) for stretch in _by_part(cues)]
    for stretch in stretches:
        leads.setdefault(stretch[0].part, []).append([cue.classes[0] for cue in stretch])
    for alike in leads.values():
        longest = max(alike, key=len)
        assert all(one[:-1] == longest[: len(one) - 1] for one in alike)
    first, second = list(leads)[:2]
    assert not set(leads[first][0]) & set(leads[second][0]), "another part, another theme"


def _by_part(cues):
    stretch = [cues[0]]
    for cue in cues[1:]:
        if cue.part != stretch[-1].part:
            yield stretch
            stretch = []
        stretch.append(cue)
    yield stretch


@given(SOUNDS, SETTINGS)
@hypothesis_settings(max_examples=20)
def test_the_same_seed_writes_the_same_sheet(heard, settings):
    assert sheet(heard, settings) == sheet(heard, settings)


def test_another_seed_shows_other_things_at_the_same_times():
    one, other = (sheet(song(), Settings(seed=seed)) for seed in (1, 2))
    assert [cue.start_seconds for cue in one] == [cue.start_seconds for cue in other]
    assert not {cue.classes[0] for cue in one} & {cue.classes[0] for cue in other}


def test_the_more_sensitive_to_pitch_the_more_readily_leads_give_way():
    counts = [len(sheet(song(8000), Settings(pitch_sensitivity=value))) for value in (1, 150, 220, 299)]
    assert counts == sorted(counts)
    assert counts[-1] > 2 * counts[0]


def test_leads_change_where_the_harmony_does():
    heard = song(2400, pattern="A", beat=10)  # four beats are a bar of 0.93 s; a chord lasts four
    chroma = np.repeat(heard.harmonic_chroma[:, ::160], 160, axis=1)[:, :2400]  # four bars to a chord
    cues = sheet(dataclasses.replace(heard, harmonic_chroma=chroma, chroma=chroma), Settings(pitch_sensitivity=235))
    distances = [abs(float(cue.start_seconds * CONTROL_RATE) % 160 - 80) for cue in cues[1:]]
    assert np.mean([distance > 40 for distance in distances]) > 0.7, "nearer to a change of chord than to the middle of one"


def test_moved_bars_move_the_cues():
    heard = song()
    bars = tuple(Fraction(second, 10) for second in range(3, 690, 23))
    plain, moved = sheet(heard), sheet(heard, bars_seconds=bars)
    assert [one.start_seconds for one in plain] != [one.start_seconds for one in moved]
    assert all(min(abs(bar - one.start_seconds) for bar in bars) < Fraction(1, 100) for one in moved[1:])


def test_moved_beats_move_the_cues():
    heard = song()
    later = dataclasses.replace(heard, beat_times=heard.beat_times + 0.2)
    assert [one.start_seconds for one in sheet(heard)][1:] != [one.start_seconds for one in sheet(later)][1:]


# What it shows --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12, 30])
def test_a_film_shows_as_many_classes_as_are_wanted_of_those_that_are_well_drawn(count):
    told = directed(song(9000, pattern="ABCDE"), Settings(seed=4, class_count=count))
    assert len(set(told.classes)) == len(told.classes) == count
    assert set(told.classes) <= set(themes.well_drawn())
    assert {number for one in told.cues for number in one.classes} <= set(told.classes)


def test_the_seed_never_shows_one_picture_as_two_classes():
    lines = [line for line in themes.WELL_DRAWN.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    pictures = [line.rpartition(": ")[2] for line in lines]
    assert len(set(pictures)) == len(pictures) == len(set(themes.well_drawn()))
    assert all(0 <= number < 1000 for number in themes.well_drawn())


def test_a_film_and_its_draft_show_the_same_things():
    large, draft = (sheet(song(), Settings(model=model)) for model in (Model.BIGGAN, Model.EMOJI))
    assert large == draft


def test_a_theme_is_of_neighbouring_meaning():
    rng = np.random.default_rng(1)
    vectors = themes.meanings()
    chosen = themes.choose(rng, sizes=(4, 4, 4), candidates=themes.well_drawn())
    for theme in chosen:
        others = [number for other in chosen if other is not theme for number in other]
        within = (vectors[list(theme)] @ vectors[list(theme)].T)[np.triu_indices(4, 1)].mean()
        assert within > 0.3 + (vectors[list(theme)] @ vectors[others].T).mean()


def test_chosen_classes_are_dealt_out_in_their_order():
    wanted = tuple(range(100, 106))
    cues = sheet(song(4800, pattern="AB"), Settings(classes=wanted, class_count=6))
    leads = list(dict.fromkeys(one.classes[0] for one in cues))
    assert leads == list(wanted)
    assert {one.classes[0] for one in cues if one.part == "A"} == set(wanted[:3])


def test_excluded_classes_are_never_shown():
    plain = directed(song(), Settings(seed=3)).classes
    other = directed(song(), Settings(seed=3, excluded=plain[:5])).classes
    assert not set(plain[:5]) & set(other)
    few = directed(song(), Settings(seed=3, excluded=tuple(range(998)), class_count=12)).classes
    assert set(few) == {998, 999}


@pytest.mark.parametrize("total", [1, 2, 10, 1500])
def test_networks_of_other_classes_have_no_themes_but_a_sheet(total):
    made = make(song(), Settings(class_count=6), class_total=total)
    shown, _ = made.in_columns()
    assert 1 <= len(shown) <= 6
    assert max(shown) < total


# What is drawn --------------------------------------------------------------------------------------------------------------------------


def shares(made):
    vectors = made.class_vectors(range(len(made)))
    return np.sort(vectors / vectors.sum(axis=1, keepdims=True), axis=1)[:, ::-1]


def test_with_no_blend_one_thing_shows_at_a_time_but_for_the_morphs():
    made = make(song(), Settings(blend=0.0, smooth_factor=5), count=1500)
    alone = shares(made)[:, 0]
    assert (alone > 0.999).mean() > 0.85
    assert shares(made)[:, :2].sum(axis=1).min() > 0.999, "a morph is of two things"


@given(st.integers(0, 5), st.floats(0, 0.5))
@hypothesis_settings(max_examples=20)
def test_a_guest_has_at_most_a_third_of_the_picture(seed, blend):
    heard = dataclasses.replace(song(seed=seed), chroma_energy=random_features(3000, seed=seed).chroma_energy)
    told = directed(heard, Settings(blend=blend))
    made = make(heard, Settings(blend=blend), count=1500)
    changes = [float(one.start_seconds) for one in told.cues[1:]]
    still = [n for n in range(1500) if all(abs(n / 25 - change) > told.morph_seconds[0] for change in changes)]
    assert shares(made)[still, 0].min() >= 2 / 3 - 1e-6


def test_a_strong_chord_lets_the_guest_in():
    loud = np.ones(3000, np.float32)
    loud[400:420] = 9
    heard = dataclasses.replace(song(pattern="A"), chroma_energy=loud)
    told = directed(heard, Settings(blend=0.5))
    assert told.guests[410] > 0.45
    assert told.guests[200] < 0.01


@pytest.mark.parametrize("depth", [0.2, 1.0])
def test_depth_is_how_strongly_the_lead_shows(depth):
    made = make(song(), Settings(blend=0.0, depth=depth), count=200)
    np.testing.assert_allclose(made.class_vectors(range(200)).sum(axis=1), depth, atol=1e-6)


def test_the_smooth_factor_is_how_long_a_morph_takes():
    lengths = []
    for factor in (5, 40):
        made = make(song(), Settings(blend=0.0, smooth_factor=factor), count=1500)
        lengths.append((shares(made)[:, 0] < 0.999).sum() / len(sheet(song(), Settings(smooth_factor=factor))[1:]) / 25)
    assert lengths[0] == pytest.approx(10 / float(CONTROL_RATE), rel=0.4)
    assert lengths[1] == pytest.approx(80 / float(CONTROL_RATE), rel=0.4)


@pytest.mark.parametrize("look", [Look.ORIGINAL_MSIEG, Look.ORIGINAL_RUSHK])
def test_the_originals_know_no_blend(look):
    one, other = (make(song(), Settings(look=look, blend=blend)) for blend in (0.0, 1.0))
    assert all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))


def test_blend_moves_smoothly_from_one_thing_to_all_at_once():
    wanted = tuple(range(12))
    films = [make(song(), Settings(classes=wanted, blend=blend)).class_vectors(range(400)) for blend in (0.5, 0.75, 0.999999, 1.0)]
    np.testing.assert_allclose(films[1], (films[0] + films[3]) / 2, atol=1e-5)
    np.testing.assert_allclose(films[2], films[3], atol=1e-5)
    alone = [(film > 0.01).sum(axis=1).mean() for film in films]
    assert alone[0] < 3
    assert alone[3] > 6


def test_blend_can_change_over_time():
    wanted = tuple(range(12))
    curve = Curve(parameter="blend", values=(0.0, 1.0), seconds=(Fraction(6), Fraction(8)))
    moving, low, high = (
        make(song(), settings).class_vectors(range(400))
        for settings in (
            Settings(classes=wanted, curves=(curve,)),
            Settings(classes=wanted, blend=0.0),
            Settings(classes=wanted, blend=1.0),
        )
    )
    np.testing.assert_allclose(moving[:149], low[:149], atol=1e-6)
    np.testing.assert_allclose(moving[202:], high[202:], atol=1e-6)


@given(st.integers(0, 900), st.integers(1, 60), SETTINGS)
@hypothesis_settings(max_examples=25)
def test_any_frame_can_be_had_without_those_before_it(first, count, settings):
    heard = song(1500)
    whole = make(heard, settings, count=first + count)
    piece = make(heard, settings, start=first / FPS, count=count)
    np.testing.assert_array_equal(piece.class_vectors(range(count)), whole.class_vectors(range(first, first + count)))
    np.testing.assert_array_equal(piece.noise, whole.noise[first:])


def test_a_section_changes_the_film_only_inside():
    section = Section(first_frame=200, end_frame=300, settings=Settings(seed=9, blend=0.1, pitch_sensitivity=290))
    plain, cut = make(song()), make(song(), sections=(section,))
    outside = [*range(200), *range(300, 400)]
    np.testing.assert_array_equal(cut.class_vectors(outside), plain.class_vectors(outside))
    assert np.abs(cut.class_vectors([250]) - plain.class_vectors([250])).max() > 0.5


@pytest.mark.parametrize("heard", [silence(200), one_hit(200), random_features(129), random_features(1), silence(1)])
def test_short_and_dull_sounds_are_directed(heard):
    for count in (1, 2, 12):
        made = make(heard, Settings(class_count=count), count=80)
        vectors = made.class_vectors(range(80))
        assert np.isfinite(vectors).all()
        assert (vectors.max(axis=1) > 0.3).all()


# Words and the sheet --------------------------------------------------------------------------------------------------------------------


def test_between_and_around_sung_lines_the_sheet_goes_on():
    lines = (cue(10, 13, 1), cue(20, 24, 2))
    cues = sheet(song(), Settings(cues=lines))
    assert all(line in cues for line in lines)
    assert all(before.end_seconds == after.start_seconds for before, after in pairwise(cues))
    assert {one.part for one in cues if 13 <= one.start_seconds < 20} <= set("ABCD")
    assert cues[0].part == "A"


def test_a_breath_between_two_lines_shows_no_other_thing():
    cues = sheet(song(), Settings(cues=(cue(10, 13, 1), cue(Fraction(27, 2), 17, 2))))
    assert [one.classes[0] for one in cues if 10 <= one.start_seconds < 17] == [1, 2]


@given(
    st.lists(st.tuples(st.integers(-20, 600), st.integers(1, 90), st.integers(0, 9)), min_size=1, max_size=12),
    SETTINGS,
)
@hypothesis_settings(max_examples=40)
def test_whatever_is_sung_when_the_film_is_whole(lines, settings):
    lines.sort(key=lambda line: line[0])
    given_cues = tuple(cue(Fraction(start, 10), Fraction(start + length, 10), number) for start, length, number in lines)
    assume(max(one.end_seconds for one in given_cues) > 0)
    film = dataclasses.replace(settings, cues=given_cues, blend=min(settings.blend, 0.5))
    vectors = make(song(), film, count=1500).class_vectors(range(1500))
    np.testing.assert_allclose(vectors.max(axis=1) > 0.2, True)
    for n in range(0, 1500, 25):
        singing = [one for one in given_cues if one.start_seconds + 1 <= Fraction(n, 25) < one.end_seconds - 1]
        if len(singing) == 1 and len([one for one in given_cues if one.start_seconds <= Fraction(n, 25) < one.end_seconds]) == 1:
            others = [
                one for one in given_cues if abs(one.start_seconds - Fraction(n, 25)) < 1 or abs(one.end_seconds - Fraction(n, 25)) < 1
            ]
            if not others:
                assert vectors[n].argmax() == singing[0].classes[0]


def test_themes_lie_near_what_is_sung_in_their_part():
    heard = song(4800, pattern="AB")
    middle = float(direction.Song(heard).parts[1].start_seconds)
    lines = (cue(5, 8, 954), cue(int(middle) + 10, int(middle) + 14, 579))  # banana, grand piano
    cues = [one for one in sheet(heard, Settings(cues=lines)) if one.part]
    vectors = themes.meanings()
    for part, sung in (("A", 954), ("B", 579)):
        leads = [one.classes[0] for one in cues if one.part == part]
        assert (vectors[leads] @ vectors[sung]).mean() > 0.4


def test_chosen_classes_go_where_words_near_to_them_are_sung():
    heard = song(4800, pattern="AB")
    middle = float(direction.Song(heard).parts[1].start_seconds)
    fruits, instruments = (949, 950, 951), (402, 546, 889)
    lines = (cue(5, 8, 954), cue(int(middle) + 10, int(middle) + 14, 579))
    cues = [one for one in sheet(heard, Settings(cues=lines, classes=(*instruments, *fruits))) if one.part]
    assert {one.classes[0] for one in cues if one.part == "A"} <= set(fruits)
    assert {one.classes[0] for one in cues if one.part == "B"} <= set(instruments)


def test_a_sheet_that_is_given_back_unchanged_makes_the_same_film():
    heard = song()
    plain = directed(heard)
    given_back = Settings(cues=plain.cues)
    np.testing.assert_array_equal(
        make(heard, given_back, count=1500).class_vectors(range(1500)), make(heard, count=1500).class_vectors(range(1500))
    )


def test_overlapping_cues_of_a_sheet_are_refused():
    (problem,) = Settings(cues=(cue(0, 5, 1, part="A"), cue(4, 8, 2, part="A"))).problems()
    assert "overlap" in problem
    assert list(Settings(cues=(cue(0, 5, 1), cue(4, 8, 2))).problems()) == [], "of two lines at once the later one shows"
