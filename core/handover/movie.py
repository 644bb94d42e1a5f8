"""Frames to a film: a movie file, with sound if wanted, or a yuv4mpeg stream for a pipe."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from ..files import whole_file
from ..pictures import read_picture
from ..protocol import MovieKind, UserError
from ..sound.audio import decoded

SOUND_RATE = 48_000
QUALITY = "16"  # x264's constant rate factor: no loss that the eye can see
AHEAD = 8
"""So many pictures are read, on two threads, while earlier ones are encoded."""


@dataclass(frozen=True, kw_only=True)
class Codec:
    """How a movie is encoded: FFmpeg's names. `smallest` is the least width and height in pixels that it can hold."""

    suffix: str
    encoder: str
    pixels: str
    options: dict[str, str]
    sound: str
    smallest: tuple[int, int] = (16, 16)
    container_options: dict[str, str] = field(default_factory=dict)


FILM = Codec(
    suffix=".mp4",
    encoder="libx264",
    pixels="yuv420p",
    options={"crf": QUALITY, "preset": "fast"},
    sound="aac",
    container_options={"movflags": "faststart"},
)
CODECS = {
    MovieKind.PRORES_422_HQ: Codec(
        suffix=".mov", encoder="prores_ks", pixels="yuv422p10le", options={"profile": "3", "vendor": "apl0"}, sound="pcm_s24le"
    ),
    MovieKind.PRORES_4444: Codec(
        suffix=".mov", encoder="prores_ks", pixels="yuv444p10le", options={"profile": "4", "vendor": "apl0"}, sound="pcm_s24le"
    ),
    MovieKind.DNXHR_HQ: Codec(
        suffix=".mov", encoder="dnxhd", pixels="yuv422p", options={"profile": "dnxhr_hq"}, sound="pcm_s24le", smallest=(256, 120)
    ),
    # Every frame can be cut at, and none depends on a later one: editors then find each at once, and at its place.
    MovieKind.H264: Codec(
        suffix=".mp4",
        encoder="libx264",
        pixels="yuv420p",
        options={"crf": "12", "preset": "fast", "g": "12", "bf": "0"},
        sound="aac",
        container_options={"movflags": "faststart"},
    ),
}


@dataclass(frozen=True, kw_only=True)
class SoundPart:
    """A part of a file's sound, its samples by their time stamps or in a row; before its beginning and after its end there is silence."""

    path: Path
    start_seconds: Fraction
    duration_seconds: Fraction
    by_stamps: bool = False


def write_mp4(
    path: Path, frames: Iterable[Path], *, fps: Fraction, sound: Path, source_start_seconds: Fraction, duration_seconds: Fraction
) -> None:
    """Write an H.264 film with AAC sound, whole or not at all.

    Parameters
    ----------
    path
        The film to write.
    frames
        Picture files, all of one width and height.
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
    part = SoundPart(path=sound, start_seconds=source_start_seconds, duration_seconds=duration_seconds, by_stamps=True)
    write_movie(path, frames, fps=fps, codec=FILM, sound=part)


def write_movie(
    path: Path,
    frames: Iterable[Path],
    *,
    fps: Fraction,
    codec: Codec,
    sound: SoundPart | None = None,
    each: Callable[[], None] = lambda: None,
) -> None:
    """Write a movie, tagged BT.709, whole or not at all.

    Parameters
    ----------
    path
        The file to write; its container follows from the codec.
    frames
        Picture files, all of one width and height; an odd one is made even by repeating the last row or column.
    fps
        Their exact rate.
    codec
        One of `CODECS`.
    sound
        What is heard, if anything.
    each
        Called after each frame; may raise, to end the work.

    Raises
    ------
    UserError
        If the movie cannot be written, a frame is missing, damaged or of another size, or all are too small for the codec.
    """
    container_format = {".mp4": "mp4", ".mov": "mov"}[codec.suffix]
    with whole_file(path) as temporary, av.open(str(temporary), "w", format=container_format, options=codec.container_options) as container:
        picture_stream = _picture_stream(container, codec, fps)
        sound_stream = _sound_stream(container, codec) if sound else None
        samples = iter(()) if sound is None else _sound_blocks(sound)
        size, heard = None, Fraction(0)
        for number, picture in enumerate(_read_ahead(frames)):
            if size is None:
                size = picture.shape
                _set_size(picture_stream, picture, codec)
            if picture.shape != size:
                raise UserError(f"Frame {number} is not as large as the first one.", "Render again: all frames of a strip have one size.")
            container.mux(picture_stream.encode(_image(picture, codec, number=number, fps=fps)))
            # A little sound after each picture: players want them side by side in the file.
            while sound_stream and heard <= (number + 1) / fps and (block := next(samples, None)) is not None:
                heard += Fraction(block.samples, SOUND_RATE)
                container.mux(sound_stream.encode(block))
            each()
        container.mux(picture_stream.encode())
        if sound_stream:
            for block in samples:
                container.mux(sound_stream.encode(block))
            container.mux(sound_stream.encode())


def _picture_stream(container: av.container.OutputContainer, codec: Codec, fps: Fraction) -> av.VideoStream:
    stream = container.add_stream(codec.encoder, rate=fps, options=codec.options)
    assert isinstance(stream, av.VideoStream)
    stream.pix_fmt = codec.pixels
    context = stream.codec_context
    context.thread_type = "AUTO"
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    return stream


def _sound_stream(container: av.container.OutputContainer, codec: Codec) -> av.AudioStream:
    stream = container.add_stream(codec.sound, rate=SOUND_RATE, layout="stereo")
    assert isinstance(stream, av.AudioStream)
    return stream


def _set_size(stream: av.VideoStream, picture: np.ndarray, codec: Codec) -> None:
    height, width = picture.shape[:2]
    if width < codec.smallest[0] or height < codec.smallest[1]:
        raise UserError(
            f"The frames are {width} x {height} pixels; {codec.encoder} begins at {codec.smallest[0]} x {codec.smallest[1]}.",
            "Choose ProRes, or larger pictures.",
        )
    stream.width, stream.height = width + width % 2, height + height % 2


def _image(picture: np.ndarray, codec: Codec, *, number: int, fps: Fraction) -> av.VideoFrame:
    height, width = picture.shape[:2]
    if height % 2 or width % 2:  # half the colour resolution asks for pairs
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    image = av.VideoFrame.from_ndarray(picture, format="rgb24")
    image = image.reformat(format=codec.pixels, dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
    image.pts, image.time_base = number, 1 / fps
    return image


def _read_ahead(frames: Iterable[Path]) -> Iterator[np.ndarray]:
    """Decode pictures on two threads, a few ahead of the one that is wanted."""
    waiting: deque[Future[np.ndarray]] = deque()
    with ThreadPoolExecutor(2) as pool:
        try:
            for frame in frames:
                waiting.append(pool.submit(read_picture, frame))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


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


def _sound_blocks(part: SoundPart) -> Iterator[av.AudioFrame]:
    """Give exactly a part of a file's sound as stereo blocks, silence where the file has none."""
    first, last = round(part.start_seconds * SOUND_RATE), round((part.start_seconds + part.duration_seconds) * SOUND_RATE)
    position = first  # of the next sample to give, in the source's time
    for offset, samples in _decoded(part):
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


def _decoded(part: SoundPart) -> Iterator[tuple[int, np.ndarray]]:
    position = 0  # counted, as the analysis does
    for block in decoded(part.path, [] if part.by_stamps else None, format="fltp", layout="stereo", rate=SOUND_RATE):
        yield position, block.to_ndarray()
        position += block.samples


def _blocks(samples: np.ndarray, *, pts: int) -> Iterator[av.AudioFrame]:
    for first in range(0, samples.shape[1], SOUND_RATE):
        block = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, first : first + SOUND_RATE]), format="fltp", layout="stereo")
        block.sample_rate, block.pts, block.time_base = SOUND_RATE, pts + first, Fraction(1, SOUND_RATE)
        yield block
