"""The Debian root with the editors, and the media of the scene that they are shown."""

from pathlib import Path

import pytest

from tests.editors import programs, scene
from tests.window.virtual_screen import UnfitMachineError, ensure_root


@pytest.fixture(scope="session")
def root() -> Path:
    """Skip where the machine cannot have a root, but fail where making it fails."""
    try:
        return ensure_root(programs.EDITORS)
    except UnfitMachineError as unfit:
        pytest.skip(str(unfit))


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """A folder with the scene's cards and clicks."""
    folder = tmp_path_factory.mktemp("scene")
    scene.write_media(folder)
    return folder
