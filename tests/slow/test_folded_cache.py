"""Folded weights: made once, mapped ever after, damage noticed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors
import torch

from core.models.folded_cache import FoldedCache, is_folded, remove_folded
from tests import disks

ROOT = Path(__file__).resolve().parents[2]
CHECKPOINT = "ab" * 32


class Fold:
    """Makes tensors, and counts how often it is asked to."""

    def __init__(self, value=1.0):
        self.count = 0
        self.tensors = {
            "scales": torch.full((51, 300), value),
            "half": torch.arange(7).to(torch.bfloat16),
            "turned": torch.arange(6.0).view(2, 3).T,
            "single": torch.tensor(value),
            "positions": torch.arange(5),
            "empty": torch.zeros(0, 3),
        }

    def __call__(self):
        self.count += 1
        return self.tensors, {"precision": "float32"}


@pytest.fixture
def weights(tmp_path):
    (tmp_path / "model").mkdir()
    return tmp_path / "model" / "pytorch_model.bin"


@pytest.fixture
def cache(weights, tmp_path):
    return make_cache(weights)


def make_cache(weights, *, version="1", checkpoint=CHECKPOINT):
    return FoldedCache(weights, checkpoint, version=version, cache_folder=weights.parents[1] / "cache")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) and one[name].dtype == other[name].dtype for name in one)


def folded_files(folder):
    return [path for path in folder.rglob("*") if is_folded(path)]


def test_weights_are_folded_once(weights, cache):
    fold = Fold()
    first = cache.get(fold)
    second = make_cache(weights).get(fold)
    assert fold.count == 1
    assert same(first.tensors, fold.tensors)
    assert same(second.tensors, fold.tensors)
    assert first.metadata == second.metadata == {"precision": "float32"}
    assert [path.parent for path in folded_files(weights.parents[1])] == [weights.parent]


def test_the_first_start_and_the_second_lie_alike_in_memory(weights, cache):
    fold = Fold()
    first, second = cache.get(fold).tensors, make_cache(weights).get(fold).tensors
    assert [first[name].data_ptr() % 64 for name in first] == [second[name].data_ptr() % 64 for name in first]
    assert all(first[name].is_contiguous() for name in first)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what is mapped")
def test_tensors_are_mapped_not_read(weights, cache):
    kept = cache.get(Fold()).tensors
    (file,) = folded_files(weights.parent)
    assert str(file) in Path("/proc/self/maps").read_text()
    assert kept


def test_what_is_done_to_mapped_tensors_never_reaches_the_file(weights, cache):
    fold = Fold()
    cache.get(fold).tensors["scales"].zero_()
    assert same(make_cache(weights).get(fold).tensors, fold.tensors)
    assert fold.count == 1


def test_tensors_that_share_memory_are_kept(cache):
    table = torch.arange(12.0).view(3, 4)
    tensors = {"all": table, "row": table[1], "again": table}
    assert same(cache.get(lambda: (tensors, {})).tensors, tensors)


@pytest.mark.parametrize("damage", ["a bit", "cut", "emptied", "another file", "longer"])
def test_damage_is_noticed_and_the_weights_are_folded_anew(weights, cache, damage):
    fold = Fold()
    cache.get(fold)
    (file,) = folded_files(weights.parent)
    content = file.read_bytes()
    changed = {
        "a bit": content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
        "cut": content[:1000],
        "emptied": b"",
        "another file": b"\xff" * len(content),
        "longer": content + b"!",
    }[damage]
    file.unlink()  # what is mapped must not change under us
    file.write_bytes(changed)
    assert same(make_cache(weights).get(fold).tensors, fold.tensors)
    assert fold.count == 2
    assert len(folded_files(weights.parent)) == 1
    make_cache(weights).get(fold)
    assert fold.count == 2


def test_another_folding_takes_the_old_ones_place(weights, cache):
    cache.get(Fold(1.0))
    newer = Fold(2.0)
    assert same(make_cache(weights, version="2").get(newer).tensors, newer.tensors)
    assert len(folded_files(weights.parent)) == 1


def test_another_checkpoint_in_the_same_folder_has_a_file_of_its_own(weights, cache):
    one, other = Fold(1.0), Fold(2.0)
    cache.get(one)
    make_cache(weights, checkpoint="cd" * 32).get(other)
    assert same(make_cache(weights).get(one).tensors, one.tensors)
    assert (one.count, other.count) == (1, 1)


def test_digests_that_only_begin_alike_are_told_apart(weights, cache):
    cache.get(Fold(1.0))
    other = Fold(2.0)
    assert same(make_cache(weights, checkpoint=CHECKPOINT[:16] + "0" * 48).get(other).tensors, other.tensors)
    assert other.count == 1


def test_beside_read_only_weights_the_cache_folder_is_used(weights, cache, tmp_path):
    fold = Fold()
    with disks.read_only(weights.parent):
        cache.get(fold)
        make_cache(weights).get(fold)
    assert fold.count == 1
    assert [path.parent for path in folded_files(tmp_path)] == [tmp_path / "cache" / "folded"]
    assert remove_folded(tmp_path / "cache", CHECKPOINT) > 0
    assert folded_files(tmp_path) == []


def test_with_no_place_at_all_weights_are_folded_each_time(tmp_path):
    (tmp_path / "file").write_text("in the way")
    fold = Fold()
    for count in (1, 2):
        cache = FoldedCache(tmp_path / "file" / "x.bin", CHECKPOINT, version="1", cache_folder=tmp_path / "file")
        assert same(cache.get(fold).tensors, fold.tensors)
        assert fold.count == count


def test_who_may_read_the_weights_may_read_what_was_folded_from_them(weights, cache):
    weights.write_bytes(b"weights")
    weights.chmod(0o444)
    cache.get(Fold())
    (file,) = folded_files(weights.parent)
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_full_disk_leaves_nothing_half(tmp_path):
    fold = Fold()
    with disks.small(tmp_path / "disk", size=40_000) as disk:
        cache = FoldedCache(disk / "pytorch_model.bin", CHECKPOINT, version="1", cache_folder=disk / "cache")
        assert same(cache.get(fold).tensors, fold.tensors)
        assert [path for path in disk.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("when", ["before it is opened", "between the two times that safetensors opens it"])
def test_a_file_that_another_process_removes_meanwhile_is_folded_anew(weights, cache, monkeypatch, when):
    cache.get(Fold())
    place, name = (safetensors, "safe_open") if when == "before it is opened" else (torch.UntypedStorage, "from_file")
    open_it, opened = getattr(place, name), []

    def remove_and_open(file, *arguments, **options):
        Path(file).unlink()
        opened.append(file)
        return open_it(file, *arguments, **options)

    monkeypatch.setattr(place, name, remove_and_open)
    fold = Fold()
    assert same(make_cache(weights).get(fold).tensors, fold.tensors)
    assert fold.count == 1
    assert len(opened) == 2  # what was folded anew was removed as well


def test_a_file_that_cannot_be_opened_stays_and_is_used_the_next_time(weights, cache, monkeypatch):
    fold = Fold()
    cache.get(fold)

    def without_memory(*_arguments, **_options):
        raise RuntimeError("unable to mmap: Cannot allocate memory (12)")

    with monkeypatch.context() as patch:
        patch.setattr(torch.UntypedStorage, "from_file", without_memory)
        assert same(make_cache(weights).get(fold).tensors, fold.tensors)
    assert fold.count == 2
    make_cache(weights).get(fold)
    assert fold.count == 2


def test_several_processes_at_once(weights):
    program = """if True:
        import sys
        from pathlib import Path
        from core.models.folded_cache import FoldedCache
        from tests.slow.test_folded_cache import Fold, same
        cache = FoldedCache(Path(sys.argv[1]), "ab" * 32, version="1", cache_folder=Path(sys.argv[2]))
        sys.stdin.readline()
        for _ in range(20):
            fold = Fold()
            assert same(cache.get(fold).tensors, fold.tensors)
            for file in Path(sys.argv[1]).parent.glob("folded-*"):
                file.unlink(missing_ok=True)
    """
    command = [sys.executable, "-W", "error", "-c", program, str(weights), str(weights.parents[1] / "cache")]
    environ = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT, env=environ) for _ in range(2)]
    for process in processes:
        process.stdin.write(b"go\n")
        process.stdin.close()
    assert [process.wait(300) for process in processes] == [0, 0]
    assert not list(weights.parent.glob(".writing-*"))


def test_a_version_must_fit_a_file_name(weights):
    with pytest.raises(ValueError, match="version"):
        make_cache(weights, version="1/2")
