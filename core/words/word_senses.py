"""Words that songs use for something else than the thing they name: "dough" for money, "baby" for somebody loved.

In: lines, and what encodes texts. Out: the lines as they are meant: in a verse about money, "my dough" is read as "my money". Whether a
word is meant so is decided by the rest of its verse, with the word itself left out. Knows single words only, no metaphors: what a song
compares things to is worth showing.
"""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Encode = Callable[[Sequence[str]], np.ndarray]
"""Turns texts into unit vectors, float32 [n, size]."""

LEFT_OUT = "it"
FOOD = "cooking and eating food in the kitchen"
MONEY = "money, cash, bank, pay and dollars"
LOVE = "love, kisses, a lover, romance, missing you, dancing with you"


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word with two meanings.

    Parameters
    ----------
    forms
        How it is written.
    thing
        What is spoken of where it names the thing.
    other
        What is spoken of where it does not.
    meant
        What to read there instead.
    but_not
        Where it means neither.
    """

    forms: str
    thing: str
    other: str
    meant: str
    but_not: str = ""

    def replaced(self, line: str, instead: str) -> str:
        """Put something else in the word's place wherever it stands."""
        return self._pattern.sub(lambda found: instead if found["word"] else found[0], line)

    def stands_in(self, line: str) -> bool:
        """Say whether the word stands there."""
        return any(found["word"] for found in self._pattern.finditer(line))

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        exception = rf"\b{self.but_not}\b|" if self.but_not else ""
        return re.compile(rf"{exception}\b(?P<word>{'|'.join(self.forms.split())})\b", re.IGNORECASE)


WORDS = (
    Word(
        forms="dough bread cheese cheddar cream bacon cabbage lettuce clam clams gravy cake guacamole guac chicken",
        thing=FOOD,
        other=MONEY,
        meant="money",
        but_not="ice cream",
    ),
    Word(forms="chip chips", thing=FOOD, other="gambling, poker, cards and money", meant="casino chips"),
    Word(forms="paper", thing="writing, reading, a letter, a book, a newspaper", other=MONEY, meant="money"),
    Word(forms="bank", thing="money, cash, loans, accounts, robbery", other="a river, a stream, water, the shore", meant="shore"),
    Word(forms="stock stocks", thing="a shop, a farm, cattle", other="finance, markets, investing, trading, prices", meant="shares"),
    Word(forms="baby babies", thing="an infant, a newborn child, a mother, a cradle, a lullaby", other=LOVE, meant="darling"),
    Word(forms="honey", thing="bees, a hive, breakfast, sweet food", other=LOVE, meant="darling"),
    Word(forms="sugar", thing="baking, coffee, sweet food, candy", other=LOVE, meant="darling"),
    Word(forms="fly flying", thing="an insect, buzzing, a swarm, dirt", other="soaring through the sky, wings, high, free", meant="soar"),
    Word(
        forms="bear",
        thing="an animal in the forest, a den, paws and claws",
        other="suffering, pain, a burden, I cannot stand it",
        meant="endure",
    ),
    Word(
        forms="safe",
        thing="robbing a bank, a locked steel box, gold, money, a combination",
        other="protected, sheltered, in your arms, no fear, no danger",
        meant="protected",
    ),
    Word(
        forms="chest",
        thing="a treasure, a wooden box, a pirate, a lid, a key",
        other="a heart beating, breathing, the body, a feeling",
        meant="heart",
    ),
    Word(
        forms="boxer boxers",
        thing="a dog, a pet, a leash, barking",
        other="fighting in the ring, punches, gloves, a champion",
        meant="fighter",
    ),
    Word(
        forms="pot",
        thing="cooking, the kitchen, soup, a plant, flowers",
        other="smoking weed, drugs, getting high, a joint",
        meant="marijuana",
    ),
    Word(
        forms="ice",
        thing="cold, frozen, winter, snow, water, a cool drink",
        other="diamonds, jewellery, gold, a chain, a watch, rich",
        meant="diamonds",
        but_not="ice cream",
    ),
    Word(
        forms="crib",
        thing="an infant sleeping, a mother, a nursery",
        other="my house, a party, a mansion, the neighbourhood",
        meant="house",
    ),
    Word(forms="whip", thing="a horse, a rider, a lash, leather", other="driving a car, wheels, an engine, the street", meant="car"),
    Word(forms="iron", thing="ironing shirts, laundry, housework", other="metal, steel, a weapon, strength, a prison", meant="steel"),
    Word(
        forms="match matches",
        thing="fire, a flame, burning, a cigarette, a candle",
        other="a game, a team, winning; two lovers who fit",
        meant="game",
    ),
    Word(
        forms="lighter", thing="a cigarette, smoke, a flame, fire", other="less heavy, weight, floating, free, relieved", meant="less heavy"
    ),
    Word(
        forms="mouse mice",
        thing="a computer, a screen, clicking",
        other="an animal, a cat, a hole, cheese, a meadow",
        meant="little rodent",
    ),
    Word(forms="keyboard keyboards", thing="a computer, typing, a screen", other="music, a band, a song, a piano", meant="piano"),
    Word(
        forms="tick ticks ticking",
        thing="an insect, an animal, blood, skin",
        other="a clock, time, seconds, waiting",
        meant="beat of a clock",
    ),
    Word(forms="ray rays", thing="fish, diving, the sea", other="sunlight, the sun, warmth, the morning, hope", meant="sunlight"),
    Word(forms="tank", thing="war, an army, soldiers, guns", other="driving a car, fuel, gasoline, the road", meant="fuel"),
    Word(forms="hip hips", thing="a rose, a garden, fruit", other="dancing, the body, moving, music", meant="body"),
    Word(
        forms="rose",
        thing="a flower, a garden, petals, thorns",
        other="stood up, climbed, came up, the sun, a crowd",
        meant="went up",
    ),
    Word(
        forms="fan fans",
        thing="air, cooling, summer heat, an electric machine",
        other="a crowd, a concert, a stadium, cheering",
        meant="cheering crowd",
    ),
    Word(forms="pitcher", thing="water, juice, pouring, drinking", other="baseball, throwing, a bat, an inning", meant="baseball player"),
    Word(forms="orange", thing="a fruit, juice, eating, a tree", other="a colour, the sky, sunset, light", meant="glowing"),
    Word(
        forms="jaguar beetle",
        thing="an animal, the jungle, nature, insects",
        other="a car, driving, an engine, the road",
        meant="car",
    ),
    Word(forms="husky", thing="a dog, a sled, snow, fur", other="a voice, singing, a whisper", meant="hoarse"),
    Word(
        forms="organ organs",
        thing="church music, an instrument, keys",
        other="the body, blood, a doctor, surgery",
        meant="body part",
    ),
    Word(
        forms="rock rocks",
        thing="stone, a mountain, a cliff, the ground",
        other="music, dancing, a guitar, a concert, a band",
        meant="music",
    ),
)
"""What BigGAN could show, and would show in the wrong place."""


def as_meant(passages: Sequence[Sequence[str]], encode: Encode) -> list[list[str]]:
    """Put what is meant in the place of what is said.

    Parameters
    ----------
    passages
        Groups of lines that belong together: verses, or parts of them.
    encode
        Turns texts into vectors.

    Returns
    -------
    list of list of str
        The same lines; where a word of `WORDS` means something else in its passage, with `Word.meant` in its place.
    """
    doubts = [(number, word) for number, lines in enumerate(passages) for word in WORDS if any(map(word.stands_in, lines))]
    read = [list(lines) for lines in passages]
    if doubts:
        meanings = encode([text for word in WORDS for text in (word.thing, word.other)]).reshape(len(WORDS), 2, -1)
        without = [[word.replaced(line, LEFT_OUT) for line in passages[number]] for number, word in doubts]
        for (number, word), context in zip(doubts, _sums(without, encode), strict=True):
            thing, other = meanings[WORDS.index(word)] @ context
            if other > thing:
                read[number] = [word.replaced(line, word.meant) for line in read[number]]
    return read


def _sums(passages: Sequence[Sequence[str]], encode: Encode) -> list[np.ndarray]:
    """Add up the vectors of each passage's lines; each line is encoded once."""
    different = list(dict.fromkeys(line for lines in passages for line in lines))
    vectors = dict(zip(different, encode(different), strict=True))
    return [np.sum([vectors[line] for line in lines], axis=0) for lines in passages]
