"""What the ear hears: samples to chroma, energy, flux and onset strength, one column for each control frame.

A control frame is `HOP_LENGTH` samples (23 ms), as in the original visualizers. All scales come from the whole file, so the film of a
trimmed strip is a slice of the whole file's film. Analysed once: `load` keeps the result by the file's digest.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator
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
CHROMA_BINS_PER_OCTAVE = 36  # librosa's default
BLOCK_FRAMES = 4096
SHORTEST_ANALYSED_SAMPLES = 3 * audio.SAMPLE_RATE  # the lowest octave is analysed at a 64th of the rate, 1024 samples at once


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
    mel, tuning = _mel_power_and_tuning(padded)
    mel = mel[:, :frame_count]  # [128, F]
    power = mel.mean(axis=0, dtype=np.float64)  # [F]
    return Features(
        chroma=_chroma(padded, tuning=tuning)[:, :frame_count],
        energy=_over_its_range(power),
        flux=_flux(power),
        onset_strength=librosa.onset.onset_strength(S=librosa.power_to_db(mel), sr=audio.SAMPLE_RATE, hop_length=HOP_LENGTH),
    )


def _mel_power_and_tuning(samples: np.ndarray) -> tuple[np.ndarray, float]:
    """Compute what needs the spectrum, block by block: librosa holds it whole, several times over (0.8 GB for ten minutes).

    Returns
    -------
    mel : np.ndarray
        Power, float32 [128, F]: the same numbers as `librosa.feature.melspectrogram`'s.
    tuning : float
        How far the sound's notes lie beside those of A = 440 Hz, in thirds of a semitone: the same number as `librosa.estimate_tuning`'s.
    """
    filters = librosa.filters.mel(sr=audio.SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, fmax=HIGHEST_HZ)
    mel, pitches, magnitudes = [], [], []
    for spectrum in _spectra(samples):
        mel.append(filters @ spectrum**2)
        pitch, magnitude = librosa.piptrack(S=spectrum, sr=audio.SAMPLE_RATE, n_fft=N_FFT)
        sounding = pitch > 0
        pitches.append(pitch[sounding])
        magnitudes.append(magnitude[sounding])
    return np.concatenate(mel, axis=1), _tuning(np.concatenate(pitches), np.concatenate(magnitudes))


def _spectra(samples: np.ndarray) -> Iterator[np.ndarray]:
    """Give the magnitudes of the spectrum, float32 [1025, at most BLOCK_FRAMES] at a time."""
    centred = np.pad(samples, N_FFT // 2)
    frame_count = 1 + len(samples) // HOP_LENGTH
    for first in range(0, frame_count, BLOCK_FRAMES):
        last = min(first + BLOCK_FRAMES, frame_count)
        block = centred[first * HOP_LENGTH : (last - 1) * HOP_LENGTH + N_FFT]
        yield np.abs(librosa.stft(block, n_fft=N_FFT, hop_length=HOP_LENGTH, center=False))


def _tuning(pitches: np.ndarray, magnitudes: np.ndarray) -> float:
    if not len(pitches):  # silence
        return 0.0
    return librosa.pitch_tuning(pitches[magnitudes >= np.median(magnitudes)], bins_per_octave=CHROMA_BINS_PER_OCTAVE)


def _chroma(samples: np.ndarray, *, tuning: float) -> np.ndarray:
    chroma = librosa.feature.chroma_cqt(
        y=samples, sr=audio.SAMPLE_RATE, hop_length=HOP_LENGTH, tuning=tuning, bins_per_octave=CHROMA_BINS_PER_OCTAVE
    )
    return chroma.astype(np.float32)


def _over_its_range(power: np.ndarray) -> np.ndarray:
    extent = np.ptp(power)
    return (power - power.min()) / extent if extent > 0 else np.zeros_like(power)


def _flux(power: np.ndarray) -> np.ndarray:
    rise = np.gradient(power) if len(power) > 1 else np.zeros_like(power)
    return np.clip(rise / rise.max(), 0, None) if rise.max() > 0 else np.zeros_like(power)


def _read(entry: Path) -> Features | None:
    try:
        with entry.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # opened here: numpy forgets to close a damaged one
            return Features(**{field.name: arrays[field.name] for field in fields(Features)})
    except (OSError, EOFError, KeyError, ValueError, NotImplementedError, zipfile.BadZipFile):  # never written, or damaged: analyse again
        return None


def _write(entry: Path, features: Features) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **{field.name: getattr(features, field.name) for field in fields(Features)})
    write_whole(entry, buffer.getvalue())
