"""The add-on's modules that need no Blender, for tests without one: they import the package as Blender does, by relative names."""

import importlib
import sys
import types
from types import ModuleType

from tools.environments import ROOT

PACKAGE = "chromastrip_outside_blender"


def addon_module(name: str) -> ModuleType:
    """Import a module of `addon`, without running that package's own `__init__`, which needs Blender."""
    for package, folder in ((PACKAGE, ROOT), (f"{PACKAGE}.addon", ROOT / "addon")):
        if package not in sys.modules:
            sys.modules[package] = types.ModuleType(package)
            sys.modules[package].__path__ = [str(folder)]
    return importlib.import_module(f"{PACKAGE}.addon.{name}")
