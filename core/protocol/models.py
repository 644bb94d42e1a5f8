"""What is said about the networks on this machine. Standard library only: Blender's Python imports it."""

import enum
from dataclasses import dataclass


class ModelState(enum.StrEnum):
    """How a model is here."""

    ABSENT = "not here"
    PARTIAL = "half a download"
    READY = "ready"
    UNFIT = "unfit"


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """A line of the list of models.

    Parameters
    ----------
    name, state
        The model and how it is here.
    size_px, class_count
        Its pictures' width and height, and how many classes it knows; 0: unfit, so nobody knows.
    bytes_here, bytes_total
        Of its file.
    folder
        Where it lies, or would.
    note
        Why it is unfit; empty: it is not.
    """

    name: str
    state: ModelState
    size_px: int
    class_count: int
    bytes_here: int
    bytes_total: int
    folder: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelProgress:
    """How far a model's download, copy or check is. `total_bytes`, `bytes_per_second` and `seconds_left` are 0 while unknown."""

    name: str
    done_bytes: int
    total_bytes: int
    bytes_per_second: float = 0.0
    seconds_left: float = 0.0
