"""The zip: the same bytes each time, with the right contents."""

import os
import re
import shutil
import tomllib
import zipfile

import pytest

import build_addon


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Give a copy of the repository to change."""
    for package in build_addon.PACKAGES:
        shutil.copytree(build_addon.ROOT / package, tmp_path / package, copy_function=shutil.copyfile)
    shutil.copyfile(build_addon.ROOT / "LICENSE", tmp_path / "LICENSE")
    monkeypatch.setattr(build_addon, "ROOT", tmp_path)
    monkeypatch.setattr(build_addon, "MANIFEST", tmp_path / "addon" / "blender_manifest.toml")
    return tmp_path


def test_times_and_permissions_of_the_sources_do_not_change_the_bytes(repository, tmp_path):
    first = build_addon.build(tmp_path / "first").read_bytes()
    for path in (repository / "core").rglob("*.py"):
        path.chmod(0o755)
        os.utime(path, (0, 1_000_000_000))
    assert build_addon.build(tmp_path / "second").read_bytes() == first


def test_zip_mirrors_the_repository_with_manifest_and_generated_init_at_the_root(tmp_path):
    with zipfile.ZipFile(build_addon.build(tmp_path)) as archive:
        names = archive.namelist()
        assert archive.read("__init__.py").decode().splitlines()[1:] == ["from .addon import register, unregister"]
        assert archive.read("blender_manifest.toml") == build_addon.MANIFEST.read_bytes()
    assert names == sorted(names)
    assert {"LICENSE", "addon/__init__.py", "core/__init__.py", "core/requirements.txt", "core/protocol/__init__.py"} <= set(names)
    assert {"core/protocol/class_names.txt", "core/protocol/class_kinds.txt"} <= set(names)
    assert {name.partition("/")[0] for name in names} <= {"LICENSE", "__init__.py", "blender_manifest.toml", *build_addon.PACKAGES}


def test_caches_and_hidden_files_stay_out(repository, tmp_path):
    before = build_addon.build(tmp_path / "out").read_bytes()
    for name in ("core/__pycache__/audio.cpython-311.pyc", "core/.DS_Store", "addon/.cache/picture.png", "addon/old.pyc"):
        path = repository / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"debris")
    assert build_addon.build(tmp_path / "out").read_bytes() == before


def test_nothing_unfinished_is_left_behind(tmp_path):
    path = build_addon.build(tmp_path)
    assert sorted(tmp_path.iterdir()) == [path, tmp_path / "index.json"]


def test_version_is_the_same_everywhere():
    project = tomllib.loads((build_addon.ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == build_addon.version()
    assert re.fullmatch(r"\d+\.\d+\.\d+", build_addon.version())


def test_texts_fit_blenders_rules():
    manifest = tomllib.loads(build_addon.MANIFEST.read_text())
    for text in (manifest["tagline"], *manifest["permissions"].values()):
        assert len(text) <= 64, text
        assert not text.endswith("."), text
