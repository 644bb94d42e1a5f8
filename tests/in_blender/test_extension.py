"""The zip is an extension that Blender accepts, installs, enables and disables again."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import addon_utils
import bpy


def blenders_own(*words):
    program = Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    done = subprocess.run([sys.executable, program, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_blenders_own_validator_accepts_the_zip(extension_zip):
    blenders_own("validate", extension_zip)


def test_the_list_for_updates_is_the_one_that_blender_would_write(extension_zip, tmp_path):
    archive = Path(extension_zip)
    shutil.copy(archive, tmp_path)
    blenders_own("server-generate", "--repo-dir", tmp_path)
    ours, theirs = (json.loads((folder / "index.json").read_text(encoding="utf-8")) for folder in (archive.parent, tmp_path))
    assert theirs.pop("assetlib_auth_method", "PER_LIBRARY") == "PER_LIBRARY"  # written since 5.3, and read so where it is not there
    assert ours == theirs


def test_installed_extension_is_enabled(extension):
    assert extension in bpy.context.preferences.addons
    assert sys.modules[extension].__file__.startswith(bpy.utils.user_resource("EXTENSIONS"))


def test_disabling_and_enabling_again_works(extension):
    addon_utils.disable(extension)
    assert not addon_utils.check(extension)[1]
    addon_utils.enable(extension)
    assert addon_utils.check(extension)[1]
