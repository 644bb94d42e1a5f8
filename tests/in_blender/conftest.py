"""What the tests inside Blender share. They run in Blender's Python, one file a process: see tests/blender/test_in_blender.py."""

import os
from pathlib import Path

import bpy
import pytest

MODULE = "bl_ext.user_default.chromastrip"


@pytest.fixture(scope="session")
def extension_zip():
    """Give the zip that the outer test has built."""
    return Path(os.environ["CHROMASTRIP_ZIP"])


@pytest.fixture(scope="session")
def worker_python():
    """Give the Python program that has the worker's packages."""
    return Path(os.environ["CHROMASTRIP_WORKER_PYTHON"])


@pytest.fixture(scope="session")
def extension(extension_zip):
    """Install the zip through Blender's own extension system, enable it, and give its module name."""
    result = bpy.ops.extensions.package_install_files(filepath=str(extension_zip), repo="user_default", enable_on_install=True)
    assert result == {"FINISHED"}
    return MODULE
