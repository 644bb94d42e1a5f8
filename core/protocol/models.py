"""The networks on this machine: what the add-on asks about them, what it is told. Standard library only: Blender's Python imports it."""

import enum
from dataclasses import dataclass

UPSCALER_PREFIX = "upscaler/"
"""What the names of networks begin with that make pictures larger."""


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
    is_published
        Whether it can be downloaded; else it is the user's own.
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
    is_published: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelProgress:
    """How far a model's download, copy or check is. `total_bytes`, `bytes_per_second` and `seconds_left` are 0 while unknown.

    `job_id` is empty where there is no job: on the command line.
    """

    name: str
    done_bytes: int
    total_bytes: int
    bytes_per_second: float = 0.0
    seconds_left: float = 0.0
    job_id: str = ""


# Jobs: all are answered by `ModelsListed` ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ListModels:
    """Say which models there are, and how they are here.

    Parameters
    ----------
    cache_folder
        Absolute folder in which digests are remembered; of the other jobs too.
    """

    job_id: str
    cache_folder: str


@dataclass(frozen=True, kw_only=True)
class DownloadModel:
    """Fetch a published model, or the rest of it. Only ever sent because the user pressed a button.

    Parameters
    ----------
    mirrors
        Where to ask first, with blanks between.
    """

    job_id: str
    cache_folder: str
    name: str
    mirrors: str = ""


@dataclass(frozen=True, kw_only=True)
class AddModel:
    """Copy weights of the user's.

    Parameters
    ----------
    source
        Absolute path of a folder with weights and their config.json, or of a file of weights.
    name
        What to call the model. Empty: as published, or as its folder is called.
    as_upscaler
        Whether it shall make pictures larger; `source` is a file then.
    """

    job_id: str
    cache_folder: str
    source: str
    name: str = ""
    as_upscaler: bool = False


@dataclass(frozen=True, kw_only=True)
class VerifyModel:
    """Read all of a model again and check it."""

    job_id: str
    cache_folder: str
    name: str


@dataclass(frozen=True, kw_only=True)
class RemoveModel:
    """Delete a model from this machine, or what has come of its download."""

    job_id: str
    cache_folder: str
    name: str


ModelJob = ListModels | DownloadModel | AddModel | VerifyModel | RemoveModel


@dataclass(frozen=True, kw_only=True)
class ModelsListed:
    """A finished job about models.

    Parameters
    ----------
    folder
        Where models are kept.
    entries
        All models, as they are now: the published ones, then the user's own.
    notes
        Sentences for people: what was done.
    """

    job_id: str
    folder: str
    entries: tuple[ModelEntry, ...]
    notes: tuple[str, ...] = ()
