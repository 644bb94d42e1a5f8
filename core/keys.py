"""Digests that name pictures and films."""

import hashlib
from collections.abc import Sequence


def picture_key(*parts: bytes) -> str:
    """Digest all that a picture is drawn from: 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))  # so that moving a byte from one part to the next changes the key
        digest.update(part)
    return digest.hexdigest()


def film_digest(cache_keys: Sequence[str], *, suffix: str = ".png", finish: Sequence[Sequence[str]] = ()) -> str:
    """Digest a film by its pictures: 12 hexadecimal digits. Films that show the same pictures in the same order are the same film.

    `suffix` is the ending of its frames' names: lossy frames make another film. So does what else
    becomes of the pictures, a few words each: `finishing.Step.words`.
    """
    kind = ("" if suffix == ".png" else suffix) + "".join(f" {' '.join(words)}" for words in finish)
    return hashlib.blake2b(f"{''.join(cache_keys)}{kind}".encode(), digest_size=6).hexdigest()
