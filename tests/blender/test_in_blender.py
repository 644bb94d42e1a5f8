"""Each file of tests/in_blender passes inside each Blender, in a process of its own: some operators can take the process down."""

import pytest

from tools.environments import BLENDERS, ROOT

FILES = sorted((ROOT / "tests" / "in_blender").glob("test_*.py"))
TIMEOUT_SECONDS = 300
WARNS_OF_OLD_NAMES = {version for version in BLENDERS if tuple(map(int, version.split("."))) >= (5, 1)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("version", BLENDERS)
def test_file_passes_inside_blender(version, file, run_in_blender):
    options = ["-W", "error::DeprecationWarning"] if version in WARNS_OF_OLD_NAMES else []
    code, output = run_in_blender(version, "-m", "pytest", file, "-p", "no:cacheprovider", *options, timeout_seconds=TIMEOUT_SECONDS)
    print(output)
    assert code == 0, f"{file.name} inside Blender {version}: exit code {code}, see its output below"
