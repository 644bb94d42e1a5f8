"""Suggested parts, on songs whose parts are known."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.sound import structure
from core.sound.features import ARRAYS, CONTROL_RATE, Features, analyse
from core.sound.structure import suggest
from tests.films import random_features, silence

RATE = 22_050
HARMONIES = {"A": (9, 5, 0, 7), "B": (2, 7, 4, 11), "C": (3, 10, 1, 8)}  # each part's roots, one a bar, as pitch classes
TIMBRES = {"A": (1, 2, 3), "B": (1, 2, 3, 4, 5, 6), "C": (1,)}  # overtones
DRUMS = {"A": 0.2, "B": 0.5, "C": 0.05}


@functools.cache
def note(hz, seconds, overtones):
    now = np.arange(round(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * hz * n * now) / n for n in overtones) * np.exp(-3 * now) * np.minimum(1, 80 * now)


def compose(form, *, bars=4, bpm=100.0, seed=0, harmonies=HARMONIES, timbres=TIMBRES, drums=DRUMS):
    """Make a song of parts; each plays chords, a tune that is never the same twice, and drums: float32 [n], and where its parts begin."""
    rng, beat = np.random.default_rng(seed), 60 / bpm
    samples = 0.002 * rng.standard_normal(round(len(form) * bars * 4 * beat * RATE) + RATE)
    hit = np.exp(-np.arange(3000) / 500)
    for count in range(len(form) * bars * 4):
        part, first = form[count // (4 * bars)], round(count * beat * RATE)
        root = harmonies[part][count // 4 % 4]
        chord = (root, root + 4, root + 7)
        tune = 12 + chord[rng.integers(3)]
        for pitch, loudness in ((root - 12, 0.3), *((pitch, 0.15) for pitch in chord), (tune, 0.15)):
            sound = loudness * note(130.8 * 2 ** (pitch / 12), beat, timbres[part])
            samples[first : first + len(sound)] += sound
        samples[first : first + 3000] += (0.5 if count % 2 else 1) * drums[part] * rng.standard_normal(3000) * hit
    return (0.3 * samples[:-RATE]).astype(np.float32), np.arange(len(form)) * bars * 4 * beat


def labels(parts):
    return "".join(part.label for part in parts)


def starts(parts):
    return np.array([part.start_seconds for part in parts])


@pytest.fixture(scope="module")
def verses_and_choruses():
    samples, begins = compose("ABAB", bars=8, bpm=140)
    return analyse(samples), begins


def test_verses_and_choruses_are_found_to_half_a_second(verses_and_choruses):
    heard, begins = verses_and_choruses
    parts = suggest(heard)
    assert labels(parts) == "ABAB"
    assert starts(parts) == pytest.approx(begins, abs=0.5)
    assert parts[-1].end_seconds == pytest.approx(len(heard.energy) / float(CONTROL_RATE))


def test_a_chorus_is_like_the_last_chorus(verses_and_choruses):
    verse, chorus, second_verse, second_chorus = suggest(verses_and_choruses[0])
    assert (verse.alike, second_verse.alike, second_chorus.alike) == (None, 0, 1)
    assert min(second_verse.likeness, second_chorus.likeness) > 0.8
    assert verse.likeness == 0
    assert chorus.likeness < 0.3


def test_boundaries_lie_on_beats(verses_and_choruses):
    heard, _ = verses_and_choruses
    assert set(starts(suggest(heard))[1:]) <= set(heard.beat_times)


@pytest.mark.parametrize(
    ("form", "expected", "options"),
    [
        ("AAA", "A", {}),
        ("ABCB", "ABCB", {"bpm": 96}),
        ("AABA", "ABA", {"seed": 3}),
        ("ABAB", "ABAB", {"timbres": dict.fromkeys("ABC", (1, 2, 3)), "drums": dict.fromkeys("ABC", 0.2), "bars": 8}),  # harmonies alone
        ("ABAB", "ABAB", {"harmonies": dict.fromkeys("ABC", HARMONIES["A"]), "bars": 8}),  # timbres alone
    ],
)
def test_forms_are_found(form, expected, options):
    samples, begins = compose(form, **options)
    parts = suggest(analyse(samples))
    assert labels(parts) == expected
    begins = [begin for number, begin in enumerate(begins) if number == 0 or form[number] != form[number - 1]]
    assert starts(parts) == pytest.approx(np.array(begins), abs=0.5)


def test_a_song_of_one_part_has_one_part():
    samples, _ = compose("A")
    (part,) = suggest(analyse(samples))
    assert (part.label, part.alike, part.start_seconds) == ("A", None, 0)


@pytest.mark.parametrize("seconds", [0, 0.001, 0.5, 5])
def test_short_sounds_have_one_part(seconds):
    rng = np.random.default_rng(0)
    samples = rng.standard_normal(round(seconds * RATE)).astype(np.float32)
    (part,) = suggest(analyse(samples))
    assert part.start_seconds == 0
    assert part.end_seconds == pytest.approx(seconds, abs=0.03)


@pytest.mark.parametrize("kind", ["silence", "noise", "tone"])
def test_what_never_changes_has_one_part(kind):
    seconds = 20
    samples = {
        "silence": np.zeros(seconds * RATE),
        "noise": 0.1 * np.random.default_rng(0).standard_normal(seconds * RATE),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * np.arange(seconds * RATE) / RATE),
    }[kind]
    assert labels(suggest(analyse(samples.astype(np.float32)))) == "A"


def test_noise_then_a_tone_are_two_parts():
    samples = np.concatenate(
        [0.1 * np.random.default_rng(0).standard_normal(20 * RATE), 0.3 * np.sin(2 * np.pi * 440 * np.arange(20 * RATE) / RATE)]
    )
    parts = suggest(analyse(samples.astype(np.float32)))
    assert labels(parts) == "AB"
    assert parts[1].start_seconds == pytest.approx(20, abs=0.5)


@given(st.integers(1, 3000), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 1.0]))
@hypothesis_settings(max_examples=30)
def test_parts_cover_any_sound_without_gaps(frames, seed, quiet):
    heard = random_features(frames, seed=seed, quiet=quiet)
    parts = suggest(heard)
    assert parts[0].start_seconds == 0
    assert parts[-1].end_seconds == pytest.approx(frames / float(CONTROL_RATE))
    for number, part in enumerate(parts):
        assert part.start_seconds < part.end_seconds
        assert 0 <= part.likeness <= 1
        assert part.alike is None if number == 0 else part.alike in range(number)
        if number:
            assert part.start_seconds == parts[number - 1].end_seconds
            assert part.label != parts[number - 1].label


def test_silence_of_any_length_has_one_part():
    for frames in (1, 2, 30, 4000):
        assert labels(suggest(silence(frames))) == "A"


def test_a_part_that_is_like_an_earlier_one_has_its_letter():
    parts = suggest(random_features(9000, seed=4))
    for part in parts[1:]:
        assert (part.likeness >= structure.SAME) == (part.label == parts[part.alike].label)


def test_an_hour_has_its_parts(verses_and_choruses):
    heard, _ = verses_and_choruses
    times = 3600 * float(CONTROL_RATE) / len(heard.energy)
    parts = suggest(repeated(heard, round(times)))
    assert labels(parts).count("AB") > times / 2


def repeated(heard, times):
    length = len(heard.energy) / float(CONTROL_RATE)
    curves = {name: np.concatenate([getattr(heard, name)] * times, axis=-1) for name in ARRAYS if name not in {"beat_times", "tempo"}}
    beats = np.concatenate([heard.beat_times + number * length for number in range(times)])
    return Features(**curves, beat_times=beats, tempo=heard.tempo)


@pytest.mark.parametrize(
    ("number", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (27, "AB"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")]
)
def test_letters_go_on_as_a_spreadsheets_columns(number, name):
    assert structure._name(number) == name
