"""Latents that somebody else has computed, or `vectors` wrote: read, checked, and drawn in the place of those that a song gives."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np

from .files import read_arrays
from .input_files import check_is_file
from .network.architecture import NOISE_UNITS
from .protocol import PARAMETERS, RenderRequest, UserError
from .protocol.rates import ntsc_or
from .walk.latent_rows import DIRECTIONS, Latents

MOST = 10.0
"""Noise, displacement and class weights beyond this are something else: networks have learnt a tenth of it."""
ROUNDING = 1e-5
CURE = "Give arrays as `vectors --out FILE.npz` writes them: noise, class_vectors (or class_ids and class_weights), truncation."


def read_latents(request: RenderRequest, *, class_total: int, sound_seconds: Fraction) -> Latents:
    """Read the latents that a request names.

    Parameters
    ----------
    request
        Names the file; its film must have as many frames, at the rate that the file names, if it does.
    class_total
        How many classes the network knows.
    sound_seconds
        How long the sound lasts, which they must not outlast.

    Raises
    ------
    UserError
        Names what does not fit.
    """
    path = Path(request.vectors_path)
    arrays = _read(path)
    count, end = len(_noise(arrays, path.name)), request.source_start_seconds + request.frame_count / request.fps
    if count != request.frame_count:
        raise UserError(f"“{path.name}” has {count} rows, the film {request.frame_count} frames.", "Make one as long as the other.")
    if end > sound_seconds + 1 / request.fps:
        raise UserError(
            f"{count} rows of “{path.name}” end at {float(end):.2f} s, the sound at {float(sound_seconds):.2f} s.",
            "Give fewer rows, a higher --fps, or a longer sound.",
        )
    _check_rate(arrays, request.fps, path.name)
    return latents_from(arrays, class_total=class_total, name=path.name)


def row_count(path: Path) -> int:
    """Say how many rows a file of latents has."""
    return len(_noise(_read(path), path.name))


def latents_from(arrays: Mapping[str, np.ndarray], *, class_total: int, name: str) -> Latents:
    """Make latents of arrays.

    Parameters
    ----------
    arrays
        ``noise`` [N, 128]; ``class_vectors`` [N, classes], or ``class_ids`` and ``class_weights`` [N, m] with
        ``class_floor`` [N] (0), which are not looked at beside it; ``truncation`` [N] or [] (1); ``displacement`` [N, 6] (0).
    class_total
        How many classes the network knows.
    name
        What to call them in errors.
    """
    noise = _noise(arrays, name)
    count = len(noise)
    ids, weights, floor = _classes(arrays, count, class_total, name)
    return Latents(
        noise=noise,
        displacement=_numbers(arrays, "displacement", (count, len(DIRECTIONS)), (-MOST, MOST), name, default=0.0),
        class_ids=ids,
        class_weights=weights,
        class_floor=floor,
        truncation=_truncation(arrays, count, name),
    )


def _read(path: Path) -> dict[str, np.ndarray]:
    check_is_file(path, cure=CURE)
    try:
        return read_arrays(path)
    except (OSError, ValueError) as error:
        raise UserError(f"“{path.name}” cannot be read: {error}.", CURE) from error


def _noise(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    rows = len(arrays["noise"]) if np.ndim(arrays.get("noise", 0)) else 1
    return _numbers(arrays, "noise", (max(rows, 1), NOISE_UNITS), (-MOST, MOST), name)


def _classes(arrays: Mapping[str, np.ndarray], count: int, class_total: int, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give slots and their floor. Whole class vectors keep their numbers bit for bit: what is 0 needs no slot."""
    if "class_vectors" in arrays:
        vectors = _numbers(arrays, "class_vectors", (count, class_total), (0, MOST), name)
        most = max(1, int(np.count_nonzero(vectors, axis=1).max()))
        slots = np.argsort(vectors == 0, axis=1, kind="stable")[:, :most]
        return slots.astype(np.int16), np.take_along_axis(vectors, slots, axis=1), np.zeros(count, np.float32)
    ids = arrays.get("class_ids")
    if ids is None or ids.ndim != 2 or len(ids) != count or not ids.shape[1] or ids.dtype.kind not in "iu":  # noqa: PLR2004
        raise UserError(f"“{name}” has no class_vectors [{count}, {class_total}], nor whole class_ids [{count}, m].", CURE)
    if not 0 <= int(ids.min()) <= int(ids.max()) < class_total:
        raise UserError(f"In “{name}” there is class {ids.max() if ids.min() >= 0 else ids.min()}.", _known(class_total))
    weights = _numbers(arrays, "class_weights", ids.shape, (0, MOST), name)
    return ids.astype(np.int16), weights, _numbers(arrays, "class_floor", (count,), (0, MOST), name, default=0.0)


def _truncation(arrays: Mapping[str, np.ndarray], count: int, name: str) -> np.ndarray:
    """Give the truncation of each row, 1 if nothing is said; one number stands for all."""
    bounds = (PARAMETERS["truncation"].minimum, PARAMETERS["truncation"].maximum)
    shape = () if np.ndim(arrays.get("truncation", 0)) == 0 else (count,)
    return np.broadcast_to(_numbers(arrays, "truncation", shape, bounds, name, default=1.0), count).copy()


def _known(class_total: int) -> str:
    return f"The network knows classes 0 to {class_total - 1}: choose the model that they were computed for."


def _numbers(
    arrays: Mapping[str, np.ndarray],
    key: str,
    shape: tuple[int, ...],
    bounds: tuple[float, float],
    name: str,
    *,
    default: float | None = None,
) -> np.ndarray:
    """Give an array as float32, if it is what it must be."""
    values = arrays.get(key)
    if values is None and default is not None:
        return np.full(shape, default, np.float32)
    if values is None:
        raise UserError(f"“{name}” holds no {key}.", CURE)
    if values.shape != shape or values.dtype.kind not in "fiu":
        cure = _known(shape[1]) if key == "class_vectors" and values.ndim == 2 and len(values) == shape[0] else CURE  # noqa: PLR2004
        raise UserError(f"In “{name}”, {key} is {values.dtype} {list(values.shape)}; it must be numbers {list(shape)}.", cure)
    if not np.isfinite(values).all():
        raise UserError(f"In “{name}”, {key} has values that are no numbers (NaN or infinite).", "Compute those rows anew.")
    least, most = float(values.min()), float(values.max())
    if least < bounds[0] - ROUNDING or most > bounds[1] + ROUNDING:
        raise UserError(
            f"In “{name}”, {key} goes from {least:g} to {most:g}; it must lie between {bounds[0]:g} and {bounds[1]:g}.", "Scale it."
        )
    return values.astype(np.float32)


def _check_rate(arrays: Mapping[str, np.ndarray], fps: Fraction, name: str) -> None:
    if "fps" not in arrays:
        return
    try:
        made_for = ntsc_or(Fraction(str(arrays["fps"])))
    except (ValueError, ZeroDivisionError) as error:
        raise UserError(f"In “{name}”, fps is “{arrays['fps']}”.", "Write it as 25 or 30000/1001, or leave it out.") from error
    if made_for != fps:
        raise UserError(f"“{name}” was made for {made_for} frames a second, the film has {fps}.", f"Give --fps {made_for}.")
