"""How a sound is heard: samples to spectra, what rings apart from what hits, and the curves that are read off them.

A control frame is `HOP_LENGTH` samples (23 ms). Arrays in, arrays out, one column for each control frame; nothing is scaled over the file.
"""

from collections.abc import Iterator

import librosa
import numpy as np
import scipy.ndimage

from . import audio

HOP_LENGTH = 512
N_FFT = 2048
N_MELS = 128
HIGHEST_HZ = 8000
CHROMA_BINS_PER_OCTAVE = 36  # librosa's default
OCTAVES = 7  # from C1, librosa's default
BLOCK_FRAMES = 4096
BAND_EDGES_HZ = (200.0, 2000.0)
MEDIAN_FRAMES = 31
MEDIAN_BINS = 31


def mel_power_and_tuning(samples: np.ndarray) -> tuple[np.ndarray, float]:
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


def constant_q(samples: np.ndarray, *, tuning: float) -> np.ndarray:
    """Give the constant-Q spectrum's magnitudes, float32 [252, F]: three bins for each semitone, from C1."""
    return np.abs(
        librosa.cqt(
            samples,
            sr=audio.SAMPLE_RATE,
            hop_length=HOP_LENGTH,
            n_bins=OCTAVES * CHROMA_BINS_PER_OCTAVE,
            bins_per_octave=CHROMA_BINS_PER_OCTAVE,
            tuning=tuning,
        )
    )


def chroma(magnitudes: np.ndarray) -> np.ndarray:
    """Fold a constant-Q spectrum into pitch classes: float32 [12, F], each column's maximum is 1, or all are 0."""
    return librosa.feature.chroma_cqt(C=magnitudes, bins_per_octave=CHROMA_BINS_PER_OCTAVE).astype(np.float32)


def ringing_share(spectrum: np.ndarray) -> np.ndarray:
    """Say how much of each bin rings rather than hits: 0 ... 1, shaped as `spectrum` [bins, F], by medians over time and over pitch."""
    rings = scipy.ndimage.median_filter(spectrum, size=(1, MEDIAN_FRAMES)) ** 2
    hits = scipy.ndimage.median_filter(spectrum, size=(MEDIAN_BINS, 1)) ** 2
    both = rings + hits
    return np.divide(rings, both, out=np.full_like(both, 0.5), where=both > 0)


def onset_strength(mel: np.ndarray) -> np.ndarray:
    """Give librosa's spectral novelty of mel power [128, F]: float32 [F]."""
    return librosa.onset.onset_strength(S=librosa.power_to_db(mel), sr=audio.SAMPLE_RATE, hop_length=HOP_LENGTH)


def bands(mel: np.ndarray) -> np.ndarray:
    """Give the mean power below 200 Hz, up to 2000 Hz, and above: float32 [3, F]."""
    centres = librosa.mel_frequencies(N_MELS + 2, fmax=HIGHEST_HZ)[1:-1]
    return np.stack([rows.mean(axis=0) for rows in np.split(mel, np.searchsorted(centres, BAND_EDGES_HZ))])


def beats(strength: np.ndarray) -> tuple[np.ndarray, float]:
    """Find the beats, in seconds, float64 [B], and the tempo in beats a minute."""
    tempo, times = librosa.beat.beat_track(onset_envelope=strength, sr=audio.SAMPLE_RATE, hop_length=HOP_LENGTH, units="time")
    return np.asarray(times, np.float64), float(np.ravel(tempo)[0])
