"""What can draw a film: one place that knows every model by name.

A backend is cheap to make and names its pictures (`cache_keys`) before any network is loaded, so that a film whose pictures are all
cached never loads one.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from .latents import Latents
from .protocol import Model, Settings, UserError
from .sync_card import SyncCard


class Backend(Protocol):
    """Draws rows of latents."""

    batch_size: int
    """How many rows to ask for at once: enough to keep the machine busy. Never changes a pixel."""

    follows_latents: bool
    """Whether a row's picture shows its latents and nothing else, so that calmer latents make a calmer film. Not so a measuring card."""

    def cache_keys(self, latents: Latents) -> list[str]:
        """Name each row's picture by a digest of all that it is drawn from: 32 hexadecimal digits."""
        ...

    def load(self) -> None:
        """Get ready to draw: load the network. Loading again does nothing."""
        ...

    def draw(self, latents: Latents, rows: Sequence[int]) -> np.ndarray:
        """Draw some rows: uint8 [len(rows), size, size, 3]. The same row gives the same bytes in any company."""
        ...


class Backends:
    """Makes backends, and keeps each one and its loaded network for the next film.

    Parameters
    ----------
    fault
        What the sync card shall do wrong, see `SyncCard`; empty: nothing.
    """

    def __init__(self, *, fault: str = "") -> None:
        self._fault = fault
        self._kept: dict[tuple[Model, int], Backend] = {}

    def open(self, settings: Settings) -> Backend:
        """Give the backend that draws with these settings' model and size.

        Raises
        ------
        UserError
            If the model does not draw that size.
        """
        key = (settings.model, settings.size)
        if key not in self._kept:
            self._kept[key] = self._make(settings)
        return self._kept[key]

    def _make(self, settings: Settings) -> Backend:
        if settings.model == Model.SYNC_CARD:
            return SyncCard(size=settings.size, fault=self._fault)
        from .generator import Generator  # torch takes seconds to import: only when something may be drawn by it

        if settings.size != Generator.SIZE:
            raise UserError(f"The model “Abstract” draws {Generator.SIZE} px, not {settings.size} px.", f"Set Size to {Generator.SIZE}.")
        return Generator()
