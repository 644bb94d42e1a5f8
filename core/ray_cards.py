"""Cards of a Ray cluster draw a film: an actor for each card, or for all cores of a machine without one. The driver's side.

Spans are dealt out as to cards of this machine; frames come back through Ray's object store, or through a shared cache. Only machines that
draw the same bytes take part; others are refused, and the user is told why. Ray ends the actors of a driver that is gone.
"""

import socket
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from .cache import FrameCache
from .card_process import Answer, Failed, Job, Picture, Span
from .cards import WAIT_SECONDS, Cards, DealtCard
from .generator import Generator, Network
from .network.devices import Devices
from .network.running import Way, find_way
from .protocol import AUTO, Precision, RenderRequest, UserError
from .ray_node import About, Film, NodeCard, Sent, about, told

ANSWER_SECONDS = 5
START_SECONDS = 120
"""A node that has not started its actor by then does without."""
IN_STORE = 2
"""Largest span, in batches: a card's pictures wait in its node's object store."""
CONTROL = "control"
PIP = 'pip install "chromastrip[ray]"'


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where pictures are drawn.

    Parameters
    ----------
    address
        "auto", "host:port" or "ray://host:port".
    is_shared
        Whether all nodes see the cache folder under the same path.
    """

    address: str
    is_shared: bool


class RayCards(Cards):
    """The backend that draws with the cards of a Ray cluster.

    Parameters
    ----------
    cluster
        Connected to at once.
    device
        "cuda", "cpu", or "auto": graphics cards if the cluster has any.

    Raises
    ------
    UserError
        If the cluster cannot be used.
    """

    largest_span = IN_STORE

    def __init__(self, cluster: Cluster, *, device: str) -> None:
        super().__init__(Devices(names=()), models_folder=None)
        self._ray = connect(cluster.address)
        self._is_shared = cluster.is_shared
        self._kind = self._kind_of(device)
        self._reference = about(self._kind)

    def _kind_of(self, device: str) -> str:
        if device == AUTO:
            return "cuda" if self._ray.cluster_resources().get("GPU") else "cpu"
        if device in ("cpu", "cuda"):
            return device
        raise UserError(f"With --ray, the device cannot be {device}.", "Say cpu, cuda or auto: Ray gives the cards out.")

    def way(self, precision: Precision, cache_folder: Path) -> Way:
        """Say how the nodes draw; starts an actor on each that has none yet."""
        self._gather()
        if self._kind == "cpu":
            return find_way(device="cpu", precision=precision, cache_folder=cache_folder)
        found = find_way(device=self._kind, precision=precision, cache_folder=cache_folder)
        return replace(found, model=self._reference.model)

    def network(self, network: Network, request: RenderRequest) -> Network:
        """Have directions that nobody knows found by a node: this machine may have no card."""
        return network if network.directions else replace(network, directions=lambda: self._found_directions(request))

    def begin(self, one: Generator) -> None:
        """Get ready for a film: `one` names its pictures."""
        notes = self.notes
        super().begin(one)
        self.notes = [*notes]

    def load(self) -> None:
        """Do nothing: the actors run, and load with the film."""

    def close(self) -> None:
        """End the actors."""
        super().close()
        self._ray.shutdown()

    # The nodes ----------------------------------------------------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Start an actor on each card that has none, and refuse those that would draw otherwise."""
        self.notes = []
        started = {name: actor for name, actor in self._actors() if name not in self._cards}
        known = {name: card.about for name, card in self._cards.items() if isinstance(card, RayCard)}
        new, reasons = self._asked(started)
        self._reference = _most_common([*known.values(), *new.values()], self._reference)
        for name, own in new.items():
            if reason := told(own, self._reference):
                reasons[name] = reason
            else:
                self._cards[name] = RayCard(name, started[name], own, ray=self._ray, is_shared=self._is_shared)
        for name, reason in reasons.items():
            self._ray.kill(started[name])
            self.notes.append(f"{name} does not draw: {reason}.")
        if not self._cards:
            raise UserError(f"No node of the Ray cluster can draw. {' '.join(self.notes)}".strip(), "See which nodes `ray status` lists.")
        self.devices = Devices(names=tuple(self._cards))

    def _actors(self) -> Iterator[tuple[str, Any]]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        remote = self._ray.remote(concurrency_groups={CONTROL: 1})(NodeCard)
        for node in self._ray.nodes():
            resources = node["Resources"] if node["Alive"] else {}
            cores, cards = resources.get("CPU", 0), int(resources.get("GPU", 0))
            share = {"num_gpus": 1, "num_cpus": 0} if self._kind == "cuda" else {"num_cpus": cores}
            for number in range(cards if self._kind == "cuda" else min(1, int(cores))):
                name = f"{node['NodeManagerAddress']} {self._kind}:{number} ({node['NodeID'][:6]})"
                if name not in self._cards:
                    where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                    yield name, remote.options(scheduling_strategy=where, **share).remote(self._kind)

    def _asked(self, actors: Mapping[str, Any]) -> tuple[dict[str, About], dict[str, str]]:
        """Ask actors what their pictures depend on; those that do not answer come with the reason."""
        asked = {actor.about.remote(): name for name, actor in actors.items()}
        there: list[Any] = self._ray.wait([*asked], num_returns=len(asked), timeout=START_SECONDS)[0] if asked else []
        found, reasons = {}, dict.fromkeys(actors, f"it did not answer in {START_SECONDS} s")
        for ref in there:
            try:
                found[asked[ref]] = self._ray.get(ref)
                del reasons[asked[ref]]
            except self._ray.exceptions.RayError as error:
                reasons[asked[ref]] = f"Chromastrip does not start there, or is another version ({_last_line(error)})"
        return found, reasons

    def _found_directions(self, request: RenderRequest) -> np.ndarray:
        (card, *_) = [card for card in self._cards.values() if isinstance(card, RayCard)]
        found = self._ray.get(card.actor.directions.remote(self._job(request)))
        if isinstance(found, Failed):
            raise UserError(found.cause, found.cure)
        return found

    # What they say ------------------------------------------------------------------------------------------------------------------------

    def _heard(self) -> Sequence[DealtCard]:
        cards = {card.pending[0]: card for card in self._cards.values() if isinstance(card, RayCard) and card.pending}
        if not cards or not self._ray.wait([*cards], timeout=WAIT_SECONDS)[0]:
            return []
        ready, _ = self._ray.wait([*cards], num_returns=len(cards), timeout=0)
        return [cards[ref] for ref in ready]


class RayCard(DealtCard):
    """One actor, and what it was asked.

    Parameters
    ----------
    device
        What people call it.
    actor
        Ray's handle.
    own
        What its pictures depend on.
    """

    def __init__(self, device: str, actor: Any, own: About, *, ray: Any, is_shared: bool) -> None:
        super().__init__(device)
        self.actor, self.about = actor, own
        self.pending: deque[Any] = deque()  # answers to come, in the order in which they will
        self._ray, self._is_shared, self._number = ray, is_shared, 0
        self._cache, self._suffix = FrameCache(Path()), ""

    def begin(self, job: Job) -> None:
        """Have it get ready for a film."""
        self._cache = FrameCache(Path(job.request.cache_folder) / "pictures")
        self._suffix = job.request.picture_format.suffix
        film = Film(job=job, witness=self._witness(job.request) if self._is_shared else None)
        self.pending.append(self.actor.begin.remote(film, self._number))

    def _draw(self, span: Span) -> None:
        self.pending.append(self.actor.draw.remote(span, self._number))

    def stop(self) -> None:
        """Have it forget all that it was asked for; does not wait."""
        super().stop()
        self.pending.clear()
        self.actor.stop.options(concurrency_group=CONTROL).remote(self._number)
        self._number += 1

    def answers(self) -> Iterator[Answer]:
        """Take what it has said, and store the pictures that came with it."""
        while self.pending and self._ray.wait([self.pending[0]], timeout=0)[0]:
            try:
                sent: Sent = self._ray.get(self.pending.popleft())
            except self._ray.exceptions.RayError as error:
                yield Failed(
                    cause=f"Its node or its process has gone ({_last_line(error)}).", cure="What it had drawn is kept.", of_card=True
                )
                return
            paths = {name: self._stored(name, content) for name, content in sent.files.items()}
            for answer in sent.answers:
                self._note(answer)
                yield replace(answer, path=paths.get(answer.path.name, answer.path)) if isinstance(answer, Picture) else answer

    def end(self) -> None:
        """End the actor."""
        self._ray.kill(self.actor)

    def _stored(self, name: str, content: bytes) -> Path:
        return self._cache.store(name.partition("-")[0], content, suffix=self._suffix)

    def _witness(self, request: RenderRequest) -> Path:
        """Leave a file in the cache that a node which shares it sees."""
        from .files import write_whole

        path = Path(request.cache_folder) / "spans" / f"shared-{uuid4().hex}.txt"
        write_whole(path, b"Nodes of a Ray cluster see by this file that they share the cache.\n")
        return path


def connect(address: str) -> Any:
    """Connect to a Ray cluster and give the module `ray`.

    Raises
    ------
    UserError
        If Ray is not installed, or the cluster does not answer or cannot be used from here.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise UserError("This needs the package ray, which is not installed.", f"Install the extra: {PIP}.") from error
    _check_answers(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", configure_logging=False)
    except Exception as error:
        raise UserError(f"The Ray cluster {address} cannot be used: {_last_line(error)}", _cure(str(error))) from error
    return ray


def _check_answers(address: str) -> None:
    """Notice in seconds that nobody listens: Ray itself tries for more than a minute."""
    if address == AUTO:
        return
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not (colon and host and port.isdecimal()):
        raise UserError(
            f"“{address}” is no address of a Ray cluster.", "Say auto, HOST:PORT as `ray start --head` tells it, or ray://HOST:PORT."
        )
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UserError(
            f"Nothing answers at {host}:{port} ({error}).", "Start a cluster there: `ray start --head`; `ray status` shows it."
        ) from error


def _cure(text: str) -> str:
    if "mismatch" in text.lower():
        return "Use the cluster's own versions of Python and Ray here."
    return "Run `ray start --address=HOST:PORT` on this machine, or reach the cluster by ray://HOST:10001."


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines) if "mismatch" in str(error).lower() else lines[-1] if lines else type(error).__name__


def _most_common(found: Sequence[About], own: About) -> About:
    """Give what most nodes draw by, with our own sources; where it is even, what this machine does."""
    counted = Counter(replace(one, code=own.code) for one in found if one.code == own.code)
    return max(counted, key=lambda one: (counted[one], one == own)) if counted else own
