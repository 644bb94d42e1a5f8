"""Mixed sounds: made once by another program, whole or not there. What Blender makes of it: tests/in_blender/test_sources.py."""

import json
import sys

import pytest

from core.protocol import MIXER_VARIABLE, Mix, UserError
from core.sound.mixing import ensure_sound
from core.working import CancelledError

COPIES = "import shutil, sys; shutil.copy(*sys.argv[1:3])"


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "mix.blend"
    path.write_bytes(b"what is heard")
    return Mix(blend_path=str(path))


@pytest.fixture
def mixer(monkeypatch):
    """Give a function that names the program that mixes: a line of Python that is given the two files."""
    return lambda program: monkeypatch.setenv(MIXER_VARIABLE, json.dumps([sys.executable, "-c", program]))


def test_a_sound_that_is_there_is_left_alone(tmp_path, recipe, mixer):
    mixer("raise SystemExit(1)")
    sound = tmp_path / "mix-0123456789abcdef.wav"
    sound.write_bytes(b"sound")
    ensure_sound(str(sound), recipe)
    assert sound.read_bytes() == b"sound"


def test_a_sound_that_is_not_there_is_made_from_its_recipe(tmp_path, recipe, mixer):
    mixer(COPIES)
    sound = tmp_path / "sounds" / "mix-0123456789abcdef.wav"
    ensure_sound(str(sound), recipe)
    assert sound.read_bytes() == b"what is heard"


def test_a_plain_sound_is_nobodys_to_make(tmp_path):
    ensure_sound(str(tmp_path / "song.wav"), None)
    assert not (tmp_path / "song.wav").exists()


@pytest.mark.parametrize(
    "program", ["print('no sound card'); raise SystemExit(1)", COPIES + "; print('no sound card'); raise SystemExit(1)"]
)
def test_a_mix_that_fails_says_why_and_leaves_nothing(tmp_path, recipe, mixer, program):
    mixer(program)
    with pytest.raises(UserError, match="no sound card"):
        ensure_sound(str(tmp_path / "mix-0123456789abcdef.wav"), recipe)
    assert [path.name for path in tmp_path.iterdir()] == ["mix.blend"]


def test_a_mix_without_its_recipe_says_what_to_do(tmp_path, mixer):
    mixer(COPIES)
    with pytest.raises(UserError, match="what it was mixed from"):
        ensure_sound(str(tmp_path / "mix-0123456789abcdef.wav"), Mix(blend_path=str(tmp_path / "gone.blend")))


def test_without_blender_at_hand_nothing_is_run(tmp_path, recipe, monkeypatch):
    monkeypatch.delenv(MIXER_VARIABLE, raising=False)
    with pytest.raises(UserError, match="not at hand"):
        ensure_sound(str(tmp_path / "mix-0123456789abcdef.wav"), recipe)


def test_cancel_ends_the_mixing_and_leaves_nothing(tmp_path, recipe, mixer):
    started = tmp_path / "started"
    mixer(f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(600)")
    with pytest.raises(CancelledError):
        ensure_sound(str(tmp_path / "mix-0123456789abcdef.wav"), recipe, cancelled=started.exists)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mix.blend", "started"]
