"""Classes for lyrics: the rules with made-up vectors, and what the real model makes of real verses."""

import dataclasses
import functools
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.protocol import Pin, Stage, Strategy, UserError, class_names
from core.words import choosing, choosing_job, lyrics, word_senses
from core.words.choosing import Wishes
from core.working import CancelledError
from tests import verses

FOOD = {number for number, kind in enumerate(class_names.kinds()) if kind in {"food", "vegetable", "fruit", "drink"}} | {
    class_names.resolve(name) for name in ("bakery", "candy store", "butcher shop")
}


class AnyVectors:
    """Gives each text a direction of its own, by its digest: no meaning, but the same for the same text."""

    def encode(self, texts):
        return np.array([self.vector(text) for text in texts])

    @staticmethod
    @functools.cache
    def vector(text):
        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
        vector = np.random.default_rng(seed).standard_normal(24).astype(np.float32)
        return vector / np.linalg.norm(vector)


ENCODER = AnyVectors()
SONG = lyrics.parse("one\ntwo\nthree\n\nla la\nfour\n\none\ntwo\nthree")
STRATEGIES = list(Strategy)


def ids(things):
    return [thing.class_id for thing in things]


def names(things):
    return [thing.name for thing in things]


# Rules of all strategies ----------------------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    texts=st.lists(st.sampled_from(["tiger", "a b", "la la", "", "[Chorus]", "dough", "Ω"]), min_size=1, max_size=9),
    strategy=st.sampled_from(STRATEGIES),
    class_count=st.integers(1, 40),
    blocked=st.frozensets(st.integers(0, 999), max_size=40),
)
def test_any_song_gets_as_many_different_classes_as_are_wanted(texts, strategy, class_count, blocked):
    lines = lyrics.parse("\n".join(["first", *texts]))
    choice = choosing.choose(lines, ENCODER, Wishes(strategy=strategy, class_count=class_count, blocked=blocked))
    assert len(set(ids(choice.things))) == len(choice.things) == class_count
    assert [row.number for row in choice.rows] == list(range(1, len(lines) + 1))
    assert [row.text for row in choice.rows] == [line.text for line in lines]
    for things in (choice.things, *(row.things for row in choice.rows)):
        assert len(set(ids(things))) == len(things) >= 1
        assert blocked.isdisjoint(ids(things))
        assert all(class_names.name(thing.class_id) == thing.name and -1 <= thing.similarity <= 1 for thing in things)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_wishes_give_the_same_choice(strategy):
    wishes = Wishes(strategy=strategy, class_count=4, seed=3)
    assert choosing.choose(SONG, ENCODER, wishes) == choosing.choose(SONG, ENCODER, wishes)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_pins_win_and_lead_the_film(strategy):
    plain = choosing.choose(SONG, ENCODER, Wishes(strategy=strategy, class_count=4))
    pinned = choosing.choose(SONG, ENCODER, Wishes(strategy=strategy, class_count=4, pins={2: 281, 5: 1}))
    assert [(row.things[0].class_id, row.is_pinned) for row in pinned.rows if row.number in {2, 5}] == [(281, True), (1, True)]
    assert ids(pinned.things)[:2] == [281, 1]
    assert len(pinned.things) == 4
    assert ids(pinned.rows[7].things) != ids(pinned.rows[1].things), "the same line elsewhere is not pinned"
    assert pinned.rows[0] == plain.rows[0]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_film_of_all_classes_is_possible_and_of_more_is_not(strategy):
    assert len(choosing.choose(SONG, ENCODER, Wishes(strategy=strategy, class_count=1000)).things) == 1000
    all_but_two = Wishes(strategy=strategy, class_count=2, blocked=frozenset(range(998)))
    assert set(ids(choosing.choose(SONG, ENCODER, all_but_two).things)) == {998, 999}
    with pytest.raises(UserError, match="3 different classes are wanted, of 2"):
        choosing.choose(SONG, ENCODER, dataclasses.replace(all_but_two, class_count=3))
    with pytest.raises(UserError, match="0 different classes"):
        choosing.choose(SONG, ENCODER, Wishes(strategy=strategy, class_count=0))


@pytest.mark.parametrize("line", [0, 9, -1])
def test_a_pin_beside_the_song_is_refused(line):
    with pytest.raises(UserError, match=f"line {line}, but the lyrics have 8 lines"):
        choosing.choose(SONG, ENCODER, Wishes(pins={line: 1}))


def test_a_pinned_class_may_not_be_blocked():
    with pytest.raises(UserError, match="“goldfish” is pinned to line 1 and blocked"):
        choosing.choose(SONG, ENCODER, Wishes(pins={1: 1}, blocked=frozenset({1})))


# The originals' strategies --------------------------------------------------------------------------------------------------------------


def winners(song):
    similarities = ENCODER.encode([line.text for line in song]) @ ENCODER.encode(class_names.names()).T
    return similarities.argmax(axis=1), similarities.max(axis=1)


def test_best_takes_the_lines_winners_by_similarity():
    classes, similarities = winners(SONG)
    by_similarity = list(dict.fromkeys(classes[np.argsort(-similarities)].tolist()))
    choice = choosing.choose(SONG, ENCODER, Wishes(strategy=Strategy.BEST, class_count=len(by_similarity)))
    assert ids(choice.things) == by_similarity
    assert [row.things[0].class_id for row in choice.rows] == classes.tolist()


def test_random_takes_a_sample_of_the_winners():
    classes = set(winners(SONG)[0].tolist())
    samples = [ids(choosing.choose(SONG, ENCODER, Wishes(strategy=Strategy.RANDOM, class_count=3, seed=seed)).things) for seed in range(9)]
    assert all(set(sample) <= classes for sample in samples)
    assert len({tuple(sample) for sample in samples}) > 3


# By hand and by chance ------------------------------------------------------------------------------------------------------------------


def test_chance_is_the_seeds_own_and_the_films():
    from core.latents import choose_classes, random_streams

    drawn = choosing.at_random(seed=5, class_count=7)
    assert drawn == choose_classes(random_streams(5)[0], count=7)
    blocked = frozenset(drawn[:3])
    others = choosing.at_random(seed=5, class_count=7, blocked=blocked)
    assert others[:4] == drawn[3:]
    assert len(set(others)) == 7
    assert blocked.isdisjoint(others)


def test_likes_begin_with_what_is_liked():
    things = choosing.like([281, 1, 281], ENCODER, class_count=5, blocked=frozenset(range(500, 1000)))
    assert ids(things)[:2] == [281, 1]
    assert len(set(ids(things))) == 5
    assert max(ids(things)) < 500


def test_likes_of_the_real_model_are_alike(verses_read):
    things = verses_read.answers["like"].things
    assert names(things)[:2] == ["tabby cat", "goldfish"]
    assert {class_names.kinds()[number] for number in ids(things)} <= {"cat", "fish"}


# Context, with the real model -----------------------------------------------------------------------------------------------------------


def food(things):
    return [thing.name for thing in things if thing.class_id in FOOD]


@pytest.mark.parametrize("verse", verses.MONEY)
def test_in_a_verse_about_money_dough_brings_up_no_food(verses_read, verse):
    answer = verses_read.answers[verses.MONEY[verse]]
    assert [(row.text, food(row.things)) for row in answer.rows if food(row.things)] == []
    assert food(answer.things) == []


@pytest.mark.parametrize("verse", verses.MONEY)
def test_in_a_verse_about_money_money_shows(verses_read, verse):
    answer = verses_read.answers[verses.MONEY[verse]]
    assert "money thing" in {class_names.kinds()[number] for number in ids(answer.things)}


@pytest.mark.parametrize("verse", verses.FOOD)
def test_where_dough_is_food_it_brings_up_food(verses_read, verse):
    answer = verses_read.answers[verses.FOOD[verse]]
    first = answer.rows[0]
    assert not first.meant
    assert food(first.things)
    assert len(food(answer.things)) >= 2


@pytest.mark.parametrize("verse", verses.PICTURES)
def test_lines_bring_up_what_they_name_even_if_their_verse_speaks_of_much_else(verses_read, verse):
    words, wanted = verses.PICTURES[verse]
    assert tuple(row.things[0].name for row in verses_read.answers[words].rows) == wanted


@pytest.mark.parametrize(("verse", "meant"), verses.MEANT.items(), ids=lambda text: text[:40])
def test_words_are_read_as_their_verse_means_them(verses_read, verse, meant):
    rows = {row.text: row for row in verses_read.answers["meant"].rows}
    read = " ".join(rows[line].meant for line in verse.split("\n"))
    assert (meant in read) if meant else (read.strip() == "")


def test_a_chorus_shows_the_same_each_time_and_mere_syllables_what_is_around_them(verses_read):
    rows = verses_read.answers[verses.CHORUS].rows
    assert [row.things for row in rows[:2]] == [row.things for row in rows[3:5]]
    assert rows[5].text == "La la la, oh oh"
    assert {"goldfish", "tabby cat"} <= set(names(rows[5].things))


def test_near_duplicates_are_spread(verses_read):
    things = verses_read.answers[verses.MONEY["robbery"]].things
    assert len({class_names.kinds()[number] for number in ids(things)}) > 1
    for verse in verses.MONEY.values():  # where a wallet would do for all
        rows = verses_read.answers[verse].rows
        assert len({row.things[0].class_id for row in rows}) >= len(rows) - 1


# Words with two meanings ----------------------------------------------------------------------------------------------------------------


def test_no_form_stands_in_two_rows_of_one_kind():
    forms = [form for word in word_senses.WORDS for form in word.forms.split()]
    assert len(set(forms)) == len(forms)


def test_ice_cream_is_neither_ice_nor_cream():
    dough, ice = (next(word for word in word_senses.WORDS if form in word.forms.split()) for form in ("cream", "ice"))
    assert dough.replaced("Cream on ice cream", "X") == "X on ice cream"
    assert ice.replaced("Ice and ice cream", "X") == "X and ice cream"
    assert not dough.stands_in("ice cream")
    assert not dough.stands_in("creamy doughnuts")


def test_without_such_words_nothing_is_encoded():
    def refuse(_texts):
        raise AssertionError

    assert word_senses.as_meant([["a tiger"], ["walks"]], refuse) == [["a tiger"], ["walks"]]


# The job --------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(verses_read):
    def choose(words="", **wishes):
        return choosing_job.answer(verses.job(words, cache_folder=verses_read.cache_folder, **wishes))

    return choose


def test_names_and_kinds_are_blocked(ask, verses_read):
    plain = ask(verses.CHORUS)
    assert "tabby cat" in names(plain.things)
    blocked = ask(verses.CHORUS, blocklist=("cats", "goldfish"))
    assert {281, 1}.isdisjoint(ids(blocked.things))
    assert "cat" not in {class_names.kinds()[number] for row in blocked.rows for number in ids(row.things)}


def test_without_lyrics_chance_chooses(ask):
    answer = ask(seed=4, class_count=3)
    assert answer.rows == ()
    assert tuple(ids(answer.things)) == choosing.at_random(seed=4, class_count=3)


def test_loading_is_told_before_it_begins(verses_read):
    told = []
    choosing_job.answer(verses.job(verses.CHORUS, cache_folder=verses_read.cache_folder), report=lambda *stage: told.append(stage))
    assert told[0] == (Stage.LOADING, 0, 1)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_finding_things_ends_when_nobody_wants_it_any_more(verses_read, steps):
    asked = iter(range(100))
    with pytest.raises(CancelledError):
        choosing_job.answer(verses.job(verses.CHORUS, cache_folder=verses_read.cache_folder), cancelled=lambda: next(asked) >= steps)


@pytest.mark.parametrize(
    ("wishes", "complaint"),
    [
        ({"blocklist": ("dragons",)}, "no class “dragons”"),
        ({"like": ("1000",)}, "no class 1000"),
        ({"pins": (Pin(line=1, thing="unicorn"),)}, "Pinned to line 1: There is no class “unicorn”"),
        ({"pins": (Pin(line=1, thing="1"), Pin(line=1, thing="2"))}, "Two classes are pinned to one line"),
        ({"words": "\n"}, "holds no lyrics"),
        ({"lyrics_path": "/nowhere/song.lrc"}, "There is no file"),
    ],
)
def test_wrong_wishes_are_told_before_a_model_is_looked_for(tmp_path, wishes, complaint):
    with pytest.raises(UserError, match=complaint):
        choosing_job.answer(verses.job(**{"words": "", "cache_folder": tmp_path} | wishes))
    assert list(tmp_path.iterdir()) == []


def test_lyrics_without_an_english_word_work_and_bring_a_note():
    foreign = lyrics.parse("Quizás la noche nos encuentre\nbailando bajo las estrellas lejanas\n" * 4)
    assert not choosing.speaks_english(foreign)
    assert len(choosing.choose(foreign, ENCODER, Wishes(class_count=5)).things) == 5
    assert choosing.speaks_english(lyrics.parse(verses.CHORUS))
    assert choosing.speaks_english(lyrics.parse("Ω"))
