"""Proves that a network may be drawn in less than float32 on a device: once for each network, device and driver, then read from a file.

In: a `Way` as it was asked for. Out: the way that draws what float32 draws there, the fastest that does: float16, bfloat16, float32.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import write_whole
from ..protocol.proofs import PROOFS_FOLDER, told_shares
from .devices import driver
from .running import PRECISIONS, Way, open_runner

if TYPE_CHECKING:
    from .folding import Folded
    from .runners import Rows, Runner

PROOF_VERSION = 1
"""Part of what is remembered: raise it when the proof is another one."""

LADDER = ("float16", "bfloat16", "float32")
"""From the least to the most that a precision can hold."""

MOST_LEVELS, MOST_SHARE = 2, 0.01
"""At most so many of all values may differ by more than so many levels of 255."""
NOISE_SCALES = (1.0, 1.5, 2.0)
MIXTURES = (1, 2, 12)
LARGEST_SUM = 3.7
"""Of a film's class vectors."""
SEED = 2026


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was found about a network on a device.

    Parameters
    ----------
    way
        How to draw.
    note
        A sentence for people, if that is another precision than was asked for; else empty.
    """

    way: Way
    note: str = ""


def proved(
    way: Way,
    *,
    digest: str,
    load: "Callable[[], Folded]",
    cache_folder: Path,
    weight_limit: float | None = None,
    open_way: "Callable[[Folded, Way], Runner]" = open_runner,
) -> Proof:
    """Give the fastest way, from the one asked for on, whose pictures are float32's.

    Parameters
    ----------
    way
        From `find_way`.
    digest
        Names the weights.
    load
        Gives them; only called where nothing is remembered.
    cache_folder
        Remembers: another time, the same machine might find otherwise, and so would its pictures be called.
    weight_limit
        Largest sum of a class vector that the network has learnt to draw; None: any.
    open_way
        Opens what draws.
    """
    if way.precision == "float32":
        return Proof(way=way)
    name = re.sub(r"[^\w.-]+", "-", f"{digest[:32]}-{way.name}")
    file = cache_folder / PROOFS_FOLDER / f"{name}.json"
    known = {"version": PROOF_VERSION, "digest": digest, "way": way.name, "driver": driver(way.device), "torch": version("torch")}
    note = _read(file, known, way)
    if note is None:
        shares = dict(_shares(load(), way, weight_limit, open_way))
        chosen = next((precision for precision, share in shares.items() if share <= MOST_SHARE), "float32")
        write_whole(file, json.dumps({**known, "precision": chosen, "shares": shares}).encode())
        note = _read(file, known, way) or {"precision": chosen, "shares": shares}  # another process may have been quicker
    return _proof(way, note)


def candidates(way: Way) -> tuple[str, ...]:
    """Give the precisions less than float32 that the device has, from the way's own on."""
    there = PRECISIONS[way.device.partition(":")[0]]
    return tuple(precision for precision in LADDER[LADDER.index(way.precision) : -1] if precision in there)


def extreme_rows(class_total: int, *, weight_limit: float | None = None) -> "Rows":
    """Give latents at the edge of what films hold: truncation 1, large noise, single things and mixtures of large sum."""
    from .architecture import NOISE_UNITS
    from .runners import Rows

    rng = np.random.Generator(np.random.PCG64(SEED))
    shape = (len(NOISE_SCALES), len(MIXTURES))
    noise = rng.standard_normal((*shape, NOISE_UNITS)) * np.reshape(NOISE_SCALES, (-1, 1, 1))
    vectors = np.zeros((*shape, class_total))
    for place in np.ndindex(shape):
        count = min(MIXTURES[place[1]], class_total)
        total = 1 if count == 1 else min(LARGEST_SUM, count, weight_limit or LARGEST_SUM)
        vectors[place][rng.choice(class_total, count, replace=False)] = total / count
    flat = (values.reshape(-1, values.shape[-1]).astype(np.float32) for values in (noise, vectors))
    flat_noise, flat_vectors = flat
    return Rows(noise=flat_noise, class_vectors=flat_vectors, truncations=np.ones(len(flat_noise), np.float32))


def _shares(
    folded: "Folded", way: Way, weight_limit: float | None, open_way: "Callable[[Folded, Way], Runner]"
) -> "Iterator[tuple[str, float]]":
    """Give each candidate's share of values that are too far off, until one is good enough."""
    rows = extreme_rows(folded.architecture.num_classes, weight_limit=weight_limit)
    exact = _drawn(folded, dataclasses.replace(way, precision="float32"), rows, open_way)
    for precision in candidates(way):
        share = 1.0
        if exact is not None:  # else the weights are damaged, and float32 says so when it draws
            drawn = _drawn(folded, dataclasses.replace(way, precision=precision), rows, open_way)
            share = 1.0 if drawn is None else float(np.mean(np.abs(drawn - exact) > MOST_LEVELS))
        yield precision, share
        if share <= MOST_SHARE:
            return


def _drawn(folded: "Folded", way: Way, rows: "Rows", open_way: "Callable[[Folded, Way], Runner]") -> np.ndarray | None:
    """Draw: int16 [B, height, width, 3]; None where numbers left their range."""
    from .runners import NotANumberError

    try:
        return np.stack([*open_way(folded, way).draw(rows)]).astype(np.int16)
    except NotANumberError:
        return None


def _read(file: Path, known: dict[str, Any], way: Way) -> dict[str, Any] | None:
    try:
        note = json.loads(file.read_text(encoding="utf-8"))
        fits = {name: note[name] for name in known} == known and note["precision"] in (*candidates(way), "float32")
        return note if fits and told_shares(note["shares"]) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none yet, or a damaged one
        return None


def _proof(way: Way, note: dict[str, Any]) -> Proof:
    if note["precision"] == way.precision:
        return Proof(way=way)
    words = (
        f"This network is drawn in {note['precision']} on {way.model or way.device.partition(':')[0]}, not in {way.precision}: of extreme"
        f" pictures, too many values were more than {MOST_LEVELS} levels off ({told_shares(note['shares'])})."
    )
    return Proof(way=dataclasses.replace(way, precision=note["precision"]), note=words)
