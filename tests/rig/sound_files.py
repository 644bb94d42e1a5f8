"""Sound files of many containers, small, to be mutated and heard: all of listening, decoding to beats, reads them."""

import io
import tempfile
from functools import partial
from pathlib import Path

import av
import numpy as np
import soundfile

from core.sound import listening
from tests import sounds
from tests.rig.readers import Reader

RATE = 8_000
SECONDS = 0.4
WITH_LIBSNDFILE = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".aiff": ("AIFF", "PCM_24"),
    ".au": ("AU", "ULAW"),
    ".caf": ("CAF", "PCM_16"),
    ".w64": ("W64", "FLOAT"),
    ".rf64": ("RF64", "PCM_U8"),
}
WITH_FFMPEG = {
    ".mp3": ("mp3", "libmp3lame", 24_000),
    ".aac": ("adts", "aac", 8_000),
    ".m4a": ("ipod", "aac", 8_000),
    ".mp4": ("mp4", "aac", 8_000),
    ".mov": ("mov", "pcm_s16le", 8_000),
    ".mkv": ("matroska", "libopus", 48_000),
    ".webm": ("webm", "libopus", 48_000),
    ".opus": ("ogg", "libopus", 48_000),
    ".ts": ("mpegts", "mp2", 24_000),
    ".avi": ("avi", "mp2", 24_000),
    ".flv": ("flv", "aac", 11_025),
    ".ac3": ("ac3", "ac3", 32_000),
}


def _samples(rate: int) -> np.ndarray:
    return sounds.chord(seconds=SECONDS, rate=rate)


def _by_libsndfile(form: str, subtype: str) -> list[bytes]:
    file = io.BytesIO()
    soundfile.write(file, _samples(RATE), RATE, format=form, subtype=subtype)
    return [file.getvalue()]


def _by_ffmpeg(form: str, codec: str, rate: int) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a")
        with av.open(str(path), "w", format=form) as container:
            stream = container.add_stream(codec, rate=rate, layout="mono")
            frame = av.AudioFrame.from_ndarray(_samples(rate)[None].astype(np.float32), format="fltp", layout="mono")
            frame.sample_rate = rate
            resampled = av.AudioResampler(format=stream.codec_context.format.name, layout="mono", rate=rate).resample(frame)
            for one in [*resampled, None]:
                container.mux(stream.encode(one))
        return [path.read_bytes()]


def _listen(path: Path) -> None:
    heard = listening.load(path, path.parent / "kept")
    assert np.isfinite(heard.energy).all()


SOUND_READERS = (
    *(
        Reader(name=f"sound{end}", file=f"a{end}", read=_listen, corpus=partial(_by_libsndfile, *how))
        for end, how in WITH_LIBSNDFILE.items()
    ),
    *(Reader(name=f"sound{end}", file=f"a{end}", read=_listen, corpus=partial(_by_ffmpeg, *how)) for end, how in WITH_FFMPEG.items()),
)
