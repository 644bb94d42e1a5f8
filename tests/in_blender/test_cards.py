"""Several cards, by one line in the preferences."""

import json
from pathlib import Path

import bpy
import pytest


@pytest.fixture
def preferences(addon, extension):
    chosen = bpy.context.preferences.addons[extension].preferences
    yield chosen
    chosen.device, chosen.cards = "auto", ""


@pytest.mark.any_blender
def test_two_cards_draw_a_strips_film(preferences, saved_film, add_sound, click_track, wait, films):
    preferences.device, preferences.cards = "auto", " cpu:0,cpu:1 "
    add_sound(click_track(seconds=0.4, clicks=[0.2]), model="emoji")
    bpy.ops.chromastrip.generate()
    wait()
    (film,) = films()
    folder = Path(bpy.path.abspath(film.directory))
    assert json.loads((folder / "film.json").read_text())["machine"]["device"] == "cpu:0,cpu:1"


def test_a_processor_is_no_set_of_cards(preferences, addon):
    preferences.device, preferences.cards = "cpu", "cuda:0,cuda:1"
    assert addon.engine.machine().device == "cpu"
