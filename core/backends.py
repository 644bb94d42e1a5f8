"""What can draw a film: one place that knows every model by name.

A backend is cheap to make and names its pictures (`cache_keys`) before any network is loaded, so that a film whose pictures are all
cached never loads one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from .latents import Latents
from .pictures import Pictures
from .protocol import EMBEDDED_MODELS, Model, RenderRequest, Settings, UserError
from .sync_card import SyncCard
from .working import Cancelled, ReportCount, never, report_nothing

if TYPE_CHECKING:
    from .cards import Cards
    from .generator import Generator, Network
    from .network.devices import Devices
    from .ray_cards import Cluster, RayCards
    from .storing import Stored


class Backend(Protocol):
    """Draws rows of latents."""

    width: int
    height: int
    """Of its pictures, in pixels."""

    class_total: int
    """How many classes it knows."""

    follows_latents: bool
    """Whether a row's picture shows its latents and nothing else, so that calmer latents make a calmer film. Not so a measuring card."""

    @property
    def at_once(self) -> int:
        """How many pictures keep it busy; loads the network."""
        ...

    def cache_keys(self, latents: Latents) -> list[str]:
        """Name each row's picture by a digest of all that it is drawn from: 32 hexadecimal digits."""
        ...

    def directions(self, *, report: ReportCount = report_nothing, cancelled: Cancelled = never) -> np.ndarray:
        """Give what the latents' displacement moves, float32 [6, 128]. The first time, the network may have to be drawn for that."""
        ...

    def load(self) -> None:
        """Get ready to draw: load the network. Loading again does nothing."""
        ...

    def draw(self, latents: Latents, rows: Sequence[int]) -> Pictures:
        """Draw some rows, in this order: uint8 [height, width, 3] each. The same row gives the same bytes in any company."""
        ...


@runtime_checkable
class Telling(Protocol):
    """A backend that has something to tell about how it draws."""

    notes: Sequence[str]
    """Sentences for people."""


@runtime_checkable
class Storer(Telling, Protocol):
    """A backend that stores its pictures itself: several cards, see `cards`."""

    devices: "Devices"
    """The cards."""

    def store_drawn(
        self, request: RenderRequest, latents: Latents, rows: Sequence[int], keys: Sequence[str], *, cancelled: Cancelled
    ) -> "Stored":
        """Draw some rows and store them as `request` says; give each one's key and file as they come, in any order."""
        ...


class Backends:
    """Makes backends, and keeps the last one and its loaded network for the next film.

    Parameters
    ----------
    fault
        What the sync card shall do wrong, see `SyncCard`; empty: nothing.
    models_folder
        Where the networks lie; None: where this user's lie.
    cluster
        The Ray cluster that draws; None: this machine does.
    """

    def __init__(self, *, fault: str = "", models_folder: Path | None = None, cluster: "Cluster | None" = None) -> None:
        self._cluster = cluster
        self._ray_cards: RayCards | None = None
        self._fault = fault
        self._models_folder = models_folder
        self._kept: Generator | None = None
        self._cards: Cards | None = None

    def open(self, request: RenderRequest) -> Backend:
        """Give the backend that draws with this request's model, size and shape, on its machine.

        Raises
        ------
        UserError
            If the model is not here, or the machine cannot run it so.
        """
        if request.settings.model == Model.SYNC_CARD:
            return SyncCard(size=request.settings.size, aspect=request.settings.aspect, fault=self._fault)
        from .generator import Generator
        from .network.devices import find_devices
        from .network.proving import proved
        from .network.running import find_way

        machine = request.machine
        cache_folder = Path(request.lasting_cache)
        network = self._network(request.settings, cache_folder)
        if self._cluster is not None:
            return self._open_cluster(self._cluster, request, network)
        devices = find_devices(machine.device)
        asked = find_way(device=devices.names[0], precision=machine.precision, cache_folder=cache_folder)
        proof = proved(asked, digest=network.digest, load=network.load, cache_folder=cache_folder, weight_limit=network.weight_limit)
        settings = request.settings
        made = Generator(network, proof.way, aspect=settings.aspect, widening=settings.widening, cache_folder=cache_folder, note=proof.note)
        if self._kept is None or (self._kept.name, self._kept.way) != (made.name, made.way):
            self._kept = made
        self._kept.notes = made.notes
        self._cards = self._cards_of(devices)
        if self._cards is None:
            return self._kept
        self._cards.begin(self._kept)
        return self._cards

    def _open_cluster(self, cluster: "Cluster", request: RenderRequest, network: "Network") -> Backend:
        from .generator import Generator
        from .ray_cards import RayCards

        if self._ray_cards is None:
            self._ray_cards = RayCards(cluster, device=request.machine.device)
        settings, cards = request.settings, self._ray_cards
        way = cards.way(request.machine.precision, Path(request.lasting_cache))
        cards.begin(Generator(cards.network(network, request), way, aspect=settings.aspect, widening=settings.widening))
        return cards

    def _cards_of(self, devices: "Devices") -> "Cards | None":
        """Give the processes of several cards, kept for the next film as a network is; None: one device needs none."""
        if self._cards is not None:
            if self._cards.devices.names == devices.names:
                return self._cards
            self._cards.close()
        if len(devices.names) == 1:
            return None
        from .cards import Cards

        return Cards(devices, models_folder=self._models_folder)

    def draft_of(self, request: RenderRequest) -> RenderRequest:
        """Ask for a film's draft, see `drafts`."""
        from .drafts import draft_of

        cache_folder = Path(request.lasting_cache)

        def is_here(settings: Settings) -> bool:
            try:
                return settings.model == Model.SYNC_CARD or self._network(settings, cache_folder) is not None
            except UserError:
                return False

        return draft_of(request, is_here=is_here)

    def _network(self, settings: Settings, cache_folder: Path) -> "Network":
        """Find the weights; loads nothing. An embedded model draws its own size: films of older versions may name another."""
        from . import generator
        from .models.model_jobs import users_store

        if settings.model not in EMBEDDED_MODELS:
            name = settings.own_model if settings.model == Model.OWN else f"{settings.model}-{settings.size}"
            store = users_store(cache_folder=cache_folder, folder=self._models_folder)
            return generator.network_of(store.open(name), cache_folder=cache_folder)
        return generator.emoji_network() if settings.model == Model.EMOJI else generator.abstract_network()
