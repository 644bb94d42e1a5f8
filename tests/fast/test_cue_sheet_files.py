"""The cue sheet as a table, and what is wrong with one."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core import command_line
from core.backends import Backends
from core.checks import check_sheet
from core.directing_job import answer
from core.latents import direct
from core.protocol import Cue, Direct, LineThings, Look, Model, Settings, Thing, UserError, decode, default_of, encode, line_table
from core.sound.features import file_digest
from core.sound.listening import listen
from core.words.class_table import ClassTable, read_table, write_table
from tests import films, sounds


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Ask for a film of a minute of melody, which is analysed once."""
    folder = tmp_path_factory.mktemp("sheet")
    song = sounds.write(folder / "song.wav", sounds.melody(seconds=60), rate=22_050)
    settings = Settings(model=Model.SYNC_CARD, seed=3)
    return films.hear(films.request(folder, song, frame_count=1500, settings=settings))


def told(request):
    return answer(Direct(job_id="1", request=request), backends=Backends())


def table_of(request):
    return ClassTable(rows=told(request).rows, things=told(request).things, sound="abc")


def test_the_answer_is_the_sheet_that_the_film_shows(asked):
    directed = direct(asked, listen(asked))
    assert line_table.cues(told(asked).rows) == directed.cues
    assert tuple(thing.class_id for thing in told(asked).things) == directed.classes


def test_a_sheet_goes_into_a_table_and_comes_back(asked, tmp_path):
    table = table_of(asked)
    write_table(tmp_path / "sheet.csv", table)
    back = read_table(tmp_path / "sheet.csv")
    assert line_table.cues(back.rows) == line_table.cues(table.rows)
    assert [thing.class_id for thing in back.things] == [thing.class_id for thing in table.things]
    assert back.sound == "abc"


def test_a_sheet_goes_onto_a_strip_and_comes_back(asked):
    rows = told(asked).rows
    assert line_table.unpack(line_table.pack(rows)) == rows


def test_with_words_only_what_lies_around_them_is_written(asked):
    sung = Cue(start_seconds=Fraction(20), end_seconds=Fraction(30), classes=(1,))
    with_words = dataclasses.replace(asked, settings=dataclasses.replace(asked.settings, cues=(sung,)))
    rows = told(with_words).rows
    assert all(row.part for row in rows)
    word = LineThings(number=0, text="x", verse=0, things=(thing(1),), start_seconds=Fraction(20), end_seconds=Fraction(30))
    cues = line_table.cues((*rows, word))
    assert direct(with_words, listen(asked)).cues == cues


def thing(number):
    return Thing(class_id=number, name=str(number), similarity=0.0)


def row(number, start, end=None, part="A"):
    return LineThings(
        number=number,
        text="",
        verse=0,
        things=(thing(number),),
        start_seconds=Fraction(start),
        end_seconds=None if end is None else Fraction(end),
        part=part,
    )


def test_a_moved_boundary_is_one_change():
    cues = line_table.cues((row(1, 0), row(2, 6), row(3, 9, 12)))
    assert [(cue.start_seconds, cue.end_seconds) for cue in cues] == [(0, 6), (6, 9), (9, 12)]


def test_a_line_that_is_taken_out_leaves_its_time_to_the_one_before():
    assert [cue.end_seconds for cue in line_table.cues((row(1, 0), row(3, 9, 12)))] == [9, 12]


def test_a_sheets_lines_never_last_into_the_next_one():
    assert [cue.end_seconds for cue in line_table.cues((row(1, 0, 8), row(2, 6, 9)))] == [6, 9]


def test_overlapping_lines_of_a_file_are_named(tmp_path):
    write_table(tmp_path / "sheet.csv", ClassTable(rows=(row(1, 0, 8), row(2, 6, 9)), things=()))
    with pytest.raises(UserError, match="lines 1 and 2 overlap"):
        read_table(tmp_path / "sheet.csv")


@pytest.mark.parametrize("start", [60, 1000, -1])
def test_a_cue_outside_its_sound_is_refused(asked, start):
    outside = Cue(start_seconds=Fraction(start), end_seconds=Fraction(start + 5), classes=(1,), part="A")
    request = dataclasses.replace(asked, settings=Settings(cues=(outside,)))
    with pytest.raises(UserError, match="cue sheet begins at"):
        check_sheet(request, sound_seconds=Fraction(60))
    sung = dataclasses.replace(outside, part="")
    check_sheet(dataclasses.replace(asked, settings=Settings(cues=(sung,))), sound_seconds=Fraction(60))


def test_a_film_that_shows_all_things_at_once_has_no_sheet(asked):
    for settings in (Settings(blend=1.0), Settings(look=Look.ORIGINAL_MSIEG)):
        with pytest.raises(UserError, match="nothing leads"):
            told(dataclasses.replace(asked, settings=dataclasses.replace(settings, model=Model.SYNC_CARD)))


# The command line -----------------------------------------------------------------------------------------------------------------------


def run(*words):
    return command_line.main(list(map(str, words)))


def test_the_command_writes_a_sheet_that_render_takes(asked, tmp_path, capsys):
    sheet, cache = tmp_path / "sheet.csv", ["--cache", asked.cache_folder]
    assert run("cues", asked.sound_path, "--seed", 3, "--model", "sync-card", "--table", sheet, *cache) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(told(asked).rows)
    assert read_table(sheet).sound == file_digest(Path(asked.sound_path))
    assert run("cues", asked.sound_path, "--table", sheet, *cache) == 1, "not over an edited one"
    words = ["vectors", asked.sound_path, "--seed", 3, "--model", "sync-card", "--full", *cache]
    assert run(*words, "--out", tmp_path / "own.npz") == 0
    assert run(*words, "--out", tmp_path / "given.npz", "--classes-from", sheet) == 0
    own, given = (np.load(tmp_path / f"{name}.npz") for name in ("own", "given"))
    np.testing.assert_array_equal(own["class_vectors"], given["class_vectors"])


def test_another_sounds_sheet_is_refused(asked, tmp_path, capsys):
    write_table(tmp_path / "sheet.csv", table_of(asked))
    assert run("vectors", asked.sound_path, "--classes-from", tmp_path / "sheet.csv", "--out", tmp_path / "v.npz") == 1
    assert "another sound's" in capsys.readouterr().err


# Defaults, and what older versions wrote ------------------------------------------------------------------------------------------------


def test_settings_that_an_older_version_wrote_show_all_things_at_once():
    written = encode(Settings()).replace('"blend":0.4,', "")
    assert "blend" not in written
    assert decode(written, Settings) == Settings(blend=1.0)


def test_other_models_and_looks_have_defaults_of_their_own():
    assert default_of("truncation", model=Model.EMOJI, look=Look.CHROMASTRIP) == Settings().truncation < 1
    for model, look in ((Model.BIGGAN, Look.CHROMASTRIP), (Model.EMOJI, Look.ORIGINAL_MSIEG), (Model.EMOJI, Look.ORIGINAL_RUSHK)):
        assert default_of("truncation", model=model, look=look) == 1
    assert default_of("seed", model=Model.BIGGAN, look=Look.CHROMASTRIP) == 0
