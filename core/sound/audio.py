"""Sound files to samples: any file that an editor has, decoded block by block to mono float32 at one rate.

libsndfile reads what it knows exactly; everything else (mp3, m4a, the sound of a movie) goes through FFmpeg, as it does in Blender.
Never keeps more than the mono samples in memory.
"""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
import soxr

from ..protocol import UserError
from .limits import SoundLimits

SAMPLE_RATE = 22_050
"""Samples a second of everything that is analysed."""

SHORTEST_SECONDS = Fraction(1, 10)
BLOCK_SAMPLES = 1 << 18
LOUDEST = 1e12  # full scale is 1, or 2**31 where floats hold integers; the square of a spectrum must not overflow
LIBSNDFILE_FORMATS = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG"}
# MP3 is missing on purpose: FFmpeg skips the encoder's delay just as Blender does, so that both hear the same first sample.


def load(path: Path) -> np.ndarray:
    """Decode a whole file.

    Parameters
    ----------
    path
        A sound file, or a movie with sound.

    Returns
    -------
    np.ndarray
        float32 [n], mono (the mean of all channels), `SAMPLE_RATE`.

    Raises
    ------
    UserError
        If the file is missing, cannot be read, holds no sound, is shorter than 0.1 s, or holds values that are no sound, such as NaN.
    """
    _check_is_readable(path)
    blocks = _decode_with_libsndfile(path) if _libsndfile_reads(path) else _decode_with_ffmpeg(path)
    samples = _resample(blocks, path)
    if len(samples) < SHORTEST_SECONDS * SAMPLE_RATE:
        raise UserError(
            f"“{path.name}” holds {len(samples)} samples of sound ({len(samples) / SAMPLE_RATE:.4f} s).",
            f"Choose a sound of at least {float(SHORTEST_SECONDS)} s.",
        )
    return samples


def _check_is_readable(path: Path) -> None:
    if not path.exists():
        raise UserError(f"There is no file {path}.", "Put it back, or choose another sound.")
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "Choose a sound file that you may read.") from error


def _libsndfile_reads(path: Path) -> bool:
    try:
        return soundfile.info(path).format in LIBSNDFILE_FORMATS
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a header-less .raw file asks for its format
        return False


def _decode_with_libsndfile(path: Path) -> Iterator[tuple[np.ndarray, int]]:
    try:
        with soundfile.SoundFile(path) as sound:
            for block in sound.blocks(BLOCK_SAMPLES, dtype="float32", always_2d=True):  # [n, channels]
                yield block, sound.samplerate
    except soundfile.LibsndfileError as error:
        raise UserError(f"“{path.name}” breaks off: {error.error_string}", "Export or download the sound again.") from error


def _decode_with_ffmpeg(path: Path) -> Iterator[tuple[np.ndarray, int]]:
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if not container.streams.audio:
                raise UserError(f"“{path.name}” holds no sound.", "Choose a sound file, or a movie with sound.")
            for planes in decode_frames(container, format="fltp"):
                yield planes.to_ndarray().T, planes.sample_rate  # [n, channels]
    except (av.FFmpegError, OSError) as error:
        raise UserError(
            f"“{path.name}” cannot be read as sound: {getattr(error, 'strerror', None) or error}.",
            "Play it in Blender: if it is silent there too, export or download it again.",
        ) from error


def decode_frames(container: av.container.InputContainer, **wanted: Any) -> Iterator[av.AudioFrame]:
    """Decode a container's first sound, leaving out damaged packets, as players do.

    Parameters
    ----------
    container
        An open file that holds sound.
    **wanted
        What to convert the frames to: `av.AudioResampler`'s arguments.
    """
    converter, kind_before = None, None
    for frame in _undamaged_frames(container):
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        if kind != kind_before:  # the first frame; files that were strung together switch in the middle
            if converter is not None:
                yield from converter.resample(None)
            converter, kind_before = av.AudioResampler(**wanted), kind
        assert converter is not None
        frame.pts = None  # samples are counted, here and by everyone who reads them
        yield from converter.resample(frame)
    if converter is not None:
        yield from converter.resample(None)


def _undamaged_frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    for packet in container.demux(container.streams.audio[0]):
        with contextlib.suppress(av.InvalidDataError):
            yield from packet.decode()


def _resample(blocks: Iterator[tuple[np.ndarray, int]], path: Path) -> np.ndarray:
    resampler: soxr.ResampleStream | None = None
    rate_before, done = 0, [np.zeros(0, np.float32)]
    limits = SoundLimits(path)
    for block, rate in blocks:
        limits.count(len(block), rate)
        mono = _mono(block, path)
        if rate != rate_before:  # the first block; FFmpeg may also switch the rate in mid-file
            done.extend(_rest(resampler))
            resampler, rate_before = soxr.ResampleStream(rate, SAMPLE_RATE, num_channels=1, dtype="float32"), rate
        assert resampler is not None
        done.append(resampler.resample_chunk(mono))
    done.extend(_rest(resampler))
    return np.concatenate(done)


def _rest(resampler: soxr.ResampleStream | None) -> list[np.ndarray]:
    return [] if resampler is None else [resampler.resample_chunk(np.zeros(0, np.float32), last=True)]


def _mono(block: np.ndarray, path: Path) -> np.ndarray:
    mono = block.mean(axis=1, dtype=np.float32)
    if not (np.abs(mono) < LOUDEST).all():  # NaN is not below it either
        raise UserError(
            f"“{path.name}” holds samples that are no sound (NaN, infinite, or beyond {LOUDEST:.0e}).",
            "Export the sound again, as 16 or 24 bits.",
        )
    return mono
