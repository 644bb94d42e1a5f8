"""What the ear hears: samples to chroma, energy, onsets, bands and beats, one column for each control frame.

A control frame is `HOP_LENGTH` samples (23 ms), as in the original visualizers. All scales come from the whole file, so the film of a
trimmed strip is a slice of the whole file's film. Analysed once: `load` keeps the result by the file's digest.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from .. import PROGRAM
from ..files import read_arrays, write_whole
from ..input_files import check_is_file, read_errors_explained
from ..protocol import UserError
from . import audio, beats, hearing, spectra, splitting
from .spectra import HOP_LENGTH

CONTROL_RATE = Fraction(audio.SAMPLE_RATE, HOP_LENGTH)
"""Control frames a second: 43.066."""

ANALYSIS_VERSION = 5
"""Part of the stored features' names: raise it when `analyse` gives other numbers."""

SHORTEST_ANALYSED_SAMPLES = 3 * audio.SAMPLE_RATE  # the lowest octave is analysed at a 64th of the rate, 1024 samples at once


ROWS = {"chroma": (12,), "harmonic_chroma": (12,), "bands": (3,)}
OF_BEATS = ("beat_times", "tempo")


@dataclass(frozen=True, kw_only=True)
class Features:
    """A sound's features at the control rate; F control frames, the f-th centred at sample ``f * HOP_LENGTH``.

    Parameters
    ----------
    chroma
        float32 [12, F], energy by pitch class; each column's maximum is 1, or all are 0 in silence.
    harmonic_chroma
        float32 [12, F], the same of what rings only.
    chroma_energy
        float32 [F], at least 0: how loud that is which rings, unscaled.
    energy
        float64 [F], mean mel power, scaled to 0 ... 1 over the file.
    flux
        float64 [F], rise of the mean mel power, scaled to at most 1 over the file.
    onset_strength
        float32 [F], librosa's spectral novelty, unscaled.
    percussive_onset_strength
        float32 [F], the same of what hits only.
    bands
        float32 [3, F], mean mel power of low (below 200 Hz), mid and high (above 2000 Hz) sound, unscaled.
    beat_times
        float64 [B], seconds from the sound's beginning, rising.
    tempo
        float64 [], beats a minute; 0 where there are none.
    notes
        Sentences for people: what was missing in the file.
    is_stamped
        Whether the file's time stamps put silence before or between its samples.
    directing
        What directs the film, where another sound moves it, see `stems`; None: the same.
    bars_seconds
        When bars begin, where a tempo map says so, see `midi`; empty: where they are heard.
    """

    chroma: np.ndarray
    harmonic_chroma: np.ndarray
    chroma_energy: np.ndarray
    energy: np.ndarray
    flux: np.ndarray
    onset_strength: np.ndarray
    percussive_onset_strength: np.ndarray
    bands: np.ndarray
    beat_times: np.ndarray
    tempo: np.ndarray
    notes: tuple[str, ...] = ()
    is_stamped: bool = False
    directing: "Features | None" = None
    bars_seconds: tuple[Fraction, ...] = ()

    @property
    def seconds(self) -> Fraction:
        """The sound's length."""
        return len(self.energy) / CONTROL_RATE


ARRAYS = tuple(field.name for field in fields(Features) if field.name not in ("notes", "is_stamped", "directing", "bars_seconds"))


def load(path: Path, folder: Path, *, digest: str, by_stamps: bool = True) -> Features:
    """Give the features of a sound file, analysed now or before.

    Parameters
    ----------
    path
        The sound file.
    folder
        Where analysed features are kept.
    digest
        `file_digest` of the file.
    by_stamps
        Whether its samples lie where its time stamps put them, as players have it; else in a row, as Blender plays them. Of most files
        that is the same.
    """
    entry, in_a_row = (folder / f"{digest}-{ANALYSIS_VERSION}{row}.npz" for row in ("", "-in-a-row"))
    kept = _read(entry)
    if not by_stamps and (kept is None or kept.is_stamped):
        kept = _read(in_a_row)
    if kept is None:
        sound = audio.read(path)
        if sound.is_stamped and not by_stamps:
            entry, sound = in_a_row, audio.read(path, by_stamps=False)
        kept = replace(analyse(sound.samples), notes=sound.notes, is_stamped=sound.is_stamped)
        save(kept, entry, digest=digest)
    return kept


def file_digest(path: Path) -> str:
    """Digest a file's content: 32 hexadecimal digits.

    Raises
    ------
    UserError
        If it is no file, or cannot be read to its end.
    """
    check_is_file(path, cure=audio.CURE)
    with read_errors_explained(path, cure=audio.CURE), path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def save(features: Features, path: Path, *, digest: str) -> None:
    """Write features to a .npz file, each field under its name, with the digest of the sound that they were heard in."""
    buffer = io.BytesIO()
    arrays = {name: getattr(features, name) for name in ARRAYS}
    np.savez(buffer, sound=np.array(digest), notes=np.array(features.notes, np.str_), is_stamped=features.is_stamped, **arrays)
    write_whole(path, buffer.getvalue())


def read_saved(path: Path, *, digest: str) -> Features:
    """Read features that `save` wrote and somebody may have edited since.

    Parameters
    ----------
    path
        The .npz file.
    digest
        `file_digest` of the sound that they must belong to.

    Raises
    ------
    UserError
        If they cannot be read, belong to another sound, or are not of one length.
    """
    check_is_file(path, cure=f"Write features with: {PROGRAM} analyse SONG --out FILE.npz.")
    kept, heard_in = _read_whole(path)
    if kept is None:
        raise UserError(f"“{path.name}” holds no features.", f"Write them anew: {PROGRAM} analyse SONG --out FILE.npz.")
    if heard_in != digest:
        raise UserError(f"The features in “{path.name}” are another sound's.", "Name the sound that they were heard in.")
    for name, problem in _problems(kept):
        raise UserError(f"In “{path.name}”, {name} {problem}.", "Write it anew, or mend it where you edited it.")
    return kept


def _problems(features: Features) -> Iterator[tuple[str, str]]:
    frame_count = len(features.energy)
    for name in ARRAYS:
        values = getattr(features, name)
        if name not in OF_BEATS and (values.shape != (*ROWS.get(name, ()), frame_count) or not frame_count):
            yield name, f"has the shape {values.shape}, where the energy has {frame_count} control frames"
        elif not np.isfinite(values).all() or (values < 0).any():
            yield name, "holds values that are below 0 or no numbers"


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
    frame_count = spectra.frame_count(samples)
    padded = np.pad(samples, (0, SHORTEST_ANALYSED_SAMPLES - len(samples))) if len(samples) < SHORTEST_ANALYSED_SAMPLES else samples
    mel, tuning = spectra.mel_power_and_tuning(padded)
    constant_q = spectra.constant_q(padded, tuning=tuning)  # [252, at least F]
    chroma = hearing.chroma(constant_q)
    mel, chroma, constant_q = (curves[:, :frame_count] for curves in (mel, chroma, constant_q))
    halves = splitting.split(samples, constant_q, tuning=tuning)
    power = mel.mean(axis=0, dtype=np.float64)  # [F]
    onset_strength = hearing.onset_strength(mel)
    beat_frames, tempo = beats.track(onset_strength)
    return Features(
        chroma=chroma,
        harmonic_chroma=hearing.chroma(halves.ringing),
        chroma_energy=np.einsum("bf,bf->f", halves.ringing, halves.ringing),
        energy=over_its_range(power),
        flux=flux_of(power),
        onset_strength=onset_strength,
        percussive_onset_strength=hearing.onset_strength(halves.hitting_mel),
        bands=hearing.bands(mel),
        beat_times=beat_frames / float(CONTROL_RATE),
        tempo=np.array(tempo),
    )


def over_its_range(power: np.ndarray) -> np.ndarray:
    """Scale a curve, float [F], to 0 ... 1; one that never changes is 0."""
    extent = np.ptp(power)
    return (power - power.min()) / extent if extent > 0 else np.zeros_like(power)


def flux_of(power: np.ndarray) -> np.ndarray:
    """Give a curve's rise, float [F], scaled to at most 1; 0 where it falls."""
    rise = np.gradient(power) if len(power) > 1 else np.zeros_like(power)
    return np.clip(rise / rise.max(), 0, None) if rise.max() > 0 else np.zeros_like(power)


def _read(entry: Path) -> Features | None:
    return _read_whole(entry)[0]


def _read_whole(entry: Path) -> tuple[Features | None, str]:
    """Read features, and the digest of the sound that they were heard in; None: never written, or damaged."""
    try:
        arrays = read_arrays(entry)
        notes = tuple(map(str, arrays["notes"].tolist())) if "notes" in arrays else ()
        is_stamped = "is_stamped" in arrays and bool(arrays["is_stamped"])
        kept: dict[str, Any] = {name: arrays[name] for name in ARRAYS}
        features = Features(**kept, notes=notes, is_stamped=is_stamped)
        return features, str(arrays.get("sound", ""))
    except (OSError, KeyError, ValueError, TypeError):
        return None, ""
