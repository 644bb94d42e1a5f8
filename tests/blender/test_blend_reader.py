"""`otioconvert -i film.blend`, in processes of their own, through each Blender; and what is said where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import opentimelineio as otio
import pytest

from tools.environments import BLENDERS, ROOT, clean_environ

MAKE = """
import sys, bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps, scene.render.fps_base = 30, 1.001
editor = scene.sequence_editor_create()
if sys.argv[-1] != "empty":
    strip = editor.strips.new_image(name="stein 石", filepath="//a_0001.png", channel=1, frame_start=11)
    strip.elements.append("a_0002.png")
    strip.blend_alpha = 0.5
    scene.timeline_markers.new("hier", frame=5)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1])
"""


@pytest.fixture(params=BLENDERS)
def blender(request, blender_python):
    return blender_python(request.param)


@pytest.fixture
def convert(tmp_path):
    def run(blend, program):
        environ = clean_environ(OTIO_PLUGIN_MANIFEST_PATH=str(ROOT / "otio_adapters" / "plugin_manifest.json"), PATH=str(tmp_path))
        environ |= {"CHROMASTRIP_BLENDER": str(program)} if program else {}
        out = tmp_path / "out.otio"
        command = [Path(sys.executable).with_name("otioconvert"), "-i", blend, "-o", out]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
        return (otio.adapters.read_from_file(str(out)) if out.is_file() else None), done.stdout + done.stderr

    return run


def make(blender, path, *words):
    subprocess.run([blender, "-c", MAKE, path, *words], env=clean_environ(), check=True, capture_output=True, timeout=120)
    return path


def test_the_sequencer_of_a_file_is_read(blender, convert, tmp_path):
    timeline, output = convert(make(blender, tmp_path / "mein film.blend"), blender)
    assert timeline is not None, output
    gap, clip = timeline.tracks[0]
    assert (gap.duration().value, clip.name, clip.duration().value) == (10, "stein 石", 2)
    assert clip.duration().rate == pytest.approx(30000 / 1001)
    assert clip.media_reference.target_url_base == f"{tmp_path}{os.sep}"
    assert [(marker.name, marker.marked_range.start_time.value) for marker in timeline.tracks.markers] == [("hier", 4)]
    assert list(map(list, timeline.metadata["chromastrip"]["notes"])) == [["Not in the file: opacity of “stein 石”", ""]]


def test_a_file_without_strips_is_told(blender, convert, tmp_path):
    timeline, output = convert(make(blender, tmp_path / "empty.blend", "empty"), blender)
    assert timeline is None
    assert "has strips in its Video Sequencer" in output


def test_a_file_that_is_no_blend_is_told(blender, convert, tmp_path):
    path = tmp_path / "broken.blend"
    path.write_bytes(b"no blend")
    timeline, output = convert(path, blender)
    assert timeline is None
    assert "could not read" in output


@pytest.mark.parametrize(("program", "words"), [("", "No Blender was found"), ("/nowhere/blender", "could not be run")])
def test_without_a_blender_the_cure_is_told(convert, tmp_path, program, words):
    path = tmp_path / "film.blend"
    path.write_bytes(b"BLENDER")
    timeline, output = convert(path, program)
    assert timeline is None
    assert words in output
    assert "Set CHROMASTRIP_BLENDER" in output
