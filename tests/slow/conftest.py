"""Settings of the slow layer: as the fast one's."""

from tests.fast.conftest import one_thread, verses_read

__all__ = ["one_thread", "verses_read"]
