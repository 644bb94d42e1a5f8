"""The Debian root with Blender's window, which all tests of this folder share."""

from pathlib import Path

import pytest

from tests.window.virtual_screen import UnfitMachineError, ensure_root


@pytest.fixture(scope="session")
def root() -> Path:
    """Skip where the machine cannot have a window, but fail where making the root fails."""
    try:
        return ensure_root()
    except UnfitMachineError as unfit:
        pytest.skip(str(unfit))
