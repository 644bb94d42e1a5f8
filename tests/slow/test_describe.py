"""Free words find things that such a picture shows, by the real sentence model."""

import pytest

from core.protocol import UserError, class_names
from core.walk.themes import well_drawn
from core.words import choosing_job
from tests import verses

EXPECTED = {
    "a stormy sea at night": {"shipwreck", "ocean liner", "submarine", "beach", "albatross", "lifeboat"},
    "my grandmother's kitchen": {"stove", "sink", "refrigerator", "soup bowl", "dishwasher", "wooden spoon"},
    "a day at the zoo": {"lion", "gorilla", "squirrel monkey", "beaver", "Arabian camel", "Nile crocodile"},
    "Christmas eve by the fireplace": {"Christmas stocking", "candle", "fire screen"},
    "a medieval battle": {"castle", "throne", "shield", "cannon"},
    "outer space and distant planets": {"planetarium", "space shuttle", "radio telescope"},
    "a busy city street in the rain": {"street sign", "traffic light", "umbrella", "ambulance"},
    "under the sea, coral and fish": {"coral reef", "brain coral", "sea anemone", "jellyfish", "starfish"},
    "a picnic in the park": {"park bench", "ice cream", "swing", "strawberry", "tent"},
    "an orchestra on stage": {"stage", "cello", "oboe", "flute", "violin", "drum"},
    "the arctic, snow and ice": {"Arctic fox", "polar bear", "snowplow", "snowmobile", "ski"},
    "a desert road trip": {"recreational vehicle", "valley", "mountain", "taxicab"},
    "a farm in spring": {"hay", "barn", "tractor", "corn", "milk can"},
    "a fancy dinner with wine": {"red wine", "wine bottle", "dining table", "beer glass", "menu"},
    "breakfast": {"toaster", "waffle iron", "eggnog", "menu", "soup bowl"},
    "things that fly": {"airship", "airplane wing", "balloon", "dragonfly", "airliner"},
    "at the beach in summer": {"beach", "bikini", "sunscreen", "sandal", "bathing suit"},
    "an old library": {"library", "bookstore", "bookcase", "castle", "palace"},
    "a hospital": {"ambulance", "medicine cabinet"},
    "insects in my garden": {"leaf beetle", "grasshopper", "stick insect", "cricket (insect)", "cockroach"},
    "speed and racing": {"race car", "sports car", "high-speed train", "ski", "odometer"},
}
"""What a person would expect: at least half of these, and no fewer than two, among eight."""


def found(words, **wishes):
    return choosing_job.answer(verses.job(cache_folder=verses.KEPT, description=words, **{"class_count": 8, **wishes}))


@pytest.mark.parametrize("words", EXPECTED)
def test_what_a_person_would_expect_is_among_the_things(words, verses_read):
    told = found(words)
    names = {thing.name for thing in told.things}
    assert len(names) == 8
    assert not told.warnings
    assert len(names & EXPECTED[words]) >= max(2, len(EXPECTED[words]) / 2), names


def test_excluded_things_never_come_up_and_the_embedded_model_gets_what_it_draws_well(verses_read):
    fish = class_names.resolve_group("jellyfish")
    told = found("under the sea, coral and fish", blocklist=("jellyfish",), well_drawn=True)
    assert fish.isdisjoint(thing.class_id for thing in told.things)
    assert {thing.class_id for thing in told.things} <= set(well_drawn())


@pytest.mark.parametrize("words", ["asdf qwer zxcv", "ein Sturm auf dem Meer"])
def test_nonsense_and_other_languages_are_guessed_at_and_it_is_said(words, verses_read):
    (warning,) = found(words).warnings
    assert words in warning


@pytest.mark.parametrize("words", [" ", "?!"])
def test_no_words_are_a_sentence(words, verses_read):
    with pytest.raises(UserError, match="no words"):
        found(words)
