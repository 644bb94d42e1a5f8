"""Bytes that broke a reader in the rig (tests/rig): each is a sentence now, and stands for its kind."""

import io
import lzma
import struct
import zipfile

import numpy as np
import pytest

from core import files
from core.cache import FrameCache
from core.commands import reading
from core.handover.reading import read_edit
from core.protocol import UserError
from core.protocol.errors import LONGEST
from core.sound import features
from core.words import class_table, sentences
from tests import films
from tests.counting import counted_calls

KEY = "0" * 32


def bundle(packing=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as made:
        made.writestr("content.otio", "{}" * 500)
    return bytearray(file.getvalue())


def with_a_directory_before_the_file():
    content = bundle()
    content[-6:-2] = struct.pack("<I", 2**31)  # where the directory begins: far behind the end
    return content


def with_an_empty_extra_field():
    content = bundle()
    content[content.index(b"PK\1\2") + 28 : content.index(b"PK\1\2") + 30] = b"\0\0"  # a file without a name
    return content


def with_damaged_packing(packing):
    content = bundle(packing)
    for at in range(60, 75):
        content[at] ^= 0xFF
    return content


BUNDLES = {
    "directory elsewhere": with_a_directory_before_the_file,
    "no name": with_an_empty_extra_field,
    "deflate": lambda: with_damaged_packing(zipfile.ZIP_DEFLATED),
    "bzip2": lambda: with_damaged_packing(zipfile.ZIP_BZIP2),
    "lzma": lambda: with_damaged_packing(zipfile.ZIP_LZMA),
}


@pytest.mark.parametrize("make", BUNDLES.values(), ids=BUNDLES)
def test_whatever_breaks_zipfile_in_a_bundle_is_a_sentence(tmp_path, make):
    path = tmp_path / "a.otioz"
    path.write_bytes(make())
    with pytest.raises(UserError, match=r"a\.otioz"):
        read_edit(path)
    assert list(tmp_path.iterdir()) == [path]


def damaged_arrays(pack, **arrays):
    file = io.BytesIO()
    pack(file, **arrays)
    content = bytearray(file.getvalue())
    at = content.index(b"sound.npy") + 90
    content[at : at + 8] = bytes(8)
    return bytes(content)


@pytest.mark.parametrize("pack", [np.savez, np.savez_compressed])
def test_features_damaged_at_any_place_are_a_sentence(tmp_path, pack):
    heard = films.random_features(20)
    arrays = {name: getattr(heard, name) for name in features.ARRAYS}
    path = tmp_path / "a.npz"
    path.write_bytes(damaged_arrays(pack, sound="d" * 32, **arrays))
    with pytest.raises(UserError, match="holds no features"):
        features.read_saved(path, digest="d" * 32)


@pytest.mark.parametrize("content", [b"PK\3\4", b"", lzma.compress(b"a")])
def test_damaged_entries_of_the_cache_are_made_again(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"arrays|npz"):
        files.read_arrays(path)
    assert sentences._read(path, rows=1) is None
    assert features._read(path) is None


@pytest.mark.parametrize("header", [b"{'descr': (", b"{'descr': '<f8', 'fortran_order': False, 'shape': (10**11,), }\n", b"\0\n"])
def test_a_curve_whose_header_is_damaged_is_a_sentence(tmp_path, header):
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    with pytest.raises(UserError, match="holds no curve"):
        reading.curve(f"truncation={path}")


@pytest.mark.parametrize("text", ['"class"x,b\n1,2\n', "class," + "x" * 200_000 + "\n", 'class\n"a"b\n'])
def test_a_table_damaged_in_any_row_is_a_sentence(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(UserError, match="is no table"):
        class_table.read_table(path)


def test_a_sentence_never_holds_a_strangers_whole_text():
    refused = UserError(f"“a.ass” cannot be read: {'<a>' * 5000}, in line 7.", "Mend it.")
    assert len(str(refused)) <= LONGEST + 20
    assert refused.cause.startswith("“a.ass” cannot be read: <a>")
    assert refused.cause.endswith("<a>, in line 7.")


def test_an_empty_folder_in_the_place_of_a_file_gives_way_and_a_full_one_is_named(tmp_path):
    cache = FrameCache(tmp_path)
    path = cache.store(KEY, b"picture")
    path.unlink()
    path.mkdir()
    assert cache.find([KEY]) == {}
    assert cache.store(KEY, b"picture").read_bytes() == b"picture"
    path.unlink()
    path.mkdir()
    (path / "somebody's").touch()
    with pytest.raises(UserError, match="cannot be written to"):
        cache.store(KEY, b"picture")
    assert (path / "somebody's").exists()


def test_a_frame_replaced_by_an_empty_folder_is_put_back(tmp_path):
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    source.write_bytes(b"picture")
    target.mkdir()
    files.link_or_copy(source, target)
    assert target.read_bytes() == b"picture"


def test_a_name_that_no_class_has_takes_no_more_work_the_longer_it_is(tmp_path):
    def work(length):
        path = tmp_path / "a.csv"
        path.write_text(f"class\nt{'A' * length}\n")
        count, error = counted_calls(lambda: class_table.read_table(path))
        assert error is not None
        return count

    work(10)
    assert work(10_000) < 1.5 * work(1000)
