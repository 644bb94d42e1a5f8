"""The one error that is for people. Standard library only: Blender's Python imports it."""

SENTENCE_MODEL = "sentence model"
"""What reads lyrics."""

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
        super().__init__(f"{cause} {cure}")
        self.missing = missing
        self.cause = cause
        self.cure = cure
