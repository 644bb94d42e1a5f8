"""A small file makes little work: what it may ask for is limited before anybody works for it. Work is counted: calls, bytes, elements."""

import json
import tracemalloc
import wave
from argparse import ArgumentTypeError
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
import soundfile

from core import files
from core.commands import reading as command_reading
from core.commands import words
from core.handover.export import FORMATS, register_adapters, to_timeline
from core.handover.finding import Finder
from core.handover.noting import Notes
from core.handover.reading import ADAPTERS, read_edit
from core.handover.timelines import to_edit
from core.protocol import (
    Clip,
    Edit,
    FrameSequence,
    Gap,
    Marker,
    MediaFile,
    ProtocolError,
    RenderRequest,
    Track,
    UserError,
    decode,
    encode,
    limits,
    line_table,
    read_exact,
)
from core.sound import audio, features
from core.sound import limits as sound_limits
from core.words.class_table import read_table
from tests.counting import counted_calls

MONSTERS = ["1e999999999", "1E9999999", "-1e-999999999", "9" * 5000, "1/" + "9" * 5000, "1." + "0" * 5000, "1_000", "nan", "inf", "", "1/0"]
MOST_GROWTH = 2.7  # twice the input: linear work doubles, quadratic work grows fourfold


# Timelines ------------------------------------------------------------------------------------------------------------------------------


def timeline(count):
    """Give an edit of so many clips, of as many media, with gaps and markers between them."""
    clips = [
        item
        for number in range(count)
        for item in (
            Clip(name=f"C{number}", media=MediaFile(path=f"/m/{number}.mov", frame_count=9), source_start=Fraction(0), frame_count=8),
            Gap(frame_count=2),
        )
    ]
    return Edit(name="T", fps=Fraction(25), tracks=(Track(name="V", kind="video", items=tuple(clips)),), width=64, height=64)


@pytest.mark.parametrize("ending", [ending for ending in ADAPTERS if ending != ".otioz"])
def test_twice_the_clips_take_twice_the_work_to_read(tmp_path, ending):
    for count in (5, 50, 100):
        text = otio.adapters.write_to_string(to_timeline(timeline(count)), FORMATS[ending].adapter)
        (tmp_path / f"{count}{ending}").write_text(text)
    read_edit(tmp_path / f"5{ending}")  # what is imported once
    few, many = (counted_calls(lambda count=count: read_edit(tmp_path / f"{count}{ending}"))[0] for count in (50, 100))
    assert many < MOST_GROWTH * few


def mlt(inner):
    return f'<mlt producer="main"><profile frame_rate_num="25" frame_rate_den="1" width="10" height="10"/>{inner}</mlt>'


def amplified(blank, entry):
    """Give a playlist of n things, named n times by another one."""
    return lambda n: mlt(
        f'<playlist id="L">{blank * n}</playlist><playlist id="P">{entry * n}</playlist><tractor id="main"><track producer="P"/></tractor>'
    )


def tower(element):
    """Give nested timelines, each of which holds the one below it twenty times, and none of which says how long it is."""
    return lambda n: mlt(
        '<producer id="t0"><property name="length">9</property><property name="resource">a.mov</property></producer>'
        + "".join(element(level) for level in range(1, n // 10))
        + f'<playlist id="P"><entry producer="t{n // 10 - 1}"/></playlist><tractor id="main"><track producer="P"/></tractor>'
    )


AMPLIFIERS = {
    "gaps": amplified('<blank length="1"/>', '<entry producer="L" in="0" out="9"/>'),
    "gaps of unknown length": amplified('<blank length="1"/>', '<entry producer="L"/>'),
    "clips that are not there": amplified('<entry producer="none" in="0" out="0"/>', '<entry producer="L" in="0" out="9"/>'),
    "tractors": tower(lambda level: f'<tractor id="t{level}">{f"""<track producer="t{level - 1}"/>""" * 20}</tractor>'),
    "playlists": tower(lambda level: f'<playlist id="t{level}">{f"""<entry producer="t{level - 1}"/>""" * 20}</playlist>'),
    "one in itself": lambda n: mlt(
        '<tractor id="a"><track producer="b"/></tractor><tractor id="b"><track producer="a"/></tractor>' * (n // 200)
    ),
    "many properties": lambda n: mlt(
        f'<producer id="p"><property name="resource">a.mov</property>{"""<property name="x">1</property>""" * n * 20}</producer>'
        f'<playlist id="P">{"""<entry producer="p" in="0" out="9"/>""" * n}</playlist><tractor id="main"><track producer="P"/></tractor>'
    ),
}


@pytest.mark.parametrize("ending", [".mlt", ".kdenlive"])
@pytest.mark.parametrize("make", AMPLIFIERS.values(), ids=AMPLIFIERS)
def test_a_project_whose_parts_name_each_other_makes_no_more_work_than_its_limit(tmp_path, monkeypatch, ending, make):
    register_adapters()
    adapter = otio.adapters.from_name("chromastrip_mlt").module()
    monkeypatch.setattr(adapter, "MOST_PIECES", 2000)
    (tmp_path / f"a{ending}").write_text(make(200))
    assert counted_calls(lambda: read_edit(tmp_path / f"a{ending}"))[0] < 600_000


def test_xml_that_is_too_deep_or_too_much_is_refused_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("core.handover.reading.MOST_ELEMENTS", 1000)
    for text in ("<xmeml>" + "<clipitem>" * 300 + "</clipitem>" * 300 + "</xmeml>", "<xmeml>" + "<a/>" * 1001 + "</xmeml>"):
        (tmp_path / "a.xml").write_text(text)
        with pytest.raises(UserError, match="elements"):
            read_edit(tmp_path / "a.xml")


# Pictures that a timeline only names ----------------------------------------------------------------------------------------------------


def sequences(count, *, named=2_000_000, shown=10, folder="/usr"):
    clips = [
        Clip(
            name=f"C{number}",
            media=FrameSequence(folder=folder, prefix=f"a{number}_", suffix=".png", first_number=0, digits=6, frame_count=named),
            source_start=Fraction(0),
            frame_count=shown,
        )
        for number in range(count)
    ]
    return Edit(name="T", fps=Fraction(25), tracks=(Track(name="V", kind="video", items=tuple(clips)),), width=64, height=64)


def test_a_small_timeline_stands_for_few_elements_of_blenders(tmp_path):
    text = otio.adapters.write_to_string(to_timeline(sequences(30)), "otio_json")
    (tmp_path / "a.otio").write_text(text)
    there = len(list((tmp_path / "/usr").iterdir()))
    edit = read_edit(tmp_path / "a.otio").edit
    assert limits.element_count(edit) <= 30 * max(10, there)


def test_a_timeline_that_shows_more_than_blender_can_hold_is_refused(tmp_path):
    text = otio.adapters.write_to_string(to_timeline(sequences(30, shown=1_999_999)), "otio_json")
    (tmp_path / "a.otio").write_text(text)
    with pytest.raises(UserError, match="numbered pictures"):
        read_edit(tmp_path / "a.otio")
    with pytest.raises(UserError, match="numbered pictures"):  # on Blender's side too
        limits.check_size(sequences(30))


def test_a_timeline_of_more_clips_or_markers_than_blender_can_hold_is_refused(monkeypatch):
    monkeypatch.setattr(limits, "MOST_CLIPS", 30)
    limits.check_size(timeline(30))
    for edit in (timeline(31), replace(timeline(1), markers=tuple(Marker(name="M", start=number) for number in range(31)))):
        with pytest.raises(UserError, match="clips or markers"):
            limits.check_size(edit)


def test_pictures_that_are_there_and_those_of_a_usual_edit_are_all_kept(tmp_path):
    usual = sequences(20, named=5000)
    assert limits.shortened(usual) == usual
    for number in range(300):
        (tmp_path / f"a0_{number:06d}.png").touch()
    edit = limits.shortened(sequences(1, folder=str(tmp_path)))
    assert edit.tracks[0].items[0].media.frame_count == 300


@pytest.mark.parametrize(
    "change",
    [
        {"digits": 10**9},
        {"digits": -1},
        {"frame_count": 10**12},
        {"first_number": -(10**9)},
        {"first_number": 10**400},
        {"frame_count": -1},
    ],
)
def test_numbered_pictures_that_cannot_be_are_not_taken_from_a_note_beside_a_timeline(tmp_path, change):
    frames = replace(sequences(1, named=10).tracks[0].items[0].media, movie="/m/0.mov", **change)
    section = {"name": "C0", "metadata": {"film": "x"}, "frames": json.loads(encode(frames))}
    (tmp_path / "a_media").mkdir()
    (tmp_path / "a_media" / "sections.json").write_text(json.dumps({"schema": 1, "sections": [section]}))
    (tmp_path / "a.otio").write_text(otio.adapters.write_to_string(to_timeline(timeline(1)), "otio_json"))
    (media,) = [item.media for item in read_edit(tmp_path / "a.otio").edit.tracks[0].items if isinstance(item, Clip)]
    assert isinstance(media, MediaFile)
    assert not limits.is_possible(frames)


# Sounds ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [1, 10, 999, 2_000_000_000])
def test_a_rate_that_no_sound_has_is_refused_before_its_samples_are_made(tmp_path, rate):
    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate)
        sound.writeframes(bytes(4000))
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="samples a second"):
            audio.load(tmp_path / "a.wav")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_sound_of_days_is_refused_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sound_limits, "LONGEST_SECONDS", 60)
    soundfile.write(tmp_path / "a.flac", np.zeros(22_050 * 600, np.float32), 22_050)
    assert (tmp_path / "a.flac").stat().st_size < 100_000
    counted = Counter()
    resampled = audio.soxr.ResampleStream

    class Counting:
        def __init__(self, *arguments, **options):
            self.stream = resampled(*arguments, **options)

        def resample_chunk(self, chunk, **options):
            counted["samples"] += len(chunk)
            return self.stream.resample_chunk(chunk, **options)

    monkeypatch.setattr(audio.soxr, "ResampleStream", Counting)
    with pytest.raises(UserError, match="longer than"):
        audio.load(tmp_path / "a.flac")
    assert counted["samples"] <= 60 * 22_050


@pytest.mark.parametrize("rate", [8_000, 22_050, 192_000])
def test_rates_that_sounds_have_are_read(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(rate) / 50).astype(np.float32), rate)
    assert abs(len(audio.load(tmp_path / "a.wav")) - audio.SAMPLE_RATE) <= 1


@pytest.mark.parametrize("content", [b"", b"no zip", "bomb", "npy"])
def test_kept_arrays_that_would_fill_the_memory_are_not_read(tmp_path, monkeypatch, content):
    monkeypatch.setattr(files, "LARGEST_ARRAYS", 10_000)
    path = tmp_path / "a.npz"
    if content == "bomb":
        np.savez_compressed(path, **dict.fromkeys(("energy", "flux"), np.zeros(100_000)))
    elif content == "npy":
        np.save(tmp_path / "a.npy", np.zeros(10))
        path = tmp_path / "a.npy"
    else:
        path.write_bytes(content)
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("it is read"))
    with pytest.raises(UserError, match="no features"):
        features.read_saved(path, digest="")


# Numbers --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", MONSTERS)
def test_a_monstrous_number_is_none_wherever_it_comes_in(tmp_path, text):
    with pytest.raises(ValueError, match=r"no number|nothing"):
        read_exact(text)
    with pytest.raises(ArgumentTypeError):
        words.rational(text)
    with pytest.raises(UserError):
        line_table.unpack(json.dumps([{"words": "w", "classes": [1], "begin": text or "e"}]))
    with pytest.raises(UserError):
        command_reading.curve(f"truncation={text}:1,2:1")
    if text:
        with pytest.raises(UserError):
            command_reading.beats(text)
        (tmp_path / "a.csv").write_text(f"line,begin,class,words\n1,{text},tabby cat,w\n")
        with pytest.raises(UserError):
            read_table(tmp_path / "a.csv")
    with pytest.raises(ProtocolError):
        decode(json.dumps({"type": "RenderRequest", "source_start_seconds": text}), RenderRequest)


@pytest.mark.parametrize("text", [text for text in MONSTERS if text])
@pytest.mark.parametrize("place", ["fps", "speed"])
@pytest.mark.parametrize(
    "adapter", ["chromastrip_mlt", "chromastrip_kdenlive", "chromastrip_fcp7", "chromastrip_fcpxml", "chromastrip_edit"]
)
def test_no_writer_takes_a_monstrous_number_out_of_metadata(adapter, place, text):
    made = to_timeline(timeline(1))
    if place == "fps":
        made.metadata["chromastrip"]["fps"] = text
    else:
        clip = made.find_clips()[0]
        clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=2.0, metadata={"chromastrip": {"speed": text}}))
    with pytest.raises((ValueError, ZeroDivisionError, otio.exceptions.OTIOError)):
        otio.adapters.write_to_string(made, adapter)


@pytest.mark.parametrize("text", MONSTERS)
def test_nor_does_a_reader(text):
    made = to_timeline(timeline(1))
    made.metadata["chromastrip"]["fps"] = text
    clip = made.find_clips()[0]
    clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=2.0, metadata={"chromastrip": {"speed": text}}))
    edit = to_edit(made, Finder(Path("/nowhere"), (), Notes()), Notes())
    assert edit.fps == 25
    assert edit.tracks[0].items[0].speed == 2
