"""The sentence model: where it comes from, what it never does, and what it keeps."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.protocol import SENTENCE_MODEL, UserError
from core.words import sentences
from core.working import CancelledError
from tests import verses, web_server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def no_package(monkeypatch):
    """As on a machine where nobody installed the package that ships the model."""
    monkeypatch.setattr(sentences, "PACKAGE", "a_package_that_nobody_has")


@pytest.fixture
def few_bytes(monkeypatch):
    """Let the published model be a few bytes; give them by file name."""
    contents = {name: f"what is in {name}".encode() for name in sentences.FILES}
    monkeypatch.setattr(sentences, "FILES", {name: (len(text), hashlib.sha256(text).hexdigest()) for name, text in contents.items()})
    return contents


@pytest.fixture
def package(few_bytes, no_package, monkeypatch, tmp_path):
    """Make a package that ships the few bytes, and that must not be imported."""
    folder = tmp_path / "packages" / "ships_a_model"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('imported')")
    with zipfile.ZipFile(folder / sentences.PACKAGE_FILE, "w") as archive:
        for name, text in few_bytes.items():
            archive.writestr(name, text)
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.setattr(sentences, "PACKAGE", folder.name)
    return folder


def lay(folder, contents):
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    return folder


# Where it comes from --------------------------------------------------------------------------------------------------------------------


def test_a_given_folder_comes_first(package, few_bytes, tmp_path):
    given = lay(tmp_path / "mine", few_bytes)
    assert sentences.find_model(given, cache_folder=tmp_path / "cache") == given
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("missing", sentences.NEEDED)
def test_a_given_folder_without_a_model_is_refused(few_bytes, tmp_path, missing):
    given = lay(tmp_path / "mine", {name: text for name, text in few_bytes.items() if name != missing})
    with pytest.raises(UserError, match=f"holds no sentence model: {missing} is missing"):
        sentences.find_model(given, cache_folder=tmp_path)


def test_the_package_is_unpacked_without_being_imported(package, few_bytes, tmp_path):
    folder = sentences.find_model(None, cache_folder=tmp_path / "cache")
    assert {name: (folder / name).read_bytes() for name in few_bytes} == few_bytes
    (package / sentences.PACKAGE_FILE).unlink()
    assert sentences.find_model(None, cache_folder=tmp_path / "cache") == folder  # unpacked once
    (folder / "config.json").write_bytes(b"cut")
    with pytest.raises(UserError, match="not on this machine"):
        sentences.find_model(None, cache_folder=tmp_path / "cache")


@pytest.mark.parametrize("damage", ["other", "missing", "no zip"])
def test_a_package_with_another_model_is_refused(package, few_bytes, tmp_path, damage):
    archive = package / sentences.PACKAGE_FILE
    if damage == "no zip":
        archive.write_bytes(b"nothing")
    else:
        with zipfile.ZipFile(archive, "w") as files:
            for name, text in few_bytes.items():
                if name != "tokenizer.json":
                    files.writestr(name, text)
                elif damage == "other":
                    files.writestr(name, b"x" * len(text))
    with pytest.raises(UserError, match="than was published"):
        sentences.find_model(None, cache_folder=tmp_path / "cache")


def test_without_a_model_the_cure_is_told_and_the_network_left_alone(no_package, tmp_path):
    with verses.no_network(), pytest.raises(UserError) as caught:
        sentences.find_model(None, cache_folder=tmp_path)
    assert "not on this machine" in caught.value.cause
    assert "downloaded (90 MB)" in caught.value.cure
    assert caught.value.missing == SENTENCE_MODEL
    assert list(tmp_path.iterdir()) == []


def test_a_download_happens_only_when_allowed_and_only_once(few_bytes, no_package, monkeypatch, tmp_path):
    with web_server.running({f"/model/{name}": text for name, text in few_bytes.items()}) as server:
        monkeypatch.setattr(sentences.download_model, "__kwdefaults__", {"addresses": (f"{server.url}/model",)})
        with pytest.raises(UserError, match="not on this machine"):
            sentences.find_model(None, cache_folder=tmp_path)
        assert server.requests == []
        folder = sentences.find_model(None, cache_folder=tmp_path, may_download=True)
        assert len(server.requests) == len(few_bytes)
    assert {name: (folder / name).read_bytes() for name in few_bytes} == few_bytes
    with verses.no_network():
        assert sentences.find_model(None, cache_folder=tmp_path, may_download=True) == folder


def test_a_download_goes_on_where_it_ended(few_bytes, no_package, tmp_path):
    served = {f"/{name}": text for name, text in few_bytes.items()}
    missing = served.pop("/modules.json")
    with web_server.running(served) as server:
        with pytest.raises(UserError, match=r"modules\.json could not be downloaded"):
            sentences.download_model(cache_folder=tmp_path, addresses=[server.url])
        asked_before = len(server.requests)
        server.files["/modules.json"] = missing
        sentences.download_model(cache_folder=tmp_path, addresses=[server.url])
        assert len(server.requests) == asked_before + 2  # what was missing, and what comes after it


def test_a_download_tells_how_far_all_files_are_and_can_be_ended(few_bytes, no_package, tmp_path):
    told = []
    with web_server.running({f"/{name}": text for name, text in few_bytes.items()}) as server:
        sentences.download_model(cache_folder=tmp_path, addresses=[server.url], report=lambda done, total: told.append((done, total)))
        total = sum(map(len, few_bytes.values()))
        assert told == sorted(told)
        assert told[-1] == (total, total)
        with pytest.raises(CancelledError):
            sentences.download_model(cache_folder=tmp_path / "other", addresses=[server.url], cancelled=lambda: True)


def test_a_download_of_something_else_is_refused(few_bytes, no_package, tmp_path):
    served = {f"/{name}": b"x" * len(text) for name, text in few_bytes.items()}
    with web_server.running(served) as server, pytest.raises(UserError, match="sent another file"):
        sentences.download_model(cache_folder=tmp_path, addresses=[server.url])


def test_a_damaged_model_is_told(verses_read):
    assert "cannot be loaded" in verses_read.damaged


# What it keeps --------------------------------------------------------------------------------------------------------------------------


def test_the_thread_count_changes_nothing(verses_read):
    assert verses_read.thread_difference == 0


def test_what_was_encoded_needs_no_model_again(verses_read):
    program = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from core.words import choosing
from core.words import sentences
cache = Path({str(verses_read.cache_folder)!r})
model = sentences.opened(sentences.find_model(None, cache_folder=cache), cache_folder=cache)
print(choosing.label_vectors(model).shape, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-I", "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("(1000, 384) False", "")


def test_another_model_or_other_texts_are_other_entries(few_bytes, tmp_path):
    mine, other = lay(tmp_path / "mine", few_bytes), lay(tmp_path / "other", few_bytes | {"config.json": b"other"})
    digests = {sentences.Sentences(folder, cache_folder=tmp_path).model_digest for folder in (mine, other)}
    assert len(digests) == 2
    assert len({sentences._digest("m", "ab", "c"), sentences._digest("m", "a", "bc"), sentences._digest("mab", "c")}) == 3


@pytest.fixture
def entry(tmp_path):
    path = tmp_path / "entry.npz"
    sentences._write(path, np.eye(3, 4, dtype=np.float32))
    return path


def test_kept_vectors_come_back(entry):
    assert np.array_equal(sentences._read(entry, rows=3), np.eye(3, 4))
    assert list(entry.parent.iterdir()) == [entry]


@pytest.mark.parametrize("length", [0, 1, 50, -1])
def test_a_damaged_entry_counts_as_none(entry, length):
    entry.write_bytes(entry.read_bytes()[:length])
    assert sentences._read(entry, rows=3) is None


@pytest.mark.parametrize(
    "vectors",
    [
        np.eye(2, 4, dtype=np.float32),
        np.eye(3, 4),
        np.zeros((3, 4), np.float32),
        np.full((3, 4), np.nan, np.float32),
        np.ones(3, np.float32),
    ],
)
def test_an_entry_with_other_numbers_counts_as_none(entry, vectors):
    sentences._write(entry, vectors)
    assert sentences._read(entry, rows=3) is None


def test_a_missing_entry_counts_as_none(tmp_path):
    assert sentences._read(tmp_path / "nothing.npz", rows=3) is None
