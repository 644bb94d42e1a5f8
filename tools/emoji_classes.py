"""Names the classes that Emoji draws well: `core/network/emoji_classes.txt`, of which a seed chooses.

In: `tools/things/classes.tsv`. Out: one class for each distinct picture, the first that somebody has tied to it by hand, else the first.
Whoever trains the model anew writes the file anew, without the pictures that it has not learnt.

    python -m tools.emoji_classes
"""

import sys

from core.protocol import class_names
from core.walk.themes import WELL_DRAWN
from tools.things.classes import TABLE, Thing, things


def main() -> int:
    """Write the file."""
    tied = [line.split("\t")[3] for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    chosen = [(representative(thing, tied), thing.name) for thing in things()]
    lines = [f"{number}  # {class_names.name(number)}: {name}\n" for number, name in sorted(chosen)]
    WELL_DRAWN.write_text("# One class for each picture that the model has learnt: python -m tools.emoji_classes\n" + "".join(lines))
    return 0


def representative(thing: Thing, tied: list[str]) -> int:
    """Give the class that stands for a picture."""
    return next((number for number in thing.classes if tied[number] == "hand"), thing.classes[0])


if __name__ == "__main__":
    sys.exit(main())
