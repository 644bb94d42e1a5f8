"""The music."""

import pytest

from tests import real_music


@pytest.fixture(scope="session")
def tracks():
    """Paths by name, see `real_music.tracks`."""
    try:
        return real_music.tracks()
    except real_music.NoMusicError as reason:
        pytest.skip(str(reason))
