"""What the set-up decides: which Python, which PyTorch, where packages come from, how far it is, what went wrong."""

import argparse
import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import bootstrap
from core.bootstrap import PipProgress, Place, SetupError, Steps, choose_build, explain, find_python
from tools.environments import ROOT

TINY = "rose==1.0\n"


@pytest.fixture
def requirements(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(TINY)
    return path


@pytest.fixture
def options(tmp_path, requirements):
    return argparse.Namespace(folder=tmp_path / "engine", requirements=requirements, python=None, wheels=None, pypi_build=False)


def steps(tmp_path, *, wheels=None, build=None):
    build = build or choose_build(system="linux", machine="x86_64", cuda=0)
    plan = bootstrap.Plan(python=Path(sys.executable), version="3.11.0", build=build)
    return Steps(place=Place(folder=tmp_path), plan=plan, log=sys.stderr, wheels=wheels)


def test_the_program_needs_nothing_but_the_standard_library():
    tree = ast.parse((ROOT / "core" / "bootstrap.py").read_text(encoding="utf-8"))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {str(name).partition(".")[0] for name in imported} <= set(sys.stdlib_module_names)


def test_the_program_is_understood_by_the_oldest_python_that_may_run_it():
    ast.parse((ROOT / "core" / "bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 10))


@pytest.mark.parametrize(
    ("system", "machine", "cuda", "name", "index"),
    [
        ("linux", "x86_64", 0, "cpu", "/cpu"),
        ("linux", "aarch64", 0, "cpu", "/cpu"),
        ("linux", "x86_64", 11, "cpu", "/cpu"),  # a driver too old for any build
        ("linux", "x86_64", 12, "cuda 12", "/cu126"),
        ("linux", "x86_64", 13, "cuda 13", ""),
        ("linux", "x86_64", 14, "cuda 13", ""),
        ("win32", "AMD64", 0, "cpu", ""),
        ("win32", "AMD64", 12, "cuda 12", "/cu126"),
        ("win32", "AMD64", 13, "cuda 13", "/cu130"),
        ("darwin", "arm64", 0, "mps", ""),
    ],
)
def test_the_build_of_pytorch_fits_the_machine(system, machine, cuda, name, index):
    build = choose_build(system=system, machine=machine, cuda=cuda)
    assert build.name == name
    assert build.index.removeprefix(bootstrap.TORCH_INDEX) == index
    assert build.download_mb < build.disk_mb


def test_a_mac_without_apple_silicon_is_told_so():
    with pytest.raises(SetupError, match="Intel"):
        choose_build(system="darwin", machine="x86_64", cuda=0)


def test_the_running_python_comes_first():
    assert find_python()[0] == Path(sys.executable)


def test_a_chosen_python_that_does_not_work_is_named(tmp_path):
    with pytest.raises(SetupError, match="no python: it cannot be started") as failure:
        find_python(tmp_path / "no python")
    assert "3.11 or 3.12 or 3.13" in failure.value.cure


@pytest.mark.parametrize(
    ("version", "more", "reason"),
    [
        ("3.11.9", {}, ""),
        ("3.13.0", {}, ""),
        ("3.10.12", {}, "it is 3.10.12"),
        ("3.14.0", {}, "it is 3.14.0"),
        ("3.12.1", {"is_64_bit": False}, "32-bit"),
        ("3.13.1", {"has_gil": False}, "free-threaded"),
        ("3.11.2", {"has_venv": False}, "venv"),
    ],
)
def test_a_python_that_does_not_fit_says_why(version, more, reason):
    found = bootstrap._why_unfit(version, **{"is_64_bit": True, "has_gil": True, "has_venv": True, **more})
    assert (reason in found) if reason else not found


def test_pip_goes_nowhere_but_to_the_folder_of_packages(tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    offline = steps(tmp_path, wheels=tmp_path / "wheels")
    command = " ".join(offline._pip())
    assert f"--no-index --find-links {tmp_path / 'wheels'}" in command
    assert "--isolated" in command
    assert offline._own_index() == []


def test_the_users_own_index_is_the_only_one(tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    assert steps(tmp_path)._own_index()[0] == "--extra-index-url"
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.org/simple")
    assert steps(tmp_path)._own_index() == []


def test_what_would_bend_pip_stays_outside_and_what_guides_it_gets_in(monkeypatch):
    for name in ("PYTHONPATH", "PYTHONHOME", "LD_PRELOAD", "VIRTUAL_ENV", "PIP_TARGET", "PIP_USER", "PIP_INDEX_URL", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "x")
    environ = bootstrap.clean_environ()
    assert not {"PYTHONPATH", "PYTHONHOME", "LD_PRELOAD", "VIRTUAL_ENV", "PIP_TARGET", "PIP_USER"} & set(environ)
    assert {"PIP_INDEX_URL", "HTTPS_PROXY"} <= set(environ)


LINES = (
    "Collecting torch==2.13.0",
    "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (30 kB)",
    "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (191.8 MB)",
    "Progress 95900000 of 191800000",
    "Using cached numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl (16.5 MB)",
    "Processing /somewhere/jinja2-3.1.6-py3-none-any.whl (from torch==2.13.0)",
    "Installing collected packages: torch, numpy, OpenTimelineIO",
    "",
)


def heard(lines, folder, expected_mb=500):
    told = []
    progress = PipProgress(expected_mb=expected_mb, packages_folder=folder, tell=lambda _event, **values: told.append(values))
    for line in lines:
        progress.hear(line)
    return told


def test_a_download_is_told_by_name_and_size(tmp_path):
    told = heard(LINES[:4], tmp_path)
    assert told[-1]["words"] == "Downloading torch   96 / 192 MB"
    assert told[-1]["part"] == pytest.approx(bootstrap.DOWNLOAD_FROM + (95.9 / 500) * 0.73, abs=0.001)


def test_installed_packages_are_counted(tmp_path):
    (tmp_path / "opentimelineio-0.18.1.dist-info").mkdir()
    (tmp_path / "Torch-2.13.0+cpu.dist-info").mkdir()
    assert heard(LINES, tmp_path)[-1]["words"] == "Installing   2 of 3 packages"


@given(
    st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=30), st.builds("Progress {} of 99999999".format, st.integers(0, 10**8))))
)
def test_progress_never_goes_back_and_never_fails(lines):
    parts = [values["part"] for values in heard(lines, Path("/nowhere"))]
    assert parts == sorted(parts)
    assert all(0 <= part <= bootstrap.INSTALLED_AT for part in parts)


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "Free some room"),
        ("WARNING: Retrying after NameResolutionError\nERROR: No matching distribution found for torch==2.13.0", "online"),
        ("ERROR: ProxyError('Cannot connect to proxy.')", "proxy"),
        ("ERROR: SSLError(CERTIFICATE_VERIFY_FAILED)", "PIP_CERT"),
        ("ERROR: No matching distribution found for av==18.1.0", "3.11 to 3.13"),
        ("PermissionError: [WinError 5] Access is denied", "Close other Blenders"),
        ("ImportError: libsndfile.so: cannot open shared object file", "system library"),
        ("something new", "Copy Log"),
    ],
)
def test_what_pip_says_becomes_a_cure(said, cure):
    assert cure in explain(f"$ python -m pip install\n{said}\n").cure


def test_the_cause_is_pips_last_error():
    error = explain("$ python -m pip install x\nERROR: first\nERROR: No matching distribution found for x==1\nhint: other\n")
    assert error.cause == "The set-up stopped while installing packages: No matching distribution found for x==1."


def test_check_names_what_is_missing(options):
    rows = bootstrap.check_rows(options)
    assert [next(rows)[0], next(rows)[0]] == ["System", "Disk"]
    with pytest.raises(SetupError, match="not set up"):
        next(rows)


def test_check_tells_a_python_that_is_gone_from_a_half_made_environment(options):
    place = Place(folder=options.folder)
    place.python.parent.mkdir(parents=True)
    with pytest.raises(SetupError, match="is gone"):
        bootstrap._check_made(options)
    place.python.symlink_to(sys.executable)
    with pytest.raises(SetupError, match="half-made"):
        bootstrap._check_made(options)
    place.stamp.write_text('{"requirements": "of another version"}')
    with pytest.raises(SetupError, match="another version") as failure:
        bootstrap._check_made(options)
    assert "Update" in failure.value.cure
    place.stamp.write_text(f'{{"requirements": "{bootstrap.digest(options.requirements)}"}}')
    assert bootstrap._check_made(options) == place.python


def test_a_damaged_stamp_counts_as_none(options):
    place = Place(folder=options.folder)
    place.python.parent.mkdir(parents=True)
    place.python.symlink_to(sys.executable)
    for content in ("", "{", "[]", "null"):
        place.stamp.write_text(content)
        assert place.read_stamp() == {}


def test_packages_of_another_version_are_named():
    with pytest.raises(SetupError, match=r"rose 2\.0 \(not 1\.0\), fern missing \(not 3\)"):
        bootstrap._check_packages({"torch": "2.13.0", "rose": "1.0", "fern": "3"}, {"torch": "2.13.0+cpu", "rose": "2.0", "fern": ""})


def test_removing_deletes_nothing_that_is_not_ours(options, capsys):
    place = Place(folder=options.folder)
    place.environment.mkdir(parents=True)
    place.mark.touch()
    place.stamp.write_text('{"requirements": ""}')
    (place.folder / "my film.blend").write_text("precious")
    bootstrap.run_remove(options)
    assert [path.name for path in place.folder.iterdir()] == ["my film.blend"]
    (place.folder / "my film.blend").unlink()
    place.environment.mkdir()
    bootstrap.run_remove(options)
    assert not place.folder.exists()


def test_a_folder_of_packages_that_is_not_there_is_named(options, tmp_path):
    options.wheels = tmp_path / "no wheels"
    with pytest.raises(SetupError, match="no wheels"):
        bootstrap.run_make(options)
    assert not options.folder.exists()


def test_a_disk_without_room_is_told_of_before_anything_is_made(options, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda _: argparse.Namespace(free=10**8))
    with pytest.raises(SetupError, match="100 MB left"):
        bootstrap.run_make(options)
    assert list(options.folder.iterdir()) == []


def test_debians_package_is_named_by_the_version_that_the_engine_runs_in(tmp_path):
    with pytest.raises(SetupError) as failure:
        find_python(tmp_path / "no python")
    assert "python3.13-venv" in failure.value.cure
    assert "python3-venv" not in failure.value.cure
