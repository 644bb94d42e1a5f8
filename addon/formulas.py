"""Formulas of drivers: what Blender calls a simple expression, as a function of the frame. Whatever is not listed here is refused.

An expression comes in as text out of a .blend, from whomever; it is read as a tree and never executed as Python.
"""

import ast
import math
import operator
from collections.abc import Callable

from ..core.protocol import UserError

Sampler = Callable[[float], float]
"""Gives a value for a frame."""

CURE = "Correct it: right-click the number, Edit Driver."


def sampler(words: str, names: dict[str, Sampler]) -> Sampler:
    """Turn an expression into a function of the frame.

    Parameters
    ----------
    words
        Numbers, `names`, and the constants, operators and functions below.
    names
        What the expression may name.

    Raises
    ------
    UserError
        If it cannot be read, or holds anything else; when called, if it has no value there.
    """
    try:
        body = ast.parse(words.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
        raise UserError(f"The driver's expression “{words}” cannot be read.", CURE) from error
    value = _compiled(body, names)

    def of_frame(frame: float) -> float:
        try:
            number = float(value(frame))
        except (ArithmeticError, ValueError, TypeError) as error:
            raise UserError(f"The driver's expression “{words}” has no value at frame {frame:g}: {error}.", CURE) from error
        if not math.isfinite(number):
            raise UserError(f"The driver's expression “{words}” has no finite value at frame {frame:g}.", CURE)
        return number

    return of_frame


def _clamp(value: float, low: float = 0.0, high: float = 1.0) -> float:
    return max(low, min(value, high))


def _smoothstep(low: float, high: float, value: float) -> float:
    share = _clamp((value - low) / (high - low))
    return share * share * (3 - 2 * share)


def _lerp(start: float, end: float, share: float) -> float:
    return start + (end - start) * share


OF_MATH = ("fabs", "floor", "ceil", "trunc", "radians", "degrees", "sin", "cos", "tan", "asin", "acos", "atan", "atan2")
FUNCTIONS: dict[str, Callable[..., float]] = {
    **{name: getattr(math, name) for name in (*OF_MATH, "exp", "log", "sqrt", "pow", "fmod")},
    "abs": abs,
    "round": round,
    "int": int,
    "float": float,
    "min": min,
    "max": max,
    "clamp": _clamp,
    "smoothstep": _smoothstep,
    "lerp": _lerp,
}
CONSTANTS = {"pi": math.pi, "e": math.e, "True": 1.0, "False": 0.0}
OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: math.pow,  # of floats, which never grows without end
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def _compiled(node: ast.AST, names: dict[str, Sampler]) -> Sampler:
    match node:
        case ast.Constant(value=int() | float() as value):
            return _resting(float(value))
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Name(id=name) if name in CONSTANTS:
            return _resting(CONSTANTS[name])
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _chosen(*(_compiled(part, names) for part in (test, body, orelse)))
    act, arguments = _operation(node)
    parts = [_compiled(argument, names) for argument in arguments]
    return lambda frame: act(*(part(frame) for part in parts))


def _operation(node: ast.AST) -> tuple[Callable[..., float], list[ast.expr]]:
    match node:
        case ast.UnaryOp(op=kind, operand=operand) if type(kind) in OPERATORS:
            return OPERATORS[type(kind)], [operand]
        case ast.BinOp(left=left, op=kind, right=right) if type(kind) in OPERATORS:
            return OPERATORS[type(kind)], [left, right]
        case ast.Compare(left=left, ops=[kind], comparators=[right]) if type(kind) in OPERATORS:
            return OPERATORS[type(kind)], [left, right]
        case ast.BoolOp(op=kind, values=values):
            return (_all if isinstance(kind, ast.And) else _any), values
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name], arguments
    raise UserError(
        f"A driver's expression holds “{ast.unparse(node)}”: that is known only while Blender plays.",
        "Use numbers, frame, the driver's variables and plain functions as sin and min, or give the number keyframes.",
    )


def _resting(value: float) -> Sampler:
    return lambda _frame: value


def _chosen(when: Sampler, then: Sampler, otherwise: Sampler) -> Sampler:
    return lambda frame: then(frame) if when(frame) else otherwise(frame)


def _all(*values: float) -> bool:
    return all(values)


def _any(*values: float) -> bool:
    return any(values)
