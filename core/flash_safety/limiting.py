"""Draws a film, counts its flashes, and where it flashes too often, draws it again with a calmer walk until it does not.

What was counted is noted by the film's digest: a film that is drawn a second time is not counted again, and the pictures on the way to it
are not looked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..drawing import Drawing
from ..files import read_checked, write_checked
from ..keys import film_digest
from ..pictures import read_small
from ..protocol import ProtocolError, RenderRequest, Stage, decode, encode
from ..walk.latent_rows import Latents
from .calming import Calming, calm, calmer
from .flashes import COUNTING_VERSION, Passage, find_flashes, in_one_round, over_the_seam

MOST_ROUNDS = 12
"""Seven let a passage stand still; five more may widen it."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A film that was drawn, and watched.

    Parameters
    ----------
    keys
        Its frames' cache keys.
    first_keys
        The same before anything was calmed.
    calmed
        Where the walk was calmed, one on top of the other.
    failing
        Where the film flashes too often nevertheless.
    """

    keys: Sequence[str]
    first_keys: Sequence[str]
    calmed: tuple[Calming, ...]
    failing: tuple[Passage, ...]


def draw_and_watch(latents: Latents, drawing: Drawing, request: RenderRequest) -> Watched:
    """Draw a film within the limits that the request sets.

    Parameters
    ----------
    latents
        N rows.
    drawing
        What draws them; has all the film's pictures afterwards.
    request
        Says whether flashes are limited.

    Returns
    -------
    Watched
        Differs from the film as the latents have it in what was `calmed` only.

    Raises
    ------
    UserError, CancelledError
        As `Drawing.draw`.
    """
    film, first_keys, calmed = latents, drawing.backend.cache_keys(latents), ()
    keys: Sequence[str] = first_keys
    failing = _failing(film, keys, drawing, request) if drawing.backend.follows_latents else ()
    for _ in range(MOST_ROUNDS if request.limit_flashes else 0):
        if not failing:
            break
        news = calmer(calmed, failing)
        film, calmed = calm(film, news, fps=request.fps, loops=request.settings.loop), (*calmed, *news)
        keys = _with_keys_of(news, film, keys, drawing)
        failing = _failing(film, keys, drawing, request, stage=Stage.CALMING)
    drawing.draw(film, keys)  # those that a note told about are not there yet
    return Watched(keys=keys, first_keys=first_keys, calmed=calmed, failing=failing)


def _with_keys_of(calmings: Sequence[Calming], film: Latents, keys: Sequence[str], drawing: Drawing) -> list[str]:
    """Name the pictures anew where the film was calmed."""
    news = [*keys]
    for calming in calmings:
        first, end = calming.first_frame, calming.end_frame
        news[first:end] = drawing.backend.cache_keys(film.piece(first, end))
    return news


@dataclass(frozen=True, kw_only=True)
class FlashNote:
    """What was counted in a film."""

    failing: tuple[Passage, ...]


def _failing(
    film: Latents, keys: Sequence[str], drawing: Drawing, request: RenderRequest, *, stage: Stage = Stage.DRAWING
) -> tuple[Passage, ...]:
    """Say where a film flashes too often: draw it and count, if nobody has before."""
    rate = f"{request.fps.numerator}-{request.fps.denominator}"
    kind = f"{rate}_loop" if request.settings.loop else rate
    note = Path(request.cache_folder) / "flashes" / f"{film_digest(keys)}_{kind}_{COUNTING_VERSION}.json"
    try:
        return decode(read_checked(note), FlashNote).failing
    except (OSError, ValueError, ProtocolError):  # none yet, or a damaged one
        pass
    drawing.draw(film, keys, stage=stage)
    shown = over_the_seam(keys, fps=request.fps) if request.settings.loop else keys
    failing = find_flashes((read_small(drawing.pictures[key]) for key in shown), fps=request.fps)
    if request.settings.loop:
        failing = in_one_round(failing, frame_count=len(keys))
    write_checked(note, encode(FlashNote(failing=failing)).encode())
    return failing
