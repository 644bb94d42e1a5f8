# ruff: noqa: RUF001 (letters of other scripts)
"""Other members of the kinds of fault that strangers' lyrics and sounds brought up: recordings, subtitles, pastes and encodings."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.protocol import UserError
from core.sound import audio
from core.words import lyrics
from core.words.text_encodings import decode

RATE = 44_100
SECONDS = 2


def unclosed(path: Path, form: str, mark: bytes, place: int, size: bytes) -> Path:
    """Write a sound with a click near its end, and put other bytes where its header says how long it is."""
    samples = np.zeros(RATE * SECONDS, np.float32)
    samples[RATE * 3 // 2] = 0.9
    soundfile.write(path, samples, RATE, format=form, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    begin = content.index(mark) + place
    content[begin : begin + len(size)] = size
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("form", "mark", "place", "size"),
    [
        ("RF64", b"ds64", 8, bytes(24)),
        ("RF64", b"ds64", 8, b"\xff" * 24),
        ("RF64", b"ds64", 16, (1000).to_bytes(8, "little")),
        ("AU", b".snd", 8, bytes(4)),
        ("AU", b".snd", 8, (88_200).to_bytes(4, "big")),
    ],
)
def test_recordings_of_other_forms_that_nobody_closed_are_read_whole(tmp_path, form, mark, place, size):
    sound = audio.read(unclosed(tmp_path / "sound", form, mark, place, size))
    assert len(sound.samples) == SECONDS * audio.SAMPLE_RATE
    assert np.abs(sound.samples).argmax() == pytest.approx(1.5 * audio.SAMPLE_RATE, abs=2)
    assert "was not closed" in sound.notes[0]


@pytest.mark.parametrize(("form", "mark"), [("RF64", b"ds64"), ("AU", b".snd")])
def test_closed_ones_are_not_called_so(tmp_path, form, mark):
    sound = audio.read(unclosed(tmp_path / "sound", form, mark, 0, mark))
    assert (len(sound.samples), sound.notes) == (SECONDS * audio.SAMPLE_RATE, ())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("# VobSub index file, v7 (do not modify this line!)\nsize: 720x576\ntimestamp: 00:00:01:101, filepos: 0\n", "VobSub"),
        ("//English\n$FontName = Arial\n00:00:01:00 , 00:00:02:12 , Hello\n", "Spruce"),
        ("00:00:01:00 , 00:00:02:12 , Hello\n", "Spruce"),
        ("#TIMERES 30\n1:00:02.00 1:00:03.00 D Hello\n", "JACOsub"),
        ('   100,   200,"Hi|you"\n', "PJS"),
        ("{title: X}\n[Am]Hello [C]you\n", "ChordPro"),
        ("start\tend\ttext\n1000\t2000\tHi\n", "table"),
        ('"id","start","end","text"\n1,2.0,3.0,Hi\n', "table"),
        ("krc18@Gaw^2", "karaoke"),
        ('<USFSubtitles version="1.0"><subtitles/></USFSubtitles>', "XML"),
        ('<window type="generic"><time begin="1"/>Hi</window>', "XML"),
    ],
)
def test_further_forms_are_named_and_never_sung(text, named):
    with pytest.raises(UserError, match=named):
        lyrics.parse(text)


@pytest.mark.parametrize("text", ["Start, ending, start\nagain\n", "{Chorus}\nHello\n", "10, 9, 8\nlift off\n", "M: me\nyou\n"])
def test_words_that_only_look_like_one_are_sung(text):
    assert lyrics.parse(text)


def test_who_sings_is_not_sung():
    lines = lyrics.parse("[00:12.00] v1: <00:12.00> One <00:12.50> two\n[00:14.00]F: Three\n[00:16.00]Four: five\n")
    assert [line.text for line in lines] == ["One two", "Three", "Four: five"]


def test_a_transcripts_hours_are_hours():
    lines = lyrics.parse("0:01\nhello there\n0:04\nbye now\n1:02:03\nend\n")
    assert [line.start_seconds for line in lines] == [1, 4, 3723]


def test_lines_ended_twice_are_ended_once():
    lines = lyrics.parse("1\r\r\n00:00:01,000 --> 00:00:02,000\r\r\nHi\r\r\n\r\r\n2\r\r\n00:00:03,500 --> 00:00:04,000\r\r\nYo\r\r\n")
    assert [(line.text, line.start_seconds) for line in lines] == [("Hi", 1), ("Yo", Fraction(7, 2))]


def test_an_advert_glued_between_two_verses_is_not_sung():
    lines = lyrics.parse("Sing it\nSee Foo LiveGet tickets as low as $40You might also like[Outro]\nBye")
    assert [(line.text, line.verse) for line in lines] == [("Sing it", 0), ("Bye", 1)]


def test_a_sites_heading_and_credits_of_other_languages_are_not_sung():
    text = '"My Song" lyrics\n\nJe chante\n\nParoles de la chanson X par Y\nÉcrit par : Z\nKomponist: W\n'
    assert [line.text for line in lyrics.parse(text)] == ["Je chante"]


@pytest.mark.parametrize(
    "text",
    ["E perché no?\nL’amore è così…\n", "I’m naïve – café\n", "Blå ø – æble\n", "Don’t – stop\n\n“Señor”\n", "Für dich – „immer“\n"],
)
def test_short_texts_of_the_west_are_not_taken_for_the_easts(text):
    assert decode(text.encode("cp1252"), "", name="x") == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Kéž by tu byl můj přítel…\n", "cp1250"),
        ("Я помню чудное мгновенье\nMP3 и «так»\n", "cp1251"),
        ("Σ’ αγαπώ – πολύ\n", "cp1253"),
        ("Şarkı söyle… gözyaşı\n", "cp1254"),
    ],
)
def test_the_easts_stay_theirs(text, encoding):
    assert decode(text.encode(encoding), "", name="x") == text
