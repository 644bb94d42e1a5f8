"""Twice as long a text from a stranger takes a pattern twice as many steps, which are counted, not timed."""

import ast
import importlib
import importlib.util
import itertools
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.handover.numbering import numbered_in
from tests.regex_steps import example_of, letters_of, steps
from tools.environments import ROOT

READERS = ("core/handover", "core/protocol", "core/words", "core/commands", "otio_adapters")
METHODS = {"match", "fullmatch", "search", "findall", "finditer", "sub", "subn", "split"}
SHORT, LONG = 20, 40  # repeats; more than any pattern counts to
MOST_GROWTH = 3.0  # linear work doubles, quadratic work grows fourfold
MOST_LETTERS, MOST_PAIRED = 12, 4
BUDGET = 60_000


def patterns():
    """Give each pattern of the readers, where it stands, and the methods that are called on it."""
    trees = {path: ast.parse(path.read_text()) for folder in READERS for path in sorted((ROOT / folder).rglob("*.py"))}
    calls = [(path, node) for path, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    called = [(path, call) for path, call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in METHODS]
    used = {(_last(call.func.value), call.func.attr) for _, call in called}
    for path, tree in trees.items():
        for name in _compiled(tree):
            methods = sorted(method for owner, method in used if owner == name)
            yield from ((f"{path.relative_to(ROOT)}:{name}.{method}", path, name, method) for method in methods)
    for path, call in called:
        if _last(call.func.value) == "re" and isinstance(call.args[0], ast.Constant):
            flags = {ast.unparse(one.value) for one in call.keywords if one.arg == "flags"}
            yield f"{path.relative_to(ROOT)}:{call.lineno}", path, (call.args[0].value, " ".join(flags)), call.func.attr


def _last(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _compiled(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "re.compile":
            yield from (target.id for target in node.targets)


def _pattern(path, name):
    if isinstance(name, tuple):
        text, flags = name
        return re.compile(text, eval(flags) if flags else 0)  # our own source
    if path.parent.name == "otio_adapters":
        spec = importlib.util.spec_from_file_location(f"adapter_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return getattr(module, name)


def texts(pattern):
    """Give functions that make texts of any length which a bad pattern stumbles over: a beginning, something repeated, a wrong end."""
    letters = letters_of(pattern)[:MOST_LETTERS]
    units = [*letters, *map("".join, itertools.permutations(letters[:MOST_PAIRED], 2))]
    example = example_of(pattern)
    beginnings = dict.fromkeys(["", *(example[:length] for length in range(1, min(len(example), 8) + 1))])
    for beginning, unit, end in itertools.product(beginnings, units, ("", "\x00")):
        yield lambda count, beginning=beginning, unit=unit, end=end: beginning + unit * count + end


CASES = list(patterns())


@pytest.mark.parametrize(("where", "path", "name", "method"), CASES, ids=[where for where, *_ in CASES])
def test_twice_the_text_takes_twice_the_steps(where, path, name, method):
    pattern = _pattern(path, name)
    for text in texts(pattern):
        few, many = (steps(pattern, method, text(count), budget=BUDGET)[0] for count in (SHORT, LONG))
        assert many < MOST_GROWTH * few + 50, f"{where}: {text(3)!r} grows by {many / few:.1f}"


def test_the_readers_patterns_are_found():
    assert len(CASES) > 30
    assert any("mlt.py:NUMBERED.fullmatch" in where for where, *_ in CASES)


@pytest.mark.parametrize(
    ("pattern", "unit", "end"),
    [(r"(a*)*b", "a", "c"), (r"(a|a)*b", "a", ""), (r".*x.*x.*y", "x", ""), (r"\s*#\s*$", " ", "x"), (r"(.*?)([^/]*?)%d", "a", "")],
)
def test_what_is_not_linear_is_noticed(pattern, unit, end):
    few, many = (steps(re.compile(pattern), "search", unit * count + end, budget=BUDGET)[0] for count in (8, 16))
    assert many > MOST_GROWTH * few


FORMS = [
    *(r"a*b|a+c", r"(?P<x>a|b)+?c(?P=x)", r"(?:ab?){2,3}", r"[^ab]*+c", r"(?>a+)b", r"(?=a)\w+\b", r"(?<!a)b", r"^a$", r"\Aa?\Z"),
    *(r"(?i)A[b-c]", r"\d{1,2}+:\d\d", r"\s*(a)?\S", r".+"),
]


@pytest.mark.parametrize("pattern", FORMS)
@given(text=st.text("abcA1: \n", max_size=12))
def test_the_counter_finds_what_pythons_own_matcher_finds(pattern, text):
    for flags in (0, re.MULTILINE, re.DOTALL):
        compiled = re.compile(pattern, flags)
        for method in ("match", "fullmatch", "search"):
            found = getattr(compiled, method)(text)
            assert steps(compiled, method, text, budget=BUDGET)[1] == ([] if found is None else [found.span()])


# What the patterns say ------------------------------------------------------------------------------------------------------------------

OLD_SPANNED = re.compile(r"(?P<before>.*)(?:\[(?P<a>\d+)-(?P<b>\d+)\]|\{(?P<c>\d+)\.\.(?P<d>\d+)\})(?P<suffix>[^/\\]*\.\w+)", re.DOTALL)
OLD_PATTERN = re.compile(
    r"(?P<before>.*?)(?:%0?(?P<digits>\d*)d|(?P<hashes>#+))(?P<suffix>[^/\\?]*\.\w+)(?:\?begin(?:=|:)(?P<begin>\d+))?", re.DOTALL
)
PARTS = ["a", "/", "\\", "%04d", "%d", "##", "[1-3]", "{2..5}", "[9", "..", ".png", ".PNG", ".mov", "?begin=3", "?begin:7", "?", "1", "\n"]


@given(path=st.lists(st.sampled_from(PARTS), max_size=7).map("".join))
def test_numbered_pictures_are_told_as_by_the_slow_patterns(path):
    assume(not re.search(r"\?.*[%#]", path, re.DOTALL))  # a number behind a “?” is one that the old pattern alone went on to look for
    span, named = OLD_SPANNED.fullmatch(path), OLD_PATTERN.fullmatch(path)
    is_span = span is not None and span["suffix"].lower().endswith(".png") and int(span["b"] or span["d"]) >= int(span["a"] or span["c"])
    is_named = named is not None and named["suffix"].lower().endswith(".png")
    found = numbered_in(path, 10)
    assert (found is not None) == (is_span or is_named)
    if found is not None:
        match = span if is_span else named
        assert found.suffix == match["suffix"]
        assert match["before"].endswith(found.prefix)


def test_numbers_too_long_to_be_any_are_no_numbers():
    for path in (
        "/a." + "9" * 5000 + ".png",
        "/a.[" + "1" * 5000 + "-2].png",
        "/a%" + "9" * 5000 + "d.png",
        "/a_%04d.png?begin=" + "1" * 5000,
    ):
        assert numbered_in(path, 10) is None
