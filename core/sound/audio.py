"""Sound files to samples: any file that an editor has, decoded block by block to mono float32 at one rate.

libsndfile reads what it knows exactly; everything else (mp3, m4a, the sound of a movie), and what libsndfile loses a part of, goes through
FFmpeg, as it does in Blender. Samples lie where the file's time stamps put them. Never keeps more than the mono samples in memory.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import soxr

from ..input_files import check_is_file, read_errors_explained
from ..protocol import UserError
from . import unfinished
from .limits import SoundLimits

SAMPLE_RATE = 22_050
"""Samples a second of everything that is analysed."""

CURE = "Choose a sound file that you may read."
SHORTEST_SECONDS = Fraction(1, 10)
BLOCK_SAMPLES = 1 << 18
LOUDEST = 1e12  # full scale is 1, or 2**31 where floats hold integers; the square of a spectrum must not overflow
LIBSNDFILE_FORMATS = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "OGG"}
# FLAC is missing, since libsndfile reads no more of it than its header says, and FFmpeg gives the same samples.
# MP3 is missing on purpose: FFmpeg skips the encoder's delay just as Blender does, so that both hear the same first sample.
SHORTEST_HOLE_SECONDS = Fraction(1, 100)
"""Time stamps of files that have no hole are up to 0.7 ms off their samples (27 containers and codecs tried); one lost packet is 20 ms."""
LONGEST_HOLES_SECONDS = 3600
"""So much silence may a file's time stamps ask for, all in all; beyond it, and where they jump back, they count from somewhere else."""
JUMP_BACK_SECONDS = Fraction(1, 10)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A decoded file.

    Parameters
    ----------
    samples
        float32 [n], mono, `SAMPLE_RATE`.
    notes
        Sentences for people: what was missing in it.
    is_stamped
        Whether its time stamps put silence between its samples, or before them.
    """

    samples: np.ndarray
    notes: tuple[str, ...] = ()
    is_stamped: bool = False


def load(path: Path) -> np.ndarray:
    """Decode a whole file, its samples where its time stamps put them.

    Parameters
    ----------
    path
        A sound file, or a movie with sound.

    Returns
    -------
    np.ndarray
        float32 [n], mono (the mean of all channels), `SAMPLE_RATE`. The first sample lies where a movie begins, be it with pictures or
        with sound; a file of sound alone begins with its first sample.

    Raises
    ------
    UserError
        If the file is missing, cannot be read, holds no sound, is shorter than 0.1 s, or holds values that are no sound, such as NaN.
    """
    return read(path).samples


def read(path: Path, *, by_stamps: bool = True) -> Sound:
    """Decode a whole file as `load` does, or, without `by_stamps`, all of its samples in a row, as Blender plays them."""
    check_is_file(path, cure=CURE)
    with read_errors_explained(path, cure=CURE):
        samples, is_stamped = _read(path, by_stamps=by_stamps)
        if len(samples) < SHORTEST_SECONDS * SAMPLE_RATE:
            raise UserError(
                f"“{path.name}” holds {len(samples)} samples of sound ({len(samples) / SAMPLE_RATE:.4f} s).",
                f"Choose a sound of at least {float(SHORTEST_SECONDS)} s.",
            )
        return Sound(samples=samples, notes=tuple(_missing(path, len(samples))), is_stamped=is_stamped)


def _read(path: Path, *, by_stamps: bool) -> tuple[np.ndarray, bool]:
    """Read with libsndfile what it reads whole, and all else with FFmpeg; say whether time stamps made a difference."""
    samples, silences = np.zeros(0, np.float32), list[Fraction]()
    if _libsndfile_reads(path) and not unfinished.has_wrong_length(path) and sum(unfinished.ogg_streams(path)) <= 1:
        with contextlib.suppress(soundfile.LibsndfileError):
            samples = _with_libsndfile(path)
    if len(samples) < SHORTEST_SECONDS * SAMPLE_RATE:
        samples = _with_ffmpeg(path, silences if by_stamps else None)
    return samples, bool(silences)


def _missing(path: Path, count: int) -> Iterator[str]:
    """Say what a file's header leaves open, or promises in vain."""
    seconds, promised = Fraction(count, SAMPLE_RATE), unfinished.promised_seconds(path)
    read = f"{float(seconds):.1f} s were read"
    if unfinished.has_wrong_length(path):
        yield f"“{path.name}” was not closed, so that its header says less than it holds: {read}."
    elif promised is not None and abs(promised - seconds) > SHORTEST_SECONDS:
        yield f"“{path.name}” says that it is {float(promised):.1f} s long: {read}."
    elif promised is None and _format(path) == "FLAC":
        yield f"“{path.name}” does not say how long it is: {read}."
    if later := unfinished.ogg_streams(path)[1]:
        yield f"“{path.name}” is {later + 1} Ogg files in a row: {read}."


def _libsndfile_reads(path: Path) -> bool:
    return _format(path) in LIBSNDFILE_FORMATS


def _format(path: Path) -> str:
    try:
        return soundfile.info(path).format
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a header-less .raw file asks for its format
        return ""


def _with_libsndfile(path: Path) -> np.ndarray:
    resampler, done = _Resampler(path), [np.zeros(0, np.float32)]
    with soundfile.SoundFile(path) as sound:
        for block in sound.blocks(BLOCK_SAMPLES, dtype="float32", always_2d=True):  # [n, channels]
            done.extend(resampler.take(block, sound.samplerate))
    return np.concatenate([*done, *resampler.rest()])


def _with_ffmpeg(path: Path, silences: list[Fraction] | None) -> np.ndarray:
    resampler, done = _Resampler(path), [np.zeros(0, np.float32)]
    for planes in decoded(path, silences, format="fltp"):
        done.extend(resampler.take(planes.to_ndarray().T, planes.sample_rate))
    return np.concatenate([*done, *resampler.rest()])


def decoded(path: Path, silences: list[Fraction] | None, **wanted: Any) -> Iterator[av.AudioFrame]:
    """Decode a file's first sound with FFmpeg.

    Parameters
    ----------
    path
        A sound file, or a movie with sound.
    silences
        Takes the length in seconds of each silence that the file's time stamps ask for; None: all samples are wanted in a row.
    **wanted
        What to convert the frames to: `av.AudioResampler`'s arguments.

    Raises
    ------
    UserError
        If it cannot be read, or holds no sound.
    """
    is_open = unfinished.has_wrong_length(path)
    options = {"ignore_length": "1"} if is_open else {}
    try:
        with (
            unfinished.opened(path) if is_open else contextlib.nullcontext(str(path)) as source,
            av.open(source, "r", metadata_errors="replace", options=options) as container,
        ):
            if not container.streams.audio:
                raise UserError(f"“{path.name}” holds no sound.", "Choose a sound file, or a movie with sound.")
            yield from _converted(container, silences, **wanted)
    except (av.FFmpegError, OSError) as error:
        raise UserError(
            f"“{path.name}” cannot be read as sound: {getattr(error, 'strerror', None) or error}.",
            "Play it in Blender: if it is silent there too, export or download it again.",
        ) from error


def _converted(container: av.container.InputContainer, silences: list[Fraction] | None, **wanted: Any) -> Iterator[av.AudioFrame]:
    converter, kind_before = None, None
    for frame in _undamaged_frames(container) if silences is None else _in_place(container, silences):
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        if kind != kind_before:  # the first frame; files that were strung together switch in the middle
            if converter is not None:
                yield from converter.resample(None)
            converter, kind_before = av.AudioResampler(**wanted), kind
        assert converter is not None
        frame.pts = None  # from here on, samples are counted
        yield from converter.resample(frame)
    if converter is not None:
        yield from converter.resample(None)


def _in_place(container: av.container.InputContainer, silences: list[Fraction]) -> Iterator[av.AudioFrame]:
    """Put frames where their time stamps say, by silence before them; no sample is dropped.

    Of a movie, time counts from its first picture or sample on; of a sound alone, whose stamps may begin after the encoder's delay, from
    its first sample on.
    """
    begin, due = None, Fraction(0)  # seconds: what the stamps count from; where the next sample lies
    for frame in _undamaged_frames(container):
        if frame.pts is not None and frame.time_base is not None:
            stamp = frame.pts * frame.time_base
            shortest = SHORTEST_HOLE_SECONDS if begin is not None else 0
            begin = min([stamp, *_picture_starts(container)]) if begin is None else begin
            hole = stamp - begin - due
            if hole < -JUMP_BACK_SECONDS or sum(silences) + hole > LONGEST_HOLES_SECONDS:
                begin += hole
            elif hole > shortest:
                yield from _silence(frame, round(hole * frame.sample_rate))
                due += hole
                silences.append(hole)
        yield frame
        due += Fraction(frame.samples, frame.sample_rate)


def _picture_starts(container: av.container.InputContainer) -> Iterator[Fraction]:
    """Give where pictures begin; FFmpeg lets a song's cover begin with its sound."""
    for stream in container.streams.video:
        if stream.start_time is not None and stream.time_base:
            yield stream.start_time * stream.time_base


def _silence(like: av.AudioFrame, count: int) -> Iterator[av.AudioFrame]:
    """Give `count` silent samples in frames of one kind with another."""
    level = b"\x80" if like.format.name in ("u8", "u8p") else b"\0"
    for first in range(0, count, BLOCK_SAMPLES):
        frame = av.AudioFrame(format=like.format.name, layout=like.layout.name, samples=min(BLOCK_SAMPLES, count - first))
        frame.sample_rate = like.sample_rate
        for plane in frame.planes:
            plane.update(level * plane.buffer_size)
        yield frame


def _undamaged_frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """Decode all but damaged packets, as players do."""
    for packet in container.demux(container.streams.audio[0]):
        with contextlib.suppress(av.InvalidDataError):
            yield from packet.decode()


class _Resampler:
    """Turns blocks of any rate into mono samples at `SAMPLE_RATE`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._limits, self._rate = SoundLimits(path), 0
        self._stream: soxr.ResampleStream | None = None

    def take(self, block: np.ndarray, rate: int) -> Iterator[np.ndarray]:
        """Take a block, [n, channels]; give the samples that are ready."""
        self._limits.count(len(block), rate)
        mono = _mono(block, self._path)
        if rate != self._rate:  # the first block; FFmpeg may also switch the rate in mid-file
            yield from self.rest()
            self._rate, self._stream = rate, soxr.ResampleStream(rate, SAMPLE_RATE, num_channels=1, dtype="float32")
        assert self._stream is not None
        yield self._stream.resample_chunk(mono)

    def rest(self) -> list[np.ndarray]:
        """Give the last samples."""
        return [] if self._stream is None else [self._stream.resample_chunk(np.zeros(0, np.float32), last=True)]


def _mono(block: np.ndarray, path: Path) -> np.ndarray:
    mono = block.mean(axis=1, dtype=np.float32)
    if not (np.abs(mono) < LOUDEST).all():  # NaN is not below it either
        raise UserError(
            f"“{path.name}” holds samples that are no sound (NaN, infinite, or beyond {LOUDEST:.0e}).",
            "Export the sound again, as 16 or 24 bits.",
        )
    return mono
