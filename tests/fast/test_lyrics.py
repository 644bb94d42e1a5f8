"""Lyrics files to lines."""

# ruff: noqa: RUF001 (other scripts)

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.protocol import UserError
from core.words import lyrics

PLAIN = "Hello there\nMy friend\n\nSecond verse"


def texts(lines):
    return [line.text for line in lines]


def times(lines):
    return [(line.text, line.start_seconds, line.end_seconds) for line in lines]


def verses(lines):
    return [line.verse for line in lines]


@pytest.fixture
def file(tmp_path):
    def write(content, name="song.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# Plain text -----------------------------------------------------------------------------------------------------------------------------


def test_blank_lines_part_verses():
    lines = lyrics.parse(PLAIN)
    assert texts(lines) == ["Hello there", "My friend", "Second verse"]
    assert verses(lines) == [0, 0, 1]
    assert {(line.start_seconds, line.end_seconds) for line in lines} == {(None, None)}


@pytest.mark.parametrize(
    "header", ["[Chorus]", "[Verse 1: Somebody]", "【サビ】", "Chorus:", "(Chorus x2)", "VERSE 2", "  [Outro]  ", "Pre-Chorus"]
)
def test_headers_are_dropped_and_part_verses(header):
    lines = lyrics.parse(f"one\n{header}\ntwo")
    assert texts(lines) == ["one", "two"]
    assert verses(lines) == [0, 1]


@pytest.mark.parametrize("line", ["(I can't get no)", "Bridge of sighs", "The chorus sings", "Hook me up", "[sic] he said"])
def test_what_only_looks_like_a_header_is_sung(line):
    assert texts(lyrics.parse(line)) == [line]


def test_line_ends_notes_and_spaces_do_not_matter():
    assert texts(lyrics.parse("\ufeff♪ one ♪\r\n  two\t words \r\rthree")) == ["one", "two words", "three"]


def test_right_to_left_works():
    hebrew, arabic = "שלום עולם", "مرحبا بالعالم"
    assert texts(lyrics.parse(f"\u200f{hebrew}\u200f\n\u202b{arabic}\u202c")) == [hebrew, arabic]


@given(st.text(max_size=300))
def test_any_text_gives_lines_or_says_why_not(text):
    with contextlib.suppress(UserError):
        lines = lyrics.parse(text)
        assert all(line.text.strip() for line in lines)
        assert sorted(verses(lines)) == verses(lines)


# Encodings ------------------------------------------------------------------------------------------------------------------------------

SAMPLES = {
    "en": "Don’t you want me, baby? “Oh no” – she said\nplain words here",
    "fr": "Où sont les rêves d'été, ma chérie\nÇa ira, déjà la nuit est là",
    "de": "Über den Wolken muss die Freiheit grenzenlos sein\nsüße Träume, schöne Grüße",
    "ja": "桜の花が咲く頃に\n君と歩いた道を思い出す\n夢の中でまた会いましょう",
    "ru": "Миллион алых роз из окна видишь ты\nКто влюблён, кто влюблён и всерьёз",
    "zh": "月亮代表我的心\n你问我爱你有多深 我爱你有几分",
    "he": "שלום עליכם מלאכי השלום\nירושלים של זהב ושל נחושת ושל אור",
    "ar": "يا حبيبي يا نور العين\nساكن خيالي",
    "pl": "Żółty jesienny liść, gdzieś ty był\nświat się śmieje, łzy już schną",
    "ko": "사랑해요 그대를 영원히\n봄날은 간다",
}
LEGACY = [
    *[("en", "cp1252"), ("fr", "latin-1"), ("fr", "cp1252"), ("de", "latin-1"), ("ja", "shift_jis"), ("ja", "euc_jp"), ("ru", "cp1251")],
    *[("ru", "koi8_r"), ("zh", "gb18030"), ("he", "cp1255"), ("ar", "cp1256"), ("pl", "cp1250"), ("pl", "iso8859_2"), ("ko", "euc_kr")],
]
UNICODE = [
    (language, encoding) for language in ("en", "ja", "ar") for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
]


@pytest.mark.parametrize(("language", "encoding"), [*LEGACY, *UNICODE])
def test_any_encoding_is_found_out(file, language, encoding):
    assert texts(lyrics.read(file(SAMPLES[language].encode(encoding)))) == SAMPLES[language].split("\n")


def test_an_encoding_may_be_named(file):
    path = file("Señor".encode("cp850"))
    assert texts(lyrics.read(path, encoding="cp850")) == ["Señor"]
    with pytest.raises(UserError, match="no encoding “klingon”"):
        lyrics.read(path, encoding="klingon")
    with pytest.raises(UserError, match="not written in utf-8"):
        lyrics.read(path, encoding="utf-8")


# Bad files ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", ["", "\n \n", "[Chorus]\n\n[Outro]", "\ufeff", "[ar:Me]\n[00:10.00]\n[00:12.00]", "WEBVTT\n\nNOTE nothing\n"]
)
def test_files_without_words_are_refused(file, content):
    with pytest.raises(UserError, match=r"“song.txt” holds no lyrics"):
        lyrics.read(file(content))


@pytest.mark.parametrize("content", [bytes(range(256)) * 20, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(0, 250, 3)) * 9])
def test_binary_files_are_refused(file, content):
    with pytest.raises(UserError, match="is no text file"):
        lyrics.read(file(content))


def test_ten_megabytes_are_refused_at_once(file):
    with pytest.raises(UserError, match=r"10\.0 MB"):
        lyrics.read(file(b"la la\n" * 1_666_667))


def test_too_many_lines_are_refused():
    with pytest.raises(UserError, match="5001 lines"):
        lyrics.parse("a\n" * 5001)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match="There is no file"):
        lyrics.read(tmp_path / "nothing.txt")
    with pytest.raises(UserError, match="cannot be read"):
        lyrics.read(tmp_path)


# LRC ------------------------------------------------------------------------------------------------------------------------------------


def test_lrc_lines_end_where_the_next_begins():
    lines = lyrics.parse("[ti:Song]\n[by:me]\n[00:01.00]One\n[00:03.50]Two\n[00:05]\n[00:06.250]Three")
    assert times(lines) == [
        ("One", Fraction(1), Fraction(7, 2)),
        ("Two", Fraction(7, 2), Fraction(5)),
        ("Three", Fraction(25, 4), None),
    ]


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("01:02", 62),
        ("1:02.5", Fraction(125, 2)),
        ("01:02:50", Fraction(125, 2)),
        ("100:00.123", Fraction(6000123, 1000)),
        ("1:00:01.5", Fraction(7203, 2)),
    ],
)
def test_lrc_stamps_are_exact(stamp, seconds):
    assert lyrics.parse(f"[00:00.00]first\n[{stamp}]x")[1].start_seconds == seconds


def test_lrc_lines_may_have_several_stamps_in_any_order():
    lines = lyrics.parse("[00:20.00][00:05.00]One\n[00:10.00]Two")
    assert [(line.text, line.start_seconds) for line in lines] == [("One", 5), ("Two", 10), ("One", 20)]


@pytest.mark.parametrize(("offset", "start"), [("+500", Fraction(19, 2)), ("-500", Fraction(21, 2)), ("0", 10), ("99999", 0)])
def test_lrc_offset_brings_lines_forward(offset, start):
    assert lyrics.parse(f"[offset:{offset}]\n[00:10.00]x")[0].start_seconds == start


def test_lrc_word_stamps_headers_and_continued_lines():
    lines = lyrics.parse("credits\n[00:01.00]<00:01.10>One <00:02.00>word\nmore of it\n[Chorus]\n[00:04.00][Verse 2]\n[00:05.00]Two")
    assert times(lines) == [("One word more of it", 1, 4), ("Two", 5, None)]


@pytest.mark.parametrize("stamp", ["00:75.00", "0O:15.00", "xx:15.00", "-1:00", "00:10.1234567", "1:2:3:4", "00:1e1"])
def test_lrc_with_no_good_stamp_names_the_first_bad_one(stamp):
    with pytest.raises(UserError, match=r"Line 2 of “The text” has a stamp that is no time"):
        lyrics.parse(f"[ti:Song]\n[{stamp}]bad\n[00:99.00]bad")


def test_long_pauses_part_verses():
    lines = lyrics.parse("".join(f"[{second // 60:02}:{second % 60:02}.00]line\n" for second in (1, 3, 5, 7, 30, 32, 34)))
    assert verses(lines) == [0, 0, 0, 0, 1, 1, 1]


@given(st.lists(st.tuples(st.integers(0, 3599), st.sampled_from(["la", "tiger", ""])), min_size=1, max_size=30))
def test_lrc_lines_come_by_time_and_never_end_before_they_begin(stamped):
    text = "".join(f"[{seconds // 60}:{seconds % 60:02}]{words}\n" for seconds, words in stamped)
    if not any(words for _, words in stamped):
        return
    lines = lyrics.parse(text)
    assert [line.start_seconds for line in lines] == sorted(seconds for seconds, words in stamped if words)
    assert all(line.end_seconds is None or line.end_seconds > line.start_seconds for line in lines)
    assert sorted(verses(lines)) == verses(lines)


# SRT and WebVTT -------------------------------------------------------------------------------------------------------------------------

SRT = """1
00:00:01,000 --> 00:00:03,500
<i>Hello</i>
world

2
00:00:09,250 --> 00:00:10,000
[Music]

3
00:00:05,000 --> 00:00:08,000
{\\an8}Second &amp; last
"""
VTT = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE not sung

first
00:01.000 --> 00:02.500 align:start
<v Bob>Hi <b>there</b>

second one
00:00:05.000 --> 00:00:06.000
♪ again ♪
"""


def test_srt_gives_each_subtitle_its_times():
    assert times(lyrics.parse(SRT)) == [("Hello world", 1, Fraction(7, 2)), ("Second & last", 5, 8)]


def test_vtt_names_notes_and_styles_are_not_sung():
    lines = lyrics.parse(VTT)
    assert times(lines) == [("Hi there", 1, Fraction(5, 2)), ("again", 5, 6)]
    assert verses(lines) == [0, 0]


def test_what_is_inside_counts_not_the_name(file):
    assert times(lyrics.read(file(SRT.replace("\n", "\r\n").encode("utf-16"), "song.txt"))) == times(lyrics.parse(SRT))


@pytest.mark.parametrize(
    "line", ["00:00:0x,000 --> 00:00:03,500", "00:00:01,000 --> later", "--> 00:00:01,000", "00:61:01,000 --> 00:62:00,000"]
)
def test_bad_subtitle_times_name_their_line(line):
    with pytest.raises(UserError, match="Line 2 of “The text” says no times"):
        lyrics.parse(f"1\n{line}\nwords")


def test_a_subtitle_that_ends_before_it_begins_has_no_end():
    assert times(lyrics.parse("1\n00:00:05,000 --> 00:00:04,000\nwords")) == [("words", 5, None)]
