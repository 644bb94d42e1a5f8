"""Set-up keeps its word: the build of PyTorch that was promised is installed or nothing, and how far it is is never told too early."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core import bootstrap
from core.bootstrap import CPU_BUILD, CUDA_BUILD, PipProgress, Place, SetupError, Steps, check_build, choose_build

ELSEWHERE = "ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu (from versions: 2.12.1, 2.13.0)\n"
NOWHERE = "ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu (from versions: none)\n"
OTHERS = "ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu (from versions: 2.12.1)\n"


@pytest.fixture
def requirements(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("torch==2.13.0\nnumpy==2.4.6\n")
    return path


@pytest.fixture
def steps(tmp_path, monkeypatch):
    """Give a function that makes the steps for a computer; what pip is asked for is noted, and nothing runs."""
    for name in ("PIP_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    commands = []

    def make(build, *, wheels=None):
        plan = bootstrap.Plan(python=Path(sys.executable), version="3.11.0", build=build)
        made = Steps(place=Place(folder=tmp_path), plan=plan, log=sys.stderr, wheels=wheels)
        monkeypatch.setattr(Steps, "_run", lambda _self, command, **_: commands.append(command))
        return made, commands

    return make


def fail_with(monkeypatch, said):
    def run(self, _command, **_):
        self.said = said
        raise bootstrap.explain(f"$ pip install\n{said}")

    monkeypatch.setattr(Steps, "_run", run)


@pytest.mark.parametrize("system", ["linux", "win32"])
@pytest.mark.parametrize("cuda", [0, 12, 13])
def test_the_build_that_was_promised_is_asked_for_by_a_version_that_no_other_has(steps, requirements, system, cuda):
    build = choose_build(system=system, machine="x86_64", cuda=cuda)
    made, commands = steps(build)
    made.install(requirements)
    if not build.index:  # the one that pip's own index has
        return
    assert commands[0][-1] == f"torch==2.13.0+{build.index.rpartition('/')[2]}"
    assert build.index in commands[0]


def test_a_folder_of_packages_is_the_users_choice_of_build(steps, requirements, tmp_path):
    made, commands = steps(choose_build(system="linux", machine="x86_64", cuda=0), wheels=tmp_path)
    made.install(requirements)
    assert len(commands) == 1
    assert "+cpu" not in " ".join(commands[0])


def test_where_another_build_could_be_had_it_is_offered_with_its_size_and_not_taken(steps, requirements, monkeypatch):
    made, _ = steps(choose_build(system="linux", machine="x86_64", cuda=0))
    fail_with(monkeypatch, ELSEWHERE)
    monkeypatch.setattr(bootstrap, "pypi_build", lambda: CUDA_BUILD)
    with pytest.raises(SetupError, match="for the processor") as failure:
        made.install(requirements)
    assert failure.value.offer == CUDA_BUILD
    assert "Use Large Build" in failure.value.cure
    assert f"{CUDA_BUILD.download_mb / 1000:.1f} GB" in failure.value.cure


@pytest.mark.parametrize("said", [NOWHERE, OTHERS, "ERROR: [Errno 28] No space left on device\n"])
def test_what_cannot_be_had_anywhere_is_not_offered(steps, requirements, monkeypatch, said):
    made, _ = steps(choose_build(system="linux", machine="x86_64", cuda=0))
    fail_with(monkeypatch, said)
    with pytest.raises(SetupError) as failure:
        made.install(requirements)
    assert failure.value.offer is None


@pytest.mark.parametrize(
    ("cuda", "fits", "fault"),
    [
        ("", "cpu", ""),
        ("13.0", "cpu", "has none"),
        ("", "cuda 13", "without CUDA"),
        ("13.0", "cuda 13", ""),
        ("12.6", "cuda 13", ""),  # drivers know older ones
        ("13.0", "cuda 12", "driver does not know"),
        ("", "mps", ""),
    ],
)
def test_check_names_a_build_that_does_not_fit_and_what_one_that_does_would_take(cuda, fits, fault):
    build = replace(CPU_BUILD if fits in {"cpu", "mps"} else CUDA_BUILD, name=fits)
    if not fault:
        check_build(cuda, build)
        return
    with pytest.raises(SetupError, match=fault) as failure:
        check_build(cuda, build)
    assert f"{build.download_mb / 1000:.1f} GB" in failure.value.cure


@pytest.mark.parametrize(("cuda", "planned", "name"), [("None", "cpu", "cpu"), ("'13.0'", "cpu", "cuda 13"), ("None", "cuda 13", "cpu")])
def test_what_is_installed_is_noted_and_not_what_was_planned(steps, tmp_path, cuda, planned, name):
    made, _ = steps(replace(CPU_BUILD, name=planned))
    version = tmp_path / "environment" / "lib" / "python3.11" / "site-packages" / "torch" / "version.py"
    version.parent.mkdir(parents=True)
    version.write_text(f"__version__ = '2.13.0'\ncuda: Optional[str] = {cuda}\nhip: Optional[str] = None\n")
    assert made.installed_build() == name


@pytest.mark.parametrize("build", [CPU_BUILD, replace(CUDA_BUILD, wheel_mb=850)])
def test_installing_pytorch_alone_is_no_more_of_the_bar_than_it_is_of_the_work(steps, requirements, monkeypatch, build):
    """It is the first of two runs of pip: the second one's packages are still to come."""
    made, _ = steps(replace(build, tag="+x", index="https://example.org"))
    runs, told = [], []
    monkeypatch.setattr(Steps, "_run", lambda _self, _command, heard=None: runs.append(heard.__self__) if heard else None)
    made.install(requirements)
    torch, others = runs
    for run in runs:
        run.tell = lambda _event, **values: told.append(values)
    for line in ("Downloading torch-2.13.0.whl (200.0 MB)", "Progress 200000000 of 200000000", "Installing collected packages: torch", ""):
        torch.hear(line)
    share = (build.wheel_mb or build.torch_mb) / build.download_mb
    assert told[-1]["part"] <= bootstrap.DOWNLOAD_FROM + share
    assert told[-1]["words"] == "Installing torch"  # and not "0 of 1 packages"
    for line in ("Downloading numpy-2.4.6.whl (16.5 MB)", "Installing collected packages: numpy, scipy", ""):
        others.hear(line)
    parts = [values["part"] for values in told]
    assert parts == sorted(parts)
    assert others.end == bootstrap.INSTALLED_AT


def test_a_bar_of_one_run_ends_where_the_run_does(tmp_path):
    told = []
    progress = PipProgress(
        expected_mb=10, packages_folder=tmp_path, begin=0.2, end=0.3, tell=lambda _event, **values: told.append(values["part"])
    )
    (tmp_path / "rose-1.0.dist-info").mkdir()
    for line in ("Downloading rose-1.0.whl (99.0 MB)", "Installing collected packages: rose", ""):
        progress.hear(line)
    assert told[0] == pytest.approx(0.2)
    assert told[-1] == pytest.approx(0.3)


def test_a_set_up_that_was_ended_before_its_first_word_is_taken_up_again(tmp_path):
    """Its log is there and empty, then: nobody else's file."""
    place = Place(folder=tmp_path)
    place.log.touch()
    place.environment.mkdir()
    place.check_owned()
