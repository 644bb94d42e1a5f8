"""Everything that a user may set about a film, with its range and its words.

The panel, the command line and the checks all read this one table. Standard library only: Blender's Python imports it.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from .shape import MOST_ASPECT, Widening


class Model(enum.StrEnum):
    """The networks (and one card for checking sync) that can draw a film."""

    EMOJI = "emoji"
    ABSTRACT = "abstract"
    BIGGAN = "biggan-deep"
    OWN = "own"
    SYNC_CARD = "sync-card"


EMBEDDED_MODELS = {Model.EMOJI: "Emoji", Model.ABSTRACT: "Abstract"}
"""Networks that come with the program, by their names for people."""
EMBEDDED_SIZES = {Model.EMOJI: 128, Model.ABSTRACT: 128}
"""Width and height of their squares, in pixels."""


class Look(enum.StrEnum):
    """How music becomes motion."""

    CHROMASTRIP = "chromastrip"
    ORIGINAL_MSIEG = "original-msieg"
    ORIGINAL_RUSHK = "original-rushk"


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """How one number of `Settings` is named, explained and bounded (bounds included), and whether it may change over time."""

    label: str
    help: str
    minimum: float
    maximum: float
    animatable: bool = True


PUBLISHED_SIZES = (128, 256, 512)
"""What the published BigGANs draw, in pixels."""
PUBLISHED_MODELS = tuple(f"{Model.BIGGAN.value}-{size}" for size in PUBLISHED_SIZES)
"""What the list of models calls them."""

BANDS = ("low", "mid", "high")
"""Below 200 Hz, up to 2 kHz, above."""

BAND_TARGETS = {
    "motion": ("Motion", "moves the picture"),
    "truncation": ("Truncation", "adds to the truncation: at 0.5, full strength adds 0.5"),
    "class_speed": ("Class Speed", "makes the things follow the harmony faster: at 0.5, full strength adds 50 to the pitch sensitivity"),
}


def _band_parameters() -> Iterator[tuple[str, Parameter]]:
    for band in BANDS:
        for target, (label, effect) in BAND_TARGETS.items():
            words = f"How much sound of the {band} band {effect}. Below 0: the other way round"
            yield f"{band}_to_{target}", Parameter(label=f"{band.title()} to {label}", help=words, minimum=-1, maximum=1)


PARAMETERS: dict[str, Parameter] = {
    "pitch_sensitivity": Parameter(
        label="Pitch Sensitivity",
        help="How fast the things in the picture follow the harmony, and how readily the one that leads gives way. 200: slowly, 295: a new"
        " picture with nearly every bar, or, where all show at once, with each chord",
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
        help="How long one thing takes to become the next, or over how long changes of harmony are averaged, in steps of 23 ms. 1: as they"
        " come, 30: in slow waves",
        minimum=1,
        maximum=200,
    ),
    "depth": Parameter(
        label="Depth",
        help="How strongly the things show. 1: fully, small: pale mixtures that change faster",
        minimum=0.01,
        maximum=1,
    ),
    "blend": Parameter(
        label="Blend",
        help="How much shows at once. 0: one thing at a time, 0.5: strong chords let a guest into a third of the picture at most, 1: all"
        " things at once, as the notes say",
        minimum=0,
        maximum=1,
    ),
    "class_count": Parameter(
        label="Things",
        help="How many different things the film has, dealt out over the song's parts. Where all show at once: one for each of its loudest"
        " notes; beyond 12, each note shows its things in turn, from eight beats to eight beats",
        minimum=1,
        maximum=120,
        animatable=False,
    ),
    "seed": Parameter(
        label="Seed",
        help="The number that all chance comes from. The same seed and settings give the same film; another seed, another film",
        minimum=0,
        maximum=2**31 - 1,
        animatable=False,
    ),
    "size": Parameter(
        label="Size",
        help="The shorter side of the drawn pictures in pixels: what the network draws squares of. Some are cut off where the frame is"
        " a little flatter",
        minimum=128,
        maximum=512,
        animatable=False,
    ),
    "split": Parameter(
        label="Split",
        help="How far hits and ringing notes are told apart. 0: everything drives everything, 1: only hits drive the motion, and only what"
        " rings drives the things",
        minimum=0,
        maximum=1,
    ),
    "loud_notes": Parameter(
        label="Loud Notes",
        help="How much more loud notes count than quiet ones. 0: hiss in a pause changes the things as a chord does, 1: only what is heard",
        minimum=0,
        maximum=1,
    ),
    "beat": Parameter(
        label="Beat",
        help="How strongly each beat moves the picture, beside hits and loudness",
        minimum=0,
        maximum=2,
    ),
    "hit": Parameter(
        label="Hits",
        help="How far each hit throws the picture, which swings back then. 0: it only drifts, 1: as is good to see, 2: wild",
        minimum=0,
        maximum=2,
    ),
    "hit_zoom": Parameter(
        label="Hit Zoom",
        help="How far a hit comes nearer: a kick most. Below 0: goes away",
        minimum=-2,
        maximum=2,
    ),
    "hit_turn": Parameter(
        label="Hit Turn",
        help="How far a hit turns the picture, to one side and to the other in turn: a snare most",
        minimum=0,
        maximum=2,
    ),
    "hit_shift": Parameter(
        label="Hit Shift",
        help="How far a hit pushes the picture aside: a kick down, a snare to the left and to the right in turn",
        minimum=0,
        maximum=2,
    ),
    "hit_light": Parameter(
        label="Hit Light",
        help="How far a hit lights the picture up and turns its colours: a hi-hat most. Below 0: darkens it",
        minimum=-2,
        maximum=2,
    ),
    "hit_release_seconds": Parameter(
        label="Hit Release",
        help="How many seconds the picture takes to swing back after a hit",
        minimum=0.03,
        maximum=2,
    ),
    "swell": Parameter(
        label="Swell",
        help="How far loudness opens and closes the movement. 0: hits are as wide in a quiet part as in a loud one",
        minimum=0,
        maximum=1,
    ),
    "breath": Parameter(
        label="Breath",
        help="How far the picture opens between two beats, and closes on each",
        minimum=-2,
        maximum=2,
    ),
    "mood": Parameter(
        label="Mood",
        help="How far the mood of the words steers. 1: sad lines are calmer and plainer, happy ones wilder and stranger",
        minimum=0,
        maximum=1,
    ),
    "word_fade_seconds": Parameter(
        label="Word Fade",
        help="How many seconds one line's things take to give way to the next one's",
        minimum=0,
        maximum=10,
        animatable=False,
    ),
    **dict(_band_parameters()),
}


_OF_HITS = frozenset({"hit", "hit_zoom", "hit_turn", "hit_shift", "hit_light", "hit_release_seconds", "swell", "breath"})
_OF_CHROMASTRIP_ONLY = frozenset({"blend", "split", "loud_notes", "beat", "mood", *_OF_HITS, *(name for name, _ in _band_parameters())})

WITHOUT_EFFECT: dict[Look, frozenset[str]] = {
    Look.CHROMASTRIP: frozenset(),
    Look.ORIGINAL_MSIEG: _OF_CHROMASTRIP_ONLY,
    Look.ORIGINAL_RUSHK: _OF_CHROMASTRIP_ONLY | {"depth", "smooth_factor"},
}
"""Which numbers do nothing in which look."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A number that changes over time. Between two points it runs straight; before the first and after the last it stays.

    Parameters
    ----------
    parameter
        Whose value it replaces: one of `PARAMETERS` that is animatable.
    values
        Its values, within the parameter's range.
    seconds
        When they hold, in the sound's own time, rising. Empty: one value for each control frame (22050 / 512 a second) from the sound's
        beginning on.
    """

    parameter: str
    values: tuple[float, ...]
    seconds: tuple[Fraction, ...] = ()

    def problems(self) -> Iterator[str]:
        """Name what is wrong: a sentence for people each."""
        parameter = PARAMETERS.get(self.parameter)
        if parameter is None or not parameter.animatable:
            yield f"“{self.parameter}” cannot change over time: {', '.join(name for name, p in PARAMETERS.items() if p.animatable)} can."
            return
        if not self.values:
            yield f"The curve of {parameter.label} has no points."
        if self.seconds and len(self.seconds) != len(self.values):
            yield f"The curve of {parameter.label} has {len(self.seconds)} times and {len(self.values)} values."
        if any(after <= before for before, after in pairwise(self.seconds)):
            yield f"The curve of {parameter.label} goes back in time: its times must rise."
        strangers = [value for value in self.values if not parameter.minimum <= value <= parameter.maximum]
        if strangers:
            yield (f"{parameter.label} is {strangers[0]} in its curve: it must lie between {parameter.minimum} and {parameter.maximum}.")


@dataclass(frozen=True, kw_only=True)
class Cue:
    """What shows while some words are sung, or while a stretch of the song lasts.

    Parameters
    ----------
    start_seconds, end_seconds
        When, in the sound's own time; half-open.
    classes
        The things: the first one leads, the others come and go with the harmony.
    mood
        -1 (sad) ... 1 (happy).
    part
        Of the cue sheet: the letter of the song's part. Empty: of words. Words give way by Word Fade, the sheet's cues by Smooth Factor.
    """

    start_seconds: Fraction
    end_seconds: Fraction
    classes: tuple[int, ...]
    mood: float = 0.0
    part: str = ""

    def problems(self) -> Iterator[str]:
        """Name what is wrong: a sentence for people each."""
        when = f"at {float(self.start_seconds):.2f} s"
        if self.end_seconds <= self.start_seconds:
            yield f"The words {when} end before they begin, at {float(self.end_seconds):.2f} s."
        if not self.classes:
            yield f"The words {when} show nothing: give them at least one class."
        if not -1 <= self.mood <= 1:
            yield f"The mood of the words {when} is {self.mood}: it must lie between -1 and 1."
        yield from class_problems(self.classes)


def class_problems(classes: tuple[int, ...]) -> Iterator[str]:
    """Name what is wrong with chosen classes: a sentence for people each."""
    if strangers := [number for number in classes if number < 0]:  # how many there are is the network's matter: `core.checks`
        yield f"Unknown classes {strangers}: class numbers begin at 0."
    if len(set(classes)) < len(classes):
        yield f"Classes {list(classes)} name one class twice: each may stand there once."


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The hyperparameters of a film. Names, ranges and meanings: `PARAMETERS`.

    `own_model` names one of the user's own networks, which `Model.OWN` draws with, at the size that it has.
    `aspect` is the pictures' width by height, and `widening` how the network is brought to it; None: as suits it.
    `classes` are the ImageNet classes to show, the loudest pitch class's first; empty: chosen by `seed`, none of the `excluded` ones.
    `curves` replace single numbers; `cues` show other classes for a while, by their beginnings.
    `loop`: the film's last frame leads into its first; a section's own `loop` does nothing.
    """

    pitch_sensitivity: float = 220.0
    tempo_sensitivity: float = 0.25
    jitter: float = 0.5
    truncation: float = 0.4
    smooth_factor: int = 20
    depth: float = 1.0
    blend: float = 0.4
    class_count: int = 12
    seed: int = 0
    model: Model = Model.EMOJI
    own_model: str = ""
    look: Look = Look.CHROMASTRIP
    size: int = EMBEDDED_SIZES[Model.EMOJI]
    aspect: Fraction = Fraction(1)
    widening: Widening | None = None
    split: float = 0.5
    loud_notes: float = 0.0
    beat: float = 0.0
    hit: float = 1.0
    hit_zoom: float = 1.0
    hit_turn: float = 1.0
    hit_shift: float = 1.0
    hit_light: float = 0.5
    hit_release_seconds: float = 0.2
    swell: float = 0.5
    breath: float = 0.0
    mood: float = 0.0
    word_fade_seconds: float = 0.5
    low_to_motion: float = 0.0
    low_to_truncation: float = 0.0
    low_to_class_speed: float = 0.0
    mid_to_motion: float = 0.0
    mid_to_truncation: float = 0.0
    mid_to_class_speed: float = 0.0
    high_to_motion: float = 0.0
    high_to_truncation: float = 0.0
    high_to_class_speed: float = 0.0
    classes: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()
    curves: tuple[Curve, ...] = ()
    cues: tuple[Cue, ...] = ()
    loop: bool = False

    def of_film(self) -> tuple[object, ...]:
        """Give what sections have in common with their film. An embedded model has the size that it has, whatever an old film says."""
        size = EMBEDDED_SIZES.get(self.model, self.size)
        return self.model, self.own_model, size, self.aspect, self.widening

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
        if not 1 / MOST_ASPECT <= self.aspect <= MOST_ASPECT:
            yield f"Pictures would be {float(self.aspect):g} times as wide as high: choose a shape from 1:{MOST_ASPECT} to {MOST_ASPECT}:1."
        if self.model == Model.BIGGAN and self.size not in PUBLISHED_SIZES:
            yield f"Size is {self.size}: BigGAN-deep draws {', '.join(f'{size} px' for size in PUBLISHED_SIZES)}."
        if (self.model == Model.OWN) != bool(self.own_model):
            yield (
                "One of your own networks is chosen, but not which."
                if not self.own_model
                else (f"Your own network “{self.own_model}” is named, but another one is chosen to draw.")
            )
        yield from class_problems(self.classes)
        yield from class_problems(self.excluded)
        for part in (*self.curves, *self.cues):
            yield from part.problems()
        names = [curve.parameter for curve in self.curves]
        if len(set(names)) < len(names):
            yield f"Two curves move one number ({', '.join(names)}): each may have one."
        if any(after.start_seconds < before.start_seconds for before, after in pairwise(self.cues)):
            yield "The words' cues are out of order: sort them by their beginnings."
        yield from _overlaps([cue for cue in self.cues if cue.part])


def default_of(name: str, *, model: Model, look: Look) -> float:
    """Give a number's default: that of `Settings`, which are Emoji's, but for what other models and the originals' looks want otherwise."""
    if name == "truncation" and (model != Model.EMOJI or look != Look.CHROMASTRIP):
        return 1.0
    return getattr(Settings(), name)


def _overlaps(sheet: list[Cue]) -> Iterator[str]:
    """Name the first two cues of a cue sheet that would show at once; words may overlap."""
    for before, after in pairwise(sheet):
        if before.start_seconds <= after.start_seconds < before.end_seconds:
            begin, second, end = (float(time) for time in (before.start_seconds, after.start_seconds, before.end_seconds))
            yield f"Two cues of the cue sheet overlap: the one at {begin:.2f} s lasts until {end:.2f} s, the next begins at {second:.2f} s."
            return
