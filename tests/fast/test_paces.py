"""How long a film takes is said before it is drawn, and only where such pictures were drawn before."""

import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import pytest

from core import paces
from core.command_line import main
from core.protocol import Machine, Model, Settings
from core.protocol.pace import PACE_FILE, duration_told, read_paces
from tests import films, sounds


def asked(folder, **settings):
    return films.request(folder, folder / "song.wav", frame_count=1000, settings=Settings(model=Model.SYNC_CARD, **settings))


def test_nothing_is_said_where_nothing_was_measured(tmp_path):
    assert paces.expected(asked(tmp_path)) == ""


def test_a_film_takes_as_long_as_such_pictures_took(tmp_path):
    paces.note_pace(asked(tmp_path), picture_count=50, seconds=2.0)
    assert paces.expected(asked(tmp_path)) == "1000 pictures: about 40 s on this machine."


@pytest.mark.parametrize("other", [{"aspect": Fraction(16, 9)}, {"size": 512}, {"model": Model.BIGGAN}])
def test_other_pictures_take_another_time(tmp_path, other):
    paces.note_pace(asked(tmp_path), picture_count=50, seconds=2.0)
    request = asked(tmp_path)
    assert paces.expected(dataclasses.replace(request, settings=dataclasses.replace(request.settings, **other))) == ""


@pytest.mark.parametrize("other", [{"upscale": 2}, {"machine": Machine(device="cuda")}])
def test_another_machine_and_other_sizes_take_another_time(tmp_path, other):
    paces.note_pace(asked(tmp_path), picture_count=50, seconds=2.0)
    assert paces.expected(dataclasses.replace(asked(tmp_path), **other)) == ""


def test_what_does_not_count_for_the_time_changes_nothing(tmp_path):
    paces.note_pace(asked(tmp_path), picture_count=50, seconds=2.0)
    assert paces.expected(asked(tmp_path, seed=5, truncation=0.2, hit=0.0))


def test_a_few_pictures_say_nothing(tmp_path):
    paces.note_pace(asked(tmp_path), picture_count=paces.FEWEST_PICTURES - 1, seconds=2.0)
    assert paces.expected(asked(tmp_path)) == ""


def test_the_latest_counts_and_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(paces, "MOST_KEPT", 2)
    for size, seconds in [(128, 5.0), (256, 5.0), (128, 1.0), (512, 1.0)]:
        paces.note_pace(asked(tmp_path, size=size), picture_count=50, seconds=seconds)
    told = [paces.expected(asked(tmp_path, size=size)).partition(": ")[2] for size in (128, 256, 512)]
    assert told == ["about 20 s on this machine.", "", "about 20 s on this machine."]


@pytest.mark.parametrize("damage", ["", "[1]", '{"a": "b", "c": -1, "d": NaN}', "\0"])
def test_a_damaged_file_says_nothing_and_is_written_anew(tmp_path, damage):
    place = tmp_path / "cache" / PACE_FILE
    place.parent.mkdir()
    place.write_text(damage)
    assert read_paces(place.parent) == {}
    paces.note_pace(asked(tmp_path), picture_count=50, seconds=2.0)
    assert len(json.loads(place.read_text())) == 1


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "about 1 s"), (7.4, "about 7 s"), (41, "about 40 s"), (119, "about 120 s"), (150, "about 2 min"), (9000, "about 2.5 h")],
)
def test_a_duration_is_told_as_people_say_it(seconds, told):
    assert duration_told(seconds) == told


def test_a_film_that_was_drawn_tells_of_the_next_one(tmp_path, capsys):
    song = sounds.write(tmp_path / "song.wav", sounds.click_track(seconds=2))
    words = [str(song), "--cache", str(tmp_path / "cache"), "--model", "sync-card"]
    assert main(["render", *words, "--out", str(tmp_path / "films")]) == 0
    assert "on this machine" not in capsys.readouterr().err
    Path(tmp_path / "plot").mkdir()
    for command in (
        ["cues"],
        ["plot", "--out", str(tmp_path / "plot" / "x.png")],
        ["render", "--seed", "4", "--out", str(tmp_path / "films")],
    ):
        assert main([command[0], *words, *command[1:]]) == 0
        assert "pictures: about 1 s on this machine." in capsys.readouterr().err
