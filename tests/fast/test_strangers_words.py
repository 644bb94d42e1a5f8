"""Strangers' words where they could do something: on a terminal, in a spreadsheet, as an address or a note; and files in the way."""

import json
import os
from fractions import Fraction

import pytest
import requests
from PIL import Image

from core.command_line import main
from core.frame_folder import read_request
from core.handover.media import with_size
from core.models import download
from core.pictures import read_picture, read_small
from core.protocol import (
    Clip,
    Edit,
    LineThings,
    Still,
    Thing,
    Track,
    UserError,
    blends_of,
    class_names,
    encode,
    line_table,
    places,
    printable,
)
from core.words.class_table import ClassTable, read_table, write_table
from tests import films

FORMULAS = ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", " =1", "＝1", "'=quoted", "''", "-", "- oh"]  # noqa: RUF001


def edit_of(media):
    clip = Clip(name="C", media=media, source_start=Fraction(0), frame_count=5)
    return Edit(name="T", fps=Fraction(25), tracks=(Track(name="V", kind="video", items=(clip,)),))


# Files in the way -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def edl(tmp_path):
    path = tmp_path / "cut.edl"
    path.write_text("TITLE: t\n\n001  AX V     C        00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n* FROM CLIP NAME: A.mov\n")
    return path


@pytest.mark.parametrize("more", [[], ["--replace"]])
def test_a_commands_own_input_is_never_written_over(tmp_path, edl, capsys, more):
    before = edl.read_bytes()
    (tmp_path / "link.edl").symlink_to(edl)
    os.link(edl, tmp_path / "same.edl")
    for out in ("cut.edl", "link.edl", "same.edl"):
        assert main(["import", str(edl), "--out", str(tmp_path / out), *more]) == 1
    assert edl.read_bytes() == before
    edit = tmp_path / "a.otio"
    edit.write_text(encode(edit_of(Still(path=str(tmp_path / "a.png")))))
    assert main(["export", str(edit), "--out", str(edit), "--missing", "go-on", *more]) == 1
    assert "would be read" in capsys.readouterr().err
    song = tmp_path / "song.png"
    song.write_bytes(b"sound")
    assert main(["plot", str(song), "--out", str(song), *more]) == 1
    assert song.read_bytes() == b"sound"


COMMANDS = {
    "import": ("import", "cut.edl", "out.chromastrip"),
    "export": ("export", "a.chromastrip", "out.otio", "--missing", "go-on"),
    "export by target": ("export", "a.chromastrip", "out", "--target", "shotcut", "--missing", "go-on"),
    "contact-sheet": ("contact-sheet", "frames", "out.png"),
    "plot": ("plot", "song.wav", "out.png"),
    "vectors": ("vectors", "song.wav", "out.npz"),
    "render": ("render", "song.wav", "out.mp4"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_replaces_a_file_unless_that_is_said(tmp_path, edl, capsys, name):
    (tmp_path / "a.chromastrip").write_text(encode(edit_of(Still(path=str(tmp_path / "a.png")))))
    (tmp_path / "frames").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "frames" / "a.png")
    mine = [tmp_path / f"out{ending}" for ending in (".chromastrip", ".otio", ".mlt", ".png", ".npz", ".mp4")]
    for path in mine:
        path.write_text("mine")
    command, given, out, *more = COMMANDS[name]
    words = [command, str(tmp_path / given), "--out", str(tmp_path / out), *more]
    assert main(words) == 1
    assert "--replace" in capsys.readouterr().err
    assert {path.read_text() for path in mine} == {"mine"}
    if name in ("import", "export", "export by target", "contact-sheet"):  # the others would listen first
        assert main([*words, "--replace"]) == 0


# On a terminal --------------------------------------------------------------------------------------------------------------------------


def test_no_name_steers_the_terminal(tmp_path, capsys):
    name = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egpj.exe\r\x08.edl"
    (tmp_path / name).write_text("")
    assert main(["import", str(tmp_path / name)]) == 1
    assert main(["clean", str(tmp_path / name)]) == 1
    said = "".join(capsys.readouterr())
    assert not any(letter in said for letter in "\x1b\x07\x08\x9b\r\u202e")
    assert "\\x1b" in said
    assert printable("Söng 映画 ♪\tа\n") == "Söng 映画 ♪\tа\n"  # noqa: RUF001


# In a spreadsheet -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", FORMULAS)
def test_words_are_no_formula_to_a_spreadsheet_and_come_back(tmp_path, words):
    thing = Thing(class_id=281, name=class_names.name(281), similarity=0.5)
    row = LineThings(number=1, text=words, verse=0, things=(thing,), start_seconds=Fraction(-1, 2), end_seconds=None, mood=-0.5)
    write_table(tmp_path / "a.csv", ClassTable(rows=(row,), things=()))
    cells = (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
    assert f",{words.lstrip()}," not in cells
    (back,) = read_table(tmp_path / "a.csv").rows
    assert (back.text, back.start_seconds, back.mood) == (words, row.start_seconds, row.mood)


# As an address --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "to", "is_followed"),
    [
        ("https://a.org/x", "http://b.org/x", False),
        ("https://a.org/x", "HTTP://b.org/x", False),
        ("https://a.org/x", "//b.org/x", True),
        ("https://a.org/x", "/y", True),
        ("https://a.org/x", "https://b.org/x", True),
        ("http://a.org/x", "http://b.org/x", True),
        ("http://a.org/x", "https://b.org/x", True),
    ],
)
def test_no_redirect_leads_from_https_to_http(begin, to, is_followed):
    response = requests.Response()
    response.status_code, response.url, response.headers["Location"] = 302, begin, to
    with download._session() as session:
        if is_followed:
            assert session.get_redirect_target(response) == to
        else:
            with pytest.raises(requests.exceptions.InvalidSchema):
                session.get_redirect_target(response)


# As pictures, numbers and notes ---------------------------------------------------------------------------------------------------------


def test_a_picture_of_more_pixels_than_memory_is_told_of(tmp_path, monkeypatch):
    Image.new("1", (300, 300)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    for read in (read_picture, read_small):
        with pytest.raises(UserError, match="cannot be read"):
            read(tmp_path / "a.png")
    assert with_size(edit_of(Still(path=str(tmp_path / "a.png")))).width in (0, 300)


HUGE = "1" + "0" * 400


@pytest.mark.parametrize("row", [{"mood": HUGE}, {"verse": HUGE}, {"verse": "Infinity"}, {"mood": "Infinity"}, {"classes": f"[{HUGE}]"}])
def test_numbers_of_401_digits_in_a_strips_table_are_refused(row):
    record = {"words": '"w"', "classes": "[1]"} | row
    text = "[{" + ",".join(f'"{name}":{value}' for name, value in record.items()) + "}]"
    if row in ({"mood": "Infinity"}, {"verse": HUGE}):
        line_table.unpack(text)  # the mood is held within -1 ... 1; the verse is only a number
        return
    with pytest.raises(UserError):
        line_table.unpack(text)


def test_a_note_that_is_a_pipe_a_link_abroad_or_huge_is_none(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "film.json")
    os.mkfifo(tmp_path / "blends.json")
    assert read_request(tmp_path) is None
    assert blends_of(tmp_path) == ()
    monkeypatch.setattr(places, "LARGEST_NOTE", 10)
    film = tmp_path / "film"
    film.mkdir()
    (film / "film.json").write_text(encode(films.request(tmp_path, tmp_path / "a.wav")))
    (film / "blends.json").write_text(json.dumps(["a.blend", "b.blend"]))
    assert read_request(film) is None
    assert blends_of(film) == ()
