"""Finds out what a network's noise means, by drawing it: once for each network and kind of device, then read from a file.

In: folded weights. Out: the directions of `directions`. All chance comes from a fixed seed, pictures have 8 bits and directions are
rounded, so that the same network gives the same ones on the same kind of device; and once they are kept, they stay.
"""

import contextlib
import io
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..files import read_checked, write_checked
from ..walk.latent_rows import DIRECTIONS
from ..working import Cancelled, ReportCount, end_if, never, report_nothing
from .architecture import FIRST_SIZE, NOISE_UNITS
from .directions import best_mixtures, effects, principal

if TYPE_CHECKING:
    from .folding import Folded
    from .running import Way

CALIBRATION_VERSION = 1
"""Part of the file's name: raise it when `calibrate` gives others."""

TRIED = 24  # principal directions
MANY_SAMPLES, FEW_SAMPLES = 12, 4  # things, each with noise of its own: 576 small or 192 large pictures, 52 s at 512 px on two cores
SMALL_SIZE = 128
TRUNCATION = 0.5
STEP = 0.8  # standard deviations to either side: large enough for 8 bits, small enough to be nearly straight
MEASURED_SIZE = 64
SEED = 2020


def kept_or_calibrated(file: Path, calibrate: Callable[[], np.ndarray]) -> np.ndarray:
    """Read directions from a file, float32 [6, 128], or make them and keep them there: whole or not at all."""
    kept = _read(file)
    if kept is None:
        made, buffer = calibrate(), io.BytesIO()
        np.save(buffer, made)
        write_checked(file, buffer.getvalue())
        kept = _read(file)  # another process may have been quicker: what is kept counts
        return made if kept is None else kept
    return kept


def _read(file: Path) -> np.ndarray | None:
    with contextlib.suppress(Exception):  # none yet, or a damaged one, of before its checksum: that may break numpy in any way
        kept = np.load(io.BytesIO(read_checked(file)), allow_pickle=False)
        if kept.shape == (len(DIRECTIONS), NOISE_UNITS) and kept.dtype == np.float32 and np.isfinite(kept).all():
            return kept
    return None


def calibrate(folded: "Folded", way: "Way", *, report: ReportCount = report_nothing, cancelled: Cancelled = never) -> np.ndarray:
    """Find a network's directions.

    Parameters
    ----------
    folded
        Its weights, float32, on the CPU.
    way
        How it is run.
    report
        Told how many of how many pictures are drawn.
    cancelled
        Asked before each picture.

    Returns
    -------
    np.ndarray
        float32 [6, 128].

    Raises
    ------
    CancelledError
        If `cancelled` said so.
    """
    from .runners import Rows
    from .running import open_runner

    tried = principal(first_layer(folded), count=TRIED)
    rng = np.random.Generator(np.random.PCG64(SEED))
    samples = MANY_SAMPLES if folded.architecture.output_dim <= SMALL_SIZE else FEW_SAMPLES
    resting = TRUNCATION * rng.standard_normal((samples, NOISE_UNITS)).clip(-2, 2)
    classes = rng.choice(folded.architecture.num_classes, samples, replace=folded.architecture.num_classes < samples)
    sides = STEP * np.stack([-tried, tried], axis=1)  # [TRIED, 2, 128]
    noise = (resting[:, None, None] + sides).reshape(-1, NOISE_UNITS).astype(np.float32)
    vectors = np.zeros((len(noise), folded.architecture.num_classes), np.float32)
    vectors[np.arange(len(noise)), np.repeat(classes, 2 * TRIED)] = 1
    rows = Rows(noise=noise, class_vectors=vectors, truncations=np.full(len(noise), TRUNCATION, np.float32))
    measured, before = [], None
    with closing(open_runner(folded, way).draw(rows)) as pictures:
        for done, picture in enumerate(pictures, start=1):
            end_if(cancelled)
            report(done, len(noise))
            small = _small(picture)
            if before is None:
                before = small
            else:
                measured.append(effects(before, small) / (2 * STEP))
                before = None
    return best_mixtures(np.reshape(measured, (samples, TRIED, -1)), tried)


def first_layer(folded: "Folded") -> np.ndarray:
    """Give what makes the first map of the noise: float32 [16 places * channels, 128]."""
    architecture = folded.architecture
    rows = FIRST_SIZE**2 * architecture.layers[0][1] * architecture.channel_width
    return folded.condition_weight[-rows:, :NOISE_UNITS].numpy()


def _small(picture: np.ndarray) -> np.ndarray:
    """Average a picture, uint8 [size, size, 3], to `MEASURED_SIZE` or less: float64, 0 ... 1."""
    block = max(1, len(picture) // MEASURED_SIZE)
    return picture.reshape(len(picture) // block, block, -1, block, 3).mean(axis=(1, 3)) / 255
