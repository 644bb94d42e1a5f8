"""Notes about what could not be read, one sentence for each kind of thing, however many clips it happened to."""

NAMED = 5
"""So many are named; the rest are counted."""


class Notes:
    """Collects what happened, and to whom."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, None]] = {}

    def add(self, what: str, whom: str = "") -> None:
        """Note something.

        Parameters
        ----------
        what
            A sentence without its end, the same for all that it happens to.
        whom
            The name of the clip, the file or the track, if it is one of several.
        """
        self._found.setdefault(what, {}).setdefault(whom)

    def sentences(self) -> tuple[str, ...]:
        """Give a sentence for each kind of thing, in the order of finding."""
        return tuple(f"{what}{_names(list(whom))}." for what, whom in self._found.items())


def _names(whom: list[str]) -> str:
    named = [name for name in whom if name]
    if not named:
        return ""
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ": " + ", ".join(f"“{name}”" for name in named[:NAMED]) + more
