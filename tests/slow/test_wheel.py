"""What pip installs: the command `chromastrip`, and OpenTimelineIO's plugins."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import opentimelineio as otio
import pytest

import build_addon
from tests.sounds import click_track, write
from tools.environments import ROOT, clean_environ

OUTSIDE_PYTHON = {"__init__.py", "blender_manifest.toml", "LICENSE"}  # what Blender wants at the zip's root
QUIET = ("--quiet", "--disable-pip-version-check")


def run(*command, cwd, **environment):
    environ = {name: value for name, value in clean_environ().items() if not name.startswith("OTIO")} | environment
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy: setuptools writes into what it builds from."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for package in build_addon.PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    done = run(sys.executable, "-m", "pip", "wheel", *QUIET, *offline, source, "--wheel-dir", out, cwd=out)
    assert done.returncode == 0, done.stderr
    (made,) = out.glob("chromastrip-*-py3-none-any.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Install the wheel beside the worker's packages, as PYTHONPATH sees it."""
    folder = tmp_path_factory.mktemp("installed")
    done = run(sys.executable, "-m", "pip", "install", *QUIET, "--no-deps", "--no-index", "--target", folder, wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_wheel_holds_what_the_zip_holds(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name.removeprefix("chromastrip/") for name in archive.namelist() if ".dist-info/" not in name}
    assert names == set(build_addon.contents()) - OUTSIDE_PYTHON


def test_opentimelineio_finds_the_adapters(installed, tmp_path):
    span = otio.opentime.TimeRange(otio.opentime.RationalTime(0, 25), otio.opentime.RationalTime(5, 25))
    movie = otio.schema.ExternalReference(target_url="a.mov", available_range=span)
    clip = otio.schema.Clip(name="a", source_range=span, media_reference=movie)
    timeline = otio.schema.Timeline(name="film", tracks=[otio.schema.Track(name="V", kind="Video", children=[clip])])
    otio.adapters.write_to_file(timeline, str(tmp_path / "film.otio"))
    converter = Path(sys.executable).with_name("otioconvert")
    for source, target in (("film.otio", "there.kdenlive"), ("there.kdenlive", "back.otio")):
        done = run(converter, "-i", source, "-o", target, cwd=tmp_path, PYTHONPATH=str(installed))
        assert done.returncode == 0, done.stderr
    (found,) = json.loads((tmp_path / "back.otio").read_text())["tracks"]["children"][0]["children"]
    assert found["source_range"]["duration"]["value"] == 5


def test_without_the_extra_a_command_that_draws_says_what_to_install(installed, tmp_path):
    program = "import sys; sys.modules['numpy'] = None; from chromastrip.core.command_line import main; sys.exit(main())"
    done = run(sys.executable, "-c", program, "render", "song.wav", "--out", "a.mp4", cwd=tmp_path, PYTHONPATH=str(installed))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == ["This needs the package numpy.", '→ Install the extra: pip install "chromastrip[render]".']


def test_a_film_made_by_the_command_in_an_empty_environment_is_the_clones(wheel, tmp_path):
    song = write(tmp_path / "song.wav", click_track(seconds=1))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "empty"], check=True)
    programs = tmp_path / "empty" / "bin"
    made = run(programs / "pip", "install", *QUIET, f"{wheel}[render]", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    options = ("render", song, "--fps", "5", "--out")
    for command, cwd, out in (([programs / "chromastrip"], tmp_path, "wheel"), ([sys.executable, "-m", "core"], ROOT, "clone")):
        done = run(*command, *options, tmp_path / out, "--cache", tmp_path / f"cache-{out}", cwd=cwd)
        assert done.returncode == 0, done.stderr
    frames = [sorted((tmp_path / out).rglob("*.png")) for out in ("wheel", "clone")]
    assert len(frames[0]) == 5
    assert [path.read_bytes() for path in frames[0]] == [path.read_bytes() for path in frames[1]]
