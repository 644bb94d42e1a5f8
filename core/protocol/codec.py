"""Frozen dataclasses to JSON lines and back, checked against their type hints. Standard library only.

Each dataclass becomes an object whose ``"type"`` names the class; a `Fraction` becomes ``"30000/1001"``; tuples become lists.
"""

import dataclasses
import enum
import functools
import json
import math
import re
import types
import typing
from fractions import Fraction
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from . import edit, messages

T = TypeVar("T")
EXPONENT = re.compile("[eE]")
LONGEST_SHOWN = 60


MEANT_WHERE_MISSING: dict[str, dict[str, Any]] = {"Settings": {"blend": 1.0}}
"""What older versions meant, which did not write some fields, where that is not today's default: all things at once."""


class ProtocolError(ValueError):
    """A line that is no message: what is wrong with it."""


def encode(message: object) -> str:
    """Turn a message (or any of its parts) into one line of JSON, without the line's end.

    Parameters
    ----------
    message
        A frozen dataclass of this package.

    Returns
    -------
    str
        JSON text without line breaks.
    """
    return json.dumps(_plain(message), separators=(",", ":"), allow_nan=False)


def decode(line: str | bytes, expected: type[T] | Any = messages.Message) -> T:
    """Read one line of JSON as an `expected` dataclass.

    Parameters
    ----------
    line
        What `encode` wrote.
    expected
        A dataclass, or a union of dataclasses.

    Raises
    ------
    ProtocolError
        If the line is no JSON, names an unknown type, lacks a field, has one too many, or holds a value of the wrong type,
        NaN included.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # RecursionError: ten thousand brackets from a stranger
        raise ProtocolError(f"not a JSON line: {error}") from error
    return _build(value, expected, "message")


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _build(value: Any, expected: Any, where: str) -> Any:
    if get_origin(expected) in (types.UnionType, typing.Union):
        if value is None and types.NoneType in get_args(expected):
            return None
        return _build(value, _chosen_member(value, expected, where), where)
    if dataclasses.is_dataclass(expected):
        return _build_dataclass(value, typing.cast("type", expected), where)
    if get_origin(expected) is tuple:
        return tuple(_build(item, get_args(expected)[0], f"{where}[{i}]") for i, item in enumerate(_of_type(value, list, where)))
    return _build_scalar(value, expected, where)


def _chosen_member(value: Any, union: Any, where: str) -> type:
    members = [member for member in get_args(union) if member is not types.NoneType]
    if len(members) == 1:  # `X | None`
        return members[0]
    name = value.get("type") if isinstance(value, dict) else None
    for member in members:
        if member.__name__ == name:
            return member
    raise ProtocolError(f"{where}: unknown type {_shown(name)}")


def _build_dataclass(value: Any, cls: type, where: str) -> Any:
    fields = dict(_of_type(value, dict, where))
    if fields.pop("type", None) != cls.__name__:
        raise ProtocolError(f"{where}: not a {cls.__name__}")
    hints = _hints(cls)
    fields = MEANT_WHERE_MISSING.get(cls.__name__, {}) | fields
    if unknown := fields.keys() - hints.keys():
        raise ProtocolError(f"{where}: {cls.__name__} has no field {_shown(min(unknown))}")
    try:
        return cls(**{name: _build(item, hints[name], f"{where}.{name}") for name, item in fields.items()})
    except TypeError as error:  # a field is missing
        raise ProtocolError(f"{where}: {error}") from error


def _build_scalar(value: Any, expected: Any, where: str) -> Any:
    if get_origin(expected) is typing.Literal:
        if value not in get_args(expected):
            raise ProtocolError(f"{where}: {_shown(value)} is none of {get_args(expected)}")
        return value
    if expected is Fraction and EXPONENT.search(_of_type(value, str, where)):
        raise ProtocolError(f"{where}: {value[:40]!r} is no Fraction")  # 1e999999999 would take hours, and all of the memory
    if expected is Fraction or issubclass(expected, enum.Enum):
        try:
            return expected(_of_type(value, str, where))
        except (ValueError, ZeroDivisionError) as error:
            raise ProtocolError(f"{where}: {_shown(value)} is no {expected.__name__}") from error
    if expected is float:
        return _build_float(value, where)
    return _of_type(value, expected, where)


def _build_float(value: Any, where: str) -> float:
    try:
        number = float(value) if type(value) is int else _of_type(value, float, where)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):  # Python's JSON reader lets NaN and Infinity pass
        raise ProtocolError(f"{where}: {number} is no finite number")
    return number


def _of_type(value: Any, expected: type[T], where: str) -> T:
    if type(value) is not expected:  # exact: True is no int here
        raise ProtocolError(f"{where}: {_shown(value)} is no {expected.__name__}")
    return value


def _shown(value: Any) -> str:
    """Name a stranger's value in few words: its whole text may be as long as the line, or nested too deeply to be written."""
    return type(value).__name__ if isinstance(value, list | dict) else repr(value)[:LONGEST_SHOWN]


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, vars(messages) | vars(edit))
