"""What an edit cannot say of the strips that it is made from, gathered while they are read, told in one sentence a kind."""

from collections import defaultdict

NAMED = 3  # strips in a sentence; the others are counted


class Losses:
    """Gathers names by what is lost of them, and sentences, in the order in which they come."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = defaultdict(list)

    def note(self, sentence: str, name: str) -> None:
        """Add a strip to those that `sentence` is about, which must hold a `{}` for their names."""
        names = self._names[sentence]
        if name not in names:
            names.append(name)

    def lost(self, what: str, name: str) -> None:
        """Say that the strip is in the file, but not its `what`."""
        self.note(f"Not in the file: {what} of {{}}.", name)

    def left_out(self, what: str, name: str) -> None:
        """Say that the strip is not in the file, since it is `what`."""
        self.note(f"Not in the file: {{}} ({what}).", name)

    def sentences(self) -> list[str]:
        """Give what there is to tell, for people."""
        return [sentence.replace("{}", listed(names)) for sentence, names in self._names.items()]


def listed(names: list[str]) -> str:
    """Put names in quotes, the first few of them: “a”, “b”, “c” and 7 more."""
    quoted = ", ".join(f"“{name}”" for name in names[:NAMED])
    return quoted if len(names) <= NAMED else f"{quoted} and {len(names) - NAMED} more"
