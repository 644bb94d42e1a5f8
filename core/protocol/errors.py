"""The one error that is for people. Standard library only: Blender's Python imports it."""


class UserError(Exception):
    """Something that the user can mend.

    Parameters
    ----------
    cause
        What happened, with the value or the file that it happened to: one sentence.
    cure
        What to do: one sentence.
    """

    def __init__(self, cause: str, cure: str) -> None:
        super().__init__(f"{cause} {cure}")
        self.cause = cause
        self.cure = cure
