"""Strangers' words on a terminal: without what would steer it. Standard library only."""

import re

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters but line ends and tabs, and what turns the direction of writing: a file's name could clear the screen, or pose."""


def printable(text: str) -> str:
    r"""Write what would steer a terminal as its code: ``\x1b`` for an escape."""
    return STEERING.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
