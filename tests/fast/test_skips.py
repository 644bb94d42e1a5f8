"""CI skips nothing but what needs a GPU (the rule in tests/conftest.py)."""

import subprocess
import sys

import pytest

from tools.environments import ROOT, clean_environ

MODULE = """
import pytest
{at_import}
def test_one():
    pytest.skip({reason!r})
@pytest.mark.skip(reason={reason!r})
def test_two(): pass
@pytest.mark.xfail
def test_three(): assert False
"""


def run_pytest(folder, *, reason, ci, at_import=""):
    (folder / "test_sample.py").write_text(MODULE.format(reason=reason, at_import=at_import))
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml", folder]
    return subprocess.run(command, cwd=ROOT, env=clean_environ(CI=ci), capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("ci", "reason", "code"), [("true", "no Blender", 1), ("", "no Blender", 0), ("true", "GPU: none here", 0)])
def test_a_skip_fails_in_ci_unless_for_want_of_a_gpu(tmp_path, ci, reason, code):
    done = run_pytest(tmp_path, reason=reason, ci=ci)
    assert done.returncode == code, done.stdout
    assert ("1 failed, 1 xfailed, 1 error" if code else "2 skipped, 1 xfailed") in done.stdout


def test_a_module_skipped_at_import_fails_in_ci(tmp_path):
    done = run_pytest(tmp_path, reason="", ci="true", at_import="pytest.importorskip('no_such_module')")
    assert done.returncode != 0, done.stdout
    assert "skipped in CI" in done.stdout
