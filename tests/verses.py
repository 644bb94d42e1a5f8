"""Verses of our own, and what the sentence model makes of them."""

import contextlib
import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
import numpy as np
import pytest

from core.protocol import ChooseClasses, ClassesChosen, UserError
from core.words import choosing_job, sentences

MONEY = {
    "stacking": """I been stacking up my dough since I was seventeen
Got the bank on the line and the wallet full of green
Count it in the morning, then I count it again
Every dollar that I owe I pay the interest to a friend""",
    "rent": """Rent is due on Friday and my pockets are thin
Need to make some dough before the landlord walks in
Cash in the mattress, coins in a jar
Sold my guitar and the keys to my car""",
    "bread": """We get this bread, we get this bread all day
Paychecks and overtime, that is the way
Invest in the market and watch the stocks rise
A million in the bank account before our eyes""",
    "bacon": """Mama bring home the bacon, working nine to five
Paying off the mortgage just to keep us alive
Dollars and cents on the bedroom floor
Credit card company knocking at the door""",
    "cheese": """Chasing that cheese, that cheddar, that cream
Cash rules the block and it ruins the dream
Gold chain, diamond ring, money in the safe
Bills in a briefcase, can't wait, can't wait""",
    "clams": """That'll be a thousand clams, sir, pay at the till
The banker and the broker are counting it still
I've lettuce in my wallet and cabbage to burn
Spend it like it's nothing, there's more that I earn""",
    "pocket": """Dough in my pocket
Dough in the bank
Money is the only thing I have to thank
Dollar bills falling like rain on the street""",
    "chicken chili": """He ain't got no money but he's flashing his dough
Chicken for the dealer, chili for the show
Hundred dollar bills in a rubber band roll
Robbing the bank and escaping parole""",
    "taxes": """You know it takes dough to make the world go round
Loans and debts and taxes keep me in the ground
The boss takes half of the money that I make
And the taxman comes to take what he can take""",
    "one line": "Money, money, got to get that dough",
    "robbery": """Mask on my face as we walked through the door
Put the dough in the bag and lie down on the floor
The teller was trembling, the vault opened wide
A fortune in banknotes and nowhere to hide""",
}

FOOD = {
    "baking": """Flour on the table and dough in my hands
Butter and sugar in old baking pans
Roll it and knead it and let it all rise
Bread in the oven and blueberry pies""",
    "dinner": """Chicken chili simmering slow on the stove
Garlic and onions and lemon and clove
Set out the plates and pour the red wine
Bread on the table, come in and dine""",
    "pizza": """Mamma mia, spin the dough up high
Tomato and cheese like a pizza in the sky
Slide it in the oven till the crust is brown
Best slice of pie in the whole damn town""",
    "one line": "Knead the dough and bake the bread",
    "cookies": """Cookie dough and ice cream in a bowl on my knees
Chocolate and caramel, another one please""",
}

PICTURES = {
    "mixed": (
        """I saw a tiger walking down the road
I rode my bicycle with a heavy load
I ate an orange underneath the tree
A lighthouse was shining over the sea""",
        ("tiger", "mountain bike", "orange", "lighthouse"),
    ),
    "church": (
        """Hallelujah, the organ plays
Kneeling at the altar, giving praise
Bride in a white gown, groom at her side""",
        ("pipe organ", "altar", "bridegroom"),
    ),
    "animals": (
        """Goldfish in a bowl
A tabby on the wall
The parrot in the hall""",
        ("goldfish", "tabby cat", "African grey parrot"),
    ),
    "building site": (
        """The cranes on the site lifting steel to the sky
Bulldozers digging and hammers that pound""",
        ("construction crane", "hammer"),
    ),
    "birds": (
        """The crane and the heron stand still in the reeds
A flamingo in pink on a single thin leg""",
        ("crane (bird)", "flamingo"),
    ),
}

MEANT = {
    "Oh baby, baby, don't you walk away\nHold me, my baby, and never let go": "darling",
    "Hush little baby, asleep in your crib\nMilk on your chin and a stain on your bib": "",
    "Honey, come home, I am lonely tonight\nI'll love you till stars don't remember to shine": "darling",
    "The bees make the honey way up in the tree\nA golden sweet comb for the queen and for me": "",
    "I believe I can fly above rooftops and trees\nSpread out my wings and rise up on the breeze": "soar",
    "There's a fly in the kitchen, it's buzzing around\nIt sits on the trash and it makes a foul sound": "",
    "I cannot bear living without you, my dear\nThe silence is all that I'm able to hear": "endure",
    "The bear left his cave and he growled at the moon\nHis paws in the river, the salmon come soon": "",
    "You're safe in my arms when the world is too wild\nI'll hold you, protect you like I would a child": "protected",
    "Crack the safe open, the gold is inside\nTake all the money, the getaway ride": "",
    "My heart's beating hard in the depth of my chest\nI'm breathing your name and I can't get no rest": "heart",
    "Ice on my wrist and a chain on my neck\nDiamonds are dancing, I'm cashing the check": "diamonds",
    "Snow on the mountain and ice on the lake\nA sled in the winter, how long will it take": "",
    "Ten rounds and the bell and the crowd wants some more\nThe boxer gets hit and he falls to the floor": "fighter",
    "Sit by the bank where the river runs slow\nWatching the water and willows below": "shore",
    "Move your hips to the rhythm, come dance with me\nShaking your body, wild and free": "body",
    "The mouse in the meadow is hunting for seeds\nThe cat's in the barley, asleep in the weeds": "little rodent",
    "The mouse and the keyboard don't know what to do\nMy computer is frozen, the screen has gone blue": "",
}
"""Verse, to what a word of it is read as; empty: as it stands."""

HAPPY = """I'm walking on sunshine and it feels so good

What a wonderful world, I think to myself

Dance with me darling, the party is on

Hallelujah, we made it, we're finally free

Laughing together beneath the blue sky

Best day of my life, hands in the air"""
SAD = """I'm crying in the dark, you left me alone

Every tear that I cried was a tear for you

I hate the way you lied to my face

There's blood on the floor and death at the door

Nobody loves me, nobody cares

Everything I touch turns to dust and decay"""
CHORUS = """Goldfish in a bowl
A tabby on the wall

I ate an orange underneath the tree

Goldfish in a bowl
A tabby on the wall

La la la, oh oh"""
LIKE = ("tabby", "goldfish")

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".venv" / "tests"


def job(words="", *, cache_folder, **wishes):
    """Ask for a verse's classes."""
    return ChooseClasses(job_id="verse", cache_folder=str(cache_folder), words=words, **{"class_count": 6, **wishes})


@dataclass(frozen=True, kw_only=True)
class Read:
    """What the sentence model made of all verses.

    Attributes
    ----------
    cache_folder : Path
        Where the model and its vectors are.
    answers : dict
        Words to `ClassesChosen`; all of `MEANT`, as one song, under "meant"; those like `LIKE` under "like".
    damaged : str
        What was said about a damaged model.
    thread_difference : float
        The largest difference between vectors counted when torch was set to one thread, and to two.
    """

    cache_folder: Path
    answers: dict[str, ClassesChosen]
    damaged: str
    thread_difference: float


def read_all() -> Read:
    """Read all verses; nothing of it may ask the network.

    Loading the model takes seconds, so what it gave is kept below `.venv/`, as long as nothing changes that it comes from.
    """
    KEPT.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(KEPT / "lock"), no_network():
        checks = KEPT / f"{_what_it_comes_from()}.json"
        if not checks.exists():
            shutil.rmtree(KEPT / "sentences", ignore_errors=True)
        answers = {words: choosing_job.answer(job(words, cache_folder=KEPT, with_mood=True)) for words in _all_verses()}
        answers["meant"] = choosing_job.answer(job("\n\n".join(MEANT), cache_folder=KEPT))
        answers["like"] = choosing_job.answer(job(like=LIKE, cache_folder=KEPT))
        if not checks.exists():
            folder = sentences.find_model(None, cache_folder=KEPT)
            checks.write_text(json.dumps({"damaged": _damaged(folder), "thread_difference": _thread_difference(folder)}))
        return Read(cache_folder=KEPT, answers=answers, **json.loads(checks.read_text()))


def _what_it_comes_from() -> str:
    sources = [ROOT / "core" / name for name in ("words/sentences.py", "requirements.txt")] + [Path(__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _damaged(folder: Path) -> str:
    with tempfile.TemporaryDirectory() as place:
        copy = shutil.copytree(folder, Path(place) / "copy", copy_function=os.link)
        (copy / "model.safetensors").unlink()
        (copy / "model.safetensors").write_bytes(b"half a model")
        try:
            sentences.Sentences(copy, cache_folder=Path(place)).encode(["a"])
        except UserError as error:
            return error.cause
    return ""


def _thread_difference(folder: Path) -> float:
    import torch

    words = FOOD["baking"].split("\n")
    vectors = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        vectors.append(sentences.opened(folder, cache_folder=folder.parents[1])._encode(words))
        assert torch.get_num_threads() == threads, "as it was before"
    return float(np.abs(vectors[0] - vectors[1]).max())


def _all_verses() -> Iterator[str]:
    yield from [*MONEY.values(), *FOOD.values(), CHORUS, HAPPY, SAD]
    yield from (words for words, _ in PICTURES.values())


@contextlib.contextmanager
def no_network() -> Iterator[None]:
    """Fail on any look at the network."""

    def refuse(*_arguments, **_options):
        raise AssertionError("the network was asked")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield
