"""Frames to a film: mp4 with the sound it was drawn from, or a yuv4mpeg stream for a pipe."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np

from .audio import decode_frames
from .files import whole_file
from .pictures import read_picture

SOUND_RATE = 48_000
QUALITY = "16"  # x264's constant rate factor: no loss that the eye can see


def write_mp4(
    path: Path, frames: Iterable[Path], *, fps: Fraction, sound: Path, source_start_seconds: Fraction, duration_seconds: Fraction
) -> None:
    """Write an H.264 film with AAC sound, whole or not at all.

    Parameters
    ----------
    path
        The film to write.
    frames
        Picture files, all of one even width and height.
    fps
        Their exact rate.
    sound
        File that the sound comes from.
    source_start_seconds, duration_seconds
        Which part of it. Before the file's beginning and after its end there is silence.

    Raises
    ------
    UserError
        If the film cannot be written, or a frame is missing or damaged.
    """
    with whole_file(path) as temporary, av.open(str(temporary), "w", format="mp4", options={"movflags": "faststart"}) as container:
        picture_stream = container.add_stream("libx264", rate=fps, options={"crf": QUALITY, "preset": "fast"})
        picture_stream.pix_fmt = "yuv420p"
        sound_stream = container.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        samples = _sound_blocks(sound, start=source_start_seconds, duration=duration_seconds)
        heard = Fraction(0)
        for number, picture in enumerate(map(read_picture, frames)):
            if number == 0:
                picture_stream.height, picture_stream.width = picture.shape[:2]
            image = av.VideoFrame.from_ndarray(picture, format="rgb24")
            image.pts, image.time_base = number, 1 / fps
            container.mux(picture_stream.encode(image))
            # A little sound after each picture: players want them side by side in the file.
            while heard <= (number + 1) / fps and (block := next(samples, None)) is not None:
                heard += Fraction(block.samples, SOUND_RATE)
                container.mux(sound_stream.encode(block))
        for block in samples:
            container.mux(sound_stream.encode(block))
        container.mux(picture_stream.encode())
        container.mux(sound_stream.encode())


def write_yuv4mpeg(stream: BinaryIO, frames: Iterable[Path], *, fps: Fraction) -> None:
    """Write raw pictures for a pipe into another program: yuv4mpeg, 4:4:4, full colour resolution.

    Raises
    ------
    BrokenPipeError
        If the other program ended.
    UserError
        If a frame is missing or damaged.
    """
    for number, picture in enumerate(map(read_picture, frames)):
        image = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv444p")
        if number == 0:
            height, width = picture.shape[:2]
            stream.write(f"YUV4MPEG2 W{width} H{height} F{fps.numerator}:{fps.denominator} Ip A1:1 C444 XCOLORRANGE=LIMITED\n".encode())
        stream.write(b"FRAME\n")
        stream.writelines(plane.tobytes() for plane in image.to_ndarray())  # [3, height, width]
    stream.flush()


def _sound_blocks(path: Path, *, start: Fraction, duration: Fraction) -> Iterator[av.AudioFrame]:
    """Give exactly `duration` of a file's sound as stereo blocks, silence where the file has none."""
    first, last = round(start * SOUND_RATE), round((start + duration) * SOUND_RATE)
    position = first  # of the next sample to give, in the source's time
    for offset, samples in _decoded(path):
        begin, end = max(position, offset), min(last, offset + samples.shape[1])
        if begin > position:
            yield from _blocks(np.zeros((2, min(begin, last) - position), np.float32), pts=position - first)
            position = min(begin, last)
        if end > begin:
            yield from _blocks(samples[:, begin - offset : end - offset], pts=begin - first)
            position = end
        if position >= last:
            return
    yield from _blocks(np.zeros((2, last - position), np.float32), pts=position - first)


def _decoded(path: Path) -> Iterator[tuple[int, np.ndarray]]:
    with av.open(str(path), metadata_errors="replace") as container:
        position = 0  # counted, not read from time stamps: the analysis counts samples too
        for block in decode_frames(container, format="fltp", layout="stereo", rate=SOUND_RATE):
            yield position, block.to_ndarray()
            position += block.samples


def _blocks(samples: np.ndarray, *, pts: int) -> Iterator[av.AudioFrame]:
    for first in range(0, samples.shape[1], SOUND_RATE):
        block = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, first : first + SOUND_RATE]), format="fltp", layout="stereo")
        block.sample_rate, block.pts, block.time_base = SOUND_RATE, pts + first, Fraction(1, SOUND_RATE)
        yield block
