"""Settings under a name, as Blender keeps them: ours, and the user's own."""

from pathlib import Path

import bpy
import pytest

ORIGINALS = {"Original_msieg": "original-msieg", "Original_rushk": "original-rushk"}


@pytest.fixture
def sound(saved_film, add_sound, click_track):
    return add_sound(click_track(seconds=2, clicks=[0.5]), model="abstract")


@pytest.fixture
def ours(addon):
    folders = bpy.utils.preset_paths("chromastrip")
    return {path.stem: path for folder in folders for path in Path(folder).glob("*.py")}


def execute(path):
    menu = "CHROMASTRIP_PT_presets"
    assert bpy.ops.script.execute_preset(filepath=str(path), menu_idname=menu) == {"FINISHED"}


def test_good_presets_are_shipped_among_them_both_originals(ours):
    assert len(ours) >= 8
    assert ours.keys() >= {"Chromastrip", *ORIGINALS}


def test_each_preset_sets_all_that_presets_set_within_its_range(addon, sound, ours):
    for name, path in ours.items():
        settings = sound.chromastrip
        execute(path)
        assert not list(addon.properties.read_settings(settings).problems()), name
        named = {line.split(" = ")[0] for line in path.read_text().splitlines() if line.startswith("settings.")}
        assert named == {f"settings.{value}" for value in addon.presets.VALUES}, name
        for line in path.read_text().splitlines():
            if line.startswith("settings."):  # what Blender took is what stands there
                key, value = line.removeprefix("settings.").split(" = ")
                kept = getattr(settings, key)
                assert str(kept) == value.strip('"') or kept == pytest.approx(float(value)), (name, key)
        assert settings.look == ORIGINALS.get(name, "chromastrip")


def test_the_first_preset_is_what_new_strips_have(addon, sound, ours):
    sound.chromastrip.model = "emoji"
    before = addon.properties.made_with(sound.chromastrip)
    execute(ours["Wild"])
    assert addon.properties.made_with(sound.chromastrip) != before
    execute(ours["Chromastrip"])
    assert addon.properties.made_with(sound.chromastrip) == before


def test_model_things_and_seed_are_no_matter_of_a_preset(sound, ours):
    sound.chromastrip.seed, sound.chromastrip.classes, sound.chromastrip.size = 9, "tabby", "256"
    execute(ours["Calm"])
    assert (sound.chromastrip.seed, sound.chromastrip.classes, sound.chromastrip.size) == (9, "tabby", "256")


def test_a_preset_of_ones_own_is_kept_and_removed(sound, ours):
    sound.chromastrip.jitter = 0.25
    assert bpy.ops.chromastrip.add_preset(name="Mine") == {"FINISHED"}
    sound.chromastrip.jitter = 0.75
    execute(bpy.utils.preset_find("Mine", "chromastrip"))
    assert sound.chromastrip.jitter == pytest.approx(0.25)
    assert bpy.ops.chromastrip.add_preset(name="Mine", remove_name=True) == {"FINISHED"}
    assert bpy.utils.preset_find("Mine", "chromastrip") is None


def test_ours_cannot_be_removed(sound, ours):
    bpy.ops.chromastrip.add_preset(name="Calm", remove_name=True)
    assert ours["Calm"].is_file()
    assert bpy.utils.preset_find("Calm", "chromastrip")


def test_a_blend_of_an_earlier_release_keeps_its_models(sound):
    items = sound.chromastrip.bl_rna.properties["model"].enum_items
    numbers = {item.identifier: item.value for item in items}
    assert numbers == {"abstract": 0, "biggan-deep": 1, "own": 2, "sync-card": 3, "emoji": 4}
    assert items[0].identifier == sound.chromastrip.bl_rna.properties["model"].default
