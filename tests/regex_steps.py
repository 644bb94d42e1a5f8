"""How many steps a regular expression takes on a text: a plain backtracking matcher that counts, for tests that may not look at a clock.

It tries the same things in the same order as Python's own; `tests/fast/test_work_is_counted.py` holds their answers against each other.
"""

import itertools
import re
import sys
from collections.abc import Callable, Iterator
from re import _constants as of  # what `re` itself compiles from
from re import _parser
from typing import Any

sys.setrecursionlimit(max(20_000, sys.getrecursionlimit()))
SPACES, WORD = re.compile(r"\s"), re.compile(r"\w")
Then = Callable[[int], int | None]


class TooManyStepsError(Exception):
    """The budget is spent."""


class Matcher:
    """One pattern on one text."""

    def __init__(self, pattern: "re.Pattern[str]", text: str, *, budget: int) -> None:
        self.items = _parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags)
        self.flags, self.text, self.budget, self.steps = pattern.flags, text, budget, 0
        self.groups: dict[int, tuple[int, int]] = {}

    def at(self, place: int, *, whole: bool = False) -> int | None:
        """Give the end of a match that begins there; `whole`: it must end with the text."""
        return self._rest(self.items, 0, place, lambda end: end if not whole or end == len(self.text) else None)

    def _rest(self, items: Any, index: int, place: int, then: Then) -> int | None:
        self.steps += 1
        if self.steps > self.budget:
            raise TooManyStepsError
        if index == len(items):
            return then(place)
        operation, argument = items[index]

        def on(end: int) -> int | None:
            return self._rest(items, index + 1, end, then)

        return getattr(self, f"_{str(operation).lower()}", self._character(operation))(argument, place, on)

    def _character(self, operation: Any) -> Callable[[Any, int, Then], int | None]:
        def match(argument: Any, place: int, then: Then) -> int | None:
            if place < len(self.text) and self._fits(operation, argument, self.text[place]):
                return then(place + 1)
            return None

        return match

    def _fits(self, operation: Any, argument: Any, letter: str) -> bool:
        if operation is of.ANY:
            return letter != "\n" or bool(self.flags & re.DOTALL)
        letters = {letter, letter.lower(), letter.upper()} if self.flags & re.IGNORECASE else {letter}
        if operation is of.IN:
            negated = argument[0][0] is of.NEGATE
            return negated != any(self._fits(*one, letter) for one in argument if one[0] is not of.NEGATE)
        if operation is of.RANGE:
            return any(argument[0] <= ord(one) <= argument[1] for one in letters)
        if operation is of.CATEGORY:
            return _is_of(argument, letter)
        fits = chr(argument) in letters
        return not fits if operation is of.NOT_LITERAL else fits

    def _subpattern(self, argument: Any, place: int, then: Then) -> int | None:
        number, *_, items = argument

        def close(end: int) -> int | None:
            before = self.groups.get(number)
            self.groups[number] = (place, end)
            found = then(end)
            if found is None and before is not None:
                self.groups[number] = before
            return found

        return self._rest(items, 0, place, close)

    def _branch(self, argument: Any, place: int, then: Then) -> int | None:
        return next((found for one in argument[1] if (found := self._rest(one, 0, place, then)) is not None), None)

    def _max_repeat(self, argument: Any, place: int, then: Then) -> int | None:
        return self._repeat(argument, place, then, 0, is_greedy=True)

    def _min_repeat(self, argument: Any, place: int, then: Then) -> int | None:
        return self._repeat(argument, place, then, 0, is_greedy=False)

    def _repeat(self, argument: Any, place: int, then: Then, count: int, *, is_greedy: bool) -> int | None:
        least, most, items = argument

        def again() -> int | None:
            if count >= most:
                return None
            return self._rest(
                items, 0, place, lambda end: None if end == place else self._repeat(argument, end, then, count + 1, is_greedy=is_greedy)
            )

        ways = [again, lambda: then(place)] if count >= least else [again]
        return next((found for way in (ways if is_greedy else ways[::-1]) if (found := way()) is not None), None)

    def _possessive_repeat(self, argument: Any, place: int, then: Then) -> int | None:
        least, most, items = argument
        count, end = 0, self._rest(items, 0, place, lambda end: end)
        while end is not None and end != place and count < most:
            count, place = count + 1, end
            end = self._rest(items, 0, place, lambda end: end) if count < most else None
        return then(place) if count >= least else None

    def _atomic_group(self, argument: Any, place: int, then: Then) -> int | None:
        end = self._rest(argument, 0, place, lambda end: end)
        return None if end is None else then(end)

    def _assert(self, argument: Any, place: int, then: Then) -> int | None:
        return then(place) if self._looks(argument, place) else None

    def _assert_not(self, argument: Any, place: int, then: Then) -> int | None:
        return None if self._looks(argument, place) else then(place)

    def _looks(self, argument: Any, place: int) -> bool:
        way, items = argument
        begin = place if way > 0 else place - items.getwidth()[0]
        return begin >= 0 and self._rest(items, 0, begin, lambda end: end) is not None

    def _groupref(self, argument: int, place: int, then: Then) -> int | None:
        begin, end = self.groups.get(argument, (0, -1))
        same = end >= begin and self.text.startswith(self.text[begin:end], place)
        return then(place + end - begin) if same else None

    def _at(self, argument: Any, place: int, then: Then) -> int | None:
        return then(place) if self._is_at(argument, place) else None

    def _is_at(self, argument: Any, place: int) -> bool:
        before, after = self.text[:place][-1:], self.text[place : place + 1]
        if argument in (of.AT_BEGINNING, of.AT_BEGINNING_STRING):
            return not before or (argument is of.AT_BEGINNING and bool(self.flags & re.MULTILINE) and before == "\n")
        if argument in (of.AT_END, of.AT_END_STRING):
            is_line = argument is of.AT_END and after == "\n" and (self.flags & re.MULTILINE or place + 1 == len(self.text))
            return not after or bool(is_line)
        is_edge = bool(WORD.match(before)) != bool(WORD.match(after))
        return is_edge == (argument is of.AT_BOUNDARY)


def _is_of(category: Any, letter: str) -> bool:
    name = str(category).removeprefix("CATEGORY_")
    kinds = {"DIGIT": letter.isdigit(), "SPACE": bool(SPACES.match(letter)), "WORD": bool(WORD.match(letter))}
    return kinds[name.removeprefix("NOT_")] != name.startswith("NOT_")


def steps(pattern: "re.Pattern[str]", method: str, text: str, *, budget: int) -> tuple[int, list[tuple[int, int]]]:
    """Count the steps of one of a pattern's methods, and give the matches; at the most `budget` steps."""
    matcher, found = Matcher(pattern, text, budget=budget), []
    if method in ("match", "fullmatch"):
        try:
            end = matcher.at(0, whole=method == "fullmatch")
        except TooManyStepsError:
            return budget, []
        return matcher.steps, [] if end is None else [(0, end)]
    place = 0
    try:
        while place <= len(text):
            end = matcher.at(place)
            if end is not None:
                found.append((place, end))
            if end is not None and method == "search":
                break
            place = place + 1 if end is None or end == place else end
    except TooManyStepsError:
        return budget, []
    return matcher.steps, found


def letters_of(pattern: "re.Pattern[str]") -> list[str]:
    """Give letters that the pattern tells apart, those that it names first."""
    return list(dict.fromkeys(_letters(_parser.parse(pattern.pattern, pattern.flags))))


def _letters(items: Any) -> Iterator[str]:
    for operation, argument in items:
        if operation in (of.LITERAL, of.NOT_LITERAL):
            yield chr(argument)
        elif operation is of.RANGE:
            yield chr(argument[0])
        elif operation in (of.CATEGORY, of.ANY):
            yield from {"DIGIT": "1", "SPACE": "\n ", "WORD": "a", "ANY": "a"}.get(str(argument or operation).rpartition("_")[2], "!")
        else:
            yield from itertools.chain.from_iterable(map(_letters, _within(operation, argument)))


def _within(operation: Any, argument: Any) -> list[Any]:
    """Give the parts of a part."""
    if operation is of.IN:
        return [[one for one in argument if one[0] is not of.NEGATE]]
    if operation is of.BRANCH:
        return argument[1]
    if operation is of.ATOMIC_GROUP:
        return [argument]
    return [argument[-1]] if isinstance(argument, tuple) else []


def example_of(pattern: "re.Pattern[str]") -> str:
    """Give a short text that the pattern begins to match, or matches."""
    return "".join(_example(_parser.parse(pattern.pattern, pattern.flags)))


def _example(items: Any) -> Iterator[str]:
    for operation, argument in items:
        if operation is of.LITERAL:
            yield chr(argument)
        elif operation in (of.IN, of.ANY, of.NOT_LITERAL):
            yield next((one for one in ("a", "1", " ", *_letters([(operation, argument)])) if _fits_alone(operation, argument, one)), "a")
        elif operation is of.BRANCH:
            yield from _example(argument[1][0])
        elif operation is of.SUBPATTERN:
            yield from _example(argument[-1])
        elif operation in (of.MAX_REPEAT, of.MIN_REPEAT, of.POSSESSIVE_REPEAT):
            for _ in range(max(1, argument[0]) if argument[1] else 0):
                yield from _example(argument[2])


def _fits_alone(operation: Any, argument: Any, letter: str) -> bool:
    matcher = Matcher(re.compile(""), letter, budget=10)
    return matcher._fits(operation, argument, letter)
