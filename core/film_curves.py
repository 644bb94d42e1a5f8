"""What is drawn under a film's strip in Blender, out of what the film heard and shows: see `protocol.film_curves`."""

import numpy as np

from .latents import Latents
from .protocol import RenderRequest
from .protocol.film_curves import FULL, FilmCurves, ThingCurve, pack
from .sound.features import Features
from .walk.positions import control_positions, sample

MOST_POINTS = 4096
MOST_THINGS = 6
MOST_OTHERS = 18
"""So many more are told of, where those are less than half of what shows most: in pieces and lines with classes of their own."""
LEAST_SHARE = 0.5
LOOKS_A_FRAME = 4
"""So often each frame's sound is looked at: a control frame's peak lies between two frames of a slow film."""


def film_curves(request: RenderRequest, heard: Features, latents: Latents) -> FilmCurves:
    """Make the curves of a film.

    Parameters
    ----------
    request
        The film.
    heard
        What it hears, F control frames.
    latents
        What it shows, N rows.

    Returns
    -------
    FilmCurves
        At most `MOST_POINTS` points: under 50 kB as text, and under 150 kB where each piece has classes of its own. Where there is no
        sound, energy and onset strength are 0.
    """
    count = request.frame_count
    step = -(-count // MOST_POINTS)
    return FilmCurves(
        frame_count=count,
        frames_in_a_point=step,
        energy=_packed(_along(request, np.sqrt(heard.energy)), step),  # of amplitude: quiet music would be a line at the bottom
        onset_strength=_packed(_along(request, heard.onset_strength), step),
        things=_things(latents, step),
    )


def _along(request: RenderRequest, curve: np.ndarray) -> np.ndarray:
    """Give a curve's maximum within each frame, of the whole sound's maximum: float64 [N], 0 ... 1."""
    places = control_positions(
        source_start_seconds=request.source_start_seconds, frame_count=LOOKS_A_FRAME * request.frame_count, fps=LOOKS_A_FRAME * request.fps
    )
    below, _ = places.split()
    levels = sample(curve.astype(np.float64), places) / max(float(curve.max(initial=0)), np.finfo(np.float64).tiny)
    levels[(below < 0) | (below >= len(curve))] = 0
    return levels.reshape(-1, LOOKS_A_FRAME).max(axis=1)


def _things(latents: Latents, step: int) -> tuple[ThingCurve, ...]:
    """Give those that show most in the whole film, then those that show most where these are the smaller part."""
    classes, weights = latents.in_columns()
    chosen = np.argsort(-weights.sum(axis=0), kind="stable")[:MOST_THINGS].tolist()
    told_of_most = np.sort(weights, axis=1)[:, -MOST_THINGS:].sum(axis=1)
    for _ in range(MOST_OTHERS):
        bare = weights[weights[:, chosen].sum(axis=1) < LEAST_SHARE * told_of_most]
        if not bare.sum() or len(chosen) == len(classes):
            break
        chosen.append(int(np.argmax(bare.sum(axis=0))))
    return tuple(ThingCurve(number=classes[column], levels=_packed(weights[:, column], step)) for column in chosen)


def _packed(levels: np.ndarray, step: int) -> str:
    """Write the maximum of each `step` levels, 0 ... 1, as a byte."""
    padded = np.pad(levels, (0, -len(levels) % step), mode="edge").reshape(-1, step).max(axis=1)
    return pack(np.round(padded.clip(0, 1) * FULL).astype(np.uint8).tobytes())
