"""Classes for lyrics: each line is read with its verse and compared to the 1000 labels.

In: lines and what encodes texts. Out: a table, line to class, and the film's own classes, all different. Reads no files; the same lines,
wishes and model give the same choice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Protocol

import numpy as np

from ..protocol import LineThings, Strategy, Thing, UserError, class_names
from . import word_senses
from .lyrics import LyricLine

PASSAGE_LINES = 8
"""A verse longer than this is read in parts of this length."""
VERSE_SHARE = 0.2
"""How much of a line's meaning is its verse's, which is the mean of its lines'."""
ALIKE_COST = 0.15
"""In maximal marginal relevance: what being the same as something chosen before costs. In cosines, as the similarity itself."""
SONG_SHARE = 0.2
"""How much the whole song, not the line itself, decides on what serves a line."""
SERVINGS = (1.0, 0.5, 0.25)
"""What a line's best class in the film is worth, its second, its third: further ones bring it nothing."""
FIT_SHARE = 0.4
"""How much it counts, among classes that serve the lines alike, how well one of them fits any line."""
NEIGHBOURS = 3
THINGS_PER_LINE = 3
DESCRIBED_AS = ("{}", "a photo of {}", "things that one sees: {}")
"""How a description is asked for: first as it stands."""
LEAST_UNDERSTOOD = 0.28
"""In cosines: the best class of nonsense and of German lies at 0.24 to 0.26, that of places and scenes at 0.30 and more."""
DECIMALS = 4
"""Similarities are rounded to so many: the last bits differ from one processor to the next."""

SYLLABLES = frozenset(
    re.findall(
        r"\S+",
        "ah aha ay ayy aye ba bam bom bum da dee dey di do doo dum eh ey ha hah hey hm hmm ho hoo la lalala li lo mm mmm na nah ne no oh"
        " ohh oo ooh oooh ooo ow pa pum ra sha shoo ta ti uh uhh um wa wah whoa wo woah woo wop ya yah yea yeah yo yoo yuh",
    )
)
"""Sung, but saying nothing."""
ENGLISH_WORDS = frozenset(
    re.findall(r"\S+", "and are don't for have i'm i've it's know my never of that the they this to was we what when with you you're your")
)
"""Common ones that are none in its neighbours' languages."""
FEW_WORDS = 20


class Encoder(Protocol):
    """What turns texts into vectors; `sentences.Sentences` does."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Give unit vectors, float32 [len(texts), size]."""
        ...


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the user wants of the choice.

    Parameters
    ----------
    strategy
        How lyrics become classes.
    class_count
        How many different ones the film shall have, at least 1.
    seed
        What chance comes from.
    blocked
        Classes that must not come up.
    pins
        Line numbers, 1 the first, to classes.
    """

    strategy: Strategy = Strategy.CONTEXT
    class_count: int = 12
    seed: int = 0
    blocked: frozenset[int] = frozenset()
    pins: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The table, and the film's own classes, all different, pinned ones first."""

    rows: tuple[LineThings, ...]
    things: tuple[Thing, ...]


def choose(lines: Sequence[LyricLine], encoder: Encoder, wishes: Wishes) -> Choice:
    """Choose classes for lyrics.

    Parameters
    ----------
    lines
        At least one.
    encoder
        Of the sentence model.
    wishes
        What the user wants.

    Raises
    ------
    UserError
        If too many classes are blocked, or a pin names a line that is not there or a blocked class.
    """
    _check(wishes, line_count=len(lines))
    if wishes.strategy is Strategy.CONTEXT:
        return _by_context(lines, read(lines, encoder), encoder, wishes)
    return _by_votes(lines, encoder, wishes)


def like(class_ids: Sequence[int], encoder: Encoder, *, class_count: int, blocked: frozenset[int] = frozenset()) -> tuple[Thing, ...]:
    """Find classes like some: those first, then what resembles them all, without taking the same thing over and over.

    Parameters
    ----------
    class_ids
        At least one.
    encoder
        Of the sentence model.
    class_count
        How many are wanted, at least 1.
    blocked
        Classes that must not come up.

    Raises
    ------
    UserError
        If too many classes are blocked.
    """
    _check_count(class_count, blocked)
    labels = label_vectors(encoder)
    similarities = _similarities(_unit(labels[list(class_ids)].sum(axis=0)), labels)
    given = [number for number in dict.fromkeys(class_ids) if number not in blocked]
    chosen = _spread(similarities, likeness=_similarities(labels, labels), count=class_count, first=given, blocked=blocked)
    return _things(chosen, similarities)


def describe(
    description: str, encoder: Encoder, *, class_count: int, blocked: frozenset[int] = frozenset()
) -> tuple[tuple[Thing, ...], bool]:
    """Find classes for free words, as “a stormy sea at night”: what such a picture shows, without taking the same thing over and over.

    Parameters
    ----------
    description
        At least one word; English.
    encoder
        Of the sentence model.
    class_count
        How many are wanted, at least 1.
    blocked
        Classes that must not come up.

    Returns
    -------
    things : tuple of Thing
        The closest first.
    is_understood : bool
        Whether any class is near: nothing is to nonsense, and hardly anything to other languages.

    Raises
    ------
    UserError
        If too many classes are blocked.
    """
    _check_count(class_count, blocked)
    labels = label_vectors(encoder)
    named = _unit(labels + encoder.encode(class_names.names()))
    meant = encoder.encode([prompt.format(description) for prompt in DESCRIBED_AS])
    similarities = _similarities(_unit(meant.sum(axis=0)), named)
    chosen = _spread(similarities, likeness=_similarities(named, named), count=class_count, blocked=blocked)
    return _things(chosen, similarities), bool(_similarities(meant[0], labels).max() >= LEAST_UNDERSTOOD)


def at_random(*, seed: int, class_count: int, blocked: frozenset[int] = frozenset()) -> tuple[int, ...]:
    """Draw classes: those that a film with this seed shows by itself, as far as they are not blocked."""
    from ..latents import choose_classes, random_streams

    _check_count(class_count, blocked)
    rng, *_ = random_streams(seed)
    return choose_classes(rng, count=class_count, excluded=blocked)


def speaks_english(lines: Iterable[LyricLine]) -> bool:
    """Say whether a common English word stands anywhere, or there are too few words to tell: the model knows no other language well."""
    words = [word for line in lines for word in _words(line.text)]
    return len(words) < FEW_WORDS or not ENGLISH_WORDS.isdisjoint(words)


def label_vectors(encoder: Encoder) -> np.ndarray:
    """Encode what the 1000 classes are: float32 [1000, size]."""
    pairs = zip(class_names.names(), class_names.kinds(), strict=True)
    return encoder.encode([f"a photo of a {name}, a kind of {kind}" for name, kind in pairs])


# Reading --------------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How L lines are understood.

    Parameters
    ----------
    passages
        The lines as they are meant, in verses or parts of them.
    vectors
        float32 [L, size], each line's own meaning and a share of its passage's, of length 1.
    """

    passages: Sequence[Sequence[str]]
    vectors: np.ndarray

    @property
    def lines(self) -> list[str]:
        """The lines as they are meant."""
        return [line for passage in self.passages for line in passage]

    @property
    def surroundings(self) -> list[tuple[str, str]]:
        """Each line with its passage: the same for lines that are the same in the same surroundings, as in a chorus."""
        return [(line, "\n".join(passage)) for passage in self.passages for line in passage]


def read(lines: Sequence[LyricLine], encoder: Encoder) -> Reading:
    """Read each line as it is meant in its verse."""
    passages = [passage for _, verse in groupby(lines, key=attrgetter("verse")) for passage in _parts([line.text for line in verse])]
    encode = _once(encoder)
    meant = word_senses.as_meant(passages, encode)
    return Reading(passages=meant, vectors=_line_vectors(meant, encode))


def _once(encoder: Encoder) -> word_senses.Encode:
    """Encode each text once, in whichever call it comes first."""
    known: dict[str, np.ndarray] = {}

    def encode(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, encoder.encode(new), strict=True))
        return np.array([known[text] for text in texts])

    return encode


def _parts(texts: Sequence[str]) -> list[list[str]]:
    return [list(texts[first : first + PASSAGE_LINES]) for first in range(0, len(texts), PASSAGE_LINES)]


def _line_vectors(passages: Sequence[Sequence[str]], encode: word_senses.Encode) -> np.ndarray:
    """Mix each line's meaning with its passage's. Lines that say nothing mean their passage; such passages, the song."""
    texts = [text for passage in passages for text in passage]
    own = encode(texts)  # [L, size]
    telling = np.array([not _says_nothing(text) for text in texts])
    if not telling.any():
        return own
    passage_of = np.repeat(np.arange(len(passages)), [len(passage) for passage in passages])  # [L]
    sums = np.zeros((len(passages), own.shape[1]), np.float32)
    np.add.at(sums, passage_of[telling], own[telling])
    sums[~sums.any(axis=1)] = sums.sum(axis=0)
    whole = _unit(sums)[passage_of]  # [L, size]
    return np.where(telling[:, None], _unit((1 - VERSE_SHARE) * own + VERSE_SHARE * whole), whole)


def _says_nothing(text: str) -> bool:
    return SYLLABLES.issuperset(_words(text))


# Context --------------------------------------------------------------------------------------------------------------------------------


def _by_context(lines: Sequence[LyricLine], reading: Reading, encoder: Encoder, wishes: Wishes) -> Choice:
    """Compare what lines mean to the labels, and spread what resembles each other."""
    labels = label_vectors(encoder)
    similarities = _similarities(reading.vectors, labels)  # [L, 1000]
    likeness = _similarities(labels, labels)
    chosen = _line_things(similarities, likeness, same_as=reading.surroundings, wishes=wishes)
    best = similarities.max(axis=0)  # [1000]
    once = list({key: row for row, key in enumerate(reading.surroundings)}.values())  # a chorus counts once
    of_film = covering(similarities[once], likeness=likeness, count=wishes.class_count, first=_pinned(wishes), blocked=wishes.blocked)
    return Choice(rows=_rows(lines, reading.lines, chosen, similarities, wishes), things=_things(of_film, best))


def _line_things(similarities: np.ndarray, likeness: np.ndarray, *, same_as: Sequence[object], wishes: Wishes) -> list[tuple[int, ...]]:
    """Choose each line's things; lines that are the same in the same surroundings, as in a chorus, get the same ones."""
    choose_here = partial(_spread, likeness=likeness, blocked=wishes.blocked)
    count = min(THINGS_PER_LINE, class_names.CLASS_COUNT - len(wishes.blocked))
    known: dict[object, tuple[int, ...]] = {}
    chosen: list[tuple[int, ...]] = []
    for number, (row, key) in enumerate(zip(similarities, same_as, strict=True), 1):
        if number in wishes.pins:
            chosen.append(tuple(choose_here(row, count=count, first=[wishes.pins[number]])))
            continue
        if key not in known:
            before = [things[0] for things in chosen[-NEIGHBOURS:]]
            first = choose_here(row, count=1, apart_from=before)
            known[key] = tuple(choose_here(row, count=count, first=first))
        chosen.append(known[key])
    return chosen


def _spread(
    similarities: np.ndarray,
    *,
    likeness: np.ndarray,
    count: int,
    blocked: frozenset[int],
    first: Sequence[int] = (),
    apart_from: Sequence[int] = (),
) -> list[int]:
    """Choose by maximal marginal relevance: what is similar, less `ALIKE_COST` times its likeness to the most alike of those chosen before.

    Carbonell and Goldstein, The use of MMR, SIGIR 1998.

    Parameters
    ----------
    similarities
        float64 [1000].
    likeness
        Of each class to each, float64 [1000, 1000].
    count
        How many to choose, `first` included.
    blocked
        Never chosen.
    first
        Chosen in any case.
    apart_from
        Chosen elsewhere.
    """
    chosen = list(dict.fromkeys(first))[:count]
    alike = likeness[:, [*chosen, *apart_from]].max(axis=1, initial=0)  # [1000]
    while len(chosen) < count:
        value = np.round(similarities - ALIKE_COST * alike, DECIMALS)
        value[[*chosen, *blocked]] = -np.inf
        chosen.append(int(value.argmax()))
        alike = np.maximum(alike, likeness[:, chosen[-1]])
    return chosen


def covering(
    similarities: np.ndarray, *, likeness: np.ndarray, count: int, blocked: frozenset[int], first: Sequence[int] = ()
) -> list[int]:
    """Choose so that each line finds something of its own: facility location, greedily, less `ALIKE_COST` as for `_spread`.

    A line is served by its best class so far, half as much by its second and a quarter by its third, each in shares of what fits it best of
    all: so a line about coffee is served before a tenth boat comes. Greedy choice is within 1 - 1/e of the best one (Nemhauser, Wolsey and
    Fisher, Mathematical Programming 14, 1978).

    Parameters
    ----------
    similarities
        Of each line to each class, float64 [L, 1000].
    likeness, count, blocked, first
        As for `_spread`.
    """
    meant = (1 - SONG_SHARE) * similarities + SONG_SHARE * similarities.mean(axis=0)
    fits = np.maximum(meant, 0) / np.maximum(meant.max(axis=1, keepdims=True), 10.0**-DECIMALS)  # [L, 1000]
    best = meant.max(axis=0)
    served = np.zeros((len(fits), len(SERVINGS)))  # what each line has, its best first
    pinned, chosen = list(dict.fromkeys(first)), list[int]()
    alike = np.zeros(fits.shape[1])
    while len(chosen) < count:
        value = np.round(_gains(fits, served).mean(axis=0) + FIT_SHARE * (best - ALIKE_COST * alike), DECIMALS)
        value[[*chosen, *blocked]] = -np.inf
        number = pinned[len(chosen)] if len(chosen) < len(pinned) else int(value.argmax())
        chosen.append(number)
        served = -np.sort(-np.concatenate([served, fits[:, [number]]], axis=1), axis=1)[:, : len(SERVINGS)]
        alike = np.maximum(alike, likeness[:, number])
    return chosen


def _gains(fits: np.ndarray, served: np.ndarray) -> np.ndarray:
    """Say what each further class would bring each line: float64 [L, 1000]."""
    weights = np.array(SERVINGS)
    together = np.concatenate([np.broadcast_to(served[:, None], (*fits.shape, len(weights))), fits[..., None]], axis=2)
    return -np.sort(-together, axis=2)[..., : len(weights)] @ weights - (served @ weights)[:, None]


# The originals' ways --------------------------------------------------------------------------------------------------------------------


def _by_votes(lines: Sequence[LyricLine], encoder: Encoder, wishes: Wishes) -> Choice:
    """Let each line vote for the most similar name, as biggan-visualizer does; then take the best votes, or chance.

    Where the votes do not suffice, what came nearest to winning follows.
    """
    similarities = _similarities(encoder.encode([line.text for line in lines]), encoder.encode(class_names.names()))
    allowed = np.array([number for number in range(class_names.CLASS_COUNT) if number not in wishes.blocked])
    nearest = allowed[np.argsort(-similarities[:, allowed], axis=1, kind="stable")]  # [L, allowed ones]
    votes = [wishes.pins.get(number, int(winner)) for number, winner in enumerate(nearest[:, 0], 1)]
    chosen = [tuple(dict.fromkeys([vote, *row.tolist()]))[:THINGS_PER_LINE] for vote, row in zip(votes, nearest, strict=True)]
    best = similarities.max(axis=0)  # [1000]
    by_similarity = allowed[np.argsort(-best[allowed], kind="stable")].tolist()
    winners = [number for number in by_similarity if number in votes]
    if wishes.strategy is Strategy.RANDOM:
        winners = np.random.default_rng(wishes.seed).permutation(sorted(winners)).tolist()
    of_film = list(dict.fromkeys([*_pinned(wishes), *winners, *by_similarity]))[: wishes.class_count]
    rows = _rows(lines, [line.text for line in lines], chosen, similarities, wishes)
    return Choice(rows=rows, things=_things(of_film, best))


# Both -----------------------------------------------------------------------------------------------------------------------------------


def _check(wishes: Wishes, *, line_count: int) -> None:
    _check_count(wishes.class_count, wishes.blocked)
    for number, class_id in wishes.pins.items():
        if not 1 <= number <= line_count:
            raise UserError(f"A class is pinned to line {number}, but the lyrics have {line_count} lines.", "Pin it to one of those.")
        if class_id in wishes.blocked:
            raise UserError(f"“{class_names.name(class_id)}” is pinned to line {number} and blocked.", "Take one of the two back.")


def _check_count(class_count: int, blocked: frozenset[int]) -> None:
    left = class_names.CLASS_COUNT - len(blocked)
    if not 1 <= class_count <= left:
        raise UserError(f"{class_count} different classes are wanted, of {left} that are not blocked.", "Ask for fewer, or block fewer.")


def _pinned(wishes: Wishes) -> list[int]:
    return [class_id for _, class_id in sorted(wishes.pins.items())]


def _rows(
    lines: Sequence[LyricLine], read: Sequence[str], chosen: Sequence[Sequence[int]], similarities: np.ndarray, wishes: Wishes
) -> tuple[LineThings, ...]:
    return tuple(
        LineThings(
            number=number,
            text=line.text,
            verse=line.verse,
            things=_things(things, row),
            start_seconds=line.start_seconds,
            end_seconds=line.end_seconds,
            meant="" if meant == line.text else meant,
            is_pinned=number in wishes.pins,
        )
        for number, (line, meant, things, row) in enumerate(zip(lines, read, chosen, similarities, strict=True), 1)
    )


def _things(class_ids: Iterable[int], similarities: np.ndarray) -> tuple[Thing, ...]:
    return tuple(Thing(class_id=number, name=class_names.name(number), similarity=float(similarities[number])) for number in class_ids)


def _similarities(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give rounded cosines, float64 [..., 1000]."""
    return np.round((vectors @ labels.T).astype(np.float64), DECIMALS)


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower().replace("\u2019", "'")))
