"""The process of one card: draws spans of films and stores their pictures, for the process that started it.

In and out: the messages below, over a pipe. A span carries its latents, so nothing is listened to here. It ends when the pipe does: whoever
started it has gone.
"""

import os
import queue
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from .backends import Backend, Backends
from .finishing import FinishedCache, steps_of
from .network.cores import keep_to_core
from .protocol import RenderRequest, UserError
from .storing import Drawn, Stored, open_cache, stored
from .walk.latent_rows import Latents
from .working import CancelledError, DeviceLostError


@dataclass(frozen=True, kw_only=True)
class Job:
    """A film begins: get ready. Answered by `Ready`. `network` is what its pictures' keys call weights, kernels and shape."""

    request: RenderRequest
    network: str


@dataclass(frozen=True, kw_only=True)
class Span:
    """Some rows of the film, displaced already, and the cache keys of their pictures. Answered by a `Picture` for each, then `Done`."""

    latents: Latents
    keys: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Forget all that was asked for before. Answered by `Stopped`, and until then by what was on its way."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The network is loaded; so many pictures at once keep it busy."""

    at_once: int


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture is stored."""

    key: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class Done:
    """A span is drawn."""


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Nothing comes any more of what was asked for before."""


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Something stands in the way: of this card alone, whose process ends then, or of the whole film."""

    cause: str
    cure: str
    of_card: bool


Answer = Ready | Picture | Done | Stopped | Failed


def serve(connection: Connection, *, device: str, models_folder: Path | None) -> None:
    """Draw on a device until the other end of the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches all processes of a terminal: whoever started this one says Stop
    inbox, card = Inbox(connection), Card(device, Backends(models_folder=models_folder))
    while True:
        message = inbox.next()
        for answer in card.answers(message, inbox):
            try:
                connection.send(answer)
            except OSError:  # nobody is there any more
                return
            if isinstance(answer, Failed) and answer.of_card:
                return


class Inbox:
    """Reads messages on a thread of its own, so that Stop and the other side's end are noticed in the middle of a span."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._messages: queue.SimpleQueue[Job | Span | Stop] = queue.SimpleQueue()
        self._stopping = threading.Event()
        threading.Thread(target=self._read, daemon=True, name="inbox").start()

    def next(self) -> Job | Span | Stop:
        """Wait for the next message; after a Stop has come, that is the next one."""
        message = self._messages.get()
        while self._stopping.is_set() and not isinstance(message, Stop):
            message = self._messages.get()
        if isinstance(message, Stop):
            self._stopping.clear()
        return message

    def is_stopping(self) -> bool:
        """Say whether nobody wants the current span any more."""
        return self._stopping.is_set()

    def _read(self) -> None:
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, Stop):
                    self._stopping.set()
                self._messages.put(message)
        finally:  # the other process has gone, however: pictures are whole or not there, nothing else is worth a clean end
            os._exit(0)


class Watch(Protocol):
    """Knows whether anybody still wants what is drawn."""

    def is_stopping(self) -> bool:
        """Say whether nobody wants the current span any more."""
        ...


class Card:
    """A device with the network that it draws with."""

    def __init__(self, device: str, backends: Backends) -> None:
        self._device, self._backends = device, backends
        self._request: RenderRequest | None = None
        self.backend: Backend | None = None
        self._is_kept_to_core = False

    def answers(self, message: Job | Span | Stop, inbox: Watch) -> Iterator[Answer]:
        """Do what a message asks; whatever happens, it is answered."""
        if isinstance(message, Stop):
            yield Stopped()
            return
        is_job = isinstance(message, Job)
        try:
            if is_job:
                yield self._begin(message.request)
            else:
                yield from self._draw(message, inbox)
        except CancelledError:
            pass
        except UserError as error:  # what hinders loading hinders this card only: another one may have more memory
            yield Failed(cause=error.cause, cure=error.cure, of_card=is_job or isinstance(error, DeviceLostError))
        except Exception as error:  # noqa: BLE001 (the process's one catch-all: becomes a report)
            yield Failed(cause=f"{type(error).__name__}: {error}.", cure="Try again; if it comes back, report it.", of_card=True)

    def _begin(self, request: RenderRequest) -> Ready:
        self._request = replace(request, machine=replace(request.machine, device=self._device))
        backend = self._backends.open(self._request)
        kind, _, number = self._device.partition(":")
        if kind == "cpu" and number and not self._is_kept_to_core:
            keep_to_core(int(number))
            self._is_kept_to_core = True
        backend.load()
        self.backend = backend
        return Ready(at_once=backend.at_once)

    def _draw(self, span: Span, inbox: Watch) -> Iterator[Answer]:
        assert self._request is not None
        steps = steps_of(self._request, cancelled=inbox.is_stopping)
        cache = open_cache(self._request, steps, inbox.is_stopping)
        with closing(self._stored(span, cache, inbox)) as come:
            for key, path in come:
                yield Picture(key=key, path=path)
        yield Done()

    def _stored(self, span: Span, cache: FinishedCache, inbox: Watch) -> Stored:
        assert self._request is not None
        return stored(self._drawn(span), cache, self._request.picture_format, cancelled=inbox.is_stopping)

    def _drawn(self, span: Span) -> Drawn:
        assert self.backend is not None
        with closing(self.backend.draw(span.latents, range(len(span.keys)))) as pictures:
            yield from zip(span.keys, pictures, strict=True)
