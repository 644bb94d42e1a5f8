"""The networks on this machine, as the worker last told of them, and the job about them that is under way.

Nothing of it is saved. The preferences draw it, `jobs` feeds it with the worker's news.
"""

from dataclasses import dataclass

import bpy

from ..core.protocol import (
    AddModel,
    Cancelled,
    DownloadModel,
    Event,
    Failed,
    ListModels,
    Model,
    ModelEntry,
    ModelJob,
    ModelProgress,
    ModelsListed,
    ModelState,
    RemoveModel,
    Settings,
    UserError,
    VerifyModel,
)

MB = 10**6
VERBS: dict[type, str] = {
    ListModels: "Reading the list",
    DownloadModel: "Downloading",
    AddModel: "Adding",
    VerifyModel: "Verifying",
    RemoveModel: "Removing",
}


@dataclass
class State:
    """What the preferences show and the buttons ask.

    Parameters
    ----------
    entries
        None: nobody has asked yet.
    folder
        Where models are kept.
    is_outdated
        Whether the last job ended in a way that leaves it open what the list looks like now.
    """

    job: ModelJob | None = None
    progress: ModelProgress | None = None
    cancelling: bool = False
    entries: tuple[ModelEntry, ...] | None = None
    folder: str = ""
    is_outdated: bool = False
    error: UserError | None = None
    details: str = ""
    notes: tuple[str, ...] = ()

    @property
    def busy(self) -> bool:
        """Whether a job is under way that may take long."""
        return self.job is not None and not isinstance(self.job, ListModels)


state = State()


class ModelItem(bpy.types.PropertyGroup):
    """A line of Blender's list: its name is the model's, all else stands in `state.entries`."""


# What happens ---------------------------------------------------------------------------------------------------------------------------


def begin(job: ModelJob) -> None:
    """Note that a job is under way."""
    if not state.is_outdated:  # else the list is read anew after a job that failed, and why it failed must stay to be read
        state.error, state.details, state.notes = None, "", ()
    state.job, state.progress, state.cancelling, state.is_outdated = job, None, False, False


def is_about(event: Event) -> bool:
    """Say whether an event belongs to the job about models."""
    return state.job is not None and getattr(event, "job_id", None) == state.job.job_id


def take(event: Event) -> None:
    """Take an event of the job."""
    match event:
        case ModelProgress():
            state.progress = event
            return
        case ModelsListed():
            state.entries, state.folder = event.entries, event.folder
            state.notes = event.notes or state.notes
            fill_list()
        case Failed():
            state.error, state.details = UserError(event.cause, event.cure), event.details
            state.is_outdated = state.busy
        case Cancelled():
            state.notes = (_cancelled_note(),)
            state.is_outdated = state.busy
    state.job, state.progress, state.cancelling = None, None, False


def fail(error: UserError, details: str = "") -> None:
    """End the job, if there is one, with an error to show."""
    state.job, state.progress, state.cancelling, state.is_outdated = None, None, False, False
    state.error, state.details = error, details


def _cancelled_note() -> str:
    return "Cancelled. What has come is kept: Resume goes on from there." if isinstance(state.job, DownloadModel) else "Cancelled."


# The list -------------------------------------------------------------------------------------------------------------------------------


def selected() -> ModelEntry | None:
    """Give the entry that is selected in the list."""
    manager = bpy.context.window_manager
    at = manager.chromastrip_model
    return entry(manager.chromastrip_models[at].name) if 0 <= at < len(manager.chromastrip_models) else None


def entry(name: str) -> ModelEntry | None:
    """Find a model's entry."""
    return next((one for one in state.entries or () if one.name == name), None)


@bpy.app.handlers.persistent
def fill_list(*_: object) -> None:
    """Put the models' names into Blender's list, and keep the selected one selected."""
    manager = bpy.context.window_manager
    before = selected()
    manager.chromastrip_models.clear()
    for one in state.entries or ():
        manager.chromastrip_models.add().name = one.name
    names = [one.name for one in state.entries or ()]
    manager.chromastrip_model = names.index(before.name) if before and before.name in names else 0


def network_of(settings: Settings | bpy.types.PropertyGroup) -> str:
    """Name the network that a film or strip is drawn by, as the list of models does; empty: one that comes with the add-on."""
    if settings.model == Model.OWN:
        return settings.own_model
    return f"{Model.BIGGAN.value}-{settings.size}" if settings.model == Model.BIGGAN else ""


def is_here(name: str) -> bool:
    """Say whether a network is known to be on this machine."""
    return (one := entry(name)) is not None and one.state == ModelState.READY


def why_absent(name: str) -> str:
    """Say why nothing can be drawn by a network; empty: it is here, or nobody knows yet."""
    if not name or state.entries is None or is_here(name):
        return ""
    one = entry(name)
    if one is None:
        return f"There is no model “{name}” on this machine"
    how = {ModelState.UNFIT: "is damaged", ModelState.PARTIAL: "is only half downloaded"}
    return f"{name} {how.get(one.state, 'is not here yet')}"


# Words ----------------------------------------------------------------------------------------------------------------------------------


def state_words(one: ModelEntry) -> str:
    """Say how a model is here."""
    match one.state:
        case ModelState.ABSENT:
            return "Not here"
        case ModelState.PARTIAL:
            return f"Half downloaded ({100 * one.bytes_here // max(one.bytes_total, 1)} %)"
        case ModelState.READY:
            return "Here"
        case ModelState.UNFIT:
            return "Damaged"


def progress_words() -> tuple[float, str]:
    """Say how far the job is: its part of 1, and in words."""
    assert state.job is not None
    what = " ".join(filter(None, (VERBS[type(state.job)], getattr(state.job, "name", ""))))
    progress = state.progress
    if progress is None or not progress.total_bytes:
        return 0.0, what
    if isinstance(state.job, DownloadModel) and progress.done_bytes >= progress.total_bytes:
        return 1.0, f"Checking {state.job.name}"
    words = f"{what}   {progress.done_bytes // MB} / {progress.total_bytes // MB} MB"
    if progress.bytes_per_second:
        left = int(progress.seconds_left)
        words += f"   {progress.bytes_per_second / MB:.1f} MB/s   {left // 60}:{left % 60:02d} left"
    return min(progress.done_bytes / progress.total_bytes, 1.0), words


# Coming and going -----------------------------------------------------------------------------------------------------------------------


def register() -> None:
    """Give Blender's window manager the list; another file brings another window manager."""
    bpy.types.WindowManager.chromastrip_models = bpy.props.CollectionProperty(type=ModelItem)
    bpy.types.WindowManager.chromastrip_model = bpy.props.IntProperty(name="Model", description="The model that the buttons are about")
    bpy.app.handlers.load_post.append(fill_list)


def unregister() -> None:
    """Take it back, and forget what was known."""
    global state  # noqa: PLW0603
    state = State()
    bpy.app.handlers.load_post.remove(fill_list)
    del bpy.types.WindowManager.chromastrip_model
    del bpy.types.WindowManager.chromastrip_models
