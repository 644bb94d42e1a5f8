"""The store of weights: what is there, what comes, what goes, and what is refused."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from pytorch_pretrained_biggan import model as package

from core.models.checkpoint import load_published
from core.models.digests import sha256
from core.models.download import Patience
from core.models.folded_cache import FoldedCache
from core.models.published import PUBLISHED, SOURCE, PublishedModel, address, mirrors, models_folder
from core.models.store import ModelStore
from core.network.architecture import ARCHITECTURES
from core.protocol import UserError
from core.protocol.models import ModelState
from core.working import CancelledError
from tests import disks, web_server
from tests.architectures import tiny
from tests.waiting import PATIENCE_SECONDS
from tests.web_server import Answer
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[2]
NO_PAUSES = Patience(connect_seconds=60, stall_seconds=60, pauses_seconds=(0.01,))
SMALL, OTHER = tiny(channel_width=4), tiny(channel_width=4, num_classes=12)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Files of weights by name: two networks, and one of the first's with other numbers."""
    folder = tmp_path_factory.mktemp("made")
    return {
        "small": write_checkpoint(folder / "small", checkpoint_tensors(SMALL), SMALL),
        "small again": write_checkpoint(folder / "again", checkpoint_tensors(SMALL, seed=1), SMALL),
        "other": write_checkpoint(folder / "other", checkpoint_tensors(OTHER), OTHER, layout="new"),
    }


@pytest.fixture(scope="module")
def published(made):
    """What is published: one network whose digest everybody knows, and one whose nobody does."""
    known = made["small"]
    return (
        PublishedModel(name="known", architecture=SMALL, size=known.stat().st_size, sha256=sha256(known)),
        PublishedModel(name="unknown", architecture=OTHER),
    )


@pytest.fixture(scope="module")
def site(made):
    """Files as they are published."""
    return {"/known-pytorch_model.bin": made["small"], "/unknown-pytorch_model.bin": made["other"]}


@pytest.fixture
def server(site):
    with web_server.running(dict(site)) as running:
        yield running


@pytest.fixture
def store(tmp_path, published, server):
    return ModelStore(tmp_path / "models", cache_folder=tmp_path / "cache", mirrors=[server.url], published=published, patience=NO_PAUSES)


def states(store):
    return {entry.name: entry.state for entry in store.entries()}


def copy_into(folder, weights, *, config=True):
    folder.mkdir(parents=True)
    (folder / "pytorch_model.bin").write_bytes(weights.read_bytes())
    if config:
        (folder / "config.json").write_bytes(weights.with_name("config.json").read_bytes())
    return folder


def flip_a_bit(file):
    content = bytearray(file.read_bytes())
    content[-50_000] ^= 1
    file.write_bytes(content)


def files_below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


# What is published ----------------------------------------------------------------------------------------------------------------------


def test_addresses_are_the_packages_own():
    assert {model.name: address(SOURCE, model.name) for model in PUBLISHED} == package.PRETRAINED_MODEL_ARCHIVE_MAP


def test_the_published_sizes_fit_the_tensors():
    for model in PUBLISHED:
        assert model.architecture == ARCHITECTURES[model.name]
        assert model.architecture.tensor_bytes() <= model.about_bytes <= model.largest_bytes


def test_a_mirrors_address_may_be_a_folder_or_a_pattern():
    assert address("https://a.example/b/", "x") == "https://a.example/b/x-pytorch_model.bin"
    assert address("https://a.example/{name}/r/{file}", "x") == "https://a.example/x/r/pytorch_model.bin"


def test_the_users_folder_and_mirrors_come_from_the_environment(tmp_path):
    assert models_folder({"CHROMASTRIP_MODELS": str(tmp_path)}) == tmp_path
    assert models_folder({"CHROMASTRIP_MODELS": "~/nets"}) == Path.home() / "nets"
    assert models_folder({"CHROMASTRIP_MODELS": ""}).parts[-2:] == ("chromastrip", "models")
    if sys.platform == "linux":
        assert models_folder({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "chromastrip" / "models"
    assert mirrors({"CHROMASTRIP_MIRRORS": " https://a.example \n https://b.example "}) == ("https://a.example", "https://b.example")
    assert mirrors({}) == ()


# Downloading ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_a_download_can_be_drawn_with(store, name, made, published):
    reports = []
    checkpoint = store.download(name, report=lambda *counts: reports.append(counts))
    original = made["small" if name == "known" else "other"]
    assert checkpoint.weights.read_bytes() == original.read_bytes()
    assert checkpoint.sha256 == sha256(original)
    assert checkpoint.architecture in [model.architecture for model in published]
    assert states(store)[name] == ModelState.READY
    assert reports[-1] == (original.stat().st_size, original.stat().st_size)
    load_published(checkpoint.weights.parent)


def test_what_is_here_is_never_downloaded_again(store, server):
    first = store.download("known")
    server.requests.clear()
    assert store.download("known") == first
    assert server.requests == []


def test_nothing_is_downloaded_without_being_asked_for(store, server, tmp_path):
    assert states(store) == {"known": ModelState.ABSENT, "unknown": ModelState.ABSENT}
    for act in (store.open, store.verify, store.remove):
        with pytest.raises(UserError, match="known are not on this machine") as refusal:
            act("known")
        assert "models download known" in refusal.value.cure
    assert server.requests == []
    assert not (tmp_path / "models").exists()


def test_yesterdays_half_is_told_and_continued(store, server, published):
    server.answers = [Answer(cut_after=600_000)]
    server.usual = Answer(status=503)
    with pytest.raises(UserError, match="503"):
        store.download("known")
    entry = store.entries()[0]
    assert entry.state == ModelState.PARTIAL
    assert 500_000 < entry.bytes_here <= 600_000
    assert entry.bytes_total == published[0].size
    with pytest.raises(UserError, match="have come"):
        store.open("known")
    server.usual = Answer()
    store.download("known")
    assert server.requests[-1][1].startswith("bytes=")
    assert files_below(store.folder) == ["known/config.json", "known/pytorch_model.bin"]


def test_another_file_than_the_published_one_is_refused(store, server, made):
    server.files["/known-pytorch_model.bin"] = made["small again"]
    with pytest.raises(UserError, match="SHA-256"):
        store.download("known")
    assert states(store)["known"] == ModelState.ABSENT


@pytest.mark.parametrize("wrong", ["small", b"<html>" * 200_000, b""])
def test_where_no_digest_is_known_the_structure_decides(store, server, made, wrong):
    server.files["/unknown-pytorch_model.bin"] = wrong if isinstance(wrong, bytes) else made[wrong]
    with pytest.raises(UserError, match="sent another file"):
        store.download("unknown")
    assert files_below(store.folder) == []


def test_the_first_downloads_digest_counts_ever_after(store, server, tmp_path):
    store.download("unknown")
    store.remove("unknown")
    changed = write_checkpoint(tmp_path / "changed", checkpoint_tensors(OTHER, seed=5), OTHER)
    server.files["/unknown-pytorch_model.bin"] = changed
    with pytest.raises(UserError, match="sent another file: its SHA-256") as refusal:
        store.download("unknown")
    assert str(store.folder / "unknown.sha256") in refusal.value.cure
    (store.folder / "unknown.sha256").unlink()  # the user's word that the new one is right
    assert store.download("unknown").sha256 == sha256(changed)


def test_the_record_can_be_checked_by_sha256sum(store):
    store.download("unknown")
    done = subprocess.run(["sha256sum", "--check", "unknown.sha256"], cwd=store.folder, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_the_next_mirror_is_asked(store, server, published, tmp_path):
    with web_server.running({}) as empty:
        several = ModelStore(
            tmp_path / "b", cache_folder=tmp_path / "cache", mirrors=[empty.url, server.url], published=published, patience=NO_PAUSES
        )
        several.download("known")
        assert empty.requests
    assert server.requests


def test_no_such_model_is_published(store):
    with pytest.raises(UserError, match="No model “biggan-deep-1024” is published") as refusal:
        store.download("biggan-deep-1024")
    assert "known, unknown" in refusal.value.cure


def test_two_at_once_download_once(store, server, published, tmp_path):
    server.usual = Answer(stall_after=600_000)
    first = threading.Thread(target=store.download, args=("known",))
    first.start()
    assert server.stalled.wait(PATIENCE_SECONDS)
    with pytest.raises(UserError, match="Another process is downloading"):
        store.download("known")
    server.go_on.set()
    first.join()
    assert len(server.requests) == 1
    assert states(store)["known"] == ModelState.READY


def test_a_damaged_model_is_mended_by_a_download(store):
    weights = store.download("known").weights
    flip_a_bit(weights)
    with pytest.raises(UserError, match="not what they must be"):
        store.open("known")
    store.download("known")
    assert states(store)["known"] == ModelState.READY


def test_cancel_keeps_what_has_come(store, server):
    server.usual = Answer(stall_after=600_000)
    reports = [(0, 0)]
    with pytest.raises(CancelledError):
        store.download("known", report=lambda *counts: reports.append(counts), cancelled=lambda: reports[-1][0] > 0)
    assert states(store)["known"] == ModelState.PARTIAL


# Adding ---------------------------------------------------------------------------------------------------------------------------------


def test_a_folder_becomes_a_model_of_its_name(store, made, tmp_path):
    reports = []
    (checkpoint,) = store.add(copy_into(tmp_path / "My flowers!", made["small again"]), report=lambda *counts: reports.append(counts))
    assert checkpoint.name == "My-flowers"
    assert states(store)["My-flowers"] == ModelState.READY
    assert reports[-1] == (checkpoint.weights.stat().st_size,) * 2
    assert torch.equal(
        load_published(checkpoint.weights).state_dict()["embeddings.weight"],
        load_published(made["small again"]).state_dict()["embeddings.weight"],
    )


def test_the_users_file_stays_as_it_was_and_is_no_longer_needed(store, made, tmp_path):
    folder = copy_into(tmp_path / "mine", made["other"])
    store.add(folder)
    assert (folder / "pytorch_model.bin").read_bytes() == made["other"].read_bytes()
    (folder / "pytorch_model.bin").unlink()
    assert store.verify("mine").architecture == OTHER


def test_published_weights_are_known_by_their_digest_whatever_they_are_called(store, made, tmp_path):
    (checkpoint,) = store.add(copy_into(tmp_path / "downloads", made["small"]))
    assert checkpoint.name == "known"


def test_files_named_as_they_are_published_are_found(store, made, tmp_path):
    for name, weights in (("known", made["small"]), ("unknown", made["other"])):
        (tmp_path / f"{name}-pytorch_model.bin").write_bytes(weights.read_bytes())
        (tmp_path / f"{name}-config.json").write_bytes(weights.with_name("config.json").read_bytes())
    assert [checkpoint.name for checkpoint in store.add(tmp_path)] == ["known", "unknown"]
    with pytest.raises(UserError, match="2 models"):
        store.add(tmp_path, name="both")


def test_what_the_package_downloaded_is_found(store, made, tmp_path):
    url = "https://s3.example/biggan/known-pytorch_model.bin"
    for address_, content in ((url, made["small"].read_bytes()), (url.replace("pytorch_model.bin", "config.json"), b"{}")):
        entry = tmp_path / f"{hashlib.sha256(address_.encode()).hexdigest()}.{hashlib.sha256(b'etag').hexdigest()}"
        entry.write_bytes(content)
        entry.with_name(f"{entry.name}.json").write_text(json.dumps({"url": address_, "etag": "etag"}))
        if content != b"{}":
            (tmp_path / "config.json").write_text(SMALL.to_json())  # small networks are not recognised without
    assert [checkpoint.name for checkpoint in store.add(tmp_path)] == ["known"]


def test_another_name_can_be_chosen(store, made, tmp_path):
    assert [checkpoint.name for checkpoint in store.add(made["small again"], name="flowers-2")] == ["flowers-2"]


def test_adding_twice_is_one_model_and_another_ones_name_is_not_taken(store, made):
    assert store.add(made["small again"], name="flowers") == store.add(made["small again"], name="flowers")
    with pytest.raises(UserError, match="another model “flowers”"):
        store.add(made["other"], name="flowers")
    store.remove("flowers")
    store.add(made["other"], name="flowers")


@pytest.mark.parametrize(
    ("weights", "name", "word"),
    [
        ("other", "known", "not known but a network of 32 px"),
        ("small again", "known", "not what they must be"),
        ("small", "unknown", "not unknown"),
        ("small again", "../flowers", "no name of a model"),
        ("small again", ".flowers", "no name of a model"),
        ("small again", "a" * 65, "no name of a model"),
    ],
)
def test_a_wrong_name_is_refused(store, made, weights, name, word):
    with pytest.raises(UserError, match=word):
        store.add(made[weights], name=name)
    assert not store.folder.exists() or files_below(store.folder) == []


def test_unfit_weights_are_refused(store, made, tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError, match="There are no weights"):
            store.add(place)
    folder = copy_into(tmp_path / "bare", made["small again"], config=False)
    with pytest.raises(UserError, match=r"no config\.json"):
        store.add(folder)
    (folder / "config.json").write_text(OTHER.to_json())
    with pytest.raises(UserError, match=r"“embeddings\.weight” has the shape 128 x 10, not 128 x 12"):
        store.add(folder)
    assert not store.folder.exists()


def test_a_cancelled_copy_leaves_nothing(store, made):
    reports = []
    with pytest.raises(CancelledError):
        store.add(made["small again"], name="flowers", report=lambda *counts: reports.append(counts), cancelled=lambda: bool(reports))
    assert 0 < reports[-1][0] < reports[-1][1]
    assert "flowers" not in states(store)
    assert not [name for name in files_below(store.folder) if name.endswith(".bin")]


def test_a_folder_put_there_by_hand_counts_too(store, made):
    copy_into(store.folder / "by-hand", made["other"])
    copy_into(store.folder / "known", made["small"], config=False)
    assert states(store) == {"known": ModelState.READY, "unknown": ModelState.ABSENT, "by-hand": ModelState.READY}
    assert (store.folder / "by-hand.sha256").exists()


def test_a_renamed_folder_is_found_out(store, made):
    copy_into(store.folder / "known", made["other"])
    entry = store.entries()[0]
    assert entry.state == ModelState.UNFIT
    assert "not known but" in entry.note


# Verifying and removing -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_a_single_bit_is_noticed(store, name):
    weights = store.download(name).weights
    assert store.verify(name).weights == weights
    flip_a_bit(weights)
    for act in (store.verify, store.open):
        with pytest.raises(UserError, match="not what they must be") as refusal:
            act(name)
        assert f"models download {name}" in refusal.value.cure
    assert states(store)[name] == ModelState.UNFIT


def test_own_weights_that_changed_are_noticed(store, made):
    (checkpoint,) = store.add(made["small again"], name="flowers")
    checkpoint.weights.write_bytes(made["small"].read_bytes())
    with pytest.raises(UserError, match="not what they must be") as refusal:
        store.open("flowers")
    assert "models remove flowers" in refusal.value.cure


def test_verifying_reports_and_can_be_cancelled(store):
    store.download("known")
    reports = []
    store.verify("known", report=lambda *counts: reports.append(counts))
    assert reports[-1][0] == reports[-1][1] > 0
    with pytest.raises(CancelledError):
        store.verify("known", cancelled=lambda: True)


def test_removing_frees_everything_that_came_of_it_and_nothing_else(store, tmp_path):
    checkpoint = store.download("unknown")
    (checkpoint.weights.parent / "notes.txt").write_text("mine")
    for place in (checkpoint.weights, tmp_path / "file" / "x"):
        FoldedCache(place, checkpoint.sha256, version="1", cache_folder=tmp_path / "cache").get(lambda: ({"a": torch.zeros(999)}, {}))
        (tmp_path / "file").write_text("") if not (tmp_path / "file").exists() else None
    assert store.remove("unknown") > checkpoint.architecture.tensor_bytes() + 4 * 999
    assert files_below(store.folder) == ["unknown.sha256", "unknown/notes.txt"]
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    (store.folder / "unknown" / "notes.txt").unlink()
    store.remove("unknown")
    assert not (store.folder / "unknown").exists()


def test_removing_half_a_download(store, server):
    server.answers = [Answer(cut_after=600_000)]
    server.usual = Answer(status=404)
    with pytest.raises(UserError):
        store.download("known")
    assert store.remove("known") > 500_000
    assert states(store)["known"] == ModelState.ABSENT


def test_a_model_that_nobody_knows(store):
    for act in (store.open, store.verify, store.remove):
        with pytest.raises(UserError, match="There is no model “biggan-deep-1024”") as refusal:
            act("biggan-deep-1024")
        assert "known, unknown" in refusal.value.cure


# Rights and room ------------------------------------------------------------------------------------------------------------------------


def test_a_read_only_folder_can_be_drawn_from(store, made, published):
    copy_into(store.folder / "by-hand", made["other"])
    copy_into(store.folder / "known", made["small"])
    with disks.read_only(store.folder):
        assert states(store) == {"known": ModelState.READY, "unknown": ModelState.ABSENT, "by-hand": ModelState.READY}
        store.open("by-hand")
        store.verify("by-hand")
        assert store.download("known").sha256 == published[0].sha256  # it is here: nothing to write
        for act in (lambda: store.download("unknown"), lambda: store.add(made["other"]), lambda: store.remove("known")):
            with pytest.raises(UserError, match=r"cannot be (written to|removed): Read-only file system"):
                act()


def test_a_folder_without_any_rights(store, made):
    copy_into(store.folder / "known", made["small"])
    with disks.forbidden(store.folder):
        for act in (store.entries, lambda: store.open("known"), lambda: store.verify("known")):
            with pytest.raises(UserError, match="cannot be read: Permission denied"):
                act()
        with pytest.raises(UserError, match="cannot be"):
            store.download("known")


def test_where_a_file_is_in_the_way(tmp_path, published, made):
    (tmp_path / "models").write_text("a file")
    store = ModelStore(tmp_path / "models", cache_folder=tmp_path / "cache", mirrors=[], published=published)
    assert set(states(store).values()) == {ModelState.ABSENT}
    with pytest.raises(UserError, match="cannot be written to"):
        store.download("known")
    with pytest.raises(UserError, match="cannot be written to"):
        store.add(made["other"])


def test_a_full_disk(tmp_path, published, made, server):
    with disks.small(tmp_path / "disk", size=700_000) as disk:
        store = ModelStore(disk / "models", cache_folder=tmp_path / "cache", mirrors=[server.url], published=published, patience=NO_PAUSES)
        with pytest.raises(UserError, match="MB left, and"):
            store.download("known")
        with pytest.raises(UserError, match="full"):
            store.add(made["other"], name="mine")
        assert not [name for name in files_below(disk) if name.endswith(".bin")]


def test_a_disk_that_fills_up_while_the_file_comes(tmp_path, published, server, monkeypatch):
    monkeypatch.setattr("core.models.download.SPARE_BYTES", -(10**9))  # as if another program had filled the disk meanwhile
    with disks.small(tmp_path / "disk", size=700_000) as disk:
        store = ModelStore(disk / "models", cache_folder=tmp_path / "cache", mirrors=[server.url], published=published, patience=NO_PAUSES)
        with pytest.raises(UserError, match="full") as refusal:
            store.download("known")
        assert "goes on from what has come" in refusal.value.cure
        assert states(store)["known"] == ModelState.PARTIAL


def test_the_list_needs_no_torch(store, made):
    copy_into(store.folder / "known", made["small"])
    program = """if True:
        import sys
        from pathlib import Path
        from core.models.store import ModelStore
        print([entry.state for entry in ModelStore(Path(sys.argv[1]), cache_folder=Path(sys.argv[2])).entries()])
        assert not {"torch", "numpy", "requests", "safetensors"} & set(sys.modules)
    """
    command = [sys.executable, "-W", "error", "-c", program, str(store.folder), str(store.cache_folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def test_entries_say_what_can_be_drawn(store):
    store.download("known")
    entry = store.entries()[0]
    assert dataclasses.asdict(entry) | {"folder": ""} == {
        "name": "known",
        "state": ModelState.READY,
        "size_px": 32,
        "class_count": 10,
        "bytes_here": entry.bytes_total,
        "bytes_total": store.open("known").weights.stat().st_size,
        "folder": "",
        "is_published": True,
        "note": "",
    }
