"""Settings of the fast layer."""

import os

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure; and CI tries the same examples each time, so that a red run is the change's own doing.
settings.register_profile(
    "chromastrip", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=os.environ.get("CI") == "true"
)
settings.load_profile("chromastrip")

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # tests run beside each other: threads of torch that wait must not spin


@pytest.fixture(scope="module")
def one_thread():
    """Have torch draw on one thread: two that wait for each other on a busy machine are ten times slower than one."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def verses_read():
    """What the sentence model made of all of `tests.verses`."""
    from tests import verses

    return verses.read_all()
