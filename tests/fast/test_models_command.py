"""``models`` on the command line: words, exit codes, what goes where."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.commands import models
from core.commands.telling import tell_failure
from core.models.published import SOURCE
from core.protocol import UserError, decode
from core.protocol.models import ModelEntry, ModelProgress, ModelState
from core.working import ModelReporter
from tests.architectures import tiny
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[2]
SMALL = tiny(channel_width=4)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("made") / "flowers", checkpoint_tensors(SMALL), SMALL)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CHROMASTRIP_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("CHROMASTRIP_MIRRORS", "http://127.0.0.1:9")


@pytest.fixture
def run(capsys):
    """Run a command; give its exit code, what it said on standard output and what on standard error."""

    def run_command(*arguments):
        parser = argparse.ArgumentParser()
        models.add(parser.add_subparsers(required=True))
        try:
            options = parser.parse_args(["models", *map(str, arguments)])
        except SystemExit as end:
            return end.code, *capsys.readouterr()
        try:
            options.run(options)
        except UserError as error:
            tell_failure(options, error)
            return 1, *capsys.readouterr()
        return 0, *capsys.readouterr()

    return run_command


def read(lines):
    """Give the events that JSON lines hold."""
    return [decode(line, ModelEntry | ModelProgress) for line in lines.splitlines()]


def test_the_list_goes_to_standard_output_and_progress_to_standard_error(run, weights, tmp_path):
    code, listed, _ = run("list")
    assert code == 0
    assert [line.split()[0] for line in listed.splitlines()] == ["biggan-deep-128", "biggan-deep-256", "biggan-deep-512"]
    assert "not here         234 MB         256 px, 1000 classes" in listed
    code, listed, said = run("add", weights.parent)
    assert (code, listed) == (0, "")
    assert "flowers is whole (32 px" in said
    assert str(tmp_path / "models" / "flowers") in said
    assert "flowers              ready" in run("list")[1]


def test_json_lines_carry_all(run, weights):
    code, listed, said = run("add", weights.parent, "--name", "roses", "--json")
    assert (code, listed) == (0, "")
    *progress, entry = read(said)
    assert all(isinstance(event, ModelProgress) and event.name == "roses" for event in progress)
    assert progress[-1].done_bytes == progress[-1].total_bytes == weights.stat().st_size
    assert (entry.name, entry.state, entry.size_px) == ("roses", ModelState.READY, 32)
    entries = read(run("list", "--json")[2])
    assert [entry.name for entry in entries] == ["biggan-deep-128", "biggan-deep-256", "biggan-deep-512", "roses"]
    assert read(run("remove", "roses", "--json")[2]) == []
    assert json.loads(run("remove", "roses", "--json")[2])["type"] == "Failed"


def test_verify_tells_of_each_and_fails_for_one(run, weights, tmp_path):
    assert "no networks here yet" in run("verify")[2]
    run("add", weights, "--name", "roses")
    run("add", weights, "--name", "tulips")
    code, _, said = run("verify")
    assert code == 0
    assert "roses is whole" in said
    assert "tulips is whole" in said
    damaged = tmp_path / "models" / "roses" / "pytorch_model.bin"
    damaged.write_bytes(damaged.read_bytes()[::-1])
    code, _, said = run("verify")
    assert code == 1
    assert "roses are not what they must be" in said
    assert "tulips is whole" in said
    assert run("verify", "tulips")[0] == 0
    assert run("verify", "roses")[0] == 1


def test_remove_says_what_it_freed(run, weights):
    run("add", weights, "--name", "roses")
    code, _, said = run("remove", "roses")
    assert code == 0
    assert f"{weights.stat().st_size // 10**6} MB are free again" in said
    assert "roses" not in run("list")[1]


def test_another_folder_can_be_named(run, weights, tmp_path):
    run("add", weights, "--name", "roses", "--models", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "roses" / "pytorch_model.bin").exists()
    assert "roses" not in run("list")[1]
    assert "roses" in run("list", "--models", tmp_path / "elsewhere")[1]


def test_named_mirrors_come_before_the_environments_and_the_source(tmp_path):
    parser = argparse.ArgumentParser()
    models.add(parser.add_subparsers())
    options = parser.parse_args(["models", "download", "x", "--mirror", "https://a.example", "--mirror", "https://b.example"])
    assert models.open_store(options)._mirrors == ("https://a.example", "https://b.example", "http://127.0.0.1:9", SOURCE)


def test_an_unknown_network_is_named(run):
    code, _, said = run("download", "biggan-deep-257")
    assert code == 1
    assert "No model “biggan-deep-257” is published" in said


@pytest.mark.parametrize("words", [(), ("download",), ("add",), ("remove",), ("upload", "x"), ("list", "x")])
def test_wrong_words_are_wrong_usage(run, words):
    assert run(*words)[0] == 2


def test_help_is_fast_and_explains(run):
    code, said, _ = run("download", "--help")
    assert code == 0
    assert "CHROMASTRIP_MIRRORS" in said
    program = "import sys, core.commands.models; assert not {'torch', 'requests', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_bar_shows_rate_and_time_left(capsys):
    clock = iter([0.0, 0.05, 1.0, 4.0])
    report = ModelReporter("biggan-deep-256", models._show_bar, clock=lambda: next(clock))
    for done in (100_000_000, 101_000_000, 120_000_000, 180_000_000):
        report(done, 180_000_000)
    shown = capsys.readouterr().err.split("\r")
    assert len(shown) == 4  # the second came too soon after the first
    assert "120/180 MB  20.0 MB/s,    3 s left" in shown[2]
    assert "180/180 MB  20.0 MB/s,    0 s left" in shown[3]
    assert shown[3].endswith("\n")


def test_a_bar_without_an_end(capsys):
    models._show_bar(ModelProgress(name="x", done_bytes=5_000_000, total_bytes=0))
    assert "5/0 MB" in capsys.readouterr().err
