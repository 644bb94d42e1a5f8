"""Bytes of a corpus, changed as damage, other programs and bad intent change them; the same by the same seed."""

import random
import re
from collections.abc import Sequence

MONSTERS = (
    *(b"", b"0", b"-1", b"1e999", b"nan", b"inf", b"99999999999999999999", b"9" * 5000, b"1/0", b"0/1", b"null", b"true", b"{}", b"[]"),
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc2\x80", "\u202e\u2028𝄞".encode(), b"../" * 9, b"//evil/share/a", b"file:///etc/passwd"),
    *(b"<!DOCTYPE x>", b"&x;", b"]]>", b"<a>" * 300, b"[" * 3000, b'{"a":' * 3000, b"\r", b"\n" * 500, b" " * 2000, b"A" * 10_000),
)
TOKEN = re.compile(rb"\w+|[^\w\s]|\s+")
MOST_CHANGES, MOST_BYTES = 6, 200_000


def mutated(corpus: Sequence[bytes], rng: random.Random) -> bytes:
    """Change one of the corpus a little, by bytes or by tokens."""
    whole = rng.choice(corpus)
    for _ in range(rng.randint(1, MOST_CHANGES)):
        whole = rng.choice((_bytes_changed, _tokens_changed, _spliced))(whole, corpus, rng)
    return whole[:MOST_BYTES]


def _bytes_changed(whole, _corpus, rng):
    at = rng.randrange(len(whole) + 1)
    end = at + rng.choice((0, 1, 1, 4, 50, 1000))
    put = rng.choice((b"", rng.randbytes(rng.choice((1, 4))), whole[at:end] * 2, rng.choice(MONSTERS)))
    return whole[:at] + put + whole[end:]


def _tokens_changed(whole, _corpus, rng):
    found = [match.span() for match in TOKEN.finditer(whole, rng.randrange(max(1, len(whole))))][:400]
    if not found:
        return whole
    (at, end), (other, other_end) = rng.choice(found), rng.choice(found)
    put = rng.choice((b"", whole[other:other_end], rng.choice(MONSTERS), str(rng.choice((0, 1, 7, -5, 2**31, 2**63, 10**30))).encode()))
    return whole[:at] + put + whole[end:]


def _spliced(whole, corpus, rng):
    other = rng.choice(corpus)
    begin, at = rng.randrange(len(other) + 1), rng.randrange(len(whole) + 1)
    length = rng.choice((20, 300, len(other)))
    return whole[:at] + other[begin : begin + length] + whole[at + rng.choice((0, length)) :]
