"""Exact numbers out of strangers' texts. Standard library only.

Python's own `Fraction` also reads 1e999999999, which takes hours and all of the memory: nothing that comes out of a file goes to it unseen.
"""

import re
from fractions import Fraction

NUMBER = re.compile(r"\s*+[+-]?(?:\d{1,40}+(?:\.\d{0,40}+|/\d{1,40}+)?|\.\d{1,40}+)\s*+")


def read_exact(text: object) -> Fraction:
    """Read a number such as 25, 29.97 or 30000/1001.

    Raises
    ------
    ValueError
        If it is none, or one of more digits than any time or rate has.
    """
    if not isinstance(text, str) or NUMBER.fullmatch(text) is None:
        raise ValueError(f"{str(text)[:40]!r} is no number such as 25, 29.97 or 30000/1001")
    try:
        return Fraction(text)
    except ZeroDivisionError as error:
        raise ValueError(f"{text!r} divides by nothing") from error
