"""What the tests in a window share: the Debian root with Blender, and playing a script of steps in it."""

import shutil
import sys
from pathlib import Path

import pytest

import build_addon
from tests.window.virtual_screen import UnfitMachineError, ensure_root, run_in_window

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / ".artefacts" / "window"


@pytest.fixture(scope="session")
def root() -> Path:
    """Skip where the machine cannot have a window, but fail where making the root fails."""
    try:
        return ensure_root()
    except UnfitMachineError as unfit:
        pytest.skip(str(unfit))


@pytest.fixture
def play(tmp_path: Path, root: Path):
    """Run one of the step scripts with the add-on installed and the project's song at hand, and keep its pictures."""

    def play(name: str, **env: str):
        result = run_in_window(
            ROOT / "tests" / "window" / "steps" / f"{name}.py",
            out=tmp_path / "out",
            root=root,
            zip_path=build_addon.build(tmp_path),
            extension_id="chromastrip",
            env={
                "WINDOW_MODULE": "bl_ext.user_default.chromastrip",
                "WINDOW_WORKER_PYTHON": sys.executable,
                "WINDOW_SONG": str(ROOT / "tools" / "demo_song.ogg"),
                **env,
            },
            binds=[tmp_path, ROOT, Path(sys.prefix), Path(sys.base_prefix)],
            seconds=1200,
        )
        PICTURES.mkdir(parents=True, exist_ok=True)
        for picture in result.out.glob("*.png"):
            shutil.copy(picture, PICTURES / f"{name}_{picture.name}")
        return result

    return play
