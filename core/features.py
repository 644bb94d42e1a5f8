"""What the ear hears: samples to chroma, energy, flux and onset strength, one column for each control frame.

A control frame is `HOP_LENGTH` samples (23 ms), as in the original visualizers. All scales come from the whole file, so the film of a
trimmed strip is a slice of the whole file's film. Analysed once: `load` keeps the result by the file's digest.
"""

import hashlib
import io
import warnings
import zipfile
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import librosa
import numpy as np

from . import audio
from .files import write_whole

HOP_LENGTH = 512
CONTROL_RATE = Fraction(audio.SAMPLE_RATE, HOP_LENGTH)
"""Control frames a second: 43.066."""

ANALYSIS_VERSION = 1
"""Part of the stored features' names: raise it when `analyse` gives other numbers."""

N_FFT = 2048
N_MELS = 128
HIGHEST_HZ = 8000
BLOCK_FRAMES = 4096
SHORTEST_ANALYSED_SAMPLES = 2 * audio.SAMPLE_RATE  # the lowest constant-Q filter is about 1.5 s long


@dataclass(frozen=True, kw_only=True)
class Features:
    """A sound's features at the control rate; F control frames, the f-th centred at sample ``f * HOP_LENGTH``.

    Parameters
    ----------
    chroma
        float32 [12, F], energy by pitch class; each column's maximum is 1, or all are 0 in silence.
    energy
        float64 [F], mean mel power, scaled to 0 ... 1 over the file.
    flux
        float64 [F], rise of the mean mel power, scaled to at most 1 over the file.
    onset_strength
        float32 [F], librosa's spectral novelty, unscaled.
    """

    chroma: np.ndarray
    energy: np.ndarray
    flux: np.ndarray
    onset_strength: np.ndarray


def load(path: Path, folder: Path, *, digest: str) -> Features:
    """Give the features of a sound file, analysed now or before.

    Parameters
    ----------
    path
        The sound file.
    folder
        Where analysed features are kept.
    digest
        `file_digest` of the file.
    """
    entry = folder / f"{digest}-{ANALYSIS_VERSION}.npz"
    kept = _read(entry)
    if kept is None:
        kept = analyse(audio.load(path))
        _write(entry, kept)
    return kept


def file_digest(path: Path) -> str:
    """Digest a file's content: 32 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def analyse(samples: np.ndarray) -> Features:
    """Compute the features of a whole file.

    Parameters
    ----------
    samples
        float32 [n], mono, at `audio.SAMPLE_RATE`.

    Returns
    -------
    Features
        ``1 + n // HOP_LENGTH`` control frames. The formulas for chroma, energy and flux are biggan-visualizer's.
    """
    frame_count = 1 + len(samples) // HOP_LENGTH
    padded = np.pad(samples, (0, max(0, SHORTEST_ANALYSED_SAMPLES - len(samples))))
    mel = _mel_power(padded)[:, :frame_count]  # [128, F]
    power = mel.mean(axis=0, dtype=np.float64)  # [F]
    return Features(
        chroma=_chroma(padded)[:, :frame_count],
        energy=_over_its_range(power),
        flux=_flux(power),
        onset_strength=librosa.onset.onset_strength(S=librosa.power_to_db(mel), sr=audio.SAMPLE_RATE, hop_length=HOP_LENGTH),
    )


def _mel_power(samples: np.ndarray) -> np.ndarray:
    """Mel power spectrogram, float32 [128, F], in blocks: the same numbers as librosa's in one go, without the whole spectrogram in memory."""
    filters = librosa.filters.mel(sr=audio.SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, fmax=HIGHEST_HZ)
    centred = np.pad(samples, N_FFT // 2)
    frame_count = 1 + len(samples) // HOP_LENGTH
    mel = np.empty((N_MELS, frame_count), np.float32)
    for first in range(0, frame_count, BLOCK_FRAMES):
        last = min(first + BLOCK_FRAMES, frame_count)
        block = centred[first * HOP_LENGTH : (last - 1) * HOP_LENGTH + N_FFT]
        spectrum = librosa.stft(block, n_fft=N_FFT, hop_length=HOP_LENGTH, center=False)  # [1025, last - first]
        mel[:, first:last] = filters @ (np.abs(spectrum) ** 2)
    return mel


def _chroma(samples: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Trying to estimate tuning from empty frequency set", UserWarning)  # silence
        return librosa.feature.chroma_cqt(y=samples, sr=audio.SAMPLE_RATE, hop_length=HOP_LENGTH).astype(np.float32)


def _over_its_range(power: np.ndarray) -> np.ndarray:
    extent = np.ptp(power)
    return (power - power.min()) / extent if extent > 0 else np.zeros_like(power)


def _flux(power: np.ndarray) -> np.ndarray:
    rise = np.gradient(power) if len(power) > 1 else np.zeros_like(power)
    return np.clip(rise / rise.max(), 0, None) if rise.max() > 0 else np.zeros_like(power)


def _read(entry: Path) -> Features | None:
    try:
        with np.load(entry, allow_pickle=False) as arrays:
            return Features(**{field.name: arrays[field.name] for field in fields(Features)})
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):  # never written, or damaged: analyse again
        return None


def _write(entry: Path, features: Features) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{field.name: getattr(features, field.name) for field in fields(Features)})
    write_whole(entry, buffer.getvalue())
