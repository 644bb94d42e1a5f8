"""Settings of the fast layer."""

import os

from hypothesis import settings

# A busy machine is no failure; and CI tries the same examples each time, so that a red run is the change's own doing.
settings.register_profile("chromastrip", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("chromastrip")

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # tests run beside each other: threads of torch that wait must not spin
