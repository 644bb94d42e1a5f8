"""Blender's command line, as far as a Python without Blender's own arguments can try it."""

import json
import subprocess
import sys
from pathlib import Path

import bpy
import pytest


@pytest.fixture
def song(click_track):
    return click_track(seconds=0.5, clicks=[0.2])


def test_render_all_draws_a_film_for_every_sound_and_saves(addon, saved_film, add_sound, song, films):
    add_sound(song, channel=1)
    add_sound(song, channel=4, frame_start=40)
    assert addon.command.run(["render", "--all"]) == 0
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    assert sorted(film.channel for film in films()) == [2, 5]


def test_render_takes_strips_by_name_and_may_leave_the_file_alone(addon, saved_film, add_sound, song, films, capsys):
    add_sound(song, channel=1)
    chosen = add_sound(song, channel=4, frame_start=40)
    saved = Path(bpy.data.filepath).stat().st_mtime_ns
    assert addon.command.run(["render", "--strip", chosen.name, "--no-save"]) == 0
    assert [film.channel for film in films()] == [5]
    assert Path(bpy.data.filepath).stat().st_mtime_ns == saved
    assert f"{chosen.name}: finished" in capsys.readouterr().err


def test_export_writes_the_timeline(addon, saved_film, add_sound, song, tmp_path):
    add_sound(song)
    assert addon.command.run(["export", str(tmp_path / "film.otio")]) == 0
    assert json.loads((tmp_path / "film.otio").read_text())["OTIO_SCHEMA"].startswith("Timeline")


@pytest.mark.parametrize("words", [[], ["render"], ["draw"], ["render", "--all", "--strip", "a"]])
def test_words_that_say_nothing_are_a_wrong_usage(addon, saved_film, words, capsys):
    assert addon.command.run(words) == 2
    assert "usage" in capsys.readouterr().err


def test_a_strip_that_is_not_there_is_named(addon, saved_film, add_sound, song, capsys):
    sound = add_sound(song)
    assert addon.command.run(["render", "--strip", "drums"]) == 1
    said = capsys.readouterr().err
    assert "drums" in said
    assert sound.name in said


def test_a_sound_that_cannot_be_drawn_is_told(addon, saved_film, add_sound, song, capsys):
    add_sound(song)
    song.unlink()
    assert addon.command.run(["render", "--all"]) == 1
    assert "→" in capsys.readouterr().err


def test_the_command_is_one_of_blenders(extension):
    program = "import bpy; print(hasattr(bpy.utils, 'register_cli_command'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"True" in done.stdout
