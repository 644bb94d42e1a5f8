"""Who may import whom: the rules of docs/architecture.md, read off the import statements of every source file."""

import ast
import sys
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tools.environments import ROOT, read_requirements

PACKAGES = ("addon", "core", "otio_adapters")
FILES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

PROJECT = {*PACKAGES, "tools", "tests", "benchmarks", "dev", "build_addon"}
STANDARD_LIBRARY = set(sys.stdlib_module_names)
BLENDER = {"bpy", "bpy_extras", "bl_operators", "bl_ui", "gpu", "gpu_extras", "blf", "imbuf", "mathutils"}
THREADS = {"threading", "_thread", "multiprocessing", "concurrent"}  # Blender crashes with them: its manual says so
WORKER_PACKAGES = {
    *("torch", "pytorch_pretrained_biggan", "numpy", "scipy", "librosa", "soundfile", "soxr", "av", "PIL", "opentimelineio"),
    *("requests", "filelock", "safetensors", "isal", "otio_aaf_adapter", "aaf2"),
    *("sentence_transformers", "transformers", "all_minilm_l6_v2", "pysubs2", "chardet", "mido"),
}
EXTRAS = {"ray", "IPython", "ipywidgets", "google"}
REACH = {"addon/": ("addon", "core.protocol"), "core/protocol/": ("core.protocol",), "core/": ("core",)}
"""Folder of the importing file, to the packages that its relative imports may reach; the first that fits counts."""


@pytest.mark.parametrize("file", FILES)
def test_imports_follow_the_rules(file):
    assert violations(file, (ROOT / file).read_text(encoding="utf-8")) == []


def test_every_package_was_read():
    assert {file.partition("/")[0] for file in FILES} == set(PACKAGES)


def test_worker_packages_are_as_many_as_the_requirements():
    assert len(WORKER_PACKAGES) == len(read_requirements(ROOT / "core" / "requirements.txt"))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("addon/panel.py", "import numpy"),
        ("addon/panel.py", "import torch.nn"),
        ("addon/panel.py", "def later():\n    import threading"),
        ("addon/panel.py", "from concurrent.futures import ThreadPoolExecutor"),
        ("addon/panel.py", "import multiprocessing.connection"),
        ("addon/panel.py", "from ..core import cache"),
        ("addon/panel.py", "from .. import core"),
        ("addon/panel.py", "from ..core.pipeline import render"),
        ("addon/panel.py", "from ..core.protocol_of_others import encode"),
        ("addon/panel.py", "from ...elsewhere import thing"),
        ("addon/panel.py", "from core.protocol import encode"),
        ("addon/panel.py", "import addon.strips"),
        ("addon/panel.py", "import sys\nsys.path.append('.')"),
        ("addon/panel.py", "from sys import path"),
        ("addon/panel.py", "import site\nsite.addsitedir('.')"),
        ("core/sound/audio.py", "import bpy"),
        ("core/sound/audio.py", "from bpy.types import Scene"),
        ("core/sound/audio.py", "from ...addon import strips"),
        ("core/sound/audio.py", "from ... import otio_adapters"),
        ("core/sound/audio.py", "import httpx"),
        ("core/sound/audio.py", "from core import features"),
        ("core/protocol/codec.py", "import numpy as np"),
        ("core/protocol/codec.py", "from ..cache import Cache"),
        ("otio_adapters/edl.py", "from . import common"),
        ("otio_adapters/edl.py", "import numpy"),
        ("otio_adapters/edl.py", "from core.protocol import Edit"),
        ("otio_adapters/edl.py", "from __future__ import annotations\nfrom dataclasses import dataclass"),
    ],
)
def test_a_broken_rule_is_seen(file, source):
    assert violations(file, source)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("addon/panel.py", "import bpy, json, subprocess\nfrom mathutils import Vector\nfrom . import strips\nfrom .strips import find"),
        ("addon/panel.py", "from ..core.protocol import encode\nfrom ..core.protocol.messages import Hello\nfrom ..core import protocol"),
        ("addon/parts/panel.py", "from ...core.protocol import encode\nfrom ..strips import find"),
        ("addon/__init__.py", "from . import panel"),
        ("core/sound/audio.py", "import threading\nimport numpy as np\nfrom PIL import Image\nfrom ..protocol import Hello"),
        ("core/protocol/codec.py", "import json\nfrom .messages import Hello"),
        ("otio_adapters/edl.py", "import opentimelineio as otio\nfrom dataclasses import dataclass"),
    ],
)
def test_what_is_allowed_passes(file, source):
    assert violations(file, source) == []


def violations(file: str, source: str) -> list[str]:
    """List the imports of a source file that break a rule.

    Parameters
    ----------
    file : str
        Path from the repository's root; it decides which rules count.
    source : str
        The file's text.
    """
    tree = ast.parse(source)
    package = file.partition("/")[0]
    found = [f"{file}:{line}: {name}" for line, name in _imports(file, tree) if not _is_allowed(file, name)]
    if package == "addon":
        found += [f"{file}:{line}: changes where Python looks for modules" for line in _search_path_uses(tree)]
    if package == "otio_adapters" and "dataclass" in source and "from __future__ import annotations" in source:
        found += [f"{file}: dataclasses with postponed annotations fail where OTIO loads a plugin"]
    return found


def _is_allowed(file: str, name: str) -> bool:
    """Judge one import: `name` is absolute ("json.decoder"), or a path inside the project with a leading slash ("/core.cache")."""
    if name.startswith("/"):
        roots = next((roots for folder, roots in REACH.items() if file.startswith(folder)), ())
        return any(f"{name}.".startswith(f"/{root}.") for root in roots)
    top = name.partition(".")[0]
    if top in PROJECT:
        return False
    if file.startswith("addon/"):
        return top in (STANDARD_LIBRARY | BLENDER) - THREADS
    if file.startswith("core/protocol/"):
        return top in STANDARD_LIBRARY
    if file.startswith("core/"):
        return top in STANDARD_LIBRARY | WORKER_PACKAGES | EXTRAS
    return top in STANDARD_LIBRARY | {"opentimelineio"}


def _imports(file: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    package = PurePosixPath(file).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or ""
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level <= len(package) + 1 else ("..",)
            yield from ((node.lineno, "/" + ".".join([*above, *filter(None, [node.module]), alias.name])) for alias in node.names)


def _search_path_uses(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in {("sys", "path"), ("sys", "meta_path"), ("site", "addsitedir")}:
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module in {"sys", "site"}:
            yield from (node.lineno for alias in node.names if alias.name in {"path", "meta_path", "addsitedir"})
