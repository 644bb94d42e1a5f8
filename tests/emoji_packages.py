"""Debian's packages with the emoji that the model Emoji has learnt, for tests that need their pictures or names."""

import pytest

from tools import debian

PACKAGES = ("unicode-data", "fonts-noto-color-emoji")


def need() -> None:
    """Fetch them; skip the test where they cannot be had."""
    try:
        for package in PACKAGES:
            debian.unpacked(package)
    except debian.NoPackageError as error:
        pytest.skip(str(error))
