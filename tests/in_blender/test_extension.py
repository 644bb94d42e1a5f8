"""The zip is an extension that Blender accepts, installs, enables and disables again."""

import subprocess
import sys
from pathlib import Path

import addon_utils
import bpy


def test_blenders_own_validator_accepts_the_zip(extension_zip):
    validator = Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    done = subprocess.run([sys.executable, validator, "validate", extension_zip], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_installed_extension_is_enabled(extension):
    assert extension in bpy.context.preferences.addons
    assert sys.modules[extension].__file__.startswith(bpy.utils.user_resource("EXTENSIONS"))


def test_disabling_and_enabling_again_works(extension):
    addon_utils.disable(extension)
    assert not addon_utils.check(extension)[1]
    addon_utils.enable(extension)
    assert addon_utils.check(extension)[1]
