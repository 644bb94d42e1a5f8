"""How a section of a film with settings of its own is laid over the rest without a seam.

Outside a section nothing changes, not one bit. Inside, the noise starts from the exact state that it finds, and lands on the old path
before the section's end; classes and truncation are cross-faded at both ends. Where the film itself begins or ends, or is not shown beyond
the section, there is nothing to come from or to land on: there the section shows fully.
"""

from fractions import Fraction

import numpy as np

from ..protocol import Section
from .latent_rows import Latents, replaced

SHORTEST_LANDING_FRAMES = 3


def lay_over(film: Latents, own: Latents, section: Section, *, fps: Fraction, loops: bool = False) -> Latents:
    """Lay a section over a film.

    Parameters
    ----------
    film
        N rows.
    own
        The section's own path: a row for each of its frames, the first one's noise being the film's.
    section
        Where it belongs, and how long it takes to land.
    fps
        Frames a second.
    loops
        Whether the film's end leads into its beginning: then there is film beyond a section there, if it is not all of it.

    Returns
    -------
    Latents
        N rows, those outside the section as they were.
    """
    entering, landing = ramps(section.end_frame - section.first_frame, landing_frames=float(section.landing_seconds * fps))
    at_begin, at_end = section.first_frame == 0, section.end_frame == len(film)
    goes_on = loops and not (at_begin and at_end)
    if not goes_on if at_begin else not section.enters:
        entering[:] = 1
    if not goes_on if at_end else not section.lands:
        landing[:] = 1
    return replaced(film, own, first_frame=section.first_frame, noise_share=landing, class_share=np.minimum(entering, landing))


def ramps(count: int, *, landing_frames: float) -> tuple[np.ndarray, np.ndarray]:
    """Say how much of a section of `count` frames shows in each of them.

    Returns
    -------
    entering, landing : np.ndarray
        float32 [count], 0 ... 1: rising softly from its beginning on, falling softly to its end, each within `landing_frames`, but at least
        3 and at most half of it.
    """
    frames = min(max(landing_frames, SHORTEST_LANDING_FRAMES), count / 2)
    # The frames just outside count as steps of the ramps too, so that even the shortest landing does not jump.
    entering = _soft(np.arange(count) / (frames + 1))
    return entering, _soft((count - np.arange(count)) / (frames + 1))


def _soft(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)
