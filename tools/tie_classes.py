"""Which emoji is nearest in meaning to each ImageNet class, and what the table ties it to instead.

In: names. Out: a line for each class on standard output, as `tools/things/classes.tsv` has them, the last column the nearest one's
likeness: to be read, and mended by hand in the table, which wins.

    python -m tools.tie_classes [--differing]
"""

import argparse
import sys

import numpy as np

from core.commands.asking import cache_folder
from core.protocol import class_names
from core.words import sentences
from tools.things.classes import tied_pictures
from tools.things.emoji import Emoji, all_emoji

NAME_SHARE = 0.6
"""How much the class's own name counts; the rest is that of its name with its kind, such as “tench, a fish”."""
LEFT_OUT = {"Smileys & Emotion", "People & Body"}


def main(arguments: list[str]) -> int:
    """Print the ties."""
    parser = argparse.ArgumentParser(prog="python -m tools.tie_classes", description="Tie ImageNet classes to emoji.")
    parser.add_argument("--differing", action="store_true", help="only classes that the table ties to something else")
    options = parser.parse_args(arguments)
    for number, ((emoji, likeness), tied) in enumerate(zip(nearest(), tied_pictures(), strict=True)):
        if emoji.name != tied or not options.differing:
            print(f"{number}\t{class_names.name(number)}\t{tied}\t{emoji.name}\t{likeness:.2f}")
    return 0


def nearest() -> list[tuple[Emoji, float]]:
    """Give each class's nearest emoji but faces and people, with how alike they are, at most 1."""
    model = sentences.opened(sentences.find_model(None, cache_folder=cache_folder()), cache_folder=cache_folder())
    candidates = [one for one in all_emoji() if one.group not in LEFT_OUT]
    names, kinds = class_names.names(), class_names.kinds()
    plain = model.encode(names)
    with_kind = model.encode([f"{name}, a {kind}" for name, kind in zip(names, kinds, strict=True)])
    likeness = (NAME_SHARE * plain + (1 - NAME_SHARE) * with_kind) @ model.encode([one.name for one in candidates]).T
    best = np.argmax(likeness, axis=1)
    return [(candidates[place], float(likeness[number, place])) for number, place in enumerate(best)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
