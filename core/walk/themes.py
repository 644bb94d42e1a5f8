"""Themes: which classes the parts of a song show, each part those of a neighbourhood of meaning.

In: which classes may show, how many each theme has, and chance. Out: the themes, no class in two of them. The neighbourhoods come from
`class_meanings.npy`, which `tools/class_meanings.py` makes, so that no sentence model is needed.
"""

from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from .originals import CLASS_COUNT

MEANINGS = Path(__file__).with_name("class_meanings.npy")
WELL_DRAWN = Path(__file__).parents[1] / "network" / "emoji_classes.txt"
"""What the embedded model draws well, one class of each distinct picture: a number in each line, after # a remark."""

ALIKE_COST = 0.3  # as in maximal marginal relevance: what being the same as another class of the theme costs, in cosines
FAR_SHARE = 0.5  # of the classes, those least like the themes so far, among which chance looks for the next one

Theme = tuple[int, ...]


@cache
def meanings() -> np.ndarray:
    """Give what the 1000 classes mean: float32 [1000, 64], of length 1."""
    vectors = np.load(MEANINGS, allow_pickle=False).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@cache
def well_drawn() -> tuple[int, ...]:
    """Give the classes of which the seed chooses: at most one for each distinct picture.

    For every network that knows the 1000 classes, so that a film and its draft show the same things, and no theme holds four terriers.
    """
    lines = WELL_DRAWN.read_text(encoding="utf-8").splitlines()
    return tuple(int(number) for line in lines if (number := line.partition("#")[0].strip()))


def choose_classes(rng: np.random.Generator, *, count: int, total: int = CLASS_COUNT, excluded: Collection[int] = ()) -> tuple[int, ...]:
    """Draw `count` distinct classes, or all if the network has fewer. None `excluded`; the others stay."""
    drawn = rng.choice(total, size=min(count, total), replace=False).tolist()
    if not excluded:
        return tuple(drawn)
    others, unwanted = rng.permutation(total).tolist(), frozenset(excluded)
    return tuple([number for number in dict.fromkeys((*drawn, *others)) if number not in unwanted][:count])


def choose(rng: np.random.Generator, *, sizes: Sequence[int], candidates: Collection[int], near: Sequence[Theme] = ()) -> tuple[Theme, ...]:
    """Choose themes.

    Parameters
    ----------
    rng
        Where they lie, and which of their classes comes first.
    sizes
        How many classes each has; fewer where the candidates do not suffice.
    candidates
        Classes that may be chosen.
    near
        For each theme, classes near which it shall lie, as what is sung there; empty: anywhere.

    Returns
    -------
    tuple of Theme
        Distinct classes. Those of one theme are of neighbouring meaning, and no two more alike than need be.
    """
    free = np.array(sorted(candidates), int)
    chosen: list[Theme] = []
    for place, size in enumerate(sizes):
        wanted = near[place] if place < len(near) else ()
        middle = meanings()[list(wanted)].sum(axis=0) if wanted else meanings()[_far(rng, free, chosen)]
        theme = _around(middle, free, size)
        free = free[~np.isin(free, theme)]
        chosen.append(theme)
    return tuple(chosen)


def deal(classes: Sequence[int], *, sizes: Sequence[int], near: Sequence[Theme] = ()) -> tuple[Theme, ...]:
    """Deal chosen classes out over the themes: in their order; or, where `near` says what is sung there, each to its nearest."""
    if not any(near):
        ends = np.cumsum(sizes)
        return tuple(tuple(classes[end - size : end]) for end, size in zip(ends, sizes, strict=True))
    middles = np.stack([meanings()[list(wanted)].sum(axis=0) if wanted else np.zeros(meanings().shape[1]) for wanted in near])
    likeness = meanings()[list(classes)] @ middles.T  # [n, themes]
    dealt: list[list[int]] = [[] for _ in sizes]
    taken = set[int]()
    for place in np.argsort(-likeness, axis=None, kind="stable"):
        row, theme = divmod(int(place), len(sizes))
        if row not in taken and len(dealt[theme]) < sizes[theme]:
            dealt[theme].append(classes[row])
            taken.add(row)
    return tuple(tuple(theme) for theme in dealt)


def _far(rng: np.random.Generator, free: np.ndarray, chosen: Sequence[Theme]) -> int:
    """Draw a class that is little like those chosen so far."""
    if not len(free):
        return 0
    before = [number for theme in chosen for number in theme]
    alike = (meanings()[free] @ meanings()[before].T).max(axis=1, initial=-1)
    far = np.argsort(alike, kind="stable")[: max(1, int(len(free) * FAR_SHARE))] if before else np.arange(len(free))
    return int(free[rng.choice(far)])


def _around(middle: np.ndarray, free: np.ndarray, size: int) -> Theme:
    """Choose the nearest to a direction, less what is very like one chosen already."""
    vectors = meanings()[free]
    likeness = vectors @ middle / max(float(np.linalg.norm(middle)), 1e-9)
    alike = np.zeros(len(free), np.float32)
    theme: list[int] = []
    while len(theme) < min(size, len(free)):
        value = likeness - ALIKE_COST * alike
        value[np.isin(free, theme)] = -np.inf
        best = int(value.argmax())
        theme.append(int(free[best]))
        alike = np.maximum(alike, vectors @ vectors[best])
    return tuple(theme)
