"""Several cards draw a film, here or (`ray_cards`) elsewhere: spans of what is missing are dealt out to them as they finish.

A backend as any other, but that the pictures are encoded and finished by the cards' processes: here come their files. A card that
stops loses nothing: what it has not stored is dealt out to the others, and the user is told.
"""

import contextlib
import multiprocessing
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np

from .card_process import Answer, Done, Failed, Job, Picture, Ready, Span, Stop, Stopped, serve
from .generator import Generator
from .latents import Latents
from .network.devices import Devices
from .pictures import Pictures
from .protocol import Precision, RenderRequest, UserError
from .storing import Stored
from .working import Cancelled, ReportCount, never, report_nothing

SPANS_AHEAD = 2
"""For each card: one that is drawn, and one that waits in its process."""
LARGEST_SPAN, TAIL = 8, 2
"""Times as many pictures as keep a card busy; smaller ones when little is left, so that all cards end together (guided self-scheduling)."""
WAIT_SECONDS = 0.1
END_SECONDS = 5.0


class Cards:
    """The backend that draws with several cards.

    Parameters
    ----------
    devices
        At least two.
    models_folder
        Where the networks lie; None: where this user's lie.
    """

    follows_latents = True
    largest_span = LARGEST_SPAN

    def __init__(self, devices: Devices, *, models_folder: Path | None) -> None:
        self.devices = devices
        self.notes: list[str] = []
        self._models_folder = models_folder
        self._cards: dict[str, DealtCard] = {}
        self._one: Generator | None = None

    # What one of them would say ---------------------------------------------------------------------------------------------------------

    def begin(self, one: Generator) -> None:
        """Get ready for a film: `one` is what a single card would draw it with."""
        self._one = one
        self.notes = [*self.devices.notes, *one.notes]
        self.name, self.width, self.height, self.class_total = one.name, one.width, one.height, one.class_total

    @property
    def at_once(self) -> int:
        """How many pictures keep one card busy."""
        return self._the_one.at_once

    def cache_keys(self, latents: Latents) -> list[str]:
        """Name each row's picture, as any of the cards does."""
        return self._the_one.cache_keys(latents)

    def directions(self, *, report: ReportCount = report_nothing, cancelled: Cancelled = never) -> np.ndarray:
        """Give what displaces pictures, float32 [6, 128]; has the first card find it if nobody knows."""
        return self._the_one.directions(report=report, cancelled=cancelled)

    def draw(self, latents: Latents, rows: Sequence[int]) -> Pictures:
        """Draw some rows in this process, with the first card."""
        return self._the_one.draw(latents, rows)

    @property
    def _the_one(self) -> Generator:
        assert self._one is not None
        return self._one

    # All of them --------------------------------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Start the processes that do not run."""
        for device in self.devices.names:
            if device not in self._cards:
                self._cards[device] = _Card(device, self._models_folder)

    def close(self) -> None:
        """End the processes."""
        for card in self._cards.values():
            card.end()
        self._cards.clear()

    def store_drawn(
        self, request: RenderRequest, latents: Latents, rows: Sequence[int], keys: Sequence[str], *, cancelled: Cancelled
    ) -> Stored:
        """Have some rows drawn and stored; see `backends.Storer`.

        Raises
        ------
        UserError
            If something stands in the way of the whole film, or no card is left.
        """
        self.load()
        job = self._job(request)
        for card in self._cards.values():
            card.begin(job)
        left = deque(rows)
        try:
            while left or any(card.in_hand for card in self._cards.values()):
                if cancelled():
                    return
                self._deal(left, latents, keys)
                yield from self._come(left)
        finally:
            for card in self._cards.values():
                card.stop()

    def _job(self, request: RenderRequest) -> Job:
        precision = Precision(self._the_one.way.precision)
        return Job(request=replace(request, machine=replace(request.machine, precision=precision)), network=self._the_one.name)

    def _deal(self, left: deque[int], latents: Latents, keys: Sequence[str]) -> None:
        """Give each card that has little to do the next rows."""
        for card in self._cards.values():
            while left and card.is_ready and card.spans < SPANS_AHEAD:
                share = len(left) // (TAIL * len(self._cards) * card.at_once)
                count = card.at_once * max(1, min(self.largest_span, share))
                own = [left.popleft() for _ in range(min(count, len(left)))]
                card.draw(own, Span(latents=self._the_one.displaced(latents, own), keys=[keys[row] for row in own]))

    def _come(self, left: deque[int]) -> Stored:
        """Wait a moment for answers, and give the pictures among them."""
        for card in self._heard():
            for answer in card.answers():
                if isinstance(answer, Picture):
                    yield answer.key, answer.path
                elif isinstance(answer, Failed) and not answer.of_card:
                    raise UserError(answer.cause, answer.cure)
                elif isinstance(answer, Failed):
                    self._lose(card, answer, left)
                    break

    def _heard(self) -> Sequence["DealtCard"]:
        """Wait a moment, and give the cards that have said something."""
        connections = {card.connection: card for card in self._cards.values() if isinstance(card, _Card)}
        heard = wait([*connections], timeout=WAIT_SECONDS)
        return [card for connection, card in connections.items() if connection in heard]

    def _lose(self, card: "DealtCard", failed: Failed, left: deque[int]) -> None:
        """Go on without a card."""
        left.extendleft(reversed([*card.in_hand.values()]))
        card.end()
        del self._cards[card.device]
        if not self._cards:
            raise UserError(f"No card is left to draw with. The last one, {card.device}: {failed.cause}", failed.cure)
        self.notes.append(f"{card.device} stopped, and the other cards drew the rest: {failed.cause} {failed.cure}")


class DealtCard(ABC):
    """A card as whoever deals sees it, and what it has in hand."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.is_ready, self.at_once, self.spans = False, 1, 0
        self.in_hand: dict[str, int] = {}  # rows by key, in order

    @abstractmethod
    def begin(self, job: Job) -> None:
        """Have it get ready for a film."""

    def draw(self, rows: Sequence[int], span: Span) -> None:
        """Have it draw some rows of the film."""
        self.in_hand |= zip(span.keys, rows, strict=True)
        self.spans += 1
        self._draw(span)

    @abstractmethod
    def _draw(self, span: Span) -> None: ...

    def stop(self) -> None:
        """Have it forget all that it was asked for; does not wait."""
        self.is_ready, self.spans = False, 0
        self.in_hand.clear()

    @abstractmethod
    def answers(self) -> Iterator[Answer]:
        """Take what it has said; that it is gone is its last answer."""

    @abstractmethod
    def end(self) -> None:
        """End it."""

    def _note(self, answer: Answer) -> None:
        if isinstance(answer, Ready):
            self.is_ready, self.at_once = True, answer.at_once
        elif isinstance(answer, Picture):
            self.in_hand.pop(answer.key, None)
        elif isinstance(answer, Done):
            self.spans -= 1


class _Card(DealtCard):
    """A card of this machine: a process, and a pipe to it."""

    def __init__(self, device: str, models_folder: Path | None) -> None:
        super().__init__(device)
        context = multiprocessing.get_context("spawn")  # a forked process cannot use CUDA
        self.connection, there = context.Pipe()
        self._process = context.Process(
            target=serve, args=(there,), kwargs={"device": device, "models_folder": models_folder}, daemon=True, name=device
        )
        self._process.start()
        there.close()  # the process's own end: so, this one ends when it does
        self._job: Job | None = None
        self._is_stopping = False

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid or 0

    def begin(self, job: Job) -> None:
        """Have it get ready for a film; one that still stops something does so after that."""
        self._job = job
        if not self._is_stopping:
            self._send(job)

    def _draw(self, span: Span) -> None:
        self._send(span)

    def stop(self) -> None:
        """Have it forget all that it was asked for; does not wait."""
        super().stop()
        self._job = None
        if not self._is_stopping:
            self._is_stopping = True
            self._send(Stop())

    def answers(self) -> Iterator[Answer]:
        """Take what it has said; that it is gone is its last answer."""
        try:
            while self.connection.poll():
                answer = self.connection.recv()
                if self._is_stopping and not (isinstance(answer, Failed) and answer.of_card):
                    self._note_stopped(answer)
                else:
                    self._note(answer)
                    yield answer
        except (EOFError, OSError):
            yield Failed(cause=f"Its process ended ({self._how_it_ended()}).", cure="What it had drawn is kept.", of_card=True)

    def end(self) -> None:
        """End the process."""
        self.connection.close()
        self._process.join(END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _note_stopped(self, answer: Answer) -> None:
        if isinstance(answer, Stopped):
            self._is_stopping = False
            if self._job is not None:
                self._send(self._job)

    def _send(self, message: Job | Span | Stop) -> None:
        with contextlib.suppress(OSError):  # it has ended: `answers` says so
            self.connection.send(message)

    def _how_it_ended(self) -> str:
        self._process.join(END_SECONDS)
        code = self._process.exitcode
        return "it does not say how" if code is None else f"killed by signal {-code}" if code < 0 else f"exit code {code}"
