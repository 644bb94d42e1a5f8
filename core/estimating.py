"""What is left to do of a film, and how long that takes on this machine: nothing is stored."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .backends import Backend, Storer
from .drawing import Drawing, Report
from .latents import Latents
from .pipeline import plan
from .protocol import RenderRequest, Stage
from .spans import check_span
from .working import never

MEASURED_BATCHES = 2


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What is left to do.

    Parameters
    ----------
    frame_count, there_count
        Of the film, or of a span; and how many of these frames need not be drawn.
    picture_count
        How many pictures are to be drawn: fewer than frames where the music stands still. More where flashes must be calmed.
    seconds
        How long that takes here, loading aside.
    """

    frame_count: int
    there_count: int
    picture_count: int
    seconds: float


def estimate(
    request: RenderRequest,
    span: range | None = None,
    *,
    open_backend: Callable[[RenderRequest], Backend],
    report: Report = lambda *_: None,
    cancelled: Callable[[], bool] = never,
) -> Estimate:
    """Count a film's frames, or a span's, and time a few of those that are missing.

    Raises
    ------
    UserError, CancelledError
        As `pipeline.render`.
    """
    rows = range(request.frame_count) if span is None else span
    check_span(rows, request)
    planned = plan(request, open_backend=open_backend, report=report, cancelled=cancelled)
    keys = planned.backend.cache_keys(planned.latents)
    drawing = Drawing(request, planned.backend, report=report, cancelled=cancelled, batch_size=None, steps=planned.steps)
    missing = drawing.missing(keys, rows)
    first_rows = {keys[row]: row for row in reversed(rows) if keys[row] in missing}
    waiting = sum(keys[row] in missing for row in rows)
    seconds = 0.0
    if missing:
        report(Stage.LOADING, len(rows) - waiting, len(rows))
        seconds = len(missing) * seconds_per_picture(planned.backend, planned.latents, [*first_rows.values()])
    return Estimate(frame_count=len(rows), there_count=len(rows) - waiting, picture_count=len(missing), seconds=seconds)


def seconds_per_picture(backend: Backend, latents: Latents, rows: Sequence[int]) -> float:
    """Draw a few pictures of some rows, after as many that only warm up. Several cards take their share of what one takes."""

    def draw(count: int) -> float:
        chosen = [rows[place % len(rows)] for place in range(count)]
        began = time.perf_counter()
        for _ in backend.draw(latents, chosen):
            pass
        return time.perf_counter() - began

    at_once = backend.at_once
    draw(at_once)
    count = MEASURED_BATCHES * at_once
    return draw(count) / count / (len(backend.devices.names) if isinstance(backend, Storer) else 1)
