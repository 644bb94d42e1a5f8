"""The story of a job about models: listed, downloaded, added, verified, removed, and what the list looks like then.

In: a job, as the add-on sends it. Out: `ModelsListed`. The folder of models, mirrors and proxies are this user's, from the environment.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..protocol import AddModel, DownloadModel, ListModels, ModelJob, ModelProgress, ModelsListed, RemoveModel, VerifyModel
from ..protocol.models import UPSCALER_PREFIX
from ..upscaling.store import Upscalers
from ..working import Cancelled, ModelReporter, end_if, never
from . import published
from .store import Checkpoint, ModelStore

MB = 10**6


def answer(job: ModelJob, *, report: Callable[[ModelProgress], None] = lambda _: None, cancelled: Cancelled = never) -> ModelsListed:
    """Do what a job asks for, and list the models.

    Parameters
    ----------
    job
        The job.
    report
        Takes how far it is, a few times a second.
    cancelled
        Whether nobody wants it any more.

    Raises
    ------
    UserError
        If it cannot be done.
    CancelledError
        If `cancelled` says so. What has come of a download is kept.
    """
    end_if(cancelled)  # it may have waited behind another job
    mirrors = job.mirrors.split() if isinstance(job, DownloadModel) else ()
    store = users_store(cache_folder=Path(job.cache_folder), mirrors=mirrors)
    upscalers = Upscalers(folder=store.folder, cache_folder=store.cache_folder)
    notes = _done_with_upscalers(job, upscalers)
    if notes is None:
        notes = _done(job, store, report=report, cancelled=cancelled)
    return ModelsListed(job_id=job.job_id, folder=str(store.folder), entries=(*store.entries(), *upscalers.entries()), notes=notes)


def users_store(*, cache_folder: Path, folder: Path | None = None, mirrors: Sequence[str] = ()) -> ModelStore:
    """Give this user's models.

    Parameters
    ----------
    cache_folder
        As `ModelStore`'s.
    folder
        Where models are kept; None: CHROMASTRIP_MODELS, or where this system keeps users' data.
    mirrors
        Asked before those in CHROMASTRIP_MIRRORS, and these before the networks' own source.
    """
    return ModelStore(
        folder or published.models_folder(),
        cache_folder=cache_folder,
        mirrors=(*mirrors, *published.mirrors(), published.SOURCE),
        published=published.PUBLISHED,
    )


def _done_with_upscalers(job: ModelJob, upscalers: Upscalers) -> tuple[str, ...] | None:
    """Do what is asked for of upscalers, and say what was done; None: it is about networks that draw."""
    match job:
        case AddModel(as_upscaler=True):
            return (upscalers.add(Path(job.source), name=job.name),)
        case VerifyModel() if job.name.startswith(UPSCALER_PREFIX):
            return (upscalers.verify(job.name),)
        case RemoveModel() if job.name.startswith(UPSCALER_PREFIX):
            return (f"{job.name} is removed: {upscalers.remove(job.name) // MB} MB are free again.",)
        case _:
            return None


def _done(job: ModelJob, store: ModelStore, *, report: Callable[[ModelProgress], None], cancelled: Cancelled) -> tuple[str, ...]:
    """Do it, and say what was done."""

    def send(progress: ModelProgress) -> None:
        report(replace(progress, job_id=job.job_id))

    match job:
        case DownloadModel():
            return (_whole(store.download(job.name, report=ModelReporter(job.name, send), cancelled=cancelled)),)
        case AddModel():
            source = Path(job.source)
            added = store.add(source, name=job.name, report=ModelReporter(job.name or source.name, send), cancelled=cancelled)
            return tuple(map(_whole, added))
        case VerifyModel():
            return (_whole(store.verify(job.name, report=ModelReporter(job.name, send), cancelled=cancelled)),)
        case RemoveModel():
            return (f"{job.name} is removed: {store.remove(job.name) // MB} MB are free again.",)
        case ListModels():
            return ()


def _whole(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.name} is here and whole ({checkpoint.architecture.output_dim} px, SHA-256 {checkpoint.sha256})."
