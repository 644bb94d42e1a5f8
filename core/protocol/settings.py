"""Everything that a user may set about a film, with its range and its words.

The panel, the command line and the checks all read this one table. Standard library only: Blender's Python imports it.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass


class Model(enum.StrEnum):
    """The networks (and one card for checking sync) that can draw a film."""

    ABSTRACT = "abstract"
    SYNC_CARD = "sync-card"


class Look(enum.StrEnum):
    """How music becomes motion."""

    CHROMASTRIP = "chromastrip"
    ORIGINAL_MSIEG = "original-msieg"
    ORIGINAL_RUSHK = "original-rushk"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """How one number of `Settings` is named, explained and bounded (bounds included)."""

    label: str
    help: str
    minimum: float
    maximum: float


PARAMETERS: dict[str, Parameter] = {
    "pitch_sensitivity": Parameter(
        label="Pitch Sensitivity",
        help="How fast the things in the picture follow the harmony. 200: slow and blended, 295: a new picture with each chord",
        minimum=1,
        maximum=299,
    ),
    "tempo_sensitivity": Parameter(
        label="Tempo Sensitivity",
        help="How much the picture moves with loudness and with each hit. 0.05: calm, 0.8: wild",
        minimum=0.01,
        maximum=2,
    ),
    "jitter": Parameter(
        label="Jitter",
        help="How unevenly the parts of the picture move. 0: all alike, 1: half of them rest while the others move",
        minimum=0,
        maximum=1,
    ),
    "truncation": Parameter(
        label="Truncation",
        help="How far pictures may stray from the typical one. 0.1: calm and plain, 1: varied and strange",
        minimum=0.02,
        maximum=1,
    ),
    "smooth_factor": Parameter(
        label="Smooth Factor",
        help="Over how long a time changes of harmony are averaged, in steps of 23 ms. 1: as they come, 30: in slow waves",
        minimum=1,
        maximum=200,
    ),
    "depth": Parameter(
        label="Depth",
        help="How strongly the things show. 1: fully, small: pale mixtures that change faster",
        minimum=0.01,
        maximum=1,
    ),
    "class_count": Parameter(
        label="Things",
        help="How many different things share the picture: one for each of the song's loudest notes",
        minimum=1,
        maximum=12,
    ),
    "seed": Parameter(
        label="Seed",
        help="The number that all chance comes from. The same seed and settings give the same film; another seed, another film",
        minimum=0,
        maximum=2**31 - 1,
    ),
    "size": Parameter(
        label="Size",
        help="Width and height of the drawn pictures in pixels",
        minimum=128,
        maximum=128,
    ),
}


WITHOUT_EFFECT: dict[Look, frozenset[str]] = {
    Look.CHROMASTRIP: frozenset(),
    Look.ORIGINAL_MSIEG: frozenset(),
    Look.ORIGINAL_RUSHK: frozenset({"depth", "smooth_factor"}),
}
"""Which numbers do nothing in which look."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The hyperparameters of a film. Names, ranges and meanings: `PARAMETERS`.

    `classes` are the ImageNet classes to show, the loudest pitch class's first; empty: chosen by `seed`.
    """

    pitch_sensitivity: float = 220.0
    tempo_sensitivity: float = 0.25
    jitter: float = 0.5
    truncation: float = 1.0
    smooth_factor: int = 20
    depth: float = 1.0
    class_count: int = 12
    seed: int = 0
    model: Model = Model.ABSTRACT
    look: Look = Look.CHROMASTRIP
    size: int = 128
    classes: tuple[int, ...] = ()

    def problems(self) -> Iterator[str]:
        """Name each value that is out of its range.

        Yields
        ------
        str
            One sentence for people: the parameter, its value and what is allowed.
        """
        for name, parameter in PARAMETERS.items():
            value = getattr(self, name)
            if not parameter.minimum <= value <= parameter.maximum:  # so is NaN
                yield f"{parameter.label} is {value}: it must lie between {parameter.minimum} and {parameter.maximum}."
        strangers = [c for c in self.classes if not 0 <= c <= 999]  # noqa: PLR2004 (ImageNet's 1000 classes)
        if strangers:
            yield f"Unknown classes {strangers}: class numbers run from 0 to 999."
        if len(set(self.classes)) < len(self.classes):
            yield f"Classes {list(self.classes)} name one class twice: each may stand there once."
