"""The music."""

import pytest

from tests import real_music
from tools import debian


@pytest.fixture(scope="session")
def tracks():
    """Paths by name, see `real_music.tracks`."""
    try:
        return real_music.tracks()
    except debian.NoPackageError as reason:
        pytest.skip(str(reason))
