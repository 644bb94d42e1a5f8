"""How long a film will take: as its pictures took when such ones were last drawn on this machine; nothing is guessed.

The worker notes paces in a small file in the user's cache folder; the add-on and the command line read it. Standard library only.
"""

import json
from fractions import Fraction
from pathlib import Path

from .machine import AUTO, Machine
from .settings import EMBEDDED_SIZES, Model
from .shape import Widening, first_map

PACE_FILE = "paces.json"
MINUTE, HOUR = 60, 3600


def pace_key(
    *,
    model: Model,
    size: int,
    own_model: str,
    aspect: Fraction,
    widening: Widening | None,
    machine: Machine,
    upscale: int = 1,
    upscaler: str = "",
) -> str:
    """Name all that decides how long a picture takes."""
    network = own_model if model == Model.OWN else f"{model} {EMBEDDED_SIZES.get(model, size)}"
    shape = first_map(aspect, widening or Widening.EDGE)
    larger = f" {upscale}x {upscaler}" if upscale > 1 else ""
    return f"{machine.device} {machine.precision} {network} {shape.columns}x{shape.rows} {widening or AUTO}{larger}"


def read_paces(folder: Path) -> dict[str, float]:
    """Give the seconds that a picture took, by `pace_key`: empty where none is kept, or the file is damaged."""
    try:
        kept = json.loads((folder / PACE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = kept.items() if isinstance(kept, dict) else ()
    return {key: float(seconds) for key, seconds in entries if isinstance(seconds, int | float) and 0 < seconds < HOUR}


def duration_told(seconds: float) -> str:
    """Write a duration as people say it: about 40 s, about 3 min, about 2.5 h."""
    if seconds < 2 * MINUTE:
        return f"about {max(1, round(seconds)) if seconds < MINUTE / 6 else 5 * round(seconds / 5)} s"
    return f"about {seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"about {seconds / HOUR:.2g} h"
