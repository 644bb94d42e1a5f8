"""From a request to what its film hears: the sound, with the stems and beats that stand for parts of it."""

from fractions import Fraction
from pathlib import Path

from ..protocol import RenderRequest
from . import features, stems
from .features import Features


def listen(request: RenderRequest) -> Features:
    """Give the features that a request's film follows, on the sound's own time axis.

    Raises
    ------
    UserError
        If a sound is missing or cannot be read.
    """
    folder = Path(request.cache_folder) / "sounds"
    heard = _of_sound(request, folder)
    if (stem := request.motion_stem) is not None:
        heard = stems.with_motion_of(
            heard,
            load(Path(stem.sound_path), folder, by_stamps=request.by_stamps),
            offset_seconds=_offset(request, stem.source_start_seconds),
        )
    if (stem := request.class_stem) is not None:
        heard = stems.with_classes_of(
            heard,
            load(Path(stem.sound_path), folder, by_stamps=request.by_stamps),
            offset_seconds=_offset(request, stem.source_start_seconds),
        )
    return stems.with_beats(heard, request.beats_seconds)


def _of_sound(request: RenderRequest, folder: Path) -> Features:
    sound = Path(request.sound_path)
    if not request.features_path:
        return load(sound, folder, by_stamps=request.by_stamps)
    return features.read_saved(Path(request.features_path), digest=features.file_digest(sound))


def _offset(request: RenderRequest, stem_start_seconds: Fraction) -> Fraction:
    return stem_start_seconds - request.source_start_seconds


def load(sound: Path, folder: Path, *, by_stamps: bool = True) -> Features:
    """Give the features of one sound, analysed now or before; `folder` is where analysed features are kept.

    `by_stamps` says whether its time stamps count, as for players, or its samples only, as for Blender.

    Raises
    ------
    UserError
        If it is missing or cannot be read.
    """
    return features.load(sound, folder, digest=features.file_digest(sound), by_stamps=by_stamps)
