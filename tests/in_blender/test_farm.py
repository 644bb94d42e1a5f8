"""Render on Farm writes what a farm draws a film by, and says where."""

import json
from pathlib import Path

import bpy
import pytest

pytestmark = pytest.mark.any_blender


def test_render_on_farm_writes_request_job_and_script_and_says_where(addon, saved_film, add_sound, click_track, handles):
    sound = add_sound(click_track(seconds=2, clicks=[0.5]))
    handles.set_right(sound, 1 + 30)
    assert bpy.ops.chromastrip.render_on_farm() == {"FINISHED"}
    folder = Path(addon.farm.written[sound.name])
    assert {file.name for file in folder.iterdir()} == {"request.json", "job.json", "chromastrip_render.js"}
    settings = json.loads((folder / "job.json").read_text())["settings"]
    request = json.loads(Path(settings["request"]).read_text())
    assert (settings["frames"], request["frame_count"], request["machine"]["device"]) == (30, 30, "auto")
    assert Path(request["cache_folder"]).is_dir()
