"""Sound files for tests, made on the spot: click tracks whose clicks can be found again to a fraction of a millisecond, and broken files.

Needs numpy, soundfile and av only, so that tests inside Blender can use it too.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

RATE = 44_100
CLICK_SECONDS = 0.01
CLICK_HZ = 1500
FIRST_CLICK, CLICK_INTERVAL = 0.25, 0.5  # seconds

LIBSNDFILE_SUFFIXES = {".wav", ".flac", ".ogg", ".aiff"}
FFMPEG_CODECS = {".mp3": "libmp3lame", ".m4a": "aac", ".mp4": "aac", ".mov": "aac", ".mkv": "libopus", ".opus": "libopus"}
MOVIES = {".mp4", ".mov", ".mkv"}
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def click_times(seconds: float) -> np.ndarray:
    """Say where the clicks of `click_track` begin, in seconds: float64 [n]."""
    return np.arange(FIRST_CLICK, seconds - CLICK_SECONDS, CLICK_INTERVAL)


def click_track(*, seconds: float = 3.0, rate: int = RATE) -> np.ndarray:
    """Make clicks on a faint chord: float32 [n]."""
    time = np.arange(round(seconds * rate)) / rate
    samples = sum(0.02 * np.sin(2 * np.pi * hz * time) for hz in (220, 277.18, 329.63))
    for begin in click_times(seconds):
        first = round(begin * rate)
        samples[first : first + len(one_click(rate))] += 0.7 * one_click(rate)
    return samples.astype(np.float32)


def find_clicks(samples: np.ndarray, rate: int) -> np.ndarray:
    """Find where clicks begin, in seconds, float64 [n], by their likeness to the one that was written."""
    click = one_click(rate)
    likeness = np.abs(np.correlate(samples, click, mode="full")[len(click) - 1 :])  # [n], at a click's first sample
    found = []
    while likeness.max() > 0.4 * np.dot(click, click) * 0.7:
        best = int(likeness.argmax())
        found.append(best / rate)
        likeness[max(0, best - rate // 10) : best + rate // 10] = 0
    return np.sort(found)


def chord(*, seconds: float, rate: int = RATE, hz: tuple[float, ...] = (220, 277.18, 329.63)) -> np.ndarray:
    """Make a chord that swells and fades: float32 [n]."""
    time = np.arange(round(seconds * rate)) / rate
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * time / max(seconds, 1e-9))
    return (swell * sum(0.2 * np.sin(2 * np.pi * note * time) for note in hz)).astype(np.float32)


def melody(*, seconds: float, rate: int = 22_050) -> np.ndarray:
    """Make changing notes with a beat: float32 [n]."""
    time = np.arange(round(seconds * rate)) / rate
    note = np.array([0, 4, 7, 12, 9, 5, 2, 11])[(time / 0.4).astype(int) % 8]
    beat = np.exp(-8 * (time % 0.4))
    return (0.4 * beat * np.sin(2 * np.pi * np.cumsum(220 * 2 ** (note / 12)) / rate)).astype(np.float32)


def bursts(*, seconds: float, rate: int = 22_050) -> np.ndarray:
    """Give seven bursts of noise a second: what is drawn to them flashes."""
    phase = np.arange(round(seconds * rate)) / rate * 7 % 1
    noise = np.random.default_rng(0).standard_normal(len(phase))
    return (0.5 * noise * (phase < 0.3) * np.exp(-8 * phase)).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Write samples, [n] or [n, channels], in the format that the suffix names; movies get a grey picture."""
    if path.suffix in LIBSNDFILE_SUFFIXES:
        soundfile.write(path, samples, rate)
    else:
        _write_with_ffmpeg(path, samples.reshape(len(samples), -1), rate)
    return path


# Broken and odd files -------------------------------------------------------------------------------------------------------------------


def _folder(path: Path) -> None:
    path.mkdir()


def _no_numbers(value: float) -> Callable[[Path], None]:
    def write_them(path: Path) -> None:
        samples = chord(seconds=1)
        samples[len(samples) // 2] = value
        soundfile.write(path, samples, RATE, subtype="FLOAT")

    return write_them


def _silent_movie(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        for number in range(25):
            _mux_grey(container, stream, number)
        container.mux(stream.encode())


def _cut(suffix: str, share: float) -> Callable[[Path], None]:
    def write_it(path: Path) -> None:
        whole = write(path.with_name(f"whole{suffix}"), click_track())
        path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
        whole.unlink()

    return write_it


BAD: dict[str, tuple[str, Callable[[Path], object]]] = {
    "missing": ("gone.wav", lambda _: None),
    "a folder": ("folder.wav", _folder),
    "empty": ("empty.wav", lambda path: path.write_bytes(b"")),
    "text": ("text.wav", lambda path: path.write_text("Dear editor, this is no sound.\n" * 50)),
    "noise without a header": ("noise.mp3", lambda path: path.write_bytes(bytes(range(1, 200)) * 7)),
    "a header only": ("header.wav", lambda path: soundfile.write(path, np.zeros(0), RATE)),
    "one sample": ("one.wav", lambda path: soundfile.write(path, np.ones(1), RATE)),
    "not a number": ("nan.wav", _no_numbers(np.nan)),
    "infinite": ("infinite.wav", _no_numbers(np.inf)),
    "beyond all measure": ("huge.wav", _no_numbers(1e30)),
    "a movie without sound": ("silent.mp4", _silent_movie),
    "a cut movie": ("cut.mp4", _cut(".mp4", 0.5)),  # its index stood at the end
    "a cut header": ("cut.wav", _cut(".wav", 0.0001)),
}
"""What no film can come from: kind, to the file's name and what writes it."""


def write_bad(folder: Path, kind: str) -> Path:
    """Write one of `BAD` into a folder and give its path (where it would be, if its fault is that it is missing)."""
    name, write_it = BAD[kind]
    write_it(folder / name)
    return folder / name


# Parts ----------------------------------------------------------------------------------------------------------------------------------


def one_click(rate: int) -> np.ndarray:
    """Make one click: float64 [n]."""
    time = np.arange(round(CLICK_SECONDS * rate)) / rate
    return np.sin(2 * np.pi * CLICK_HZ * time) * np.exp(-400 * time)


def _write_with_ffmpeg(path: Path, samples: np.ndarray, rate: int) -> None:
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=25) if path.suffix in MOVIES else None
        sound = container.add_stream(FFMPEG_CODECS[path.suffix], rate=48_000 if "opus" in FFMPEG_CODECS[path.suffix] else rate)
        sound.layout = LAYOUTS[samples.shape[1]]
        sound.bit_rate = 192_000
        if pictures is not None:
            pictures.width = pictures.height = 64
            for number in range(round(25 * len(samples) / rate)):
                _mux_grey(container, pictures, number)
            container.mux(pictures.encode())
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T, np.float32), format="fltp", layout=LAYOUTS[samples.shape[1]])
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for packet_frame in av.AudioResampler(format=sound.format, layout=sound.layout, rate=sound.rate).resample(frame):
            container.mux(sound.encode(packet_frame))
        container.mux(sound.encode())


def _mux_grey(container: av.container.OutputContainer, stream: av.VideoStream, number: int) -> None:
    image = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
    image.pts, image.time_base = number, Fraction(1, 25)
    container.mux(stream.encode(image))
