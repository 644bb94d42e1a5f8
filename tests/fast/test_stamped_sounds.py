"""Sound lies where a file's time stamps put it, and what a header does not say is read nevertheless."""

import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from core.commands import reading
from core.commands.words import fps
from core.handover.movie import SOUND_RATE, SoundPart, _sound_blocks
from core.handover.reading import read_edit
from core.protocol import UserError
from core.sound import audio, features
from core.sound.listening import load
from core.words import class_table, lyrics
from tests import sounds, stamped_sounds
from tests.stamped_sounds import CLICKS, RATE, clicks, write

LATE = 0.5


def heard(path):
    samples = audio.load(path)
    return sounds.find_clicks(samples, audio.SAMPLE_RATE), len(samples) / audio.SAMPLE_RATE


def exported(path, *, start=0.0, seconds=5.0, by_stamps=True):
    """Give where clicks are in the sound that films are written with."""
    part = SoundPart(path=path, start_seconds=Fraction(start), duration_seconds=Fraction(seconds), by_stamps=by_stamps)
    blocks = _sound_blocks(part)
    return sounds.find_clicks(np.concatenate([block.to_ndarray()[0] for block in blocks]), SOUND_RATE)


# Time stamps ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".ts", ".flv"])
def test_a_movie_whose_sound_begins_late_is_heard_late(tmp_path, suffix):
    path = write(tmp_path / f"late{suffix}", clicks(seconds=4.5, begin=LATE), begin=LATE)
    found, seconds = heard(path)
    np.testing.assert_allclose(found, CLICKS, atol=0.0015)
    np.testing.assert_allclose(exported(path), CLICKS, atol=0.0015)
    assert seconds == pytest.approx(5.0, abs=0.03)


@pytest.mark.parametrize("encoders", [("mpeg4", "aac"), ("mpeg4", "libopus"), ("mpeg4", "libmp3lame"), ("mpeg4", "flac"), ("mpeg4", "ac3")])
def test_the_encoders_delay_is_not_added(tmp_path, encoders):
    for begin in (0.0, LATE):
        path = write(tmp_path / f"{begin}.mkv", clicks(seconds=5 - begin, begin=begin), begin=begin, encoders=encoders)
        np.testing.assert_allclose(heard(path)[0], CLICKS, atol=0.006 if encoders[1] == "ac3" else 0.0015)


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mov", ".mp4"])
def test_a_movie_whose_streams_begin_together_is_heard_as_ever(tmp_path, suffix):
    np.testing.assert_allclose(heard(write(tmp_path / f"plain{suffix}", clicks()))[0], CLICKS, atol=0.025)


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_time_counts_from_the_files_own_begin(tmp_path, suffix):
    """Both streams at 10 s, and then the pictures half a second after the sound."""
    both = write(tmp_path / f"both{suffix}", clicks(), begin=10, pictures_begin=10)
    np.testing.assert_allclose(heard(both)[0], CLICKS, atol=0.025)
    pictures_late = write(tmp_path / f"pictures{suffix}", clicks(), begin=10, pictures_begin=10.5)
    np.testing.assert_allclose(heard(pictures_late)[0], CLICKS, atol=0.025)
    sound_late = write(tmp_path / f"sound{suffix}", clicks(seconds=4.5, begin=LATE), begin=10.5, pictures_begin=10)
    np.testing.assert_allclose(heard(sound_late)[0], CLICKS, atol=0.0015)


@pytest.mark.parametrize(("suffix", "begin"), [(".m4a", 0.0), (".mp3", 0.0), (".mka", 0.0), (".mka", 7.0)])
def test_a_file_of_sound_alone_begins_with_its_first_sample(tmp_path, suffix, begin):
    encoders = ("", {".mp3": "libmp3lame"}.get(suffix, "aac"))
    path = write(tmp_path / f"song{suffix}", clicks(), begin=begin, pictures_begin=None, encoders=encoders)
    np.testing.assert_allclose(heard(path)[0], CLICKS, atol=0.0015)


def test_a_cover_is_no_beginning(tmp_path):
    """A picture that is attached to a song has a stamp, too."""
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        cover = container.add_stream("mjpeg", rate=25)
        cover.width = cover.height = 64
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        sound = container.add_stream("aac", rate=RATE, layout="mono")
        sound_packets = stamped_sounds.sound_packets(sound, clicks(), 3.0)
        container.mux(cover.encode(av.VideoFrame(64, 64, "yuvj420p")))
        container.mux([*cover.encode(), *sound_packets])
    np.testing.assert_allclose(heard(path)[0], CLICKS, atol=0.025)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts"])
@pytest.mark.parametrize(("first", "end"), [(2.2, 3.0), (0.2, 0.8), (2.5, 2.55)])
def test_a_hole_in_the_stamps_is_silence(tmp_path, suffix, first, end):
    def keep(stamp):
        return not first <= stamp < end

    path = write(tmp_path / f"hole{suffix}", clicks(), encoders=("mpeg4", "aac"), keep=keep)
    found, seconds = heard(path)
    np.testing.assert_allclose(found, CLICKS, atol=0.025 if suffix == ".ts" else 0.0015)
    assert seconds == pytest.approx(5.0, abs=0.06)


def test_many_holes_add_up_to_no_shift(tmp_path):
    path = write(tmp_path / "holes.mkv", clicks(), encoders=("mpeg4", "libopus"), keep=lambda stamp: round(stamp * 50) % 40 not in (7, 21))
    np.testing.assert_allclose(heard(path)[0], CLICKS, atol=0.002)


def test_stamps_that_begin_again_lose_nothing(tmp_path):
    """Two recordings strung together."""
    one = write(tmp_path / "one.ts", clicks()).read_bytes()
    (tmp_path / "two.ts").write_bytes(one + one)
    found, seconds = heard(tmp_path / "two.ts")
    np.testing.assert_allclose(found, [*CLICKS, *(click + 5 for click in CLICKS)], atol=0.06)
    assert seconds == pytest.approx(10, abs=0.1)


def test_a_stamp_that_asks_for_hours_of_silence_counts_from_somewhere_else(tmp_path):
    with av.open(str(tmp_path / "far.mka"), "w") as container:
        sound = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for packet in stamped_sounds.sound_packets(sound, clicks(), 0.0):
            packet.pts += 36_000 * RATE * (packet.pts >= round(1.5 * RATE))
            packet.dts = packet.pts
            container.mux(packet)
    np.testing.assert_allclose(heard(tmp_path / "far.mka")[0], CLICKS, atol=0.0015)


def test_blender_plays_samples_in_a_row_and_so_its_films_hear_them(tmp_path):
    late = write(tmp_path / "late.mkv", clicks(seconds=4.5, begin=LATE), begin=LATE)
    in_a_row = [click - LATE for click in CLICKS]
    sound = audio.read(late, by_stamps=False)
    np.testing.assert_allclose(sounds.find_clicks(sound.samples, audio.SAMPLE_RATE), in_a_row, atol=0.0015)
    np.testing.assert_allclose(exported(late, by_stamps=False), in_a_row, atol=0.0015)
    lengths = [len(load(late, tmp_path / "kept", by_stamps=by_stamps).energy) for by_stamps in (True, False, True, False)]
    assert lengths == [216, 194, 216, 194]


def test_a_file_without_holes_is_analysed_once_for_players_and_for_blender(tmp_path):
    plain = write(tmp_path / "plain.mkv", clicks())
    for by_stamps in (False, True):
        load(plain, tmp_path / "kept", by_stamps=by_stamps)
    assert len(list((tmp_path / "kept").iterdir())) == 1


# Headers --------------------------------------------------------------------------------------------------------------------------------


def _patched(path, name, *changes):
    """Write a copy of a file in which some bytes are others: place and bytes."""
    content = bytearray(path.read_bytes())
    for place, new in changes:
        content[place : place + len(new)] = new
    (path.parent / name).write_bytes(content)
    return path.parent / name


@pytest.fixture
def wav(tmp_path):
    soundfile.write(tmp_path / "whole.wav", clicks(), RATE, subtype="PCM_16")
    assert (tmp_path / "whole.wav").read_bytes()[36:40] == b"data"
    return tmp_path / "whole.wav"


def _noted(path):
    sound = audio.read(path)
    return list(np.round(sounds.find_clicks(sound.samples, audio.SAMPLE_RATE), 3)), " ".join(sound.notes)


@pytest.mark.parametrize("size", [0, 1, 36, 96_000])
def test_a_recording_that_nobody_closed_is_read_whole(wav, size):
    path = _patched(wav, "open.wav", (4, struct.pack("<I", 36)), (40, struct.pack("<I", size)))
    found, note = _noted(path)
    assert found == list(CLICKS)
    assert "open.wav” was not closed" in note
    np.testing.assert_allclose(exported(path), CLICKS, atol=0.001)


@pytest.mark.parametrize("size", [0x7FFFFFFF, 0xFFFFFFFF])
def test_a_recording_from_a_pipe_is_read_whole(wav, size):
    assert _noted(_patched(wav, "piped.wav", (4, struct.pack("<I", size)), (40, struct.pack("<I", size)))) == (list(CLICKS), "")


def test_chunks_and_padding_after_the_samples_are_no_sound(wav):
    whole = audio.load(wav)
    for tail in (b"LIST" + struct.pack("<I", 9000) + bytes(9000), bytes(3000), b"TAG" + b"song title" * 12):
        longer = wav.with_name("tail.wav")
        longer.write_bytes(wav.read_bytes() + tail)
        assert len(audio.load(longer)) == len(whole)
        assert audio.read(longer).notes == ()


@pytest.fixture
def flac(tmp_path):
    soundfile.write(tmp_path / "whole.flac", clicks(), RATE, subtype="PCM_16")
    return tmp_path / "whole.flac"


def test_a_flac_without_a_length_is_read_whole(flac):
    first = flac.read_bytes()[21] & 0xF0
    found, note = _noted(_patched(flac, "piped.flac", (21, bytes([first])), (22, bytes(4))))
    assert found == list(CLICKS)
    assert "does not say how long it is: 5.0 s were read" in note
    found, note = _noted(_patched(flac, "short.flac", (21, bytes([first])), (22, struct.pack(">I", RATE))))
    assert found == list(CLICKS)
    assert "says that it is 1.0 s long: 5.0 s were read" in note


def test_what_is_missing_of_a_cut_file_is_said(flac, wav):
    for path in (flac, wav):
        cut = path.with_name(f"cut{path.suffix}")
        cut.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
        found, note = _noted(cut)
        assert found == [1.0, 2.0]
        assert f"cut{path.suffix}” says that it is 5.0 s long: " in note
        assert _noted(path) == (list(CLICKS), "")


@pytest.mark.parametrize("kind", ["VORBIS", "OPUS"])
def test_all_parts_of_a_chained_ogg_are_heard(tmp_path, kind):
    cut = round(1.5 * RATE)
    parts = b""
    for number, samples in enumerate([clicks()[:cut], clicks()[cut : 2 * cut], clicks()[2 * cut :]]):
        soundfile.write(tmp_path / f"{number}.ogg", samples, RATE, format="OGG", subtype=kind)
        parts += (tmp_path / f"{number}.ogg").read_bytes()
    (tmp_path / "chained.ogg").write_bytes(parts)
    found, note = _noted(tmp_path / "chained.ogg")
    np.testing.assert_allclose(found, CLICKS, atol=0.025)  # FFmpeg gives each part's last block whole
    assert "is 3 Ogg files in a row: 5.0 s were read" in note
    assert _noted(tmp_path / "0.ogg")[1] == ""


def test_what_was_missing_is_said_again_when_the_sound_is_known(wav, tmp_path):
    path = _patched(wav, "open.wav", (40, bytes(4)))
    first, again = (load(path, tmp_path / "kept") for _ in range(2))
    assert first.notes == again.notes != ()


# Rates and paths ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[(str(whole), Fraction(whole)) for whole in (1, 2, 5, 24, 30, 60)],
        *[("23.98", Fraction(24_000, 1001)), ("23.976", Fraction(24_000, 1001)), ("29.97", Fraction(30_000, 1001))],
        *[("47.95", Fraction(48_000, 1001)), ("59.94", Fraction(60_000, 1001)), ("119.88", Fraction(120_000, 1001))],
        *[("25", Fraction(25)), ("24", Fraction(24)), ("12.5", Fraction(25, 2)), ("2997/100", Fraction(2997, 100))],
        *[("30000/1001", Fraction(30_000, 1001)), ("29.9", Fraction(299, 10))],
    ],
)
def test_rates_mean_what_editors_mean_by_them(written, meant):
    assert fps(written) == meant


def test_what_is_no_file_is_called_what_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    for path, cause in [(tmp_path, "it is a folder"), (tmp_path / "pipe.wav", "it is a pipe"), (Path("/dev/zero"), "it is a device")]:
        for read in (audio.load, features.file_digest):
            with pytest.raises(UserError, match=cause):
                read(path)
    with pytest.raises(UserError, match="There is no file"):
        audio.load(tmp_path / "gone.wav")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that can be opened and not read")
def test_an_error_in_the_middle_of_a_file_is_a_sentence():
    for read in (audio.load, features.file_digest):
        with pytest.raises(UserError, match=r"/proc/self/mem cannot be read: Input/output error\."):
            read(Path("/proc/self/mem"))


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing"])
def test_every_file_that_people_name_is_told_apart_from_what_is_none(tmp_path, kind):
    path = tmp_path / "named.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    readers = {
        "a table": lambda: class_table.read_table(path),
        "lyrics": lambda: lyrics.read(path),
        "features": lambda: features.read_saved(path, digest=""),
        "a curve": lambda: reading.curve(f"truncation={path}"),
        "beats": lambda: reading.beats(str(path)),
        "a timeline": lambda: read_edit(path.rename(path.with_suffix(".mlt")) if kind != "missing" else path.with_suffix(".mlt")),
    }
    for name, read in readers.items():
        with pytest.raises(UserError) as refusal:
            read()
        assert {"folder": "a folder", "pipe": "a pipe", "missing": "There is no file"}[kind] in refusal.value.cause, name


def test_a_long_list_of_beats_is_no_name_of_a_file():
    assert len(reading.beats(",".join(str(beat / 2) for beat in range(1000)))) == 1000
