"""Spectra to curves: what the chroma, the hits and the bands are in each control frame.

Arrays in, arrays out; nothing is scaled over the file.
"""

import librosa
import numpy as np

from . import spectra

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
BAND_EDGES_HZ = (200.0, 2000.0)
RANGE_DB = 80.0  # librosa's default: what lies further below the loudest counts as silence
FAINTEST = 1e-10  # librosa's default: the power that has the lowest level
ONSET_DELAY = 1 + spectra.N_FFT // (2 * spectra.HOP_LENGTH)  # frames from where a rise begins in the window to where it is heard


def chroma(constant_q: np.ndarray) -> np.ndarray:
    """Fold a constant-Q spectrum into pitch classes.

    Parameters
    ----------
    constant_q
        float32 [252, F], magnitudes.

    Returns
    -------
    np.ndarray
        float32 [12, F], C first; each column's maximum is 1, or all are 0.
    """
    return librosa.feature.chroma_cqt(C=constant_q, bins_per_octave=spectra.BINS_PER_OCTAVE).astype(np.float32)


def onset_strength(mel: np.ndarray) -> np.ndarray:
    """Say how much louder it gets, in dB on the average of all bands: the same numbers as `librosa.onset.onset_strength`'s.

    Parameters
    ----------
    mel
        float32 [128, F], power.

    Returns
    -------
    np.ndarray
        float32 [F], at least 0.
    """
    quietest = 10 * np.log10(max(mel.max(), FAINTEST), dtype=mel.dtype) - np.float32(RANGE_DB)
    frames = mel.shape[1]
    result = np.zeros(frames, mel.dtype)

    def hear(first: int, end: int) -> None:
        level = librosa.power_to_db(mel[:, first : end + 1], top_db=None)
        rise = np.diff(np.maximum(level, quietest), axis=1)  # [128, end - first], or one less at the end
        heard = np.maximum(rise, 0).mean(axis=0)
        places = slice(first + ONSET_DELAY, first + ONSET_DELAY + len(heard))
        result[places] = heard[: max(0, frames - places.start)]

    spectra.in_blocks(hear, frames)
    return result


def bands(mel: np.ndarray) -> np.ndarray:
    """Give the mean power of low, mid and high sound, parted at 200 and 2000 Hz.

    Parameters
    ----------
    mel
        float32 [128, F], power.

    Returns
    -------
    np.ndarray
        float32 [3, F].
    """
    centres = librosa.mel_frequencies(spectra.N_MELS + 2, fmax=spectra.HIGHEST_HZ)[1:-1]
    low, high = np.searchsorted(centres, BAND_EDGES_HZ)
    return np.stack([rows.mean(axis=0) for rows in (mel[:low], mel[low:high], mel[high:])])
