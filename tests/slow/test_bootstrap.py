"""The set-up for real: environments of tiny packages from a folder, made, cancelled, repaired, brought up to date, checked, removed."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.waiting import PATIENCE_SECONDS, is_group_running, until
from tests.wheels import write_wheel
from tools.environments import ROOT

SCRIPT = ROOT / "core" / "bootstrap.py"


@pytest.fixture
def place(tmp_path):
    """Give an engine's folder with a space and an umlaut in its name, its requirements, and a folder of packages."""
    wheels = tmp_path / "wheels"
    write_wheel(wheels, "rose", "1.0", needs=("fern",))
    write_wheel(wheels, "rose", "2.0", needs=("fern",))
    write_wheel(wheels, "fern", "3.0")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# two of them\nrose==1.0  # needs fern\n")
    return SimpleNamespace(folder=tmp_path / "Gerät 画" / "engine", requirements=requirements, wheels=wheels)


def command(place, word, *more):
    return [sys.executable, "-I", SCRIPT, word, "--folder", place.folder, "--requirements", place.requirements, *more]


def run(place, word, *more, environ=os.environ):
    done = subprocess.run(
        command(place, word, *more), env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def make(place):
    return run(place, "make", "--wheels", place.wheels)


@contextlib.contextmanager
def making(place):
    """A set-up as Blender starts it; ended for certain."""
    process = subprocess.Popen(
        command(place, "make", "--wheels", place.wheels, "--end-with-stdin"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        process.stdin.close()


def until_environment(process):
    return next(line for line in process.stdout if "Making an environment" in line)


def versions(place):
    program = "import rose, fern; print(rose.__version__, fern.__version__)"
    return subprocess.check_output([place.folder / "environment" / "bin" / "python", "-I", "-c", program], text=True).split()


def test_an_environment_is_made_checked_brought_up_to_date_and_removed(place):
    news = make(place)
    assert [event["event"] for event in news][-1] == "done"
    plan = next(event for event in news if event["event"] == "plan")
    assert plan["download_mb"] == 0
    parts = [event["part"] for event in news if event["event"] == "progress"]
    assert parts == sorted(parts)
    assert any("rose" in event.get("words", "") for event in news)
    assert versions(place) == ["1.0", "3.0"]
    made = (place.folder / "environment" / "pyvenv.cfg").stat().st_mtime_ns

    place.requirements.write_text("rose==2.0\n")
    assert run(place, "check")[-2]["cure"] == "Press Update."
    assert make(place)[-1]["event"] == "done"
    assert versions(place) == ["2.0", "3.0"]
    assert (place.folder / "environment" / "pyvenv.cfg").stat().st_mtime_ns == made  # the same one, not made anew

    assert run(place, "remove")[-1]["event"] == "done"
    assert not place.folder.exists()


def test_closing_its_input_ends_all_that_was_started_and_what_is_half_made_is_repaired(place):
    with making(place) as process:
        until_environment(process)
        process.stdin.close()
        process.wait(PATIENCE_SECONDS)
        until(lambda: not is_group_running(process.pid))
    assert not (place.folder / "ready.json").exists()
    assert "half-made" in run(place, "check")[-2]["cause"] or not (place.folder / "environment" / "bin" / "python").exists()
    assert make(place)[-1] == {"event": "done"}  # else it says why
    assert versions(place) == ["1.0", "3.0"]


def test_two_at_once_do_not_disturb_each_other(place):
    with making(place) as process:
        until_environment(process)
        process.send_signal(signal.SIGSTOP)  # it cannot be done before the other one asks
        refused = make(place)
        process.send_signal(signal.SIGCONT)
        assert refused[-1]["event"] == "failed"
        assert "Another Blender" in refused[-1]["cause"]
        assert [json.loads(line)["event"] for line in process.stdout][-1] == "done"
    assert versions(place) == ["1.0", "3.0"]


def test_a_package_that_is_not_in_the_folder_is_named_and_the_log_is_kept(place):
    place.requirements.write_text("rose==1.0\nlily==5\n")
    news = make(place)
    assert news[-1]["event"] == "failed"
    assert "lily==5" in news[-1]["cause"]
    assert "lily==5" in (place.folder / "set-up.log").read_text()
    assert not (place.folder / "ready.json").exists()


def test_no_network_is_told_as_that(place):
    unreachable = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    unreachable |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}
    news = run(place, "make", environ=unreachable)
    assert news[-1]["event"] == "failed"
    assert "online" in news[-1]["cure"]


def test_check_names_the_first_thing_that_is_wrong(place):
    make(place)
    shutil.rmtree(next(place.folder.glob("environment/lib/*/site-packages/rose-*.dist-info")))
    *rows, checked, _ = run(place, "check")
    assert [row["name"] for row in rows] == ["System", "Disk", "Python", "Fault"]
    assert "rose missing (not 1.0)" in checked["cause"]
    assert "Repair" in checked["cure"]
    assert run(place, "make", "--wheels", place.wheels, "--anew")[-1]["event"] == "done"
    assert run(place, "check")[-2]["cause"] == ""


def test_check_of_a_real_engine_finds_nothing_wrong():
    place = SimpleNamespace(folder=ROOT, requirements=ROOT / "core" / "requirements.txt")
    *rows, checked, _ = run(place, "check", "--python", sys.executable)
    assert [row["name"] for row in rows] == ["System", "Disk", "Python", "Packages", "PyTorch", "Device", "Sound", "Models"]
    assert checked["cause"] == ""


def test_the_users_python_variables_do_no_harm(place, tmp_path):
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    environ = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path), "PIP_TARGET": str(tmp_path / "elsewhere")}
    with_wheels = [*command(place, "make", "--wheels", place.wheels)]
    done = subprocess.run(with_wheels, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "done"
    assert versions(place) == ["1.0", "3.0"]
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_installed_alone_brings_none_of_its_own_requirements(place):
    write_wheel(place.wheels, "oak", "1.0", needs=("moss",))  # which nobody has
    alone = place.requirements.with_name("requirements-alone.txt")
    alone.write_text("oak==1.0\n")
    make(place)
    assert [*place.folder.glob("**/site-packages/oak-1.0.dist-info")]
    alone.write_text("oak==2.0\n")  # which nobody has either: the engine works without
    assert make(place)[-1]["event"] == "done"
    assert [*place.folder.glob("**/site-packages/rose-1.0.dist-info")]
