"""The story of a film, from a request to numbered frames: listen, walk, look up, draw what is missing.

Whatever ends a film early (Cancel, a crash, a full disk), the frames drawn so far are in the cache, and the next try draws only the rest.
"""

import math
import os
import re
import shutil
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import pictures
from .backends import Backend
from .cache import FrameCache
from .checks import check
from .features import CONTROL_RATE, Features
from .files import link_or_copy, write_whole
from .keys import film_digest
from .latents import Latents, latents_of
from .listening import listen
from .protocol import FrameSequence, RenderRequest, Settings, Stage, UserError, encode

BATCHES_IN_FLIGHT = 4
"""How many drawn batches may wait to be encoded: bounds the memory."""

FRAME_DIGITS = 6
SPARE_BYTES = 50_000_000
SILENCE = 1e-6  # of the file's loudest moment: -60 dB

Report = Callable[[Stage, int, int], None]
"""Called with the stage, and how many of how many frames are done."""


class CancelledError(Exception):
    """The user asked for an end. What was drawn stays in the cache."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """A finished film.

    Parameters
    ----------
    frames
        Where its numbered pictures lie.
    drawn_count
        How many of them had to be drawn.
    digest
        Names the film by its pictures.
    warnings
        Sentences for people.
    """

    frames: FrameSequence
    drawn_count: int
    digest: str
    warnings: tuple[str, ...]


def render(
    request: RenderRequest,
    *,
    open_backend: Callable[[Settings], Backend],
    report: Report = lambda *_: None,
    cancelled: Callable[[], bool] = lambda: False,
    batch_size: int | None = None,
) -> Film:
    """Draw a film.

    Parameters
    ----------
    request
        What to draw, and where to.
    open_backend
        Gives what draws with these settings.
    report
        Told of progress.
    cancelled
        Asked between batches.
    batch_size
        Frames drawn between two questions; by default what the backend likes best. Never changes a pixel.

    Returns
    -------
    Film
        All frames, numbered, each whole.

    Raises
    ------
    UserError
        If the request, the sound, the disk or the model stands in the way.
    CancelledError
        If `cancelled` said so.
    """
    check(request)
    report(Stage.LISTENING, 0, request.frame_count)
    cache = FrameCache(Path(request.cache_folder) / "pictures")
    heard = listen(request)
    latents = latents_of(request, heard)
    backend = open_backend(request.settings)
    frames = FrameFolder(request, keys=backend.cache_keys(latents))
    for key, picture in cache.find(frames.keys).items():
        frames.put(key, picture)
    missing = frames.missing_rows()
    if missing:
        _check_disk(cache.folder, picture_count=len(missing), size=request.settings.size)
        report(Stage.LOADING, frames.done, request.frame_count)
        backend.load()
        step = batch_size or backend.batch_size
        batches = (missing[first : first + step] for first in range(0, len(missing), step))
        _draw(batches, latents=latents, backend=backend, frames=frames, cache=cache, report=report, cancelled=cancelled)
    report(Stage.DRAWING, frames.done, request.frame_count)
    return Film(frames=frames.sequence, drawn_count=len(missing), digest=frames.digest, warnings=tuple(_warnings(request, heard)))


class FrameFolder:
    """A film's own folder of numbered frames, each one the same file as its picture in the cache.

    The folder is named after the film's digest: other settings never overwrite a film that a strip may still show.

    Parameters
    ----------
    request
        Written beside the frames as ``film.json``.
    keys
        The frames' cache keys.
    """

    def __init__(self, request: RenderRequest, *, keys: Sequence[str]) -> None:
        self.keys = keys
        self.digest = film_digest(keys)
        stem = f"{_safe_name(request.name)}_{self.digest}"
        self.folder = Path(request.frames_folder) / stem
        self.sequence = FrameSequence(
            folder=str(self.folder), prefix=f"{stem}_", suffix=".png", first_number=0, digits=FRAME_DIGITS, frame_count=len(keys)
        )
        self._files = self.sequence.file_names()
        self.done = 0
        self._rows: dict[str, list[int]] = defaultdict(list)  # still to be filled; where the music stands still, rows share a picture
        for row, key in enumerate(keys):
            self._rows[key].append(row)
        write_whole(self.folder / "film.json", encode(request).encode())

    def put(self, key: str, picture: Path) -> None:
        """Show a picture in every frame that it belongs to."""
        for row in self._rows.pop(key):
            link_or_copy(picture, self.folder / self._files[row])
            self.done += 1

    def missing_rows(self) -> list[int]:
        """Give one row for each picture that is not there yet, in order."""
        return sorted(rows[0] for rows in self._rows.values())


def _safe_name(name: str) -> str:
    """Keep letters and digits only: some editors cannot read ``# ? %`` or blanks in the paths of image sequences."""
    return re.sub(r"\W+", "-", name).strip("-_")[:40] or "film"


def _draw(
    batches: Iterable[Sequence[int]],
    *,
    latents: Latents,
    backend: Backend,
    frames: FrameFolder,
    cache: FrameCache,
    report: Report,
    cancelled: Callable[[], bool],
) -> None:
    waiting: deque[list[Future[tuple[str, Path]]]] = deque()  # drawn batches that are being encoded

    def finish_oldest() -> None:
        for future in waiting.popleft():
            frames.put(*future.result())
        report(Stage.DRAWING, frames.done, len(frames.keys))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:  # zlib lets other threads run: encoding overlaps drawing
        for batch in batches:
            if cancelled():
                break
            drawn = zip(batch, backend.draw(latents, batch), strict=True)
            waiting.append([pool.submit(_keep, cache, frames.keys[row], picture) for row, picture in drawn])
            while len(waiting) > BATCHES_IN_FLIGHT or all(future.done() for future in waiting[0]):
                finish_oldest()
                if not waiting:
                    break
        while waiting:
            finish_oldest()
    if frames.missing_rows():
        raise CancelledError


def _keep(cache: FrameCache, key: str, picture: np.ndarray) -> tuple[str, Path]:
    return key, cache.store(key, pictures.encode_png(picture))


def _check_disk(folder: Path, *, picture_count: int, size: int) -> None:
    needed = picture_count * size * size * 3 + SPARE_BYTES
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise UserError(
            f"The disk of {folder} has {free / 1e6:.0f} MB free; {picture_count} pictures may need {needed / 1e6:.0f} MB.",
            "Free some space, or choose another folder.",
        )


def _warnings(request: RenderRequest, heard: Features) -> Iterator[str]:
    name, sound_end = Path(request.sound_path).name, len(heard.energy) / CONTROL_RATE
    start, end = request.source_start_seconds, request.source_start_seconds + request.frame_count / request.fps
    if end > sound_end + 1:
        yield f"“{name}” ends at {float(sound_end):.1f} s, but the film goes on to {float(end):.1f} s: its pictures stand still there."
    first, last = max(0, math.floor(start * CONTROL_RATE)), max(0, math.ceil(end * CONTROL_RATE))
    if not (heard.energy[first:last] > SILENCE).any():
        yield f"“{name}” is silent between {float(start):.1f} s and {float(end):.1f} s: the picture hardly moves."
