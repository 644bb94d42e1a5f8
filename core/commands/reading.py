"""Readers of what is more than a word: curves, beats and sections, as the command line writes them."""

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..input_files import check_is_file, read_bytes
from ..protocol import PARAMETERS, Curve, Look, Section, Settings, UserError, read_exact

SECTION_READERS: dict[str, Callable[[str], Any]] = {
    **{name: type(getattr(Settings(), name)) for name in PARAMETERS if name != "size"},
    "look": Look,
    "classes": lambda text: tuple(thing(name) for name in text.split(",")),
}
"""What may differ in a section, and how its text is read."""


def thing(text: str) -> int:
    """Read a class's name or number."""
    from ..protocol.class_names import resolve

    return resolve(text)


def excluded(names: Sequence[str]) -> tuple[int, ...]:
    """Read names and numbers of classes, and names of kinds: all of their classes, rising."""
    from ..protocol.class_names import resolve_group

    return tuple(sorted(frozenset[int]().union(*map(resolve_group, names))))


def section(said: Sequence[str], settings: Settings, *, fps: Fraction) -> Section:
    """Read ``10.0:18.5 truncation=0.4 ...``: seconds of the film, and what differs there."""
    begin, _, end = said[0].partition(":")
    try:
        first_frame, end_frame = round(Fraction(begin) * fps), round(Fraction(end) * fps)
        changes = dict(_change(word) for word in said[1:])
        landing_seconds = Fraction(changes.pop("landing", "1"))
        own = replace(settings, **{name: SECTION_READERS[name](value) for name, value in changes.items()})
    except (ValueError, ZeroDivisionError, KeyError) as error:
        raise UserError(
            f"“{' '.join(said)}” is no section ({error}).",
            f"Write it as 10.0:18.5 truncation=0.4, with any of {', '.join(SECTION_READERS)} and landing.",
        ) from error
    return Section(first_frame=first_frame, end_frame=end_frame, settings=own, landing_seconds=landing_seconds)


def _change(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name.replace("-", "_"), value


def curve(said: str) -> Curve:
    """Read ``truncation=0:0.4,30:1``, or ``truncation=curve.npy``."""
    name, _, points = said.partition("=")
    parameter = name.replace("-", "_")
    try:  # first: as a path, many points would be an error
        pairs = [point.split(":") for point in points.split(",")]
        return Curve(parameter=parameter, seconds=tuple(read_exact(t) for t, _ in pairs), values=tuple(float(v) for _, v in pairs))
    except (ValueError, ZeroDivisionError) as error:
        if _names_a_file(points):
            return Curve(parameter=parameter, values=_values(Path(points)))
        raise UserError(
            f"“{said}” is no curve ({error}).",
            "Write it as truncation=0:0.4,30:1, or truncation=FILE with one value for each control frame.",
        ) from error


def _names_a_file(said: str) -> bool:
    try:
        return os.sep in said or Path(said).exists()
    except (OSError, ValueError):  # too long a name, or a zero byte in it
        return False


def _values(path: Path) -> tuple[float, ...]:
    import numpy as np

    check_is_file(path, cure="Choose a file with one number a line, or an array saved as .npy.")
    try:
        values = np.load(path, allow_pickle=False) if path.suffix == ".npy" else np.loadtxt(path, delimiter=None, ndmin=1)
        return tuple(float(value) for value in np.ravel(values))
    except Exception as error:  # a stranger's bytes may break numpy in any way; all of them mean the same
        raise UserError(f"{path} holds no curve: {error}.", "Write one number a line, or save a one-dimensional array as .npy.") from error


def beats(said: str) -> tuple[Fraction, ...]:
    """Read ``0.5,1.0,1.5``, or the name of a text file that holds such times."""
    cure = "Write their times in seconds, as 0.5,1,1.5, or one a line in a file."
    with contextlib.suppress(ValueError, ZeroDivisionError):
        return _times(said)  # first: as a path, a long list would be an error
    text = read_bytes(Path(said), cure=cure).decode(errors="replace") if _names_a_file(said) else said
    try:
        return _times(text)
    except (ValueError, ZeroDivisionError) as error:
        raise UserError(f"“{said}” names no beats ({error}).", cure) from error


def _times(text: str) -> tuple[Fraction, ...]:
    return tuple(read_exact(word) for word in text.replace(",", " ").split())
