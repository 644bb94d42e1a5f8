"""Lyrics as people have them: captions, players' dialects, other subtitles, old encodings, pastes from lyrics sites."""

# ruff: noqa: RUF001 (typographic quotes)

import contextlib
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.handover.noting import Notes
from core.protocol import UserError
from core.words import lyrics
from tools.environments import ROOT

CASES = ROOT / "tests" / "field"
BOAT, OWLS = "A red boat", "Two owls"


def read(path):
    notes = Notes()
    return _told(lyrics.read(CASES / path, notes=notes)), notes.sentences()


def parse(text):
    notes = Notes()
    return _told(lyrics.parse(text, notes=notes)), notes.sentences()


def _told(lines):
    return [(line.text, *(None if time is None else float(time) for time in (line.start_seconds, line.end_seconds))) for line in lines]


# Captions -------------------------------------------------------------------------------------------------------------------------------


def test_rolling_captions_give_each_line_once_where_it_is_first_heard():
    assert read("youtube_vtt/auto.vtt") == ([(BOAT, 1.0, 2.5), (OWLS, 2.51, 4.5)], ())


def test_rolling_captions_made_srt_do_too():
    """As converters write them: numbers, commas, blank first lines gone."""
    text = """1
00:00:01,000 --> 00:00:02,500
A red boat

2
00:00:02,500 --> 00:00:02,510
A red boat

3
00:00:02,510 --> 00:00:04,500
A red boat
Two owls

4
00:00:04,500 --> 00:00:04,510
Two owls

5
00:00:04,510 --> 00:00:06,000
Two owls
Two owls
"""
    assert parse(text) == ([(BOAT, 1.0, 2.5), (OWLS, 2.51, 4.5), (OWLS, 4.51, 6.0)], ())


def test_what_is_sung_twice_stays_twice():
    text = "WEBVTT\n\n" + "\n\n".join(f"00:0{second}.000 --> 00:0{second + 1}.000\nla la la" for second in range(1, 6))
    assert [line[0] for line in parse(text)[0]] == ["la la la"] * 5


def test_a_captions_blank_lines_notes_and_names_are_not_sung():
    text = """WEBVTT

NOTE not sung
nor this

intro
00:01.000 --> 00:02.000


A red boat

NOTE in between

00:03.000 --> 00:04.000 line:0
<v Bob><c.loud>Two</c> <00:03.500>owls &amp; a cat
"""
    assert parse(text) == ([(BOAT, 1.0, 2.0), ("Two owls & a cat", 3.0, 4.0)], ())


# Stamps ---------------------------------------------------------------------------------------------------------------------------------


def test_word_stamps_and_line_ends_in_square_brackets_are_no_words():
    assert read("square_word_stamps/words.lrc") == ([(BOAT, 1.0, 2.4), (OWLS, 3.0, 4.2)], ())


@pytest.mark.parametrize(
    "line",
    [
        "[00:01.00]<00:01.00>A <00:01.50>red <00:02.00>boat<00:02.40>",
        "[00:01.00] <00:01.00> A <00:01.50> red <00:02.00> boat <00:02.40>",
        "[00:01.00]A red boat [00:02.40]",
        "[00:01.00][00:01.00]A [00:01.20]red boat[00:02.40]",
    ],
)
def test_a_lines_end_may_be_stamped(line):
    lines, notes = parse(f"{line}\n[00:05.00]Two owls")
    assert {one for one in lines if one[0] == BOAT} <= {(BOAT, 1.0, 2.4), (BOAT, 1.0, 5.0)}
    assert (lines[0][2] == 2.4) == (line.count("[00:01.00]") == 1)
    assert notes == ()


@pytest.mark.parametrize("name", ["no_ms.srt", "lower.vtt", "blank_first.vtt"])
def test_stamps_that_players_take_are_taken(name):
    lines, notes = read(f"strict_stamps/{name}")
    assert [(text, start) for text, start, _ in lines] == [(BOAT, 1.0), (OWLS, 3.0)]
    assert notes == ()


@pytest.mark.parametrize(
    "stamps",
    [
        "00:00:01 --> 00:00:02",
        "0:00:01,0 --> 0:00:02,0",
        "00:01,000 --> 00:02,000",
        "00:00:01.000 -> 00:00:02.000",
        "00:00:01:000 --> 00:00:02:000",
        "00:00:01,000-->00:00:02,000",
        "00:00:01,000 --&gt; 00:00:02,000",
        "00: 00: 01,000 --> 00: 00: 02,000",
        "  00:00:01,000  -->  00:00:02,000  X1:40 X2:600",
    ],
)
def test_odd_but_plain_stamps_are_taken(stamps):
    assert parse(f"1\n{stamps}\nA red boat\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo owls") == ([(BOAT, 1.0, 2.0), (OWLS, 3.0, 4.0)], ())


@pytest.mark.parametrize(("name", "offset"), [("offset_empty.lrc", 0.0), ("offset_ms.lrc", 0.5)])
def test_offsets_may_be_empty_or_have_a_unit(name, offset):
    lines, notes = read(f"strict_stamps/{name}")
    assert [start for _, start, _ in lines] == [1 - offset, 3 - offset, 7 - offset]
    assert notes == ()


@pytest.mark.parametrize("stamp", ["00:75.00", "0O:15.00", "xx:15.00", "-1:00", "00:10.1234567", "1:2:3:4", "00:1e1"])
def test_one_odd_stamp_costs_its_line_and_a_note_not_the_file(stamp):
    lines, notes = parse(f"[00:01.00]A red boat\n[{stamp}]bad\n[00:03.00]Two owls")
    assert [text for text, *_ in lines] == [BOAT, OWLS]
    assert notes == (f"Left out of “The text”, since a stamp is no time: “line 2: [{stamp}]bad”.",)


def test_an_odd_offset_is_noted():
    lines, notes = parse("[offset:soon]\n[00:01.00]A red boat")
    assert lines == [(BOAT, 1.0, None)]
    assert "offset that is no number" in notes[0]


def test_one_odd_line_of_times_costs_its_subtitle_and_a_note():
    text = "1\n00:00:01,000 --> 00:00:02,000\nA red boat\n\n2\n00:00:0x --> 00:00:03\nlost\n\n3\n00:00:04,000 --> 00:00:05,000\nTwo owls"
    lines, notes = parse(text)
    assert lines == [(BOAT, 1.0, 2.0), (OWLS, 4.0, 5.0)]
    assert "line 6: 00:00:0x --> 00:00:03" in notes[0]


# Other forms ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["song.ass", "song.sbv", "song.sub"])
def test_other_subtitles_are_read(name):
    lines, notes = read(f"subtitles_as_words/{name}")
    assert [text for text, *_ in lines] == [BOAT, OWLS]
    assert [start for _, start, _ in lines] == pytest.approx([1, 3], abs=0.001)
    assert [end for *_, end in lines] == pytest.approx([2.5, 4.5], abs=0.03)
    assert (len(notes) == 1 and "25 were taken" in notes[0]) == (name == "song.sub")


def test_a_rate_that_subtitles_name_is_theirs():
    lines, notes = parse("{1}{1}23.976\n{24}{60}A red boat\n{72}{108}{y:i}Two|owls\n")
    assert [text for text, *_ in lines] == [BOAT, OWLS]
    assert [start for _, start, _ in lines] == pytest.approx([1.001, 3.003], abs=0.001)
    assert notes == ()


FORMS = {
    "SubViewer": "[INFORMATION]\n[TITLE]x\n[END INFORMATION]\n[SUBTITLE]\n"
    "00:00:01.00,00:00:02.50\nA red[br]boat\n\n00:00:03.00,00:00:04.50\nTwo owls\n",
    "SSA": "[Script Info]\nScriptType: v4.00\n\n[V4 Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n[Events]\n"
    "Format: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Comment: Marked=0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not sung\n"
    "Dialogue: Marked=0,0:00:01.00,0:00:02.50,Default,,0,0,0,,A red\\Nboat\n"
    "Dialogue: Marked=0,0:00:03.00,0:00:04.50,Default,,0,0,0,,{\\i1}Two{\\i0} owls\n",
    "ASS events": "Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,A red boat\n"
    "Dialogue: 0,0:00:03.00,0:00:04.50,Default,,0,0,0,,Two owls\n",
    "MPL2": "[10][25]A red|boat\n[30][45]/Two owls\n",
    "TMPlayer": "00:00:01:A red boat\n00:00:03:Two owls\n",
    "SAMI": "<SAMI><BODY><SYNC Start=1000><P Class=ENCC>A red boat<SYNC Start=2500><P Class=ENCC>&nbsp;"
    "<SYNC Start=3000><P Class=ENCC>Two owls"
    "<SYNC Start=4500><P Class=ENCC>&nbsp;</BODY></SAMI>",
    "TTML": '<?xml version="1.0" encoding="UTF-8"?><tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
    '<p begin="00:00:01.000" end="00:00:02.500">A red boat</p>'
    '<p begin="00:00:03.000" end="00:00:04.500">Two owls</p></div></body></tt>',
    "labels": "1.000000\t2.500000\tA red boat\n3.000000\t4.500000\tTwo owls\n",
    "transcript": "0:01\nA red boat\n0:03\nTwo owls\n",
    "transcript in lines": "(00:01) A red boat\n(00:03) Two owls\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_timed_forms_are_read_as_such(form):
    lines, notes = parse(FORMS[form])
    assert [text for text, *_ in lines] == [BOAT, OWLS]
    assert [start for _, start, _ in lines] == [1.0, 3.0]
    assert notes == ()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (r"{\rtf1\ansi\deff0 A red boat\par Two owls}", "RTF"),
        ("<!DOCTYPE html>\n<html><body>A red boat</body></html>", "HTML"),
        ('<?xml version="1.0"?>\n<score><lyric>A red boat</lyric></score>', "XML"),
        ('{"events": [{"tStartMs": 1000, "segs": [{"utf8": "A red boat"}]}]}', "JSON"),
        ('[\n {"start": 1.0, "text": "A red boat"}\n]', "JSON"),
        ("#TITLE:Boat\n#BPM:120\n: 0 5 12 A \n: 6 5 12 red\nE", "UltraStar"),
        ("[1000,1500]A <0,200,0>red<200,300,0> boat", "KRC"),
        ("Scenarist_SCC V1.0\n\n00:00:01:00\t9420 9420", "SCC"),
        ("%PDF-1.4\nA red boat", "PDF"),
    ],
)
def test_what_is_not_read_is_named_and_never_sung(text, named):
    with pytest.raises(UserError, match=named):
        lyrics.parse(text)


@pytest.mark.parametrize(
    "text", ["{sighs} oh no", "12:30 at the station\nI wait for you\nall night", "[Verse]\n<3 my heart", "1 2 3\n4 5 6", "-- and so --"]
)
def test_plain_words_stay_plain(text):
    assert {start for _, start, _ in parse(text)[0]} == {None}


# Encodings ------------------------------------------------------------------------------------------------------------------------------


def test_windows_1252_is_not_taken_for_latin_1():
    lines, _ = read("cp1252_french/words.lrc")
    assert [text for text, *_ in lines] == ["Un café près de la forêt où j’ai été", "L’œil du garçon naïf"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("“Señor”, dijo él – mañana iré a la montaña, y allí estaré solo con el corazón…", "cp1252"),
        ("Für dich – „Grüße“ und süße Träume…", "cp1252"),
        ("Žluťoučký kůň – „příšerně“ úpěl ďábelské ódy", "cp1250"),
        ("I don\x92t know \x96 he said", "utf-8"),
    ],
)
def test_no_text_holds_c1_controls(tmp_path, text, encoding):
    (tmp_path / "song.txt").write_bytes(text.encode(encoding))
    read_back = lyrics.read(tmp_path / "song.txt")[0].text
    assert not any(0x80 <= ord(letter) < 0xA0 for letter in read_back)
    assert read_back == text.replace("\x92", "’").replace("\x96", "–")


@given(st.binary(min_size=1, max_size=200))
def test_whatever_is_decoded_holds_none(data):
    from core.words.text_encodings import decode

    try:
        text = decode(data, "", name="x")
    except UserError:
        return
    assert not any(0x80 <= ord(letter) < 0xA0 for letter in text)


# Lyrics sites ---------------------------------------------------------------------------------------------------------------------------


def test_a_paste_from_a_lyrics_site_loses_its_boilerplate():
    lines, notes = read("genius_paste/song.txt")
    assert [text for text, *_ in lines] == [BOAT, OWLS]
    assert "What a lyrics site wrote around the words" in " ".join(notes)
    assert "You might also like" in " ".join(notes)


@pytest.mark.parametrize(
    "paste",
    [
        "1 ContributorRed Boat Lyrics[Verse 1]\nA red boat\nTwo owls12Embed",
        (
            "48 ContributorsTranslationsDeutschRed Boat LyricsA song about boats… Read More [Verse 1]\n"
            "A red boat\nYou might also like[Chorus]\nTwo owls\n1.2KEmbed"
        ),
        "Red Boat Lyrics[Verse 1]\nA red boat\nSee Boats LiveGet tickets as low as $52\nTwo owls\nYou might also likeEmbed",
        "[Verse 1]\nA red boat\nTwo owls\n\nWriter(s): Jane Doe, John Doe\nLyrics licensed & provided by LyricFind\nSubmit Corrections",
        "A red boat\nTwo owls\n\n******* This Lyrics is NOT for Commercial use *******\n(1409617829201)",
        "[00:00.00]作词 : 某人\n[00:00.50]作曲 : 某人\n[00:01.00]A red boat\n[00:03.00]Two owls\n[00:09.00]by RentAnAdviser.com",
        "Songwriters: Jane Doe / John Doe\nA red boat\nTwo owls\nhttps://www.example.com/red-boat\n© 2001 Boats Ltd. All rights reserved.",
    ],
)
def test_other_sites_boilerplate_is_not_sung_either(paste):
    lines, notes = parse(paste)
    assert [text for text, *_ in lines] == [BOAT, OWLS]
    assert notes


@pytest.mark.parametrize(
    "line",
    [
        "You might also like me",
        "Embedded in my heart",
        "The lyrics of my life",
        "Written by the fire",
        "Translate my heart",
        "Copy that",
        "Music makes me",
    ],
)
def test_what_only_sounds_like_a_site_is_sung(line):
    assert parse(f"{line}\nla") == ([(line, None, None), ("la", None, None)], ())


# Bounds ---------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="has no pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "song.txt")
    with pytest.raises(UserError, match="it is a pipe"):
        lyrics.read(tmp_path / "song.txt")


UNITS = [
    "[1:",
    "[",
    "<",
    "{\\",
    "-->",
    "0:",
    ":",
    ", ",
    "<a",
    " Lyrics ",
    "1 Contributors",
    ".com ",
    "\u4f5c\u8bcd",
    "intro ",
    "00:01 ",
    " ",
    "1",
    "\t",
]


@pytest.mark.parametrize("unit", UNITS)
def test_no_pattern_looks_again_at_what_it_has_seen(unit):
    """One that does would not end in a day: lines as long as they may be, in all places, and as many as there may be."""
    line = (unit * 9000)[:9000] + "x"
    for text in (line, f"[00:01.00]{line}", f"1\n00:00:01,000 --> 00:00:02,000\n{line}", f"{unit}\n" * (20_000 // len(unit))):
        with contextlib.suppress(UserError):
            lyrics.parse(text)


def test_endless_lines_and_texts_are_refused():
    for text in ("a" * 10_001, "la la\n" * 200_000):
        with pytest.raises(UserError, match="The text"):
            lyrics.parse(text)
