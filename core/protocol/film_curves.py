"""What is drawn under a film's strip: the sound's curves and the things that show, small enough to lie beside the frames.

The engine writes it, the add-on reads it. Standard library only.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

CURVES_FILE = "curves.json"
FULL = 255
MOST_POINTS = 1_000_000
"""More has no film; what a stranger's note claims is drawn by Blender."""


@dataclass(frozen=True, kw_only=True)
class ThingCurve:
    """How strongly one class shows: its number, and a level for each point."""

    number: int
    levels: str


@dataclass(frozen=True, kw_only=True)
class FilmCurves:
    """Curves of a film, a point for each frame or, in long films, for several.

    Parameters
    ----------
    frame_count
        N.
    frames_in_a_point
        Point k tells of the frames from ``k * frames_in_a_point`` on; there are ceil(N / frames_in_a_point).
    energy, onset_strength
        The loudest (in amplitude) and the strongest within each point, as `pack` gives them: 255 is the whole sound's maximum.
    things
        The classes that show most, the most first: 255 is weight 1.
    """

    frame_count: int
    frames_in_a_point: int
    energy: str
    onset_strength: str
    things: tuple[ThingCurve, ...]

    @property
    def point_count(self) -> int:
        """Number of points."""
        return -(-self.frame_count // max(1, self.frames_in_a_point))


def pack(levels: bytes) -> str:
    """Write a byte for each point as text."""
    return base64.b64encode(levels).decode()


def unpack(text: str, *, count: int) -> Sequence[int]:
    """Read so many levels, 0 ... 255; all 0 if the text is damaged."""
    try:
        levels = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        levels = b""
    return levels if len(levels) == count else bytes(count)
