"""What the frames' folder holds, as the engine last told of it, and having removed what nobody needs."""

import uuid
from collections import Counter
from dataclasses import dataclass

import bpy

from ...core.protocol import Amount, CleanedUp, CleanUp, Event, Stock, StockTaken, TakeStock, Use
from .. import jobs
from ..lines import counted, redraw_sidebars
from . import films_here

GB, MB = 10**9, 10**6
MOST_NAMES = 12
BUSY_WORDS = "The frames' folder is being looked through"


@dataclass
class State:
    """What the panel shows: nothing until somebody has asked. Of one folder."""

    stock: Stock | None = None
    folder: str = ""


state = State()


def forget() -> None:
    """Another .blend was opened."""
    global state  # noqa: PLW0603 (blank again)
    state = State()


def ask_for_stock(scene: bpy.types.Scene) -> None:
    """Ask what a scene's folder holds.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    keeper = films_here.keeper(scene)

    def take(event: Event) -> None:
        assert isinstance(event, StockTaken)
        state.stock, state.folder = event.stock, keeper.folder
        redraw_sidebars()

    jobs.ask(TakeStock(job_id=uuid.uuid4().hex, keeper=keeper), take, busy_words=BUSY_WORDS)


def ask_to_clean_up(scene: bpy.types.Scene) -> None:
    """Have removed what `ask_for_stock` has found to be of no use, as far as it still is.

    Raises
    ------
    UserError
        If the engine cannot be started.
    """
    films = tuple(film.name for film in state.stock.films if film.use == Use.NONE) if state.stock else ()
    message = CleanUp(job_id=uuid.uuid4().hex, keeper=films_here.keeper(scene), films=films)
    jobs.ask(message, tell_freed, busy_words="The frames' folder is being cleaned up")
    state.stock = None


def tell_freed(event: Event) -> None:
    """Say what has gone."""
    assert isinstance(event, CleanedUp)
    what = f"{counted(event.film_count, 'film')} and {counted(event.picture_count, 'picture')} of the cache"
    jobs.state.notes = (f"Removed {what}: {in_bytes(event.freed_bytes)} are free now.",)
    redraw_sidebars()


def stock_lines() -> list[str]:
    """Say what the folder holds: a sentence for a line."""
    stock = state.stock
    if stock is None:
        return []
    lines = [f"{counted(len(stock.films), 'film')}."]
    lines += [f"{count} {use.value}." for use, count in _films_by_use(stock).items()]
    lines.append(f"{told(stock.cached, 'picture')} in the cache; no film shows {stock.unshown.count}.")
    lines += [f"{told(stock.sounds, 'sound')} for films." if stock.sounds.count else ""]
    lines += [f"{told(stock.features, 'file')} of what was heard." if stock.features.count else ""]
    lines += [f"{told(stock.leftovers, 'file')} of writing that was broken off." if stock.leftovers.count else ""]
    return [line for line in lines if line]


def _films_by_use(stock: Stock) -> dict[Use, int]:
    counts = Counter(film.use for film in stock.films)
    return {use: counts[use] for use in Use if counts[use]}


def why_nothing_to_clean() -> str:
    """Say why Clean Up would do nothing; empty: it would do something."""
    if state.stock is None:
        return "Press Look Through Files first"
    return "" if state.stock.freed_bytes or any(film.use == Use.NONE for film in state.stock.films) else "Nothing can go: all is in use"


def going_lines() -> list[str]:
    """Say what would go."""
    assert state.stock is not None
    names = [film.name for film in state.stock.films if film.use == Use.NONE]
    lines = [f"{counted(len(names), 'film')} that nothing in this file shows any more:"] if names else []
    lines += [f"    {name}" for name in names[:MOST_NAMES]]
    lines += [f"    and {len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return [
        *lines,
        "Pictures in the cache that no film shows.",
        f"{in_bytes(state.stock.freed_bytes)} will be free. This cannot be undone.",
    ]


def told(amount: Amount, what: str) -> str:
    """Say how much: "3 films, 1.2 GB"."""
    return f"{counted(amount.count, what)}, {in_bytes(amount.bytes)}"


def in_bytes(count: int) -> str:
    """Say how much room."""
    return f"{count / GB:.1f} GB" if count >= GB else f"{count / MB:.1f} MB"
