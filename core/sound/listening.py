"""From a request to what its film hears: the sound, with the stems, MIDI files and beats that stand for parts of it."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from ..protocol import RenderRequest, Stem, is_midi
from . import features, midi, stems
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
    for stem, take, notes in (
        (request.motion_stem, stems.with_motion_of, midi.moving),
        (request.class_stem, stems.with_classes_of, midi.sounding),
    ):
        if stem is None:
            continue
        offset, path = _offset(request, stem.source_start_seconds), Path(stem.sound_path)
        if not is_midi(stem.sound_path):
            heard = take(heard, load(path, folder, by_stamps=request.by_stamps), offset_seconds=offset)
            continue
        score = midi.read(path)
        if driving := notes(score, stem.notes):
            heard = take(heard, _of_notes(score, driving, heard, offset), offset_seconds=Fraction(0))
    if tempo_map := request.tempo_map:
        beats, bars = beats_and_bars(tempo_map, offset=_offset(request, tempo_map.source_start_seconds), seconds=heard.seconds)
        heard = stems.with_bars(stems.with_beats(heard, beats), bars)
    return stems.with_beats(heard, request.beats_seconds)


def beats_and_bars(tempo_map: Stem, *, offset: Fraction, seconds: Fraction) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """Give a MIDI file's beats and bars within a sound of some length, in the sound's own time.

    Parameters
    ----------
    tempo_map
        Names the file.
    offset
        What is at time t in the sound, is at ``t + offset`` in the file.
    seconds
        How long the sound is.
    """
    grid = midi.read(Path(tempo_map.sound_path)).tempo_map.grid(seconds + offset)
    beats, bars = (tuple(second - offset for second in times if second >= offset) for times in grid)
    return beats, bars


def _of_notes(score: midi.Score, notes: Sequence[midi.Note], heard: Features, offset: Fraction) -> Features:
    return replace(midi.features(notes, control_frames=len(heard.energy), offset_seconds=offset), notes=score.warnings)


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
