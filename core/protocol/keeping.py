"""What the frames' folders hold, what of it may go, and frames that move along with their .blend. Standard library only."""

import enum
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """A .blend and the folder that holds its films.

    Parameters
    ----------
    folder
        Absolute folder: each film in a folder of its own, and the cache.
    blend
        Absolute path of the .blend. Empty: it has never been saved.
    shown
        Names of films' folders in it that something in the .blend shows.
    undoable
        Names of those that something has shown since the .blend was opened: Undo may bring them back.
    """

    folder: str
    blend: str = ""
    shown: tuple[str, ...] = ()
    undoable: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TakeStock:
    """Say what a folder holds."""

    job_id: str
    keeper: Keeper


@dataclass(frozen=True, kw_only=True)
class CleanUp:
    """Remove films, if they still may go, then pictures of the cache that no film shows, and what broken writing has left behind.

    Parameters
    ----------
    films
        Names of the films' folders.
    """

    job_id: str
    keeper: Keeper
    films: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Gather:
    """Bring films into another folder: all of them or none.

    Parameters
    ----------
    films
        Absolute folders of films.
    folder
        Absolute folder that shall hold them; the cache there gets their pictures.
    """

    job_id: str
    films: tuple[str, ...]
    folder: str


@dataclass(frozen=True, kw_only=True)
class LetGo:
    """Remove films that have been gathered elsewhere, and what the cache beside them kept for them alone.

    Parameters
    ----------
    films, gathered
        Absolute folders of the films, and of where they are now: a film of which that does not hold every frame stays.
    """

    job_id: str
    films: tuple[str, ...]
    gathered: tuple[str, ...]


class Use(enum.StrEnum):
    """Why a film is kept, or that it may go."""

    SHOWN = "shown here"
    UNDO = "shown here before: save and open the file again to let it go"
    ELSEWHERE = "shown by another .blend, or by a timeline beside this one"
    UNKNOWN = "nobody knows which .blend shows it"
    RECENT = "drawn a moment ago"
    NONE = "not shown any more"


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How many files there are, and how many bytes of the disk they take: several names of one file count once."""

    count: int = 0
    bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class KeptFilm:
    """A film in a folder: its folder's name, its frames, and who shows it."""

    name: str
    frames: Amount
    use: Use


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What a folder holds.

    Parameters
    ----------
    films
        All films in the folder.
    cached
        Pictures in the cache, those that films show too.
    unshown
        Those of them that no film shows.
    sounds, features
        Sounds unpacked or mixed for films; what was heard in sounds.
    leftovers
        What broken writing has left behind.
    freed_bytes
        How many bytes of the disk Clean Up would free now: removing one of several names of a file frees none.
    """

    films: tuple[KeptFilm, ...]
    cached: Amount
    unshown: Amount
    sounds: Amount
    features: Amount
    leftovers: Amount
    freed_bytes: int


@dataclass(frozen=True, kw_only=True)
class StockTaken:
    """A finished `TakeStock`."""

    job_id: str
    stock: Stock


@dataclass(frozen=True, kw_only=True)
class CleanedUp:
    """A finished `CleanUp` or `LetGo`: how many films and pictures of the cache went, and how many bytes that freed."""

    job_id: str
    film_count: int
    picture_count: int
    freed_bytes: int


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """A finished `Gather`: the films' new folders, in the order in which they were named."""

    job_id: str
    folders: tuple[str, ...]


KeepingJob = TakeStock | CleanUp | Gather | LetGo
KeepingAnswer = StockTaken | CleanedUp | Gathered
