"""What rings apart from what hits.

Along time a hit stands out from what was there before and after it; along pitch a tone stands out from its neighbours. Medians take away
what stands out: of Fitzgerald's harmonic/percussive separation (DAFx 2010), as in `librosa.effects.hpss`, this is the part that the curves
need, without making sounds of the two halves and transforming these again. Arrays in, arrays out.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.lib.stride_tricks import sliding_window_view

from . import audio, spectra

MEDIAN = 31  # frames (0.7 s), and bins of the short-time spectrum (330 Hz): librosa's defaults
HALF = MEDIAN // 2
STEP = 4  # medians change slowly: one in four is computed, and the curves stay the same to three digits
LONGEST_FILTER_FRAMES = 72  # of the constant-Q transform's lowest bin, tuned down as far as can be
REACH = LONGEST_FILTER_FRAMES // 2  # a multiple of STEP, so that blocks share one grid


@dataclass(frozen=True, kw_only=True)
class Split:
    """A sound's two halves.

    Parameters
    ----------
    ringing
        float32 [252, F], constant-Q magnitudes of what rings.
    hitting_mel
        float32 [128, F], mel power of what hits.
    """

    ringing: np.ndarray
    hitting_mel: np.ndarray


def split(samples: np.ndarray, constant_q: np.ndarray, *, tuning: float) -> Split:
    """Tell what rings from what hits.

    A constant-Q bin hears up to 1.6 s at once, hits that fell into that time included. So its ringing share is that of the short-time
    spectrum around its pitch, over the time it hears.

    Parameters
    ----------
    samples
        float32 [n].
    constant_q, tuning
        The sound's `spectra.constant_q`, and what it was computed with.
    """
    filters = scipy.sparse.csr_array(spectra.mel_filters())
    top = filters.indices.max() + 1
    windows = _listening_windows(tuning=tuning)
    places = spectra.bin_frequencies(tuning=tuning) * spectra.N_FFT / audio.SAMPLE_RATE
    halves = Split(ringing=np.empty_like(constant_q), hitting_mel=np.empty((spectra.N_MELS, constant_q.shape[1]), np.float32))

    def hear(first: int, end: int) -> None:
        spectrum = _reflected_magnitudes(samples, first - REACH - HALF, end + REACH + HALF + STEP)
        share = _ringing_share(spectrum, bins=top, frames=end - first + 2 * REACH)
        spectrum = spectrum[:top, HALF : HALF + share.shape[1]]
        hits = ((1 - share) * spectrum)[:, REACH:-REACH] ** 2
        halves.hitting_mel[:, first:end] = filters[:, :top] @ hits
        power = _between_rows(spectrum**2, places)
        ringing = _between_rows((share * spectrum) ** 2, places)
        halves.ringing[:, first:end] = constant_q[:, first:end] * _heard_share(ringing, power, windows)

    spectra.in_blocks(hear, constant_q.shape[1])
    return halves


def _reflected_magnitudes(samples: np.ndarray, first: int, end: int) -> np.ndarray:
    """Give the short-time spectrum, float32 [1025, end - first]; before the first and after the last frame it runs backwards."""
    inside = slice(max(first, 0), min(end, spectra.frame_count(samples)))
    magnitudes = np.ascontiguousarray(spectra.magnitudes(samples, inside.start, inside.stop))
    return np.pad(magnitudes, ((0, 0), (inside.start - first, end - inside.stop)), mode="symmetric")


def _ringing_share(spectrum: np.ndarray, *, bins: int, frames: int) -> np.ndarray:
    """Say how much of each bin's amplitude rings.

    Parameters
    ----------
    spectrum
        float32 [over bins + 15, over frames + 30]; its `HALF`-th frame is the first one that is asked for.
    bins, frames
        How many are asked for.

    Returns
    -------
    np.ndarray
        float32 [bins, frames], 0 ... 1.
    """
    nearest_bin, nearest_frame = (np.arange(bins) + STEP // 2) // STEP, (np.arange(frames) + STEP // 2) // STEP
    over_time = _median(sliding_window_view(spectrum[:bins], MEDIAN, axis=1)[:, ::STEP])
    rings = over_time[:, nearest_frame] ** 2
    mirrored = np.pad(spectrum[: bins + HALF + STEP, HALF : HALF + frames], ((HALF, 0), (0, 0)), mode="symmetric")
    over_pitch = _median(sliding_window_view(mirrored, MEDIAN, axis=0)[::STEP])
    hits = (over_pitch**2)[nearest_bin]
    both = rings + hits
    return np.divide(rings, both, out=np.full_like(both, 0.5), where=both > 0)


def _median(windows: np.ndarray) -> np.ndarray:
    """Give the medians over the last axis, which is of odd length."""
    middle = windows.shape[-1] // 2
    return np.partition(windows, middle, axis=-1)[..., middle]


def _between_rows(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Read rows [bins, n] at fractional places [m]: [m, n]."""
    below = places.astype(int)
    share = (places - below).astype(rows.dtype)[:, None]
    return rows[below] * (1 - share) + rows[below + 1] * share


def _listening_windows(*, tuning: float) -> list[np.ndarray]:
    """Give what weight each constant-Q bin gives to the power of the frames around it: float32 [odd], Hann's window squared."""
    windows = []
    for length in spectra.filter_lengths(tuning=tuning) / spectra.HOP_LENGTH:
        frames = np.arange(-int(length / 2), int(length / 2) + 1)
        windows.append((np.cos(np.pi * frames / length) ** 4).astype(np.float32))
    return windows


def _heard_share(part: np.ndarray, whole: np.ndarray, windows: list[np.ndarray]) -> np.ndarray:
    """Give the share of a part's amplitude in each row, heard through that row's window: [252, n] of [252, n + 2 * REACH]."""
    heard = []
    for window, *rows in zip(windows, part, whole, strict=True):
        margin = REACH - len(window) // 2
        heard.append([np.convolve(row[margin : len(row) - margin], window, mode="valid") for row in rows])
    parts, wholes = np.moveaxis(np.array(heard), 1, 0)
    return np.sqrt(np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0))
