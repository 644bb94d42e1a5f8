"""With a real pip: PyTorch of the promised build, or a question."""

import json
import os

import pytest

from core import bootstrap
from tests.wheels import write_wheel


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Give a package index that pip's settings name, with another build of PyTorch; the one that fits is where nobody answers."""
    folder = tmp_path / "simple" / "torch"
    wheel = write_wheel(folder, "torch", "0.0.7")
    (folder / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {folder.parent.as_uri()}\nretries = 0\n")
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setattr(bootstrap, "TORCH_INDEX", "http://127.0.0.1:9/whl")
    monkeypatch.setattr(bootstrap, "driver_cuda", lambda: 0)
    (tmp_path / "requirements.txt").write_text("torch==0.0.7\n")
    return tmp_path


def make(index, capsys, *more):
    arguments = ["make", "--folder", str(index / "engine"), "--requirements", str(index / "requirements.txt"), *more]
    bootstrap.main(arguments)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_build_that_cannot_be_reached_is_asked_about_and_another_one_is_taken_only_when_told_so(index, capsys):
    news = make(index, capsys)
    assert news[-1]["event"] == "failed", news
    assert "for the processor" in news[-1]["cause"]
    assert news[-1]["offer"]["download_mb"] == bootstrap.CUDA_BUILD.download_mb
    assert not list((index / "engine").rglob("torch*"))
    news = make(index, capsys, "--pypi-build")
    assert news[-1]["event"] == "done", news
    plan = next(event for event in news if event["event"] == "plan")
    assert plan["download_mb"] == bootstrap.CUDA_BUILD.download_mb
    assert list((index / "engine").rglob("torch.py"))
    assert json.loads((index / "engine" / "ready.json").read_text())["is_chosen"]
