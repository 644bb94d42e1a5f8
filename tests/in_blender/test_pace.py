"""How long a film may take is said before it is drawn, once such pictures were drawn here."""

import bpy
import pytest

FRAMES = 30

pytestmark = pytest.mark.any_blender


def test_a_film_that_was_drawn_tells_of_the_next_one(addon, saved_film, add_sound, click_track, handles, wait, tmp_path, monkeypatch):
    monkeypatch.setattr(addon.folders, "user_cache_folder", lambda: tmp_path / "own cache")
    addon.pace.read()
    sound = add_sound(click_track(seconds=2, clicks=[0.5]))
    handles.set_right(sound, 1 + FRAMES)
    assert addon.pace.expected(saved_film.scene, sound) == ""
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    assert addon.pace.expected(saved_film.scene, sound) == f"{FRAMES} pictures: about 1 s on this machine"
    sound.chromastrip.shape = "9:16"  # which was never drawn
    assert addon.pace.expected(saved_film.scene, sound) == ""
