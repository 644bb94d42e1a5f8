"""How add-on and worker know each other: each proves that it knows the one-time token, and neither says it. Standard library only.

The add-on listens on loopback, where any program of this computer can call, and after it has gone can listen in its place. So whoever
answers a `Challenge` must digest its number together with the token; a recorded answer is worth nothing, since both sides add a number.
"""

import hashlib
import hmac
import secrets

from .messages import Challenge, Hello, Welcome


def challenge() -> Challenge:
    """Make the add-on's first line to whoever calls."""
    return Challenge(number=_number())


def answer(asked: Challenge, *, token: str, pid: int) -> Hello:
    """Make the worker's answer, which asks for a proof in turn."""
    number = _number()
    return Hello(pid=pid, number=number, proof=_proof(token, "worker", asked.number, number))


def is_worker(asked: Challenge, hello: Hello, *, token: str) -> bool:
    """Say whether a caller knows the token."""
    return _equal(hello.proof, _proof(token, "worker", asked.number, hello.number))


def welcome(asked: Challenge, hello: Hello, *, token: str) -> Welcome:
    """Make the add-on's proof."""
    return Welcome(proof=_proof(token, "add-on", asked.number, hello.number))


def is_add_on(asked: Challenge, hello: Hello, welcomed: Welcome, *, token: str) -> bool:
    """Say whether who listens knows the token."""
    return _equal(welcomed.proof, _proof(token, "add-on", asked.number, hello.number))


def _number() -> str:
    return secrets.token_hex(16)


def _proof(token: str, *told: str) -> str:
    text = "\n".join(told).encode(errors="surrogatepass")
    return hmac.new(token.encode(), text, hashlib.sha256).hexdigest()


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))
