"""A sync card instead of a network: the frame's number as big black and white cells that survive any codec.

For checking sync, in any editor, to the frame. It can also be told to fail, so that the interface's fault stories can be tested for real.
"""

import os
import time
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from .keys import picture_key
from .latents import Latents
from .network.architecture import NOISE_UNITS
from .pictures import Pictures
from .protocol.shape import Widening, cut_size, first_map
from .walk.latent_rows import DIRECTIONS
from .walk.originals import CLASS_COUNT
from .working import Cancelled, ReportCount, never, report_nothing

CELLS = 8
FRAME_BITS, SECTION_BITS, CHECK_BITS = 24, 8, 16
FRAME_ROWS = slice(1, 4)  # rows 0 and 7 are chequered, so that a picture without a card is not read as one
LOOK_AT = np.array([3, 4, 5]) / 8  # of a cell's width and height: nine places, none near the edge that a codec blurs
BORDER = np.arange(CELLS) % 2 == 0


class SyncCard:
    """The backend that draws numbered cards.

    Parameters
    ----------
    size
        The shorter side in pixels, as a network's.
    aspect
        Width by height, which gives what a network would draw.
    fault
        What to do wrong, and at which frame: ``"die@40"`` ends the process, ``"hang@40"`` never returns, ``"memory@40"`` runs out of
        memory, ``"slow@0.1"`` takes 0.1 s for each frame, ``"pace@/a/file"`` as many as stand in that file, which may change meanwhile.
        Empty: nothing.
    """

    class_total, at_once = CLASS_COUNT, 1
    follows_latents = False  # each card shows its frame's number: it is never calmed, and its flashes are not counted

    def __init__(self, *, size: int, aspect: Fraction = Fraction(1), fault: str = "") -> None:
        self.width, self.height = cut_size(first_map(aspect, Widening.EDGE).picture_size(size), aspect)
        self._fault, _, self._fault_argument = fault.partition("@")

    def cache_keys(self, latents: Latents) -> list[str]:
        """Name each frame's card: its number is all that it shows."""
        sides = (self.width,) if self.width == self.height else (self.width, self.height)  # squares keep the key that they have always had
        shape = [side.to_bytes(4, "little") for side in sides]
        return [picture_key(b"sync card 1", *shape, frame.to_bytes(4, "little")) for frame in range(len(latents))]

    def directions(self, *, report: ReportCount = report_nothing, cancelled: Cancelled = never) -> np.ndarray:
        """Give nothing to move along."""
        del report, cancelled
        return np.zeros((len(DIRECTIONS), NOISE_UNITS), np.float32)

    def load(self) -> None:
        """Do nothing: there is no network."""

    def draw(self, latents: Latents, rows: Sequence[int]) -> Pictures:
        """Draw the cards of some frames: uint8 [height, width, 3] each."""
        del latents
        for frame in rows:
            self._fail_if_told(frame)
            yield draw_card(frame=frame, size=self.width, height=self.height)

    def _fail_if_told(self, frame: int) -> None:
        match self._fault:
            case "slow":
                time.sleep(float(self._fault_argument))
            case "pace":
                _keep_pace(Path(self._fault_argument))
            case "die" if frame == int(self._fault_argument):
                os._exit(3)
            case "hang" if frame == int(self._fault_argument):
                time.sleep(3600)
            case "memory" if frame == int(self._fault_argument):
                raise MemoryError


def _keep_pace(file: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < float(file.read_text()):
        time.sleep(0.01)


def draw_card(*, frame: int, section: int = 0, size: int = 128, height: int | None = None) -> np.ndarray:
    """Draw one card: uint8 [height, size, 3], black and white.

    Parameters
    ----------
    frame
        0 ... 2**24 - 1.
    section
        0 ... 255.
    size, height
        Width and height in pixels, at least 8; None: a square.
    """
    cells = np.zeros((CELLS, CELLS), bool)
    cells[0], cells[7] = BORDER, ~BORDER
    cells[FRAME_ROWS] = _bits(frame, FRAME_BITS).reshape(-1, CELLS)
    cells[4] = _bits(section, SECTION_BITS)
    cells[5:7] = _bits(_check(frame, section), CHECK_BITS).reshape(-1, CELLS)
    rows, columns = (np.arange(extent) * CELLS // extent for extent in (height or size, size))
    picture = cells[np.ix_(rows, columns)]
    return np.repeat(np.where(picture, 255, 0).astype(np.uint8)[:, :, None], 3, axis=2)


def read_card(picture: np.ndarray) -> tuple[int, int] | None:
    """Read a card off a picture that shows nothing else, at any size, after any codec.

    Parameters
    ----------
    picture
        uint8 [height, width, 3] or [height, width].

    Returns
    -------
    tuple[int, int] | None
        Frame and section, or None if that is no intact card.
    """
    rows, columns = ((np.add.outer(np.arange(CELLS), LOOK_AT).ravel() * extent / CELLS).astype(int) for extent in picture.shape[:2])
    seen = picture[np.ix_(rows, columns)].reshape(CELLS, len(LOOK_AT), CELLS, len(LOOK_AT), -1)
    cells = seen.mean(axis=(1, 3, 4)) > 127  # noqa: PLR2004 (mid-grey)
    frame, section, check = _number(cells[FRAME_ROWS]), _number(cells[4]), _number(cells[5:7])
    intact = (cells[0] == BORDER).all() and (cells[7] == ~BORDER).all() and check == _check(frame, section)
    return (frame, section) if intact else None


def _check(frame: int, section: int) -> int:
    return zlib.crc32(f"{frame},{section}".encode()) % (1 << CHECK_BITS)


def _bits(number: int, count: int) -> np.ndarray:
    return (number >> np.arange(count)[::-1]) & 1 == 1


def _number(cells: np.ndarray) -> int:
    return int("".join("1" if cell else "0" for cell in cells.ravel()), 2)
