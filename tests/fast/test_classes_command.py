"""``python -m core classes``, and the table that it writes and `render` reads."""

import argparse
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from core.commands import classes
from core.protocol import ClassesChosen, LineThings, Thing, UserError, class_names, decode, line_table
from core.words import class_table
from core.words.class_table import ClassTable
from tests import verses

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(capsys):
    """Run the command; give what it wrote to standard output, and said beside."""
    parser = argparse.ArgumentParser()
    classes.add(parser.add_subparsers())

    def run_command(*arguments):
        options = parser.parse_args(["classes", *map(str, arguments)])
        options.run(options)
        return capsys.readouterr()

    return run_command


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "song.txt"
    path.write_text(verses.CHORUS)
    return path


@pytest.fixture
def read(run, verses_read):
    """Run it with the model's cache folder of the tests."""
    return lambda *arguments: run(*arguments, "--cache", verses_read.cache_folder)


# Finding --------------------------------------------------------------------------------------------------------------------------------


def test_words_are_searched(run):
    assert run("tabby").out.split() == ["281", "tabby", "cat", "cat"]
    assert len(run("spiders").out.splitlines()) == len(class_names.search("spiders"))


def test_nothing_found_brings_what_is_near(run):
    with pytest.raises(UserError, match="no class “tigre”") as caught:
        run("tigre")
    assert "“tiger” (292)" in caught.value.cure


def test_without_words_all_are_listed(run):
    assert len(run().out.splitlines()) == 1000


def test_chance_is_repeatable(run):
    first, again, other = (run("--random", "--seed", seed, "--things", 4) for seed in (1, 1, 2))
    assert first == again != other
    assert len(first.out.splitlines()) == 4
    assert "--classes " in first.err


def test_likes_are_found(read):
    out = read("--like", "tabby", "--like", "goldfish", "--things", 6).out
    assert [line.split()[0] for line in out.splitlines()[:2]] == ["281", "1"]


def test_lyrics_give_a_table(read, song):
    out = read("--lyrics", song, "--things", 3, "--mood", "--pin", "2=pug").out
    assert "Goldfish in a bowl" in out
    assert "→ goldfish 0." in out
    assert "→ pug" in out
    assert "(pinned)" in out
    assert len(out.partition("The film's own:")[2].strip().splitlines()) == 3


def test_what_was_read_otherwise_is_shown(read, tmp_path):
    path = tmp_path / "money.txt"
    path.write_text(verses.MONEY["pocket"])
    assert "read as: money in my pocket" in read("--lyrics", path).out


def test_json_is_the_answer_itself(read, song):
    out = read("--lyrics", song, "--things", 3, "--json").out
    chosen = decode(out, ClassesChosen)
    assert len(chosen.rows) == 6
    assert len(chosen.things) == 3
    assert decode(read("tabby", "--json").out, ClassesChosen).things[0].class_id == 281


def test_a_model_that_is_there_is_not_downloaded(read):
    with verses.no_network():
        assert "all-MiniLM-L6-v2" in read("--download").err


@pytest.mark.parametrize("ways", [("tabby", "--random"), ("--random", "--like", "1"), ("--like", "1", "--lyrics", "x.txt")])
def test_one_way_at_a_time(run, ways):
    with pytest.raises(UserError, match="Several ways"):
        run(*ways)


@pytest.mark.parametrize("pin", ["tabby", "0x=pug", "3=", "=pug", "-1=pug"])
def test_a_pin_has_a_line_and_a_name(run, pin):
    with pytest.raises(SystemExit):
        run("--lyrics", "x.txt", f"--pin={pin}")


def test_searching_imports_nothing_heavy():
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import argparse; from core.commands import classes;"
        "p = argparse.ArgumentParser(); classes.add(p.add_subparsers()); o = p.parse_args(['classes', 'tabby']); o.run(o);"
        "print({'numpy', 'torch', 'librosa'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


# The table ------------------------------------------------------------------------------------------------------------------------------


def thing(name, similarity=0.5):
    number = class_names.resolve(name)
    return Thing(class_id=number, name=class_names.name(number), similarity=similarity)


ROWS = (
    LineThings(
        number=1,
        text='Words, with "quotes"; and Ω',
        verse=0,
        things=(thing("pug", 0.25), thing("tabby"), thing("crane (bird)")),
        start_seconds=Fraction(5, 4),
        end_seconds=Fraction(3),
        mood=-0.5,
    ),
    LineThings(number=2, text="=SUM(A1)", verse=1, things=(thing("goldfish"),), start_seconds=Fraction("3.000001")),
)
TABLE = ClassTable(rows=ROWS, things=(thing("tiger", 0.75), thing("pug", 0.25)))


@pytest.mark.parametrize("name", ["table.csv", "table.tsv", "TABLE.CSV"])
def test_a_table_comes_back(tmp_path, name):
    class_table.write_table(tmp_path / name, TABLE)
    back = class_table.read_table(tmp_path / name)
    assert [thing.class_id for thing in back.things] == [292, 254]
    assert [(row.number, row.text, row.verse, row.start_seconds, row.end_seconds, row.mood) for row in back.rows] == [
        (row.number, row.text, row.verse, row.start_seconds, row.end_seconds, row.mood) for row in ROWS
    ]
    assert [[thing.class_id for thing in row.things] for row in back.rows] == [[254, 281, 134], [1]]


def test_the_command_writes_the_table_and_never_over_another(read, song, tmp_path):
    target = tmp_path / "table.csv"
    chosen = decode(read("--lyrics", song, "--things", 3, "--table", target, "--json").out, ClassesChosen)
    table = class_table.read_table(target)
    assert [thing.class_id for thing in table.things] == [thing.class_id for thing in chosen.things]
    assert [row.text for row in table.rows] == [row.text for row in chosen.rows]
    target.write_text("edited")
    with pytest.raises(UserError, match="is there already"):
        read("--lyrics", song, "--table", target)
    assert target.read_text() == "edited"
    read("--lyrics", song, "--things", 3, "--table", target, "--replace")
    assert class_table.read_table(target) == table


def edited(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_table_may_be_edited_by_hand(tmp_path):
    path = edited(tmp_path, "class,line,begin,end\nTabbies,,1.5,2\n\n281,film,,\ngoldfish,film\n281,film\n1,,2,\n")
    table = class_table.read_table(path)
    assert [(row.number, row.things[0].class_id, row.start_seconds, row.end_seconds) for row in table.rows] == [
        (1, 281, Fraction(3, 2), 2),
        (2, 1, 2, None),
    ]
    assert [thing.class_id for thing in table.things] == [281, 1]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("class\ndragon\n", "Row 2 of “table.csv”: There is no class “dragon”"),
        ("class,line\n1,film\n1000,film\n", "Row 3 of “table.csv”: There is no class 1000"),
        ("class,begin\n1,soon\n", "Row 2 of “table.csv” cannot be read"),
        ("class,begin\n1,1/0\n", "Row 2 of “table.csv” cannot be read"),
        ("line,class\n1\n2,\n", "holds no classes"),
        ("class,also\n1,tiger; dragon\n", "Row 2 of “table.csv”: There is no class “dragon”"),
        ("class,mood\n1,happy\n", "Row 2 of “table.csv” cannot be read"),
        ("line,words\n1,a\n", "has no column “class”"),
        ("class\n", "holds no classes"),
        ("", "has no column “class”"),
        (b"class\n\xff\n", "is not written in UTF-8"),
        ('class\n"1\n', "is no table"),
    ],
)
def test_a_wrong_table_names_the_row(tmp_path, text, complaint):
    with pytest.raises(UserError, match=complaint):
        class_table.read_table(edited(tmp_path, text))


def test_other_kinds_of_files_are_no_tables(tmp_path):
    with pytest.raises(UserError, match=r"ends in \.csv or \.tsv"):
        class_table.write_table(tmp_path / "table.xls", TABLE)
    with pytest.raises(UserError, match="There is no file"):
        class_table.read_table(tmp_path / "missing.csv")


def test_timed_lines_become_cues():
    first, second = line_table.cues((*ROWS[::-1], LineThings(number=3, text="no time", verse=1, things=(thing("tiger"),))))
    assert (first.start_seconds, first.end_seconds, first.classes, first.mood) == (Fraction(5, 4), 3, (254, 281, 134), -0.5)
    assert (second.end_seconds - second.start_seconds, second.classes) == (line_table.LAST_LINE_SECONDS, (1,))
    assert list(first.problems()) == []


def test_a_line_without_an_end_shows_until_the_next():
    rows = [LineThings(number=n, text="x", verse=0, things=(thing("tiger"),), start_seconds=Fraction(n)) for n in (1, 2, 2, 5)]
    assert [(cue.start_seconds, cue.end_seconds) for cue in line_table.cues(rows)] == [(1, 2), (2, 5), (5, 9)]
