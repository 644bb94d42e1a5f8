"""A card somewhere in a Ray cluster: the actor's side. Draws spans as a card of this machine does, and sends back files, not paths.

In: the messages of `card_process`. Out: its answers, with the files that were written meanwhile, unless the cache is shared.
Imports no Ray.
"""

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .backends import Backends
from .card_process import Answer, Card, Failed, Job, Picture, Ready, Span
from .commands.asking import cache_folder
from .network.devices import card_model
from .spans import kernels, packages


@dataclass(frozen=True, kw_only=True)
class About:
    """What pictures depend on beside their request.

    Parameters
    ----------
    code
        Digest of the engine's sources.
    kernels
        Packages and processor or, where a graphics card draws, packages alone.
    model
        The graphics card's; empty: a processor draws.
    """

    code: str
    kernels: str
    model: str


@dataclass(frozen=True, kw_only=True)
class Film:
    """A film to get ready for.

    Parameters
    ----------
    job
        As for a card of this machine.
    witness
        A file in the shared cache that is there if it is the same folder here; None: files are sent back.
    """

    job: Job
    witness: Path | None


@dataclass(frozen=True, kw_only=True)
class Sent:
    """Answers, and the pictures' files by name."""

    answers: Sequence[Answer]
    files: dict[str, bytes]


def about(kind: str) -> About:
    """Say what this machine's pictures depend on."""
    is_card = kind != "cpu"
    return About(code=code_digest(), kernels=packages() if is_card else kernels(), model=card_model(kind) if is_card else "")


def code_digest() -> str:
    """Digest the engine's sources: two machines with the same ones draw by the same rules."""
    here, digest = Path(__file__).parent, hashlib.blake2b(digest_size=8)
    for file in sorted(here.rglob("*.py")):
        digest.update(file.relative_to(here).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


class NodeCard:
    """The actor. Whatever it is asked carries a number; what has one that was stopped is not drawn.

    Parameters
    ----------
    kind
        "cpu": all cores that this process may use; "cuda": the one card that Ray has given to it.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._card = Card(kind, Backends())
        self._folder = Path(tempfile.mkdtemp(prefix="chromastrip-ray-"))
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self._number, self._stopped, self._is_shared = 0, -1, False

    def about(self) -> About:
        """Say what this machine's pictures depend on."""
        return about(self._kind)

    def begin(self, film: Film, number: int) -> Sent:
        """Load the network, if it is the film's."""
        self._number, self._is_shared = number, film.witness is not None
        if film.witness is not None and not film.witness.is_file():
            return _refused(f"It does not see the shared cache {film.witness.parent}.", "Mount it there, or leave --shared-cache out.")
        answers = self._answers(self._here(film.job))
        name = getattr(self._card.backend, "name", "")
        if name != film.job.network and isinstance(answers[-1], Ready):
            return _refused(
                f"It has another model file or other kernels: {name}; the film has {film.job.network}.",
                "Give all nodes the same model file.",
            )
        return Sent(answers=answers, files={})

    def directions(self, job: Job) -> np.ndarray | Failed:
        """Give what displaces the network's pictures, float32 [6, 128]; found here if nobody knows."""
        answer = self._answers(self._here(job))[-1]
        if isinstance(answer, Failed):
            return answer
        assert self._card.backend is not None
        return self._card.backend.directions()

    def draw(self, span: Span, number: int) -> Sent:
        """Draw a span."""
        self._number = number
        answers = [] if self.is_stopping() else self._answers(span)
        return Sent(answers=answers, files={} if self._is_shared else self._take_files())

    def stop(self, number: int) -> None:
        """Forget what has this number or a smaller one; comes in on a thread of its own."""
        self._stopped = number

    def is_stopping(self) -> bool:
        """Say whether nobody wants the current span any more."""
        return self._number <= self._stopped

    def _here(self, job: Job) -> Job:
        """Ask with this machine's folders."""
        request = job.request
        folder = request.cache_folder if self._is_shared else str(self._folder)
        machine = replace(request.machine, cache_folder=str(cache_folder()))
        return replace(job, request=replace(request, cache_folder=folder, machine=machine))

    def _answers(self, message: Job | Span) -> list[Answer]:
        return [self._short(answer) for answer in self._card.answers(message, self)]

    def _short(self, answer: Answer) -> Answer:
        """Name a picture by its file alone, where that is sent back."""
        return replace(answer, path=Path(answer.path.name)) if isinstance(answer, Picture) and not self._is_shared else answer

    def _take_files(self) -> dict[str, bytes]:
        """Read the files that were written, and remove them."""
        files = {}
        for path in Path(self._folder, "pictures").glob("*/[0-9a-f]*"):
            files[path.name] = path.read_bytes()
            path.unlink()
        return files


def _refused(cause: str, cure: str) -> Sent:
    return Sent(answers=[Failed(cause=cause, cure=cure, of_card=True)], files={})


def told(own: About, wanted: About) -> str:
    """Say why a machine must not draw with others; empty: it may."""
    if own.code != wanted.code:
        return "it has another version of Chromastrip"
    if own.model != wanted.model:
        return f"it has the card {own.model or 'none'}, where the film has {wanted.model or 'none'}"
    if own.kernels != wanted.kernels:
        return f"it draws by {own.kernels}, where the film has {wanted.kernels}"
    return ""
