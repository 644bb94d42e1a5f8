"""Films as mp4 with sound, and as yuv4mpeg for a pipe."""

import io
import os
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from core.handover import movie
from core.pictures import encode_png
from core.protocol import UserError
from core.sync_card import draw_card, read_card
from tests import sounds

RATES = [Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(60)]


@pytest.fixture(scope="module")
def cards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cards")
    for number in range(150):
        (folder / f"{number:06d}.png").write_bytes(encode_png(draw_card(frame=number)))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module", params=[".wav", ".mp3", ".mp4"])
def clicks(request, tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("clicks") / f"clicks{request.param}", sounds.click_track())


@pytest.fixture(scope="module")
def click_wav(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("clicks") / "clicks.wav", sounds.click_track())


def write_film(path, frames, *, fps, sound, start=Fraction(0)):
    movie.write_mp4(path, frames, fps=fps, sound=sound, source_start_seconds=start, duration_seconds=len(frames) / fps)
    return path


def heard_clicks(path):
    """Find the clicks on the film's own clock, as a player hears them."""
    with av.open(str(path)) as container:
        frames = [(frame.time, frame.to_ndarray().mean(axis=0)) for frame in container.decode(audio=0)]
    samples = np.concatenate([block for _, block in frames])
    return sounds.find_clicks(samples, 48_000) + frames[0][0]


@pytest.mark.parametrize("fps", RATES)
def test_every_frame_is_there_at_its_exact_time(tmp_path, cards, click_wav, fps):
    path = write_film(tmp_path / "film.mp4", cards[:40], fps=fps, sound=click_wav)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == fps
        shown = [(image.pts * image.time_base, read_card(image.to_ndarray(format="rgb24"))) for image in container.decode(stream)]
    assert shown == [(n / fps, (n, 0)) for n in range(40)]


def test_clicks_stay_where_they_were(tmp_path, cards, clicks):
    path = write_film(tmp_path / "film.mp4", cards[:72], fps=Fraction(24), sound=clicks)
    np.testing.assert_allclose(heard_clicks(path), sounds.click_times(3.0), atol=0.001)


@pytest.mark.parametrize("start", [Fraction(-1), Fraction(-1, 3), Fraction(2, 5), Fraction(101, 100)])
def test_a_film_may_begin_anywhere_in_the_sound(tmp_path, cards, click_wav, start):
    path = write_film(tmp_path / "film.mp4", cards[:50], fps=Fraction(25), sound=click_wav, start=start)
    expected = sounds.click_times(3.0) - float(start)
    np.testing.assert_allclose(heard_clicks(path), [time for time in expected if 0 <= time < 1.99], atol=0.001)


@pytest.mark.parametrize("start", [Fraction(0), Fraction(-5), Fraction(2), Fraction(10)])
def test_the_sound_is_as_long_as_the_film(tmp_path, cards, click_wav, start):
    path = write_film(tmp_path / "film.mp4", cards[:100], fps=Fraction(25), sound=click_wav, start=start)
    with av.open(str(path)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert abs(samples / 48_000 - 4) < 0.05


def test_sound_of_many_channels_is_mixed_to_two(tmp_path, cards):
    many = sounds.write(tmp_path / "many.wav", np.repeat(sounds.click_track(rate=192_000)[:, None], 8, axis=1), 192_000)
    path = write_film(tmp_path / "film.mp4", cards[:75], fps=Fraction(25), sound=many)
    np.testing.assert_allclose(heard_clicks(path), sounds.click_times(3.0), atol=0.001)


def test_a_missing_frame_leaves_no_film(tmp_path, cards, click_wav):
    with pytest.raises(UserError, match=r"gone\.png"):
        write_film(tmp_path / "film.mp4", [*cards[:3], tmp_path / "gone.png"], fps=Fraction(25), sound=click_wav)
    assert list(tmp_path.iterdir()) == []


def test_an_older_film_is_kept_when_the_new_one_fails(tmp_path, cards, click_wav):
    (tmp_path / "film.mp4").write_bytes(b"older")
    with pytest.raises(UserError):
        write_film(tmp_path / "film.mp4", [tmp_path / "gone.png"], fps=Fraction(25), sound=click_wav)
    assert (tmp_path / "film.mp4").read_bytes() == b"older"


# yuv4mpeg -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", RATES)
def test_a_stream_is_read_back_by_ffmpeg(tmp_path, fps):
    rng = np.random.default_rng(0)
    pictures = [np.kron(rng.integers(0, 256, (8, 8, 3), np.uint8), np.ones((8, 8, 1), np.uint8)) for _ in range(5)]
    for number, picture in enumerate(pictures):
        (tmp_path / f"{number}.png").write_bytes(encode_png(picture))
    stream = io.BytesIO()
    movie.write_yuv4mpeg(stream, [tmp_path / f"{number}.png" for number in range(5)], fps=fps)
    stream.seek(0)
    with av.open(stream, format="yuv4mpegpipe") as container:
        assert container.streams.video[0].average_rate == fps
        read = [image.to_ndarray(format="rgb24") for image in container.decode(video=0)]
    assert len(read) == 5
    for picture, back in zip(pictures, read, strict=True):
        assert np.abs(picture.astype(int) - back).max() <= 2


def test_a_reader_that_ends_is_told_of(cards):
    reader = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.buffer.read(100)"], stdin=subprocess.PIPE)
    with pytest.raises(BrokenPipeError):
        movie.write_yuv4mpeg(reader.stdin, cards, fps=Fraction(25))
    reader.wait()
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (what is left in the buffer goes there)
        os.dup2(nowhere.fileno(), reader.stdin.fileno())
        reader.stdin.close()
