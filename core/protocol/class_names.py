"""What the 1000 ImageNet classes are called, and which kind of thing each one is.

In: words or numbers as people write them. Out: class numbers, 0 ... 999, and back. Reads two text files beside it, nothing else.

`class_names.txt` has a line for each class: its simple English name, and where people know it by another one, that after a comma. The
names are those that OpenAI chose for CLIP (MIT licence), the others torchvision's (BSD licence, the first words of the WordNet synsets);
made unique and shorter here. `class_kinds.txt` is our own: each class stands in exactly one kind.
"""

import difflib
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .errors import UserError

CLASS_COUNT = 1000
LONGEST_COMPARED = 60
"""Letters of an unknown name that are held against the 1000; in a table of a stranger's it may have 100 000."""
SUGGESTIONS = 3
FOLDER = Path(__file__).parent


def name(class_id: int) -> str:
    """Give a class's name.

    Parameters
    ----------
    class_id
        0 ... 999.

    Raises
    ------
    UserError
        If there is no such class.
    """
    return names()[_checked(class_id)]


@functools.cache
def names() -> tuple[str, ...]:
    """Give all names, class 0's first."""
    return tuple(label for label, *_ in _all_names())


@functools.cache
def kinds() -> tuple[str, ...]:
    """Give the kind of each class, class 0's first."""
    by_class = {number: kind for kind, numbers in _classes_by_kind().items() for number in numbers}
    return tuple(by_class[number] for number in range(CLASS_COUNT))


def search(words: str) -> tuple[int, ...]:
    """Find classes by words: each of them begins a word of the class's names, or names its kind.

    Parameters
    ----------
    words
        Such as "tabby", "golden retr" or "spiders". Capitals, plurals and the words' order do not matter.

    Returns
    -------
    tuple of int
        Best first: whole names, whole words, beginnings, kinds.
    """
    wanted = _tokens(words)
    ranked = sorted((rank, len(names()[number]), number) for number in range(CLASS_COUNT) if (rank := _rank(wanted, number)) is not None)
    return tuple(number for *_, number in ranked)


def resolve(text: str) -> int:
    """Read a class's number or name.

    Parameters
    ----------
    text
        Such as "281", "tabby" or "Tabby cats".

    Raises
    ------
    UserError
        If no class has that number or name, with the three nearest names; or if several have it.
    """
    text = text.strip()
    if re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        return _checked(int(text))
    found = _by_name().get(_key(text), ())
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"“{text}” names more than one class.", f"Choose one of {_listed(found)}.")
    raise UserError(f"There is no class “{text}”.", f"Choose one of {_listed(_nearest(text))}, or search for words.")


def resolve_group(text: str) -> frozenset[int]:
    """Read a number or a name as `resolve` does, or the name of a kind: then all of its classes.

    Raises
    ------
    UserError
        As `resolve`.
    """
    groups = {_key(part): numbers for kind, numbers in _classes_by_kind().items() for part in (kind, *kind.split(" or "))}
    return frozenset(groups.get(_key(text)) or (resolve(text),))


def described(class_ids: Iterable[int]) -> tuple[str, ...]:
    """Name classes so that `resolve_group` reads them again: kinds of which all are there, then the other classes.

    A class that is called as a kind is (a snail is one of "worm or snail") is given by its number.
    """
    left = dict.fromkeys(class_ids)
    whole = [kind for kind, numbers in _classes_by_kind().items() if left.keys() >= set(numbers)]
    grouped = {number for kind in whole for number in _classes_by_kind()[kind]}
    others = (number for number in left if number not in grouped)
    return (*whole, *(names()[number] if resolve_group(names()[number]) == {number} else str(number) for number in others))


@functools.cache
def all_kinds() -> tuple[str, ...]:
    """Give the names of all kinds, in the order of the alphabet."""
    return tuple(sorted(_classes_by_kind()))


# Words ----------------------------------------------------------------------------------------------------------------------------------


def _rank(wanted: Sequence[str], number: int) -> int | None:
    """Judge how well a class fits the wanted words, 0 best; None: not at all."""
    if not wanted:
        return None
    called, kind = _words_of_classes()[number]
    if wanted in called:
        return 0
    own = {token for tokens in called for token in tokens}
    if own.issuperset(wanted):
        return 1
    if all(any(token.startswith(word) for token in own) for word in wanted):
        return 2
    return 3 if {*own, *kind}.issuperset(wanted) else None


@functools.cache
def _words_of_classes() -> tuple[tuple[tuple[list[str], ...], list[str]], ...]:
    """Take each class's names and its kind apart into words."""
    return tuple((tuple(map(_tokens, called)), _tokens(kind)) for called, kind in zip(_all_names(), kinds(), strict=True))


def _tokens(text: str) -> list[str]:
    return [_singular(word) for word in re.findall(r"[^\W_]+", text.lower().replace("'", ""))]


def _singular(word: str) -> str:
    """Take the plural's ending off: crude, but the same for what is sought and what is there."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ss", "ss"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    return word


def _key(text: str) -> str:
    return " ".join(_tokens(text))


def _nearest(text: str) -> list[int]:
    """Find what was perhaps meant: classes that `search` finds, then those whose name or a word of it is spelled alike."""
    text = text[:LONGEST_COMPARED]
    found = dict.fromkeys(search(text))
    found |= dict.fromkeys(sorted(range(CLASS_COUNT), key=functools.partial(_spelling_distance, _key(text))))
    return list(found)[:SUGGESTIONS]


def _spelling_distance(key: str, number: int) -> float:
    matcher = difflib.SequenceMatcher(b=key, autojunk=False)
    alike = []
    for said in _all_names()[number]:
        for part in (_key(said), *_tokens(said)):
            matcher.set_seq1(part)
            alike.append(matcher.ratio())
    return -max(alike)


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(f"“{names()[number]}” ({number})" for number in numbers)


def _checked(class_id: int) -> int:
    if not 0 <= class_id < CLASS_COUNT:
        raise UserError(f"There is no class {class_id}.", f"Choose a number from 0 to {CLASS_COUNT - 1}, or a name.")
    return class_id


# Files ----------------------------------------------------------------------------------------------------------------------------------


@functools.cache
def _all_names() -> tuple[tuple[str, ...], ...]:
    """Read each class's name, and its other one if it has one."""
    return tuple(tuple(line.split(", ")) for line in _lines("class_names.txt"))


@functools.cache
def _by_name() -> dict[str, tuple[int, ...]]:
    """Find classes by `_key`; a class's own name comes before another one's second name."""
    found: dict[str, tuple[int, ...]] = {_key(label): (number,) for number, label in enumerate(names())}
    own = frozenset(found)
    for number, called in enumerate(_all_names()):
        for key in {_key(said) for said in called[1:]} - own:
            found[key] = (*found.get(key, ()), number)
    return found


@functools.cache
def _classes_by_kind() -> dict[str, tuple[int, ...]]:
    """Read lines such as ``fish: 0-6 389-397``."""
    groups = (line.partition(": ") for line in _lines("class_kinds.txt"))
    return {kind: tuple(number for part in ranges.split() for number in _range(part)) for kind, _, ranges in groups}


def _range(text: str) -> Iterator[int]:
    first, _, last = text.partition("-")
    yield from range(int(first), int(last or first) + 1)


def _lines(file_name: str) -> list[str]:
    return (FOLDER / file_name).read_text(encoding="utf-8").splitlines()
