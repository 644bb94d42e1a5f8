"""Samples to spectra: short-time magnitudes, mel power, and the constant-Q transform whose bins are thirds of a semitone.

A control frame is `HOP_LENGTH` samples (23 ms). Numbers are librosa's own, but computed in blocks and on all cores: librosa holds whole
spectra several times over (3 GB for an hour). Arrays in, arrays out.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import librosa
import numpy as np
import scipy.fft
import scipy.sparse

from . import audio

HOP_LENGTH = 512
N_FFT = 2048
N_MELS = 128
HIGHEST_HZ = 8000
BINS_PER_OCTAVE = 36  # librosa's default for chroma
OCTAVES = 7  # from C1, as above
BINS = OCTAVES * BINS_PER_OCTAVE
SPARSITY = 0.01  # librosa's default: the share of a filter that may be left out
FREQUENCIES = np.arange(N_FFT // 2 + 1) * audio.SAMPLE_RATE / N_FFT
PITCHES_HZ = (150.0, 4000.0)  # librosa's default range for tuning
LOWEST_PEAK = 0.1  # librosa's default
BLOCK_FRAMES = 1024  # a multiple of splitting.STEP
MOST_THREADS = 8  # each holds a block's spectra, some 30 MB

T = TypeVar("T")


def frame_count(samples: np.ndarray) -> int:
    """Say how many control frames a sound has: one at its beginning, one after each `HOP_LENGTH` samples."""
    return 1 + len(samples) // HOP_LENGTH


def in_blocks(function: Callable[[int, int], T], frames: int) -> list[T]:
    """Call ``function(first, end)`` for blocks of control frames, on all cores; results come in order."""
    blocks = [(first, min(first + BLOCK_FRAMES, frames)) for first in range(0, frames, BLOCK_FRAMES)]
    results = [function(*blocks[0])]  # alone: librosa loads its parts when they are first used, and two threads at once must not
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_THREADS)) as threads:
        return results + list(threads.map(lambda block: function(*block), blocks[1:]))


def magnitudes(samples: np.ndarray, first: int, end: int) -> np.ndarray:
    """Give the short-time spectrum of control frames `first` ... ``end - 1``: float32 [1025, end - first]."""
    return np.abs(_transform(samples, first, end, n_fft=N_FFT, hop_length=HOP_LENGTH, window="hann"))


def _transform(samples: np.ndarray, first: int, end: int, *, n_fft: int, hop_length: int, window: str) -> np.ndarray:
    """Transform frames centred at multiples of `hop_length`, as in a sound between silences: complex64 [n_fft / 2 + 1, end - first]."""
    begin, stop = first * hop_length - n_fft // 2, (end - 1) * hop_length + n_fft // 2
    inside = samples[max(begin, 0) : stop]
    missing = (stop - begin) - len(inside)
    block = np.pad(inside, (max(-begin, 0), missing - max(-begin, 0))) if missing else inside
    return librosa.stft(block, n_fft=n_fft, hop_length=hop_length, window=window, center=False)


# Mel power ------------------------------------------------------------------------------------------------------------------------------


def mel_filters() -> np.ndarray:
    """Give the weights of the spectrum's bins in each mel band: float32 [128, 1025]."""
    return librosa.filters.mel(sr=audio.SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, fmax=HIGHEST_HZ)


def mel_power_and_tuning(samples: np.ndarray) -> tuple[np.ndarray, float]:
    """Compute what needs the spectrum alone.

    Returns
    -------
    mel : np.ndarray
        Power, float32 [128, F]: the same numbers as `librosa.feature.melspectrogram`'s.
    tuning : float
        How far the sound's notes lie beside those of A = 440 Hz, in thirds of a semitone: the same number as `librosa.estimate_tuning`'s.
    """
    filters = mel_filters()

    def hear(first: int, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        spectrum = magnitudes(samples, first, end)
        return filters @ spectrum**2, *_peaks(spectrum)

    mel, pitches, heights = zip(*in_blocks(hear, frame_count(samples)), strict=True)
    return np.concatenate(mel, axis=1), _tuning(np.concatenate(pitches), np.concatenate(heights))


def _peaks(spectrum: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the peaks of a spectrum [1025, n] that are no lower than a tenth of its highest, each by a parabola.

    Returns
    -------
    pitches : np.ndarray
        In Hz, float32 [p].
    heights : np.ndarray
        Float32 [p]. Both are the same numbers as `librosa.piptrack`'s, which looks for them everywhere and not only where there are some.
    """
    first, end = np.searchsorted(FREQUENCIES, PITCHES_HZ)
    around = spectrum[first - 1 : end + 1]
    loud = around * (around > LOWEST_PEAK * spectrum.max(axis=0))
    row, frame = np.nonzero((loud[1:-1] > loud[:-2]) & (loud[1:-1] >= loud[2:]))
    before, at, after = around[row, frame], around[row + 1, frame], around[row + 2, frame]
    bend, slope = before + after - 2 * at, (after - before) / 2
    shift = np.divide(-slope, bend, out=np.zeros_like(bend), where=np.abs(slope) < np.abs(bend))
    pitches = (first + row + shift) * float(audio.SAMPLE_RATE) / N_FFT
    return pitches.astype(np.float32), at + 0.5 * slope * shift


def _tuning(pitches: np.ndarray, heights: np.ndarray) -> float:
    if not len(pitches):  # silence
        return 0.0
    return librosa.pitch_tuning(pitches[heights >= np.median(heights)], bins_per_octave=BINS_PER_OCTAVE)


# Constant-Q -----------------------------------------------------------------------------------------------------------------------------


def constant_q(samples: np.ndarray, *, tuning: float) -> np.ndarray:
    """Give the magnitudes of the constant-Q transform: the same numbers as `librosa.cqt`'s.

    Octave by octave, from the highest, and for each the sound is halved in rate: the filters are then all as short as the highest ones.

    Parameters
    ----------
    samples
        float32 [n], at least three seconds: in the lowest octave 1024 samples at a 64th of the rate are heard at once.
    tuning
        See `mel_power_and_tuning`.

    Returns
    -------
    np.ndarray
        float32 [252, F], from C1 upwards.
    """
    lengths = filter_lengths(tuning=tuning)
    result = np.empty((BINS, frame_count(samples)), np.float32)
    for octave, filters in enumerate(_octave_filters(tuning=tuning)):
        rows = slice(BINS - (octave + 1) * BINS_PER_OCTAVE, BINS - octave * BINS_PER_OCTAVE)
        _respond(samples, filters, hop_length=HOP_LENGTH >> octave, scale=np.sqrt(lengths[rows, None]), out=result[rows])
        samples = librosa.resample(samples, orig_sr=2, target_sr=1, res_type="soxr_hq", scale=True)
    return result


def bin_frequencies(*, tuning: float) -> np.ndarray:
    """Give the centres of the constant-Q bins in Hz: float64 [252]."""
    return librosa.interval_frequencies(
        n_bins=BINS,
        fmin=librosa.note_to_hz("C1") * 2.0 ** (tuning / BINS_PER_OCTAVE),
        intervals="equal",
        bins_per_octave=BINS_PER_OCTAVE,
    )


def filter_lengths(*, tuning: float) -> np.ndarray:
    """Say for how long each constant-Q bin listens, in samples: float64 [252]."""
    frequencies = bin_frequencies(tuning=tuning)
    return librosa.filters.wavelet_lengths(freqs=frequencies, sr=audio.SAMPLE_RATE, alpha=_bandwidths(frequencies))[0]


def _bandwidths(frequencies: np.ndarray) -> np.ndarray:
    """Give the bins' bandwidths over their centres, float64 [252], by librosa's formula; given all bins, as `librosa.cqt` gives them."""
    heights = np.log2(frequencies)
    step = np.concatenate([heights[1:2] - heights[:1], (heights[2:] - heights[:-2]) / 2, heights[-1:] - heights[-2:-1]])  # in octaves
    ratio = 2.0 ** (2 * step)
    return (ratio - 1) / (ratio + 1)


def _octave_filters(*, tuning: float) -> Iterator[scipy.sparse.csr_matrix]:
    """Give the filters of each octave, from the highest: complex64 [36, n_fft / 2 + 1], zero nearly everywhere."""
    frequencies = bin_frequencies(tuning=tuning)
    bandwidths = _bandwidths(frequencies)
    for octave in range(OCTAVES):
        rows = slice(BINS - (octave + 1) * BINS_PER_OCTAVE, BINS - octave * BINS_PER_OCTAVE)
        waves, lengths = librosa.filters.wavelet(
            freqs=frequencies[rows],
            sr=audio.SAMPLE_RATE / 2**octave,
            alpha=bandwidths[rows],  # ty: ignore[invalid-argument-type]  (librosa's own type hint forgets that there is one for each bin)
        )
        n_fft = waves.shape[1]
        waves *= lengths[:, None] / float(n_fft)
        filters = librosa.util.sparsify_rows(scipy.fft.fft(waves, axis=1)[:, : n_fft // 2 + 1], quantile=SPARSITY, dtype=np.complex64)
        filters.data *= np.sqrt(2.0**octave)
        yield filters


def _respond(samples: np.ndarray, filters: scipy.sparse.csr_matrix, *, hop_length: int, scale: np.ndarray, out: np.ndarray) -> None:
    """Write to `out`, [36, F], how strongly each filter responds around multiples of `hop_length`, over `scale`."""
    n_fft = 2 * (filters.shape[1] - 1)
    used = slice(filters.indices.min(), filters.indices.max() + 1)
    filters = filters[:, used]

    def hear(first: int, end: int) -> None:
        spectrum = _transform(samples, first, end, n_fft=n_fft, hop_length=hop_length, window="ones")
        response = filters @ np.ascontiguousarray(spectrum[used])  # complex64 [36, end - first]
        response /= scale
        np.abs(response, out=out[:, first:end])

    in_blocks(hear, out.shape[1])
