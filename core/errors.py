"""The one error that is for people: what happened, and what to do about it."""


class UserError(Exception):
    """Something that the user can mend.

    Parameters
    ----------
    cause
        What happened, with the value or the file that it happened to.
    cure
        What to do.
    """

    def __init__(self, cause: str, cure: str) -> None:
        super().__init__(f"{cause} {cure}")
        self.cause = cause
        self.cure = cure
