"""Choosing classes: what the add-on asks for, and what it gets. Standard library only: Blender's Python imports it."""

import enum
from dataclasses import dataclass
from fractions import Fraction


class Strategy(enum.StrEnum):
    """How lyrics become classes."""

    CONTEXT = "context"
    BEST = "best"
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A line's class, chosen by hand.

    Parameters
    ----------
    line
        The line's number, 1 the first.
    thing
        Name or number of the class.
    """

    line: int
    thing: str


@dataclass(frozen=True, kw_only=True)
class ChooseClasses:
    """Find classes: for lyrics, else for a description, else like some that are named, else by chance.

    Parameters
    ----------
    cache_folder
        Absolute folder of the sentence model and of what it has read.
    lyrics_path
        Absolute path of a text, LRC, SRT or VTT file.
    encoding
        Of that file. Empty: found out.
    words
        The lyrics themselves, if not in a file.
    like
        Names or numbers of classes to find more of.
    strategy
        How lyrics become classes.
    class_count
        How many different classes the film as a whole shall have.
    seed
        What chance comes from.
    blocklist
        Names or numbers of classes, or names of kinds, that must not come up.
    pins
        Lines whose class is chosen by hand.
    with_mood
        Whether the lines' moods are wanted.
    model_folder
        Of the sentence model. Empty: the one on this machine.
    download
        Whether the model may be downloaded if it is not on this machine.
    description
        What shall be seen, in free words.
    well_drawn
        Whether a description finds only classes that the embedded model draws well.
    """

    job_id: str
    cache_folder: str
    lyrics_path: str = ""
    encoding: str = ""
    words: str = ""
    like: tuple[str, ...] = ()
    strategy: Strategy = Strategy.CONTEXT
    class_count: int = 12
    seed: int = 0
    blocklist: tuple[str, ...] = ()
    pins: tuple[Pin, ...] = ()
    with_mood: bool = False
    model_folder: str = ""
    download: bool = False
    description: str = ""
    well_drawn: bool = False


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A class that fits: its number, its name, and how well it fits, -1 ... 1."""

    class_id: int
    name: str
    similarity: float


@dataclass(frozen=True, kw_only=True)
class LineThings:
    """A line of the lyrics and what it brings up.

    Parameters
    ----------
    number
        1 the first line.
    text
        The line as it is sung.
    verse
        0 the first verse.
    things
        The line's class, then others that fit it and differ from each other. At least one.
    start_seconds, end_seconds
        When it is sung, in the sound's own time; None: not known.
    meant
        What was read in its place; empty: the line itself.
    is_pinned
        Whether the first thing was chosen by hand.
    mood
        -1 (sad) ... 1 (happy); 0 if it was not asked for.
    part
        Of a cue sheet's line, which has no words: the letter of the song's part.
    """

    number: int
    text: str
    verse: int
    things: tuple[Thing, ...]
    start_seconds: Fraction | None = None
    end_seconds: Fraction | None = None
    meant: str = ""
    is_pinned: bool = False
    mood: float = 0.0
    part: str = ""


@dataclass(frozen=True, kw_only=True)
class ClassesChosen:
    """A finished `ChooseClasses`.

    Parameters
    ----------
    rows
        The table: one row for each line of the lyrics. Empty without lyrics.
    things
        The film's classes, all different.
    warnings
        Sentences for people: what they should know although it worked.
    """

    job_id: str
    rows: tuple[LineThings, ...]
    things: tuple[Thing, ...]
    warnings: tuple[str, ...] = ()
