"""Movies and sounds whose time stamps say more than their samples do: sound that begins late, holes, files that nobody closed.

Clicks are those of `sounds.find_clicks`, at 1.0, 2.0 and 3.5 s of a file of 5 s, wherever the stamps put them.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests import sounds

CLICKS = (1.0, 2.0, 3.5)
RATE = 48_000
BLOCK = 960  # samples in one frame of input: 20 ms
SOUND_OF = {
    ".mkv": ("mpeg4", "pcm_s16le"),
    ".mp4": ("mpeg4", "aac"),
    ".mov": ("mpeg4", "pcm_s16le"),
    ".webm": ("libvpx", "libvorbis"),
    ".ts": ("mpeg2video", "mp2"),
    ".avi": ("mpeg4", "mp3"),
    ".flv": ("flv", "aac"),
}
"""Suffix, to the encoders of pictures and of sound."""


def clicks(*, seconds: float = 5.0, begin: float = 0.0) -> np.ndarray:
    """Make clicks at `CLICKS` less `begin`, on a faint tone: float32 [n]."""
    time = np.arange(round(seconds * RATE)) / RATE
    samples = 0.01 * np.sin(2 * np.pi * 220 * time)
    click = 0.7 * sounds.one_click(RATE)
    for second in CLICKS:
        if 0 <= (first := round((second - begin) * RATE)) <= len(samples) - len(click):
            samples[first : first + len(click)] += click
    return samples.astype(np.float32)


def write(
    path: Path,
    samples: np.ndarray,
    *,
    begin: float = 0.0,
    pictures_begin: float | None = 0.0,
    encoders: tuple[str, str] | None = None,
    keep: Callable[[float], bool] = lambda _: True,
) -> Path:
    """Write a movie.

    Parameters
    ----------
    path
        Its suffix names the container.
    samples
        float32 [n], mono, at `RATE`.
    begin
        Where the stamps say that the sound begins, in seconds.
    pictures_begin
        The same of the pictures, of which there are 5 s; None: there are none.
    encoders
        Those of pictures and of sound; by default `SOUND_OF` the suffix.
    keep
        Asked for the stamp in seconds of each packet of sound, whether it is written: where it is not, there is a hole.
    """
    pictures_encoder, sound_encoder = encoders or SOUND_OF[path.suffix]
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(pictures_encoder, rate=25) if pictures_begin is not None else None
        sound = container.add_stream(sound_encoder, rate=RATE, layout="mono" if sound_encoder != "libvorbis" else "stereo")
        packets = []
        if pictures is not None:
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
            packets += _pictures(pictures, round(pictures_begin * 25))
        packets += [packet for packet in sound_packets(sound, samples, begin) if keep(float(packet.pts * packet.time_base))]
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


def _pictures(stream: av.VideoStream, first: int) -> list[av.Packet]:
    packets = []
    for number in range(125):
        image = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
        image.pts, image.time_base = first + number, Fraction(1, 25)
        packets += stream.encode(image)
    return packets + stream.encode()


def sound_packets(stream: av.AudioStream, samples: np.ndarray, begin: float) -> list[av.Packet]:
    """Encode sound whose stamps begin at `begin` seconds."""
    converter = av.AudioResampler(
        format=stream.format, layout=stream.layout, rate=RATE, frame_size=stream.codec_context.frame_size or BLOCK
    )
    packets = []
    frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, round(begin * RATE), Fraction(1, RATE)
    for block in [*converter.resample(frame), *converter.resample(None)]:
        packets += stream.encode(block)
    return packets + stream.encode()
