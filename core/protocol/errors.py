"""The one error that is for people. Standard library only: Blender's Python imports it."""

SENTENCE_MODEL = "sentence model"
"""What reads lyrics."""
LONGEST = 1000
"""Of a sentence; paths are shorter, as a rule."""

ENGINE = "engine"
"""The environment that the worker runs in."""


class UserError(Exception):
    """Something that the user can mend.

    Parameters
    ----------
    cause
        What happened, with the value or the file that it happened to: one sentence.
    cure
        What to do: one sentence.
    missing
        What would have to be fetched first, where a button can do that: `SENTENCE_MODEL`, `ENGINE`, or a published
        network's name.
    """

    def __init__(self, cause: str, cure: str, *, missing: str = "") -> None:
        self.missing = missing
        self.cause = _readable(cause)
        self.cure = _readable(cure)
        super().__init__(f"{self.cause} {self.cure}")


def _readable(sentence: str) -> str:
    """Leave out the middle of what nobody would read: what a stranger's file holds may stand in it."""
    if len(sentence) <= LONGEST:
        return sentence
    return f"{sentence[: LONGEST * 3 // 4]} … {sentence[-LONGEST // 4 :]}"
