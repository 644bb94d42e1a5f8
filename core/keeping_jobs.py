"""What the add-on has done about what is kept: requests in, answers out."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from .gathering import gather, let_go
from .keeping import clean_up, take_stock
from .protocol import CleanedUp, CleanUp, Gather, Gathered, KeepingAnswer, KeepingJob, LetGo, Stage, StockTaken, TakeStock


def answer(job: KeepingJob, *, report: Callable[[Stage, int, int], None], cancelled: Callable[[], bool]) -> KeepingAnswer:
    """Do one of the jobs, and give what its asker waits for.

    Raises
    ------
    UserError
        If a film is gone, or a folder cannot be written to.
    CancelledError
        If `cancelled` said so.
    """
    match job:
        case TakeStock():
            return StockTaken(job_id=job.job_id, stock=take_stock(job.keeper, cancelled=cancelled))
        case CleanUp():
            cleaned = clean_up(job.keeper, job.films, cancelled=cancelled)
            return CleanedUp(job_id=job.job_id, **dataclasses.asdict(cleaned))
        case LetGo():
            pairs = [(Path(old), Path(new)) for old, new in zip(job.films, job.gathered, strict=True)]
            return CleanedUp(job_id=job.job_id, **dataclasses.asdict(let_go(pairs, cancelled=cancelled)))
        case Gather():
            folders = gather([Path(film) for film in job.films], Path(job.folder), report=report, cancelled=cancelled)
            return Gathered(job_id=job.job_id, folders=tuple(map(str, folders)))
