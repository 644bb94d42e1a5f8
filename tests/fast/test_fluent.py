"""Pictures of Fluent Emoji: what is said where the package is missing, damaged or out of reach. The real one is in the slow layer."""

import pytest

from core.protocol import UserError
from tools.figures import fluent


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache folder."""
    monkeypatch.setattr(fluent, "cache_folder", lambda: tmp_path)
    return tmp_path


def npm_that(tmp_path, monkeypatch, script):
    """Put a program called npm before all others."""
    program = tmp_path / "programs" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(fluent.shutil, "which", lambda _: str(program))


def test_a_picture_is_named_by_the_code_points_of_its_emoji():
    assert fluent.file_stem("🐻\u200d❄\ufe0f") == "1f43b-200d-2744-fe0f"


def test_a_damaged_package_is_told_by_its_path_with_what_to_do(tmp_path):
    path = tmp_path / fluent.FILE_NAME
    path.write_bytes(b"not a package")
    with pytest.raises(UserError) as told:
        fluent.read_archive(path)
    assert str(path) in told.value.cause
    assert "Delete it" in told.value.cure


def test_without_npm_it_is_said_what_to_install(cache, monkeypatch):
    monkeypatch.setattr(fluent.shutil, "which", lambda _: None)
    with pytest.raises(UserError, match="Install Node"):
        fluent.archive()


def test_what_npm_complains_of_is_passed_on(cache, tmp_path, monkeypatch):
    npm_that(tmp_path, monkeypatch, 'echo "npm error code ENETWORK" >&2; echo "and a log" >&2; exit 1')
    with pytest.raises(UserError, match="ENETWORK") as told:
        fluent.archive()
    assert "internet" in told.value.cure
    assert not list((cache / "npm").iterdir())


def test_a_changed_package_never_comes_into_the_cache(cache, tmp_path, monkeypatch):
    npm_that(tmp_path, monkeypatch, f"echo changed > {fluent.FILE_NAME}")
    with pytest.raises(UserError, match="not version"):
        fluent.archive()
    assert not list((cache / "npm").iterdir())
