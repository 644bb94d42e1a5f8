"""Requests for films, and the films themselves, as the tests of the core compare them."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np

from core.files import TEMPORARY_PREFIX
from core.protocol import FrameSequence, Machine, Model, Precision, RenderRequest, Settings
from core.sound import features
from core.sound.features import CONTROL_RATE, Features


def request(folder: Path, sound: Path, **changes: object) -> RenderRequest:
    """Ask for a short film of sync cards, all of it below `folder`."""
    plain = RenderRequest(
        name="Film",
        sound_path=str(sound),
        source_start_seconds=Fraction(0),
        frame_count=20,
        fps=Fraction(25),
        settings=Settings(model=Model.SYNC_CARD),
        frames_folder=str(folder / "films"),
        cache_folder=str(folder / "cache"),
        # Which precision is faster here is measured once for each cache folder; on a busy machine two folders may disagree.
        machine=Machine(precision=Precision.FLOAT32),
    )
    return dataclasses.replace(plain, **changes)


def hear(request: RenderRequest) -> RenderRequest:
    """Analyse a request's sound here and now, so that a fresh process need not: it would spend two seconds on importing librosa."""
    sound = Path(request.sound_path)
    features.load(sound, Path(request.cache_folder) / "sounds", digest=features.file_digest(sound))
    return request


def paths(frames: FrameSequence) -> list[Path]:
    """Give a film's pictures, in order."""
    return [Path(frames.folder) / name for name in frames.file_names()]


def content(frames: FrameSequence) -> list[bytes]:
    """Read a film's pictures."""
    return [path.read_bytes() for path in paths(frames)]


def files_below(folder: Path) -> list[Path]:
    """List all files below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def kept_pictures(cache_folder: Path) -> list[Path]:
    """List a cache's pictures, leaving out what is still being written."""
    return [path for path in files_below(cache_folder / "pictures") if not path.name.startswith(TEMPORARY_PREFIX)]


def random_features(frames: int, *, seed: int = 0, quiet: float = 0.0) -> Features:
    """Make random features of so many control frames, a share of them quiet."""
    rng = np.random.default_rng(seed)
    chroma = rng.random((12, frames)).astype(np.float32)
    chroma *= rng.uniform(0.3, 1, (12, 1)).astype(np.float32)
    chroma /= chroma.max(axis=0)
    chroma[:, rng.random(frames) < quiet] = 0
    energy = rng.random(frames)
    return Features(
        chroma=chroma,
        energy=energy,
        flux=np.clip(rng.normal(0, 0.3, frames), 0, 1),
        onset_strength=energy.astype(np.float32),
        harmonic_chroma=chroma[::-1].copy(),
        chroma_energy=chroma.max(axis=0) * energy.astype(np.float32),
        percussive_onset_strength=rng.random(frames).astype(np.float32),
        bands=rng.random((3, frames)).astype(np.float32),
        beat_times=np.arange(10, frames, 20) * float(1 / CONTROL_RATE),
        tempo=np.array(60 * float(CONTROL_RATE) / 20),
    )


def silence(frames: int) -> Features:
    """Make the features of silence."""
    return Features(
        chroma=np.zeros((12, frames), np.float32),
        energy=np.zeros(frames),
        flux=np.zeros(frames),
        onset_strength=np.zeros(frames, np.float32),
        harmonic_chroma=np.zeros((12, frames), np.float32),
        chroma_energy=np.zeros(frames, np.float32),
        percussive_onset_strength=np.zeros(frames, np.float32),
        bands=np.zeros((3, frames), np.float32),
        beat_times=np.zeros(0),
        tempo=np.array(0.0),
    )
