"""Which emoji stands for which ImageNet class.

In: `classes.tsv`, a line for each class: its number, its name, one picture or two (“dog + dog face”: the noise chooses), and whether the
tie is the nearest by meaning or was made by hand. Out: things, the distinct right-hand sides; and what tells classes of one thing apart.

The nearest was found by all-MiniLM-L6-v2, see `tools/tie_classes.py`. Every line was then read, and more than half were changed by hand:
the model ties the tench to the crutch.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.things.emoji import Emoji, by_name

TABLE = Path(__file__).with_name("classes.tsv")
CLASS_COUNT = 1000
BETWEEN = " + "


@dataclass(frozen=True, kw_only=True)
class Thing:
    """What some classes show.

    Parameters
    ----------
    name
        Of its picture or two, as the table has it.
    classes
        The numbers of its classes.
    """

    name: str
    classes: tuple[int, ...]

    @property
    def pictures(self) -> tuple[Emoji, ...]:
        """One emoji, or two; needs Unicode's list."""
        return tuple(by_name()[name] for name in self.name.split(BETWEEN))


@functools.cache
def things() -> tuple[Thing, ...]:
    """List all things, in the order of their first classes."""
    classes: dict[str, list[int]] = {}
    for number, pictures in enumerate(tied_pictures()):
        classes.setdefault(pictures, []).append(number)
    return tuple(Thing(name=name, classes=tuple(numbers)) for name, numbers in classes.items())


@functools.cache
def thing_of_class() -> np.ndarray:
    """Give the place of each class's thing in `things`: int64 [1000]."""
    places = np.empty(CLASS_COUNT, np.int64)
    for place, thing in enumerate(things()):
        places[list(thing.classes)] = place
    return places


def tied_pictures() -> list[str]:
    """Read what the table ties each class to, as it is written there."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    if [int(number) for number, *_ in rows] != list(range(CLASS_COUNT)):
        raise ValueError(f"{TABLE} must have a line for each class, 0 ... {CLASS_COUNT - 1}, in this order")
    return [pictures for _, _, pictures, _ in rows]
